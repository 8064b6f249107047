"""The cache of bars: right to the bar, asks only for what is missing, and asks no more for a thousand people than for one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.clock import ManualClock
from chatbot.errors import RateLimited, Unreachable
from chatbot.exchanges.markets.replay import ReplaySource
from chatbot.exchanges.markets.simulated import SimulatedSource
from chatbot.market.candles import KEEP_DAYS, CandleBook
from tests.market.history_feed import DAY, HOUR, D, Feed, bar, price_of
from tests.places import DATA

if TYPE_CHECKING:
    from chatbot.exchanges.base import Candle

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
NINE = NOW.replace(minute=0)


def scene() -> tuple[CandleBook, Feed, ManualClock]:
    """Return a book over a written past."""
    clock = ManualClock(NOW)
    feed = Feed(clock)
    return CandleBook(feed, clock), feed, clock


async def test_closes_end_with_the_bar_that_closed_at_the_time_asked_for() -> None:
    book, _, _ = scene()
    await book.refresh(["BTC"], "1h", 2)
    expected = tuple(float(price_of(NINE - HOUR * back)) for back in (3, 2, 1))
    assert book.closes("BTC", "1h", NINE, 3) == expected
    assert book.closes("BTC", "1h", NINE + HOUR, 2) == (expected[-1], None)
    assert book.closes("BTC", "1h", NINE - 2 * DAY, 2) == (None, None)
    assert book.closes("ETH", "1h", NINE, 2) == (None, None)
    assert book.bars("ETH", "1h", NINE, 2) == ()
    assert book.bars("BTC", "1h", NINE, 2) == (bar(NINE - 2 * HOUR), bar(NINE - HOUR))
    assert len(book.closes("BTC", "1h", NINE, 100)) == 100
    assert len(book.bars("BTC", "1h", NINE, 100)) == 48


async def test_daily_bars_close_at_midnight() -> None:
    book, _, _ = scene()
    await book.refresh(["BTC"], "1d", 5)
    midnight = NOW.replace(hour=0, minute=0)
    assert [one.at for one in book.bars("BTC", "1d", midnight, 9)] == [midnight - DAY * back for back in (5, 4, 3, 2, 1)]


async def test_traded_days_carry_their_numbers() -> None:
    """A day that was not traded leaves a gap in the numbers, so that a day is called the same whatever the window."""
    book, feed, _ = scene()
    midnight = NOW.replace(hour=0, minute=0)
    feed.holes = {midnight - 3 * DAY}
    await book.refresh(["BTC"], "1d", 6)
    today = midnight.toordinal() - datetime(1970, 1, 1, tzinfo=UTC).toordinal()
    closes, volumes, days = book.traded("BTC", "1d", midnight, 5)
    assert days == (today - 5, today - 4, today - 2, today - 1)
    assert len(closes) == len(volumes) == len(days)
    assert book.traded("BTC", "1d", midnight - 2 * DAY, 5) == ((), (), ())
    assert book.traded("BTC", "1d", midnight - DAY, 3)[2] == (today - 4, today - 2)


async def test_one_fetch_serves_everybody_until_the_next_bar_can_exist() -> None:
    """Fifty at once, and everybody again for an hour: one request a coin; then one for the new bar alone."""
    book, feed, clock = scene()
    await asyncio.gather(*(book.refresh(["BTC", "ETH", "BTC"], "1h", 10) for _ in range(50)))
    assert sorted(feed.asked) == [("BTC", NINE - 10 * DAY, NINE), ("ETH", NINE - 10 * DAY, NINE)]
    for _ in range(29):
        clock.advance(60)
        await book.refresh(["BTC"], "1h", 10)
    assert len(feed.asked) == 2
    clock.advance(60)
    await book.refresh(["BTC"], "1h", 10)
    assert feed.asked[2:] == [("BTC", NINE, NINE + HOUR)]


async def test_a_failed_fetch_keeps_what_is_there_and_is_tried_again_after_a_minute() -> None:
    """Also when the next bar is due in the meantime."""
    book, feed, clock = scene()
    await book.refresh(["BTC"], "1h", 2)
    clock.advance(1800)
    feed.fails = Unreachable("down")
    for _ in range(59):
        await book.refresh(["BTC"], "1h", 2)
        clock.advance(1)
    assert len(feed.asked) == 2
    assert None not in book.closes("BTC", "1h", NINE, 48)
    clock.advance(1)
    feed.fails = None
    await book.refresh(["BTC"], "1h", 2)
    assert book.closes("BTC", "1h", NINE + HOUR, 1) == (float(price_of(NINE)),)
    assert len(feed.asked) == 3


async def test_the_time_before_a_coin_was_listed_is_asked_for_once() -> None:
    book, feed, clock = scene()
    feed.listed = NINE - 3 * HOUR
    for _ in range(5):
        await book.refresh(["NEW"], "1h", 30)
        clock.advance(3600)
    assert [since for _, since, _ in feed.asked] == [NINE - 30 * DAY, *(NINE + HOUR * n for n in range(4))]
    assert book.closes("NEW", "1h", NINE, 4)[0] is None
    assert None not in book.closes("NEW", "1h", NINE, 3)


async def test_who_looks_further_back_pays_for_the_missing_part_only() -> None:
    book, feed, _ = scene()
    for days in (5, 20, 10, 20):
        await book.refresh(["BTC"], "1h", days)
    assert feed.asked == [("BTC", NINE - 5 * DAY, NINE), ("BTC", NINE - 20 * DAY, NINE - 5 * DAY)]
    assert None not in book.closes("BTC", "1h", NINE, 20 * 24)


async def test_hours_without_trading_stay_holes() -> None:
    """The exchange was down: no close, no bar, and no second question."""
    book, feed, clock = scene()
    feed.holes = {NINE - HOUR * back for back in (5, 6, 7)}
    await book.refresh(["BTC"], "1h", 1)
    closes = book.closes("BTC", "1h", NINE, 8)
    assert [close is None for close in closes] == [False, True, True, True, False, False, False, False]
    assert len(book.bars("BTC", "1h", NINE, 8)) == 5
    clock.advance(1700)
    await book.refresh(["BTC"], "1h", 1)
    assert len(feed.asked) == 1


async def test_a_bar_that_is_published_late_is_asked_for_again_with_patience() -> None:
    book, feed, clock = scene()
    await book.refresh(["BTC"], "1h", 1)
    clock.set(NINE + HOUR)
    feed.lag = timedelta(seconds=150)
    before = len(feed.asked)
    for second in range(400):
        await book.refresh(["BTC"], "1h", 1)
        if second < 150:
            assert book.closes("BTC", "1h", NINE + HOUR, 1) == (None,)
        clock.advance(1)
    assert book.closes("BTC", "1h", NINE + HOUR, 1) == (float(price_of(NINE)),)
    assert len(feed.asked) - before == 3, "at once, after one minute, after two more"


async def test_a_coin_that_is_no_longer_traded_costs_little() -> None:
    """Two questions an hour at most in the long run, and only about the last hours."""
    book, feed, clock = scene()
    feed.delisted = NINE
    await book.refresh(["OLD"], "1h", 30)
    clock.set(NINE + 12 * HOUR)
    await book.refresh(["OLD"], "1h", 30)
    before = len(feed.asked)
    for _ in range(48 * 30):
        clock.advance(120)
        await book.refresh(["OLD"], "1h", 30)
    assert len(feed.asked) - before <= 2 * 48 + 6
    assert all(until - since <= 3 * HOUR for _, since, until in feed.asked[before:])


async def test_memory_is_bounded_and_what_is_kept_is_right() -> None:
    """A hundred days pass; eighty are kept, and looking further back than that asks for no more."""
    book, feed, clock = scene()
    for _ in range(100):
        await book.refresh(["BTC"], "1h", 400)
        clock.advance(86_400)
    await book.refresh(["BTC"], "1h", 400)
    assert min(since for _, since, _ in feed.asked) == NINE - KEEP_DAYS["1h"] * DAY
    end = NINE + 100 * DAY
    kept = book.closes("BTC", "1h", end, 90 * 24)
    assert sum(close is not None for close in kept) == KEEP_DAYS["1h"] * 24
    assert kept[-1] == float(price_of(end - HOUR))
    assert len(book._series["BTC", "1h"].held[1]) == KEEP_DAYS["1h"] * 24


async def test_a_source_that_is_down_is_not_asked_for_every_coin() -> None:
    """After a few failures it is the source, and everybody waits; one broken coin stops nobody."""
    book, feed, clock = scene()
    coins = [f"C{number}" for number in range(50)]
    feed.fails = Unreachable("down")
    await book.refresh(coins, "1h", 2)
    assert len(feed.asked) <= 8
    feed.fails, feed.broken = None, ["C7"]
    clock.advance(61)
    await book.refresh(coins, "1h", 2)
    assert [coin for coin in coins if book.closes(coin, "1h", NINE, 1) == (None,)] == ["C7"]


async def test_an_exchange_that_asks_us_to_slow_down_is_left_alone_for_a_minute() -> None:
    book, feed, clock = scene()
    feed.fails = RateLimited("429")
    await book.refresh([f"C{number}" for number in range(50)], "1h", 2)
    assert len(feed.asked) <= 4
    feed.fails = None
    clock.advance(30)
    await book.refresh(["BTC"], "1h", 2)
    assert len(feed.asked) <= 4
    clock.advance(61)
    await book.refresh(["BTC"], "1h", 2)
    assert book.closes("BTC", "1h", NINE, 1) != (None,)


async def test_only_a_few_questions_are_out_at_once() -> None:
    book, feed, _ = scene()
    await book.refresh([f"C{number}" for number in range(50)], "1h", 2)
    assert feed.most_at_once == 4


@pytest.mark.parametrize("wrong", ["0", "-1", "NaN", "Infinity"])
async def test_a_price_that_is_none_is_a_hole(wrong: str) -> None:
    book, feed, _ = scene()
    feed.prices_by_time = {NINE - HOUR: D(wrong)}
    await book.refresh(["BTC"], "1h", 1)
    assert book.closes("BTC", "1h", NINE, 1) == (None,)
    assert book.bars("BTC", "1h", NINE, 1) == ()


async def test_bars_come_back_as_the_source_said_them() -> None:
    """They are kept as floats, whose shortest text is what the exchange sent."""
    book, feed, _ = scene()
    feed.prices_by_time = {NINE - HOUR: D("0.00001234"), NINE - 2 * HOUR: D("42283.58")}
    await book.refresh(["BTC"], "1h", 1)
    assert book.bars("BTC", "1h", NINE, 2) == (bar(NINE - 2 * HOUR, D("42283.58")), bar(NINE - HOUR, D("0.00001234")))


async def test_a_market_that_begins_anew_has_not_seen_what_is_yet_to_come() -> None:
    """The first portfolio puts a played market back to its start; the book follows."""
    clock = ManualClock(NOW)
    source = SimulatedSource(clock, speed=600)
    book = CandleBook(source, clock)
    clock.advance(3600)
    await book.refresh(["BTC"], "1h", 80)
    late = book.market_now().replace(minute=0, second=0, microsecond=0)
    assert book.closes("BTC", "1h", late, 1) != (None,)
    source.begin(clock.now())
    await book.refresh(["BTC"], "1h", 80)
    assert book.closes("BTC", "1h", late, 1) == (None,)
    start = book.market_now()
    assert None not in book.closes("BTC", "1h", start, 79 * 24)
    clock.advance(3600)
    await book.refresh(["BTC"], "1h", 80)
    assert book.closes("BTC", "1h", late, 1) != (None,)


@pytest.mark.skipif(not DATA.is_dir(), reason="recorded prices in ../shared/data are absent")
async def test_recorded_hours_are_given_as_recorded_with_their_holes() -> None:
    """February 2020: the exchange was down for six hours on the 19th."""
    clock = ManualClock(NOW)
    source = ReplaySource(DATA, clock, start=datetime(2020, 3, 1, tzinfo=UTC))
    book = CandleBook(source, clock)
    await book.refresh(["BTC"], "1h", 30)
    end = datetime(2020, 3, 1, tzinfo=UTC)
    truth = {one.at: one for one in await source.candles("BTC", "1h", end - 30 * DAY, end)}
    times = [end - HOUR * back for back in range(720, 0, -1)]
    expected = tuple(float(truth[at].close) if at in truth else None for at in times)
    assert book.closes("BTC", "1h", end, 720) == expected
    assert 0 < expected.count(None) < 20
    assert book.bars("BTC", "1h", end, 720) == tuple(truth[at] for at in sorted(truth))


steps = st.lists(st.tuples(st.integers(0, 200_000), st.integers(1, 12), st.booleans()), min_size=1, max_size=12)


@pytest.mark.long
@given(steps=steps, holes=st.sets(st.integers(1, 300), max_size=60))
def test_whatever_happened_before_a_good_answer_makes_the_book_right(steps: list[tuple[int, int, bool]], holes: set[int]) -> None:
    """Seconds pass, more or fewer days are asked for, the source fails or not: in the end every bar asked for is as it was."""

    async def play() -> None:
        book, feed, clock = scene()
        feed.holes = {NINE - 300 * HOUR + 5 * HOUR * hole for hole in holes}
        for seconds, days, works in steps:
            clock.advance(seconds)
            feed.fails = None if works else Unreachable("down")
            await book.refresh(["BTC"], "1h", days)
        feed.fails = None
        clock.advance(3600)
        await book.refresh(["BTC"], "1h", 5)
        end = clock.now().replace(minute=0, second=0)
        times = [end - HOUR * back for back in range(5 * 24, 0, -1)]
        truth = tuple(None if at in feed.holes else float(price_of(at)) for at in times)
        assert book.closes("BTC", "1h", end, len(times)) == truth

    asyncio.run(play())


def test_a_bar_off_the_full_hour_is_no_bar() -> None:
    """Some exchange may anchor its bars elsewhere: better none than one moved by minutes."""

    async def play() -> None:
        book, feed, _ = scene()

        async def shifted(_: str, __: str, since: datetime, ___: datetime) -> tuple[Candle, ...]:
            return (bar(since + timedelta(minutes=30)),)

        feed.candles = shifted  # type: ignore[method-assign]
        await book.refresh(["BTC"], "1h", 1)
        assert book.bars("BTC", "1h", NINE, 24) == ()

    asyncio.run(play())

"""Settlements in blocks of eight hours: summed at their own interval, unknown where one is missing, and asked for once each."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from chatbot.clock import ManualClock
from chatbot.errors import Unreachable
from chatbot.exchanges.markets.replay import ReplaySource
from chatbot.exchanges.markets.simulated import SimulatedSource
from chatbot.market.funding import KEEP_DAYS, FundingBook, on_minute
from tests.market.history_feed import DAY, HOUR, D, Feed
from tests.places import DATA

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
EIGHT, MIDNIGHT = NOW.replace(hour=8, minute=0), NOW.replace(hour=0, minute=0)
BTC = "BTC-PERP"


def scene() -> tuple[FundingBook, Feed, ManualClock]:
    """Return a book over written settlements."""
    clock = ManualClock(NOW)
    feed = Feed(clock)
    return FundingBook(feed, clock), feed, clock


@pytest.mark.parametrize(("hours", "jitter_ms"), [(8, 0), (4, 7), (1, 900), (8, 29_000)])
async def test_a_block_is_the_sum_of_what_was_paid_in_it(hours: int, jitter_ms: int) -> None:
    """Whatever the interval; a settlement that is told some milliseconds late belongs to the block that it ends (domain 7.2)."""
    book, feed, clock = scene()
    feed.settle(MIDNIGHT - DAY, EIGHT, hours, "0.0001", jitter_ms)
    await book.refresh([BTC], 2)
    total = D("0.0001") * 8 / hours
    expected = tuple((MIDNIGHT - DAY + HOUR * end, total) for end in (8, 16, 24, 32))
    assert book.blocks(BTC, MIDNIGHT - DAY, EIGHT) == expected
    assert book.blocks(BTC, MIDNIGHT - DAY - HOUR, clock.now()) == expected
    assert book.blocks(BTC, MIDNIGHT - DAY + HOUR, clock.now()) == expected[1:], "only whole blocks"
    assert book.blocks(BTC, EIGHT, EIGHT - DAY) == ()
    assert book.interval_hours(BTC) == hours


async def test_a_block_with_a_missing_settlement_is_unknown() -> None:
    book, feed, _ = scene()
    feed.settle(MIDNIGHT - DAY, EIGHT, 4)
    del feed.paid[MIDNIGHT - 4 * HOUR]
    await book.refresh([BTC], 2)
    assert [rate is None for _, rate in book.blocks(BTC, MIDNIGHT - DAY, EIGHT)] == [False, False, True, False]
    assert [rate for _, rate in book.blocks("SOL-PERP", MIDNIGHT, EIGHT)] == [None]


async def test_an_interval_that_changes_inside_a_block_still_adds_up() -> None:
    """Eight hours until 16:00, then four: intervals are read with each settlement (domain 7.1)."""
    book, feed, _ = scene()
    feed.settle(MIDNIGHT - DAY, MIDNIGHT - 8 * HOUR, 8, "0.0002")
    feed.settle(MIDNIGHT - 8 * HOUR, EIGHT, 4, "0.0001")
    await book.refresh([BTC], 2)
    assert [rate for _, rate in book.blocks(BTC, MIDNIGHT - DAY, EIGHT)] == [D("0.0002")] * 4
    assert book.interval_hours(BTC) == 4


async def test_the_market_is_the_mean_of_the_contracts_that_are_known() -> None:
    """All alike, since no open interest is known; unknown only if all are (domain 7.2)."""
    book, feed, _ = scene()
    other = Feed(feed.clock)
    feed.settle(MIDNIGHT - DAY, EIGHT, 8, "0.0001")
    other.settle(MIDNIGHT - DAY, MIDNIGHT, 8, "0.0003")

    async def either(name: str, since: datetime, until: datetime) -> object:
        return await (Feed.funding(feed, name, since, until) if name == BTC else other.funding(name, since, until))

    feed.funding = either  # type: ignore[assignment,method-assign]
    await book.refresh([BTC, "ETH-PERP"], 2)
    assert [rate for _, rate in book.market_blocks([BTC, "ETH-PERP"], MIDNIGHT - 8 * HOUR, EIGHT)] == [D("0.0002"), D("0.0001")]
    assert book.market_blocks(["X-PERP", "Y-PERP"], MIDNIGHT, EIGHT) == ((EIGHT, None),)
    assert book.market_blocks([], MIDNIGHT, EIGHT) == ()


async def test_one_fetch_serves_everybody_until_the_next_settlement_can_exist() -> None:
    book, feed, clock = scene()
    feed.settle(MIDNIGHT - 40 * DAY, EIGHT + DAY, 8)
    await asyncio.gather(*(book.refresh([BTC, "ETH-PERP"], 32) for _ in range(50)))
    assert len(feed.asked) == 2
    while clock.now() < EIGHT + 8 * HOUR:
        await book.refresh([BTC], 32)
        clock.advance(60)
    assert len(feed.asked) == 2
    await book.refresh([BTC], 32)
    assert feed.asked[2:] == [(BTC, EIGHT, clock.now())]
    assert len(book.settled(BTC, NOW - 32 * DAY, clock.now())) == 32 * 3 + 1


async def test_a_settlement_that_is_published_late_is_asked_for_again_with_patience() -> None:
    book, feed, clock = scene()
    feed.settle(MIDNIGHT - DAY, EIGHT + DAY, 8)
    await book.refresh([BTC], 2)
    clock.set(EIGHT + 8 * HOUR)
    feed.lag = timedelta(seconds=90)
    for _ in range(400):
        await book.refresh([BTC], 2)
        clock.advance(1)
    assert len(feed.asked) == 1 + 3
    assert book.settled(BTC, EIGHT, clock.now())[0].at == EIGHT + 8 * HOUR


async def test_a_contract_without_settlements_costs_little() -> None:
    """It is asked for when the hour is full, and in between ever more rarely; never again about long ago."""
    book, feed, clock = scene()
    await book.refresh([BTC], 32)
    for _ in range(24 * 60):
        clock.advance(60)
        await book.refresh([BTC], 32)
    assert len(feed.asked) <= 2 * 24 + 6
    assert all(until - since <= DAY + HOUR for _, since, until in feed.asked[1:])
    assert book.interval_hours(BTC) is None


async def test_a_failed_fetch_keeps_what_is_there_and_is_tried_again_after_a_minute() -> None:
    book, feed, clock = scene()
    feed.settle(MIDNIGHT - DAY, EIGHT + DAY, 8)
    await book.refresh([BTC], 2)
    clock.set(EIGHT + 8 * HOUR)
    feed.fails = Unreachable("down")
    for _ in range(59):
        await book.refresh([BTC], 2)
        clock.advance(1)
    assert len(feed.asked) == 2
    assert book.interval_hours(BTC) == 8
    feed.fails = None
    clock.advance(1)
    await book.refresh([BTC], 2)
    assert book.blocks(BTC, EIGHT, clock.now()) == ((EIGHT + 8 * HOUR, D("0.0001")),)


async def test_who_looks_further_back_pays_for_the_missing_part_only() -> None:
    book, feed, _ = scene()
    feed.settle(MIDNIGHT - 40 * DAY, EIGHT, 8)
    for days in (2, 10, 5, 10):
        await book.refresh([BTC], days)
    nine = EIGHT + HOUR
    assert feed.asked == [(BTC, nine - 2 * DAY, NOW), (BTC, nine - 10 * DAY, nine - 2 * DAY)]
    assert None not in [rate for _, rate in book.blocks(BTC, MIDNIGHT - 9 * DAY, EIGHT)]


async def test_a_long_sleep_leaves_no_hole() -> None:
    """Whoever wakes the book asks for two days; what was slept through is fetched all the same."""
    book, feed, clock = scene()
    feed.settle(MIDNIGHT - 40 * DAY, EIGHT + 20 * DAY, 8)
    await book.refresh([BTC], 32)
    clock.set(NOW + 20 * DAY)
    await book.refresh([BTC], 2)
    assert None not in [rate for _, rate in book.blocks(BTC, MIDNIGHT - 10 * DAY, clock.now())]


@pytest.mark.long
async def test_memory_is_bounded() -> None:
    book, feed, clock = scene()
    feed.settle(MIDNIGHT - 100 * DAY, MIDNIGHT + 101 * DAY, 1)
    for _ in range(100):
        await book.refresh([BTC], 400)
        clock.advance(86_400)
    assert KEEP_DAYS * 24 - 24 <= len(book.settled(BTC, NOW - 300 * DAY, clock.now())) <= KEEP_DAYS * 24 + 24
    rates = [rate for _, rate in book.blocks(BTC, clock.now() - 30 * DAY, MIDNIGHT + 99 * DAY)]
    assert set(rates) == {D("0.0008")}


async def test_a_market_that_begins_anew_has_not_paid_what_is_yet_to_come() -> None:
    clock = ManualClock(NOW)
    source = SimulatedSource(clock, speed=600)
    book = FundingBook(source, clock)
    clock.advance(3600)
    await book.refresh([BTC], 32)
    late = source.market_time(clock.now())
    source.begin(clock.now())
    start = source.market_time(clock.now())
    await book.refresh([BTC], 32)
    assert book.settled(BTC, start, late) == ()
    assert None not in [rate for _, rate in book.blocks(BTC, start - 31 * DAY, start)]
    clock.advance(3600)
    await book.refresh([BTC], 32)
    assert None not in [rate for _, rate in book.blocks(BTC, start - 31 * DAY, late)]


@pytest.mark.skipif(not (DATA / "funding").is_dir(), reason="recorded settlements in ../shared/data are absent")
async def test_recorded_settlements_are_a_block_each() -> None:
    """Binance paid BTC every eight hours in 2021, without a gap."""
    clock = ManualClock(NOW)
    source = ReplaySource(DATA, clock, start=datetime(2021, 4, 14, 8, 5, tzinfo=UTC))
    book = FundingBook(source, clock)
    await book.refresh([BTC], 30)
    now = source.market_time(clock.now())
    blocks = book.blocks(BTC, now - 30 * DAY, now)
    truth = {on_minute(one.at): one.rate for one in await source.funding(BTC, now - 30 * DAY, now)}
    assert len(blocks) == 89
    assert all(later - sooner == 8 * HOUR for (sooner, _), (later, _) in pairwise(blocks))
    assert dict(blocks) == {at: truth[at] for at, _ in blocks}
    assert max(rate for _, rate in blocks if rate) > Decimal("0.0005"), "an expensive spring for longs"

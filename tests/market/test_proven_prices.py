"""Prices are proven before anybody trades on them: fresh by a clock that never runs back, confirmed where they jump, and close together."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.clock import ManualClock, SystemClock
from chatbot.exchanges.base import Quote
from chatbot.exchanges.markets.simulated import SimulatedSource
from chatbot.market.quotes import QuoteBoard

if TYPE_CHECKING:
    from collections.abc import Collection

NOW = datetime(2026, 1, 1, tzinfo=UTC)
D = Decimal


class Told(SimulatedSource):
    """A source that answers the quotes that a test wrote down."""

    def __init__(self, clock: ManualClock, speed: float = 1.0) -> None:
        super().__init__(clock, speed=speed)
        self.clock = clock
        self.answers: dict[str, Quote] = {}

    def say(self, name: str, price: str, **fields: Any) -> None:
        """Let this be the answer from now on."""
        given = {"bid": D(price), "ask": D(price), "at": self.clock.now(), "mark": D(price) if name.endswith("-PERP") else None}
        self.answers[name] = Quote(instrument=name, **(given | fields))

    async def quotes(self, instruments: Collection[str]) -> dict[str, Quote]:
        """Return what was written down."""
        return {name: quote for name, quote in self.answers.items() if name in instruments}


class Board:
    """A board, its source and its clock."""

    def __init__(self, speed: float = 1.0) -> None:
        self.clock = ManualClock(NOW)
        self.source = Told(self.clock, speed)
        self.board = QuoteBoard(self.source, self.clock)

    async def hears(self, *names: str) -> list[str | None]:
        """Look once, and return what is wrong with each."""
        await self.board.refresh(names)
        return [self.wrong(name) for name in names]

    def wrong(self, name: str) -> str | None:
        """Return the code of the problem with one instrument."""
        problem = self.board.problem(name, self.clock.now())
        return problem.code if problem else None


async def test_a_clock_that_goes_back_an_hour_makes_nothing_fresh() -> None:
    """B1: BTC stays at its old price "0 sec old" while the exchange has long said another one."""
    look = Board()
    look.source.say("BTC", "42283")
    assert await look.hears("BTC") == [None]
    look.clock.advance(50)
    look.clock.put(look.clock.now() - timedelta(hours=1))
    assert look.wrong("BTC") is None
    look.clock.advance(11)
    assert look.wrong("BTC") == "stale_price"
    assert look.board.oldest_age(["BTC"], look.clock.now()) == 61
    assert await look.hears("BTC") == ["stale_price"], "the same answer again is as old as it was"


@pytest.mark.parametrize("ahead", [2, 60, 3600, 86_400 * 365])
async def test_a_time_in_the_future_is_no_freshness(ahead: int) -> None:
    look = Board()
    look.source.say("BTC", "100", at=NOW + timedelta(seconds=ahead))
    assert await look.hears("BTC") == ["stale_price"]
    assert look.board.oldest_age(["BTC"], NOW) is None


async def test_an_exchange_whose_own_time_stands_still_tells_nothing_new() -> None:
    """The same old answer comes again and again, from a cache for instance: it gets older, but for what a calm market may take."""
    look = Board()
    stands, names = NOW - timedelta(seconds=3), ("BTC", "SOL", "BTC-PERP")
    for _ in range(19):
        look.source.say("BTC", "42283", told_at=stands)
        look.source.say("SOL", "150", told_at=stands - timedelta(minutes=9))
        look.source.say("BTC-PERP", "42283", told_at=look.clock.now())
        heard = await look.hears(*names)
        look.clock.advance(5)
    assert heard == [None, None, None], "after a minute and a half"
    assert await look.hears(*names) == ["stale_price", "stale_price", None]
    assert look.board.oldest_age(names, look.clock.now()) == 65
    for name, price, at in (("BTC", "21000", look.clock.now()), ("SOL", "149", stands), ("BTC-PERP", "21000", look.clock.now())):
        look.source.say(name, price, told_at=at)
    assert await look.hears(*names) == [None, None, None], "a coin that nobody trades may be told with an old time beside it"


@pytest.mark.parametrize("off_s", [-7200, -10, 10, 7200])
async def test_an_exchange_whose_clock_differs_is_believed_while_it_goes_on(off_s: int) -> None:
    look = Board()
    for _ in range(30):
        look.source.say("BTC", "100", told_at=look.clock.now() + timedelta(seconds=off_s))
        assert await look.hears("BTC") == [None]
        look.clock.advance(10)


async def test_one_time_of_another_year_holds_up_no_price() -> None:
    look = Board()
    look.source.say("BTC", "100", told_at=NOW + timedelta(days=3650))
    look.source.say("SOL", "100", told_at=NOW)
    assert await look.hears("BTC", "SOL") == [None, None]
    for _ in range(20):
        look.clock.advance(10)
        for name in ("BTC", "SOL"):
            look.source.say(name, "100", told_at=look.clock.now())
        assert await look.hears("BTC", "SOL") == [None, None]


async def test_a_clock_that_goes_on_an_hour_is_believed_on_the_safe_side() -> None:
    look = Board()
    look.source.say("BTC", "100")
    await look.hears("BTC")
    look.clock.put(NOW + timedelta(hours=1))
    assert look.wrong("BTC") == "stale_price"


async def test_the_same_cached_answer_confirms_nothing_however_often_it_comes() -> None:
    """B2: SOL times ten for one answer, and a second later the same answer confirmed it."""
    look = Board()
    look.source.say("SOL", "150")
    await look.hears("SOL")
    look.clock.advance(1)
    look.source.say("SOL", "1500.75")
    for seconds in (0, 1, 14, 10, 20):
        look.clock.advance(seconds)
        assert await look.hears("SOL") == ["outlying_price"]
    look.source.say("SOL", "150.2")
    assert await look.hears("SOL") == [None]


@pytest.mark.parametrize(("speed", "seconds", "believed"), [(1, 14.9, False), (1, 15, True), (600, 0.02, False), (600, 0.025, True)])
async def test_another_observation_confirms_when_the_market_is_fifteen_seconds_older(speed: float, seconds: float, believed: bool) -> None:
    look = Board(speed)
    look.source.say("SOL", "150")
    await look.hears("SOL")
    look.source.say("SOL", "1500")
    await look.hears("SOL")
    look.clock.advance(seconds)
    look.source.say("SOL", "1501")
    assert await look.hears("SOL") == [None if believed else "outlying_price"]


async def test_a_clock_that_is_put_on_is_no_time_between_two_observations() -> None:
    look = Board()
    look.source.say("SOL", "150")
    await look.hears("SOL")
    look.source.say("SOL", "1500")
    await look.hears("SOL")
    look.clock.put(NOW + timedelta(hours=1))
    look.source.say("SOL", "1501")
    assert await look.hears("SOL") == ["outlying_price"]


async def test_many_looks_close_together_count_from_the_first() -> None:
    look = Board()
    look.source.say("SOL", "150")
    await look.hears("SOL")
    heard = []
    for _ in range(9):
        look.source.say("SOL", "1500")
        heard += await look.hears("SOL")
        look.clock.advance(2)
    assert heard == ["outlying_price"] * 8 + [None]


async def test_what_the_exchange_itself_calls_the_same_moment_is_one_observation() -> None:
    look = Board()
    look.source.say("SOL", "150")
    await look.hears("SOL")
    for _ in range(3):
        look.source.say("SOL", "1500", told_at=NOW)
        assert await look.hears("SOL") == ["outlying_price"]
        look.clock.advance(30)


@pytest.mark.parametrize(
    ("name", "fields", "other", "believed"),
    [
        ("SOL", {}, ("SOL-PERP", "1510"), True),
        ("SOL", {}, ("SOL-PERP", "150"), False),
        ("SOL", {}, ("ETH-PERP", "1500"), False),
        ("SOL-PERP", {}, ("SOL", "1490"), True),
        ("SOL-PERP", {"last": D(1499)}, None, True),
        ("SOL-PERP", {"last": D(150)}, None, False),
        ("SOL", {"last": D(1500)}, None, False),
    ],
)
async def test_another_source_confirms_at_once(name: str, fields: dict[str, Any], other: tuple[str, str] | None, believed: bool) -> None:
    """Mark against last, spot against perpetual; a coin's own last trade is no other source."""
    look = Board()
    look.source.say(name, "150")
    await look.hears(name)
    look.source.say(name, "1500", **fields)
    if other:
        look.source.say(*other)
    heard = await look.hears(name, *([other[0]] if other else []))
    assert heard[0] == (None if believed else "outlying_price")


@pytest.mark.parametrize(
    ("bid", "ask", "code"),
    [("1", "190", "wide_spread"), ("98.5", "101.5", None), ("98.49", "101.5", "wide_spread"), ("100", "100", None)],
)
async def test_a_spread_above_three_per_cent_is_no_price(bid: str, ask: str, code: str | None) -> None:
    """B3: bid 1, ask 190 was valued at 95.50 and sold there."""
    look = Board()
    look.source.say("SOL", "165", bid=D(bid), ask=D(ask), last=D(165))
    look.source.say("SOL-PERP", "100", bid=D(bid), ask=D(ask))
    look.source.say("BTC", "60000")
    assert await look.hears("SOL", "SOL-PERP", "BTC") == [code, code, None]


EVIL = [D("NaN"), D("sNaN"), D("Infinity"), D("-Infinity"), D("1e31"), D("1e-31"), D("1e999999"), "text", {}, [], True]


@pytest.mark.parametrize("evil", EVIL, ids=repr)
@pytest.mark.parametrize("field", ["bid", "ask", "mark", "volume", "funding_rate", "last"])
async def test_a_field_that_is_no_number_costs_one_instrument(field: str, evil: Any) -> None:
    """A2, L5: any field of any coin or contract; the others live on, and the coin is back with its next sound answer."""
    look = Board()
    for name in ("BTC", "ETH-PERP", "SOL"):
        look.source.say(name, "100")
    await look.hears("BTC", "ETH-PERP", "SOL")
    good = dict(look.source.answers)
    look.clock.advance(1)
    for name in ("BTC", "ETH-PERP"):
        look.source.answers = good | {name: replace(good[name], **{field: evil})}
        heard = dict(zip(good, await look.hears(*good), strict=True))
        assert heard.pop(name) == "bad_price"
        assert set(heard.values()) == {None}
        look.source.answers = good
        assert await look.hears(*good) == [None] * 3


def test_the_clocks_of_the_process_never_run_back() -> None:
    clock = ManualClock(NOW)
    clock.advance(5)
    clock.set(NOW + timedelta(seconds=8))
    clock.put(NOW - timedelta(days=1))
    assert (clock.monotonic(), clock.now()) == (8, NOW - timedelta(days=1))
    system = SystemClock()
    assert system.monotonic() <= system.monotonic()

"""The board of quotes: what is not a believable, fresh price is refused by name."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest

from chatbot.clock import ManualClock
from chatbot.errors import Unreachable
from chatbot.exchanges.base import Quote
from chatbot.exchanges.markets.simulated import SimulatedSource
from chatbot.market.quotes import QuoteBoard

if TYPE_CHECKING:
    from collections.abc import Collection

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Feed(SimulatedSource):
    """A source that answers what a test wrote down, and counts."""

    def __init__(self, clock: ManualClock, **prices: str) -> None:
        super().__init__(clock, speed=1.0)
        self.clock = clock
        self.prices = prices
        self.fetches = 0
        self.down = False

    async def quotes(self, instruments: Collection[str]) -> dict[str, Quote]:
        """Return bid = ask = the written price."""
        self.fetches += 1
        if self.down:
            raise Unreachable("down")
        at = self.clock.now()
        known = {name: Decimal(price) for name, price in self.prices.items() if name in instruments}
        return {name: Quote(instrument=name, bid=price, ask=price, at=at) for name, price in known.items()}


def board(**prices: str) -> tuple[QuoteBoard, Feed, ManualClock]:
    """Return a board over written prices."""
    clock = ManualClock(NOW)
    feed = Feed(clock, **prices)
    return QuoteBoard(feed, clock), feed, clock


def problem_of(quotes: QuoteBoard, clock: ManualClock, name: str = "BTC") -> str | None:
    """Return the code of a problem."""
    problem = quotes.problem(name, clock.now())
    return None if problem is None else problem.code


async def test_one_fetch_serves_everybody() -> None:
    quotes, feed, clock = board(BTC="100", ETH="10")
    await quotes.refresh(["BTC", "ETH", "SOL"])
    usable, problems = quotes.usable(["ETH", "BTC", "SOL"], clock.now())
    assert list(usable) == ["ETH", "BTC"]
    assert [(one.code, one.instrument) for one in problems] == [("missing_price", "SOL")]
    assert feed.fetches == 1
    assert quotes.fetch_age_s == 0
    assert quotes.get("SOL") is None


async def test_a_failed_fetch_keeps_the_old_quotes_which_then_grow_stale() -> None:
    quotes, feed, clock = board(BTC="100")
    await quotes.refresh(["BTC"])
    feed.down = True
    clock.advance(60)
    await quotes.refresh(["BTC"])
    assert problem_of(quotes, clock) is None
    clock.advance(0.5)
    stale = quotes.problem("BTC", clock.now())
    assert stale is not None
    assert (stale.code, stale.age_s) == ("stale_price", 60.5)
    assert quotes.fetch_age_s == 60.5
    held = quotes.get("BTC")
    assert held is not None
    assert held.price == 100


async def test_an_instrument_that_drops_out_of_the_answers_grows_stale_alone() -> None:
    quotes, feed, clock = board(BTC="100", ETH="10")
    await quotes.refresh(["BTC", "ETH"])
    del feed.prices["ETH"]
    clock.advance(61)
    await quotes.refresh(["BTC", "ETH"])
    assert problem_of(quotes, clock, "BTC") is None
    assert problem_of(quotes, clock, "ETH") == "stale_price"
    assert quotes.oldest_age(["BTC", "ETH", "SOL"], clock.now()) == 61
    assert quotes.oldest_age(["SOL"], clock.now()) is None


@pytest.mark.parametrize("price", ["0", "-1"])
async def test_a_price_that_is_none_is_refused_however_often_it_comes(price: str) -> None:
    quotes, feed, clock = board(BTC="100")
    await quotes.refresh(["BTC"])
    feed.prices["BTC"] = price
    for _ in range(3):
        await quotes.refresh(["BTC"])
        assert problem_of(quotes, clock) == "zero_price"
    feed.prices["BTC"] = "101"
    await quotes.refresh(["BTC"])
    assert problem_of(quotes, clock) is None


@pytest.mark.parametrize(("price", "believed"), [("150", True), ("50", True), ("150.1", False), ("49.9", False), ("0.0001", False)])
async def test_a_jump_of_more_than_half_waits_for_a_later_fetch(price: str, believed: bool) -> None:
    quotes, feed, clock = board(BTC="100")
    await quotes.refresh(["BTC"])
    feed.prices["BTC"] = price
    await quotes.refresh(["BTC"])
    assert problem_of(quotes, clock) == (None if believed else "outlying_price")
    clock.advance(15)
    await quotes.refresh(["BTC"])
    assert problem_of(quotes, clock) is None
    held = quotes.get("BTC")
    assert held is not None
    assert held.price == Decimal(price)


async def test_a_jump_that_the_next_fetch_denies_is_forgotten() -> None:
    """2.5, 0.0001, 2.5 as LINK in March 2020: never used, and no memory of it."""
    quotes, feed, clock = board(BTC="2.5")
    await quotes.refresh(["BTC"])
    for price, code in (("0.0001", "outlying_price"), ("2.5", None), ("0.0001", "outlying_price"), ("7", "outlying_price"), ("2.6", None)):
        feed.prices["BTC"] = price
        await quotes.refresh(["BTC"])
        assert problem_of(quotes, clock) == code


async def test_prices_come_as_an_array_in_the_order_asked_with_nan_where_unusable() -> None:
    quotes, _, clock = board(BTC="100", ETH="10")
    await quotes.refresh(["BTC", "ETH"])
    prices = quotes.prices(["ETH", "SOL", "BTC"])
    assert prices.dtype == np.float64
    assert prices[0] == 10
    assert math.isnan(prices[1])
    assert prices[2] == 100
    clock.advance(61)
    assert np.isnan(quotes.prices(["ETH", "BTC"])).all()


async def test_a_crossed_book_is_no_price() -> None:
    """It is told as one that makes no sense, not as a price of zero."""
    quotes, _, clock = board(BTC="100")
    quotes._take_all({"BTC": Quote(instrument="BTC", bid=Decimal(101), ask=Decimal(100), at=NOW)})
    assert problem_of(quotes, clock) == "bad_price"


async def test_perpetuals_are_valued_at_their_mark() -> None:
    quotes, _, _ = board()
    quote = Quote(instrument="BTC-PERP", bid=Decimal(99), ask=Decimal(101), at=NOW, mark=Decimal(103))
    quotes._take_all({"BTC-PERP": quote})
    assert quotes.prices(["BTC-PERP"])[0] == 103
    quotes._take_all({"BTC-PERP": replace(quote, mark=Decimal(0))})
    assert np.isnan(quotes.prices(["BTC-PERP"])[0])

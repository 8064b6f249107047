"""The options of the volatility trigger, run by the machines over a written market (domain 5.4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.clock import ManualClock
from chatbot.market.candles import CandleBook
from chatbot.market.funding import FundingBook
from chatbot.market.sentiment import Sentiment
from chatbot.model import BASKET, Cause
from chatbot.portfolio import strategies
from chatbot.store import accounts
from chatbot.store.database import Database
from chatbot.triggers.machines import MachineKey, all_machines, basket_machine
from chatbot.triggers.signals import Signals
from tests.handlers.views.view_examples import portfolio as a_portfolio
from tests.market.history_feed import HOUR, SPANS, Feed, bar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from chatbot.exchanges.base import Candle
    from chatbot.model import Portfolio, Signal, Strategy

D = Decimal
#: the first day on which everything swings by four times as much
WILD = datetime(2026, 3, 2, tzinfo=UTC)
READ = timedelta(minutes=15)


def close_at(opened: datetime, coin: str = "BTC") -> Decimal:
    """Return a close: calm for months; then wild, four days upwards and from then on downwards. Days end on the level itself.

    SOL stays calm, and is worth as much as a BTC at the beginning.
    """
    days = 0 if coin == "SOL" else max(0, (opened - WILD) // timedelta(days=1) + 1)
    level = D("1.01") ** min(days, 4) * D("0.98") ** max(0, days - 4)
    swing = (D("0.02") if days else D("0.005")) * (1 - (opened - WILD) // HOUR % 2)
    return round(100 * level * (1 + swing), 6)


class WrittenMarket(Feed):
    """Every coin moves as :func:`close_at` says."""

    async def candles(self, instrument: str, interval: str, since: datetime, until: datetime) -> tuple[Candle, ...]:
        """Return closed bars."""
        span = SPANS[interval]
        return tuple(bar(at, close_at(at + span - HOUR, instrument)) for at in self._opens(span, since, until))


class Lab:
    """One market, one database, and a process that may be started again."""

    def __init__(self, db: Database) -> None:
        self.db, self.clock = db, ManualClock(WILD)
        self.market = WrittenMarket(self.clock)
        self.signals = self.process()

    def process(self) -> Signals:
        """Start what a process starts: nothing in memory."""
        books = CandleBook(self.market, self.clock), FundingBook(self.market, self.clock)
        return Signals(self.db, self.market, *books, Sentiment(self.market, self.clock, ""), self.clock)

    async def strategy(self, **params: str) -> Strategy:
        """Return Balanced with these parameters of the volatility trigger."""
        chosen = {name: D(value) for name, value in params.items()}
        return strategies.tuned(strategies.preset("balanced", await self.market.markets()), Cause.VOLATILITY, chosen)

    async def together(self, day: int, portfolio: Portfolio, **coins: str) -> Signal:
        """Return how these coins stand together, a quarter of an hour after the end of a day of the wild market."""
        self.clock.set(WILD + timedelta(days=day) + READ)
        (found,) = await self.signals.together(portfolio, {coin: D(qty) for coin, qty in coins.items()})
        return found

    async def on(self, day: int, strategy: Strategy) -> Signal:
        """Return how BTC stands a quarter of an hour after the end of a day of the wild market, counted from 1."""
        self.clock.set(WILD + timedelta(days=day) + READ)
        await self.signals.refresh(frozenset(all_machines(strategy)))
        return next(one for one in await self.signals.of(strategy) if one.key == f"{Cause.VOLATILITY}:BTC")


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    """Open a database in a folder of its own."""
    db = Database(f"sqlite+aiosqlite:///{tmp_path / 'test.sqlite'}")
    await db.migrate()
    yield Lab(db)
    await db.close()


@pytest.mark.long
async def test_a_rise_is_no_cut_and_the_fall_after_it_is(lab: Lab) -> None:
    """Volatility doubles on the second day, upwards; who cuts only after falls is cut when the price is below that of a week ago."""
    both, falling = await lab.strategy(), await lab.strategy(down="1")
    for day, acts in enumerate(((False, False), (True, False), (True, False), (True, False), (True, False), (True, True)), start=1):
        seen = [await lab.on(day, one) for one in (both, falling)]
        assert (seen[0].active, seen[1].active) == acts, day
        assert seen[0].reading is not None
        assert seen[1].reading is not None
        assert (seen[1].reading >= 2) == (day > 1)
    assert seen[1].since == WILD + timedelta(days=6)


async def test_the_hours_since_a_reading_are_watched(lab: Lab) -> None:
    """Six hours into the wild market BTC has moved four times its usual: once an hour somebody looks, and nothing is active for it."""
    strategy = await lab.strategy()
    watched = frozenset(all_machines(strategy))
    btc = next(watch for watch in watched if watch.key.startswith(f"signal:{Cause.VOLATILITY}:BTC"))
    calm = await lab.on(0, strategy)
    assert (calm.moved, calm.at) == (None, WILD)
    for hour, moves in ((5, False), (6, True), (7, True)):
        lab.clock.set(WILD + timedelta(hours=hour) + READ)
        stirred = await lab.signals.refresh(watched)
        assert (btc in stirred) == (hour == 6), "whoever holds it is looked at when it begins"
        asked = len(lab.market.asked)
        await lab.signals.refresh(watched)
        assert len(lab.market.asked) == asked, "an hour is asked for once"
        seen = next(one for one in await lab.signals.of(strategy) if one.key == calm.key)
        assert (seen.moved is not None, seen.active, seen.at) == (moves, False, WILD)
    assert seen.moved is not None
    assert 3 < seen.moved < 5
    assert next(one for one in await lab.signals.of(strategy) if one.key == f"{Cause.VOLATILITY}:SOL").moved is None
    together = replace(a_portfolio(), strategy=await lab.strategy(together="1"))
    await lab.signals.together(together, {"BTC": D(1)})
    (basket,) = await lab.signals.together(together, {"BTC": D(1)})
    assert round(basket.moved or 0, 4) == round(seen.moved, 4)
    after = await lab.on(2, strategy)
    assert (after.active, after.moved) == (True, None), "what is cut is not watched"


async def test_coins_together_are_measured_at_what_is_held(lab: Lab) -> None:
    """A calm coin that is half of the basket holds it down; held alone, the wild one is what it is by itself."""
    strategy = await lab.strategy(together="1")
    one, half, none = (replace(a_portfolio(), id=number, strategy=strategy) for number in (1, 2, 3))
    alone = await lab.on(2, await lab.strategy())
    whole = await lab.together(2, one, BTC="0.5")
    assert (whole.key, whole.active, whole.since) == (f"{Cause.VOLATILITY}:{BASKET}", True, alone.since)
    assert whole.reading is not None
    assert alone.reading is not None
    assert (round(whole.reading, 4), round(whole.size or 0, 4)) == (round(alone.reading, 4), round(alone.size or 0, 4))
    held = await lab.together(2, half, BTC="0.5", SOL="0.5")
    assert held.reading is not None
    assert 1 < held.reading < 2
    assert not held.active
    empty = await lab.together(2, none)
    assert (empty.reading, empty.active) == (None, False)


async def test_coins_are_watched_and_not_cut_where_all_are_taken_together(lab: Lab) -> None:
    """A hedge goes on reading BTC; what each coin would do by itself is not done, and when each counts again the basket is at rest."""
    each, all_of_them = await lab.strategy(), await lab.strategy(together="1")
    assert (await lab.on(3, each)).active
    coin = await lab.on(3, all_of_them)
    assert (coin.active, coin.size, coin.since) == (False, None, None)
    assert coin.reading is not None
    assert coin.reading > 2
    portfolio = replace(a_portfolio(), strategy=all_of_them)
    assert (await lab.together(3, portfolio, BTC="1")).active
    apart = replace(portfolio, strategy=each)
    assert not (await lab.together(3, apart, BTC="1")).active
    assert await lab.process().together(apart, {"BTC": D(1)}) == ()


async def test_after_a_restart_a_basket_waits_for_what_is_held(lab: Lab) -> None:
    """Half a day after a reading was due nobody knows the quantities yet: nothing is taken for unknown, and the spike goes on as stored."""
    portfolio = replace(a_portfolio(), strategy=await lab.strategy(together="1", down="1"))
    assert not (await lab.together(5, portfolio, BTC="1")).active  # it has doubled, upwards
    begun = await lab.together(6, portfolio, BTC="1")
    assert begun.active
    lab.clock.set(WILD + timedelta(days=7, hours=12))
    lab.signals = lab.process()
    watch = basket_machine(portfolio.strategy, portfolio.id)
    assert await lab.signals.refresh((watch,)) == frozenset()
    (after,) = await lab.signals.together(portfolio, {"BTC": D(1)})
    assert (after.since, after.size) == (begun.since, begun.size)
    assert after.at == WILD + timedelta(days=7)


async def test_a_machine_of_an_earlier_version_goes_on_where_it_stood(lab: Lab) -> None:
    """Options that are off are not in the name of what is stored, and a spike that knows no direction is read."""
    watch = next(one for one in all_machines(await lab.strategy()) if one.trigger is Cause.VOLATILITY and one.subject == "BTC")
    assert watch.key == "signal:volatility:BTC:enter=2,exit=1.5,days=30"
    assert MachineKey(watch.trigger, "BTC", (*watch.params[:3], ("down", D(1)))).key == f"{watch.key},down=1"
    state = '{\\"active\\":true,\\"k\\":\\"0.3\\",\\"cap\\":\\"0.3\\",\\"base\\":\\"0.6\\",\\"anchor\\":\\"1\\",\\"calm\\":1,\\"age\\":4}'
    at = WILD.isoformat()
    async with lab.db.transaction() as tx:
        await accounts.set_meta(tx, watch.key, f'{{"state":"{state}","upto":"{at}","reading":"1.2","at":"{at}","since":"{at}"}}')
    lab.clock.set(WILD + timedelta(minutes=5))
    found = next(one for one in await lab.signals.of(await lab.strategy()) if one.key == f"{Cause.VOLATILITY}:BTC")
    assert (found.active, found.size, found.count, found.since) == (True, D("0.3"), 1, WILD)

"""The options of the volatility trigger, run by the machines over a written market (domain 5.4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.clock import ManualClock
from chatbot.market.candles import CandleBook
from chatbot.market.funding import FundingBook
from chatbot.market.sentiment import Sentiment
from chatbot.model import Cause
from chatbot.portfolio import strategies
from chatbot.store import accounts
from chatbot.store.database import Database
from chatbot.triggers.signals import MachineKey, Signals, all_machines
from tests.market.history_feed import HOUR, SPANS, Feed, bar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from chatbot.exchanges.base import Candle
    from chatbot.model import Signal, Strategy

D = Decimal
#: the first day on which everything swings by four times as much
WILD = datetime(2026, 3, 2, tzinfo=UTC)
READ = timedelta(minutes=15)


def close_at(opened: datetime) -> Decimal:
    """Return a close: calm for months; then wild, four days upwards and from then on downwards. Days end on the level itself."""
    days = max(0, (opened - WILD) // timedelta(days=1) + 1)
    level = D("1.01") ** min(days, 4) * D("0.98") ** max(0, days - 4)
    swing = (D("0.02") if days else D("0.005")) * (1 - (opened - WILD) // HOUR % 2)
    return round(100 * level * (1 + swing), 6)


class WrittenMarket(Feed):
    """Every coin moves as :func:`close_at` says."""

    async def candles(self, instrument: str, interval: str, since: datetime, until: datetime) -> tuple[Candle, ...]:
        """Return closed bars."""
        span = SPANS[interval]
        return tuple(bar(at, close_at(at + span - HOUR)) for at in self._opens(span, since, until))


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

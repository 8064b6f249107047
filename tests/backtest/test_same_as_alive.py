"""The same months through the backtest and through the running program, check by check: the same plans, to the last lot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.backtest.past import HOUR, fetch, played
from chatbot.backtest.walk import walk
from chatbot.clock import ManualClock
from chatbot.exchanges.markets.replay import ReplaySource
from chatbot.model import PlanState
from chatbot.portfolio import strategies
from chatbot.store import portfolios
from tests.backtest.on_the_hour import OnTheHour, without_spread
from tests.person import someone
from tests.places import DATA
from tests.stories.history import needs_history

if TYPE_CHECKING:
    from pathlib import Path

    from chatbot.backtest.walk import Walked
    from chatbot.model import Leg, Strategy

WINDOW = timedelta(seconds=60)


@dataclass(frozen=True)
class Traded:
    """One plan, as both ways tell it."""

    at: datetime
    reasons: tuple[str, ...]
    legs: tuple[tuple[str, str, Decimal], ...]


def told(at: datetime, reasons: tuple[object, ...], legs: tuple[Leg, ...]) -> Traded:
    """Return a plan in the words that both share."""
    causes = tuple(sorted({str(reason.trigger) for reason in reasons}))  # type: ignore[attr-defined]
    return Traded(at, causes, tuple((leg.instrument, str(leg.kind), leg.qty) for leg in legs))


async def alive(folder: Path, begin: datetime, end: datetime, preset: str) -> tuple[Strategy, list[Traded]]:
    """Let somebody live through these hours, who confirms every card at once; return the strategy and the plans."""
    clock = ManualClock(begin)
    source = OnTheHour(DATA, clock, begin)
    async with someone(folder, clock=clock, source=source, market=f"replay:{DATA}", market_start=begin) as ann:
        await ann.set_up(preset)
        await ann.confirm()
        hour = begin
        while (hour := hour + HOUR) <= end:
            clock.set(hour)
            if (await ann.program.monitor.tick()).plans:
                await ann.work()
                await ann.confirm()
            await ann.outbox.drain()
        async with ann.program.db.read() as tx:
            portfolio = await portfolios.get(tx, await ann.portfolio_id())
        assert portfolio is not None
        plans = await ann.plans()
    assert all(plan.state is PlanState.DONE for plan in plans)
    return portfolio.strategy, [told(plan.created_at, plan.reasons, plan.legs) for plan in plans]


async def recorded(strategy: Strategy, begin: datetime, end: datetime, *, exactly: bool = False) -> Walked:
    """Return what the backtest makes of the same hours."""
    source = ReplaySource(DATA, ManualClock(end + HOUR), start=end + HOUR)
    past = without_spread(played(await fetch(source, [*strategy.spot_assets, *strategy.contracts], begin, end)))
    return walk(past, strategy, Decimal(10_000), window=WINDOW, exactly=exactly)


@pytest.mark.long
@needs_history
@pytest.mark.parametrize("preset", ["Balanced", *(pytest.param(name, marks=pytest.mark.slow) for name in ("Aggressive", "Conservative"))])
async def test_a_week_of_june_2022(preset: str, tmp_path: Path) -> None:
    begin, end = datetime(2022, 6, 13, tzinfo=UTC), datetime(2022, 6, 20, tzinfo=UTC)
    strategy, plans = await alive(tmp_path, begin, end, preset)
    found = [told(block.at, block.reasons, block.legs) for block in (await recorded(strategy, begin, end)).blocks]
    assert len(found) > 2
    assert found == plans


@pytest.mark.long
@needs_history
@pytest.mark.parametrize("preset", ["aggressive", *(pytest.param(name, marks=pytest.mark.slow) for name in ("balanced", "conservative"))])
async def test_the_search_passes_over_no_hour_at_which_something_happens(preset: str) -> None:
    begin, end = datetime(2021, 5, 1, tzinfo=UTC), datetime(2021, 6, 1, tzinfo=UTC)
    source = ReplaySource(DATA, ManualClock(begin), start=begin, origin=begin)
    strategy = strategies.preset(preset, await source.markets())
    searched = await recorded(strategy, begin, end)
    hourly = await recorded(strategy, begin, end, exactly=True)
    assert searched.blocks == hourly.blocks
    assert searched.exact < hourly.exact / 2

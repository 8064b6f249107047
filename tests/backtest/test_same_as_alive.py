"""The same months through the backtest and through the running program, check by check: the same plans, to the last lot.

With the execution that people have (orders rest in the spread before they take, are filled minutes later, and pay what a maker pays where
they waited) the plans are told beside those of the backtest, which fills every leg whole at the price of its decision.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from statistics import mean, median
from typing import TYPE_CHECKING

import pytest

from chatbot.backtest.past import HOUR, fetch, played
from chatbot.backtest.result import values_of
from chatbot.backtest.walk import walk
from chatbot.clock import ManualClock
from chatbot.exchanges.markets.replay import ReplaySource
from chatbot.execution.pace import Pace
from chatbot.model import PlanState
from chatbot.portfolio import strategies
from chatbot.store import portfolios
from tests.backtest.on_the_hour import OnTheHour, without_spread
from tests.person import PACE, someone
from tests.places import DATA
from tests.stories.history import needs_history

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from chatbot.backtest.walk import Block, Walked
    from chatbot.exchanges.base import PriceSource
    from chatbot.model import Leg, Plan, Strategy

WINDOW = timedelta(seconds=60)
PRESETS = ("Balanced", "Aggressive", "Conservative")
HALF_A_YEAR = datetime(2022, 1, 1, tzinfo=UTC), datetime(2022, 7, 1, tzinfo=UTC)


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


@dataclass(frozen=True)
class Lived:
    """What became of a portfolio that was alive."""

    strategy: Strategy
    #: all of them carried out, oldest first
    plans: tuple[Plan, ...]
    #: at the last hour
    value: Decimal


async def live(
    folder: Path, source: PriceSource, clock: ManualClock, begin: datetime, end: datetime, preset: str, *, pace: Pace = PACE
) -> Lived:
    """Let somebody live through these hours, who is looked at once an hour and confirms every card at once."""
    async with someone(folder, clock=clock, source=source, pace=pace, market=f"replay:{DATA}", market_start=begin) as ann:
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
        figures = (await ann.program.evaluator.look(portfolio, fresh=True)).figures
        plans = await ann.plans()
    assert figures is not None
    assert all(plan.state is PlanState.DONE for plan in plans)
    return Lived(portfolio.strategy, plans, figures.value)


async def alive(folder: Path, begin: datetime, end: datetime, preset: str) -> tuple[Strategy, list[Traded]]:
    """Return the strategy and the plans of somebody whose orders are filled at the prices of their decisions."""
    clock = ManualClock(begin)
    lived = await live(folder, OnTheHour(DATA, clock, begin), clock, begin, end, preset)
    return lived.strategy, [told(plan.created_at, plan.reasons, plan.legs) for plan in lived.plans]


async def recorded(strategy: Strategy, begin: datetime, end: datetime, *, exactly: bool = False) -> Walked:
    """Return what the backtest makes of the same hours."""
    source = ReplaySource(DATA, ManualClock(end + HOUR), start=end + HOUR)
    past = without_spread(played(await fetch(source, [*strategy.spot_assets, *strategy.contracts], begin, end)))
    return walk(past, strategy, Decimal(10_000), window=WINDOW, exactly=exactly)


@pytest.mark.long
@needs_history
@pytest.mark.parametrize("preset", ["Balanced", *(pytest.param(name, marks=pytest.mark.slow) for name in PRESETS[1:])])
async def test_a_week_of_june_2022(preset: str, tmp_path: Path) -> None:
    begin, end = datetime(2022, 6, 13, tzinfo=UTC), datetime(2022, 6, 20, tzinfo=UTC)
    strategy, plans = await alive(tmp_path, begin, end, preset)
    found = [told(block.at, block.reasons, block.legs) for block in (await recorded(strategy, begin, end)).blocks]
    assert len(found) > 2
    assert found == plans


@pytest.mark.slow
@needs_history
@pytest.mark.parametrize("preset", PRESETS)
async def test_six_months_of_2022(preset: str, tmp_path: Path) -> None:
    strategy, plans = await alive(tmp_path, *HALF_A_YEAR, preset)
    found = [told(block.at, block.reasons, block.legs) for block in (await recorded(strategy, *HALF_A_YEAR)).blocks]
    assert len(found) > 20
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


@dataclass(frozen=True)
class Beside:
    """One leg of a plan that the backtest made too, at the same hour and for the same causes."""

    #: off the quantity of the backtest, as a fraction of it
    qty_off: Decimal
    #: paid more than the price of the decision, as a fraction of it; below 0 where waiting paid
    price_off: Decimal
    #: the fee, as a fraction of what was traded
    fee: Decimal
    took: timedelta


def beside(plans: Sequence[Plan], blocks: Sequence[Block]) -> tuple[list[Beside], list[str]]:
    """Return the orders that both have, and what only one of them has, in words."""
    found, alone = [], []
    here = {block.at: block for block in blocks}
    alone += [
        f"{at:%d %b %H:%M} backtest only: {block.reasons}" for at, block in here.items() if at not in {plan.created_at for plan in plans}
    ]
    for plan in plans:
        block = here.get(plan.created_at)
        if block is None or {one.trigger for one in plan.reasons} != {one.trigger for one in block.reasons}:
            alone.append(f"{plan.created_at:%d %b %H:%M} {block and block.reasons} alive: {plan.reasons}")
            continue
        theirs = {(leg.instrument, leg.kind): leg for leg in block.legs if not leg.is_transfer}
        for leg in plan.legs:
            if leg.is_transfer:
                continue
            other = theirs.pop((leg.instrument, leg.kind), None)
            if other is None or leg.average is None or plan.finished_at is None:
                alone.append(f"{plan.created_at:%d %b %H:%M} alive only: {leg.kind} {leg.qty} {leg.instrument}")
                continue
            off = (leg.average / leg.price - 1) * (-1 if leg.side == "sell" else 1)
            fee = leg.fee / (leg.filled * leg.average)
            found.append(Beside(leg.qty / other.qty - 1, off, fee, plan.finished_at - plan.created_at))
        alone += [f"{plan.created_at:%d %b %H:%M} backtest only: {leg.kind} {leg.qty} {leg.instrument}" for leg in theirs.values()]
    return found, alone


async def styled(folder: Path, begin: datetime, end: datetime, preset: str) -> tuple[list[Beside], list[str], float]:
    """Live through hours with real execution, and return it beside the backtest, and how far the ends are apart, as a fraction."""
    clock = ManualClock(begin)
    lived = await live(folder, ReplaySource(DATA, clock, start=begin, origin=begin), clock, begin, end, preset, pace=Pace())
    source = ReplaySource(DATA, ManualClock(end + HOUR), start=end + HOUR)
    past = played(await fetch(source, [*lived.strategy.spot_assets, *lived.strategy.contracts], begin, end))
    walked = walk(past, lived.strategy, Decimal(10_000), window=WINDOW)
    values, _ = values_of(past, walked.held)
    return *beside(lived.plans, walked.blocks), float(lived.value) / float(values[-1]) - 1


@pytest.mark.long
@needs_history
async def test_days_with_the_execution_that_people_have(tmp_path: Path) -> None:
    found, alone, off = await styled(tmp_path, datetime(2022, 6, 13, tzinfo=UTC), datetime(2022, 6, 16, 12, tzinfo=UTC), "Balanced")
    assert len(found) > 6
    assert alone == []
    assert all(abs(one.qty_off) < Decimal("0.01") and abs(one.price_off) < Decimal("0.01") for one in found)
    assert abs(off) < 0.001


@pytest.mark.slow
@needs_history
@pytest.mark.parametrize("preset", PRESETS)
async def test_six_months_with_the_execution_that_people_have(preset: str, tmp_path: Path) -> None:
    """What decision 0050 tells of it: the same plans and orders, a little more or less of each, filled a little off its price."""
    found, alone, off = await styled(tmp_path, *HALF_A_YEAR, preset)
    prices, amounts = [float(one.price_off) for one in found], [abs(float(one.qty_off)) for one in found]
    print(  # noqa: T201 - the figures of the decision
        f"{preset}: {len(found)} orders; amounts off by {median(amounts):.4%} (median), {max(amounts):.2%} at most; "
        f"paid {mean(prices):+.4%} beside the decision's price ({min(prices):+.3%} to {max(prices):+.3%}); "
        f"fee {mean(float(one.fee) for one in found):.4%}; {max(one.took for one in found)} at most; worth {off:+.3%} at the end"
    )
    assert alone == []
    assert len(found) > 50
    assert abs(mean(prices)) < 0.0005
    assert abs(off) < 0.002

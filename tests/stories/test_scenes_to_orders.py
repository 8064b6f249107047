"""Every scene of the demo, from the menu to filled orders: what rings, what is proposed, what was traded, and where that leads."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.exchanges.markets.simulated import SimulatedSource
from chatbot.execution.pace import Pace
from chatbot.model import NET, Cause, Plan, PlanState
from tests.moments import after
from tests.stories.invariants import hold_filled_plan

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from chatbot.clock import ManualClock
    from tests.person import Someone

#: CI runs them after the plain run
pytestmark = pytest.mark.long

D = Decimal
#: the demo's own speed
SPEED = 600.0
#: process seconds within which a scene must be heard and asked about
MINUTE = 60


def settled(folder: Path, preset: str) -> AbstractAsyncContextManager[Someone]:
    """Sit down at a demo portfolio with a preset, brought to its targets; the market has no script of its own."""
    return after(on_target, folder, preset, source=unscripted, pace=Pace(speed=SPEED, poll_s=20.0), batch_window_s=5)


async def on_target(ann: Someone, preset: str) -> None:
    await ann.set_up(preset)
    await ann.confirm()
    await ann.step(2)


def unscripted(clock: ManualClock) -> SimulatedSource:
    return SimulatedSource(clock, speed=SPEED, script=False)


async def play(ann: Someone, scene: str, trigger: str) -> Plan:
    """Choose a scene, wait at most a minute for the plan that its trigger asks for, and return it."""
    staged = await ann.program.stage.play(scene)
    assert staged.name == scene
    for _ in range(MINUTE):
        await ann.step(1)
        plan = await ann.plan()
        if plan.state is PlanState.PROPOSED and any(reason.trigger == trigger for reason in plan.reasons):
            return plan
    raise AssertionError(f"{scene}: no plan for {trigger} within a minute; the newest message says {ann.last.text!r}")


async def carry_out(ann: Someone) -> Plan:
    """Confirm the newest card, and hold what was traded against the plan."""
    done = await ann.confirm()
    assert done.state is PlanState.DONE
    await hold_filled_plan(ann, done)
    return done


async def net(ann: Someone) -> tuple[Decimal, Decimal]:
    """Return the net exposure and its effective target now."""
    portfolio = await ann.program.portfolios.by_id(await ann.portfolio_id())
    assert portfolio is not None
    found = await ann.program.evaluator.look(portfolio, fresh=True)
    assert found.figures is not None
    reading = next(line for line in found.figures.limits if line.line == NET)
    return round(reading.weight, 2), round(reading.target, 2)


async def test_panic_closes_the_balanced_book_and_relief_brings_it_back(tmp_path: Path) -> None:
    async with settled(tmp_path, "Balanced") as ann:
        plan = await play(ann, "panic", Cause.FEAR_GREED)
        assert all(leg.reduce_only for leg in plan.legs if leg.instrument.endswith("-PERP"))
        await carry_out(ann)
        assert await net(ann) == (0, 0)
        plan = await play(ann, "relief", Cause.FEAR_GREED)
        assert [reason.event for reason in plan.reasons if reason.trigger == Cause.FEAR_GREED] == ["end"]
        await carry_out(ann)
        assert await net(ann) == (D("0.10"), D("0.10"))


async def test_dear_longs_halve_the_aggressive_book(tmp_path: Path) -> None:
    async with settled(tmp_path, "Aggressive") as ann:
        await play(ann, "dear_longs", Cause.FUNDING_HIGH)
        await carry_out(ann)
        reached, target = await net(ann)
        assert target == D("0.08")  # half of 15 %, rounded
        assert abs(reached - target) <= D("0.01")


async def test_cheap_longs_lift_the_conservative_book_by_a_point(tmp_path: Path) -> None:
    async with settled(tmp_path, "Conservative") as ann:
        plan = await play(ann, "cheap_longs", Cause.FUNDING_LOW)
        assert {leg.kind.value for leg in plan.legs if leg.instrument.endswith("-PERP")} == {"futures_increase"}
        await carry_out(ann)
        reached, target = await net(ann)
        assert target >= D("0.11")
        assert abs(reached - target) <= D("0.01")


async def test_a_wild_week_cuts_coins_and_the_money_waits_in_stable(tmp_path: Path) -> None:
    async with settled(tmp_path, "Balanced") as ann:
        plan = await play(ann, "wild_week", Cause.VOLATILITY)
        assert any(leg.kind.value == "spot_sell" for leg in plan.legs)
        done = await carry_out(ann)
        assert done.result is not None
        stable = next(line for line in done.result.lines if line.line == "STABLE")
        assert stable.base == D("0.1")
        assert stable.weight > D("0.15")


async def test_five_waves_propose_a_trim_of_the_futures(tmp_path: Path) -> None:
    async with settled(tmp_path, "Aggressive") as ann:
        plan = await play(ann, "five_waves", Cause.TREND)
        trims = [reason for reason in plan.reasons if reason.trigger == Cause.TREND]
        assert all(reason.size in (D("0.25"), D("0.5")) for reason in trims)
        await carry_out(ann)


@pytest.mark.parametrize("scene", ["majors_jump", "alts_fall"])
async def test_a_drift_is_brought_back(tmp_path: Path, scene: str) -> None:
    async with settled(tmp_path, "Aggressive") as ann:
        await play(ann, scene, "drift")
        await carry_out(ann)

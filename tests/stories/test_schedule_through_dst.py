"""A night schedule in Berlin over the change to summer time in March 2026, set in the chat, answered, filled, and restarted in between."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from chatbot.clock import ManualClock
from chatbot.model import LegState, PlanState
from tests.person import Someone, someone
from tests.stories.invariants import hold_filled_plan

if TYPE_CHECKING:
    from pathlib import Path

#: CI runs them after the plain run
pytestmark = pytest.mark.long

BEGIN = datetime(2026, 3, 27, 2, 0, tzinfo=UTC)
STEP_S = 1800.0
#: from each run to the evening before the next one
MOST_OF_A_DAY_S = (5 * 3600.0,) * 4


async def until_scheduled_card(ann: Someone) -> str:
    """Let most of a day pass, and half hours until the calendar shows a plan; return its time in UTC."""
    for seconds in MOST_OF_A_DAY_S:
        tick = await ann.step(seconds)
        assert not tick.alerts
        assert not tick.plans
    for _ in range(20):
        tick = await ann.step(STEP_S - ann.clock.now().timestamp() % STEP_S)
        assert not tick.alerts, "the bands are wide: only the calendar may ask"
        if tick.plans:
            return f"{tick.at:%d %b %H:%M}"
    raise AssertionError("no scheduled plan came in thirty hours")


async def carried_out(ann: Someone) -> str:
    """Bring new money in, wait for the scheduled plan that spreads it, press Confirm, and hold what became of it."""
    await ann.say("/deposit 400")
    shown = await until_scheduled_card(ann)
    ann.sees("The schedule asked for it.", "Plan")
    sent = await ann.orders()
    plan = await ann.confirm()
    assert plan.state is PlanState.DONE
    assert [reason.trigger for reason in plan.reasons] == ["schedule"]
    assert await ann.orders() > sent
    assert any(leg.state is LegState.FILLED and not leg.is_transfer for leg in plan.legs)
    await hold_filled_plan(ann, plan)
    return shown


async def test_half_past_two_at_night_is_run_every_night_even_in_the_one_that_has_no_such_time(tmp_path: Path) -> None:
    """On Sunday the clock jumps from 02:00 to 03:00: that night the plan comes at 03:30, and the next one at 02:30 again."""
    clock = ManualClock(BEGIN)
    async with someone(tmp_path, clock=clock) as ann:
        await ann.set_up()
        await ann.confirm()
        await ann.say("/settings")
        await ann.tap("Time zone")
        await ann.say("Europe/Berlin")
        await ann.say("/bands")
        await ann.tap("±10")
        await ann.say("/bands CORE 50 ALT 50 USDT 50")
        for trigger in ("volatility", "trend", "fear"):
            await ann.say(f"/triggers {trigger} off")
        await ann.say("/schedule daily 02:30")
        ann.sees("Daily · 02:30 · Europe/Berlin", "Next scheduled run: 28 Mar 2026, 02:30.", "even when every line is inside its band")

        shown = [await carried_out(ann)]
        await ann.say("/why")
        assert "Next scheduled run: 29 Mar 2026, 03:30." in (await ann.taps("All triggers")).text
        shown.append(await carried_out(ann))
        assert "Last run: 29 Mar 2026, 03:30, a plan was made." in await ann.say("/schedule")
        ann.sees("Next scheduled run: 30 Mar 2026, 02:30.")
        loopback = ann.loopback

    clock.advance(3600)
    async with someone(tmp_path, clock=clock, loopback=loopback) as ann:
        await ann.step(60)
        assert len(await ann.plans()) == 3, "a restart repeats nothing"
        shown.append(await carried_out(ann))
        assert "Off: nothing is rebalanced by the calendar" in await ann.say("/schedule off")
        for seconds in (*MOST_OF_A_DAY_S, *(STEP_S,) * 10):
            assert not (await ann.step(seconds)).plans
    assert shown == ["28 Mar 01:30", "29 Mar 01:30", "30 Mar 00:30"]

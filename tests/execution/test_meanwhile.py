"""Two hands at one plan under way: revived, carried on, closed or ended while the other was looking at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chatbot.execution.lifecycle import IllegalMove, PlanEvent
from chatbot.execution.record import Change
from chatbot.execution.recovery import REVIVALS_MAX, REVIVED
from chatbot.model import LegState, PlanState
from chatbot.store import events, plans
from tests.execution.lab import Lab, open_lab, states
from tests.meanwhile import meanwhile

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from chatbot.model import Plan
    from chatbot.store.database import Database

SELL = "sell 0.2 BTC"


async def names(lab: Lab, plan_id: int) -> list[str]:
    """Return what has happened to a plan."""
    async with lab.db.read() as tx:
        return [event.name for event in await events.events(tx, plan_id)]


async def parked(lab: Lab) -> Plan:
    """Bring a plan to a stop: nobody knows whether its order exists."""
    lab.account.faults.drop_requests = 1
    plan = await lab.run(SELL + "; buy 1 ETH")
    assert plan.state is PlanState.PARKED
    return plan


def hand(lab: Lab, what: str) -> Callable[[int], Awaitable[bool]]:
    """Return what a person taps about a parked plan."""
    found: Callable[[int], Awaitable[bool]] = getattr(lab.executor.recovery, what)
    return found


@pytest.mark.parametrize(
    ("first", "second", "ends"),
    [
        ("carry_on", "carry_on", [PlanState.PARKED, LegState.UNKNOWN, LegState.PLANNED]),
        ("carry_on", "close", [PlanState.DONE, LegState.PARTIAL, LegState.DROPPED]),
        ("close", "carry_on", [PlanState.PARKED, LegState.UNKNOWN, LegState.PLANNED]),
        ("close", "close", [PlanState.DONE, LegState.PARTIAL, LegState.DROPPED]),
    ],
)
async def test_a_parked_plan_is_answered_by_whoever_was_quicker(db: Database, first: str, second: str, ends: list[object]) -> None:
    """One workflow for one answer; the slower hand is told that it was too late, and its word does not count."""
    lab = await open_lab(db, late_window_s=None)
    plan = await parked(lab)
    with meanwhile(db, lambda: hand(lab, second)(plan.id)):
        assert not await hand(lab, first)(plan.id)
    happened = await names(lab, plan.id)
    assert happened.count(REVIVED) == 1
    assert ("closing" in happened) is (second == "close")
    await lab.finish()
    plan = await lab.read(plan.id)
    assert [plan.state, *states(plan)] == ends


async def gone(lab: Lab) -> Plan:
    """Confirm a plan whose workflow is gone: a process was killed before it had written it down."""
    made = await lab.plan(SELL)
    work: Any = lab.work
    await work.stop()
    work._standings.clear()
    return made


async def ends(lab: Lab, plan_id: int) -> None:
    """Let a plan end by itself."""
    async with lab.db.transaction() as tx:
        await plans.set_state(tx, plan_id, PlanState.DONE, lab.clock.now())


async def test_a_plan_that_ended_while_it_was_missed_is_not_revived(db: Database) -> None:
    """The journal is read again in the transaction: no workflow, no event, and it stays as it ended."""
    lab = await open_lab(db)
    plan = await gone(lab)
    with meanwhile(db, lambda: ends(lab, plan.id)):
        assert await lab.executor.recovery.reconcile() == ()
    assert REVIVED not in await names(lab, plan.id)
    assert (await lab.read(plan.id)).state is PlanState.DONE


async def test_a_plan_is_revived_by_one_of_two_that_miss_it(db: Database) -> None:
    """Two processes look after it in the same minute: the second finds that it has a workflow already."""
    lab = await open_lab(db)
    plan = await gone(lab)
    with meanwhile(db, lab.executor.recovery.reconcile):
        assert await lab.executor.recovery.reconcile() == ()
    assert (await names(lab, plan.id)).count(REVIVED) == 1


async def test_a_plan_that_ended_while_it_was_given_up_is_not_parked(db: Database) -> None:
    """After all revivals: the end that it found by itself counts, and nobody is told that it stopped."""
    lab = await open_lab(db)
    plan = await gone(lab)
    async with db.transaction() as tx:
        for _ in range(REVIVALS_MAX):
            await events.add_event(tx, plan.id, None, REVIVED, {})
    told = await lab.told()
    with meanwhile(db, lambda: ends(lab, plan.id)):
        assert await lab.executor.recovery.reconcile() == ()
    assert (await lab.read(plan.id)).state is PlanState.DONE
    assert await lab.told() == told


async def test_a_move_of_a_plan_that_has_ended_writes_nothing(db: Database) -> None:
    """State, event and message are one transaction: where the state does not fit, none of them is written."""
    lab = await open_lab(db)
    plan = await lab.plan(SELL)
    scribe = lab.executor._deps.scribe
    view = await scribe.view(plan.id)
    assert view is not None
    await ends(lab, plan.id)
    happened, told = await names(lab, plan.id), await lab.told()
    with pytest.raises(IllegalMove):
        await scribe.write(view, Change(event="begun", plan=PlanEvent.BEGIN))
    assert (await names(lab, plan.id), await lab.told()) == (happened, told)

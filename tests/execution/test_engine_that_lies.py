"""The journal decides what is under way, whatever the rows of the durable engine say."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from chatbot import durable
from chatbot.clock import SystemClock
from chatbot.durable import Durable, Standing
from chatbot.errors import Unreachable
from chatbot.execution.pace import Pace
from chatbot.execution.recovery import LOOKS_MAX, REVIVALS_MAX
from chatbot.execution.revivals import ALONE_FOR, SUSPECT_FROM
from chatbot.model import LegState, OrderState, PlanState
from chatbot.store import plans, portfolios
from tests.execution.lab import Lab, open_lab, states
from tests.inline import Inline
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from pathlib import Path

    from chatbot.model import Plan
    from chatbot.store.database import Database

#: CI runs them after the plain run
pytestmark = pytest.mark.long

PACE = Pace(poll_s=0.03, requote_s=0.1, requotes=0, margin_s=0.05, again_s=0.05)
PATIENT = replace(PACE, requote_s=1000)
SELL = "sell 0.2 BTC"

LIES = {
    "lost inputs": "UPDATE workflow_status SET inputs = NULL; DELETE FROM workflow_input",
    "inputs of another plan": "UPDATE workflow_input SET inputs = replace(inputs, '1', '99')",
    "another version": "UPDATE workflow_status SET application_version = 'of tomorrow'",
    "another executor": "UPDATE workflow_status SET executor_id = 'somewhere'",
    "another application": "UPDATE workflow_status SET application_name = 'another'",
    "waits in another queue": "UPDATE workflow_status SET status = 'ENQUEUED', queue_name = 'nowhere'",
    "waits for ever": "UPDATE workflow_status SET status = 'DELAYED', delay_until_epoch_ms = 99999999999999",
    "said to have ended": "UPDATE workflow_status SET status = 'SUCCESS'",
    "said to have failed": "UPDATE workflow_status SET status = 'ERROR'",
    "gone": "DELETE FROM operation_outputs; DELETE FROM workflow_status",
}


def rewritten(tmp_path: Path, statements: str) -> None:
    """Write into the engine's tables, as whoever holds the file can."""
    with closing(sqlite3.connect(tmp_path / "lab.db")) as file, file:
        for statement in statements.split("; "):
            file.execute(statement)


async def left_open(db: Database, url: str) -> Plan:
    """End the process while an order works at the exchange."""
    work, waits = Durable(url, poll_s=0.05), asyncio.Event()
    lab = await open_lab(
        db, clock=SystemClock(), work=work, pace=PATIENT, crash_point=lambda point: waits.set() if point == "waiting-0" else None
    )
    await work.start()
    plan = await lab.plan(SELL)
    await asyncio.wait_for(waits.wait(), LIMIT_S)
    await work.stop()
    (attempt,) = await lab.attempts(plan.id)
    assert attempt.state == OrderState.OPEN
    return plan


async def looked_after(lab: Lab, plan: Plan) -> Plan:
    """Look after plans until this one has ended, as the program does every minute."""
    async with asyncio.timeout(LIMIT_S):
        while plan.state not in (PlanState.DONE, PlanState.PARKED):
            await lab.executor.recovery.reconcile()
            await asyncio.sleep(0.3)
            plan = await lab.read(plan.id)
    return plan


@pytest.mark.parametrize("lie", LIES)
async def test_a_plan_whose_work_was_lost_is_carried_on_and_its_open_order_settled(
    db: Database, tmp_path: Path, lie: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable, "WAIT_S", 0.2)
    url = f"sqlite+aiosqlite:///{tmp_path / 'lab.db'}"
    plan = await left_open(db, url)
    rewritten(tmp_path, LIES[lie])
    work = Durable(url, poll_s=0.05)
    lab = await open_lab(db, clock=SystemClock(), work=work, pace=PACE, late_window_s=0.2)
    await work.start()
    try:
        plan = await looked_after(lab, plan)
    finally:
        await work.stop()
    assert (plan.state, states(plan)) == (PlanState.DONE, [LegState.FILLED])
    assert lab.account.state.open_orders == ()
    assert lab.account.state.spot["BTC"] == Decimal("0.8"), "sold once"


async def test_a_stranger_in_the_partition_blocks_nobody(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work of an older plan of the portfolio that is called begun: one at a time goes, and it never ends."""
    monkeypatch.setattr(durable, "WAIT_S", 0.2)
    url = f"sqlite+aiosqlite:///{tmp_path / 'lab.db'}"
    plan = await left_open(db, url)
    rewritten(
        tmp_path,
        "INSERT INTO workflow_status (workflow_uuid, status, name, queue_name, queue_partition_key, created_at, updated_at, priority,"
        " executor_id) SELECT 'older', 'PENDING', name, queue_name, queue_partition_key, created_at, updated_at, priority, 'nobody'"
        " FROM workflow_status",
    )
    work = Durable(url, poll_s=0.05)
    lab = await open_lab(db, clock=SystemClock(), work=work, pace=PACE, late_window_s=0.2)
    await work.start()
    try:
        plan = await looked_after(lab, plan)
    finally:
        await work.stop()
    assert (plan.state, lab.account.state.open_orders) == (PlanState.DONE, ())


class Dead(Inline):
    """An engine that begins nothing any more and says whatever it likes."""

    says = Standing.FAILED

    async def standing(self, key: str) -> Standing:
        """Say it."""
        return self.says


async def stranded(db: Database) -> tuple[Lab, Plan, Dead]:
    """Leave a plan behind with an order that works, and an engine that is dead."""
    work = Dead()

    class Killed(Exception):
        """The process ends here."""

    def point(name: str) -> None:
        if name == "waiting-0":
            raise Killed

    lab = await open_lab(db, work=work, crash_point=point)
    plan = await lab.plan(SELL)
    with pytest.raises(Killed):
        await lab.finish()
    assert len(lab.account.state.open_orders) == 1
    return lab, plan, work


@pytest.mark.parametrize("says", [Standing.FAILED, Standing.ENDED, Standing.MISSING, Standing.STUCK])
async def test_a_plan_that_nobody_begins_again_is_parked_and_leaves_no_order_open(db: Database, says: Standing) -> None:
    lab, plan, work = await stranded(db)
    work.says = says
    looks = 0
    while (await lab.read(plan.id)).state == PlanState.RUNNING:
        await lab.executor.recovery.reconcile()
        looks += 1
        assert looks <= 2 * (REVIVALS_MAX + 1)
    assert (await lab.read(plan.id)).state == PlanState.PARKED
    assert (await lab.told())[-1] == ("plan_parked", {"plan_id": plan.id, "why": "broken"})
    assert lab.account.state.open_orders == ()
    (attempt,) = await lab.attempts(plan.id)
    assert attempt.state == OrderState.CANCELED


async def test_an_exchange_that_is_away_is_asked_again_before_the_plan_is_parked(db: Database) -> None:
    lab, plan, _ = await stranded(db)
    lab.account.faults.unreachable = True
    for _ in range(REVIVALS_MAX + 2):
        await lab.executor.recovery.reconcile()
    assert (await lab.read(plan.id)).state == PlanState.RUNNING
    lab.account.faults.unreachable = False
    await lab.executor.recovery.reconcile()
    assert ((await lab.read(plan.id)).state, lab.account.state.open_orders) == (PlanState.PARKED, ())


async def test_an_exchange_that_stays_away_does_not_keep_a_plan_running_for_ever(db: Database) -> None:
    lab, plan, _ = await stranded(db)
    lab.account.faults.unreachable = True
    for _ in range(REVIVALS_MAX + LOOKS_MAX):
        await lab.executor.recovery.reconcile()
    assert (await lab.read(plan.id)).state == PlanState.PARKED


async def test_stuck_work_is_believed_only_when_it_is_seen_twice(db: Database) -> None:
    lab, plan, work = await stranded(db)
    work.says = Standing.STUCK
    assert await lab.executor.recovery.reconcile() == ()
    assert await lab.executor.recovery.reconcile() == (plan.id,)


async def test_a_plan_in_our_own_hands_is_under_way_whatever_the_engine_says(db: Database) -> None:
    """Neither is it begun a second time beside the first."""
    work, inside, on = Dead(), asyncio.Event(), asyncio.Event()
    lab = await open_lab(db, work=work)
    real = lab.account.find

    async def find(*given: Any) -> Any:
        inside.set()
        await on.wait()
        return await real(*given)

    lab.account.find = find
    plan = await lab.plan(SELL)
    carrying = asyncio.create_task(lab.finish())
    await asyncio.wait_for(inside.wait(), LIMIT_S)
    assert await lab.executor.recovery.reconcile() == ()
    assert await lab.executor.execute_plan(plan.id) == "in other hands"
    on.set()
    await carrying
    assert (await lab.read(plan.id)).state == PlanState.DONE
    assert lab.account.state.spot["BTC"] == Decimal("0.8")


async def test_one_plan_that_cannot_be_looked_after_keeps_no_other_waiting(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    lab, plan, work = await stranded(db)

    async def standing(key: str) -> Standing:
        raise Unreachable(key)

    monkeypatch.setattr(work, "standing", standing)
    assert await lab.executor.recovery.reconcile() == ()
    monkeypatch.undo()
    assert await lab.executor.recovery.reconcile() == (plan.id,)


async def lost(db: Database, *words: str) -> tuple[Lab, list[Plan]]:
    """Confirm plans that are lost with their process whenever they are taken up."""
    work = Dead()
    work.says = Standing.LEFT
    lab, made = await open_lab(db, work=work), []
    for one in words:  # a portfolio carries out one at a time
        made.append(await lab.plan(one))
        async with db.transaction() as tx:
            lab.portfolio = await portfolios.add(tx, replace(lab.portfolio, id=0, name=f"{len(made)}"))
    return lab, made


async def test_who_was_only_aboard_is_not_parked_with_the_plan_that_kills(db: Database) -> None:
    """Both were lost twice: from then on one is taken up at a time, and the other is not counted while it waits."""
    lab, (kills, aboard) = await lost(db, SELL, "sell 1 ETH")
    taken = [await lab.executor.recovery.reconcile() for _ in range(REVIVALS_MAX + 1)]
    alone = REVIVALS_MAX - SUSPECT_FROM
    assert taken == [(kills.id, aboard.id)] * SUSPECT_FROM + [(kills.id,)] * alone + [(aboard.id,)]
    assert [(await lab.read(one.id)).state for one in (kills, aboard)] == [PlanState.PARKED, PlanState.CONFIRMED]


async def test_a_suspect_that_lasts_keeps_the_others_waiting_no_longer(db: Database) -> None:
    lab, (first, second) = await lost(db, SELL, "sell 1 ETH")
    for _ in range(SUSPECT_FROM + 1):
        taken = await lab.executor.recovery.reconcile()
    assert taken == (first.id,)
    lab.executor.recovery._hands = Holding(first.id)
    assert await lab.executor.recovery.reconcile() == ()
    await lab.clock.sleep(ALONE_FOR.total_seconds())
    assert await lab.executor.recovery.reconcile() == (second.id,)


class Holding:
    """Hands that carry one plan out."""

    def __init__(self, plan_id: int) -> None:
        self._plan_id = plan_id

    def holds(self, plan_id: int) -> bool:
        """Tell whether it is that one."""
        return plan_id == self._plan_id

    async def call_off(self, plan_id: int) -> None:
        """Nothing works at the exchange."""

    async def has_arrived(self, plan_id: int) -> bool:
        """No money is waited for."""
        return False


async def test_a_plan_that_gets_on_is_not_parked_however_often_its_process_ends(db: Database) -> None:
    """Machines restart: as long as a leg ends now and then nobody is asked."""
    lab, (plan,) = await lost(db, "sell 0.2 BTC; sell 1 ETH; sell 0.1 BTC")
    taken_up = 0
    for leg in plan.legs:
        for _ in range(REVIVALS_MAX - 1):
            taken_up += len(await lab.executor.recovery.reconcile())
        async with db.transaction() as tx:
            await plans.save_leg(tx, plan.id, replace(leg, state=LegState.FILLED))
    assert taken_up == len(plan.legs) * (REVIVALS_MAX - 1) > REVIVALS_MAX
    assert (await lab.read(plan.id)).state == PlanState.CONFIRMED

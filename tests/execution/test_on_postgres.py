"""The same plan on PostgreSQL: enqueue, steps and journal in one database there as well."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chatbot.clock import SystemClock
from chatbot.durable import Durable, Standing
from chatbot.execution.pace import Pace
from chatbot.model import LegState, PlanState
from chatbot.store import orders, plans
from chatbot.store.database import Database
from tests import nursery
from tests.execution.lab import Lab, open_lab, states
from tests.store.databases import postgres_or_skip
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from chatbot.model import Plan

#: CI runs them after the plain run
pytestmark = pytest.mark.long

WORKER = Path(__file__).with_name("crash_worker.py")
PACE = Pace(poll_s=0.03, requote_s=0.1, requotes=0, margin_s=0.05, again_s=0.05)


async def done(lab: Lab, plan: Plan) -> Plan:
    """Wait until the plan has ended."""
    async with asyncio.timeout(LIMIT_S):
        while plan.state not in (PlanState.DONE, PlanState.PARKED):
            await asyncio.sleep(0.02)
            plan = await lab.read(plan.id)
    return plan


async def test_a_plan_is_carried_out_on_postgres_and_survives_a_stop() -> None:
    server = postgres_or_skip()
    url = await server.copy()
    db = Database(url)
    first = Durable(url, poll_s=0.05)
    sent = asyncio.Event()
    lab = await open_lab(
        db, clock=SystemClock(), work=first, pace=PACE, crash_point=lambda point: sent.set() if point == "acted-0" else None
    )
    await first.start()
    plan = await lab.plan("sell 0.2 BTC; to_spot 1000; buy 1 ETH; increase buy 0.5 ETH-PERP")
    await asyncio.wait_for(sent.wait(), LIMIT_S)
    await first.stop()

    second = Durable(url, poll_s=0.05)
    lab = await open_lab(db, clock=SystemClock(), work=second, pace=PACE, late_window_s=0.2)
    await second.start()
    try:
        plan = await done(lab, plan)
    finally:
        await second.stop()
        await db.close()
    assert (plan.state, states(plan)) == (PlanState.DONE, [LegState.FILLED] * 4)


async def test_a_process_that_was_killed_is_carried_on_by_another(tmp_path: Path) -> None:
    """Two processes on one database: the first dies with an order accepted and not yet written down, the second finishes its plan."""
    server = postgres_or_skip()
    url = await server.copy()
    killed = await asyncio.to_thread(nursery.run, str(tmp_path), "acted-0", url, "first", file=WORKER)
    assert killed.returncode == 0, killed.stderr[-2000:]

    db, second = Database(url), Durable(url, poll_s=0.05, executor_id="second")
    lab = await open_lab(db, clock=SystemClock(), work=second, pace=PACE, late_window_s=0.2)
    await second.start()
    try:
        (plan,) = await plans_of(db, lab.portfolio.id)
        assert [queue.name for queue in await second._open_client().list_queues_async()] == ["trades-second"], "the other's is tidied"
        assert await lab.executor.recovery.reconcile() == (plan.id,), "who is gone for sure is not waited for"
        assert await lab.executor.recovery.reconcile() == ()
        plan = await done(lab, plan)
    finally:
        await second.stop()
        await db.close()
    assert plan.state == PlanState.DONE
    # legs of one kind go side by side: in which order theirs arrive is nobody's promise, that each arrives once is
    sent = sorted(order.request.client_id for order in lab.account.state.orders.values())
    assert sent == sorted(one.client_id for one in await attempts_of(url, plan.id))


async def test_a_living_process_is_left_alone_and_keeps_its_own_queue() -> None:
    """What waits in the queue of another, or is in its hands, is alive for everybody; once that one is gone it is left."""
    server = postgres_or_skip()
    url = await server.copy()
    db = Database(url)
    first, second = Durable(url, poll_s=0.05, executor_id="first"), Durable(url, executor_id="second")
    held, go = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        held.set()
        await go.wait()

    first.workflow("wait")(wait)
    await first.start()
    await second._show_alive()
    second._client, second._started = first._client, True
    try:
        async with db.transaction() as tx:
            await first.enqueue(tx, "wait", "begun", {}, partition="one")
            await first.enqueue(tx, "wait", "waits", {}, partition="one")
            await second.enqueue(tx, "wait", "elsewhere", {})
        await asyncio.wait_for(held.wait(), LIMIT_S)
        assert [await second.standing(key) for key in ("begun", "waits", "elsewhere")] == [Standing.ALIVE] * 3
        begun, waits, elsewhere = [(await second._rows(workflow_ids=[key]))[0] for key in ("begun", "waits", "elsewhere")]
        assert (begun.status, begun.executor_id) == ("PENDING", "first")
        assert (waits.status, elsewhere.status, elsewhere.queue_name) == ("ENQUEUED", "ENQUEUED", "trades-second")
        await first._session.close()  # as its end would
        assert [await second.standing(key) for key in ("begun", "waits", "elsewhere")] == [Standing.LEFT] * 2 + [Standing.ALIVE]
    finally:
        await second._session.close()
        second._session = None
        await first.stop()
        await db.close()


async def test_a_process_whose_session_is_lost_is_told() -> None:
    """Others take it for gone by then: it must end."""
    server = postgres_or_skip()
    work = Durable(await server.copy(), executor_id="first")
    await work.start()
    try:
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(_ends(work))
            await asyncio.sleep(0)
            await work._session.close()
        assert watching.result()
    finally:
        await work.stop()


async def _ends(work: Durable) -> bool:
    """Tell whether watching ends with the session."""
    try:
        await asyncio.wait_for(work.watch(), LIMIT_S)
    except TimeoutError:
        return False
    except Exception as lost:  # noqa: BLE001 - the driver has several names for it
        return "closed" in str(lost)
    return False


async def test_a_file_has_no_peers(tmp_path: Path) -> None:
    """Whoever watches its session is sent away at once, while the work runs and before it: nothing is asked, nobody waits."""
    work = Durable(f"sqlite+aiosqlite:///{tmp_path / 'work.db'}")
    before = asyncio.ensure_future(work.watch())
    await asyncio.sleep(0)
    assert before.done()
    await work.start()
    meanwhile = asyncio.ensure_future(work.watch())
    await asyncio.sleep(0)
    assert meanwhile.done()
    await work.stop()


async def plans_of(db: Database, portfolio_id: int) -> tuple[Plan, ...]:
    """Return the plans of a portfolio."""
    async with db.read() as tx:
        return await plans.plans(tx, portfolio_id)


async def attempts_of(url: str, plan_id: int) -> list[orders.Attempt]:
    """Return the orders of a plan, transfers left out."""
    db = Database(url)
    async with db.read() as tx:
        found = [one for one in await orders.orders(tx, plan_id) if one.limit is not None]
    await db.close()
    return found

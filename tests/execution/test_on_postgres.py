"""The same plan on PostgreSQL: enqueue, steps and journal in one database there as well."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from chatbot.clock import SystemClock
from chatbot.durable import Durable
from chatbot.execution.pace import Pace
from chatbot.model import LegState, PlanState
from chatbot.store.database import Database
from tests.execution.lab import Lab, open_lab, states
from tests.store.databases import postgres_or_skip

if TYPE_CHECKING:
    from chatbot.model import Plan

PACE = Pace(poll_s=0.03, requote_s=0.1, requotes=0, margin_s=0.05)


async def done(lab: Lab, plan: Plan) -> Plan:
    """Wait until the plan has ended."""
    async with asyncio.timeout(30):
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
    await asyncio.wait_for(sent.wait(), 20)
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

"""Before everything that is sent it is asked whether real money may go there: from the first no on nothing is, and its person is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatbot.execution.pace import Pace
from chatbot.model import LegState, LiveStop, OrderState, PlanState
from tests.execution.lab import open_lab

if TYPE_CHECKING:
    from chatbot.store.database import Database

QUICK = Pace(requote_s=2, poll_s=1, requotes=0, retries_s=(1, 2), margin_s=1)
#: a transfer, a leverage and orders of every kind
ALL = "sell 0.2 BTC; to_spot 1000; buy 1 ETH; to_futures 100; reduce sell 0.05 BTC-PERP; increase buy 0.5 ETH-PERP"


@pytest.mark.parametrize("allowed", range(4))
async def test_a_plan_over_its_limits_is_parked_before_the_order_and_told(db: Database, allowed: int) -> None:
    """However far it came: what was sent stays as it ended, no intention is written for the rest, and the message says why."""
    lab = await open_lab(db, pace=QUICK)
    lab.services.forbidden, lab.services.allowed = LiveStop.ORDER.value, allowed
    plan = await lab.run(ALL)
    sent = await lab.attempts(plan.id)
    assert plan.state is PlanState.PARKED
    assert len(sent) <= allowed
    assert {one.state for one in sent} <= {OrderState.FILLED, OrderState.CANCELED}
    assert {leg.state for leg in plan.legs if leg.index not in {one.leg_index for one in sent}} == {LegState.PLANNED}
    assert ("plan_parked", {"plan_id": plan.id, "why": "live_order"}) in await lab.told()
    lab.services.forbidden = ""
    await lab.executor.recovery.carry_on(plan.id)
    await lab.finish()
    assert (await lab.read(plan.id)).state is PlanState.DONE


async def test_an_order_that_nobody_knows_is_not_sent_again_over_a_limit(db: Database) -> None:
    """The first one was lost on its way; what it was allowed to be it may not be any more."""
    lab = await open_lab(db, pace=QUICK)
    lab.services.forbidden, lab.services.allowed = LiveStop.OFF.value, 1
    lab.account.faults.drop_requests = 1
    plan = await lab.let_go((await lab.run("buy 1 ETH")).id)
    assert plan.state is PlanState.PARKED
    assert [one.state for one in await lab.attempts(plan.id)] == [OrderState.UNKNOWN]
    assert ("plan_parked", {"plan_id": plan.id, "why": "live_off"}) in await lab.told()

"""What an exchange shows of the orders of a plan that has ended is compared with what was booked: put right, and told once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from chatbot.exchanges.base import OrderStatus
from chatbot.model import Cause, LegState, Mode, OrderState, PlanState, Reason
from chatbot.store import events, orders, tables
from tests.execution.lab import QUICK, Lab, open_lab

if TYPE_CHECKING:
    from chatbot.exchanges.base import Order
    from chatbot.model import Plan
    from chatbot.store.database import Database

LEG = "sell 0.01 BTC"
URGENT = Reason(trigger=Cause.PANIC)
PACE = replace(QUICK, look_s=15)


async def ended(lab: Lab, *, closed: bool = False) -> Plan:
    """Carry a plan with real money out; ``closed``: the answer to its order was lost, no look shows it, and its person closes the plan."""
    faults = lab.account.faults
    if closed:
        faults.lose_answers, faults.lookup_lag_s = 1, 10_000
    plan = await lab.run(LEG, URGENT)
    async with lab.db.transaction() as tx:
        await tx.execute(update(tables.plans).values(mode=Mode.LIVE))
    if closed:
        assert plan.state is PlanState.PARKED
        assert await lab.executor.recovery.close(plan.id)
        await lab.finish()
    plan = await lab.read(plan.id)
    assert plan.state is PlanState.DONE
    return plan


async def looked(lab: Lab, minutes: int = 1) -> list[dict[str, Any]]:
    """Look once a minute, and return all that was told of orders that differ."""
    for _ in range(minutes):
        lab.clock.advance(60)  # type: ignore[attr-defined]
        await lab.executor.comparison.look()
    return [facts for kind, facts in await lab.told() if kind == "orders_differ"]


async def is_done_with(lab: Lab, plan: Plan) -> bool:
    async with lab.db.read() as tx:
        return "compared" in [one.name for one in await events.events(tx, plan.id)]


async def test_what_is_there_as_it_was_booked_is_asked_about_once_and_not_told(db: Database) -> None:
    lab = await open_lab(db)
    plan, asked, find = await ended(lab), [], lab.account.find

    async def counted(*given: Any) -> Order | None:
        asked.append(given)
        return await find(*given)

    lab.account.find = counted
    assert await looked(lab, 3) == []
    assert len(asked) == len(await lab.attempts(plan.id)) == 1
    assert await is_done_with(lab, plan)


async def test_an_order_that_shows_up_after_its_plan_was_closed_is_booked_and_told_once(db: Database) -> None:
    lab = await open_lab(db, pace=PACE)
    plan = await ended(lab, closed=True)
    assert [(leg.filled, leg.note) for leg in plan.legs] == [(0, "unknown")]
    assert await looked(lab, 5) == []
    assert not await is_done_with(lab, plan), "it is looked for still"
    lab.account.faults.lookup_lag_s = 0
    (told,) = await looked(lab, 3)
    (leg,) = (await lab.read(plan.id)).legs
    assert (leg.state, leg.filled, leg.note, leg.average is not None) == (LegState.FILLED, Decimal("0.01"), "", True)
    assert leg.fee > 0
    ((booked, shown),) = lab.services.corrections
    assert (booked.legs[0].filled, shown.legs) == (0, (leg,)), "hedges are told of it"
    assert told["orders"] == [
        {"instrument": "BTC", "side": "sell", "booked": "0", "filled": "0.01", "price": str((await lab.attempts(plan.id))[0].average)}
    ]
    assert await is_done_with(lab, plan)


async def test_an_order_that_never_was_is_looked_for_a_day_and_no_longer(db: Database) -> None:
    lab = await open_lab(db, pace=PACE)
    plan = await ended(lab, closed=True)
    lab.account._state = replace(lab.account.state, orders={})
    assert await looked(lab, 2) == []
    lab.clock.advance(86_400)  # type: ignore[attr-defined]
    lab.account.find = None
    assert await looked(lab) == []
    assert not await is_done_with(lab, plan)


@pytest.mark.parametrize("shown", [Decimal("0.004"), None])
async def test_fills_that_the_exchange_tells_otherwise_are_told(db: Database, shown: Decimal | None) -> None:
    """Fewer than were booked: put right. None at all: told after ten minutes, and what was booked stays."""
    lab = await open_lab(db)
    plan, find = await ended(lab), lab.account.find

    async def other(*given: Any) -> Order | None:
        found = await find(*given)
        return None if shown is None or found is None else replace(found, filled=shown, status=OrderStatus.CANCELED)

    lab.account.find = other
    assert len(await looked(lab)) == (shown is not None)
    (told,) = await looked(lab, 15)
    assert told["orders"][0].get("filled") == (None if shown is None else "0.004")
    (leg,) = (await lab.read(plan.id)).legs
    assert (leg.state, leg.filled) == ((LegState.FILLED, Decimal("0.01")) if shown is None else (LegState.PARTIAL, shown))
    assert await is_done_with(lab, plan)


async def test_an_order_that_works_after_its_plan_has_ended_is_called_off(db: Database) -> None:
    lab = await open_lab(db)
    plan = await ended(lab)
    (attempt,) = await lab.attempts(plan.id)
    state = lab.account.state
    resting = replace(state.orders[attempt.client_id], status=OrderStatus.OPEN)
    lab.account._state = replace(state, orders={attempt.client_id: resting})
    async with lab.db.transaction() as tx:
        await orders.save_order(tx, replace(attempt, state=OrderState.CANCELED))
    await looked(lab, 2)
    assert not lab.account.state.open_orders
    assert await is_done_with(lab, plan)


async def test_an_exchange_that_does_not_answer_is_asked_again(db: Database) -> None:
    lab = await open_lab(db)
    plan = await ended(lab)
    lab.account.faults.unreachable = True
    assert await looked(lab, 2) == []
    assert not await is_done_with(lab, plan)
    lab.account.faults.unreachable = False
    assert await looked(lab) == []
    assert await is_done_with(lab, plan)
    assert plan.finished_at is not None
    assert lab.clock.now() - plan.finished_at < timedelta(minutes=5)

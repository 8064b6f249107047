"""Stopping a plan under way: seen before the next order and while one rests, wherever the process dies, and by nothing but a stop."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.execution.pace import Pace
from chatbot.model import LegState, PlanState
from tests.execution.lab import QUICK, Lab, books, open_lab, states
from tests.meanwhile import meanwhile

if TYPE_CHECKING:
    from chatbot.store.database import Database

PLAN = "sell 0.2 BTC; buy 1 ETH; reduce sell 0.05 BTC-PERP"
FILLED, PARTIAL, REJECTED, DROPPED = LegState.FILLED, LegState.PARTIAL, LegState.REJECTED, LegState.DROPPED
PERSON = 1
#: a quote rests for ten minutes: whoever waits for its end waits long
PATIENT = Pace(requote_s=600, requotes=2, margin_s=1)


class Killed(Exception):
    """The process ends here."""


class Death:
    """Ends the process at a point, once the plan was stopped."""

    def __init__(self, at: str) -> None:
        self.at, self.stopped = at, False

    def __call__(self, point: str) -> None:
        """Pass a point, or not."""
        if self.stopped and point == self.at:
            raise Killed(point)


async def stop(lab: Lab, plan_id: int) -> bool:
    """Press Stop plan."""
    return await lab.executor.recovery.stop(plan_id, PERSON)


def stop_after(lab: Lab, plan_id: int, sleeps: int) -> None:
    """Press it during a wait with this number."""
    clock: Any = lab.clock
    real, slept = clock.sleep, 0

    async def sleep(seconds: float) -> None:
        nonlocal slept
        slept += 1
        if slept == sleeps:
            assert await stop(lab, plan_id)
        await real(seconds)

    clock.sleep = sleep


async def test_a_stop_before_the_first_order_sends_nothing(db: Database) -> None:
    lab = await open_lab(db)
    made = await lab.plan(PLAN)
    assert await stop(lab, made.id)
    await lab.finish()
    plan = await lab.read(made.id)
    assert (plan.state, states(plan)) == (PlanState.DONE, [DROPPED] * 3)
    assert {leg.note for leg in plan.legs} == {"stopped"}
    assert plan.was_stopped
    assert await lab.attempts(made.id) == ()


@pytest.mark.long
async def test_a_resting_order_is_taken_back_within_two_seconds_and_what_was_filled_stays(db: Database) -> None:
    """The market fills half of the sale and leaves the rest in the book for ten minutes."""
    lab = await open_lab(db, pace=PATIENT, paths={"BTC": lambda seconds: 1.001 if seconds > 60 else 1.0})
    lab.account.faults.stuck.add("BTC")
    made = await lab.plan(PLAN)
    stop_after(lab, made.id, 150)
    await lab.finish()
    plan = await lab.read(made.id)
    assert states(plan) == [PARTIAL, DROPPED, DROPPED]
    assert plan.legs[0].filled == Decimal("0.1")
    assert {leg.note for leg in plan.legs} == {"stopped"}
    assert lab.account.state.open_orders == ()
    assert lab.account.state.spot["BTC"] == Decimal("0.9")
    assert plan.finished_at is not None
    assert plan.finished_at - lab.market.start <= timedelta(seconds=150 + 2)


@pytest.mark.parametrize("before", range(1, 12))
async def test_a_stop_at_any_moment_leaves_no_order_that_came_after_it(db: Database, before: int) -> None:
    """Between any look at the journal and the transaction that relies on it: no intention is written down after the stop."""
    lab = await open_lab(db)
    made = await lab.plan(PLAN)
    known: list[str] = []

    async def press() -> None:
        assert await stop(lab, made.id)
        known.extend(attempt.client_id for attempt in await lab.attempts(made.id))

    with meanwhile(db, press, before=before):
        await lab.finish()
    plan = await lab.read(made.id)
    assert plan.state is PlanState.DONE
    assert [attempt.client_id for attempt in await lab.attempts(made.id)] == known
    assert set(lab.account.state.orders) <= set(known)
    assert lab.account.state.open_orders == ()
    assert {leg.note for leg in plan.legs if leg.state is not FILLED} == {"stopped"}


async def test_an_order_that_never_arrived_is_not_sent_again_after_the_stop(db: Database) -> None:
    """It is waited for as long as the exchange could still accept it; then nobody is asked, and whatever came of it is booked later."""
    lab = await open_lab(db)
    lab.account.faults.drop_requests = 1
    made = await lab.plan("sell 0.2 BTC")
    stop_after(lab, made.id, 1)
    await lab.finish()
    plan = await lab.read(made.id)
    assert [(leg.state, leg.note) for leg in plan.legs] == [(PARTIAL, "unknown")]
    assert lab.account.state.orders == {}


async def test_an_exchange_that_is_away_does_not_hold_a_stop_up_where_nothing_was_sent(db: Database) -> None:
    """The plan waits for a minute before it asks again; stopped, it ends within two seconds, because nothing is under way."""
    lab = await open_lab(db, pace=Pace(retries_s=(60,)))
    lab.account.faults.unreachable = True
    made = await lab.plan("sell 0.2 BTC")
    stop_after(lab, made.id, 3)
    await lab.finish()
    plan = await lab.read(made.id)
    assert [(leg.state, leg.note) for leg in plan.legs] == [(DROPPED, "stopped")]
    assert plan.finished_at is not None
    assert plan.finished_at - lab.market.start <= timedelta(seconds=5)


@pytest.mark.parametrize("dies", ["waiting-0", "cancelling-0", "cancelled-0", "answered-0", "ended-0", "ended-2", "measured", "finished"])
async def test_a_process_killed_after_the_stop_is_still_stopped_when_it_starts_again(db: Database, dies: str) -> None:
    """The journal has the stop: whoever carries the plan on takes the order back and sends nothing more."""
    death = Death(dies)
    lab = await open_lab(db, pace=PATIENT, crash_point=death)
    made = await lab.plan(PLAN)
    clock: Any = lab.clock
    real = clock.sleep

    async def sleep(seconds: float) -> None:
        if not death.stopped:
            death.stopped = await stop(lab, made.id)
        await real(seconds)

    clock.sleep = sleep
    if dies == "waiting-0":  # dies in the very wait in which it was stopped
        clock.sleep = lambda _: _dies(lab, made.id)
    with pytest.raises(Killed):
        await lab.finish()
    clock.sleep = real
    lab = await open_lab(db, clock=lab.clock, pace=PATIENT)
    before = set(lab.account.state.orders)
    await lab.executor.recovery.reconcile()
    await lab.finish()
    plan = await lab.read(made.id)
    assert plan.state is PlanState.DONE
    assert {leg.note for leg in plan.legs} == {"stopped"}
    assert set(lab.account.state.orders) == before
    assert lab.account.state.open_orders == ()
    assert books(lab.account)["BTC"] == "1"


async def _dies(lab: Lab, plan_id: int) -> None:
    assert await stop(lab, plan_id)
    raise Killed


async def test_a_stop_counts_once_and_only_under_way(db: Database) -> None:
    """Twice, after the end, on a plan that waits for an answer, and on none."""
    lab = await open_lab(db)
    made = await lab.plan(PLAN)
    assert await stop(lab, made.id)
    assert not await stop(lab, made.id)
    await lab.finish()
    assert not await stop(lab, made.id)
    assert not await stop(lab, made.id + 1)
    assert (await lab.read(made.id)).state is PlanState.DONE


async def test_a_parked_plan_that_was_stopped_is_looked_after_and_sends_nothing(db: Database) -> None:
    """Nobody knows whether its order exists, so a stop cannot end it: it waits for its person, whose "look again" sends nothing."""
    lab = await open_lab(db, late_window_s=None)
    lab.account.faults.drop_requests = 1
    made = await lab.plan("sell 0.2 BTC; buy 1 ETH")
    stop_after(lab, made.id, 1)
    await lab.finish()
    assert (await lab.read(made.id)).state is PlanState.PARKED
    assert await lab.executor.recovery.carry_on(made.id)
    await lab.finish()
    assert (await lab.read(made.id)).state is PlanState.PARKED
    assert await lab.executor.recovery.close(made.id)
    await lab.finish()
    plan = await lab.read(made.id)
    assert plan.state is PlanState.DONE
    assert states(plan) == [PARTIAL, DROPPED]
    assert lab.account.state.orders == {}


@pytest.mark.long
async def test_a_pause_lets_a_plan_under_way_come_to_its_end(db: Database) -> None:
    """What was confirmed is carried out: only Stop plan ends it."""
    lab = await open_lab(db, pace=QUICK)
    made = await lab.plan(PLAN)
    await lab.pause()
    await lab.finish()
    plan = await lab.read(made.id)
    assert states(plan) == [FILLED] * 3
    assert not plan.was_stopped

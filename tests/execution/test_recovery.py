"""Answers that never came: looked up, waited out, adopted or sent again; and plans that lost their workflow."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.durable import Standing
from chatbot.errors import KeyRefused, OutcomeUnknown, Unreachable
from chatbot.exchanges.base import LOOKED_UP_S, Order, OrderStatus, Side
from chatbot.execution.recovery import RESENDS_MAX, REVIVALS_MAX
from chatbot.model import LegState, OrderState, PlanState
from chatbot.store import events
from tests.execution.lab import QUICK, Lab, books, filled_by_leg, open_lab, states

if TYPE_CHECKING:
    from chatbot.exchanges.base import OrderRequest
    from chatbot.store.database import Database

SELL = "sell 0.2 BTC"
WINDOW_S = 5.0
FILLED = LegState.FILLED


class Killed(Exception):
    """The process ends here."""


def kill_at(name: str) -> object:
    """Return a crash point that ends the run at the first point of this name."""
    armed = [name]

    def point(here: str) -> None:
        if here in armed:
            armed.clear()
            raise Killed(here)

    return point


async def restarted(lab: Lab) -> Lab:
    """Start again with what the database remembers."""
    again = await open_lab(lab.db, clock=lab.clock, late_window_s=lab.account.late_window_s)
    again.account.faults = lab.account.faults
    return again


def seconds(lab: Lab) -> float:
    """Return how long it took."""
    return (lab.clock.now() - lab.market.start).total_seconds()


async def test_a_lost_answer_is_found_and_adopted(db: Database) -> None:
    lab = await open_lab(db)
    lab.account.faults.lose_answers = 1
    plan = await lab.run(SELL)
    assert states(plan) == [FILLED]
    assert filled_by_leg(lab.account)[0] == plan.legs[0].filled == Decimal("0.2")
    assert lab.account.state.spot["BTC"] == Decimal("0.8")


@pytest.mark.parametrize("other", [{"at": timedelta(days=2)}, {"qty": Decimal("0.3")}, {"side": Side.BUY}, {"limit": Decimal(1)}])
async def test_an_older_order_of_the_same_id_is_never_adopted(db: Database, other: dict[str, Any]) -> None:
    """An exchange lets an id be used again once its order has ended: of a database that was put back, say."""
    lab = await open_lab(db)
    lab.account.faults.drop_requests = 1
    real = lab.account.find
    sent: list[OrderRequest] = []
    place = lab.account.place

    async def noted(request: OrderRequest) -> Order:
        sent.append(request)
        return await place(request)

    async def find(instrument: str, client_id: str) -> Order | None:
        found = await real(instrument, client_id)
        if found is not None:
            return found
        asked = sent[-1]
        old = {"qty": asked.qty, "side": asked.side, "limit": asked.limit, **other}
        old["at"] = lab.clock.now() - other.get("at", timedelta(0))
        return Order(client_id=client_id, instrument=instrument, status=OrderStatus.FILLED, filled=old["qty"], **old)

    lab.account.place, lab.account.find = noted, find
    plan = await lab.let_go((await lab.run(SELL)).id)
    assert states(plan) == [FILLED]
    assert filled_by_leg(lab.account)[0] == Decimal("0.2")


@pytest.mark.parametrize("rounded", [{"qty": Decimal("0.19")}, {"limit": Decimal("1.001")}])
async def test_an_order_that_the_exchange_rounded_is_taken_over_as_it_is(db: Database, rounded: dict[str, Decimal]) -> None:
    """It was held for another one's: sent again six times under its id, then asked about for ever, and never booked."""
    lab = await open_lab(db)
    place, find, sent = lab.account.place, lab.account.find, dict[str, Order]()

    async def rounds(request: OrderRequest) -> Order:
        assert request.client_id not in sent, "sent twice"
        factor = rounded.get("limit", Decimal(1))
        real = await place(replace(request, qty=rounded.get("qty", request.qty) if not sent else request.qty))
        sent[request.client_id] = replace(real, limit=real.limit * factor, at=lab.clock.now())
        raise OutcomeUnknown("another order")

    async def looks(instrument: str, client_id: str) -> Order | None:
        found = await find(instrument, client_id)
        return found and replace(found, limit=sent[client_id].limit, at=sent[client_id].at)

    lab.account.place, lab.account.find = rounds, looks
    plan = await lab.run(SELL)
    assert plan.state is PlanState.DONE
    assert filled_by_leg(lab.account)[0] == plan.legs[0].filled == Decimal("0.2")


async def test_a_request_that_never_arrived_is_sent_again_only_after_the_window(db: Database) -> None:
    lab = await open_lab(db)
    lab.account.faults.drop_requests = 2
    made = await lab.plan(SELL)
    sent: list[tuple[str, float]] = []
    real = lab.account.place

    async def place(request: object) -> object:
        sent.append((request.client_id, seconds(lab)))  # type: ignore[attr-defined]
        return await real(request)

    lab.account.place = place
    await lab.finish()
    for times in (1, 2):
        assert len(sent) == times, "its person is asked each time"
        await lab.let_go(made.id)
    assert {name for name, _ in sent[:3]} == {f"b{made.id}-0-1"}, "the same intention has the same id"
    waits = [after - before for (_, before), (_, after) in pairwise(sent[:3])]
    assert min(waits) >= WINDOW_S + QUICK.margin_s, "each sending has a window of its own"
    assert lab.account.state.spot["BTC"] == Decimal("0.8")


@pytest.mark.parametrize(
    ("hours", "found_for_s", "end"),
    [(120, LOOKED_UP_S, PlanState.DONE), (168, LOOKED_UP_S, PlanState.PARKED), (1, 6600, PlanState.DONE), (2, 6600, PlanState.PARKED)],
)
async def test_what_no_history_shows_any_more_is_not_sent_again(db: Database, hours: int, found_for_s: float, end: PlanState) -> None:
    """The bot was down for a week: an exchange that shows a week has forgotten an order that was filled, and says that there is none.

    Spot of BingX finds an order by its id for two hours.
    """
    lab = await open_lab(db)
    lab.account.faults.drop_requests, lab.account.found_for_s = 1, found_for_s
    made = await lab.plan(SELL)
    real = lab.account.place

    async def place(request: object) -> object:
        try:
            return await real(request)
        except OutcomeUnknown:
            lab.clock.advance(hours * 3600)
            raise

    lab.account.place = place
    await lab.finish()
    assert (await lab.let_go(made.id)).state is end
    assert lab.account.state.spot["BTC"] == (Decimal("0.8") if end is PlanState.DONE else Decimal(1))


@pytest.mark.parametrize("late_s", [0.5, 2.0, 4.9])
async def test_a_request_that_arrives_late_is_adopted_and_never_doubled(db: Database, late_s: float) -> None:
    """Ids can be used again here, so that a second sending would be a second sale."""
    lab = await open_lab(db)
    faults = lab.account.faults
    faults.late_requests, faults.late_s, faults.reusable_ids, faults.lookup_lag_s = 1, late_s, True, 0.9
    plan = await lab.run(SELL)
    assert states(plan) == [FILLED]
    assert lab.account.state.spot["BTC"] == Decimal("0.8")


async def test_a_request_that_certainly_never_left_is_sent_again_without_waiting(db: Database) -> None:
    """Not even when the process dies in between."""
    lab = await open_lab(db, crash_point=kill_at("retried-0"))  # type: ignore[arg-type]
    made = await lab.plan(SELL)
    real, away = lab.account.place, iter([True])

    async def place(request: object) -> object:
        if next(away, False):
            raise Unreachable("no route")
        return await real(request)

    lab.account.place = place
    with pytest.raises(Killed):
        await lab.finish()
    assert seconds(lab) == QUICK.retries_s[0]
    assert lab.account.state.orders == {}
    lab = await restarted(lab)
    await lab.executor.recovery.reconcile()
    await lab.finish()
    assert states(await lab.read(made.id)) == [FILLED]
    assert lab.account.state.spot["BTC"] == Decimal("0.8")


async def test_an_unknown_window_parks_the_plan_and_nothing_is_sent_again(db: Database) -> None:
    lab = await open_lab(db, late_window_s=None)
    lab.account.faults.drop_requests = 1
    plan = await lab.run(SELL)
    assert plan.state == PlanState.PARKED
    assert states(plan) == [LegState.UNKNOWN]
    assert [one.state for one in await lab.attempts(plan.id)] == [OrderState.UNKNOWN]
    assert (await lab.told())[-1] == ("plan_parked", {"plan_id": plan.id, "why": "unknown"})


async def test_a_parked_plan_goes_on_when_its_order_shows_up_after_all(db: Database) -> None:
    lab = await open_lab(db, late_window_s=None)
    lab.account.faults.late_requests, lab.account.faults.late_s = 1, 100
    plan = await lab.run(SELL + "; buy 1 ETH")
    assert plan.state == PlanState.PARKED
    lab.clock.advance(200)  # type: ignore[attr-defined]
    assert await lab.executor.recovery.carry_on(plan.id)
    assert not await lab.executor.recovery.carry_on(plan.id), "once"
    await lab.finish()
    plan = await lab.read(plan.id)
    assert (plan.state, states(plan)) == (PlanState.DONE, [FILLED, FILLED])
    assert lab.account.state.spot["BTC"] == Decimal("0.8")


async def test_a_parked_plan_that_still_knows_nothing_parks_again(db: Database) -> None:
    lab = await open_lab(db, late_window_s=None)
    lab.account.faults.drop_requests = 1
    plan = await lab.run(SELL)
    assert await lab.executor.recovery.carry_on(plan.id)
    await lab.finish()
    assert (await lab.read(plan.id)).state == PlanState.PARKED
    assert [kind for kind, _ in await lab.told()].count("plan_parked") == 2


@pytest.mark.long
@pytest.mark.parametrize(("words", "sends"), [("sell 0.2 BTC", 1), ("sell 1 BTC", RESENDS_MAX + 1)], ids=["a part", "all there is"])
async def test_a_plan_that_a_person_lets_go_on_is_sent_again_once_the_exchange_answers(db: Database, words: str, sends: int) -> None:
    """However often it was sent in vain before they were asked: they said that it may be tried again."""
    lab = await open_lab(db)
    lab.account.faults.drop_requests = 2 * sends
    plan = await lab.run(words)
    for tries in (1, 2):
        assert lab.account.faults.drop_requests == (2 - tries) * sends
        plan = await lab.let_go(plan.id)
    assert (plan.state, states(plan)) == (PlanState.DONE, [FILLED])
    assert lab.account.state.spot["BTC"] == 1 - plan.legs[0].qty


async def test_a_person_can_close_a_parked_plan_and_what_is_unknown_stays_said(db: Database) -> None:
    lab = await open_lab(db, late_window_s=None)
    lab.account.faults.drop_requests = 1
    plan = await lab.run(SELL + "; buy 1 ETH")
    assert await lab.executor.recovery.close(plan.id)
    await lab.finish()
    plan = await lab.read(plan.id)
    assert plan.state == PlanState.DONE
    assert [(leg.state, leg.note) for leg in plan.legs] == [(LegState.PARTIAL, "unknown"), (LegState.DROPPED, "closed")]
    assert not await lab.executor.recovery.close(plan.id)


async def test_closing_a_parked_plan_takes_its_open_order_back(db: Database) -> None:
    lab = await open_lab(db)
    real = lab.account.find

    async def away(*_: object) -> object:
        lab.account.faults.unreachable = True
        return await real(*_)

    lab.account.find = away
    plan = await lab.run(SELL)
    assert plan.state == PlanState.PARKED
    assert len(lab.account.state.open_orders) == 1
    lab.account.find, lab.account.faults.unreachable = real, False
    assert await lab.executor.recovery.close(plan.id)
    await lab.finish()
    assert lab.account.state.open_orders == ()
    plan = await lab.read(plan.id)
    assert [(leg.state, leg.note) for leg in plan.legs] == [(LegState.PARTIAL, "closed")]


@pytest.mark.parametrize("sent", [True, False], ids=["an order is there", "nothing was sent"])
async def test_a_plan_whose_key_is_dead_can_be_closed_and_says_what_nobody_can_know(db: Database, *, sent: bool) -> None:
    """Parked and told at first; by its person's word it ends without a request, so that nothing waits for that key for ever."""
    lab = await open_lab(db)
    lab.account.faults.lose_answers = int(sent)

    async def refused(*_: object) -> Any:
        raise KeyRefused("it was deleted")

    lab.account.find = refused
    if not sent:
        lab.account.place = refused
    parked = await lab.run(f"{SELL}; buy 1 ETH")
    assert parked.state is PlanState.PARKED
    assert [facts["why"] for kind, facts in await lab.told() if kind == "plan_parked"] == [KeyRefused.why]
    assert await lab.executor.recovery.close(parked.id)
    await lab.finish()
    plan = await lab.read(parked.id)
    assert plan.state is PlanState.DONE
    assert (plan.legs[0].note, plan.legs[1].note) == ("unknown" if sent else "closed", "closed")
    assert all(one.state is not OrderState.UNKNOWN for one in await lab.attempts(parked.id))
    assert not await lab.executor.recovery.close(parked.id)


@pytest.mark.parametrize("refuses", ["place", "transfer"])
async def test_what_a_key_was_refused_was_not_taken_and_is_sent_once_the_key_is_good(db: Database, refuses: str) -> None:
    """Without a bound nothing is sent twice of which nobody knows; of this everybody does."""
    lab = await open_lab(db, late_window_s=None)
    real = getattr(lab.account, refuses)

    async def refused(*_: object, **__: object) -> Any:
        raise KeyRefused("its right to trade was taken away")

    setattr(lab.account, refuses, refused)
    plan = await lab.run("to_futures 100; buy 0.1 ETH" if refuses == "transfer" else SELL)
    assert plan.state is PlanState.PARKED
    setattr(lab.account, refuses, real)
    assert await lab.executor.recovery.carry_on(plan.id)
    await lab.finish()
    plan = await lab.read(plan.id)
    assert plan.state is PlanState.DONE
    assert {leg.state for leg in plan.legs} == {LegState.FILLED}
    assert [facts["why"] for kind, facts in await lab.told() if kind == "plan_parked"] == [KeyRefused.why]


async def test_a_person_is_asked_to_move_what_there_is_and_not_what_the_card_said(db: Database) -> None:
    """Money that left the account meanwhile cannot be moved: the plan asked for all of it, and waited for less."""
    lab = await open_lab(db)
    lab.account.moves_money, has_come = False, False

    async def nobody_can(*_: object) -> None:
        raise OutcomeUnknown("its person alone can")

    async def come(*_: object) -> bool:
        return has_come

    lab.account.transfer, lab.account.find_transfer = nobody_can, come
    free = (await lab.account.balances()).free["USDT"]
    plan = await lab.run(f"to_futures {free + 500}")
    assert [facts["why"] for kind, facts in await lab.told() if kind == "plan_parked"] == ["by_hand"]
    (leg,), (attempt,) = plan.legs, await lab.attempts(plan.id)
    assert (leg.state, leg.qty, leg.note) == (LegState.UNKNOWN, attempt.qty, "shrunk")
    assert free - Decimal("0.01") < leg.qty <= free
    has_come = True
    assert await lab.executor.recovery.carry_on(plan.id)
    await lab.finish()
    assert [one.state for one in (await lab.read(plan.id)).legs] == [LegState.FILLED]


@pytest.mark.parametrize("row", ["abandoned", "finished"])
async def test_closing_a_plan_whose_key_is_dead_survives_a_death_at_each_row(db: Database, row: str) -> None:
    lab = await open_lab(db)
    lab.account.faults.lose_answers = 1

    async def refused(*_: object) -> Any:
        raise KeyRefused("it was deleted")

    lab.account.find = refused
    parked = await lab.run(SELL)
    assert await lab.executor.recovery.close(parked.id)
    scribe = lab.executor._deps.scribe
    write = scribe.write

    async def dies(view: Any, change: Any) -> None:
        await write(view, change)
        if change.event == row:
            raise Killed

    scribe.write = dies  # type: ignore[method-assign]
    with pytest.raises(Killed):
        await lab.finish()
    lab = await restarted(lab)
    lab.account.find = refused
    await lab.executor.recovery.reconcile()
    await lab.finish()
    assert (await lab.read(parked.id)).state is PlanState.DONE
    assert [kind for kind, _ in await lab.told()].count("plan_result") == 1


async def test_a_lost_cancel_is_looked_up_before_the_remainder_goes_out(db: Database) -> None:
    lab = await open_lab(db)
    lab.account.faults.lose_cancels = 2
    plan = await lab.run(SELL)
    assert states(plan) == [FILLED]
    assert lab.account.state.spot["BTC"] == Decimal("0.8")


async def test_a_lost_transfer_is_found_and_not_repeated(db: Database) -> None:
    lab = await open_lab(db)
    lab.account.faults.lose_transfers = 1
    plan = await lab.run("to_spot 1000; to_futures 200")
    assert states(plan) == [FILLED, FILLED]
    assert lab.account.state.spot["USDT"] == Decimal(5800)


async def test_a_transfer_that_never_left_is_done_once_after_the_window(db: Database) -> None:
    lab = await open_lab(db)
    real, tries = lab.account.transfer, []

    async def transfer(*given: object) -> None:
        tries.append(seconds(lab))
        if len(tries) == 1:
            raise OutcomeUnknown("no answer")
        await real(*given)

    lab.account.transfer = transfer
    plan = await lab.let_go((await lab.run("to_spot 1000")).id)
    assert states(plan) == [FILLED]
    assert tries[1] - tries[0] >= WINDOW_S + QUICK.margin_s
    assert lab.account.state.spot["USDT"] == Decimal(6000)


async def test_a_transfer_with_an_unknown_window_parks(db: Database) -> None:
    lab = await open_lab(db, late_window_s=None)

    async def transfer(*_: object) -> None:
        raise OutcomeUnknown("no answer")

    lab.account.transfer = transfer
    plan = await lab.run("to_spot 1000")
    assert (plan.state, states(plan)) == (PlanState.PARKED, [LegState.UNKNOWN])


@pytest.mark.parametrize("point", ["intended-0", "acted-0", "answered-0", "waiting-0", "cancelling-0", "cancelled-0", "begun", "measured"])
async def test_a_run_that_was_cut_off_ends_with_the_same_books(db: Database, point: str) -> None:
    lab = await open_lab(db, crash_point=kill_at(point))  # type: ignore[arg-type]
    made = await lab.plan(SELL)
    with pytest.raises(Killed):
        await lab.finish()
    lab = await restarted(lab)
    assert await lab.executor.recovery.reconcile() == (made.id,)
    await lab.finish()
    plan = await lab.read(made.id)
    assert (plan.state, states(plan)) == (PlanState.DONE, [FILLED])
    assert books(lab.account)["BTC"] == "0.8"
    ids = [one.client_id for one in await lab.attempts(made.id)]
    assert len(ids) == len(set(ids)) == 4


async def test_an_order_that_rests_unlisted_is_taken_back_and_not_sent_twice(db: Database) -> None:
    """It rests and no look-up shows it: it is taken back where orders are matched, and what is left of it sent under the next id."""
    lab = await open_lab(db)
    lab.account.faults.lose_answers, lab.account.faults.lookup_lag_s = 1, 9.0
    plan = await lab.run(SELL)
    assert states(plan) == [FILLED]
    assert lab.account.state.spot["BTC"] == Decimal("0.8")


async def test_reconcile_leaves_living_work_alone(db: Database) -> None:
    lab = await open_lab(db)
    await lab.plan(SELL)
    assert await lab.executor.recovery.reconcile() == ()


async def test_a_plan_whose_workflow_always_breaks_is_parked_with_a_message(db: Database) -> None:
    lab = await open_lab(db)

    async def broken(*_: object) -> object:
        raise RuntimeError("a mistake of ours")

    lab.account.markets = broken
    made = await lab.plan(SELL)
    for _ in range(REVIVALS_MAX + 2):
        try:
            await lab.finish()
        except RuntimeError:
            await lab.executor.recovery.reconcile()
    plan = await lab.read(made.id)
    assert plan.state == PlanState.PARKED
    assert (await lab.told())[-1] == ("plan_parked", {"plan_id": made.id, "why": "broken"})
    async with db.read() as tx:
        assert [event.name for event in await events.events(tx, made.id)].count("revived") == REVIVALS_MAX


async def test_a_revived_plan_has_one_workflow_of_its_own(db: Database) -> None:
    lab = await open_lab(db, crash_point=kill_at("begun"))  # type: ignore[arg-type]
    made = await lab.plan(SELL)
    with pytest.raises(Killed):
        await lab.finish()
    assert await lab.work.standing(f"plan-{made.id}") == Standing.FAILED
    assert await lab.executor.recovery.reconcile() == (made.id,)
    assert await lab.executor.recovery.reconcile() == (), "it is alive now"
    assert await lab.work.standing(f"plan-{made.id}-1") == Standing.ALIVE

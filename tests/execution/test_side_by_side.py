"""Legs of one kind run side by side: as fast as the slowest, each on its own, none with the money of another, whatever happens to one."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatbot.clock import ManualClock
from chatbot.execution.pace import Pace
from chatbot.execution.record import View
from chatbot.model import Cause, LegKind, LegState, OrderState, Phase, PlanState, Reason
from chatbot.store import halt
from tests.examples import examples
from tests.execution.lab import START, Lab, books, open_lab, proposed, rich, states
from tests.execution.test_halt import PROMISE_S, QUICK, Wire, at, elsewhere, journal_is_book
from tests.execution.test_money import fresh_db, template
from tests.execution.test_recovery import kill_at, restarted
from tests.meanwhile import meanwhile
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from chatbot.exchanges.base import Order, OrderRequest
    from chatbot.model import Plan
    from chatbot.store.database import Database

FILLED, PARTIAL, REJECTED, DROPPED, UNKNOWN = LegState.FILLED, LegState.PARTIAL, LegState.REJECTED, LegState.DROPPED, LegState.UNKNOWN
FEAR = Reason(trigger=Cause.FEAR_GREED, event=Phase.BEGIN)
THREE_SALES = "sell 0.2 BTC; sell 1 ETH; sell 20 SOL"
EIGHT = (
    f"{THREE_SALES}; buy 1000 ADA; reduce sell 0.05 BTC-PERP; increase buy 0.5 ETH-PERP; increase buy 5 SOL-PERP; increase buy 100 ADA-PERP"
)


def passed(lab: Lab) -> float:
    """Return the seconds since the start."""
    return (lab.clock.now() - START).total_seconds()


# --- whose turn it is ---


def turn(words: str, *ended: int) -> list[int]:
    """Return the indexes of the legs whose turn it is once some have ended."""
    plan = proposed(1, words, START)
    now = tuple(replace(leg, state=FILLED) if leg.index in ended else leg for leg in plan.legs)
    return [leg.index for leg in View(plan=replace(plan, legs=now), portfolio=None).turn]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "ended", "expected"),
    [
        (EIGHT, (), [0, 1, 2]),
        (EIGHT, (1,), [0, 2]),
        (EIGHT, (0, 1, 2), [3]),
        (EIGHT, (0, 1, 2, 3), [4]),
        (EIGHT, (0, 1, 2, 3, 4), [5, 6, 7]),
        (EIGHT, tuple(range(8)), []),
        # a contract that is traded twice is not traded twice at once
        ("increase buy 0.1 BTC-PERP; increase buy 1 ETH-PERP; increase buy 0.1 BTC-PERP", (), [0, 1]),
        # a futures signal asked: what reduces comes first, and what is of its kind behind the sales waits for them
        ("reduce sell 0.1 BTC-PERP; sell 1 ETH; reduce sell 1 ETH-PERP", (), [0]),
    ],
)
def test_whose_turn_it_is(words: str, ended: tuple[int, ...], expected: list[int]) -> None:
    assert turn(words, *ended) == expected


# --- as fast as the slowest ---


async def lasts(words: str, **more: Any) -> float:
    """Return how long a plan takes, in seconds of the market."""
    async with fresh_db() as db:
        lab = await open_lab(db, **more)
        plan = await lab.run(words)
        assert plan.state is PlanState.DONE
        return passed(lab)


@pytest.mark.long
def test_a_plan_of_eight_legs_takes_no_longer_than_its_slowest() -> None:
    """Each kind lasts as long as one of its legs alone, to a look at an order."""
    template()
    kinds = (THREE_SALES, "buy 1000 ADA", "reduce sell 0.05 BTC-PERP", "increase buy 0.5 ETH-PERP")
    alone = [asyncio.run(lasts(words.split(";")[0])) for words in kinds]
    assert min(alone) >= 30, "every one of them rests three times"
    assert asyncio.run(lasts(EIGHT)) <= sum(alone) + 8
    slow = {"SOL": lambda seconds: 1.001 if seconds > 25 else 1.0}  # SOL is sold as it rests; the others wait for their end
    assert asyncio.run(lasts(THREE_SALES, paths=slow)) <= alone[0] + 2


async def test_a_plan_that_cannot_wait_has_every_order_out_within_five_seconds(db: Database) -> None:
    lab = await open_lab(db)
    plan = await lab.run(EIGHT, FEAR)
    assert states(plan) == [FILLED] * 8
    assert max((one.sent_at - START).total_seconds() for one in await lab.attempts(plan.id)) <= 5


async def test_all_orders_of_a_kind_are_on_the_wire_at_the_same_time(db: Database) -> None:
    """An exchange that answers nobody before all have asked: nobody waits for the answer to another one's order."""
    lab = await open_lab(db)
    real, asked, all_here = lab.account.place, 0, asyncio.Event()

    async def place(request: OrderRequest) -> Order:
        nonlocal asked
        asked += 1
        if asked == 3:
            all_here.set()
        await asyncio.wait_for(all_here.wait(), LIMIT_S)
        answer: Order = await real(request)
        return answer

    lab.account.place = place
    await lab.run(THREE_SALES, FEAR)
    assert asked >= 3


# --- each on its own ---


@pytest.mark.long
async def test_a_leg_that_fails_does_not_stop_those_beside_it(db: Database) -> None:
    lab = await open_lab(db)
    lab.account.faults.halted.add("ETH")
    lab.account.faults.stuck.add("BTC")
    plan = await lab.run(f"{THREE_SALES}; buy 1000 ADA")
    assert [(leg.state, leg.note) for leg in plan.legs[:3]] == [(PARTIAL, "unfilled"), (DROPPED, "halted"), (FILLED, "")]
    assert plan.legs[3].kind is LegKind.SPOT_BUY
    assert plan.state is PlanState.DONE


async def test_one_that_nobody_knows_of_parks_the_plan_when_the_others_have_ended(db: Database) -> None:
    """Then its person is asked; nothing of the next kind goes out before."""
    lab = await open_lab(db, late_window_s=None)
    lab.account.faults.drop_requests = 1
    plan = await lab.run(f"{THREE_SALES}; buy 1000 ADA")
    assert plan.state is PlanState.PARKED
    assert sorted(states(plan)) == sorted([UNKNOWN, FILLED, FILLED, LegState.PLANNED])
    assert plan.legs[3].state is LegState.PLANNED
    assert (await lab.told())[-1] == ("plan_parked", {"plan_id": plan.id, "why": "unknown"})
    assert await lab.executor.recovery.close(plan.id)
    await lab.finish()
    assert (await lab.read(plan.id)).state is PlanState.DONE


async def test_a_price_that_cannot_be_had_holds_up_one_leg_only(db: Database) -> None:
    """ETH has no price for a while: the others are done in their own time, and it follows."""
    lab = await open_lab(db)
    real = lab.account.quotes

    async def quotes(names: Any) -> Any:
        found = await real(names)
        return {name: quote for name, quote in found.items() if name != "ETH" or passed(lab) > 3}

    lab.account.quotes = quotes
    plan = await lab.run(THREE_SALES, FEAR)
    assert states(plan) == [FILLED] * 3
    sent = {one.leg_index: (one.sent_at - START).total_seconds() for one in await lab.attempts(plan.id)}
    assert (sent[0], sent[2]) == (0, 0)
    assert 3 < sent[1] <= 7


async def test_an_answer_that_is_lost_is_waited_out_by_one_leg_only(db: Database) -> None:
    """The quarantine of one order is no quarantine of the others."""
    lab = await open_lab(db)
    lab.account.faults.drop_requests = 1
    plan = await lab.run(THREE_SALES, FEAR)
    assert sorted(states(plan)) == [FILLED, FILLED, LegState.UNKNOWN]
    plan = await lab.let_go(plan.id)
    assert states(plan) == [FILLED] * 3
    tries = await lab.attempts(plan.id)
    assert sorted((one.sent_at - START).total_seconds() >= 6 for one in tries) == [False, False, True]
    assert {one.attempt for one in tries} == {1}, "the same intention"


# --- none with the money of another ---


def spent(lab: Lab, plan: Plan) -> Decimal:
    """Return what the buys came to."""
    return sum((leg.traded + leg.fee for leg in plan.legs if leg.kind is LegKind.SPOT_BUY and leg.filled), Decimal(0))


async def test_what_one_buy_was_given_is_not_spent_by_another(db: Database) -> None:
    """BTC runs up by 1.2 % and would take what ETH and SOL count on; all three are bought, and nothing is refused for money."""
    lab = await open_lab(db, state=rich(USDT="9000"), paths={"BTC": lambda seconds: 1.012 if seconds > 5 else 1.0})
    plan = await lab.run("buy 0.05 BTC; buy 1 ETH; buy 19.7 SOL")
    btc, eth, sol = plan.legs
    assert (eth.state, sol.state) == (FILLED, FILLED)
    assert 0 < btc.filled <= btc.qty
    assert lab.account.state.spot["USDT"] == Decimal(9000) - spent(lab, plan) >= 0
    assert not any(one.detail for one in await lab.attempts(plan.id))


@pytest.mark.long
@settings(max_examples=examples(4), suppress_health_check=list(HealthCheck))
@given(
    cash=st.integers(100, 12_000),
    moves=st.tuples(*[st.sampled_from([0.99, 1.0, 1.005, 1.012])] * 3),
    at_once=st.booleans(),
)
def test_the_buys_together_never_spend_more_than_there_is(cash: int, moves: tuple[float, float, float], at_once: bool) -> None:
    """Whatever the prices do: what they were given adds up to the money, and no order is refused for want of it."""
    template()

    async def go() -> None:
        async with fresh_db() as db:
            paths = {
                name: (lambda seconds, by=by: by if seconds > 5 else 1.0) for name, by in zip(("BTC", "ETH", "SOL"), moves, strict=True)
            }
            lab = await open_lab(db, state=rich(USDT=str(cash)), paths=paths)
            plan = await lab.run("buy 0.05 BTC; buy 1 ETH; buy 20 SOL", *([FEAR] if at_once else []))
            given = [await lab.executor._deps.scribe.budget(plan.id, index) for index in range(3)]
            assert sum((one for one in given if one is not None), Decimal(0)) <= cash
            for leg, budget in zip(plan.legs, given, strict=True):
                assert not leg.filled or (budget is not None and leg.traded + leg.fee <= budget)
            assert lab.account.state.spot["USDT"] == cash - spent(lab, plan) >= 0
            assert all(one.state is not OrderState.REJECTED for one in await lab.attempts(plan.id))

    asyncio.run(go())


# --- stopped, halted, killed ---


@pytest.mark.long
async def test_a_halt_takes_every_order_of_a_kind_back_within_two_seconds(db: Database) -> None:
    clock = ManualClock(START)
    lab = await open_lab(db, clock=clock, pace=Pace(requote_s=30, requotes=1, margin_s=1))
    wire, made = Wire(lab), await lab.plan(f"{THREE_SALES}; buy 1000 ADA")
    with at(clock, 5.0, lambda: elsewhere(db, begin=True)):
        await lab.finish()
    plan = await lab.read(made.id)
    assert plan.state is PlanState.PARKED
    assert (len(wire.sent), len(wire.cancels)) == (3, 3)
    assert all(5.0 <= cancelled <= 5.0 + PROMISE_S for cancelled in wire.cancels)
    await journal_is_book(lab, plan)
    elsewhere(db, begin=False)
    assert await lab.executor.recovery.carry_on(made.id)
    await lab.finish()
    assert states(await lab.read(made.id)) == [FILLED] * 4


async def test_a_halt_calls_every_order_off_when_the_exchange_is_back(db: Database) -> None:
    """It could not be reached when trading was halted: the plan is parked with three orders at work."""
    clock = ManualClock(START)
    lab = await open_lab(db, clock=clock, pace=QUICK)
    made = await lab.plan(THREE_SALES)

    def both() -> None:
        elsewhere(db, begin=True)
        lab.account.faults.unreachable = True

    with at(clock, 1.0, both):
        await lab.finish()
    assert (await lab.read(made.id)).state is PlanState.PARKED
    assert len(lab.account.state.open_orders) == 3
    lab.account.faults.unreachable = False
    await lab.executor.recovery.reconcile()
    await journal_is_book(lab, await lab.read(made.id))


@pytest.mark.parametrize("before", range(1, 14))
@pytest.mark.parametrize("halted", [True, False])
async def test_no_intention_of_any_leg_is_younger_than_a_stop(db: Database, before: int, *, halted: bool) -> None:
    """Halted or stopped before any transaction: the journal holds what it held then, and nothing works any more."""
    lab = await open_lab(db)
    made = await lab.plan(THREE_SALES)
    known: set[str] = set()

    async def stop() -> None:
        if halted:
            async with db.transaction() as tx:
                await halt.begin(tx, START)
        else:
            assert await lab.executor.recovery.stop(made.id, 1)
        known.update(one.client_id for one in await lab.attempts(made.id))

    with meanwhile(db, stop, before=before):
        await lab.finish()
    plan = await lab.read(made.id)
    assert plan.state is (PlanState.PARKED if halted else PlanState.DONE)
    assert {one.client_id for one in await lab.attempts(made.id)} == known
    assert set(lab.account.state.orders) <= known
    assert lab.account.state.open_orders == ()


TWICE = "sell 0.2 BTC; sell 1 ETH; buy 10 SOL; buy 1000 ADA; increase buy 0.5 ETH-PERP; increase buy 5 SOL-PERP"


async def unhurt() -> tuple[list[str], dict[str, str]]:
    """Return every named point that an unhurt run passes, with a request that was lost, and the books that it leads to."""
    async with fresh_db() as db:
        lab = await open_lab(db, pace=QUICK)
        lab.account.faults.drop_requests = 1
        plan = await lab.see_through((await lab.run(TWICE)).id)
        assert states(plan) == [FILLED] * 6
        return list(dict.fromkeys(lab.points)), books(lab.account)


async def killed(point: str, wanted: dict[str, str]) -> None:
    """Die at a point and begin again: every order is at the exchange once, and the books are those of no death."""
    async with fresh_db() as db:
        lab = await open_lab(db, pace=QUICK, crash_point=kill_at(point))  # type: ignore[arg-type]
        lab.account.faults.drop_requests = 1
        made = await lab.plan(TWICE)
        with pytest.raises(Exception, match=point):
            await lab.see_through(made.id)
        lab = await restarted(lab)
        await lab.executor.recovery.reconcile()
        await lab.finish()
        assert (await lab.see_through(made.id)).state is PlanState.DONE
        assert books(lab.account) == wanted, point
        await journal_is_book(lab, await lab.read(made.id))


@pytest.mark.long
def test_a_process_that_dies_between_legs_side_by_side_ends_with_the_same_books() -> None:
    """At a point of every third kind; those beside it had come as far as they had."""
    template()
    points, wanted = asyncio.run(unhurt())
    for point in [*{point.partition("-")[0]: point for point in points}.values()][1::3]:
        asyncio.run(killed(point, wanted))


@pytest.mark.slow
def test_a_process_that_dies_at_any_point_of_legs_side_by_side_ends_with_the_same_books() -> None:
    template()
    points, wanted = asyncio.run(unhurt())
    assert len(points) > 40
    for point in points:
        asyncio.run(killed(point, wanted))

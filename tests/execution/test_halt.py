"""Trading is halted for everybody while a plan is under way: nothing is sent from then on, and the plan waits for its person."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatbot.clock import ManualClock
from chatbot.execution.pace import Pace
from chatbot.model import LegState, OrderState, PlanState
from chatbot.store import events, halt
from chatbot.store.database import Database
from tests.examples import examples
from tests.execution.lab import START, Lab, books, open_lab, states
from tests.execution.test_money import fresh_db, template
from tests.meanwhile import meanwhile
from tests.store.databases import postgres_or_skip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chatbot.model import Plan

#: a plan that does everything an exchange can be asked to do
ALL = "sell 0.2 BTC; to_spot 1000; buy 1 ETH; to_futures 100; reduce sell 0.05 BTC-PERP; increase buy 0.5 ETH-PERP"
SHORT = "buy 1 ETH; to_futures 100; increase buy 0.5 ETH-PERP"
#: slow enough that orders wait, and so do retries
SLOW = Pace(requote_s=30, requotes=1, margin_s=1)
QUICK = Pace(requote_s=2, poll_s=1, requotes=0, retries_s=(1, 2), margin_s=1)
#: what the operator is promised
PROMISE_S = 2.0


class Killed(Exception):
    """The process ends here."""


def elsewhere(db: Database, *, begin: bool) -> None:
    """Begin or end a halt as another process does it: by its own connection, whatever this loop is busy with."""

    async def work() -> None:
        other = Database(db._url.render_as_string(hide_password=False))
        async with other.transaction() as tx:
            await (halt.begin(tx, START) if begin else halt.end(tx))
        await other.close()

    thread = threading.Thread(target=lambda: asyncio.run(work()))
    thread.start()
    thread.join()


@dataclass
class Wire:
    """Notes everything but reads and cancels that is sent to the exchange, and when."""

    lab: Lab
    sent: list[tuple[str, float]] = field(default_factory=list)
    cancels: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Stand between the executor and the account."""
        for name in ("place", "transfer", "set_leverage"):
            setattr(self.lab.account, name, self.noting(name, self.sent))
        self.lab.account.cancel = self.noting("cancel", self.cancels)

    def noting(self, name: str, notes: list[Any]) -> Any:
        """Return the call that notes itself first."""
        real = getattr(self.lab.account, name)

        async def call(*args: Any) -> Any:
            at = (self.lab.clock.now() - self.lab.market.start).total_seconds()
            notes.append(at if name == "cancel" else (name, at))
            return await real(*args)

        return call


async def journal_is_book(lab: Lab, plan: Plan) -> None:
    """Hold that the journal and the exchange tell the same of every order that exists, and that none of them works any more.

    One of which nobody knows is not there: its request was lost, and its person is asked before it goes out again.
    """
    attempts = {one.client_id: one for one in await lab.attempts(plan.id) if one.limit is not None}
    there = lab.account.state.orders
    assert there.keys() <= attempts.keys()
    for name, attempt in attempts.items():
        assert attempt.filled == (there[name].filled if name in there else 0)
        assert (name in there) is (attempt.detail != halt.HALTED and attempt.state is not OrderState.UNKNOWN)
        assert attempt.state not in (OrderState.OPEN, OrderState.SUBMITTING)
    assert lab.account.state.open_orders == ()


def traded(lab: Lab) -> dict[str, str]:
    """Return the coins and positions that are held; the money depends on the prices that were got."""
    return {name: qty for name, qty in books(lab.account).items() if name not in ("USDT", "wallet")}


@contextmanager
def at(clock: ManualClock, seconds: float, happens: Callable[[], None]) -> Iterator[None]:
    """Let something happen as soon as the clock has passed so many seconds since the start, in the middle of whatever waits."""
    real, due = clock.advance, START + timedelta(seconds=seconds)

    def advance(by: float) -> None:
        before = clock.now()
        real(by)
        if before < due <= clock.now():
            happens()

    clock.advance = advance  # type: ignore[method-assign]
    yield
    clock.advance = real  # type: ignore[method-assign]


async def test_a_resting_order_is_cancelled_within_two_seconds_and_the_plan_goes_on_when_told_to(db: Database) -> None:
    clock = ManualClock(START)
    lab = await open_lab(db, clock=clock, pace=SLOW)
    wire, made = Wire(lab), await lab.plan("sell 0.2 BTC; buy 1 ETH")
    with at(clock, 5.0, lambda: elsewhere(db, begin=True)):
        await lab.finish()
    plan = await lab.read(made.id)
    assert plan.state is PlanState.PARKED
    assert len(wire.sent) == len(wire.cancels) == 1
    assert 5.0 <= wire.cancels[0] <= 5.0 + PROMISE_S
    assert (clock.now() - START).total_seconds() <= 5.0 + PROMISE_S
    assert (await lab.told())[-1] == ("plan_parked", {"plan_id": plan.id, "why": halt.HALTED})
    await journal_is_book(lab, plan)

    assert not await lab.executor.recovery.carry_on(plan.id), "trading is halted"
    assert await lab.executor.recovery.reconcile() == ()
    elsewhere(db, begin=False)
    assert await lab.executor.recovery.reconcile() == (), "it waits for its person"
    assert await lab.executor.recovery.carry_on(plan.id)
    await lab.finish()
    plan = await lab.read(plan.id)
    assert (plan.state, states(plan)) == (PlanState.DONE, [LegState.FILLED] * 2)
    assert (lab.account.state.spot["BTC"], lab.account.state.spot["ETH"]) == (Decimal("0.8"), Decimal(6))


async def test_a_pause_between_two_tries_ends_with_the_halt(db: Database) -> None:
    """An exchange that cannot be reached is not waited for when there is nothing to cancel."""
    clock = ManualClock(START)
    lab = await open_lab(db, clock=clock, pace=SLOW)
    lab.account.faults.unreachable = True
    made = await lab.plan("sell 0.2 BTC")
    with at(clock, 40.0, lambda: elsewhere(db, begin=True)):
        await lab.finish()
    assert (await lab.read(made.id)).state is PlanState.PARKED
    assert (clock.now() - START).total_seconds() <= 40.0 + PROMISE_S
    assert lab.account.state.orders == {}


async def test_an_order_that_arrives_late_in_its_quarantine_is_cancelled_when_it_is_there(db: Database) -> None:
    clock = ManualClock(START)
    lab = await open_lab(db, clock=clock, pace=SLOW, late_window_s=8.0)
    lab.account.faults.late_requests, lab.account.faults.late_s = 1, 6.0
    wire, made = Wire(lab), await lab.plan("sell 0.2 BTC")
    with at(clock, 2.0, lambda: elsewhere(db, begin=True)):
        await lab.finish()
    plan = await lab.read(made.id)
    assert (plan.state, len(wire.sent)) == (PlanState.PARKED, 1)
    assert min(at for at in wire.cancels if at >= 6.0) <= 6.0 + PROMISE_S, "it is tried before as well: no look-up need show it"
    await journal_is_book(lab, plan)


async def test_an_order_that_cannot_be_cancelled_for_now_is_cancelled_when_the_exchange_is_back(db: Database) -> None:
    clock = ManualClock(START)
    lab = await open_lab(db, clock=clock, pace=QUICK)
    made = await lab.plan("sell 0.2 BTC; buy 1 ETH")

    def both() -> None:
        elsewhere(db, begin=True)
        lab.account.faults.unreachable = True

    with at(clock, 1.0, both):
        await lab.finish()
    assert (await lab.read(made.id)).state is PlanState.PARKED
    assert len(lab.account.state.open_orders) == 1
    await lab.executor.recovery.reconcile()
    lab.account.faults.unreachable = False
    await lab.executor.recovery.reconcile()
    await journal_is_book(lab, await lab.read(made.id))


async def test_a_plan_that_nobody_worked_on_while_the_halt_lasted_asks_all_the_same(db: Database) -> None:
    """The process was down from before the halt until after its end."""
    lab = await open_lab(db)
    wire, made = Wire(lab), await lab.plan("sell 0.2 BTC")
    elsewhere(db, begin=True)
    elsewhere(db, begin=False)
    await lab.finish()
    assert ((await lab.read(made.id)).state, wire.sent) == (PlanState.PARKED, [])
    assert await lab.executor.recovery.carry_on(made.id)
    await lab.finish()
    assert states(await lab.read(made.id)) == [LegState.FILLED]


async def test_a_halted_plan_can_be_closed_although_trading_is_halted(db: Database) -> None:
    """Leaving it needs no order; what was filled stays."""
    clock = ManualClock(START)
    lab = await open_lab(db, clock=clock, pace=SLOW)
    lab.account.faults.stuck.add("BTC")
    wire, made = Wire(lab), await lab.plan("sell 0.2 BTC; buy 1 ETH")
    with at(clock, 45.0, lambda: elsewhere(db, begin=True)):
        await lab.finish()
    sent = len(wire.sent)
    assert await lab.executor.recovery.close(made.id)
    await lab.finish()
    plan = await lab.read(made.id)
    assert (plan.state, states(plan)) == (PlanState.DONE, [LegState.PARTIAL, LegState.DROPPED])
    assert {leg.note for leg in plan.legs} == {"closed"}
    assert len(wire.sent) == sent
    await journal_is_book(lab, plan)


async def begin(db: Database) -> None:
    """Begin a halt."""
    async with db.transaction() as tx:
        await halt.begin(tx, START)


@pytest.mark.parametrize("before", range(1, 12))
async def test_no_intention_is_younger_than_a_halt(db: Database, before: int) -> None:
    """Begun between any look at the database and the transaction that relies on it: the journal holds what it held then."""
    lab = await open_lab(db, pace=QUICK)
    made = await lab.plan("sell 0.2 BTC; to_futures 100; reduce sell 0.05 BTC-PERP")
    known: list[tuple[str, object]] = []

    async def stop() -> None:
        await begin(db)
        known.extend((one.client_id, one.sent_at) for one in await lab.attempts(made.id))

    with meanwhile(db, stop, before=before):
        await lab.finish()
    plan = await lab.read(made.id)
    assert plan.state is PlanState.PARKED
    assert [(one.client_id, one.sent_at) for one in await lab.attempts(plan.id)] == known
    await journal_is_book(lab, plan)


@pytest.mark.parametrize(("words", "call"), [("sell 0.2 BTC", "place"), ("to_spot 1000", "transfer"), ("to_futures 100", "transfer")])
async def test_what_is_written_down_and_not_yet_sent_stays_here(db: Database, words: str, call: str) -> None:
    """A halt between the intention and the wire: it is not sent, and goes out anew when its person lets the plan go on."""
    lab = await open_lab(db, pace=QUICK, crash_point=lambda point: elsewhere(db, begin=True) if point == "intended-0" else None)
    wire, made = Wire(lab), await lab.plan(words)
    await lab.finish()
    assert wire.sent == []
    plan = await lab.read(made.id)
    assert [(leg.state, leg.filled, leg.note) for leg in plan.legs] == [(LegState.OPEN, 0, "")]
    elsewhere(db, begin=False)
    lab.executor._deps = replace(lab.executor._deps, crash_point=lambda _: None)
    assert await lab.executor.recovery.carry_on(made.id)
    await lab.finish()
    assert {name for name, _ in wire.sent} == {call}
    assert states(await lab.read(made.id)) == [LegState.FILLED]
    assert [one.client_id for one in await lab.attempts(made.id)][:2] == [f"b{made.id}-0-1", f"b{made.id}-0-2"]


async def test_no_leverage_is_set_after_a_halt(db: Database) -> None:
    """Begun while the positions are looked at."""
    lab = await open_lab(db, pace=QUICK)
    wire, made = Wire(lab), await lab.plan("increase buy 0.5 ETH-PERP")
    real = lab.account.positions

    async def positions() -> Any:
        await begin(db)
        return await real()

    lab.account.positions = positions
    await lab.finish()
    assert (wire.sent, (await lab.read(made.id)).state) == ([], PlanState.PARKED)


async def unhurt(words: str) -> tuple[list[str], dict[str, str]]:
    """Return every named point that an unhurt run passes, those of a recovery among them, and the books that it leads to."""
    async with fresh_db() as db:
        lab = await open_lab(db, pace=QUICK)
        lab.account.faults.drop_requests = 1
        await lab.see_through((await lab.run(words)).id)
        return list(dict.fromkeys(lab.points)), traded(lab)


@pytest.mark.long
def test_a_process_that_dies_while_trading_is_halted_sends_nothing_more() -> None:
    """Halted and killed at a point of each kind in turn; the next process winds the plan down, and goes on after the halt."""
    template()
    points, wanted = asyncio.run(unhurt(SHORT))
    kinds = {point.partition("-")[0]: point for point in reversed(points)}
    assert len(kinds) >= 14
    for point in kinds.values():
        asyncio.run(_halted_and_killed_at(point, SHORT, wanted))


@pytest.mark.slow
def test_a_process_that_dies_at_every_point_while_trading_is_halted_sends_nothing_more() -> None:
    template()
    points, wanted = asyncio.run(unhurt(ALL))
    assert len(points) > 25
    for point in points:
        asyncio.run(_halted_and_killed_at(point, ALL, wanted))


async def _halted_and_killed_at(point: str, words: str, wanted: dict[str, str]) -> None:
    async with fresh_db() as db:
        armed = [point]

        def die(here: str) -> None:
            if here in armed:
                armed.clear()
                elsewhere(db, begin=True)
                raise Killed

        lab = await open_lab(db, pace=QUICK, crash_point=die)
        lab.account.faults.drop_requests = 1
        made = await lab.plan(words)
        with pytest.raises(Killed):
            await lab.see_through(made.id)
        again = await open_lab(db, clock=lab.clock, pace=QUICK)
        wire = Wire(again)
        await again.executor.recovery.reconcile()
        await again.finish()
        plan = await again.read(made.id)
        assert wire.sent == [], point
        assert plan.state in (PlanState.PARKED, PlanState.DONE), point
        await journal_is_book(again, plan)
        elsewhere(db, begin=False)
        if plan.state is PlanState.PARKED:
            assert await again.executor.recovery.carry_on(plan.id)
            await again.finish()
            plan = await again.see_through(plan.id)
        assert (plan.state, {leg.state for leg in plan.legs}) == (PlanState.DONE, {LegState.FILLED}), point
        assert traded(again) == wanted, point


@pytest.mark.long
@settings(max_examples=examples(6), suppress_health_check=[HealthCheck.too_slow])
@given(
    parts=st.lists(st.sampled_from(ALL.split("; ")), min_size=1, max_size=4, unique=True),
    passed=st.integers(0, 25),
    fault=st.sampled_from(["", "lose_answers", "drop_requests", "late_requests", "lose_cancels", "lose_transfers"]),
    stuck=st.booleans(),
)
def test_no_order_is_placed_after_a_halt_and_the_journal_is_the_book(parts: list[str], passed: int, fault: str, stuck: bool) -> None:
    """Halted at any moment of any plan, with any one thing that goes wrong at the exchange."""
    template()
    asyncio.run(_halted_after(passed, "; ".join(part for part in ALL.split("; ") if part in parts), fault, stuck=stuck))


async def _halted_after(passed: int, words: str, fault: str, *, stuck: bool) -> None:
    async with fresh_db() as db:
        seen: list[int] = []
        left = [passed]

        def point(_: str) -> None:
            left[0] -= 1
            if left[0] == 0:
                elsewhere(db, begin=True)
                seen.append(len(wire.sent))

        lab = await open_lab(db, pace=QUICK, crash_point=point)
        if fault:
            setattr(lab.account.faults, fault, 1)
        lab.account.faults.late_s = 4.0
        lab.account.faults.stuck |= {"BTC"} if stuck else set()
        wire, made = Wire(lab), await lab.plan(words)
        if passed == 0:
            elsewhere(db, begin=True)
            seen.append(0)
        await lab.finish()
        plan = await (lab.read if seen else lab.see_through)(made.id)
        if seen:
            assert len(wire.sent) == seen[0]
        assert plan.state in (PlanState.PARKED, PlanState.DONE)
        assert plan.state is PlanState.DONE or seen
        await journal_is_book(lab, plan)
        for leg in plan.legs:
            assert leg.filled == sum((one.filled for one in await lab.attempts(plan.id) if one.leg_index == leg.index), Decimal(0))


@pytest.mark.long
async def test_a_plan_on_postgres_is_stopped_and_goes_on() -> None:
    """Another connection begins the halt, as another process would; the rows and locks are PostgreSQL's."""
    db = Database(await postgres_or_skip().copy())
    clock = ManualClock(START)
    lab = await open_lab(db, clock=clock, pace=SLOW)
    wire, made = Wire(lab), await lab.plan("sell 0.2 BTC")
    with at(clock, 5.0, lambda: elsewhere(db, begin=True)):
        await lab.finish()
    plan = await lab.read(made.id)
    assert (plan.state, len(wire.sent), len(wire.cancels)) == (PlanState.PARKED, 1, 1)
    assert wire.cancels[0] <= 5.0 + PROMISE_S
    await journal_is_book(lab, plan)
    elsewhere(db, begin=False)
    assert await lab.executor.recovery.carry_on(made.id)
    await lab.finish()
    assert states(await lab.read(made.id)) == [LegState.FILLED]
    await db.close()


async def test_what_a_halt_stopped_is_told_in_the_journal(db: Database) -> None:
    lab = await open_lab(db)
    made = await lab.plan("sell 0.2 BTC")
    elsewhere(db, begin=True)
    await lab.finish()
    elsewhere(db, begin=False)
    await lab.executor.recovery.carry_on(made.id)
    async with db.read() as tx:
        names = [event.name for event in await events.events(tx, made.id)]
    assert names == ["halted", "parked", "let_go", "revived"]

"""/panic: cancel, close every futures position, pause; then, asked for once more, sell every coin. It beats every setting.

What is pressed is written down in one transaction: the portfolio is paused, its open card ends, a plan under way is stopped, and the
closing is enqueued behind it. So a process killed anywhere closes everything once, when it starts again. A pause keeps plans from being
confirmed and lets confirmed ones end: the plans of a panic are confirmed by being made, so nothing else has to make way for them.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from chatbot.alerts import write
from chatbot.durable import Standing
from chatbot.errors import contained
from chatbot.model import UNDER_WAY, UNSETTLED, Cause, DecidedBy, LeftOutWhy, MessageKind, Mode, PlanState, Problem, Urgency
from chatbot.plans import panic_draft
from chatbot.portfolio import states
from chatbot.portfolio.states import PanicMark
from chatbot.store import accounts, events, halt, messages, orders, plans, portfolios

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from chatbot.clock import Clock
    from chatbot.durable import Work
    from chatbot.model import Plan, Portfolio
    from chatbot.plans.costs import Costing
    from chatbot.portfolio.evaluation import Evaluation
    from chatbot.portfolio.evaluator import Evaluator
    from chatbot.store.database import Database, Tx

WORKFLOW = "panic"
EXECUTE = "execute_plan"
#: pauses between two looks for prices before the person is told that the futures are still open
RETRIES_S = (1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0, 30.0, 30.0)
#: seconds that the page waits for what costs depend on; without them it says that they are unknown
_COSTS_S = 3.0
#: what could not be closed by then is left to its person
LIMIT = timedelta(minutes=10)
_LOG = structlog.get_logger()


class Ends(Protocol):
    """Ends plans under way; execution does."""

    async def end(self, tx: Tx, plan: Plan, person_id: int, now: datetime) -> None:
        """Stop a plan under way, or end one that stopped half-way, in the caller's transaction."""
        ...


class Pressed(StrEnum):
    """What came of pressing the button, for one portfolio."""

    #: paused; orders are cancelled, futures are being closed
    STOPPED = "stopped"
    #: that was done since the page was shown, or is being done
    ALREADY = "already"
    #: it was pressed on this page before, and its person has let the portfolio go on since
    RESUMED = "resumed"
    #: the operator has halted trading: wait
    HALTED = "halted"
    #: it was opened on another market, and nothing is done with it here
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of it for one portfolio."""

    portfolio: Portfolio
    pressed: Pressed
    #: when the panic began that this is about; None: there is none
    since: datetime | None = None
    #: the plan that was under way
    stopped: Plan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What /panic would do to one portfolio."""

    portfolio: Portfolio
    #: what would be traded, with what it costs; None: nobody knows, see ``problems``
    plan: Plan | None
    problems: tuple[Problem, ...] = ()
    #: the plan that would be ended, and how many orders of it are at the exchange
    open_plan: Plan | None = None
    open_orders: int = 0
    #: when the panic began that it is in; None: it is in none
    since: datetime | None = None


class Sold(StrEnum):
    """Why the second step sells nothing."""

    #: the portfolio goes on since, or was never stopped
    NOT_STOPPED = "not_stopped"
    #: the first step is not through
    NOT_YET = "not_yet"
    HALTED = "halted"
    UNKNOWN = "unknown"
    #: only the quote coin and dust are left
    NOTHING = "nothing"


class Outcome(StrEnum):
    """What a try to close everything comes to; told to the person unless a plan tells it."""

    #: a plan does it
    PLANNED = "planned"
    #: there is nothing to close
    FLAT = "flat"
    #: no sound prices, or the account cannot be read
    UNKNOWN = "unknown"
    #: another plan of the portfolio has not come to its end, or trading is halted
    WAITING = "waiting"
    #: it is not to be done any more
    OVER = "over"
    #: its person has let the portfolio go on before it was done
    RESUMED = "resumed"
    #: it was tried for long enough
    GIVEN_UP = "given_up"


class Panic:
    """The use cases of /panic, and the work that carries the first step out."""

    def __init__(
        self,
        db: Database,
        work: Work,
        evaluator: Evaluator,
        costing: Costing,
        clock: Clock,
        *,
        world: str,
        ends: Ends,
        changed: Callable[[int], None],
        crash_point: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._db = db
        self._work = work
        self._evaluator = evaluator
        self._costing = costing
        self._clock = clock
        #: name of the market that this program runs on
        self._world = world
        self._ends = ends
        self._changed = changed
        self._crash_point = crash_point
        self._step = work.step("close_futures")(self._close)
        work.workflow(WORKFLOW)(self.close_futures)

    # what would happen

    async def effect(self, portfolio: Portfolio) -> Effect:
        """Say what the first step would do to a portfolio, from fresh prices, with what it costs."""
        return await self._effect(portfolio, Cause.PANIC)

    async def sale(self, portfolio: Portfolio) -> Effect:
        """Say what the second step would."""
        return await self._effect(portfolio, Cause.SELL_OUT)

    async def _effect(self, portfolio: Portfolio, cause: Cause) -> Effect:
        evaluation = await self._evaluator.look(portfolio, fresh=True)
        with suppress(TimeoutError):  # what it costs is worth a moment, not more
            async with asyncio.timeout(_COSTS_S):
                await self._costing.prepare(evaluation.quotes, books=evaluation.quotes)
        async with self._db.read() as tx:
            before, open_plan = await states.read(tx, portfolio.id), await plans.open_plan(tx, portfolio.id)
            sent = await orders.orders(tx, open_plan.id) if open_plan is not None else ()
        return Effect(
            portfolio=portfolio,
            plan=self._draft(evaluation, cause),
            problems=evaluation.problems,
            open_plan=open_plan,
            open_orders=sum(order.state in UNSETTLED for order in sent),
            since=before.panic.at if before.panic is not None and portfolio.paused else None,
        )

    def _draft(self, evaluation: Evaluation, cause: Cause) -> Plan | None:
        """Return what a step trades; None where nobody knows what is there."""
        if evaluation.account is None:
            return None
        make = panic_draft.closing if cause is Cause.PANIC else panic_draft.selling
        drafted = make(panic_draft.of_what_is_known(evaluation), self._clock.now())
        return self._costing.priced(drafted, evaluation.quotes, evaluation.markets)

    # the first step

    async def stop(self, portfolio: Portfolio, person_id: int, shown_at: datetime) -> Answer | None:
        """Stop a portfolio: what was pressed once since ``shown_at`` is not done again. None: it is not this person's, or not served."""
        now = self._clock.now()
        await self._work.start()  # it may be on its way still, and cannot get there inside a transaction
        async with self._db.transaction() as tx:
            await portfolios.hold(tx, portfolio.id)
            latest = await portfolios.get(tx, portfolio.id)
            if latest is None or latest.person_id != person_id or not await portfolios.is_served(tx, latest.id):
                return None
            if latest.exchange != self._world:
                return Answer(portfolio=latest, pressed=Pressed.ELSEWHERE)
            if await halt.since_for_sure(tx) is not None:
                return Answer(portfolio=latest, pressed=Pressed.HALTED)
            before, open_plan = await states.read(tx, latest.id), await plans.open_plan(tx, latest.id)
            if before.panic is not None and (nothing := _nothing_to_do(latest, before.panic, open_plan, shown_at)) is not None:
                return Answer(portfolio=latest, pressed=nothing, since=before.panic.at)
            mark = PanicMark(at=now)
            await portfolios.set_paused(tx, (latest.id,), paused=True)
            if open_plan is not None:
                await self._end(tx, open_plan, person_id, now)
            await states.write(tx, latest.id, before, replace(before, memory=replace(before.memory, pending=()), panic=mark))
            await self._enqueue(tx, latest.id, mark)
        self._crash_point("stopped")
        self._changed(latest.id)
        _LOG.info("panic", portfolio=latest.id, person=person_id, plan=open_plan.id if open_plan else None)
        return Answer(portfolio=replace(latest, paused=True), pressed=Pressed.STOPPED, since=now, stopped=open_plan)

    async def _end(self, tx: Tx, plan: Plan, person_id: int, now: datetime) -> None:
        """End whatever is open: a card visibly, a plan under way by its own way to stop."""
        if plan.state != PlanState.PROPOSED:
            await self._ends.end(tx, plan, person_id, now)
        elif await plans.decide(tx, plan.id, PlanState.SUPERSEDED, now, DecidedBy.PANIC):
            await events.add_event(tx, plan.id, None, "panic", {"person": person_id}, now)
            await write.redraw_card(tx, plan, now, "panic")

    async def _enqueue(self, tx: Tx, portfolio_id: int, mark: PanicMark) -> None:
        """Let the closing follow on whatever plan of the portfolio is under way: they share a queue."""
        await self._work.enqueue(tx, WORKFLOW, _key(portfolio_id, mark), {"portfolio_id": portfolio_id}, partition=str(portfolio_id))

    async def close_futures(self, portfolio_id: int) -> str:
        """Make and confirm the plan that closes everything; the workflow. Returns what came of it."""
        return str(await self._step(portfolio_id))

    async def _close(self, portfolio_id: int) -> str:
        """Try until prices are there, for a while; tell the person at the first failure and at the end."""
        for pause in (*RETRIES_S, None):
            outcome, problems = await self._try(portfolio_id)
            if outcome is Outcome.UNKNOWN and pause is None:
                return await self._leave(portfolio_id, Outcome.GIVEN_UP, problems)
            if outcome is not Outcome.UNKNOWN or pause is None:
                return outcome
            await self._clock.sleep(pause)
        raise AssertionError("the last pause is None")

    async def _try(self, portfolio_id: int) -> tuple[Outcome, tuple[Problem, ...]]:
        """Look at what is there now and plan it away, once: in the transaction in which the mark says that it is still to be done."""
        async with self._db.read() as tx:
            portfolio = await portfolios.get(tx, portfolio_id)
        if portfolio is None:
            return Outcome.OVER, ()
        evaluation = await self._evaluator.look(portfolio, fresh=True)
        drafted, now = self._draft(evaluation, Cause.PANIC), self._clock.now()
        stuck = drafted.left_out if drafted is not None else ()
        found = evaluation.problems or tuple(Problem(code="not_traded", instrument=left.instrument) for left in stuck)
        self._crash_point("looked")
        async with self._db.transaction() as tx:
            outcome = await self._settle(tx, portfolio_id, drafted, found, now)
        self._crash_point("settled")
        _LOG.info("closing futures", portfolio=portfolio_id, outcome=outcome)
        return outcome, found

    async def _settle(self, tx: Tx, portfolio_id: int, drafted: Plan | None, problems: tuple[Problem, ...], now: datetime) -> Outcome:
        latest, before = await portfolios.get(tx, portfolio_id), await states.read(tx, portfolio_id)
        mark = before.panic
        if latest is None or mark is None or not mark.pending:
            return Outcome.OVER
        is_served = await portfolios.is_served(tx, portfolio_id)
        if not latest.paused or not is_served:
            await states.write(tx, portfolio_id, before, replace(before, panic=replace(mark, pending=False)))
            is_flat = drafted is not None and not drafted.legs and not drafted.left_out
            outcome = Outcome.OVER if is_flat or not is_served else Outcome.RESUMED
            if outcome is Outcome.RESUMED:
                await self._tell(tx, latest, mark, outcome)
            return outcome
        open_plan = await plans.open_plan(tx, portfolio_id)
        busy = open_plan is not None and open_plan.state != PlanState.PROPOSED
        if busy or await halt.since_for_sure(tx) is not None:
            if busy:  # a halt is told to everybody by itself
                await self._tell(tx, latest, mark, Outcome.WAITING)
            return Outcome.WAITING
        if drafted is None or (not drafted.legs and _stuck(drafted)):
            await self._tell(tx, latest, mark, Outcome.UNKNOWN, problems)
            return Outcome.UNKNOWN
        hedges = tuple(replace(hedge, closed=hedge.closed or "panic") for hedge in before.hedges) if drafted.legs else ()
        await states.write(tx, portfolio_id, before, replace(before, hedges=hedges, tilts=(), panic=replace(mark, pending=False)))
        if not drafted.legs:
            await self._tell(tx, latest, mark, Outcome.FLAT)
            return Outcome.FLAT
        await self._begin(tx, latest, drafted, now)
        return Outcome.PLANNED

    async def _begin(self, tx: Tx, portfolio: Portfolio, drafted: Plan, now: datetime) -> Plan:
        """Store a plan of a panic and confirm it by that; who trades by hand gets the list instead. Its message comes with it."""
        before, person = await plans.open_plan(tx, portfolio.id), await accounts.person(tx, portfolio.person_id)
        plan = await plans.add_plan(tx, drafted)
        if before is not None:
            await write.redraw_card(tx, before, now, "panic")
        if person is None:
            return plan
        if portfolio.mode != Mode.MANUAL and await plans.decide(tx, plan.id, PlanState.CONFIRMED, now):
            await events.add_event(tx, plan.id, None, "confirmed", {"person": person.id, "by": "panic"}, now)
            await self._work.enqueue(tx, EXECUTE, f"plan-{plan.id}", {"plan_id": plan.id}, partition=str(portfolio.id))
        await messages.post(
            tx,
            chat_id=person.chat_id,
            kind=MessageKind.PLAN_CARD,
            facts={"plan_id": plan.id},
            key=f"card-{plan.id}",
            urgency=Urgency.ALWAYS,
            now=now,
        )
        return await plans.plan(tx, plan.id) or plan

    async def _leave(self, portfolio_id: int, outcome: Outcome, problems: tuple[Problem, ...] = ()) -> str:
        """Stop trying, and say that the futures are still open."""
        async with self._db.transaction() as tx:
            latest, before = await portfolios.get(tx, portfolio_id), await states.read(tx, portfolio_id)
            if latest is None or before.panic is None or not before.panic.pending:
                return Outcome.OVER
            await states.write(tx, portfolio_id, before, replace(before, panic=replace(before.panic, pending=False)))
            await self._tell(tx, latest, before.panic, outcome, problems)
        _LOG.error("futures not closed", portfolio=portfolio_id, outcome=outcome)
        return outcome

    async def _tell(self, tx: Tx, portfolio: Portfolio, mark: PanicMark, outcome: Outcome, problems: tuple[Problem, ...] = ()) -> None:
        """Say what became of it where no plan does; once for each panic, through quiet hours."""
        person = await accounts.person(tx, portfolio.person_id)
        if person is None:
            return
        facts: dict[str, Any] = {"portfolio_id": portfolio.id, "outcome": outcome}
        facts["problems"] = [{"code": problem.code, "instrument": problem.instrument} for problem in problems[:8]]
        await messages.post(
            tx,
            chat_id=person.chat_id,
            kind=MessageKind.PANIC,
            facts=facts,
            key=f"panic-{portfolio.id}-{mark.at.isoformat()}-{outcome}",
            urgency=Urgency.ALWAYS,
            now=self._clock.now(),
        )

    async def reconcile(self) -> None:
        """Take up again what was pressed and is not done: its work was lost with a process, or had to wait for another plan."""
        async with self._db.read() as tx:
            marked = await portfolios.with_state(tx, states.PANIC)
        for portfolio_id in marked:
            with contained("panic not taken up", portfolio=portfolio_id):  # the next look is in a minute
                await self._take_up(portfolio_id)

    async def _take_up(self, portfolio_id: int) -> None:
        async with self._db.read() as tx:
            mark = (await states.read(tx, portfolio_id)).panic
        if mark is None or not mark.pending:
            return
        if await self._work.standing(_key(portfolio_id, mark)) == Standing.ALIVE:
            return
        now = self._clock.now()
        if now - mark.at > LIMIT:
            await self._leave(portfolio_id, Outcome.GIVEN_UP)
            return
        async with self._db.transaction() as tx:
            latest, before = await portfolios.get(tx, portfolio_id), await states.read(tx, portfolio_id)
            if latest is None or before.panic != mark:
                return
            open_plan, again = await plans.open_plan(tx, portfolio_id), replace(mark, tries=mark.tries + 1)
            if open_plan is not None and open_plan.state == PlanState.PARKED:
                await self._ends.end(tx, open_plan, latest.person_id, now)
            await states.write(tx, portfolio_id, before, replace(before, panic=again))
            await self._enqueue(tx, portfolio_id, again)

    # the second step

    async def sell(self, portfolio: Portfolio, person_id: int, shown_at: datetime) -> Plan | Sold | None:
        """Sell every coin of a stopped portfolio, once for a page of that time; None: it is not this person's, or not served."""
        evaluation = await self._evaluator.look(portfolio, fresh=True)
        drafted, now = self._draft(evaluation, Cause.SELL_OUT), self._clock.now()
        await self._work.start()
        async with self._db.transaction() as tx:
            await portfolios.hold(tx, portfolio.id)
            latest = await portfolios.get(tx, portfolio.id)
            if latest is None or latest.person_id != person_id or not await portfolios.is_served(tx, latest.id):
                return None
            if why := await self._keeps_from_selling(tx, latest, shown_at):
                return why
            if drafted is None or not drafted.legs:
                return Sold.UNKNOWN if drafted is None or _stuck(drafted) else Sold.NOTHING
            plan = await self._begin(tx, latest, drafted, now)
        self._crash_point("sold")
        _LOG.info("selling all spot", portfolio=latest.id, person=person_id, plan=plan.id)
        return plan

    async def _keeps_from_selling(self, tx: Tx, portfolio: Portfolio, shown_at: datetime) -> Plan | Sold | None:
        """Return why nothing may be sold now, or the plan that does it already."""
        if await halt.since_for_sure(tx) is not None:
            return Sold.HALTED
        mark, open_plan = (await states.read(tx, portfolio.id)).panic, await plans.open_plan(tx, portfolio.id)
        if mark is None or not portfolio.paused:
            return Sold.NOT_STOPPED
        last = open_plan or next(iter(await plans.plans(tx, portfolio.id, limit=1)), None)
        if last is not None and last.created_at >= shown_at and any(reason.trigger is Cause.SELL_OUT for reason in last.reasons):
            return last
        if mark.pending or (open_plan is not None and open_plan.state != PlanState.PROPOSED):
            return Sold.NOT_YET
        return None


def _key(portfolio_id: int, mark: PanicMark) -> str:
    return f"panic-{portfolio_id}-{mark.at.isoformat()}-{mark.tries}"


def _nothing_to_do(portfolio: Portfolio, mark: PanicMark, open_plan: Plan | None, shown_at: datetime) -> Pressed | None:
    """Return why a press on a page of that time does nothing: it was done since, or is being done, and holds. None: it is to be done."""
    if not portfolio.paused:  # what was begun before its person let it go on ends with that, or may open nothing again
        return Pressed.RESUMED if mark.at >= shown_at else None
    under_way = open_plan is not None and open_plan.is_panic and open_plan.state in UNDER_WAY
    return Pressed.ALREADY if mark.pending or mark.at >= shown_at or under_way else None


def _stuck(plan: Plan) -> bool:
    """Tell whether something that is there cannot be traded now, dust apart."""
    return any(left.why is not LeftOutWhy.BELOW_MINIMUM for left in plan.left_out)

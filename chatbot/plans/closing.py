"""Closing every futures position of a portfolio that was stopped by /panic: the work behind the button, tried until prices are there.

It is enqueued in the transaction that stops the portfolio, and its mark says in the database that it is still to be done: a process that
is killed anywhere closes everything once, when it starts again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from chatbot.alerts import write
from chatbot.durable import Standing, enqueue_plan
from chatbot.errors import contained
from chatbot.model import Cause, MessageKind, PlanState, Problem
from chatbot.plans import panic_draft
from chatbot.portfolio.stored import states
from chatbot.store import accounts, events, halt, messages, plans, portfolios

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from chatbot.clock import Clock
    from chatbot.durable import Work
    from chatbot.model import Plan, Portfolio
    from chatbot.plans.costs import CostingOf
    from chatbot.portfolio.evaluator import Evaluator
    from chatbot.portfolio.states import PanicMark
    from chatbot.shares.owned import Shares
    from chatbot.store.database import Database, Tx

WORKFLOW = "panic"
#: pauses between two looks for prices before the person is told that the futures are still open
RETRIES_S = (1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0, 30.0, 30.0)
#: what could not be closed by then is left to its person
LIMIT = timedelta(minutes=10)
_LOG = structlog.get_logger()


class Ends(Protocol):
    """Ends plans under way; execution does."""

    async def end(self, tx: Tx, plan: Plan, person_id: int, now: datetime) -> None:
        """Stop a plan under way, or end one that stopped half-way, in the caller's transaction."""
        ...


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


class Closing:
    """The work of the first step of a panic."""

    def __init__(
        self,
        db: Database,
        work: Work,
        evaluator: Evaluator,
        costing: CostingOf,
        clock: Clock,
        *,
        ends: Ends,
        crash_point: Callable[[str], None],
        shares: Shares,
    ) -> None:
        self._db, self._shares = db, shares
        self._work = work
        self._evaluator = evaluator
        self._costing = costing
        self._clock = clock
        self._ends = ends
        self._crash_point = crash_point
        self._step = work.step("close_futures")(self._close)
        work.workflow(WORKFLOW)(self.close_futures)

    async def enqueue(self, tx: Tx, portfolio_id: int, mark: PanicMark) -> None:
        """Let the closing follow on whatever plan of the portfolio is under way: they share a queue."""
        await self._work.enqueue(tx, WORKFLOW, _key(portfolio_id, mark), {"portfolio_id": portfolio_id}, partition=str(portfolio_id))

    async def close_futures(self, portfolio_id: int) -> str:
        """Make and confirm the plan that closes everything; the workflow. Returns what came of it."""
        async with self._db.read() as tx:
            whose = await portfolios.people_of(tx, (portfolio_id,))
        with self._shares.in_hand(whose.get(portfolio_id, 0)) as is_ours:
            return str(await self._step(portfolio_id)) if is_ours else Outcome.OVER  # whoever looks after its person takes it up

    async def _close(self, portfolio_id: int) -> Outcome:
        """Try until prices are there, for a while; tell the person at the first failure and at the end."""
        for pause in RETRIES_S:
            outcome, _ = await self._try(portfolio_id)
            if outcome is not Outcome.UNKNOWN:
                return outcome
            await self._clock.sleep(pause)
        outcome, problems = await self._try(portfolio_id)
        return await self._give_up(portfolio_id, problems) if outcome is Outcome.UNKNOWN else outcome

    async def _try(self, portfolio_id: int) -> tuple[Outcome, tuple[Problem, ...]]:
        """Look at what is there now and plan it away, once: in the transaction in which the mark says that it is still to be done."""
        async with self._db.read() as tx:
            portfolio = await portfolios.get(tx, portfolio_id)
        if portfolio is None:
            return Outcome.OVER, ()
        evaluation = await self._evaluator.look(portfolio, fresh=True)
        now = self._clock.now()
        drafted = panic_draft.draft(evaluation, Cause.PANIC, self._costing(evaluation.portfolio), now)
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
        if drafted is None or (not drafted.legs and panic_draft.is_stuck(drafted)):
            await self._tell(tx, latest, mark, Outcome.UNKNOWN, problems)
            return Outcome.UNKNOWN
        hedges = tuple(replace(hedge, closed=hedge.closed or "panic") for hedge in before.hedges) if drafted.legs else ()
        await states.write(tx, portfolio_id, before, replace(before, hedges=hedges, tilts=(), panic=replace(mark, pending=False)))
        if not drafted.legs:
            await self._tell(tx, latest, mark, Outcome.FLAT)
            return Outcome.FLAT
        await begin(tx, self._work, latest, drafted, now)
        return Outcome.PLANNED

    async def _give_up(self, portfolio_id: int, problems: tuple[Problem, ...] = ()) -> Outcome:
        """Stop trying, and say that the futures are still open."""
        async with self._db.transaction() as tx:
            latest, before = await portfolios.get(tx, portfolio_id), await states.read(tx, portfolio_id)
            if latest is None or before.panic is None or not before.panic.pending:
                return Outcome.OVER
            await states.write(tx, portfolio_id, before, replace(before, panic=replace(before.panic, pending=False)))
            await self._tell(tx, latest, before.panic, Outcome.GIVEN_UP, problems)
        _LOG.error("futures not closed", portfolio=portfolio_id)
        return Outcome.GIVEN_UP

    async def _tell(self, tx: Tx, portfolio: Portfolio, mark: PanicMark, outcome: Outcome, problems: tuple[Problem, ...] = ()) -> None:
        """Say what became of it where no plan does; once for each panic, through quiet hours."""
        person = await accounts.person(tx, portfolio.person_id)
        if person is None:
            return
        facts: dict[str, Any] = {"portfolio_id": portfolio.id, "outcome": outcome}
        facts["problems"] = [{"code": problem.code, "instrument": problem.instrument} for problem in problems[:8]]
        key = f"panic-{portfolio.id}-{mark.at.isoformat()}-{outcome}"
        await messages.ring(tx, person.chat_id, MessageKind.PANIC, facts, key=key, now=self._clock.now())

    async def reconcile(self) -> None:
        """Take up again what was pressed and is not done: its work was lost with a process, or had to wait for another plan."""
        async with self._db.read() as tx:
            marked = await portfolios.with_state(tx, states.PANIC)
            whose = await portfolios.people_of(tx, marked)
        for portfolio_id in marked:
            with contained("panic not taken up", portfolio=portfolio_id), self._shares.in_hand(whose[portfolio_id]) as is_ours:
                if is_ours:  # the next look is in a minute
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
            await self._give_up(portfolio_id)
            return
        async with self._db.transaction() as tx:
            latest, before = await portfolios.get(tx, portfolio_id), await states.read(tx, portfolio_id)
            if latest is None or before.panic != mark:
                return
            open_plan, again = await plans.open_plan(tx, portfolio_id), replace(mark, tries=mark.tries + 1)
            if open_plan is not None and open_plan.state == PlanState.PARKED:
                await self._ends.end(tx, open_plan, latest.person_id, now)
            await states.write(tx, portfolio_id, before, replace(before, panic=again))
            await self.enqueue(tx, portfolio_id, again)


async def begin(tx: Tx, work: Work, portfolio: Portfolio, drafted: Plan, now: datetime) -> Plan:
    """Store a plan of a panic and confirm it by that; who trades by hand gets the list instead. Its message comes with it."""
    before, person = await plans.open_plan(tx, portfolio.id), await accounts.person(tx, portfolio.person_id)
    plan = await plans.add_plan(tx, drafted)
    if before is not None:
        await write.redraw_card(tx, before, now, "panic")
    if person is None:
        return plan
    if not portfolio.is_by_hand and await plans.decide(tx, plan.id, PlanState.CONFIRMED, now):
        await events.add_event(tx, plan.id, None, "confirmed", {"person": person.id, "by": "panic"}, now)
        await enqueue_plan(work, tx, plan)
    await messages.ring(tx, person.chat_id, MessageKind.PLAN_CARD, {"plan_id": plan.id}, key=f"card-{plan.id}", now=now)
    return await plans.plan(tx, plan.id) or plan


def _key(portfolio_id: int, mark: PanicMark) -> str:
    return f"panic-{portfolio_id}-{mark.at.isoformat()}-{mark.tries}"

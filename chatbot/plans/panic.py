"""/panic: cancel, close every futures position, pause; then, asked for once more, sell every coin. It beats every setting.

What is pressed is written down in one transaction: the portfolio is paused, its open card ends, a plan under way is stopped, and the
closing is enqueued behind it. So a process killed anywhere closes everything once, when it starts again. A pause keeps plans from being
confirmed and lets confirmed ones end: the plans of a panic are confirmed by being made, so nothing else has to make way for them.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

import structlog

from chatbot import live_consent
from chatbot.alerts import write
from chatbot.model import UNDER_WAY, UNSETTLED, AloneEnded, Cause, DecidedBy, PlanState
from chatbot.plans import intended_mix, panic_draft
from chatbot.plans.closing import Closing, begin
from chatbot.portfolio.states import PanicMark
from chatbot.portfolio.stored import states
from chatbot.shares.owned import EVERYBODY
from chatbot.store import events, halt, orders, plans, portfolios
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from chatbot.clock import Clock
    from chatbot.durable import Work
    from chatbot.model import Plan, Portfolio, Problem
    from chatbot.plans.closing import Ends
    from chatbot.plans.costs import CostingOf
    from chatbot.portfolio.evaluator import Evaluator
    from chatbot.shares.owned import Shares
    from chatbot.store.database import Database, Tx

#: seconds that the page waits for what costs depend on; without them it says that they are unknown
_COSTS_S = 3.0
_LOG = structlog.get_logger()


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


class Panic:
    """The use cases of /panic: what would happen, and the two steps."""

    def __init__(
        self,
        db: Database,
        work: Work,
        evaluator: Evaluator,
        costing: CostingOf,
        clock: Clock,
        *,
        is_here: Callable[[Portfolio], bool],
        ends: Ends,
        changed: Callable[[int], None],
        crash_point: Callable[[str], None] = lambda _: None,
        shares: Shares = EVERYBODY,
    ) -> None:
        self._db = db
        self._work = work
        self._evaluator = evaluator
        self._costing = costing
        self._clock = clock
        #: whether a portfolio belongs to the markets that this program runs on
        self._is_here = is_here
        self._ends = ends
        self._changed = changed
        self._crash_point = crash_point
        #: carries the first step out
        self.closing = Closing(db, work, evaluator, costing, clock, ends=ends, crash_point=crash_point, shares=shares)

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
                await self._costing(portfolio).prepare(evaluation.quotes, books=evaluation.quotes)
        async with self._db.read() as tx:
            before, open_plan = await states.read(tx, portfolio.id), await plans.open_plan(tx, portfolio.id)
            sent = await orders.orders(tx, open_plan.id) if open_plan is not None else ()
        return Effect(
            portfolio=portfolio,
            plan=panic_draft.draft(evaluation, cause, self._costing(portfolio), self._clock.now()),
            problems=evaluation.problems,
            open_plan=open_plan,
            open_orders=sum(order.state in UNSETTLED for order in sent),
            since=before.panic.at if before.panic is not None and portfolio.paused else None,
        )

    # the first step

    async def stop(self, portfolio: Portfolio, person_id: int, shown_at: datetime) -> Answer | None:
        """Stop a portfolio: what was pressed once since ``shown_at`` is not done again. None: it is not this person's, or not served."""
        now = self._clock.now()
        await self._work.start()  # it may be on its way still, and cannot get there inside a transaction
        async with self._db.transaction() as tx:
            latest = await _held(tx, portfolio.id, person_id)
            if latest is None:
                return None
            if not self._is_here(latest):
                return Answer(portfolio=latest, pressed=Pressed.ELSEWHERE)
            if await halt.since_for_sure(tx) is not None:
                return Answer(portfolio=latest, pressed=Pressed.HALTED)
            before, open_plan = await states.read(tx, latest.id), await plans.open_plan(tx, latest.id)
            if before.panic is not None and (nothing := _nothing_to_do(latest, before.panic, open_plan, shown_at)) is not None:
                return Answer(portfolio=latest, pressed=nothing, since=before.panic.at)
            mark = PanicMark(at=now)
            await portfolios.pause(tx, (latest.id,), forgets=True)
            await live_consent.end_alone(tx, AloneEnded.PAUSED, now, (latest.id,))
            if open_plan is not None:
                await self._end(tx, open_plan, person_id, now)
            await states.write(tx, latest.id, before, replace(before, memory=replace(before.memory, pending=()), panic=mark))
            await self.closing.enqueue(tx, latest.id, mark)
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

    # the second step

    async def sell(self, portfolio: Portfolio, person_id: int, shown_at: datetime) -> Plan | Sold | None:
        """Sell every coin of a stopped portfolio, once for a page of that time; None: it is not this person's, or not served."""
        evaluation = await self._evaluator.look(portfolio, fresh=True)
        now = self._clock.now()
        drafted = panic_draft.draft(evaluation, Cause.SELL_OUT, self._costing(portfolio), now)
        await self._work.start()
        async with self._db.transaction() as tx:
            latest = await _held(tx, portfolio.id, person_id)
            if latest is None:
                return None
            if why := await self._keeps_from_selling(tx, latest, shown_at):
                return why
            if drafted is None or not drafted.legs:
                return Sold.UNKNOWN if drafted is None or panic_draft.is_stuck(drafted) else Sold.NOTHING
            plan = await begin(tx, self._work, latest, drafted, now)
            if plan.state is not PlanState.PROPOSED:  # by hand it counts when it is said to be done
                before = await states.read(tx, latest.id)
                await states.write(tx, latest.id, before, replace(before, mix=intended_mix.confirmed(before.mix, plan)))
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


async def _held(tx: Tx, portfolio_id: int, person_id: int) -> Portfolio | None:
    """Return a portfolio that nobody else changes before ``tx`` ends; None: it is not this person's, or not served."""
    await portfolios.hold(tx, portfolio_id)
    latest = await portfolios.get(tx, portfolio_id)
    mine = latest is not None and latest.person_id == person_id and await portfolios.is_served(tx, portfolio_id)
    return latest if mine else None


def _nothing_to_do(portfolio: Portfolio, mark: PanicMark, open_plan: Plan | None, shown_at: datetime) -> Pressed | None:
    """Return why a press on a page of that time does nothing: it was done since, or is being done, and holds. None: it is to be done."""
    if not portfolio.paused:  # what was begun before its person let it go on ends with that, or may open nothing again
        return Pressed.RESUMED if mark.at >= shown_at else None
    under_way = open_plan is not None and open_plan.is_panic and open_plan.state in UNDER_WAY
    return Pressed.ALREADY if mark.pending or mark.at >= shown_at or under_way else None

"""Plans without an answer: act within limits, remind, or carry out only the legs that reduce risk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from chatbot.alerts import quiet_hours, write
from chatbot.errors import contained
from chatbot.model import AnswerMode, DecidedBy, MessageKind, NotAlone, Plan, PlanState, Unanswered
from chatbot.plans import autonomy, hedge_draft, outcomes
from chatbot.plans.show_card import count_again, offer
from chatbot.portfolio.revision import revision_of
from chatbot.portfolio.stored import turnover
from chatbot.store import accounts, halt, messages, plans, portfolios
from chatbot.triggers import drift

if TYPE_CHECKING:
    from datetime import datetime

    from chatbot.clock import Clock
    from chatbot.model import Person, Portfolio
    from chatbot.monitor.roster import Roster
    from chatbot.plans.rebalancing import Rebalancing
    from chatbot.portfolio.evaluator import Evaluator
    from chatbot.shares.owned import Shares
    from chatbot.store.database import Database, Tx

log = structlog.get_logger()


class UnansweredPlans:
    """Looks after the plans that wait; called with every check, so that what a killed process left undone is done by the next."""

    def __init__(self, db: Database, rebalancing: Rebalancing, evaluator: Evaluator, roster: Roster, clock: Clock, shares: Shares) -> None:
        """Its plans are those of the people in ``shares``."""
        self._db, self._shares = db, shares
        self._rebalancing = rebalancing
        self._evaluator = evaluator
        self._roster = roster
        self._clock = clock

    async def attend(self) -> int:
        """Do everything that is due by now; return how many plans were looked after. One that fails is tried again with the next check."""
        async with self._db.read() as tx:
            due = await plans.unattended(tx, self._clock.now())
            halted = bool(due) and await halt.since(tx) is not None
            whose = await plans.people_of(tx, due)
        for plan_id in due:
            with contained("plan could not be looked after", plan=plan_id), self._shares.in_hand(whose[plan_id]) as is_ours:
                if is_ours:
                    await self._look_after(plan_id, halted=halted)
        return len(due)

    async def _look_after(self, plan_id: int, *, halted: bool) -> None:
        """Do what is due about one plan; while trading is ``halted`` nothing but a reminder is."""
        async with self._db.read() as tx:
            plan = await plans.plan(tx, plan_id)
        stand, now = plan.stand if plan else None, self._clock.now()
        portfolio, person = await self._owner(plan) if plan else (None, None)
        if plan is None or stand is None or portfolio is None or person is None or not person.is_let_in:
            return
        if halted and stand.remind_at is None:
            return
        if stand.auto:
            await self._act(plan, person)
        elif stand.reduce_at is not None and now >= stand.reduce_at:
            await self._reduce(plan, person)
        elif stand.remind_at is not None:
            await self._tell(plan, person, MessageKind.PLAN_REMINDER)

    async def _owner(self, plan: Plan) -> tuple[Portfolio | None, Person | None]:
        async with self._db.read() as tx:
            portfolio = await portfolios.get(tx, plan.portfolio_id)
            return portfolio, await accounts.person(tx, portfolio.person_id) if portfolio else None

    async def _act(self, plan: Plan, person: Person) -> None:
        """Carry a plan out inside the limits; what stands against it now is told on a plan that asks."""
        alone = outcomes.AutoConfirm(by=DecidedBy.AUTO, forbids=self._forbids_auto, tells=self._shows_card)
        outcome = await self._rebalancing.confirm(plan.id, person.id, alone=alone)
        log.info("acted alone", plan=plan.id, outcome=type(outcome).__name__)
        match outcome:
            case outcomes.Moved():
                await self._ask_instead(plan, person, NotAlone.MOVED)
            case outcomes.TooExpensive():
                await self._ask_instead(plan, person, NotAlone.EXPENSIVE)
            case outcomes.Forbidden(why=why):
                await self._ask_instead(plan, person, why)
            case _:
                pass  # carried out, answered by somebody else, or not to be evaluated now: then the next check tries again

    async def _forbids_auto(self, tx: Tx, plan: Plan) -> NotAlone:
        """Judge the plan once more by what is stored now: limits may have changed, and other plans may have used them up."""
        portfolio = await portfolios.get(tx, plan.portfolio_id)
        person = await accounts.person(tx, portfolio.person_id) if portfolio else None
        now = self._clock.now()
        if portfolio is None or person is None or autonomy.is_silent(portfolio, plan, now):
            return NotAlone.SILENT
        if not autonomy.acts_alone(portfolio):
            return NotAlone.OFF
        used = await turnover.today(tx, portfolio.id, person.zone, now)
        stand = autonomy.within_limits(plan, portfolio.answering.limits, used)
        return NotAlone.NONE if stand.auto else stand.why or NotAlone.OFF

    async def _shows_card(self, tx: Tx, plan: Plan) -> None:
        """Show a plan that is being carried out without a question; the alert before it has rung."""
        portfolio = await portfolios.get(tx, plan.portfolio_id)
        person = await accounts.person(tx, portfolio.person_id) if portfolio else None
        if person is not None:
            await write.show_card(tx, plan, person, self._clock.now(), silent=True)

    async def _ask_instead(self, plan: Plan, person: Person, why: NotAlone) -> None:
        """Put a fresh plan that asks in place of one that was to be carried out alone and has not been shown to anybody."""
        portfolio, _ = await self._owner(plan)  # as it is now: other settings may be why it asks
        if portfolio is None:
            return
        evaluation = await self._evaluator.look(portfolio, fresh=True, also=plan.hedge_contracts)
        await self._rebalancing.prepare(evaluation)
        drafted = self._rebalancing.draft(evaluation, plan.reasons, hedge_draft.asked(plan)) if why is not NotAlone.SILENT else None
        if isinstance(drafted, outcomes.CannotEvaluate):
            return  # tried again with the next check
        async with self._db.transaction() as tx:
            now, latest = self._clock.now(), await portfolios.get(tx, portfolio.id) or portfolio
            if not isinstance(drafted, Plan) or autonomy.is_silent(latest, plan, now):
                await plans.decide(tx, plan.id, PlanState.EXPIRED, now)
                return
            if revision_of(latest) != drafted.revision:
                return  # changed while it was looked at: the next check plans with what is stored then
            asks = why if latest.answer == AnswerMode.AUTO else NotAlone.NONE
            await offer(tx, latest, person, drafted, now, silent=quiet_hours.card_is_silent(person, plan.reasons, now), asks=asks)

    async def _reduce(self, plan: Plan, person: Person) -> None:
        """Carry out the reducing legs of a plan that nobody has answered; where that cannot be done, say so and let it expire."""

        async def tells(tx: Tx, confirmed: Plan) -> None:
            await self._post(tx, confirmed, person, MessageKind.PLAN_UNANSWERED)

        kept = autonomy.numbers(autonomy.alone(plan))
        alone = outcomes.AutoConfirm(by=DecidedBy.UNANSWERED, forbids=self._forbids_reduce, tells=tells, only=kept)
        nothing = outcomes.Forbidden(plan=plan, why=NotAlone.NOTHING)
        outcome = await self._rebalancing.confirm(plan.id, person.id, alone=alone) if kept else nothing
        log.info("nobody answered", plan=plan.id, outcome=type(outcome).__name__)
        if isinstance(outcome, (outcomes.Moved, outcomes.TooExpensive)):
            await self._tell(plan, person, MessageKind.PLAN_UNANSWERED, NotAlone.MOVED)
        elif isinstance(outcome, outcomes.Forbidden) and outcome.why is not NotAlone.EDITED:
            async with self._db.transaction() as tx:
                await plans.attended(tx, plan.id)

    async def _forbids_reduce(self, tx: Tx, plan: Plan) -> NotAlone:
        portfolio = await portfolios.get(tx, plan.portfolio_id)
        if portfolio is None or autonomy.is_silent(portfolio, plan, self._clock.now()):
            return NotAlone.SILENT
        still = portfolio.answering.unanswered == Unanswered.REDUCE and autonomy.may_act(portfolio)
        return NotAlone.NONE if still else NotAlone.OFF

    async def _tell(self, plan: Plan, person: Person, kind: MessageKind, why: NotAlone = NotAlone.NONE) -> None:
        """Say something about a plan once; it is then left to its person until it expires."""
        async with self._db.transaction() as tx:
            latest = await plans.plan(tx, plan.id)
            if latest is not None and latest.state == PlanState.PROPOSED:
                await plans.attended(tx, plan.id)
                await self._post(tx, latest, person, kind, why)

    async def _post(self, tx: Tx, plan: Plan, person: Person, kind: MessageKind, why: NotAlone = NotAlone.NONE) -> None:
        now = self._clock.now()
        await messages.post(
            tx,
            chat_id=plan.chat_id or person.chat_id,
            kind=kind,
            facts={"plan_id": plan.id, "why": why},
            key=f"{kind}-{plan.id}",
            silent=kind is MessageKind.PLAN_UNANSWERED and quiet_hours.card_is_silent(person, plan.reasons, now),
            now=now,
        )

    async def lapsed(self, tx: Tx, plan: Plan, now: datetime) -> None:
        """Let the reasons of a plan count again that was to be carried out alone and ran out of time before that could be done."""
        portfolio = await portfolios.get(tx, plan.portfolio_id)
        if plan.stand is None or not plan.stand.auto or plan.acts_at is None or portfolio is None:
            return
        heard = tuple(reason for reason in plan.reasons if reason.event or reason.trigger in drift.LINES)
        await count_again(tx, portfolio, heard, now)
        self._roster.forget(portfolio.id)

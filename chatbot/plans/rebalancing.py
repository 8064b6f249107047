"""Proposing a plan and answering it: Confirm, Edit, Skip, Snooze, each decided once by the database (``store/plans.decide``)."""

from __future__ import annotations

from collections import defaultdict
from contextlib import nullcontext
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.alerts import write
from chatbot.durable import enqueue_plan
from chatbot.engine.errors import Refused
from chatbot.engine.portfolio import INDEX
from chatbot.hedges import life, sizing
from chatbot.model import (
    Cause,
    DecidedBy,
    LeftOut,
    LeftOutWhy,
    Leg,
    LegState,
    NotAlone,
    OpenHedge,
    Phase,
    Plan,
    PlanState,
    Portfolio,
    PortfolioFigures,
    Problem,
    Reason,
)
from chatbot.model.hedge import HedgeProblem
from chatbot.plans import by_hand, costs, hedge_draft, intended_mix, new_money
from chatbot.plans import draft as planning
from chatbot.plans.editing.edited import dropped, edited, restored, toggled
from chatbot.plans.outcomes import (
    AutoConfirm,
    CannotEvaluate,
    Closed,
    Confirmed,
    ConfirmOutcome,
    Draft,
    Forbidden,
    GoOnOutcome,
    Halted,
    Late,
    LeftBehind,
    Moved,
    NoHedge,
    NothingToDo,
    NotYours,
    OverLimits,
    Paused,
    Proposal,
    Proposed,
    Steady,
    TooExpensive,
)
from chatbot.plans.outdated import as_left, holdings_moved, outdated, prices_moved, settings_changed, stopped
from chatbot.plans.real_money import limits
from chatbot.plans.show_card import comes_back, put_off, store
from chatbot.portfolio.revision import revision_of
from chatbot.portfolio.stored import states
from chatbot.store import events, halt, plans, portfolios
from chatbot.triggers import drift, held_targets, market

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime, timedelta

    from chatbot.clock import Clock
    from chatbot.durable import Work
    from chatbot.model.hedge import HedgeWish
    from chatbot.plans.by_hand import ByHand
    from chatbot.plans.costs import Costing, CostingOf
    from chatbot.plans.real_money.limits import RealMoney
    from chatbot.portfolio.amounts.differences import Typed
    from chatbot.portfolio.evaluation import Evaluation
    from chatbot.portfolio.evaluator import Evaluator
    from chatbot.portfolio.flows import NoEntry
    from chatbot.store.database import Database, Tx

_NONE: frozenset[int] = frozenset()
#: the event that keeps how large each leg was before the first was left out
_EDITED = "edited"
_UNFINISHED = (LegState.PLANNED, LegState.SUBMITTING, LegState.OPEN, LegState.UNKNOWN)


class Rebalancing:
    """The use cases around a plan; chat and monitor call the same ones."""

    def __init__(
        self,
        db: Database,
        work: Work,
        evaluator: Evaluator,
        costing: CostingOf,
        clock: Clock,
        noting: ByHand,
        real: RealMoney,
        *,
        expiry: timedelta,
        calm: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
    ) -> None:
        """``expiry`` is how long a card waits for its answer; within ``calm`` prices go no faster than those of a real market."""
        self._db = db
        self._work = work
        self._evaluator = evaluator
        self._costing = costing
        self._clock = clock
        self._by_hand = noting
        self._real = real
        self._expiry = expiry
        self._calm = calm

    async def propose(self, portfolio: Portfolio, reasons: tuple[Reason, ...], hedge: HedgeWish | OpenHedge | None = None) -> Proposal:
        """Make a plan from fresh prices and store it; an unanswered older plan is superseded.

        With ``hedge`` it is a plan of exactly the legs that open the one wished for, or take the one that is open off.
        """
        async with self._calm():
            evaluation = await self._evaluator.look(portfolio, fresh=True, also=() if hedge is None else (INDEX,))
            return await self.propose_from(evaluation, reasons, hedge)

    async def open_hedge(self, portfolio: Portfolio, wish: HedgeWish) -> Proposal:
        """Make and store the plan that opens a hedge, from fresh prices; or say why there is none."""
        return await self.propose(portfolio, (hedge_draft.reason_for(wish.kind, Phase.BEGIN),), wish)

    async def close_hedge(self, portfolio: Portfolio, hedge: OpenHedge) -> Proposal:
        """Make and store the plan that closes a hedge."""
        return await self.propose(portfolio, (hedge_draft.reason_for(hedge.kind, Phase.END),), hedge)

    async def propose_again(self, portfolio: Portfolio, plan: Plan) -> Proposal:
        """Make the plan as of now that another one was before it ran out."""
        return await self.propose(portfolio, _asked_for(plan), hedge_draft.asked(plan))

    async def propose_from(
        self, evaluation: Evaluation, reasons: tuple[Reason, ...], hedge: HedgeWish | OpenHedge | None = None
    ) -> Proposal:
        """Make and store a plan for an evaluation that was just made."""
        await self.prepare(evaluation)
        drafted = self.draft(evaluation, reasons, hedge)
        if not isinstance(drafted, Plan):
            return drafted
        return await as_left(self._db, evaluation, drafted.reasons) or await self._store(drafted)

    async def _store(self, drafted: Plan) -> Proposal:
        async with self._db.transaction() as tx:
            latest = await portfolios.get(tx, drafted.portfolio_id)
            if latest is not None and not latest.is_open:
                return Closed(portfolio=latest)
            return await store(tx, drafted)

    async def prepare(self, evaluation: Evaluation) -> None:
        """Fetch what the costs of a plan depend on, before :meth:`draft`; never inside a transaction."""
        await self._costing(evaluation.portfolio).prepare(evaluation.quotes, books=evaluation.quotes)

    async def warm(self, looked: Iterable[Evaluation]) -> None:
        """Fetch the same for a whole check; order books only for those of whom a plan is about to be made."""
        sound: defaultdict[Costing, list[Evaluation]] = defaultdict(list)
        for found in looked:
            if found.snapshot is not None:
                sound[self._costing(found.portfolio)].append(found)
        for costing, some in sound.items():
            soon = [one for one in some if one.portfolio.window_opened_at is not None or one.portfolio.strategy.schedule is not None]
            names, booked = ({name for found in group for name in found.quotes} for group in (some, soon))
            await costing.prepare(names, books=booked)

    def draft(self, evaluation: Evaluation, reasons: tuple[Reason, ...], hedge: HedgeWish | OpenHedge | None = None) -> Draft:
        """Return the plan without storing it; what it costs is told from what :meth:`prepare` fetched."""
        drafted = self._draft(evaluation, reasons, hedge)
        if not isinstance(drafted, Plan):
            return drafted
        try:
            held = limits.held_to(evaluation, replace(drafted, revision=revision_of(evaluation.portfolio)))
        except Refused as refusal:
            return CannotEvaluate(portfolio=evaluation.portfolio, problems=(Problem(code=refusal.code),))
        return limits.nothing(evaluation.portfolio, held) or self._priced(evaluation, held)

    def _draft(self, evaluation: Evaluation, reasons: tuple[Reason, ...], hedge: HedgeWish | OpenHedge | None) -> Draft:
        if evaluation.snapshot is None or evaluation.figures is None:
            return CannotEvaluate(portfolio=evaluation.portfolio, problems=evaluation.problems)
        portfolio, figures, now = evaluation.portfolio, evaluation.figures, self._clock.now()
        market_now = self._evaluator.market_time(portfolio, now)
        try:
            if hedge is not None:  # legs of its own
                return self._draft_hedge(evaluation, figures, reasons, hedge)
            if new_money.asked(reasons) is not None:
                return new_money.draft_buys(evaluation, reasons, now=now, expiry=self._lasts(evaluation))
            return planning.drafted(
                evaluation,
                reasons,
                at=(now, market_now),
                joined=self._evaluator.market_time(portfolio, portfolio.created_at),
                costs=self._costing(portfolio).by_line(evaluation),
                expiry=self._lasts(evaluation),
            )
        except Refused as refusal:
            return CannotEvaluate(portfolio=portfolio, problems=(Problem(code=refusal.code),))

    def _priced(self, evaluation: Evaluation, drafted: Plan) -> Plan:
        return self._costing(evaluation.portfolio).priced(drafted, evaluation.quotes, evaluation.markets)

    def _draft_hedge(
        self, evaluation: Evaluation, figures: PortfolioFigures, reasons: tuple[Reason, ...], hedge: HedgeWish | OpenHedge
    ) -> Plan | NothingToDo | NoHedge:
        """Return the plan that opens or closes a hedge; raises ``engine.errors.Refused``."""
        now = self._clock.now()
        if isinstance(hedge, OpenHedge):
            there = next((one for one in evaluation.layers.hedges if one.kind == hedge.kind), hedge)
            there = replace(there, closed=there.closed or hedge.closed)
            drafted = hedge_draft.draft_closing(evaluation, there, reasons, now=now, expiry=self._lasts(evaluation))
        else:
            size = sizing.size(evaluation, hedge)
            if size.problem:
                return NoHedge(portfolio=evaluation.portfolio, size=size)
            at = (now, self._evaluator.market_time(evaluation.portfolio, now))
            drafted = hedge_draft.draft_opening(evaluation, size, reasons, at, self._lasts(evaluation))
            if not drafted.opens_hedge:
                return NoHedge(portfolio=evaluation.portfolio, size=replace(size, problem=HedgeProblem.TOO_SMALL))
        if drafted is None:
            stuck = isinstance(hedge, OpenHedge) and hedge.contract in evaluation.stops
            undone = (LeftOut(why=LeftOutWhy.HALTED, instrument=INDEX),) if stuck else ()
            return NothingToDo(portfolio=evaluation.portfolio, figures=figures, left_out=undone)
        return replace(drafted, standing=held_targets.beside(reasons, hedge_draft.without_closed(evaluation, drafted)))

    def _lasts(self, evaluation: Evaluation) -> timedelta:
        return by_hand.lasts(evaluation.portfolio, self._expiry)

    async def confirm(
        self, plan_id: int, person_id: int, *, accepted: frozenset[int] = _NONE, alone: AutoConfirm | None = None, is_all: bool = False
    ) -> ConfirmOutcome:
        """Carry the plan out, or say why not; only the first of any number of presses sends anything.

        ``accepted`` are the numbers of the expensive legs that the person was asked about and wants all the same. With ``alone`` the
        bot presses: where a person would be shown a new plan, it is told that prices have moved. Of a watched account what its exchange
        shows of the plan counts; where that is less than the card has, it is asked whether that ``is_all``.
        """
        plan, portfolio = await self._owned(plan_id, person_id)
        if plan is None or portfolio is None:
            return NotYours()
        if plan.state != PlanState.PROPOSED or plan.expires_at <= self._clock.now():
            return await self._late(plan)
        if plan.is_by_hand:
            answered = self._by_hand.seen(plan, portfolio, person_id, is_all=is_all) if plan.watched else None
            return await (answered or self._by_hand.all_done(plan, portfolio, person_id)) or await self._late(plan)
        if plan.is_panic:
            return await self._decide(plan, person_id, accepted, alone, None)
        return await self._confirm_as_shown(_restricted(plan, alone), portfolio, person_id, accepted, alone)

    async def _confirm_as_shown(
        self, plan: Plan, portfolio: Portfolio, person_id: int, accepted: frozenset[int], alone: AutoConfirm | None
    ) -> ConfirmOutcome:
        """Carry out what the card showed, while it still tells the truth."""
        if (held_up := await self._held_up(plan, portfolio, accepted)) is not None:
            return held_up
        evaluation = await self._evaluator.look(portfolio, fresh=True, also=plan.hedge_contracts, trades_futures=plan.trades_futures)
        if evaluation.figures is None:
            return CannotEvaluate(portfolio=portfolio, problems=evaluation.problems)
        await self.prepare(evaluation)
        if self._is_left_behind(plan, evaluation):
            return await self._propose_in_its_place(plan, evaluation) if alone is None else Moved(plan=plan)
        return await self._decide(plan, person_id, accepted, alone, evaluation)

    async def confirm_otherwise(self, plan_id: int, person_id: int, typed: Typed) -> ConfirmOutcome | NoEntry:
        """Note that a plan was carried out by hand, and that other amounts are held than it would have led to."""
        plan, portfolio = await self._owned(plan_id, person_id)
        if plan is None or portfolio is None or not plan.is_by_hand:
            return NotYours()
        return await self._by_hand.note(plan, portfolio, person_id, typed) or await self._late(plan)

    async def go_on(self, plan_id: int, person_id: int) -> GoOnOutcome:
        """Judge whether a parked plan may go on: one that a halt has stopped only at the prices and settings that were confirmed.

        Nothing is changed here. A plan that is parked for another reason is not judged: it looks up first what is unknown.
        """
        plan, portfolio = await self._owned(plan_id, person_id)
        if plan is None or portfolio is None:
            return NotYours()
        if plan.state != PlanState.PARKED:
            return Late(plan=plan)
        async with self._db.read() as tx:
            stand = await halt.of_plan(tx, plan_id)
        if stand.since is not None:
            return Halted(plan=plan, since=stand.since)
        judged = stand.stopped and not plan.is_panic  # that one follows the market as it is
        return await self._judge_stopped(plan, portfolio) if judged else Steady(plan=plan)

    async def _judge_stopped(self, plan: Plan, portfolio: Portfolio) -> Steady | LeftBehind | CannotEvaluate:
        evaluation = await self._evaluator.look(portfolio, fresh=True, also=plan.hedge_contracts, trades_futures=plan.trades_futures)
        if evaluation.figures is None:
            return CannotEvaluate(portfolio=portfolio, problems=evaluation.problems)
        left = replace(plan, legs=tuple(leg for leg in plan.legs if leg.state in _UNFINISHED))
        if settings_changed(plan, portfolio) or prices_moved(left, evaluation):
            return LeftBehind(plan=plan, figures=evaluation.figures)
        return Steady(plan=plan)

    async def _held_up(self, plan: Plan, portfolio: Portfolio, accepted: frozenset[int]) -> Halted | Paused | TooExpensive | None:
        """Tell what keeps a plan from being confirmed before anything is looked up."""
        async with self._db.read() as tx:
            since = await halt.since(tx)
        if since is not None:
            return Halted(plan=plan, since=since)
        if portfolio.paused:
            return Paused(plan=plan)
        return TooExpensive(plan=plan) if _asks(plan, accepted) else None

    def _is_left_behind(self, plan: Plan, evaluation: Evaluation) -> bool:
        """Tell whether settings, holdings, prices or costs have left what the card showed: Confirm covers nothing else."""
        costlier = self._costing(evaluation.portfolio).risen(plan, evaluation.quotes, evaluation.markets)
        return (
            settings_changed(plan, evaluation.portfolio) or costlier or holdings_moved(plan, evaluation) or prices_moved(plan, evaluation)
        )

    async def _propose_in_its_place(self, plan: Plan, evaluation: Evaluation) -> Proposal:
        """Make the plan as of now, and say what has changed since the card."""
        reasons: tuple[Reason, ...] = (*plan.reasons, Reason(trigger=Cause.MOVED))
        if settings_changed(plan, evaluation.portfolio):
            reasons = (*drift.as_now(plan.reasons, evaluation.figures), Reason(trigger=Cause.CHANGED))
        # said once, however often Confirm came too late
        made = await self.propose_from(evaluation, tuple(dict.fromkeys(reasons)), hedge_draft.asked(plan))
        if isinstance(made, NothingToDo):  # what the card asked for is not needed any more, and must not go on waiting for an answer
            async with self._db.transaction() as tx:
                if await plans.decide(tx, plan.id, PlanState.SUPERSEDED, self._clock.now()):
                    await events.add_event(tx, plan.id, None, "needless", {})
        return replace(made, holdings_moved=holdings_moved(plan, evaluation)) if isinstance(made, Proposed) else made

    async def _decide(
        self, plan: Plan, person_id: int, accepted: frozenset[int], alone: AutoConfirm | None, evaluation: Evaluation | None
    ) -> Confirmed | Late | NotYours | TooExpensive | Forbidden | Paused | Halted | OverLimits:
        """Let the database decide which of all presses is the first, and enqueue the work with it."""
        await self._work.start()  # it may be on its way still, and cannot get there inside a transaction
        async with self._db.transaction() as tx:
            if (held_up := await stopped(tx, plan)) is not None:
                return held_up
            if (over := await self._real.breach(tx, plan, self._clock.now())) is not None:
                return OverLimits(plan=plan, breach=over)
            latest = await plans.plan(tx, plan.id)
            if latest is not None and _asks(_restricted(latest, alone), accepted):
                return TooExpensive(plan=latest)  # a leg was taken back in meanwhile
            if latest is not None and latest.state == PlanState.PROPOSED and alone is not None:
                edited = _restricted(latest, alone).legs != plan.legs
                why = NotAlone.EDITED if edited else await alone.forbids(tx, latest) or await outdated(tx, latest)
                if why:
                    return Forbidden(plan=latest, why=why)
                if alone.only is not None and evaluation is not None:
                    await self._restrict(tx, plan, evaluation)
            won = await plans.decide(tx, plan.id, PlanState.CONFIRMED, self._clock.now(), alone.by if alone else DecidedBy.PERSON)
            latest = await plans.plan(tx, plan.id)
            if won and latest is not None:
                await self._take_on(tx, latest, person_id, alone)
        if latest is None:
            return NotYours()
        return Confirmed(plan=latest) if won else await self._late(latest)  # answered, or out of time, while it was looked at

    async def _take_on(self, tx: Tx, plan: Plan, person_id: int, alone: AutoConfirm | None) -> None:
        """Enqueue the work of a plan that was just confirmed, and remember what it means for hedges and for a panic before it."""
        await events.add_event(tx, plan.id, None, "confirmed", {"person": person_id} | ({"by": alone.by} if alone else {}))
        await enqueue_plan(self._work, tx, plan)
        before = await states.read(tx, plan.portfolio_id)
        meant = intended_mix.confirmed(before.mix, plan, alone=alone is not None)
        after = replace(before, hedges=life.confirmed(before.hedges, plan), mix=meant, shorts=life.shorts_left(before.shorts, plan))
        after = replace(after, memory=market.told_on_card(before.memory, plan.standing))
        if before.panic is not None and alone is None and not plan.is_panic:
            after = replace(after, panic=replace(before.panic, over=True))
        await states.write(tx, plan.portfolio_id, before, after)
        if alone is not None:
            await alone.tells(tx, plan)

    async def _restrict(self, tx: Tx, plan: Plan, evaluation: Evaluation) -> None:
        """Write what a plan leads to of which only some legs are carried out."""
        kept = edited(evaluation, plan, plan.legs)
        await plans.save_after(tx, plan.id, kept.after, kept.fees)
        for leg in kept.legs:
            await plans.save_leg(tx, plan.id, leg)

    async def _late(self, plan: Plan) -> Late:
        """Answer a tap on a plan that has ended; one that ran out of time is marked so first."""
        now = self._clock.now()
        async with self._db.transaction() as tx:
            if plan.expires_at <= now:
                await plans.decide(tx, plan.id, PlanState.EXPIRED, now)
            return Late(plan=await plans.plan(tx, plan.id) or plan)

    async def toggle(self, plan_id: int, person_id: int, index: int) -> Proposed | CannotEvaluate | Late | NotYours:
        """Leave one leg out of a plan, or take it back in, and show what the rest leads to."""
        return await self._change_legs(plan_id, person_id, frozenset({index}), toggled)

    async def leave_out(self, plan_id: int, person_id: int, indexes: frozenset[int]) -> Proposed | CannotEvaluate | Late | NotYours:
        """Leave legs out of a plan and show what the rest leads to; doing it again changes nothing."""
        return await self._change_legs(plan_id, person_id, indexes, dropped)

    async def _change_legs(
        self, plan_id: int, person_id: int, indexes: frozenset[int], change: Callable[[Leg], Leg]
    ) -> Proposed | CannotEvaluate | Late | NotYours:
        plan, portfolio = await self._owned(plan_id, person_id)
        if plan is None or portfolio is None or not indexes <= {leg.index for leg in plan.legs}:
            return NotYours()
        if plan.state != PlanState.PROPOSED or plan.expires_at <= self._clock.now():
            return await self._late(plan)
        # nobody else asks what the contract of a hedge costs where the strategy has no futures
        evaluation = await self._evaluator.look(portfolio, patient=True, also=plan.hedge_contracts)
        if evaluation.snapshot is None:
            return CannotEvaluate(portfolio=portfolio, problems=evaluation.problems)
        async with self._db.read() as tx:
            first = await events.detail_of(tx, plan_id, _EDITED) or {str(leg.index): str(leg.qty) for leg in plan.legs}
        legs = (change(leg) if leg.index in indexes else leg for leg in plan.legs)
        try:
            after = edited(evaluation, plan, (restored(leg, Decimal(first[str(leg.index)])) for leg in legs))
        except Refused as refusal:
            return CannotEvaluate(portfolio=portfolio, problems=(Problem(code=refusal.code),))
        async with self._db.transaction() as tx:
            if await plans.save_after(tx, plan_id, after.after, after.fees):
                await events.add_event(tx, plan_id, None, _EDITED, first)
                for leg, was in zip(after.legs, plan.legs, strict=True):
                    if leg != was:
                        await plans.save_leg(tx, plan_id, leg)
                return Proposed(plan=await plans.plan(tx, plan_id) or plan)
        return await self._late(plan)  # answered while this was worked out

    async def again(self, plan_id: int, person_id: int) -> Proposal | NotYours:
        """Plan at fresh prices for what a plan left undone; the legs that the person had left out of it stay out."""
        plan, portfolio = await self._owned(plan_id, person_id)
        if plan is None or portfolio is None:
            return NotYours()
        evaluation = await self._evaluator.look(portfolio, fresh=True, also=plan.hedge_contracts)
        await self.prepare(evaluation)
        hedge = hedge_draft.asked_again(plan, evaluation.layers.hedges)
        drafted = self.draft(evaluation, tuple(dict.fromkeys((*_asked_for(plan), Reason(trigger=Cause.AGAIN)))), hedge)
        if not isinstance(drafted, Plan):
            return drafted
        unwanted = {(leg.instrument, leg.side) for leg in plan.legs if leg.state == LegState.DROPPED and not leg.note}
        legs = tuple(dropped(leg) if (leg.instrument, leg.side) in unwanted and not leg.is_transfer else leg for leg in drafted.legs)
        if legs != drafted.legs:
            try:
                drafted = edited(evaluation, drafted, legs)
            except Refused as refusal:
                return CannotEvaluate(portfolio=portfolio, problems=(Problem(code=refusal.code),))
        return await self._store(drafted)

    async def skip(self, plan_id: int, person_id: int, *, until: datetime | None = None) -> Late | NotYours | Proposed:
        """Close a plan unanswered; with ``until`` the portfolio also stays quiet until then, and what is left of the plan comes back.

        One that is traded by hand waits on through the silence: whether it was traded nobody has said.
        """
        plan, portfolio = await self._owned(plan_id, person_id)
        if plan is None or portfolio is None:
            return NotYours()
        now = self._clock.now()
        async with self._db.transaction() as tx:
            waits = until is not None and plan.is_by_hand and plan.state == PlanState.PROPOSED
            by = DecidedBy.SNOOZE if until is not None and comes_back(portfolio, plan) else DecidedBy.PERSON
            if not waits and not await plans.decide(tx, plan_id, PlanState.SKIPPED, now, by):
                return Late(plan=await plans.plan(tx, plan_id) or plan)
            await events.add_event(tx, plan_id, None, "snoozed" if until else "skipped", {"person": person_id})
            await put_off(tx, portfolio, plan, now, until)
            return Proposed(plan=await plans.plan(tx, plan_id) or plan)

    async def redraw(self, plan: Plan) -> None:
        """Have a plan's card drawn again as it stands; the outbox does it, so that a failing edit is tried again."""
        now = self._clock.now()
        async with self._db.transaction() as tx:
            await write.redraw_card(tx, plan, now, f"redraw-{now.isoformat()}")

    async def owned_plan(self, plan_id: int, person_id: int) -> Plan | None:
        """Return a plan of this person as it stands now, or None; one out of time has expired, though nobody has written that down yet."""
        plan, _ = await self._owned(plan_id, person_id)
        is_over = plan is not None and plan.state == PlanState.PROPOSED and plan.expires_at <= self._clock.now()
        return replace(plan, state=PlanState.EXPIRED) if plan is not None and is_over else plan

    async def _owned(self, plan_id: int, person_id: int) -> tuple[Plan | None, Portfolio | None]:
        async with self._db.read() as tx:
            plan = await plans.plan(tx, plan_id)
            portfolio = await portfolios.get(tx, plan.portfolio_id) if plan else None
            served = portfolio is not None and await portfolios.has_owner_let_in(tx, portfolio.id)
        if portfolio is None or portfolio.person_id != person_id or not served:
            return None, None
        return plan, portfolio


def _asked_for(plan: Plan) -> tuple[Reason, ...]:
    """Return why a plan is made again; one of a panic is never made again by anything but /panic."""
    return (Reason(trigger=Cause.MANUAL),) if plan.is_panic else new_money.left(plan)


def _asks(plan: Plan, accepted: frozenset[int]) -> bool:
    """Tell whether a leg is expensive and nobody said yes to it; who trades by hand has traded already."""
    return not costs.expensive(plan.legs) <= accepted


def _restricted(plan: Plan, alone: AutoConfirm | None) -> Plan:
    """Return the plan as the bot would carry it out: with the legs that it may not touch left out."""
    if alone is None or alone.only is None:
        return plan
    return replace(plan, legs=tuple(leg if leg.index in alone.only else dropped(leg) for leg in plan.legs))

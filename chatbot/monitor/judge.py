"""What a check makes of one portfolio: what has fired, what is told, what is remembered, whether a plan is due. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from chatbot.alerts import quiet_hours
from chatbot.engine.triggers import batching
from chatbot.hedges import life
from chatbot.model import INFO, AnswerMode, Cause, Check, HeldBack, Outcome, PlanState, Reason
from chatbot.monitor.hedges_daily import HedgeReview
from chatbot.plans import autonomy, new_money
from chatbot.portfolio.states import hedge_key
from chatbot.triggers import depeg, drift, margin, market, schedule, stopped, tilt

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta
    from decimal import Decimal

    from chatbot.model import Person, Plan, Portfolio, PortfolioFigures
    from chatbot.portfolio.evaluation import Evaluation
    from chatbot.portfolio.layers import Memory
    from chatbot.portfolio.states import Outage, Peg, PortfolioStates
    from chatbot.portfolio.targets import Mix

#: a scheduled run that came to one of these is tried again while its grace lasts
_NOT_YET = (Outcome.WAITING, Outcome.ASLEEP, Outcome.HALTED)
#: what became of a plan -> what /why says
_HELD_BACK = {
    Outcome.WAITING: HeldBack.WINDOW_OPEN,
    Outcome.ASLEEP: HeldBack.QUIET_HOURS,
    Outcome.HALTED: HeldBack.HALTED,
    Outcome.NOTHING: HeldBack.NO_ORDERS,
    Outcome.TOLD: HeldBack.SCHEDULE_TOLD,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInput:
    """One portfolio under the exact test, with everything that the judgement needs."""

    #: as it was looked at, with the portfolio as it is stored now
    evaluation: Evaluation
    person: Person
    states: PortfolioStates
    #: what the check before this one saw
    last: Check | None
    #: the plan that is open when the judgement begins
    plan: Plan | None
    #: when the latest plan was carried out; None where it was not, or where no line has fired
    plan_ended_at: datetime | None
    #: what the daily look at the hedges comes to
    hedges: HedgeReview
    now: datetime
    market_now: datetime
    #: how long the batching window stays open (domain 9.9)
    window: timedelta
    #: trading is halted for everybody
    halted: bool = False

    @property
    def portfolio(self) -> Portfolio:
        """Return the portfolio as it is stored now."""
        return self.evaluation.portfolio


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What a check has to say about one portfolio, what it asks for, and what it will remember."""

    #: what is remembered from now on
    states: PortfolioStates
    check: Check
    #: nothing has fired and nothing is open: the screen may watch it until something moves
    calm: bool = False
    #: an outage that is over
    outage_over: Outage | None = None
    #: lines that rang now, the net exposure among them
    fired: tuple[drift.LineStep, ...] = ()
    signals: tuple[market.SignalChange, ...] = ()
    #: margin has come into danger
    margin: bool = False
    #: dollars that have left their peg
    depegged: tuple[depeg.PegStep, ...] = ()
    hedges: HedgeReview = field(default_factory=HedgeReview)
    #: what is held and not traded
    stops: stopped.Steps = field(default_factory=stopped.Steps)
    #: since when the batching window is open; None: it is not
    window_opened_at: datetime | None = None
    #: why a plan is due now; None while the window is open or nothing asks
    asked: tuple[Reason, ...] | None = None
    #: scheduled runs that have come due
    due: schedule.Pending | None = None
    #: the plan waits for the end of its person's quiet hours
    asleep: bool = False
    #: the bot would carry the plan out alone, and trading is halted
    halted: bool = False

    @property
    def alerts(self) -> int:
        """Return how many alerts it writes."""
        coins = len(self.depegged) + len(self.stops.begun)
        return len(self.fired) + len(self.signals) + self.margin + coins + len(self.hedges.alerts)

    @property
    def open_since(self) -> datetime | None:
        """Return since when the batching window is open after this check; None: it is not, or closes now."""
        return self.window_opened_at if self.asked is None else None

    @property
    def waits(self) -> Outcome:
        """Return what an open window waits for; NONE where none is open."""
        if self.open_since is None:
            return Outcome.NONE
        return Outcome.HALTED if self.halted else Outcome.ASLEEP if self.asleep else Outcome.WAITING

    def settles(self, outcome: Outcome) -> Outcome:
        """Return what is written down of the scheduled run once it is known what became of its plan.

        NONE: there is none, or it is tried again while its grace lasts.
        """
        if self.due is None:
            return Outcome.NONE
        if self.due.run is None:
            return Outcome.SKIPPED if outcome not in _NOT_YET else Outcome.NONE
        return outcome if outcome not in _NOT_YET else Outcome.NONE

    @property
    def plan_is_due(self) -> bool:
        """Tell whether the window closes now, or a scheduled run has come due outside of one."""
        if self.window_opened_at is not None:
            return self.asked is not None
        return self.due is not None and self.due.run is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    """What has happened since the last check."""

    signals: tuple[market.SignalChange, ...]
    margin: bool
    lines: drift.LineSteps | None = None
    tilts: tilt.Review = field(default_factory=tilt.Review)

    @property
    def fired(self) -> tuple[drift.LineStep, ...]:
        """Return the lines that have drifted."""
        return tuple(step for step in self.lines.steps if step.event) if self.lines else ()

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Return why a plan is made for what was heard; a tilt that begins needs a drift beside it."""
        retargeted = self.lines is not None and self.lines.retargeted
        return (
            *(market.reason_for(change) for change in self.signals if market.asks(change)),
            *((Reason(trigger=Cause.TARGETS),) if retargeted else ()),
            *(drift.reason_for(step.line) for step in self.fired),
            *self.tilts.reasons,
        )

    @property
    def asks(self) -> bool:
        """Tell whether anything here calls for a plan."""
        return self.margin or any(not tilt.begins(reason) for reason in self.reasons)

    @property
    def is_urgent(self) -> bool:
        """Tell whether the plan does not wait for company (domain 9.9)."""
        return self.margin or any(change.is_urgent for change in self.signals)


def judge(seen: CheckInput) -> CheckResult:
    """Move the states on and say what is to be told and planned."""
    asleep = seen.portfolio.snoozed_until is not None and seen.now < seen.portfolio.snoozed_until
    steps = stopped.Steps(told=seen.states.stops) if asleep else stopped.steps(seen.evaluation, seen.states.stops)
    result = _judged(seen)
    return replace(result, stops=steps, states=replace(result.states, stops=steps.told))


def _judged(seen: CheckInput) -> CheckResult:
    """Judge everything but what is not traded."""
    evaluation, figures = seen.evaluation, seen.evaluation.figures
    if figures is None or evaluation.effective is None:
        unknown = Check(at=seen.now, problems=evaluation.problems, held_back=HeldBack.NO_DATA)
        return CheckResult(states=seen.states, check=unknown)
    memory = _told_by_the_card(seen)
    signals = market.changes(memory, evaluation.layers.signals, seen.portfolio.strategy, evaluation.effective)
    under_way = seen.plan is not None and seen.plan.state is not PlanState.PROPOSED
    danger = margin.advance(evaluation, seen.states.danger, seen.person.alerts.reminder_h, seen.now, under_way=under_way)
    heard = _Heard(signals=signals, margin=danger.asks)
    # What would have rung is not spent: a state moves only when somebody can be told, so a crossing in between is heard later.
    states = replace(seen.states, outage=None, memory=memory, mix=_still_meant(seen), shorts=_shorts(seen))
    result = CheckResult(
        states=states, check=Check(at=seen.now, figures=figures, prices=len(evaluation.fresh)), outage_over=seen.states.outage
    )
    back = _held_back(seen, heard)
    if back in (HeldBack.NONE, HeldBack.PLAN_OPEN):  # a card that nobody has answered keeps nobody from hearing that their cash is none
        depegged, pegs = _pegs(seen)
        states = replace(states, pegs=pegs)
        result = replace(result, states=states, depegged=depegged)
    if danger.rings and under_way and back is not HeldBack.PAUSED:  # told at once: a patient plan may last for an hour
        result = replace(result, states=replace(states, danger=danger.danger), margin=True)
    if back:
        return replace(result, check=replace(result.check, held_back=back))
    states = replace(states, danger=danger.danger)
    hedges = HedgeReview(hedges=states.hedges) if danger.asks else seen.hedges
    states = replace(states, hedges=hedges.hedges)
    result = replace(result, states=states, hedges=hedges)
    if hedges.over is not None:
        return replace(result, check=replace(result.check, fired=(hedge_key(hedges.over.kind),)))
    return _heard_and_asked(seen, result, heard, figures)


def _heard_and_asked(seen: CheckInput, result: CheckResult, heard: _Heard, figures: PortfolioFigures) -> CheckResult:
    """Tell what has fired, and open or close the batching window."""
    portfolio, now, memory, strategy = seen.portfolio, seen.now, result.states.memory, seen.portfolio.strategy
    moves = [market.move_of(change, strategy) for change in heard.signals if market.asks(change)]
    lines = drift.advance_lines(figures.limits, _since_the_plan(seen, figures), moves, strategy.band_mode)
    lines = drift.reminded(lines, seen.states.rang_at, seen.person.alerts.reminder_h, now)
    heard = replace(heard, lines=lines, tilts=_tilts(seen, lines.steps))
    opened = portfolio.window_opened_at or (now if heard.asks and portfolio.answer != AnswerMode.NOTIFY else None)
    due = schedule.pending(strategy.schedule, seen.states.schedule, now)
    if opened is not None and strategy.schedule is not None and strategy.schedule.invest is not None:
        due = None  # new money is a plan of its own, after the one that is being gathered (domain 9.9)
    asleep = due is None and not heard.margin and autonomy.needs_person(portfolio) and quiet_hours.is_quiet_now(seen.person, now)
    halted = seen.halted and autonomy.acts_alone(portfolio)
    closing = opened is not None and not asleep and not halted and window_closes(opened, now, seen.window, urgent=heard.is_urgent)
    emergency = (margin.reason(seen.evaluation),) if heard.margin else ()
    asked = market.joined_reasons(memory.pending, (*emergency, *heard.reasons))
    states = drift.after_steps(result.states, lines)
    return replace(
        result,
        states=replace(
            states,
            rang_at=now if heard.fired else states.rang_at,
            memory=_remembered(seen, memory, heard, asked if opened is not None and not closing else ()),
            tilts=heard.tilts.standing,
        ),
        calm=opened is None and due is None and _is_calm(states, lines),
        fired=heard.fired,
        signals=heard.signals,
        margin=heard.margin,
        window_opened_at=opened,
        asked=asked if closing else None,
        due=due,
        asleep=asleep,
        halted=halted,
    )


def _is_calm(states: PortfolioStates, lines: drift.LineSteps) -> bool:
    """Tell whether nothing has fired that may yet ring again."""
    return not (states.pegs or states.danger is not None or any(step.after.fired for step in lines.steps))


def _still_meant(seen: CheckInput) -> Mix:
    """Return the intended quantities without those that were reached; one that a plan has written down meanwhile was not looked at."""
    looked, left = seen.evaluation.states.mix, seen.evaluation.layers.mix
    return {line: meant for line, meant in seen.states.mix.items() if line in left or meant != looked.get(line)}


def _shorts(seen: CheckInput) -> Mapping[str, Decimal]:
    """Return the positions on the contracts of hedges, which a plan under way changes: those are looked at after it."""
    if (seen.plan is not None and seen.plan.state is not PlanState.PROPOSED) or seen.evaluation.account is None:
        return seen.states.shorts
    positions = {position.instrument: position.qty for position in seen.evaluation.account.positions}
    return life.seen_now(seen.states.hedges, positions, seen.states.shorts)


def _pegs(seen: CheckInput) -> tuple[tuple[depeg.PegStep, ...], Mapping[str, Peg]]:
    """Return the dollars that have left their peg, and what is remembered of them."""
    found = seen.evaluation
    if found.snapshot is None:
        return (), seen.states.pegs
    return depeg.advance(found.snapshot, seen.states, seen.person.alerts.reminder_h, seen.now, found.quote_price)


def window_closes(opened: datetime, now: datetime, window: timedelta, *, urgent: bool) -> bool:
    """Tell whether a batching window has closed by a check that is ``urgent`` or not; its last instant still belongs to it (domain 9.9).

    A check mostly comes after the end of the window. What it hears then joins the block all the same: the plan is made of what this
    check sees, so each of its orders has its reason.
    """
    elapsed = (now - opened).total_seconds()
    events = (("opened", 0.0), (batching.NOW if urgent else "look", elapsed))
    return batching.batch_triggers(events, window.total_seconds())[0].executes <= elapsed


def _remembered(seen: CheckInput, memory: Memory, heard: _Heard, pending: tuple[Reason, ...]) -> Memory:
    return replace(market.mark_told(memory, heard.signals, seen.portfolio.strategy), pending=pending)


def _held_back(seen: CheckInput, heard: _Heard) -> HeldBack:
    """Return what keeps a check from being told; a plan that nobody has answered yet does not hold back what is urgent.

    The first plan of a portfolio is held up by no signal: before it there is nothing that one could touch (domain 9.13), and its card says
    what they hold down.
    """
    plan = seen.plan
    is_first = plan is not None and any(reason.trigger is Cause.START for reason in plan.reasons)
    is_urgent = heard.margin or (heard.is_urgent and not is_first)
    overtaken = plan is not None and plan.state is PlanState.PROPOSED and (_is_patient(plan) or is_urgent)
    if heard.margin and (plan is None or overtaken):
        return HeldBack.NONE  # this rings through a snooze
    return drift.held_back(seen.portfolio, None if overtaken else plan, seen.now)


def _is_patient(plan: Plan) -> bool:
    """Tell whether a card keeps nothing else from being told while it waits."""
    return plan.is_by_hand or (plan.stand is not None and plan.stand.patient)


def _since_the_plan(seen: CheckInput, figures: PortfolioFigures) -> PortfolioStates:
    """Return the states, counted from what a patient card shows, or from what the plan left behind in the first check after its end."""
    if seen.plan is not None and seen.plan.state is PlanState.PROPOSED and _is_patient(seen.plan):
        return drift.told_on_card(seen.plan, seen.states)
    ended = seen.plan_ended_at
    is_first = ended is not None and seen.last is not None and ended > seen.last.at
    return drift.counted_from(figures.limits, seen.states) if is_first else seen.states


def _told_by_the_card(seen: CheckInput) -> Memory:
    """Return the memory with the signals that a card names which keeps nothing from being told: a check is no second teller of them."""
    plan, memory = seen.plan, seen.evaluation.memory
    waits = plan is not None and plan.state is PlanState.PROPOSED and _is_patient(plan)
    return market.told_on_card(memory, plan.standing) if plan is not None and waits else memory


def _tilts(seen: CheckInput, lines: tuple[drift.LineStep, ...]) -> tilt.Review:
    """Move the tilts on."""
    tilts = seen.evaluation.layers.tilts
    if not tilts and not seen.portfolio.strategy.tilt:
        return tilt.Review(kept=seen.states.tilts)
    waiting = seen.portfolio.window_opened_at is not None or seen.plan is not None
    return tilt.review(seen.evaluation, lines, (seen.now, seen.market_now), waiting=waiting)


def kept_open(result: CheckResult) -> CheckResult:
    """Return a judgement whose window does not close yet, because quiet hours last: what was heard in it counts at their end."""
    memory = replace(result.states.memory, pending=result.asked or ())
    return replace(result, asked=None, asleep=True, states=replace(result.states, memory=memory))


def reasons_for_plan(seen: CheckInput, result: CheckResult) -> tuple[Reason, ...]:
    """Return why the plan of this check is made: the calendar, then what was heard in the window, cause before consequence.

    A card that nobody has answered and that this plan replaces leaves it what still stands of its reasons: they were told, and are
    not told again.
    """
    figures, rule = seen.evaluation.figures, seen.portfolio.strategy.schedule
    asked = market.joined_reasons(_left_by(seen.plan), result.asked or ())
    if result.due is None or result.due.run is None or rule is None:
        return drift.as_now(asked, figures)
    if rule.invest is not None:
        return schedule.REASON, new_money.reason(rule.invest)
    if rule.least is not None and not drift.is_as_far(figures, rule.least):
        return drift.as_now(asked, figures)
    reasons = drift.as_now(market.joined_reasons(asked, drift.drifted(figures, result.states)), figures)
    outside = figures is not None and any(line.breach for line in figures.limits)
    return (schedule.REASON, *reasons) if outside or reasons or not rule.only_outside else ()


def _left_by(plan: Plan | None) -> tuple[Reason, ...]:
    """Return what a plan that is about to be replaced was made for, of what the bot has heard by itself."""
    heard = (*INFO, *drift.LINES)
    return tuple(reason for reason in plan.reasons if reason.trigger in heard) if plan is not None else ()


def described(result: CheckResult, outcome: Outcome) -> Check:
    """Return what /why tells of a check once it is known what became of its plan."""
    figures = result.check.figures
    if figures is None or result.check.held_back or result.hedges.over is not None:
        return result.check
    fired = (
        *(step.line.line for step in result.fired if step.event),
        *(change.signal.key for change in result.signals),
        *((Cause.MARGIN,) if result.margin else ()),
    )
    acted = fired or outcome is Outcome.PLANNED
    held_back = HeldBack.NONE if acted else _HELD_BACK.get(outcome) or drift.quiet_reason(figures)
    return replace(result.check, fired=fired, held_back=held_back)


def was_put_off(portfolio: Portfolio) -> bool:
    """Tell whether a batching window was open when its person asked for silence: what rang then has been forgotten since."""
    opened, until = portfolio.window_opened_at, portfolio.snoozed_until
    return opened is not None and until is not None and opened < until

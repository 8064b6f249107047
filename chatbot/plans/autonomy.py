"""How a plan that nobody asked for is answered: alone inside limits, its reducing half when nobody answers, or by its person.

Legend: V portfolio value, X net exposure.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.cash import CASH_COINS
from chatbot.model import INFO, AnswerMode, AnswerPolicy, Cause, LegKind, LegState, Mode, NotAlone, Phase, Plan, Unanswered
from chatbot.plans import costs
from chatbot.portfolio import turnover
from chatbot.triggers import drift

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatbot.model import AutoLimits, Leg, Portfolio

#: portfolios that the bot may trade for once their person says so: no real money is in them
_PLAYED = frozenset({Mode.DEMO, Mode.PAPER})
#: how long the plan of a schedule waits: it may come at night
PATIENCE = timedelta(hours=12)
#: how much later than its time an unanswered plan may still be reduced, when the program was not running then
GRACE = timedelta(minutes=15)
_ZERO = Decimal(0)


def reducing(plan: Plan) -> tuple[Leg, ...]:
    """Return the legs that only take risk away, whichever of them are filled and however far.

    Carrying them out never raises |X|, the gross exposure, or any long position: sales of risky coins and of long futures while X
    is above 0, purchases that close shorts while it is below; together never more than X, so that it does not change its sign. A
    reduction frees collateral and needs none, so no transfer is among them.
    """
    room = abs(plan.before.net) * plan.before.value
    kept = []
    for leg in plan.legs:
        if leg.state != LegState.DROPPED and _reduces(leg, plan.before.net) and leg.notional <= room:
            kept.append(leg)
            room -= leg.notional
    return tuple(kept)


def _reduces(leg: Leg, net: Decimal) -> bool:
    if leg.kind == LegKind.SPOT_SELL:
        return net > 0 and leg.instrument not in CASH_COINS
    return leg.kind == LegKind.FUTURES_REDUCE and leg.reduce_only and (net > 0 if leg.sells else net < 0)


def alone(plan: Plan) -> tuple[Leg, ...]:
    """Return the reducing legs that need no question about their cost either."""
    asked = costs.expensive(plan.legs) | {leg.index for leg in costs.unknown(plan.legs)}
    return tuple(leg for leg in reducing(plan) if leg.index not in asked)


def within_limits(plan: Plan, limits: AutoLimits | None, used: Decimal) -> AnswerPolicy:
    """Tell whether a plan of an auto portfolio may be carried out without asking, or why not."""
    stand = AnswerPolicy(limits=limits, used=used)
    why = _always_asks(plan)
    if limits is None or why:
        return replace(stand, why=why)
    largest = max((leg.notional for leg in costs.kept(plan.legs)), default=_ZERO)
    if largest > limits.trade:
        return replace(stand, why=NotAlone.TRADE, amount=largest, limit=limits.trade)
    day = limits.turnover_in(plan.before.value)
    if used + turnover.traded(plan) > day:
        return replace(stand, why=NotAlone.TURNOVER, amount=used + turnover.traded(plan), limit=day)
    return replace(stand, auto=True)


def _always_asks(plan: Plan) -> NotAlone:
    """Return why a plan asks whatever the limits are: it rests on a trend, opens a hedge or a tilt, or its costs are high or unknown."""
    for info in (INFO[reason.trigger] for reason in plan.reasons if reason.trigger in INFO):
        if info.always_asks is not None:
            return info.always_asks
    if any(reason.trigger is Cause.TILT and reason.event is Phase.BEGIN for reason in plan.reasons):
        return NotAlone.TILT  # it may add risk
    opens = plan.hedge is not None and not plan.hedge.closed
    if opens or any(reason.trigger is Cause.HEDGE and reason.event is not Phase.END for reason in plan.reasons):
        return NotAlone.HEDGE
    if costs.expensive(plan.legs):
        return NotAlone.EXPENSIVE
    return NotAlone.UNKNOWN if costs.unknown(plan.legs) else NotAlone.NONE


def asking(drafted: Plan, stand: AnswerPolicy, portfolio: Portfolio, now: datetime, promised: datetime | None) -> Plan:
    """Return a plan that waits for its person with what becomes of it when they do not answer."""
    if drafted.is_by_hand:
        return replace(drafted, stand=stand)  # it lives until the next one
    settings, expires = portfolio.answering, drafted.expires_at
    patient = any(reason.trigger is Cause.SCHEDULE for reason in drafted.reasons)
    may_reduce = settings.unanswered == Unanswered.REDUCE and may_act(portfolio) and stand.why is not NotAlone.PANIC
    if may_reduce and alone(drafted):
        acts = min(now + settings.after, promised or datetime.max.replace(tzinfo=now.tzinfo))
        stand = replace(stand, reduce_at=acts, patient=True)
        return replace(drafted, stand=stand, acts_at=acts, expires_at=acts + GRACE)
    if patient:
        expires = now + PATIENCE
    if settings.unanswered == Unanswered.REMIND:
        stand = replace(stand, remind_at=now + (expires - now) / 2)
    return replace(drafted, stand=replace(stand, patient=patient), acts_at=stand.remind_at, expires_at=expires)


def is_silent(portfolio: Portfolio, plan: Plan, now: datetime) -> bool:
    """Tell whether the bot may do nothing about a plan alone now: closed, paused, or kept quiet, through which only margin rings."""
    margin = any(reason.trigger is Cause.MARGIN for reason in plan.reasons)
    return not portfolio.is_open or (portfolio.paused if margin else drift.is_quiet(portfolio, now))


def may_act(portfolio: Portfolio) -> bool:
    """Tell whether the bot can be told to act by itself: never where its person trades, with real money only by a consent of its own."""
    return portfolio.mode in _PLAYED or portfolio.acts_alone


def acts_alone(portfolio: Portfolio) -> bool:
    """Tell whether a plan made now may be carried out without its person."""
    return portfolio.answer == AnswerMode.AUTO and may_act(portfolio)


def needs_person(portfolio: Portfolio) -> bool:
    """Tell whether a plan made now would only wait for its person."""
    reduces = portfolio.answering.unanswered == Unanswered.REDUCE and may_act(portfolio)
    return portfolio.answer != AnswerMode.AUTO and not reduces


def numbers(legs: Iterable[Leg]) -> frozenset[int]:
    """Return the indexes of legs."""
    return frozenset(leg.index for leg in legs)

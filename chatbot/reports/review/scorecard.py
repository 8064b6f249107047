"""What each trigger brought against not acting: plans that were carried out, and those that nobody answered or wanted (domain 12.4)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import field
from datetime import timedelta
from decimal import Decimal
from itertools import islice
from statistics import median
from typing import TYPE_CHECKING, Final

from chatbot.engine.errors import Refused
from chatbot.engine.exact import ZERO, to_decimal, total
from chatbot.engine.review.attribution import Fill, attribute, gain_of, shares
from chatbot.model import NO_REASON, Cause, LegState, PlanState
from chatbot.reports.review.series import first_after, market_time
from chatbot.reports.tax.entries import BookKind
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from chatbot.engine.review.attribution import Attribution
    from chatbot.model import Plan
    from chatbot.reports.review.series import Point
    from chatbot.reports.tax.entries import Entry

_ZERO: Final = Decimal(0)
#: what a person has traded without a plan, and plans of several triggers of which nobody wrote down who wanted what
OWN, SEVERAL = "own", "several"
#: a plan's trades are judged after so many days
HORIZONS: Final = (7, 30)
_ENDED: Final = {PlanState.SKIPPED: "skipped", PlanState.EXPIRED: "expired"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One trigger; amounts in quote."""

    #: the word of a cause, :data:`OWN` or :data:`SEVERAL`
    trigger: str
    carried_out: int = 0
    skipped: int = 0
    expired: int = 0
    #: what its trades have brought up to now after fees, and of that the fees
    gain: Decimal = _ZERO
    fees: Decimal = _ZERO
    #: fees that were not paid because its trades met those of another trigger
    saved: Decimal = _ZERO
    #: what the plans that were not carried out would have brought; None: a price is missing, or there were none
    missed: Decimal | None = None
    #: what a plan had brought after 7 and 30 days, the middle one of all; None: none is as old
    after: tuple[Decimal | None, ...] = (None, None)
    #: share of the plans that had won after 30 days; None: none is as old
    hits: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """All triggers, the most used first, and how they add up to what is there more than by holding."""

    scores: tuple[Score, ...] = ()
    #: None: a price of now is missing, so nothing adds up
    attribution: Attribution | None = None


@dataclass(slots=True)
class _Tally:
    carried_out: int = 0
    skipped: int = 0
    expired: int = 0
    missed: Decimal | None = None
    results: dict[int, list[Decimal]] = field(default_factory=lambda: {days: [] for days in HORIZONS})


def scorecard(
    quote: str, plans: Sequence[Plan], entries: Sequence[Entry], points: Sequence[Point], funding: Decimal, *, first: int | None = None
) -> Scorecard:
    """Judge every plan and trade since the first point at the prices of the last, all but the plan that holding begins with."""
    start, prices = points[0].at, points[-1].mark.prices
    by_number = {plan.number: plan for plan in plans}
    traded = [
        one
        for one in entries
        if one.at >= start and one.kind in (BookKind.BUY, BookKind.SELL, BookKind.FUTURES) and one.price is not None
        if first is None or one.plan != first
    ]
    fills = {id(one): _fill(one, by_number.get(one.plan or 0), quote) for one in traded}
    try:
        told = attribute(fills.values(), prices, funding)
    except Refused:
        told = None
    of_plan: defaultdict[int | None, list[Fill]] = defaultdict(list)
    for one in traded:
        of_plan[one.plan].append(fills[id(one)])
    tallies: defaultdict[str, _Tally] = defaultdict(_Tally)
    for plan in plans:
        if ended_at(plan) >= start and plan.number != first:
            _count(tallies, plan, of_plan[plan.number], points)
    names = {*tallies, *(told.parts if told is not None else ())}
    scores = [_score(name, tallies[name], told) for name in names]
    scores.sort(key=lambda one: (-one.carried_out, -one.skipped - one.expired, one.trigger))
    return Scorecard(scores=tuple(scores), attribution=told)


def ended_at(plan: Plan) -> datetime:
    """Return when a plan was carried out, answered, or made where neither has happened."""
    return plan.finished_at or plan.decided_at or plan.created_at


def triggers_of(plan: Plan) -> tuple[str, ...]:
    """Return what a plan was made for, each once."""
    found = dict.fromkeys(reason.trigger.value for reason in plan.reasons if reason.trigger not in NO_REASON)
    return tuple(found) or (Cause.MANUAL.value,)


def _fill(one: Entry, plan: Plan | None, quote: str) -> Fill:
    """Return a trade with who wanted it: the plan's triggers as they were written down, or all of them together."""
    alone = {OWN: one.qty} if plan is None else _alone(plan, one.instrument, one.qty)
    coins = {coin: (fee, one.fee_prices.get(coin)) for coin, fee in one.fees.items() if coin != quote}
    fee = sum((qty * then for qty, then in coins.values() if then is not None), one.fees.get(quote, _ZERO))
    return Fill(instrument=one.instrument, qty=one.qty, price=one.price or _ZERO, fee=fee, fee_coins=coins, alone=alone)


def _alone(plan: Plan, instrument: str, qty: Decimal) -> dict[str, Decimal]:
    triggers = triggers_of(plan)
    if len(triggers) == 1:
        return {triggers[0]: qty}
    told: Mapping[str, Mapping[str, str]] = plan.targets.get("alone", {})
    found = {trigger: Decimal(told.get(trigger, {}).get(instrument, "0")) for trigger in triggers}
    return found if any(found.values()) else {SEVERAL: qty}


def _count(tallies: Mapping[str, _Tally], plan: Plan, fills: Sequence[Fill], points: Sequence[Point]) -> None:
    """Count a plan for each of its triggers, with what its trades had brought after a while, or would have."""
    if plan.state is PlanState.DONE or fills:
        for trigger in _wanted_by(plan, fills):
            tallies[trigger].carried_out += 1
            for days in HORIZONS:
                prices = _prices_after(points, plan.finished_at or plan.created_at, days)
                result = _result(fills, trigger, prices) if prices is not None and fills else None
                if result is not None:
                    tallies[trigger].results[days].append(result)
    elif plan.state in _ENDED:
        meant = _meant(plan)
        for trigger in _wanted_by(plan, meant):
            tally = tallies[trigger]
            setattr(tally, _ENDED[plan.state], getattr(tally, _ENDED[plan.state]) + 1)
            missed = _result(meant, trigger, points[-1].mark.prices)
            if missed is not None:
                tally.missed = (tally.missed or _ZERO) + missed


def _wanted_by(plan: Plan, fills: Iterable[Fill]) -> set[str]:
    """Return the triggers that have a part of what was traded, or was to be; all of the plan's where none has."""
    return {trigger for fill in fills for trigger, share in shares(fill).items() if share} or set(triggers_of(plan))


def _meant(plan: Plan) -> list[Fill]:
    """Return what a plan would have traded, at the prices of its card and with its estimated fees."""
    legs = [leg for leg in plan.legs if not leg.is_transfer and leg.state is not LegState.DROPPED]
    whole = sum((leg.notional for leg in legs), _ZERO)
    found = []
    for leg in legs:
        qty = -leg.qty if leg.side == "sell" else leg.qty
        fee = plan.fees * leg.notional / whole if whole else _ZERO
        found.append(Fill(instrument=leg.instrument, qty=qty, price=leg.price, fee=fee, alone=_alone(plan, leg.instrument, qty)))
    return found


def _result(fills: Iterable[Fill], trigger: str, prices: Mapping[str, Decimal]) -> Decimal | None:
    try:
        return to_decimal(total(gain_of(fill, prices) * shares(fill).get(trigger, ZERO) for fill in fills))
    except Refused:
        return None


def _prices_after(points: Sequence[Point], at: datetime, days: int) -> Mapping[str, Decimal] | None:
    due = market_time(points, at) + timedelta(days=days)
    return next((point.mark.prices for point in islice(points, first_after(points, at), None) if point.market_at >= due), None)


def _score(name: str, tally: _Tally, told: Attribution | None) -> Score:
    part = told.parts.get(name) if told is not None else None
    late = tally.results[HORIZONS[-1]]
    return Score(
        trigger=name,
        carried_out=tally.carried_out,
        skipped=tally.skipped,
        expired=tally.expired,
        gain=part.gain if part is not None else _ZERO,
        fees=part.fees if part is not None else _ZERO,
        saved=part.saved if part is not None else _ZERO,
        missed=tally.missed,
        after=tuple(median(tally.results[days]) if tally.results[days] else None for days in HORIZONS),
        hits=Decimal(sum(result > 0 for result in late)) / len(late) if late else None,
    )

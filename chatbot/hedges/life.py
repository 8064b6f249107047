"""From Confirm to the end of a hedge: kept when its plan is confirmed, set to what was filled, checked daily, over (domain 10.3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.hedges.sizing import Life, advance
from chatbot.model import HEDGE_KINDS, STABLE, LegKind, LegState, OpenHedge

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chatbot.exchanges.base import Funding
    from chatbot.model import Plan

#: the daily check looks so long after midnight UTC, when the day's bar and readings are there
CHECKED_AFTER = timedelta(minutes=10)
#: a short that pays more than this per 8 h is told about
COSTLY = Decimal("-0.0003")
_DAY = timedelta(days=1)
_BLOCK_HOURS = 8
#: why a hedge is over whose position vanished at the exchange
GONE = "gone"
#: less than this part of a hedge is nothing
_DUST, _WHOLE = Decimal("0.001"), Decimal("0.98")
_ZERO, _ONE = Decimal(0), Decimal(1)
#: one price and one volatility ratio per day; None: unknown
Day = tuple[datetime, Decimal | None, Decimal | None]


def confirmed(hedges: tuple[OpenHedge, ...], plan: Plan) -> tuple[OpenHedge, ...]:
    """Return the hedges once a plan is confirmed: its own counts from now on, or no longer; its fills are counted at its end."""
    hedge = plan.hedge
    if hedge is None:
        return hedges
    if plan.opens_hedge:
        return kept(hedges, replace(hedge, plan_id=plan.id))
    return tuple(replace(one, closed=hedge.closed) if one.kind == hedge.kind and hedge.closed and not one.closed else one for one in hedges)


def kept(hedges: tuple[OpenHedge, ...], hedge: OpenHedge) -> tuple[OpenHedge, ...]:
    """Return the hedges with this one in place of the one of its kind, in the order of ``HEDGE_KINDS``."""
    by_kind = {hedge.kind: hedge for hedge in hedges} | {hedge.kind: hedge}
    return tuple(by_kind[kind] for kind in HEDGE_KINDS if kind in by_kind)


def ended(hedges: tuple[OpenHedge, ...], plan: Plan) -> tuple[OpenHedge, ...]:
    """Return the hedges as large as a plan that has ended really made them; doing it again changes nothing."""
    bought = {hedge.contract: _bought(plan, hedge.contract) for hedge in hedges}
    after: dict[str, OpenHedge | None] = {}
    # what the plan was made for comes first
    own = plan.hedge.kind if plan.hedge is not None else ""
    for hedge in sorted(hedges, key=lambda one: one.kind != own):
        after[hedge.kind] = hedge
        if not hedge.closed and not hedge.settled and hedge.plan_id == plan.id:
            after[hedge.kind] = settled(hedge, plan)
        elif hedge.closed and plan.id > max(hedge.counted_plan, hedge.plan_id):
            used = min(bought[hedge.contract], -hedge.qty)
            bought[hedge.contract] -= used
            rest = replace(hedge, qty=hedge.qty + used, counted_plan=plan.id)
            after[hedge.kind] = rest if -rest.qty > _DUST * -hedge.qty and not _is_flat(plan, hedge) else None
    return tuple(left for hedge in hedges if (left := after[hedge.kind]) is not None)


def _is_flat(plan: Plan, hedge: OpenHedge) -> bool:
    """Tell whether a plan leaves no short in a hedge's contract: nothing is left of the hedge then, however much it had sold."""
    price = plan.prices.get(hedge.contract)
    if not price:
        return False
    short = _sold(plan, hedge.contract) - _bought(plan, hedge.contract) - plan.before.book.get(hedge.contract, _ZERO) / price
    return short <= _DUST * -hedge.qty


def shorts_left(shorts: Mapping[str, Decimal], plan: Plan) -> dict[str, Decimal]:
    """Return the positions that were seen on hedges' contracts without those that a plan trades: its fills are no loss of a hedge."""
    traded = {leg.instrument for leg in plan.legs}
    return {contract: qty for contract, qty in shorts.items() if contract not in traded}


def seen_now(hedges: Sequence[OpenHedge], positions: Mapping[str, Decimal], before: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Return the position on each hedge's contract, base units; of one that has vanished, what it was: that is told first."""
    found = {hedge.contract: positions.get(hedge.contract) or before.get(hedge.contract) for hedge in hedges if hedge.settled}
    return {contract: qty for contract, qty in found.items() if qty}


def closed_out(hedges: tuple[OpenHedge, ...], plan: Plan) -> tuple[OpenHedge, ...]:
    """Return what is left of hedges after a plan that closes every position: those whose contract it could not close."""
    failed = {leg.instrument for leg in plan.legs if leg.state != LegState.FILLED} | {left.instrument for left in plan.left_out}
    return tuple(hedge for hedge in hedges if hedge.contract in failed)


def corrected(hedges: tuple[OpenHedge, ...], booked: Plan, shown: Plan) -> tuple[OpenHedge, ...]:
    """Return the hedges after other fills came to light than were ``booked`` of a plan that has ended; what was checked since stays.

    One of which nothing was booked begins to count. What comes to light of one that is over is nobody's hedge, but a drift.
    """
    after = tuple(left for hedge in hedges if (left := _corrected(hedge, booked, shown)) is not None)
    if not shown.opens_hedge or shown.hedge is None or any(hedge.kind == shown.hedge.kind for hedge in hedges):
        return after
    drafted = replace(shown.hedge, plan_id=shown.id)
    late = settled(drafted, shown) if settled(drafted, booked) is None else None
    return after if late is None else kept(after, late)


def _corrected(hedge: OpenHedge, booked: Plan, shown: Plan) -> OpenHedge | None:
    """Return a hedge as large as what came to light makes it; None where nothing is left of it."""
    qty = hedge.qty
    if hedge.plan_id == shown.id and hedge.settled:
        qty += _sold(booked, hedge.contract) - _sold(shown, hedge.contract)
    elif hedge.closed and hedge.counted_plan == shown.id:
        qty += _bought(shown, hedge.contract) - _bought(booked, hedge.contract)
    return None if qty != hedge.qty and -qty <= _DUST * -hedge.qty else replace(hedge, qty=qty)


def _sold(plan: Plan, contract: str) -> Decimal:
    return sum((leg.filled for leg in plan.legs if leg.instrument == contract and leg.sells), _ZERO)


def _bought(plan: Plan, contract: str) -> Decimal:
    return sum((leg.filled for leg in plan.legs if leg.instrument == contract and not leg.sells), _ZERO)


def settled(hedge: OpenHedge, plan: Plan) -> OpenHedge | None:
    """Return a hedge as large as its plan made it; None where nothing of the short was filled."""
    filled = _sold(plan, hedge.contract)
    if not filled:
        return None
    value = sum((leg.traded for leg in plan.legs if leg.instrument == hedge.contract and leg.sells), _ZERO)
    price = value / filled
    return replace(hedge, qty=-filled, price=price, low=min(hedge.low, price), moved=_moved(hedge, plan), settled=True)


def _moved(hedge: OpenHedge, plan: Plan) -> dict[str, Decimal]:
    """Return the weights that really went to the futures account: as much of each coin as was sold, as far as the money was moved."""
    wanted = sum(hedge.moved.values(), _ZERO) * plan.before.value
    arrived = sum((leg.filled for leg in plan.legs if leg.kind == LegKind.TO_FUTURES), _ZERO)
    whole = min(_ONE, arrived / wanted) if wanted else _ZERO
    whole = _ONE if whole > _WHOLE else whole
    sold = {leg.instrument: leg.filled / leg.qty for leg in plan.legs if leg.kind == LegKind.SPOT_SELL and leg.qty and _counts(leg.state)}
    parts = {name: weight * whole * (_ONE if name == STABLE else sold.get(name, _ZERO)) for name, weight in hedge.moved.items()}
    return {name: weight for name, weight in parts.items() if weight}


def _counts(state: LegState) -> bool:
    return state in (LegState.FILLED, LegState.PARTIAL)


def midnights(hedge: OpenHedge, market_now: datetime) -> tuple[datetime, ...]:
    """Return the midnights UTC whose daily check is due, oldest first; the last one is checked at the price of now."""
    at = (hedge.checked_at or hedge.opened_at).replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
    due = []
    while at + CHECKED_AFTER <= market_now:
        due.append(at)
        at += _DAY
    return tuple(due)


def checked(hedge: OpenHedge, days: Sequence[Day]) -> OpenHedge:
    """Take the daily checks that are due; the first reason to end it counts, and nothing is looked at after it."""
    for at, price, ratio in days:
        life = Life(opened_at_price=hedge.price, low=hedge.low, peaked=hedge.peaked, calm=hedge.calm, age_days=hedge.age_days)
        after = advance(life, price, ratio)
        hedge = replace(
            hedge,
            low=after.low,
            peaked=after.peaked,
            calm=after.calm,
            age_days=after.age_days,
            checked_at=at,
            closed=after.closed or "",
        )
        if hedge.closed:
            break
    return hedge


def funded(hedge: OpenHedge, paid: Sequence[Funding], mark: Decimal) -> OpenHedge:
    """Book settlements to a hedge, at the present mark: a short earns while the rate is above 0 (domain 10.3)."""
    if not paid:
        return hedge
    earned = sum((-hedge.qty * mark * one.rate for one in paid), _ZERO)
    return replace(hedge, funding=hedge.funding + earned, funded_to=paid[-1].at)


def costs_much(hedge: OpenHedge, paid: Sequence[Funding]) -> Decimal | None:
    """Return the rate per 8 h of the last settlement where the short pays so much that it must be told; None where not, or told already."""
    rate = per_8h(paid[-1]) if paid else None
    return rate if rate is not None and rate < COSTLY and not hedge.warned else None


def per_8h(one: Funding) -> Decimal:
    """Return a settlement's rate per eight hours (domain 7.1)."""
    return one.rate * _BLOCK_HOURS / one.interval_hours


def result(hedge: OpenHedge, mark: Decimal) -> Decimal:
    """Return what the short has won (above 0) or lost at ``mark``, funding apart."""
    return hedge.qty * (mark - hedge.price)

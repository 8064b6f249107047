"""A plan of which some legs are left out: what it leads to and costs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chatbot.model import LegState
from chatbot.plans import costs, draft, hedge_draft
from chatbot.plans.editing.affordable import SMALLER, UNPAID, affordable
from chatbot.portfolio import valuation
from chatbot.triggers import tilt

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from chatbot.engine.portfolio import Snapshot
    from chatbot.model import Leg, Plan
    from chatbot.portfolio.evaluation import Evaluation


def edited(evaluation: Evaluation, plan: Plan, legs: Iterable[Leg]) -> Plan:
    """Return the plan with these legs, as its money pays for them, and what they lead to; raises ``engine.errors.Refused``."""
    if evaluation.snapshot is None:
        raise ValueError("a portfolio that cannot be evaluated has no shape")
    shown = _at_its_prices(evaluation.snapshot, plan)
    evaluation = replace(evaluation, held=valuation.value_of(shown, evaluation.portfolio.strategy))
    kept = replace(plan, legs=affordable(shown, tuple(legs), evaluation.markets, evaluation.portfolio.strategy.sleeve_cap))
    planned = hedge_draft.as_planned(tilt.as_planned(evaluation, plan), kept)
    fees = costs.fees_of(kept.legs, evaluation.markets)
    return hedge_draft.with_fall(planned, replace(kept, after=draft.figures_after(planned, kept.legs), fees=fees))


def _at_its_prices(snap: Snapshot, plan: Plan) -> Snapshot:
    """Return what is held at the prices that a card was made with: it tells what was before at these, and nothing else is its own doing."""
    first, prices = snap.cash[0], plan.prices
    return replace(
        snap,
        spot=tuple(replace(one, price=prices.get(one.asset, one.price)) for one in snap.spot),
        cash=(first, *(replace(one, price=prices.get(one.asset, one.price)) for one in snap.cash[1:])),
        positions=tuple(replace(one, mark=prices.get(one.contract, one.mark)) for one in snap.positions),
    )


def restored(leg: Leg, qty: Decimal) -> Leg:
    """Return a leg as the plan had it before anything was left out for want of money; what its person left out stays out."""
    if leg.note not in (SMALLER, UNPAID):
        return replace(leg, qty=qty)
    return replace(leg, qty=qty, note="", state=LegState.PLANNED if leg.note == UNPAID else leg.state)


def dropped(leg: Leg) -> Leg:
    """Return a leg that its person has left out."""
    return replace(leg, state=LegState.DROPPED)


def toggled(leg: Leg) -> Leg:
    """Return a leg left out, or taken back in."""
    return replace(leg, state=LegState.PLANNED if leg.state == LegState.DROPPED else LegState.DROPPED)

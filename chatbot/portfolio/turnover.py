"""What a plan trades, as the daily limits count it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.model import LegState

if TYPE_CHECKING:
    from chatbot.model import Leg, Plan

#: what a leg in one of these has traded is known
_ENDED = frozenset({LegState.FILLED, LegState.PARTIAL, LegState.REJECTED, LegState.DROPPED})


def traded(plan: Plan) -> Decimal:
    """Return the turnover of a plan, quote: what its ended legs have traded, and what the others may still trade."""
    return sum((_traded(leg) for leg in plan.legs if not leg.is_transfer), Decimal(0))


def _traded(leg: Leg) -> Decimal:
    return leg.traded if leg.state in _ENDED else leg.traded + max(Decimal(0), leg.qty - leg.filled) * leg.price

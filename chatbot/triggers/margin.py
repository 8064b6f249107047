"""The margin emergency: liquidation is near, or the book has outgrown its room; futures are then reduced first of all (domain 9.8)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.margin import NEAR_LIQUIDATION, cap_futures, is_emergency
from chatbot.model import Cause, Phase, Reason

if TYPE_CHECKING:
    from chatbot.portfolio.evaluation import Evaluation
    from chatbot.portfolio.states import PortfolioStates

#: distance to liquidation from which on it may begin again
LEAVE = Decimal("0.12")


def room(evaluation: Evaluation) -> Decimal:
    """Return R of domain 2.4, what the book may be at most, in quote."""
    if evaluation.held is None:
        raise ValueError("a portfolio that cannot be evaluated has no room")
    strategy = evaluation.portfolio.strategy
    return cap_futures(
        value=evaluation.held.value,
        spot_risky=evaluation.held.spot,
        futures_equity=evaluation.held.equity,
        gross_cap=strategy.gross_cap,
        sleeve_cap=strategy.sleeve_cap,
        desired={},
    ).room


def is_urgent(evaluation: Evaluation) -> bool:
    """Tell whether margin is in danger now."""
    if evaluation.figures is None or not evaluation.figures.book:
        return False
    gross = sum((abs(notional) for notional in evaluation.figures.book.values()), Decimal(0))
    return is_emergency(evaluation.figures.liquidation, gross, room(evaluation))


def advance(evaluation: Evaluation, states: PortfolioStates) -> tuple[bool, bool]:
    """Return whether the emergency lasts after this check, and whether it begins now; it rings once, and again after it was well away."""
    urgent = is_urgent(evaluation)
    distance = evaluation.figures.liquidation if evaluation.figures else None
    if states.margin_fired:
        calm = not urgent and (distance is None or distance >= LEAVE)
        return not calm, False
    return urgent, urgent


def reason(evaluation: Evaluation) -> Reason:
    """Return why a plan is made; ``reading`` is the distance to liquidation, None where only the room is exceeded."""
    distance = evaluation.figures.liquidation if evaluation.figures else None
    return Reason(trigger=Cause.MARGIN, event=Phase.BEGIN, reading=distance, limit=NEAR_LIQUIDATION)

"""The margin emergency: liquidation is near, or the book has outgrown its room; futures are then reduced first of all (domain 9.8)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.margin import NEAR_LIQUIDATION, cap_futures, is_emergency
from chatbot.model import Cause, Phase, Reason
from chatbot.portfolio.states import Danger
from chatbot.values import dataclass

if TYPE_CHECKING:
    from datetime import datetime

    from chatbot.portfolio.evaluation import Evaluation

#: distance to liquidation from which on it may begin again
LEAVE = Decimal("0.12")
#: nearer by so much of the mark, it rings again
STEP = Decimal("0.02")


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginStep:
    """What a check makes of the margin."""

    #: what is remembered from now on; None: no emergency
    danger: Danger | None = None
    #: it is told now
    rings: bool = False
    #: a plan is asked for now
    asks: bool = False


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


def advance(evaluation: Evaluation, before: Danger | None, hours: int, now: datetime, *, under_way: bool = False) -> MarginStep:
    """Move the emergency on: it rings when it begins, when liquidation is nearer by a step, and ``hours`` after it rang last, 0: never.

    While another plan is ``under_way`` it rings and asks for nothing; what it asks for is asked, and told again, after that plan.
    """
    distance = evaluation.figures.liquidation if evaluation.figures else None
    if not is_urgent(evaluation):
        is_calm = distance is None or distance >= LEAVE
        return MarginStep(danger=None if is_calm else before)
    rings = before is None or _is_nearer(distance, before.distance) or (bool(hours) and _is_due(before.told, hours, now))
    asks = not under_way and (rings or before is None or not before.asked)
    if not (rings or asks):
        return MarginStep(danger=before)
    asked = asks or (before is not None and before.asked)
    return MarginStep(danger=Danger(distance=distance, told=now, asked=asked), rings=True, asks=asks)


def _is_nearer(distance: Decimal | None, told: Decimal | None) -> bool:
    """Tell whether liquidation is nearer by a step than it was told; above the limit nobody counts, as it rang for the size of the book."""
    return distance is not None and distance <= (NEAR_LIQUIDATION if told is None else min(told, NEAR_LIQUIDATION)) - STEP


def _is_due(told: datetime | None, hours: int, now: datetime) -> bool:
    return told is not None and now - told >= timedelta(hours=hours)


def reason(evaluation: Evaluation) -> Reason:
    """Return why a plan is made; ``reading`` is the distance to liquidation, None where only the room is exceeded."""
    distance = evaluation.figures.liquidation if evaluation.figures else None
    return Reason(trigger=Cause.MARGIN, event=Phase.BEGIN, reading=distance, limit=NEAR_LIQUIDATION)

"""The margin emergency: liquidation is near, or the book has outgrown its room; futures are then reduced first of all (domain 9.8)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.engine.emergency import is_emergency
from chatbot.engine.margin import cap_futures
from chatbot.model import FUTURES, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.portfolio.evaluator import Evaluation

#: key of this trigger among the states of a portfolio
STATE = "margin"
#: distance to liquidation at which it begins, and from which on it may begin again
ENTER, LEAVE = Decimal("0.10"), Decimal("0.12")
_FIRED, _ARMED = {"fired": True}, {"fired": False}


def room(found: Evaluation) -> Decimal:
    """Return R of domain 2.4, what the book may be at most, in quote."""
    if found.snapshot is None or found.shape is None:
        raise ValueError("a portfolio that can not be evaluated has no room")
    strategy = found.portfolio.strategy
    spot = sum((holding.qty * holding.price for holding in found.snapshot.spot), Decimal(0))
    return cap_futures(
        value=found.shape.value,
        spot_risky=spot,
        futures_equity=found.shape.values.get(FUTURES, Decimal(0)),
        gross_cap=strategy.gross_cap,
        sleeve_cap=strategy.sleeve_cap,
        desired={},
    ).room


def is_urgent(found: Evaluation) -> bool:
    """Tell whether margin is in danger now."""
    if found.shape is None or not found.shape.book:
        return False
    gross = sum((abs(notional) for notional in found.shape.book.values()), Decimal(0))
    return is_emergency(found.shape.liquidation, gross, room(found))


def advance(found: Evaluation, states: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, Any], bool]:
    """Return the trigger's state after a check, and whether it begins now; it rings once, and again after it has been well away."""
    fired = bool(states.get(STATE, {}).get("fired"))
    urgent = is_urgent(found)
    distance = found.shape.liquidation if found.shape else None
    if fired:
        calm = not urgent and (distance is None or distance >= LEAVE)
        return (_ARMED if calm else _FIRED), False
    return (_FIRED if urgent else _ARMED), urgent


def reason(found: Evaluation) -> Reason:
    """Return why a plan is made; ``reading`` is the distance to liquidation, None where only the room is exceeded."""
    distance = found.shape.liquidation if found.shape else None
    return Reason(trigger="margin", event="begin", reading=distance, limit=ENTER)

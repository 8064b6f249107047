"""What triggers and hedges make of a portfolio's targets, in the terms of a report."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.model import MovedTarget
from chatbot.portfolio import targets as targeting

if TYPE_CHECKING:
    from chatbot.portfolio.evaluator import Evaluation

#: what the fold says when it leaves low funding out (domain 9.2, step 2)
_SUPPRESSED = "funding_low:suppressed"
#: a target that is worked out anew may differ by less than this without having moved
_LEAST = Decimal("0.000001")


def of(found: Evaluation) -> dict[str, Any]:
    """Return the fields of a status report that tell what the triggers see and do; what is unknown is left out."""
    seen: dict[str, Any] = {"signals": found.layers.signals, "hedges": found.layers.hedges}
    if found.snapshot is None or found.effective is None:
        return seen
    own = targeting.base_targets(found.snapshot, found.portfolio.strategy, found.layers.anchors)
    now = found.effective.targets
    before, after = {**own.spot, **own.futures}, {**now.spot, **now.futures}
    moved = {
        name: MovedTarget(own=before.get(name, Decimal(0)), now=target)
        for name, target in after.items()
        if abs(target - before.get(name, Decimal(0))) >= _LEAST
    }
    return {**seen, "moved": moved, "suppressed": _SUPPRESSED in found.effective.log}

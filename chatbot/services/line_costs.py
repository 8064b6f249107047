"""What trading each line of a portfolio costs, for a plan that may choose where to trade (domain 9.10 b, 11.1)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.model import STABLE
from chatbot.plans.band_advice import members

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.plans.costs import Costing
    from chatbot.portfolio.evaluator import Evaluation

_STEP = Decimal("0.000001")


def by_line(found: Evaluation, costing: Costing) -> Mapping[str, Decimal] | None:
    """Return fee + half spread + impact of a typical trade (band x V) by line, as a fraction; None: one is unknown, so all count alike.

    The stablecoin costs nothing by itself: every trade of a coin is paid in it, and the coin bears the cost.
    """
    strategy = found.portfolio.strategy
    if strategy.theta == 1 or found.effective is None or found.shape is None:
        return None
    costs = {STABLE: Decimal(0)}
    for line in found.shape.lines:
        if line.band is None or line.line == STABLE:
            continue
        cost = Decimal(0)
        for asset, share in members(line.line, found.effective.targets, strategy).items():
            part = Decimal(repr(share))
            lost = costing.impact(found.quotes[asset], part * line.band * found.shape.value)
            if lost is None:
                return None
            cost += part * (found.markets[asset].taker_fee + Decimal(repr(lost)))
        costs[line.line] = cost.quantize(_STEP)
    return costs

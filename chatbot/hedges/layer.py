"""A portfolio with other hedges in its targets than it has: with one that is planned, or without one that is to be closed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.portfolio import targets as targeting

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatbot.model import OpenHedge
    from chatbot.portfolio.evaluation import Evaluation

_ZERO = Decimal(0)


def with_hedges(evaluation: Evaluation, hedges: Iterable[OpenHedge]) -> Evaluation:
    """Return the evaluation as it is with these hedges in the targets; raises ``engine.errors.Refused``."""
    if evaluation.held is None:
        return evaluation
    layers = replace(evaluation.layers, hedges=tuple(hedges))
    effective = targeting.effective(evaluation.held, evaluation.portfolio.strategy, layers, evaluation.betas)
    return replace(evaluation, layers=layers, effective=effective)


def without(evaluation: Evaluation, hedge: OpenHedge) -> tuple[Evaluation, Decimal] | None:
    """Return the evaluation without a hedge in the targets, and how much to buy of its contract, base units; None: it cannot be seen.

    What is bought is what the hedge sold, but never past the strategy's own position, or zero. Raises ``engine.errors.Refused``.
    """
    rest = with_hedges(evaluation, [one for one in evaluation.layers.hedges if one.kind != hedge.kind])
    at = evaluation.held.position(hedge.contract) if evaluation.held is not None else None
    if evaluation.held is None or at is None or rest.effective is None:
        return None
    own = max(_ZERO, rest.effective.targets.futures.get(hedge.contract, _ZERO) * evaluation.held.value / at.mark)
    return rest, _ZERO if at.qty >= own else min(-hedge.qty, own - at.qty)

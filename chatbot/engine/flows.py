"""Returns that money coming and going leaves alone: time-weighted, linked at every flow (domain 9.15).

Legend: V value just before the flows of a moment, F the flows of that moment, r the return from one moment to the next.
r = V / (V' + F') - 1, where V' and F' are those of the moment before.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from chatbot.engine.exact import ONE, ZERO, exact, to_decimal
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What a portfolio was worth at one moment, and what then came in or went out."""

    #: before the flows, quote; None = unknown
    value: Decimal | None
    #: signed, quote: above 0 came in; None = of unknown price. Those of the last moment count nowhere
    flows: tuple[Decimal | None, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Returns:
    """What a portfolio made of its money; None is unknown, never 0."""

    #: return since the moment before, a fraction; None for the first
    links: tuple[Decimal | None, ...]
    #: of all links together; None where one is unknown, or where there is none
    total: Decimal | None
    #: last value - first value - flows in between, quote
    profit: Decimal | None


def time_weighted(moments: Sequence[Moment]) -> Returns:
    """Return what was earned between moments in the order of time. Raises ``Refused``: bad_parameter for a number beyond all bounds."""
    values = [None if moment.value is None else exact(moment.value) for moment in moments]
    flows = [_sum(moment.flows) for moment in moments]
    growths = [_growth(before, flow, after) for (before, after), flow in zip(pairwise(values), flows, strict=False)]
    total: Fraction | None = ONE if growths else None
    for growth in growths:
        total = None if total is None or growth is None else total * growth
    links = (None, *(_less_one(growth) for growth in growths)) if moments else ()
    return Returns(links=links, total=_less_one(total), profit=_profit(values, flows))


def _growth(before: Fraction | None, flow: Fraction | None, after: Fraction | None) -> Fraction | None:
    """Return how many times the money became what it was; None where nobody can tell."""
    if before is None or flow is None or after is None or before < 0 or after < 0:
        return None
    invested = before + flow
    if invested > 0:
        return after / invested
    return ONE if invested == after == 0 else None  # empty, and still empty


def _profit(values: Sequence[Fraction | None], flows: Sequence[Fraction | None]) -> Decimal | None:
    between = _sum(flows[:-1])
    if not values or values[0] is None or values[-1] is None or between is None:
        return None
    return to_decimal(values[-1] - values[0] - between)


def _sum(parts: Sequence[Decimal | Fraction | None]) -> Fraction | None:
    whole = ZERO
    for part in parts:
        if part is None:
            return None
        whole += part if isinstance(part, Fraction) else exact(part)
    return whole


def _less_one(growth: Fraction | None) -> Decimal | None:
    return None if growth is None else to_decimal(growth - ONE)

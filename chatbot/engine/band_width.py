"""Bands: how wide they are and which side of one a weight lies on (domain 3.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import wide

if TYPE_CHECKING:
    from decimal import Decimal

#: which edges belong to the outside: article = upper only, inclusive = both, strict = none
MODES = frozenset({"article", "inclusive", "strict"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Half-width of a band; with both figures the smaller counts."""

    #: percentage points of V, e.g. 5
    abs_pp: Decimal | None = None
    #: fraction of the target, e.g. 0.25
    rel: Decimal | None = None


def half_width(band: Band, target: Decimal) -> Decimal:
    """Return b as a fraction of V (domain 3.1). Raises ``Refused``: bad_band when no figure is given or one is not above 0."""
    given = [number for number in (band.abs_pp, band.rel) if number is not None]
    if not given or min(given) <= 0:
        raise Refused("bad_band")
    with wide():
        widths = []
        if band.abs_pp is not None:
            widths.append(band.abs_pp / 100)
        if band.rel is not None:
            widths.append(band.rel * target)
        return min(widths)


def outside(v: Decimal, t: Decimal, b: Decimal, V: Decimal, mode: str) -> str | None:
    """Return "over", "under" or None for a line worth ``v`` of ``V``; call it where decimals are wide.

    A band without width (a relative one on target 0) is left only by moving: standing exactly on target is inside.
    """
    upper, lower = (t + b) * V, (t - b) * V
    if b == 0 and v == upper:
        return None
    over = v > upper if mode == "strict" else v >= upper
    if over:
        return "over"
    under = v <= lower if mode == "inclusive" else v < lower
    return "under" if under else None

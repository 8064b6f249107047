"""How wide a band is, on which side of it a weight lies, and how wide it should be (domain 3.1, 3.5).

How wide the bands of each preset are stands in ``presets.py``, what a person may make of them in ``portfolio/strategies.py``.
Breach tests are exact decimals; the recommended width is statistics, so binary floats.
Legend of the recommendation: pi target, gamma risk aversion, lam one-way cost, sigma volatility, alpha = 1 - theta, s = pi (1 - pi) sigma.
"""

from __future__ import annotations

from math import fsum, sqrt
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import wide
from chatbot.engine.finite import check_floats
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

#: which edges belong to the outside: article = upper only, inclusive = both, strict = none
MODES = frozenset({"article", "inclusive", "strict"})
_DAYS_PER_YEAR = 365


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """A recommended half-width and what to expect from it; widths in points of V."""

    cost_optimal_pp: float
    band_pp: float
    #: "cost" or "tracking_error": which of the two bounds gave ``band_pp``
    bound_by: str
    #: one-way turnover, fraction of V
    turnover_per_year: float
    #: expected days between triggers; None when trading to the edge (no typical distance)
    days_between: float | None
    #: yearly standard deviation against the target mix
    tracking_error: float
    #: trading cost, fraction of V
    cost_per_year: float


def recommend(
    *, target: float, risk_aversion: float, cost: float, sigma: float, theta: float = 1.0, te_budget: float | None = None
) -> Recommendation:
    """Return min(B*, B_TE) for a line (domain 3.5). Raises ``Refused``: bad_parameter outside 0 < target < 1 and positive figures."""
    check_floats((target, risk_aversion, cost, sigma, theta, te_budget))
    pi, gamma, lam, alpha = target, risk_aversion, cost, 1.0 - theta
    positive = gamma > 0 and lam > 0 and sigma > 0 and (te_budget is None or te_budget > 0)
    if not (0 < pi < 1 and 0 <= theta <= 1 and positive):
        raise Refused("bad_parameter")
    best = (6 * lam * (pi * (1 - pi)) ** 2 / (gamma * (1 + alpha) * (1 + alpha**2))) ** (1 / 3)
    te_per_width = sigma * sqrt((1 + alpha**2) / 6)
    limit = None if te_budget is None else te_budget / te_per_width
    B = best if limit is None else min(best, limit)
    s2 = (pi * (1 - pi) * sigma) ** 2
    turnover = s2 / (B * (1 + alpha))
    return Recommendation(
        cost_optimal_pp=best * 100,
        band_pp=B * 100,
        bound_by="cost" if best == B else "tracking_error",
        turnover_per_year=turnover,
        days_between=_DAYS_PER_YEAR * B**2 * (1 - alpha**2) / s2 if alpha < 1 else None,
        tracking_error=te_per_width * B,
        cost_per_year=lam * turnover,
    )


def relative_volatility(differences: Sequence[float | None], coverage: float = 0.9) -> float | None:
    """Return sigma_rel per year: the volatility of (line - rest of portfolio) from daily returns, None where one is missing.

    The mean is not subtracted, as in domain 5.1; below ``coverage`` of the days it is unknown. Raises ``Refused``: bad_parameter.
    """
    check_floats(differences)
    known = [difference for difference in differences if difference is not None]
    if not known or len(known) < coverage * len(differences):
        return None
    return sqrt(_DAYS_PER_YEAR * fsum(difference**2 for difference in known) / len(known))

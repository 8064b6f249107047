"""How wide a band should be: the closed form of domain 3.5. Statistics, so binary floats.

Legend: pi target, gamma risk aversion, lam one-way cost, sigma volatility, alpha = 1 - theta, s = pi (1 - pi) sigma.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum, sqrt
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

_DAYS_PER_YEAR = 365


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
        days_between=365 * B**2 * (1 - alpha**2) / s2 if alpha < 1 else None,
        tracking_error=te_per_width * B,
        cost_per_year=lam * turnover,
    )


def relative_volatility(differences: Sequence[float | None], coverage: float = 0.9) -> float | None:
    """Return sigma_rel per year: the volatility of (line - rest of portfolio) from daily returns, None where one is missing.

    The mean is not subtracted, as in domain 5.1; below ``coverage`` of the days it is unknown.
    """
    known = [difference for difference in differences if difference is not None]
    if not known or len(known) < coverage * len(differences):
        return None
    return sqrt(_DAYS_PER_YEAR * fsum(difference**2 for difference in known) / len(known))

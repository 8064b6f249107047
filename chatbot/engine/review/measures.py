"""How good a run of values was: risk, return and what rebalancing added (domain 12.3).

Legend: NAV net asset value, a series of them one a day; r daily returns NAV_t / NAV_{t-1} - 1; n how many; a year has 365 days.
Statistics are binary floats (domain 0). None stands for what a series is too short or too flat to tell, never 0.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from chatbot.engine.errors import Refused
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: days of a year
YEAR_DAYS: Final = 365
#: the quantile that drift is told by
_TAIL: Final = 0.95
#: a standard deviation this small beside the returns is what rounding leaves of none
_FLAT: Final = 1e-12


def daily_returns(nav: Sequence[float] | Floats) -> Floats:
    """Return r of a series; one shorter. Raises ``Refused``: non_positive_value for a value that is not above 0."""
    values = np.asarray(nav, dtype=np.float64)
    if not (np.isfinite(values).all() and (values > 0).all()):
        raise Refused("non_positive_value", "nav")
    return values[1:] / values[:-1] - 1


def drawdowns(nav: Sequence[float] | Floats) -> Floats:
    """Return how far each value stands below the highest before it: 0 at a new high, -0.1 ten per cent below."""
    daily_returns(nav)
    values = np.asarray(nav, dtype=np.float64)
    return values / np.maximum.accumulate(values) - 1


def max_drawdown(nav: Sequence[float] | Floats) -> float | None:
    """Return the deepest fall from a high, a fraction of it, 0 or below; None without a value."""
    return float(drawdowns(nav).min()) if len(nav) else None


def volatility(returns: Sequence[float] | Floats) -> float | None:
    """Return the sample standard deviation of a year; None for fewer than two returns."""
    r = np.asarray(returns, dtype=np.float64)
    return float(r.std(ddof=1) * math.sqrt(YEAR_DAYS)) if len(r) > 1 else None


def sharpe(returns: Sequence[float] | Floats) -> float | None:
    """Return mean(r) / sd(r) of a year, sample sd; None for fewer than two returns, or where they do not vary."""
    r = np.asarray(returns, dtype=np.float64)
    if len(r) < 2 or (spread := float(r.std(ddof=1))) <= _FLAT * float(np.abs(r).max(initial=0)):
        return None
    return float(r.mean() / spread * math.sqrt(YEAR_DAYS))


def sortino(returns: Sequence[float] | Floats) -> float | None:
    """Return mean(r) / sqrt(mean(min(r, 0)^2)) of a year; None for fewer than two returns, or where none is below 0."""
    r = np.asarray(returns, dtype=np.float64)
    if len(r) < 2 or not (below := float(np.sqrt(np.mean(np.minimum(r, 0) ** 2)))):
        return None
    return float(r.mean() / below * math.sqrt(YEAR_DAYS))


def tracking_error(actual: Sequence[float] | Floats, target: Sequence[float] | Floats) -> float | None:
    """Return the volatility of a year of actual less target returns, of the same days; None for fewer than two."""
    if len(actual) != len(target):
        raise Refused("bad_parameter", "returns of different days")
    return volatility(np.asarray(actual, dtype=np.float64) - np.asarray(target, dtype=np.float64))


def rebalancing_bonus(actual: Sequence[float], hold: Sequence[float]) -> float | None:
    """Return ln growth of the actual NAV less that of holding, a year, after costs; None for fewer than two values."""
    if len(actual) != len(hold):
        raise Refused("bad_parameter", "values of different days")
    if len(actual) < 2:
        return None
    gained = np.log1p(daily_returns(actual)).sum() - np.log1p(daily_returns(hold)).sum()
    return float(gained * YEAR_DAYS / (len(actual) - 1))


def excess_growth(weights: Sequence[float], covariance: Sequence[Sequence[float]] | Floats) -> float:
    """Return Fernholz's excess growth of constant weights: (sum of w_i s_ii - sum of w_i w_j s_ij) / 2, in the covariance's time unit."""
    w, s = np.asarray(weights, dtype=np.float64), np.asarray(covariance, dtype=np.float64)
    if s.shape != (len(w), len(w)):
        raise Refused("bad_parameter", "covariance")
    return float((w @ np.diag(s) - w @ s @ w) / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftStatistics:
    """How far a portfolio stood from its targets, in half-widths of its bands."""

    mean: float
    #: 95 % of the samples were nearer
    tail: float
    #: share of the samples at which a line was outside its band
    outside: float


def drift_statistics(drifts: Sequence[Sequence[float]], bands: Sequence[float]) -> DriftStatistics | None:
    """Return mean and tail of max_k |d_k| / b_k; ``drifts`` a row a sample, ``bands`` half-widths; None without a sample or a band.

    On the edge counts as outside, as in the article's "hits" (domain 3.1). Raises ``Refused``: bad_band for one that is not above 0.
    """
    if not len(drifts) or not len(bands):
        return None
    widths = np.asarray(bands, dtype=np.float64)
    if not (widths > 0).all():
        raise Refused("bad_band", "band")
    worst = (np.abs(np.asarray(drifts, dtype=np.float64)) / widths).max(axis=1)
    return DriftStatistics(mean=float(worst.mean()), tail=float(np.quantile(worst, _TAIL)), outside=float((worst >= 1).mean()))

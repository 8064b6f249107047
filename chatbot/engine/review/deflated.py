"""How much of a Sharpe ratio is left once it is known how many settings were tried (domain 12.5; Bailey and Lopez de Prado 2014).

Legend: SR Sharpe ratio of one period, not of a year; T returns; N trials, v the variance of their SRs; Phi the normal distribution.
SR0 = sqrt(v) [(1 - g) Phi^-1(1 - 1/N) + g Phi^-1(1 - 1/(N e))], g Euler's constant
DSR = Phi((SR - SR0) sqrt(T - 1) / sqrt(1 - skew SR + (kurtosis - 1)/4 SR^2))
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

import numpy as np

from chatbot.engine.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_EULER: Final = 0.5772156649
_NORMAL: Final = NormalDist()
#: fewer days of real trading than two years rank no triggers (domain 12.5)
ENOUGH_DAYS: Final = 730
#: a result that is to be acted on stands at this or above
STRONG: Final = 0.95


def expected_best(trials: int, variance: float) -> float:
    """Return SR0, the best Sharpe ratio that so many trials without any skill lead one to expect; 0 for a single trial."""
    if trials < 1 or variance < 0:
        raise Refused("bad_parameter", "trials")
    if trials == 1:
        return 0.0
    best = (1 - _EULER) * _NORMAL.inv_cdf(1 - 1 / trials) + _EULER * _NORMAL.inv_cdf(1 - 1 / (trials * math.e))
    return math.sqrt(variance) * best


def deflated_sharpe(sr: float, *, count: int, skew: float, kurtosis: float, trials: int, variance: float) -> float:
    """Return DSR, the probability that SR is above what luck explains; ``kurtosis`` of a normal distribution is 3.

    Raises ``Refused``: too_few for fewer than two returns, bad_parameter where no variance is left under the root.
    """
    if count < 2:
        raise Refused("too_few", "returns")
    under = 1 - skew * sr + (kurtosis - 1) / 4 * sr * sr
    if under <= 0:
        raise Refused("bad_parameter", "moments")
    return _NORMAL.cdf((sr - expected_best(trials, variance)) * math.sqrt(count - 1) / math.sqrt(under))


def moments(returns: Sequence[float] | NDArray[np.float64]) -> tuple[float, float]:
    """Return (skew, kurtosis) of returns; raises ``Refused``: too_few under four, zero_variance where they do not vary."""
    r = np.asarray(returns, dtype=np.float64)
    if len(r) < 4:
        raise Refused("too_few", "returns")
    away = r - r.mean()
    spread = float(np.mean(away**2))
    if spread <= 0:
        raise Refused("zero_variance", "returns")
    return float(np.mean(away**3)) / spread**1.5, float(np.mean(away**4)) / spread**2


def skill(returns: NDArray[np.float64], *, trials: int, variance: float) -> float | None:
    """Return DSR of a row of returns as :func:`deflated_sharpe` does; None where they are too few, or do not vary."""
    try:
        skew, kurtosis = moments(returns)
        sr = float(returns.mean() / returns.std(ddof=1))
        return deflated_sharpe(sr, count=len(returns), skew=skew, kurtosis=kurtosis, trials=trials, variance=variance)
    except Refused:
        return None

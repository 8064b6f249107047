"""Beta to BTC: estimated from returns, shrunk to a prior, and completed with the index contract (domain 1.7, 9.3)."""

from __future__ import annotations

from decimal import Decimal
from math import fsum, sqrt
from operator import mul
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import exact, to_decimal, trunc_to
from chatbot.engine.finite import check_floats
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEAST_FOR_A_LINE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class BetaEstimate:
    """A beta and where it comes from."""

    #: common observations used
    n: int
    #: slope of the regression; None when it was not run
    ols: float | None
    se: float | None
    #: weight of the regression against the prior, 0 to 1
    weight: float
    beta: float
    #: vasicek or prior
    source: str


def estimate_beta(
    asset: Sequence[float | None],
    market: Sequence[float | None],
    *,
    prior: float,
    prior_sd: float,
    min_obs: int = 30,
    lo: float = 0.0,
    hi: float = 3.0,
) -> BetaEstimate:
    """Estimate beta from daily log returns, None where one is missing (domain 1.7). Statistics, so floats.

    Too few common observations or a flat market give the prior. Raises ``Refused``: bad_parameter.
    """
    check_floats((*asset, *market, prior, prior_sd, lo, hi))
    if prior_sd < 0 or lo > hi:
        raise Refused("bad_parameter")
    pairs = [(a, b) for a, b in zip(asset, market, strict=False) if a is not None and b is not None]
    n = len(pairs)
    fallback = BetaEstimate(n=n, ols=None, se=None, weight=0.0, beta=prior, source="prior")
    if n < max(min_obs, _LEAST_FOR_A_LINE) or len({b for _, b in pairs}) == 1:
        return fallback
    mean_a, mean_b = fsum(a for a, _ in pairs) / n, fsum(b for _, b in pairs) / n
    off_a, off_b = [a - mean_a for a, _ in pairs], [b - mean_b for _, b in pairs]
    S_bb = _dot(off_b, off_b)
    if S_bb == 0:
        return fallback
    ols = _dot(off_a, off_b) / S_bb
    left = [a - ols * b for a, b in zip(off_a, off_b, strict=True)]
    se2 = _dot(left, left) / (n - 2) / S_bb
    spread = prior_sd**2 + se2
    weight = prior_sd**2 / spread if spread else 0.0
    beta = min(max(weight * ols + (1 - weight) * prior, lo), hi)
    return BetaEstimate(n=n, ols=ols, se=sqrt(se2), weight=weight, beta=beta, source="vasicek")


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """The order in the index contract that brings beta back to its target."""

    #: target - now
    gap: Decimal
    #: signed base units, 0 when nothing is to be done
    order_qty: Decimal
    #: the gap that is left
    residual_gap: Decimal


def beta_completion(
    *,
    value: Decimal,
    beta_now: Decimal,
    beta_target: Decimal,
    mark: Decimal,
    lot: Decimal,
    tolerance: Decimal = Decimal("0.02"),
    hedge_beta: Decimal = Decimal(1),
    current_notional: Decimal = Decimal(0),
    max_abs_notional: Decimal | None = None,
) -> Completion:
    """Size the index-contract order that closes a beta gap (domain 9.3); inside ``tolerance`` there is none.

    ``max_abs_notional`` bounds the contract's notional after the order, None = no bound. Raises ``Refused``:
    non_positive_value, bad_price, bad_parameter.
    """
    if value <= 0:
        raise Refused("non_positive_value")
    if mark <= 0:
        raise Refused("bad_price")
    if lot <= 0 or hedge_beta <= 0 or tolerance < 0 or (max_abs_notional is not None and max_abs_notional < 0):
        raise Refused("bad_parameter")
    V, b, m = exact(value), exact(hedge_beta), exact(mark)
    gap = exact(beta_target) - exact(beta_now)
    if abs(gap) <= exact(tolerance):
        return Completion(gap=to_decimal(gap), order_qty=Decimal(0), residual_gap=to_decimal(gap))
    change = gap * V / b
    if max_abs_notional is not None:
        now, most = exact(current_notional), exact(max_abs_notional)
        bounded = min(max(now + change, -most), most) - now
        # a contract already beyond its bound is the planner's business, not a reason to trade the wrong way
        change = bounded if bounded * change > 0 else exact(0)
    qty = trunc_to(change / m, exact(lot))
    return Completion(gap=to_decimal(gap), order_qty=to_decimal(qty), residual_gap=to_decimal(gap - qty * m * b / V))


def _dot(left: list[float], right: list[float]) -> float:
    return fsum(map(mul, left, right))

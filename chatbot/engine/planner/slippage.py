"""What trading costs: impact, walking the book, and when a perpetual is cheaper than spot (domain 11)."""

from __future__ import annotations

from decimal import Decimal
from math import inf, sqrt
from statistics import median
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import ZERO, exact, to_decimal

if TYPE_CHECKING:
    from collections.abc import Sequence

_IMPACT = 0.7
_BLOCKS_PER_DAY = 3
_SECONDS_PER_DAY = 86_400
_FILLS_LEAST, _FILLS_MOST = 5, 20


def impact(order: float, daily_volume: float, daily_volatility: float, eta: float = _IMPACT) -> float:
    """Return the impact of a parent order as a fraction of its notional: the square-root law (domain 11.1)."""
    if order < 0 or daily_volume <= 0 or daily_volatility < 0:
        raise Refused("bad_parameter")
    return eta * daily_volatility * sqrt(order / daily_volume)


def walk_book(levels: Sequence[tuple[Decimal, Decimal]], qty: Decimal, mid: Decimal) -> tuple[Decimal, Decimal] | None:
    """Return (average price, slippage against mid) of taking ``qty`` from ``levels`` of (price, size), best first.

    Slippage is above 0 when it costs, on either side. None when the visible book is too thin.
    """
    if qty <= 0 or mid <= 0:
        raise Refused("bad_parameter")
    left, paid = exact(qty), ZERO
    for price, size in levels:
        taken = min(left, exact(size))
        paid += taken * exact(price)
        left -= taken
        if left == 0:
            average = paid / exact(qty)
            return to_decimal(average), to_decimal(abs(average / exact(mid) - 1))
    return None


def expected_slippage(model: Decimal | None, fills: Sequence[Decimal]) -> Decimal | None:
    """Return what a leg is told to slip, in basis points: the larger of the model and the median of the last 20 fills, never below 0.

    ``fills``: of the same instrument, urgency and mode, the newest first. A median of fewer than five says more of chance than of the
    market, so it is left out; then an unknown model leaves it unknown.
    """
    recent = fills[:_FILLS_MOST]
    if len(recent) < _FILLS_LEAST:
        return model
    return max(median(recent), Decimal(0) if model is None else model)


def slipped_bps(price: Decimal, average: Decimal, *, sells: bool) -> Decimal:
    """Return what a fill cost beyond the price it was decided at, in basis points; below 0 where it was better."""
    if price <= 0:
        raise Refused("bad_parameter")
    return (average / price - 1) * (-10_000 if sells else 10_000)


def usual_move(daily_volatility: float, seconds: float) -> float:
    """Return how far a price usually moves in so many seconds, as a fraction: the daily volatility by the square root of time."""
    return daily_volatility * sqrt(max(0.0, seconds) / _SECONDS_PER_DAY)


def perp_horizon_days(spot_cost: float, perp_cost: float, funding_8h: float) -> float:
    """Return H*, the holding time above which spot is cheaper than a perpetual for a long (domain 11.2); infinite if never."""
    if funding_8h <= 0:
        return inf
    return max(0.0, (2 * spot_cost - 2 * perp_cost) / (_BLOCKS_PER_DAY * funding_8h))

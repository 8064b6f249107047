"""Limit prices (domain 9.6) and the value that is left after fees (domain 9.4)."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import ZERO, ceil_to, exact, floor_to, to_decimal, total
from chatbot.engine.planner.block import STYLES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

_BPS = 10_000
#: how far from mid an order that takes may go, basis points (domain 9.6)
CROSSED_BPS = Decimal(30)


@lru_cache(maxsize=4096)  # a market's prices are the same for everybody whose plan is made in one check
def round_price(mid: Decimal, side: str, tick: Decimal, offset_bps: Decimal = Decimal(5), style: str = "passive") -> Decimal:
    """Return the limit price of an order: a worst price, so buys round down and sells round up to the tick (domain 9.6).

    Passive buys below mid and sells above; marketable the other way round. Raises ``Refused``: bad_price, bad_parameter.
    """
    if mid <= 0:
        raise Refused("bad_price")
    if tick <= 0 or offset_bps < 0 or side not in ("buy", "sell") or style not in STYLES:
        raise Refused("bad_parameter")
    below = (side == "buy") == (style == "passive")
    offset = exact(offset_bps) / _BPS
    bound = exact(mid) * (1 - offset if below else 1 + offset)
    limit = floor_to(bound, exact(tick)) if side == "buy" else ceil_to(bound, exact(tick))
    if limit <= 0:
        raise Refused("bad_price")
    return to_decimal(limit)


def fee_aware_value(
    V: Fraction,
    spot: Sequence[tuple[Fraction, Fraction]],
    futures: Sequence[tuple[Fraction, Fraction]],
    fee_spot: Fraction,
    fee_futures: Fraction,
) -> Fraction:
    """Return V', what V is worth once every line was traded to its target: V' + fee_s sum |t V' - v| + fee_f sum |f V' - N| = V.

    Pairs are (t, v) and (f, N), quote (domain 9.4). The left side grows in pieces that are straight between the points v / t and
    N / f, at which it becomes steeper, so the piece that meets V is found among the sorted points and solved. Raises ``Refused``:
    non_positive_value, also when fees eat everything; bad_parameter for a fee outside [0, 1).
    """
    if V <= 0:
        raise Refused("non_positive_value")
    if min(fee_spot, fee_futures) < 0 or max(fee_spot, fee_futures) >= 1:
        raise Refused("bad_parameter", "fee")
    legs = [(fee_spot, t, v) for t, v in spot] + [(fee_futures, f, n) for f, n in futures]
    x0, y0 = ZERO, total(fee * abs(v) for fee, _, v in legs)
    if y0 >= V:
        raise Refused("non_positive_value")
    slope = 1 + total(fee * (-abs(t) if _nears(t, v) else abs(t)) for fee, t, v in legs)
    for x1, steeper in sorted((v / t, 2 * fee * abs(t)) for fee, t, v in legs if fee and _nears(t, v)):
        y1 = y0 + slope * (x1 - x0)
        if y1 >= V:
            break
        x0, y0, slope = x1, y1, slope + steeper
    return x0 + (V - y0) / slope


def _nears(target: Fraction, value: Fraction) -> bool:
    """Tell whether a line comes nearer to its target before it goes away from it, as the value grows from 0."""
    return target.numerator * value.numerator > 0

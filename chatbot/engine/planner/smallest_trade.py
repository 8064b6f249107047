"""The smallest trade that is worth its trouble (domain 9.5).

Legend: V portfolio value, P price of the instrument, thr = max(least amount, least share of V).
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from chatbot.engine.exact import exact, to_decimal

#: quote
MIN_TRADE = Decimal(10)
#: basis points of V, of what a block's causes name; the larger of both counts
MIN_TRADE_BPS = Decimal(5)
#: the same, of everything else in the block
MIN_TRADE_BPS_OTHER = Decimal(25)
#: fewer lots than this cannot be told from the rounding to lots
_LOTS = Fraction(3, 2)
_BPS = 10_000


def threshold(V: Fraction, min_trade: Decimal = MIN_TRADE, min_trade_bps: Decimal = MIN_TRADE_BPS) -> Fraction:
    """Return thr, the smallest trade that is worth its fees, whatever the instrument."""
    return max(exact(min_trade), exact(min_trade_bps) * V / _BPS)


def least_difference(thr: Fraction, *, min_notional: Fraction, lot: Fraction, price: Fraction) -> Fraction:
    """Return the smallest difference worth an order in an instrument: max(min_notional, thr, 1.5 lots), quote."""
    return max(min_notional, thr, _LOTS * lot * price)


@lru_cache(maxsize=256)  # one look asks it of the same value for each line, and of the same rules several times
def smallest_trade(
    value: Decimal, *, min_notional: Decimal = Decimal(0), lot: Decimal = Decimal(0), price: Decimal = Decimal(0)
) -> Decimal:
    """Return the same for a portfolio of ``value`` with the usual threshold; without the rules of an instrument that alone."""
    return to_decimal(least_difference(threshold(exact(value)), min_notional=exact(min_notional), lot=exact(lot), price=exact(price)))

"""Exact numbers: wide decimals for sums and products, rationals where a quotient must stay exact.

A decimal of 28 digits rounds 1/3; a lot that hangs on such a quotient would be lost. So the planner calculates in rationals
and writes decimals only into its results. Nothing here depends on the context of the caller.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

#: wide enough that sums and products of ordinary inputs are exact
WIDE = Context(prec=80, rounding=ROUND_HALF_EVEN)
ZERO = Fraction(0)
ONE = Fraction(1)
_TEN = Decimal(10)
#: products of what is stored or told stay far below 10 to this power; a number beyond it was stored by nobody of ours
_POWER = 1000


def wide() -> AbstractContextManager[Context]:
    """Return a block in which decimals carry 80 digits, whatever the caller's context says."""
    return localcontext(WIDE)


def exact(number: Decimal | int) -> Fraction:
    """Turn a decimal into the same rational. Raises ``Refused``: bad_parameter, where writing it out would take for ever."""
    try:
        return _rational(number)
    except TypeError:  # a signalling NaN, which has no hash
        raise Refused("bad_parameter", repr(number)[:40]) from None


@lru_cache(maxsize=4096)
def _rational(number: Decimal | int) -> Fraction:
    """Turn a number into a rational once: one plan asks for the same prices, targets, lots and fees hundreds of times."""
    if isinstance(number, Decimal) and not (number.is_finite() and -_POWER < number.adjusted() < _POWER):
        raise Refused("bad_parameter", repr(number)[:40])
    return Fraction(*number.as_integer_ratio())


def to_decimal(number: Fraction) -> Decimal:
    """Write a rational as a decimal: exactly where it ends, else rounded to 80 digits; no trailing zeros."""
    return plain(WIDE.divide(Decimal(number.numerator), Decimal(number.denominator)))


def plain(number: Decimal) -> Decimal:
    """Drop trailing zeros without falling into exponents: 1.50 -> 1.5, 1E+2 -> 100."""
    short = number.normalize(WIDE)
    return short.quantize(Decimal(1), context=WIDE) if short == short.to_integral_value() and abs(short) < _TEN**50 else short


def floor_to(number: Fraction, step: Fraction) -> Fraction:
    """Round down to a multiple of ``step``; a step of 0 (an instrument without rules) leaves the number alone."""
    return (number // step) * step if step else number


def in_steps(number: Decimal, step: Decimal) -> Decimal:
    """Round a decimal down to a multiple of ``step``, as :func:`floor_to` does a rational."""
    return to_decimal(floor_to(exact(number), exact(step)))


def ceil_to(number: Fraction, step: Fraction) -> Fraction:
    """Round up to a multiple of ``step``; a step of 0 leaves the number alone."""
    return -floor_to(-number, step)


def trunc_to(number: Fraction, step: Fraction) -> Fraction:
    """Round towards zero to a multiple of ``step``; a step of 0 leaves the number alone."""
    return floor_to(number, step) if number >= 0 else ceil_to(number, step)


def total(numbers: Iterable[Fraction]) -> Fraction:
    """Add rationals up; 0 for none. They are reduced once, at the end: reducing after each was a third of the time that a plan takes."""
    top, bottom = 0, 1
    for number in numbers:
        above, below = number.as_integer_ratio()
        top, bottom = (top + above, bottom) if below == bottom else (top * below + above * bottom, bottom * below)
    return Fraction(top, bottom)

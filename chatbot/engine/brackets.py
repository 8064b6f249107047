"""The liquidation price where the maintenance rate depends on the size: an exchange's bracket table (domain 1.6).

Legend: N = Q P notional, mmr and cum of the bracket that holds N; maintenance margin = mmr N - cum.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import wide
from chatbot.engine.liquidation import Liquidation, liquidation

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """One row of the table."""

    #: largest notional, quote, inclusive; None = no end
    up_to: Decimal | None
    #: maintenance rate
    mmr: Decimal
    #: maintenance amount, quote: what makes the margin run on without a jump
    cum: Decimal = Decimal(0)


def bracket_at(brackets: Sequence[Bracket], notional: Decimal) -> Bracket:
    """Return the bracket that holds ``notional``; beyond the table the last. Raises ``Refused``: bad_parameter."""
    ends = [b.up_to for b in brackets[:-1]]
    known = [end for end in ends if end is not None]
    if not brackets or len(known) < len(ends) or any(a >= b for a, b in pairwise(known)):
        raise Refused("bad_parameter", "brackets")
    return next((b for b in brackets[:-1] if b.up_to is not None and notional <= b.up_to), brackets[-1])


def maintenance(brackets: Sequence[Bracket], notional: Decimal) -> Decimal:
    """Return the maintenance margin of a notional, in quote."""
    bracket = bracket_at(brackets, notional)
    with wide():
        return bracket.mmr * notional - bracket.cum


def bracketed_liquidation(
    brackets: Sequence[Bracket],
    *,
    qty: Decimal,
    entry: Decimal,
    collateral: Decimal,
    other_mm: Decimal = Decimal(0),
    other_upnl: Decimal = Decimal(0),
    mark: Decimal | None = None,
) -> Liquidation:
    """Return the liquidation price with the bracket that applies there: begun with today's, recomputed until it is stable.

    A table whose margin runs on without jumps (each cum fits) always settles. One with jumps may have two brackets that point
    at each other; then the nearer price counts, the more careful answer. Raises ``Refused`` as ``liquidation``, and
    bad_parameter for a table that does not ascend.
    """
    at = entry if mark is None else mark
    with wide():
        bracket = bracket_at(brackets, abs(qty) * at)
    tried: dict[Bracket, Liquidation] = {}
    while bracket not in tried:
        found = liquidation(
            qty=qty,
            entry=entry,
            collateral=collateral,
            mmr=bracket.mmr,
            cum=bracket.cum,
            other_mm=other_mm,
            other_upnl=other_upnl,
            mark=mark,
        )
        tried[bracket] = found
        # no price in a large bracket may still be one in the smallest, whose rate is the lowest
        with wide():
            there = abs(qty) * found.price if found.price is not None else Decimal(0)
        bracket = bracket_at(brackets, there)
    again = list(tried.values())[list(tried).index(bracket) :]
    return min(again, key=lambda one: (one.distance is None, one.distance))

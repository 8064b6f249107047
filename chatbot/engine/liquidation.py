"""Where a linear position is liquidated, with the maintenance margin of the bracket that applies there (domain 1.6).

Legend: Q size, e entry, M collateral, P the price looked for, N = Q P notional there; mmr and cum of the bracket that holds N, whose
maintenance margin is mmr N - cum.
long: P = (Q e - M - cum) / (Q (1 - mmr)); short: P = (Q e + M + cum) / (Q (1 + mmr)).
"""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import wide
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """One row of an exchange's table of maintenance rates; a rate that holds for every size is a table of one row."""

    #: maintenance rate
    mmr: Decimal
    #: largest notional, quote, inclusive; None = no end
    up_to: Decimal | None = None
    #: maintenance amount, quote: what makes the margin run on without a jump
    cum: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Liquidation:
    """A liquidation price, or none."""

    #: None when the position cannot be liquidated
    price: Decimal | None = None
    #: distance from the mark as a fraction of the mark; None with the price
    distance: Decimal | None = None


def bracket_at(brackets: Sequence[Bracket], notional: Decimal) -> Bracket:
    """Return the bracket that holds ``notional``; beyond the table the last. Raises ``Refused``: bad_parameter."""
    ends = [b.up_to for b in brackets[:-1]]
    known = [end for end in ends if end is not None]
    if not brackets or len(known) < len(ends) or any(a >= b for a, b in pairwise(known)):
        raise Refused("bad_parameter", "brackets")
    return next((b for b in brackets[:-1] if b.up_to is not None and notional <= b.up_to), brackets[-1])


def maintenance(brackets: Sequence[Bracket], notional: Decimal) -> Decimal:
    """Return the maintenance margin of a position of ``notional`` (its sign does not matter), in quote."""
    N = abs(notional)
    bracket = bracket_at(brackets, N)
    with wide():
        return bracket.mmr * N - bracket.cum


def liquidation(
    brackets: Sequence[Bracket],
    *,
    qty: Decimal,
    entry: Decimal,
    collateral: Decimal,
    other_mm: Decimal = Decimal(0),
    other_upnl: Decimal = Decimal(0),
    mark: Decimal | None = None,
) -> Liquidation:
    """Return the liquidation price of one position with the bracket that applies there: begun with today's, recomputed until stable.

    In cross margin ``collateral`` is the wallet, ``other_mm`` and ``other_upnl`` belong to the other positions; ``mark`` None measures
    the distance from the entry. A table whose margin runs on without jumps (each cum fits) always settles. One with jumps may have
    brackets that point at each other; then the nearest price counts, the most careful answer. Raises ``Refused``: bad_price,
    bad_parameter (a rate outside [0, 1), a table that does not ascend).
    """
    at = entry if mark is None else mark
    if entry <= 0 or at <= 0:
        raise Refused("bad_price")
    if any(not 0 <= bracket.mmr < 1 for bracket in brackets):
        raise Refused("bad_parameter", "mmr")
    with wide():
        bracket = bracket_at(brackets, abs(qty) * at)
        if qty == 0:
            return Liquidation()
        free = collateral - other_mm + other_upnl
        tried: dict[Bracket, Liquidation] = {}
        while bracket not in tried:
            found = tried[bracket] = _in_bracket(bracket, qty, entry, free, at)
            # no price in a large bracket may still be one in the smallest, whose rate is the lowest
            bracket = bracket_at(brackets, abs(qty) * found.price if found.price is not None else Decimal(0))
    cycle = list(tried.values())[list(tried).index(bracket) :]
    return min(cycle, key=lambda found: (found.distance is None, found.distance))


def _in_bracket(bracket: Bracket, qty: Decimal, entry: Decimal, M: Decimal, mark: Decimal) -> Liquidation:
    """Solve for the price at which equity is the maintenance margin of ``bracket``; call it where decimals are wide."""
    Q = abs(qty)
    if qty > 0:
        price = (Q * entry - M - bracket.cum) / (Q * (1 - bracket.mmr))
        distance = (mark - price) / mark
    else:
        price = (Q * entry + M + bracket.cum) / (Q * (1 + bracket.mmr))
        distance = (price - mark) / mark
    return Liquidation(price=price, distance=distance) if price > 0 else Liquidation()

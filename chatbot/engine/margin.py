"""Margin: how large the futures book may be, what a short needs to live through a rise, and when margin cannot wait for spot.

Two caps bound the book (domain 2.4): R = max(0, min(L_max V - spot, l_max E)) is the room for the sum of |N|, and one common factor
keeps the proportions of the book. A hedge is sized inside it and gets its collateral (domain 10.4); a book far above it, or a
liquidation that is near, is an emergency (domain 9.8).
Legend: V value, E futures equity, N notional of a contract, d distance from the mark to its liquidation, mmr maintenance rate.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import ONE, ZERO, exact, to_decimal, total
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

#: a liquidation nearer than this, as a fraction of the mark, is an emergency (strict)
NEAR_LIQUIDATION = Decimal("0.10")
#: and so is a book above this many times its room (strict)
_EXCESS = Decimal("1.10")
#: the liquidation of a hedge should be this many times the expected fall away (domain 10.4)
HEDGE_DISTANCE = Decimal("1.5")


@dataclass(frozen=True, slots=True, kw_only=True)
class Capped:
    """A futures book cut to its caps."""

    #: common factor, 1 when nothing was cut
    scale: Decimal
    #: largest allowed sum of |notional|, quote
    room: Decimal
    #: signed notional by contract after the cut
    notional: Mapping[str, Decimal]


def room_for_book(V: Fraction, spot: Fraction, E: Fraction, *, gross_cap: Fraction, sleeve_cap: Fraction) -> Fraction:
    """Return R of domain 2.4; no equity, no room."""
    return max(exact(0), min(gross_cap * V - spot, sleeve_cap * E))


def room_at_target(spot: Fraction, collateral: Fraction, *, gross_cap: Fraction, sleeve_cap: Fraction) -> Fraction:
    """Return R as a fraction of V where a portfolio stands at its targets, of which these are fractions."""
    return room_for_book(ONE, spot, collateral, gross_cap=gross_cap, sleeve_cap=sleeve_cap)


def room_after_fees(V: Fraction, spot: Fraction, E: Fraction, fees: Fraction, *, gross_cap: Fraction, sleeve_cap: Fraction) -> Fraction:
    """Return R once ``fees`` of futures orders were paid: out of the collateral, and so out of the value."""
    return room_for_book(V - fees, spot, E - fees, gross_cap=gross_cap, sleeve_cap=sleeve_cap)


def scale_to_room(desired: Mapping[str, Fraction], room: Fraction) -> Fraction:
    """Return the factor in [0, 1] that brings the sum of |notional| down to ``room``; 1 when it fits."""
    wanted = total(abs(n) for n in desired.values())
    return ONE if wanted <= room else room / wanted


def check_caps(gross_cap: Decimal, sleeve_cap: Decimal) -> None:
    """Refuse negative caps (``bad_parameter``)."""
    if gross_cap < 0 or sleeve_cap < 0:
        raise Refused("bad_parameter", "cap")


def cap_futures(
    *, value: Decimal, spot_risky: Decimal, futures_equity: Decimal, gross_cap: Decimal, sleeve_cap: Decimal, desired: Mapping[str, Decimal]
) -> Capped:
    """Cut the desired notional of every contract by one factor so that both caps hold (domain 2.4).

    Raises ``Refused``: non_positive_value, bad_parameter.
    """
    if value <= 0:
        raise Refused("non_positive_value")
    check_caps(gross_cap, sleeve_cap)
    R = room_for_book(exact(value), exact(spot_risky), exact(futures_equity), gross_cap=exact(gross_cap), sleeve_cap=exact(sleeve_cap))
    wanted = {contract: exact(n) for contract, n in desired.items()}
    k = scale_to_room(wanted, R)
    return Capped(scale=to_decimal(k), room=to_decimal(R), notional={c: to_decimal(n * k) for c, n in wanted.items()})


def equity_for(*, short: Decimal, distance: Decimal, mmr: Decimal, other_mm: Decimal = Decimal(0)) -> Decimal:
    """Return the least E that keeps the liquidation of a short of ``short`` ``distance`` away, in cross margin.

    From the formula of domain 1.6 with the entry at the mark: E = N ((1 + d)(1 + mmr) - 1) + maintenance of the other positions.
    Raises ``Refused``: bad_parameter.
    """
    if short < 0 or distance < 0 or not 0 <= mmr < 1 or other_mm < 0:
        raise Refused("bad_parameter")
    if short == 0:
        return Decimal(0)
    N, d = exact(short), exact(distance)
    return to_decimal(N * ((1 + d) * (1 + exact(mmr)) - 1) + exact(other_mm))


def room_beside(*, value: Decimal, spot: Decimal, equity: Decimal, others: Decimal, gross_cap: Decimal, sleeve_cap: Decimal) -> Decimal:
    """Return how large the position in one contract may be, by both caps, beside ``others``: the sum of |N| of all other contracts."""
    R = room_for_book(exact(value), exact(spot), exact(equity), gross_cap=exact(gross_cap), sleeve_cap=exact(sleeve_cap))
    return to_decimal(max(ZERO, R - exact(others)))


def is_emergency(distance: Decimal | None, book_gross: Decimal, room: Decimal) -> bool:
    """Tell whether futures must be reduced before anything else: liquidation below 10 % away, or the room exceeded by above 10 %.

    ``distance`` is the nearest of all positions as a fraction of its mark (``liquidation``), None when nothing can be liquidated;
    ``book_gross`` is the sum of |notional| and ``room`` the R of domain 2.4 (``cap_futures``), both in quote. A book without any
    room is an emergency. Raises ``Refused``: bad_parameter.
    """
    if book_gross < 0 or room < 0:
        raise Refused("bad_parameter")
    near = distance is not None and distance < NEAR_LIQUIDATION
    return near or exact(book_gross) > exact(_EXCESS) * exact(room)

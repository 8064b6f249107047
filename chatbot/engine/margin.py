"""The two leverage caps of the futures book (domain 2.4).

R = max(0, min(L_max V - spot, l_max E)) is the room for the sum of |N|; one common factor keeps the proportions of the book.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import ONE, exact, to_decimal, total

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal
    from fractions import Fraction


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

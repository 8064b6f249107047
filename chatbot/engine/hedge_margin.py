"""What a short needs to live through a rise, and how large one may be beside the rest of the book (domain 1.6, 2.4, 10.4).

Legend: N notional of the contract's short, d distance from the mark to its liquidation, E futures equity, mmr maintenance rate.
"""

from __future__ import annotations

from decimal import Decimal

from chatbot.engine.errors import Refused
from chatbot.engine.exact import ZERO, exact, to_decimal
from chatbot.engine.margin import room_for_book

#: the liquidation should be this many times the expected fall away (domain 10.4)
ROOM = Decimal("1.5")


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

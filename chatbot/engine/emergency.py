"""When margin can not wait for spot: the test for a margin emergency (domain 9.8)."""

from __future__ import annotations

from decimal import Decimal

from chatbot.engine.errors import Refused
from chatbot.engine.exact import exact

_NEAREST = Decimal("0.10")
_EXCESS = Decimal("1.10")


def is_emergency(distance: Decimal | None, book_gross: Decimal, room: Decimal) -> bool:
    """Tell whether futures must be reduced before anything else: liquidation below 10 % away, or the room exceeded by above 10 %.

    ``distance`` is the nearest of all positions as a fraction of its mark (``liquidation``), None when nothing can be liquidated;
    ``book_gross`` is the sum of |notional| and ``room`` the R of domain 2.4 (``cap_futures``), both in quote. A book without any
    room is an emergency. Raises ``Refused``: bad_parameter.
    """
    if book_gross < 0 or room < 0:
        raise Refused("bad_parameter")
    near = distance is not None and distance < _NEAREST
    return near or exact(book_gross) > exact(_EXCESS) * exact(room)

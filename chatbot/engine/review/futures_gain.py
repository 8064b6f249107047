"""What futures realised: a position is carried at its average entry, as exchanges do it (domain 1.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.engine.exact import ZERO, exact, to_decimal

if TYPE_CHECKING:
    from decimal import Decimal
    from fractions import Fraction


class Positions:
    """Signed positions by contract with what was paid for them; None where that is unknown."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[Fraction, Fraction | None]] = {}

    def stands(self, contract: str, qty: Decimal, entry: Decimal | None) -> None:
        """Note a position as it stands: nothing was realised by it. ``entry`` None: unknown."""
        self._held[contract] = (exact(qty), None if entry is None else exact(qty) * exact(entry))

    def qty(self, contract: str) -> Decimal:
        """Return the signed position."""
        return to_decimal(self._held.get(contract, (ZERO, ZERO))[0])

    def traded(self, contract: str, qty: Decimal, price: Decimal) -> Decimal | None:
        """Book a trade of signed ``qty`` and return what it realised before its fee, quote; None where the entry is unknown.

        What closes realises (price - entry) of what is closed; what goes beyond opens the other side at ``price``.
        """
        held, cost = self._held.get(contract, (ZERO, ZERO))
        change, at = exact(qty), exact(price)
        if held * change >= 0:
            self._held[contract] = (held + change, None if cost is None else cost + change * at)
            return to_decimal(ZERO)
        closed = -change if abs(change) <= abs(held) else held
        gain = None if cost is None else closed * at - cost * closed / held
        left = held - closed
        opened = change + closed
        self._held[contract] = (left + opened, opened * at if not left else None if cost is None else cost * left / held)
        return None if gain is None else to_decimal(gain)

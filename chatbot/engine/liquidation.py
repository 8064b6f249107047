"""Where a linear position is liquidated (domain 1.6).

Legend: Q size, e entry, M collateral, mmr maintenance rate, cum maintenance amount.
long: P = (Q e - M - cum) / (Q (1 - mmr)); short: P = (Q e + M + cum) / (Q (1 + mmr)).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from chatbot.engine.errors import Refused
from chatbot.engine.exact import wide


@dataclass(frozen=True, slots=True, kw_only=True)
class Liquidation:
    """A liquidation price, or none."""

    #: None when the position can not be liquidated
    price: Decimal | None = None
    #: distance from the mark as a fraction of the mark; None with the price
    distance: Decimal | None = None


def liquidation(
    *,
    qty: Decimal,
    entry: Decimal,
    collateral: Decimal,
    mmr: Decimal,
    cum: Decimal = Decimal(0),
    other_mm: Decimal = Decimal(0),
    other_upnl: Decimal = Decimal(0),
    mark: Decimal | None = None,
) -> Liquidation:
    """Return the liquidation price of one position; ``mark`` None measures the distance from the entry.

    In cross margin ``collateral`` is the wallet, ``other_mm`` and ``other_upnl`` belong to the other positions. Raises
    ``Refused``: bad_price, bad_parameter.
    """
    at = entry if mark is None else mark
    if entry <= 0 or at <= 0:
        raise Refused("bad_price")
    if not 0 <= mmr < 1:
        raise Refused("bad_parameter", "mmr")
    if qty == 0:
        return Liquidation()
    with wide():
        Q, M = abs(qty), collateral - other_mm + other_upnl
        if qty > 0:
            price = (Q * entry - M - cum) / (Q * (1 - mmr))
            distance = (at - price) / at
        else:
            price = (Q * entry + M + cum) / (Q * (1 + mmr))
            distance = (price - at) / at
    return Liquidation(price=price, distance=distance) if price > 0 else Liquidation()

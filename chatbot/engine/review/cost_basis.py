"""What was paid for what was sold: first in, first out, exactly (product 3, /report).

A lot is a quantity that came in at one moment with its cost, fees included. A sale takes from the oldest lots; what it takes beyond all
of them came from somewhere nobody wrote down: its cost is unknown, and so is what that part realised.
"""

from __future__ import annotations

from collections import defaultdict, deque
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from chatbot.engine.errors import Refused
from chatbot.engine.exact import ZERO, exact, floor_to, to_decimal
from chatbot.values import dataclass

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

_STEP: Final = Fraction(1, 10**12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Realised:
    """One part of a sale, of one lot."""

    asset: str
    qty: Decimal
    #: when the lot came in; None: nobody knows
    acquired: datetime | None
    sold: datetime
    #: quote, after the fee of the sale
    proceeds: Decimal
    #: quote, with the fee of the purchase; None: unknown
    cost: Decimal | None

    @property
    def gain(self) -> Decimal | None:
        """Return what it realised, quote; None where its cost is unknown."""
        return None if self.cost is None else to_decimal(exact(self.proceeds) - exact(self.cost))


@dataclass(slots=True)
class _Lot:
    at: datetime | None
    qty: Fraction
    #: of the whole quantity; None: unknown
    cost: Fraction | None


class Lots:
    """What is held of each coin and what was paid for it; events come in the order of time."""

    def __init__(self) -> None:
        self._lots: defaultdict[str, deque[_Lot]] = defaultdict(deque)

    def came(self, asset: str, qty: Decimal, cost: Decimal | None, at: datetime | None) -> None:
        """Note a quantity above 0 that came in for ``cost`` in all, fees included; None: unknown."""
        if qty <= 0:
            raise Refused("negative_quantity", asset)
        self._lots[asset].append(_Lot(at, exact(qty), None if cost is None else exact(cost)))

    def sold(self, asset: str, qty: Decimal, proceeds: Decimal, at: datetime) -> tuple[Realised, ...]:
        """Take a sale from the oldest lots and return its parts; ``proceeds`` after its fee. They add up to the sale exactly."""
        if qty <= 0:
            raise Refused("negative_quantity", asset)
        taken = self._take(asset, exact(qty))
        got = _split(exact(proceeds), [lot.qty for lot in taken])
        return tuple(
            Realised(
                asset=asset,
                qty=to_decimal(lot.qty),
                acquired=lot.at,
                sold=at,
                proceeds=to_decimal(part),
                cost=None if lot.cost is None else to_decimal(lot.cost),
            )
            for lot, part in zip(taken, got, strict=True)
        )

    def left(self, asset: str, qty: Decimal) -> None:
        """Note that a quantity above 0 left without being sold: the oldest lots went with their cost, and nothing was realised."""
        if qty <= 0:
            raise Refused("negative_quantity", asset)
        self._take(asset, exact(qty))

    def renamed(self, old: str, new: str, ratio: Decimal) -> None:
        """Let every lot go on under another name, ``ratio`` new units for each old one; moments and costs stay."""
        lots = self._lots.pop(old, deque())
        self._lots[new] = deque(sorted((*self._lots[new], *(_Lot(lot.at, lot.qty * exact(ratio), lot.cost) for lot in lots)), key=_age))

    def held(self, asset: str) -> Decimal:
        """Return how much of a coin the lots hold."""
        return to_decimal(sum((lot.qty for lot in self._lots[asset]), ZERO))

    def cost(self, asset: str) -> Decimal | None:
        """Return what was paid for what is held of a coin, quote; None where a part of it is unknown."""
        costs = [lot.cost for lot in self._lots[asset]]
        return None if None in costs else to_decimal(sum((cost for cost in costs if cost is not None), ZERO))

    def _take(self, asset: str, qty: Fraction) -> list[_Lot]:
        """Take a quantity out, oldest first, and return it as lots; what nobody knows of is a lot of unknown cost."""
        taken: list[_Lot] = []
        lots = self._lots[asset]
        while qty and lots:
            first = lots[0]
            part = min(qty, first.qty)
            cost = None if first.cost is None else _split(first.cost, [part, first.qty - part])[0]
            taken.append(_Lot(first.at, part, cost))
            first.qty -= part
            first.cost = None if first.cost is None or cost is None else first.cost - cost
            if not first.qty:
                lots.popleft()
            qty -= part
        return [*taken, _Lot(None, qty, None)] if qty else taken


def _split(amount: Fraction, by: list[Fraction]) -> list[Fraction]:
    """Split an amount in proportion to quantities, to the 12th decimal; the last that is not 0 takes the rest."""
    whole = sum(by, ZERO)
    last = max(at for at, part in enumerate(by) if part)
    parts = [floor_to(amount * part / whole, _STEP) if at != last else ZERO for at, part in enumerate(by)]
    parts[last] = amount - sum(parts, ZERO)
    return parts


def _age(lot: _Lot) -> tuple[bool, float]:
    """Order lots by their age; what came nobody knows when is the oldest."""
    return (lot.at is not None, lot.at.timestamp() if lot.at is not None else 0)

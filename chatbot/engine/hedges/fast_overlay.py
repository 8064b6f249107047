"""The fast overlay: a futures short that stands in for a planned spot sale until the sale has filled (domain 11.2).

Legend: s quantity of the planned sale, x what of it has filled, o overlay, a signed quantity of the asset's contract, 0 or below:
o = -trunc(k (s - x), lot), with one k in [0, 1] for all assets that keeps the shorts inside the room of the book. So holding and
overlay together stand where the sale will leave them, to within a lot, however much of it has filled.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import ONE, exact, to_decimal, trunc_to
from chatbot.engine.margin import scale_to_room

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """A planned spot sale and the contract that can stand in for it."""

    asset: str
    #: planned quantity, base units
    qty: Decimal
    #: the asset's linear perpetual
    contract: str
    mark: Decimal
    #: quantity step of the contract
    lot: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """The shorts that stand in for a block's sales."""

    sales: tuple[Sale, ...]
    #: k: below 1 when the room was too small for all of them
    scale: Decimal

    def standing(self, filled: Mapping[str, Decimal]) -> dict[str, Decimal]:
        """Return the signed overlay by contract once ``filled`` (by asset, base units) of the sales is done.

        Raises ``Refused``: negative_quantity for a negative fill. A sale that filled more than was planned needs none.
        """
        shorts: dict[str, Decimal] = {}
        for sale in self.sales:
            done = filled.get(sale.asset, Decimal(0))
            if done < 0:
                raise Refused("negative_quantity", sale.asset)
            left = max(exact(0), exact(sale.qty) - exact(done))
            shorts[sale.contract] = to_decimal(-trunc_to(exact(self.scale) * left, exact(sale.lot)))
        return shorts

    def unwinding(self, before: Mapping[str, Decimal], after: Mapping[str, Decimal]) -> dict[str, Decimal]:
        """Return what to buy back by contract when the fills go from ``before`` to ``after``; contracts without a change are left out.

        The orders only reduce the overlay: a fill is never taken back.
        """
        then, now = self.standing(before), self.standing(after)
        changes = {contract: to_decimal(exact(now[contract]) - exact(short)) for contract, short in then.items()}
        return {contract: change for contract, change in changes.items() if change > 0}


def fast_overlay(sales: Sequence[Sale], room: Decimal) -> Overlay:
    """Size the shorts that answer a risk-off trigger at once, for the planned ``sales`` of one block (domain 11.2).

    ``room`` is what R of domain 2.4 leaves beside the book as it stands, in quote; when it is too small every short shrinks by
    the same factor. A sale whose asset has no contract is not given: it waits for spot. Raises ``Refused``: negative_quantity,
    bad_price, bad_parameter.
    """
    if room < 0 or any(sale.lot <= 0 for sale in sales) or len({sale.contract for sale in sales}) < len(sales):
        raise Refused("bad_parameter")
    for sale in sales:
        if sale.qty < 0:
            raise Refused("negative_quantity", sale.asset)
        if sale.mark <= 0:
            raise Refused("bad_price", sale.contract)
    k = scale_to_room({sale.contract: exact(sale.qty) * exact(sale.mark) for sale in sales}, exact(room))
    return Overlay(sales=tuple(sales), scale=to_decimal(min(ONE, k)))

"""Extreme fear: the Fear & Greed regime, and a futures book brought to longs = shorts (domain 8)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import ZERO, exact, floor_to, to_decimal, total, trunc_to

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class FearState:
    """Whether the regime is on, and the calm readings in a row."""

    active: bool = False
    calm: int = 0


def advance(
    state: FearState, reading: Decimal | None, *, enter: Decimal = Decimal(25), leave: Decimal = Decimal(30), confirm: int = 2
) -> FearState:
    """Take one daily reading, 0 to 100 (domain 8.1); a missing one (None) holds state and counter."""
    if reading is None:
        return state
    if not state.active:
        return FearState(active=reading < enter)
    calm = state.calm + 1 if reading >= leave else 0
    return FearState() if calm >= confirm else FearState(active=True, calm=calm)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookPosition:
    """One contract of the base layer of the book."""

    contract: str
    #: signed base units
    qty: Decimal
    mark: Decimal
    lot: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class NeutralBook:
    """A book with longs = shorts."""

    target_qty: Mapping[str, Decimal]
    #: signed change by contract; only contracts that change
    orders: Mapping[str, Decimal]
    net_before: Decimal
    net_after: Decimal


def neutralise_book(positions: Sequence[BookPosition]) -> NeutralBook:
    """Shrink the heavier side to the lighter, never opening or flipping anything (domain 8.2).

    Raises ``Refused``: bad_price, bad_parameter.
    """
    for p in positions:
        if p.mark <= 0:
            raise Refused("bad_price", p.contract)
        if p.lot <= 0:
            raise Refused("bad_parameter", p.contract)
    N = {p.contract: exact(p.qty) * exact(p.mark) for p in positions}
    target = {p.contract: exact(p.qty) for p in positions}
    longs, shorts = total(n for n in N.values() if n > 0), total(-n for n in N.values() if n < 0)
    if longs != shorts:
        sign = 1 if longs > shorts else -1
        heavy = sorted((p for p in positions if p.qty * sign > 0), key=lambda p: (-exact(p.lot) * exact(p.mark), p.contract))
        sizes = _shrunk(heavy, max(longs, shorts), min(longs, shorts))
        target |= {contract: size * sign for contract, size in sizes.items()}
    after = total(target[p.contract] * exact(p.mark) for p in positions)
    changes = {p.contract: target[p.contract] - exact(p.qty) for p in positions}
    return NeutralBook(
        target_qty={contract: to_decimal(q) for contract, q in target.items()},
        orders={contract: to_decimal(change) for contract, change in changes.items() if change},
        net_before=to_decimal(longs - shorts),
        net_after=to_decimal(after),
    )


def _shrunk(heavy: Sequence[BookPosition], H: Fraction, s: Fraction) -> dict[str, Fraction]:
    """Return the sizes of the heavy side: pro rata down to the lot, and the finest contract takes what is left of ``s``."""
    sizes: dict[str, Fraction] = {}
    left = s
    for p in heavy[:-1]:
        sizes[p.contract] = trunc_to(abs(exact(p.qty)) * s / H, exact(p.lot))
        left -= sizes[p.contract] * exact(p.mark)
    last = heavy[-1]
    sizes[last.contract] = min(abs(exact(last.qty)), max(ZERO, floor_to(left / exact(last.mark), exact(last.lot))))
    return sizes

"""The caps of domain 2.4 held strictly: for the book as it stands after the block, with the block's own fees paid.

Legend: q quantity (signed), N = q mark, R room for the sum of |N|, phi fee of a futures order. A fee counts at the dearer of mark and
limit, so the caps hold at whichever of them the order fills.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chatbot.engine.exact import ZERO, ceil_to, floor_to, total, trunc_to
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from fractions import Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One contract of a book that is about to change."""

    contract: str
    #: quantity now, and the one that the block leads to
    held: Fraction
    goal: Fraction
    mark: Fraction
    #: 0 where nothing can be traded
    lot: Fraction
    #: price at which a buy and a sell are ordered
    bid: Fraction
    ask: Fraction

    @property
    def gross(self) -> Fraction:
        """Absolute notional after the block."""
        return abs(self.goal) * self.mark

    @property
    def traded(self) -> Fraction:
        """What its order is charged for, quote."""
        move = self.goal - self.held
        return abs(move) * max(self.mark, self.bid if move > 0 else self.ask)


def goal_of(notional: Fraction, k: Fraction, mark: Fraction, lot: Fraction) -> Fraction:
    """Return the quantity, in whole lots, for a notional that was brought down by the factor ``k`` of its book."""
    return trunc_to(notional * k / mark, lot)


def rounded(held: Fraction, goal: Fraction, lot: Fraction) -> Fraction:
    """Return the signed move from ``held`` to ``goal`` in lots: reductions up, never past zero; increases and flips down."""
    delta = goal - held
    size = min(ceil_to(abs(delta), lot), abs(held)) if reduces(held, goal) else floor_to(abs(delta), lot)
    return size if delta > 0 else -size


def reduces(held: Fraction, goal: Fraction) -> bool:
    """Tell whether going from ``held`` to ``goal`` keeps the side and makes the position smaller, or closes it."""
    return abs(goal) < abs(held) and held * goal >= 0


def trim(
    slots: Sequence[Slot], givers: Sequence[Sequence[str]], room: Callable[[Fraction], Fraction]
) -> tuple[tuple[Slot, ...], list[str]]:
    """Return the book with lots given up until it fits, and who gave: the order of domain 8.2 from its end inside each group of givers.

    ``room`` returns R once a traded notional was charged for. A contract that is flat passes on to the next.
    """
    book = {slot.contract: slot for slot in slots}
    gave: list[str] = []

    def fits() -> bool:
        return total(slot.gross for slot in book.values()) <= room(total(slot.traded for slot in book.values()))

    for group in givers:
        for name in sorted(group, key=lambda name: (-book[name].lot * book[name].mark, name), reverse=True):
            slot = book[name]
            if fits() or not slot.goal or not slot.lot:
                continue
            gave.append(name)
            low, high = 0, int(ceil_to(abs(slot.goal), slot.lot) / slot.lot)  # at low lots it does not fit, at high it is flat
            while high - low > 1:
                lots = (low + high) // 2
                book[name] = _given(slot, lots)
                low, high = (low, lots) if fits() else (lots, high)
            book[name] = _given(slot, high)
    return tuple(book[slot.contract] for slot in slots), gave


def _given(slot: Slot, lots: int) -> Slot:
    size = max(ZERO, abs(slot.goal) - lots * slot.lot)
    return replace(slot, goal=size if slot.goal > 0 else -size)

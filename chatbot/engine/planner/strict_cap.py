"""The caps of domain 2.4 held strictly: for the book as it stands after the block, with the block's own fees paid.

Legend: q quantity (signed), N = q mark, R room for the sum of |N|, phi fee of a futures order. A fee counts at the dearer of mark and
limit, so the caps hold at whichever of them the order fills.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import ZERO, ceil_to, exact, floor_to, to_decimal, total, trunc_to
from chatbot.engine.margin import check_caps, room_for_book, scale_to_room

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from decimal import Decimal
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Strict:
    """A book cut to its caps, lot by lot."""

    #: signed quantity by contract
    target_qty: Mapping[str, Decimal]
    #: sum of |N| and R after the fees, quote
    gross: Decimal
    room: Decimal
    trimmed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What one contract stands at and should come to."""

    qty: Decimal
    mark: Decimal
    lot: Decimal
    #: signed notional
    goal: Decimal
    #: price of its order; None: the mark
    limit: Decimal | None = None


def cap_strict(
    *,
    value: Decimal,
    spot_risky: Decimal,
    futures_equity: Decimal,
    gross_cap: Decimal,
    sleeve_cap: Decimal,
    fee_futures: Decimal,
    contracts: Mapping[str, Wanted],
) -> Strict:
    """Cut the goals of a book by one factor to its room, round them to lots, and give lots up until the caps hold after the fees.

    ``futures_equity`` is that of before the fees. Raises ``Refused``: non_positive_value, bad_price, bad_parameter.
    """
    _check(value, gross_cap, sleeve_cap, fee_futures, contracts)
    V, spot, E, phi = exact(value), exact(spot_risky), exact(futures_equity), exact(fee_futures)

    def room(traded: Fraction) -> Fraction:
        fees = traded * phi
        return room_for_book(V - fees, spot, E - fees, gross_cap=exact(gross_cap), sleeve_cap=exact(sleeve_cap))

    k = scale_to_room({name: exact(c.goal) for name, c in contracts.items()}, room(ZERO))
    slots = [_slot(name, c, k) for name, c in contracts.items()]
    book, trimmed = trim(slots, [list(contracts)], room)
    return Strict(
        target_qty={slot.contract: to_decimal(slot.goal) for slot in book},
        gross=to_decimal(total(slot.gross for slot in book)),
        room=to_decimal(room(total(slot.traded for slot in book))),
        trimmed=tuple(sorted(trimmed)),
    )


def _slot(name: str, c: Wanted, k: Fraction) -> Slot:
    held, mark, lot = exact(c.qty), exact(c.mark), exact(c.lot)
    limit = mark if c.limit is None else exact(c.limit)
    goal = held + rounded(held, trunc_to(exact(c.goal) * k / mark, lot), lot)
    return Slot(contract=name, held=held, goal=goal, mark=mark, lot=lot, bid=limit, ask=limit)


def _check(value: Decimal, gross_cap: Decimal, sleeve_cap: Decimal, fee: Decimal, contracts: Mapping[str, Wanted]) -> None:
    if value <= 0:
        raise Refused("non_positive_value")
    check_caps(gross_cap, sleeve_cap)
    if not 0 <= fee < 1 or any(c.lot <= 0 for c in contracts.values()):
        raise Refused("bad_parameter", "fee or lot")
    if any(c.mark <= 0 or (c.limit is not None and c.limit <= 0) for c in contracts.values()):
        raise Refused("bad_price")

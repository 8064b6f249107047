"""A book cut to its caps without a portfolio around it, as the golden cases ask for it: the steps are those of a plan's futures side.

The planner takes the same ones with its own exceptions in between: what is too small to trade, and what a block does not name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import ZERO, exact, to_decimal, total
from chatbot.engine.margin import check_caps, room_after_fees, scale_to_room
from chatbot.engine.planner.strict_cap import Slot, goal_of, rounded, trim

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal
    from fractions import Fraction


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
    worth, spot, equity, phi = exact(value), exact(spot_risky), exact(futures_equity), exact(fee_futures)

    def room(traded: Fraction) -> Fraction:
        return room_after_fees(worth, spot, equity, traded * phi, gross_cap=exact(gross_cap), sleeve_cap=exact(sleeve_cap))

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
    goal = held + rounded(held, goal_of(exact(c.goal), k, mark, lot), lot)
    return Slot(contract=name, held=held, goal=goal, mark=mark, lot=lot, bid=limit, ask=limit)


def _check(value: Decimal, gross_cap: Decimal, sleeve_cap: Decimal, fee: Decimal, contracts: Mapping[str, Wanted]) -> None:
    if value <= 0:
        raise Refused("non_positive_value")
    check_caps(gross_cap, sleeve_cap)
    if not 0 <= fee < 1 or any(c.lot <= 0 for c in contracts.values()):
        raise Refused("bad_parameter", "fee or lot")
    if any(c.mark <= 0 or (c.limit is not None and c.limit <= 0) for c in contracts.values()):
        raise Refused("bad_price")

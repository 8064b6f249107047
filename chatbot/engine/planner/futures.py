"""The futures side of a block: collateral transfers, the capped book, reductions before increases (domain 9.7).

Legend: E futures equity, W wallet, T transfer (in > 0), R room for the sum of |N|, k = min(1, R / sum |f| V'),
f exposure target, q position, goal = trunc(f k V' / mark, lot).
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from chatbot.engine.exact import ZERO, ceil_to, exact, floor_to, to_decimal, total
from chatbot.engine.margin import room_for_book, scale_to_room
from chatbot.engine.planner.block import FUTURES_INCREASE, FUTURES_REDUCE, Order
from chatbot.engine.planner.strict_cap import Slot, goal_of, reduces, rounded, trim
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chatbot.engine.planner.lines import Line, Terms

_CENT = Fraction(1, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sleeve:
    """The futures account before the block."""

    W: Fraction
    E: Fraction
    #: target collateral c_F as a fraction of V'
    target: Fraction
    #: futures fees expected when every contract goes to its target
    fees: Fraction


def expected_fees(book: Sequence[Line], terms: Terms) -> Fraction:
    """Estimate the fees of moving every contract of the block to its target at V'."""
    return terms.fee_futures * total(abs(c.target * terms.V2 - c.value) for c in book if c.moves)


def off_target(sleeve: Sleeve, terms: Terms) -> Fraction:
    """Return T: above 0 the sleeve lacks collateral, below 0 it has more than its target."""
    return sleeve.target * terms.V2 - (sleeve.E - sleeve.fees)


def withdrawable(sleeve: Sleeve, book: Sequence[Line], terms: Terms) -> Fraction:
    """Return what may leave the sleeve: unrealised profit and margin in use stay."""
    gross = total(abs(c.value) for c in book)
    # no leverage allowed: any open book locks everything
    locked = gross / terms.sleeve_cap if terms.sleeve_cap else (sleeve.W if gross else ZERO)
    return max(ZERO, min(sleeve.W, sleeve.E) - locked)


def transfer_out(asked: Fraction, sleeve: Sleeve, book: Sequence[Line], terms: Terms, flags: set[str]) -> Fraction:
    """Return what leaves the sleeve of what is asked for (``withdraw_limited``)."""
    most = withdrawable(sleeve, book, terms)
    if most < asked:
        flags.add("withdraw_limited")
    return floor_to(min(asked, most), _CENT)


def transfer_in(asked: Fraction, cash: Fraction, flags: set[str]) -> Fraction:
    """Return what goes into the sleeve of what is asked for; at most the cash left (``collateral_limited``)."""
    if cash < asked:
        flags.add("collateral_limited")
    return floor_to(min(asked, max(ZERO, cash)), _CENT)


def lack(sleeve: Sleeve, missing: Fraction, terms: Terms) -> Fraction:
    """Return what buys may ask of the sleeve when they miss so much: only what lies above the target collateral, in whole cents."""
    spare = max(ZERO, -off_target(sleeve, terms))
    return min(ceil_to(missing, _CENT), floor_to(spare, _CENT)) if missing > 0 else ZERO


def margin_need(sleeve: Sleeve, book: Sequence[Line], spot_after: Fraction, terms: Terms) -> Fraction:
    """Return what the sleeve's cap asks for beyond what is there, when contracts are to grow; in whole cents."""
    grows = any(c.moves and abs(c.target * terms.V2) > abs(c.value) for c in book)
    if not grows or not terms.sleeve_cap:
        return ZERO
    gross = total(abs(c.target * terms.V2) if c.moves else abs(c.value) for c in book)
    allowed = min(gross, max(ZERO, terms.gross_cap * terms.V2 - spot_after))
    return ceil_to(max(ZERO, allowed / terms.sleeve_cap - (sleeve.E - sleeve.fees)), _CENT)


def room(book: Sequence[Line], spot_after: Fraction, collateral: Fraction, terms: Terms) -> Fraction:
    """Return R for the contracts that the block moves: the caps, less what is held in the others."""
    R = room_for_book(terms.V2, spot_after, collateral, gross_cap=terms.gross_cap, sleeve_cap=terms.sleeve_cap)
    return max(ZERO, R - total(abs(c.value) for c in book if not c.moves))


def futures_moves(book: Sequence[Line], R: Fraction, terms: Terms, flags: set[str]) -> dict[str, Fraction]:
    """Return the signed quantity to trade of each contract, 0 for none (domain 9.7)."""
    moving = [c for c in book if c.moves]
    k = scale_to_room({c.instrument: c.target * terms.V2 for c in moving}, R)
    if k < 1:
        flags.add("cap_scaled")
    goals = {c.instrument: goal_of(c.target * terms.V2, k, c.price, c.lot) for c in book}
    flags |= {f"halted:{c.instrument}" for c in book if c.in_scope and not c.tradable and _move(c, goals[c.instrument], terms, set())}
    moves = {c.instrument: _move(c, goals[c.instrument], terms, flags) for c in moving}
    if total(abs(c.held + moves[c.instrument]) * c.price for c in moving) > R:
        # still above the room: now even the smallest reduction counts
        moves |= {c.instrument: _forced(c, goals[c.instrument]) for c in moving if not moves[c.instrument]}
    return {c.instrument: moves.get(c.instrument, ZERO) for c in book}


def held_to_caps(
    book: Sequence[Line],
    moves: Mapping[str, Fraction],
    named: Sequence[str],
    R: Callable[[Fraction], Fraction],
    terms: Terms,
    flags: set[str],
) -> dict[str, Fraction]:
    """Return the moves with lots given up until the caps hold after the block (domain 2.4), the ``named`` contracts first.

    ``R`` returns the room once a traded notional was charged for.
    """
    slots = [_slot(c, c.held + moves[c.instrument], terms) for c in book]
    tradable = [c.instrument for c in book if c.tradable]
    groups = [[name for name in tradable if name in named], [name for name in tradable if name not in named]]
    kept, gave = trim(slots, groups, R)
    if not gave:
        return dict(moves)
    flags.add("cap_scaled")
    found = {slot.contract: slot.goal - slot.held for slot in kept}
    for c in book:
        if c.instrument in gave and is_refused(c, found[c.instrument], terms):
            flags.add(f"below_minimum:{c.instrument}")
            found[c.instrument] = -c.held if c.held * (c.held + found[c.instrument]) < 0 else ZERO
    return found


def _slot(c: Line, goal: Fraction, terms: Terms) -> Slot:
    bid, ask = (exact(terms.limit(c, side)) if c.tradable else c.price for side in ("buy", "sell"))
    return Slot(contract=c.instrument, held=c.held, goal=goal, mark=c.price, lot=c.lot if c.tradable else ZERO, bid=bid, ask=ask)


def write_orders(book: Sequence[Line], moves: Mapping[str, Fraction], terms: Terms) -> list[Order]:
    """Write reductions, then increases and flips, each alphabetical."""
    orders = [write_order(c, moves[c.instrument], terms) for c in book if moves[c.instrument]]
    return sorted(orders, key=lambda o: (o.leg != FUTURES_REDUCE, o.instrument))


def _move(c: Line, goal: Fraction, terms: Terms, flags: set[str]) -> Fraction:
    """Return the signed quantity of the order, 0 when it is not worth one or the exchange would refuse it."""
    if c.target == 0:
        return -c.held
    if abs(goal - c.held) * c.price < c.least:
        return ZERO
    move = rounded(c.held, goal, c.lot)
    if not is_refused(c, move, terms):
        return move
    flags.add(f"below_minimum:{c.instrument}")
    return ZERO


def is_refused(c: Line, move: Fraction, terms: Terms) -> bool:
    """Tell whether the exchange takes no order of this size; reductions are exempt (domain 9.7)."""
    if not move or not c.tradable or reduces(c.held, c.held + move):
        return False
    return abs(move) * min(c.price, exact(terms.limit(c, "buy" if move > 0 else "sell"))) < c.min_notional


def _forced(c: Line, goal: Fraction) -> Fraction:
    """Return the reduction of a contract while the book is above its room; a flip too small to trade becomes a close."""
    if reduces(c.held, goal):
        return rounded(c.held, goal, c.lot)
    return -c.held if c.held * goal < 0 else ZERO


def write_order(c: Line, move: Fraction, terms: Terms) -> Order:
    """Write one futures order for the signed quantity ``move``."""
    shrinks = reduces(c.held, c.held + move)
    side = "buy" if move > 0 else "sell"
    return Order(
        leg=FUTURES_REDUCE if shrinks else FUTURES_INCREASE,
        instrument=c.instrument,
        side=side,
        qty=to_decimal(abs(move)),
        limit=terms.limit(c, side),
        reduce_only=shrinks,
        notional=to_decimal(abs(move) * c.price),
    )

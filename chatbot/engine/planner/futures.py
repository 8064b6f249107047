"""The futures side of a block: collateral transfers, the capped book, reductions before increases (domain 9.7).

Legend: E futures equity, W wallet, T transfer (in > 0), R room for the sum of |N|, k = min(1, R / sum |f| V'),
f exposure target, q position, goal = trunc(f k V' / mark, lot).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from chatbot.engine.exact import ZERO, ceil_to, floor_to, to_decimal, total, trunc_to
from chatbot.engine.margin import room_for_book, scale_to_room
from chatbot.engine.planner.block import FUTURES_INCREASE, FUTURES_REDUCE, Order

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    """Estimate the fees of moving every tradable contract to its target at V'."""
    return terms.fee_futures * total(abs(c.target * terms.V2 - c.value) for c in book if c.tradable)


def surplus(sleeve: Sleeve, terms: Terms) -> Fraction:
    """Return T before limits: above 0 the sleeve lacks collateral, below 0 it has too much; 0 when not worth a transfer."""
    T = sleeve.target * terms.V2 - (sleeve.E - sleeve.fees)
    return ZERO if abs(T) < terms.thr else T


def transfer_out(T: Fraction, sleeve: Sleeve, book: Sequence[Line], terms: Terms, flags: set[str]) -> Fraction:
    """Return what leaves the sleeve for surplus ``-T``; unrealised profit and margin in use stay (``withdraw_limited``)."""
    gross = total(abs(c.value) for c in book)
    # no leverage allowed: any open book locks everything
    locked = gross / terms.sleeve_cap if terms.sleeve_cap else (sleeve.W if gross else ZERO)
    most = max(ZERO, min(sleeve.W, sleeve.E) - locked)
    if most < -T:
        flags.add("withdraw_limited")
    return floor_to(min(-T, most), _CENT)


def transfer_in(T: Fraction, cash: Fraction, flags: set[str]) -> Fraction:
    """Return what goes into the sleeve for shortage ``T``; at most the cash left (``collateral_limited``)."""
    if cash < T:
        flags.add("collateral_limited")
    return floor_to(min(T, max(ZERO, cash)), _CENT)


def room(book: Sequence[Line], spot_after: Fraction, collateral: Fraction, terms: Terms) -> Fraction:
    """Return R for the contracts that can be traded: the caps, less what is held in halted ones."""
    R = room_for_book(terms.V2, spot_after, collateral, gross_cap=terms.gross_cap, sleeve_cap=terms.sleeve_cap)
    return max(ZERO, R - total(abs(c.value) for c in book if not c.tradable))


def futures_orders(book: Sequence[Line], R: Fraction, terms: Terms, flags: set[str]) -> list[Order]:
    """Write reductions, then increases and flips, each alphabetical (domain 9.7)."""
    open_book = [c for c in book if c.tradable]
    k = scale_to_room({c.instrument: c.target * terms.V2 for c in open_book}, R)
    if k < 1:
        flags.add("cap_scaled")
    goals = {c.instrument: trunc_to(c.target * k * terms.V2 / c.price, c.lot) for c in book}
    moves = {c.instrument: _move(c, goals[c.instrument], terms) for c in book}
    if total(abs(c.held + moves[c.instrument]) * c.price for c in open_book) > R:
        # still above the room: now even the smallest reduction counts
        moves |= {c.instrument: _forced(c, goals[c.instrument]) for c in open_book if not moves[c.instrument]}
    flags |= {f"halted:{c.instrument}" for c in book if not c.tradable and moves[c.instrument]}
    orders = [write_order(c, moves[c.instrument], terms) for c in open_book if moves[c.instrument]]
    return sorted(orders, key=lambda o: (o.leg != FUTURES_REDUCE, o.instrument))


def _reduces(q: Fraction, goal: Fraction) -> bool:
    """Tell whether going from ``q`` to ``goal`` keeps the side and makes the position smaller, or closes it."""
    return abs(goal) < abs(q) and q * goal >= 0


def _move(c: Line, goal: Fraction, terms: Terms) -> Fraction:
    """Return the signed quantity of the order, 0 when it is not worth one."""
    if c.target == 0:
        return -c.held
    delta = goal - c.held
    if abs(delta) * c.price < c.least(terms.thr):
        return ZERO
    return rounded(c, goal)


def rounded(c: Line, goal: Fraction) -> Fraction:
    """Round the move to lots: reductions up, never past zero; increases and flips down."""
    delta = goal - c.held
    size = min(ceil_to(abs(delta), c.lot), abs(c.held)) if _reduces(c.held, goal) else floor_to(abs(delta), c.lot)
    return size if delta > 0 else -size


def _forced(c: Line, goal: Fraction) -> Fraction:
    """Return the reduction of a contract while the book is above its room; a flip too small to trade becomes a close."""
    if _reduces(c.held, goal):
        return rounded(c, goal)
    return -c.held if c.held * goal < 0 else ZERO


def write_order(c: Line, move: Fraction, terms: Terms) -> Order:
    """Write one futures order for the signed quantity ``move``."""
    reduces = _reduces(c.held, c.held + move)
    side = "buy" if move > 0 else "sell"
    return Order(
        leg=FUTURES_REDUCE if reduces else FUTURES_INCREASE,
        instrument=c.instrument,
        side=side,
        qty=to_decimal(abs(move)),
        limit=terms.limit(c, side),
        reduce_only=reduces,
        notional=to_decimal(abs(move) * c.price),
    )

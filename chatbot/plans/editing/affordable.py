"""What the money that is there pays for of a plan's legs."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from chatbot.engine.exact import in_steps
from chatbot.engine.planner.prices import CROSSED_BPS
from chatbot.model import LegKind, LegState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chatbot.engine.portfolio import Snapshot
    from chatbot.exchanges.base import Market
    from chatbot.model import Leg

#: what is written on a leg that is smaller than the plan had it, or left out, because the money for it is left out
SMALLER: Final = "shrunk"
UNPAID: Final = "unpaid"
_ZERO: Final = Decimal(0)
_CENT: Final = Decimal("0.01")
_BPS: Final = 10_000


def affordable(snap: Snapshot, legs: Sequence[Leg], markets: Mapping[str, Market], sleeve_cap: Decimal) -> tuple[Leg, ...]:
    """Return legs in their order as the money there is pays for them, the way they will be carried out (domain 9.5, 9.8).

    All buys get smaller by the same factor, in whole lots; a transfer to futures is no larger than what is left, and positions grow no
    further than the cap on a book with so little collateral (2.4). What then misses the exchange's minimum is left out. Better to say
    so on the card than after Confirm.
    """
    cash, equity = snap.cash[0].qty, snap.wallet + sum((held.upnl for held in snap.positions), _ZERO)
    found: list[Leg] = []
    factors: dict[LegKind, Decimal] = {}
    for leg in legs:
        done = leg
        if leg.kind is LegKind.TO_FUTURES and _is_kept(leg):
            done = _smaller(leg, in_steps(max(_ZERO, min(leg.qty, cash)), _CENT))
        elif leg.kind is LegKind.SPOT_BUY and _is_kept(leg):
            done = _bought(leg, factors.setdefault(leg.kind, _factor(cash, legs, markets)), markets[leg.instrument])
        elif leg.kind is LegKind.FUTURES_INCREASE and _is_kept(leg):
            room = sleeve_cap * max(_ZERO, equity) - _gross(snap, legs)
            done = _bought(leg, factors.setdefault(leg.kind, _growth(room, legs, found)), markets[leg.instrument])
        if _is_kept(done):
            cash += _brings(done, markets)
            equity += done.qty if done.kind is LegKind.TO_FUTURES else -done.qty if done.kind is LegKind.TO_SPOT else 0
        found.append(done)
    return tuple(found)


def _is_kept(leg: Leg) -> bool:
    return leg.state is not LegState.DROPPED


def _brings(leg: Leg, markets: Mapping[str, Market]) -> Decimal:
    """Return the money that a leg brings to the spot wallet; below 0 it takes some."""
    if leg.is_transfer:
        return leg.qty if leg.kind is LegKind.TO_SPOT else -leg.qty
    if leg.kind is LegKind.SPOT_SELL:
        return leg.notional * (1 - markets[leg.instrument].dearer_fee)
    return -leg.needs(markets[leg.instrument].dearer_fee) if leg.kind is LegKind.SPOT_BUY else _ZERO


def _gross(snap: Snapshot, legs: Iterable[Leg]) -> Decimal:
    """Return the value of all positions as reductions leave them."""
    book = {held.contract: held.qty for held in snap.positions}
    for leg in legs:
        if leg.kind is LegKind.FUTURES_REDUCE and _is_kept(leg):
            book[leg.instrument] = book.get(leg.instrument, _ZERO) + (-leg.qty if leg.sells else leg.qty)
    return sum((abs(book[held.contract]) * held.mark for held in snap.positions), _ZERO)


def _growth(room: Decimal, legs: Sequence[Leg], done: Sequence[Leg]) -> Decimal:
    """Return the part of what positions were to grow that there is ``room`` for; all of it where no collateral was left out."""
    is_short = any(was.is_transfer and (not _is_kept(now) or now.qty < was.qty) for was, now in zip(legs, done, strict=False))
    wanted = sum((leg.notional for leg in legs if leg.kind is LegKind.FUTURES_INCREASE and _is_kept(leg)), _ZERO)
    return max(_ZERO, room) / wanted if is_short and wanted > room else Decimal(1)


def _factor(cash: Decimal, legs: Iterable[Leg], markets: Mapping[str, Market]) -> Decimal:
    """Return the part of all buys that the money pays for, at most 1; where it is short, what crossing the spread may cost is kept back."""
    buys = [leg for leg in legs if leg.kind is LegKind.SPOT_BUY and _is_kept(leg)]
    needed = sum((leg.needs(markets[leg.instrument].dearer_fee) for leg in buys), _ZERO)
    return Decimal(1) if needed <= cash else max(_ZERO, cash) / (1 + CROSSED_BPS / _BPS) / needed


def _bought(leg: Leg, factor: Decimal, market: Market) -> Leg:
    if factor == 1:
        return leg
    qty = in_steps(leg.qty * factor, market.lot)
    return _smaller(leg, _ZERO if market.is_too_small(qty, leg.lower_price) else qty)


def _smaller(leg: Leg, qty: Decimal) -> Leg:
    if qty == leg.qty:
        return leg
    return replace(leg, qty=qty, note=SMALLER) if qty > 0 else replace(leg, state=LegState.DROPPED, note=UNPAID)

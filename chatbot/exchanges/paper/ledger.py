"""What happened to an account, and the rules that every change must pass before it is saved."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from chatbot.errors import InternalError, NotEnoughMoney
from chatbot.exchanges.base import Side, asset_of, is_perp
from chatbot.exchanges.paper.account import ZERO, AccountState
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

#: divisions (averages, partly closed positions) are exact to 28 digits, not for ever
_TOLERANCE = Decimal("1e-9")


class BrokenBooksError(InternalError):
    """A change of a paper account broke a rule; it was not saved and did not happen."""


class Kind(StrEnum):
    """Why money moved."""

    #: ``qty`` signed base units at ``price``, ``fee`` in quote
    FILL = "fill"
    #: ``amount`` received by the futures wallet
    FUNDING = "funding"
    #: ``amount`` moved from spot to futures
    TRANSFER = "transfer"
    #: ``amount`` of a negative wallet that the exchange took over after a liquidation
    FORGIVEN = "forgiven"
    #: ``qty`` signed units of the asset ``instrument`` came into the spot wallet from outside
    FLOW = "flow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the ledger."""

    kind: Kind
    instrument: str = ""
    qty: Decimal = ZERO
    price: Decimal = ZERO
    fee: Decimal = ZERO
    amount: Decimal = ZERO


def locked(state: AccountState, taker_fees: dict[str, Decimal]) -> dict[str, Decimal]:
    """Return what open spot orders hold back by asset: base for a sell, limit value and the larger fee for a buy."""
    held: defaultdict[str, Decimal] = defaultdict(Decimal)
    for order in state.open_orders:
        request = order.request
        if is_perp(request.instrument):
            continue
        if request.side is Side.SELL:
            held[request.instrument] += order.left
        else:
            held[state.quote] += order.left * request.limit * (1 + taker_fees.get(request.instrument, ZERO))
    return dict(held)


def no_negative_balance(_before: AccountState, after: AccountState, _entries: Sequence[Entry]) -> str | None:
    """Spot is never negative; the wallet may be only while positions carry it."""
    for asset, qty in after.spot.items():
        if qty < 0:
            return f"{asset} would be {qty}"
    if after.futures_wallet < 0 and not after.positions:
        return f"the futures wallet would be {after.futures_wallet}"
    return None


def locked_within_total(_before: AccountState, after: AccountState, _entries: Sequence[Entry]) -> str | None:
    """Open orders never promise more than there is."""
    for asset, qty in locked(after, {}).items():
        if qty > after.spot.get(asset, ZERO):
            return f"{qty} {asset} locked, {after.spot.get(asset, ZERO)} there"
    return None


def filled_within_order(_before: AccountState, after: AccountState, _entries: Sequence[Entry]) -> str | None:
    """No order fills beyond its quantity."""
    for order in after.orders.values():
        if not 0 <= order.filled <= order.request.qty:
            return f"{order.request.client_id} filled {order.filled} of {order.request.qty}"
    return None


def conserved(before: AccountState, after: AccountState, entries: Sequence[Entry]) -> str | None:
    """Nothing appears or vanishes but by the ledger: W − Σ cost changes by −qty · price − fee, funding, transfers; spot also by flows."""
    spot: defaultdict[str, Decimal] = defaultdict(Decimal, before.spot)
    futures = _futures_cash(before)
    for entry in entries:
        paid = entry.qty * entry.price + entry.fee
        if entry.kind is Kind.FLOW:
            spot[entry.instrument] += entry.qty
        elif entry.kind is Kind.TRANSFER:
            spot[before.quote] -= entry.amount
            futures += entry.amount
        elif entry.kind is not Kind.FILL:
            futures += entry.amount
        elif is_perp(entry.instrument):
            futures -= paid
        else:
            spot[before.quote] -= paid
            spot[asset_of(entry.instrument)] += entry.qty
    for asset in {*spot, *after.spot}:
        if abs(after.spot.get(asset, ZERO) - spot[asset]) > _TOLERANCE:
            return f"{asset} is {after.spot.get(asset, ZERO)}, the ledger says {spot[asset]}"
    if abs(_futures_cash(after) - futures) > _TOLERANCE:
        return f"futures cash is {_futures_cash(after)}, the ledger says {futures}"
    return None


def _futures_cash(state: AccountState) -> Decimal:
    """Return the wallet as if every position had been paid for: exact under opening, closing and flipping."""
    return state.futures_wallet - sum((stake.cost for stake in state.positions.values()), ZERO)


#: every change passes all of these; a new rule is one more entry
RULES: tuple[Callable[[AccountState, AccountState, Sequence[Entry]], str | None], ...] = (
    no_negative_balance,
    locked_within_total,
    filled_within_order,
    conserved,
)


def check(before: AccountState, after: AccountState, entries: Sequence[Entry]) -> None:
    """Raise ``BrokenBooksError`` when a change breaks a rule."""
    for rule in RULES:
        broken = rule(before, after, entries)
        if broken is not None:
            raise BrokenBooksError(f"{rule.__name__}: {broken}")


def check_flow(before: AccountState, changes: Mapping[str, Decimal], held: Mapping[str, Decimal]) -> list[Entry]:
    """Return the lines of amounts that come from outside; raises ``NotEnoughMoney`` where more leaves than is there and not ``held``."""
    for asset, qty in changes.items():
        free = before.spot.get(asset, ZERO) - held.get(asset, ZERO)
        if free + qty < 0:
            raise NotEnoughMoney(f"{-qty} {asset} is more than the {max(ZERO, free)} that is free")
    return [Entry(kind=Kind.FLOW, instrument=asset, qty=qty) for asset, qty in changes.items()]

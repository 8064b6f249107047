"""What a person holds against what was known of it: amounts that were named, and what came in by them from outside (domain 9.15)."""

from __future__ import annotations

from dataclasses import field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from chatbot.engine.exact import wide
from chatbot.exchanges.base import Holdings, is_perp
from chatbot.portfolio import reserve
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from chatbot.model import Portfolio

_ZERO: Final = Decimal(0)
#: no position
_FLAT: Final = (_ZERO, _ZERO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """Amounts that a person has named because they differ; 0: there is none of it any more."""

    spot: Mapping[str, Decimal] = field(default_factory=dict)
    #: None: not named
    futures_wallet: Decimal | None = None
    #: signed quantity and entry price by contract; without an entry price it is that of before, or the price of now
    positions: Mapping[str, tuple[Decimal, Decimal | None]] = field(default_factory=dict)


def merged(before: Holdings, typed: Typed, prices: Mapping[str, Decimal]) -> Holdings:
    """Return what is held once the amounts that were named are as they were named; what there is none of is not named.

    What a position lost in size was closed at the price of now, and its profit is in the futures account, unless that was named too. The
    entry of a position for which there is no price at all is 0.
    """
    spot = {asset: qty for asset, qty in {**before.spot, **typed.spot}.items() if qty}
    named = {name: (qty, entry or _entry_of(before, name, qty, prices)) for name, (qty, entry) in typed.positions.items()}
    positions = {name: stake for name, stake in {**before.positions, **named}.items() if stake[0]}
    wallet = typed.futures_wallet
    if wallet is None:
        wallet = before.futures_wallet + sum((_realised(before, name, qty, prices) for name, (qty, _) in named.items()), _ZERO)
    return Holdings(spot=spot, futures_wallet=wallet, positions=positions)


def _entry_of(before: Holdings, name: str, qty: Decimal, prices: Mapping[str, Decimal]) -> Decimal:
    """Return the entry price of a position that was named without one: the one it had on this side, else the price of now."""
    old, entry = before.positions.get(name, _FLAT)
    return entry if old * qty > 0 else prices.get(name, _ZERO)


def _realised(before: Holdings, name: str, qty: Decimal, prices: Mapping[str, Decimal]) -> Decimal:
    """Return the profit of what was closed of a position that is ``qty`` now; 0 where there is no price to tell it by."""
    old, entry = before.positions.get(name, _FLAT)
    return (old - _kept(old, qty)) * (prices[name] - entry) if name in prices else _ZERO


def _kept(old: Decimal, new: Decimal) -> Decimal:
    """Return what is left of a position in one of another size: all of it where it grew, nothing where it was turned."""
    return _ZERO if old * new <= 0 else min(old, new, key=abs)


def difference(before: Holdings, after: Holdings, prices: Mapping[str, Decimal]) -> tuple[Decimal | None, Decimal | None]:
    """Return what came in from outside, if it was no trade, and the value of all that was moved, quote; None where a price is missing.

    A position is worth its profit, and is moved with its notional. What a new one has gained since it was opened came from no outside.
    """
    with wide():
        more = after.futures_wallet - before.futures_wallet
        moved = abs(more)
        for name in names(before, after):
            price = prices.get(name)
            if price is None:
                return None, None
            if is_perp(name):
                gain, shift = _position_change(before.positions.get(name, _FLAT), after.positions.get(name, _FLAT), price)
            else:
                shift = after.spot.get(name, _ZERO) - before.spot.get(name, _ZERO)
                gain = shift * price
            more, moved = more + gain, moved + abs(shift) * price
    return more, moved


def managed(held: Holdings, portfolio: Portfolio) -> Holdings:
    """Return what is held without what is kept out: that is part of no value, so it is part of no flow (domain 2.3)."""
    return replace(held, spot=reserve.managed(portfolio.strategy, held.spot))


def _position_change(before: tuple[Decimal, Decimal], after: tuple[Decimal, Decimal], price: Decimal) -> tuple[Decimal, Decimal]:
    """Return the profit that a position has more without having been traded, and the quantity by which it differs."""
    (old, paid), (new, pays) = before, after
    kept = _kept(old, new)
    opened = new - kept
    return (_ZERO if opened else new * (paid - pays)) - (old - kept) * (price - paid), new - old


def floored(held: Holdings) -> Holdings:
    """Return holdings without what is below nothing: only a position carries a futures account that is."""
    spot = {asset: qty for asset, qty in held.spot.items() if qty > 0}
    return replace(held, spot=spot, futures_wallet=held.futures_wallet if held.positions else max(_ZERO, held.futures_wallet))


def names(before: Holdings, after: Holdings) -> frozenset[str]:
    """Return the coins and contracts of which another amount is held."""
    coins = {name for name in {*before.spot, *after.spot} if before.spot.get(name) != after.spot.get(name)}
    contracts = {name for name in {*before.positions, *after.positions} if before.positions.get(name) != after.positions.get(name)}
    return frozenset(coins | contracts)


def to_plain(held: Holdings) -> dict[str, Any]:
    """Return holdings as plain JSON values."""
    return {
        "spot": {asset: str(qty) for asset, qty in held.spot.items()},
        "futures_wallet": str(held.futures_wallet),
        "positions": {name: [str(qty), str(entry)] for name, (qty, entry) in held.positions.items()},
    }


def from_plain(plain: Mapping[str, Any]) -> Holdings:
    """Read holdings back."""
    return Holdings(
        spot={asset: Decimal(qty) for asset, qty in plain["spot"].items()},
        futures_wallet=Decimal(plain["futures_wallet"]),
        positions={name: (Decimal(qty), Decimal(entry)) for name, (qty, entry) in plain["positions"].items()},
    )


def priced(prices: Mapping[str, Decimal], wanted: Collection[str]) -> dict[str, Any]:
    """Return the prices of a flow's moment, quote: what comes in has cost as much (product 3, /report)."""
    return {"prices": {name: str(price) for name, price in sorted(prices.items()) if name in wanted}}

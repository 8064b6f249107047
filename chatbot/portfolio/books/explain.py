"""From two looks at an account and its exchange's own history to flows, and to what nobody can explain; pure.

Money in both wallets counts together: a transfer between them changes nothing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from chatbot.engine.exact import wide
from chatbot.exchanges.base import is_perp
from chatbot.model.flow import FLOWS, FORCED, Entry, EntryKind
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chatbot.exchanges.base import Holdings
    from chatbot.portfolio.books.book import Book

_ZERO: Final = Decimal(0)
_FLAT: Final = (_ZERO, _ZERO)
#: before and after the last look, what may or may not be in it: it took some seconds, clocks differ, and lists lag
ABOUT: Final = timedelta(minutes=2)
#: what the interest is of what comes back, at most
_INTEREST: Final = Decimal("0.05")
#: what the exchange's own rounding leaves, units of a coin
_ROUNDED: Final = Decimal("1e-6")


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What has changed an account since its book was written."""

    #: oldest first; a flow has what of it is not counted yet
    entries: tuple[Entry, ...]
    #: by coin: what is left of the difference; empty where everything is explained
    rest: Mapping[str, Decimal]

    @property
    def flows(self) -> tuple[Entry, ...]:
        """Return what came in and went."""
        return tuple(one for one in self.entries if one.kind in FLOWS)

    @property
    def forced(self) -> tuple[Entry, ...]:
        """Return what the exchange did to positions by itself."""
        return tuple(one for one in self.entries if one.kind in FORCED and is_perp(one.instrument))

    @property
    def closed(self) -> tuple[Entry, ...]:
        """Return what was closed of positions by an order of somebody, or by the exchange: it does not tell."""
        return tuple(one for one in self.entries if one.kind is EntryKind.CLOSED)


def explain(book: Book, there: Book, quote: str, entries: Sequence[Entry]) -> Explained:
    """Return what changed the account since its book until what is ``there``, by its exchange's history and by what is lent.

    The last look took a moment, and clocks differ: what the book holds ends somewhere about that time, there where the rest of the history
    explains the difference. Flows that were listed too late to be counted then count where the difference needs them.
    """
    changes = difference(book.held, there.held, quote)
    fresh = sorted((one for one in (_uncounted(book, entry) for entry in entries) if one is not None), key=lambda one: one.at)
    again = [one for one in fresh if one.id in book.counted]
    late = [one for one in fresh if one.at < book.at - ABOUT and one not in again]
    dated = [one for one in fresh if one.at >= book.at - ABOUT and one not in again]
    ends = sum(one.at <= book.at for one in dated)
    may_end = [at for at in range(len(dated) + 1) if at <= ends or dated[at - 1].at <= book.at + ABOUT]
    tries = (
        _with_lent(book, there, _explained(changes, [*again, *beside, *dated[at:]]))
        for at in sorted(may_end, key=lambda at: abs(at - ends))
        for beside in ([], late)
    )
    found = next(tries)
    return found if not found.rest else next((one for one in tries if not one.rest), found)


def _with_lent(book: Book, there: Book, found: Explained) -> Explained:
    """Return the same with coins that were lent to the exchange, or came back from there, with or without their interest."""
    moved: list[Entry] = []
    for coin, left in found.rest.items():
        more = there.lent.get(coin, _ZERO) - book.lent.get(coin, _ZERO)
        if more * left < 0 and abs(more + left) <= _INTEREST * abs(left):
            name = f"earn-{coin}-{there.at.isoformat()}"
            moved.append(Entry(id=name, at=there.at, kind=EntryKind.MOVED, coin=coin, amount=left))
    rest = {coin: left for coin, left in found.rest.items() if coin not in {one.coin for one in moved}}
    return Explained(entries=(*found.entries, *moved), rest=rest)


def _uncounted(book: Book, entry: Entry) -> Entry | None:
    if entry.kind not in FLOWS or entry.id not in book.counted:
        return entry if entry.amount or entry.instrument else None
    left = entry.amount - book.counted[entry.id][1]
    return replace(entry, amount=left) if left else None


def _explained(changes: Mapping[str, Decimal], entries: Sequence[Entry]) -> Explained:
    rest = dict(changes)
    with wide():
        for one in entries:
            if one.coin:
                rest[one.coin] = rest.get(one.coin, _ZERO) - one.amount
    return Explained(entries=tuple(entries), rest={coin: left for coin, left in rest.items() if abs(left) > _ROUNDED})


def coins(held: Holdings, quote: str) -> dict[str, Decimal]:
    """Return what is held of each coin, the money in both wallets together."""
    with wide():
        return {**held.spot, quote: held.spot.get(quote, _ZERO) + held.futures_wallet}


def difference(before: Holdings, after: Holdings, quote: str) -> dict[str, Decimal]:
    """Return by how much more there is of each coin, where it is another amount."""
    old, new = coins(before, quote), coins(after, quote)
    with wide():
        changes = {coin: new.get(coin, _ZERO) - old.get(coin, _ZERO) for coin in {*old, *new}}
    return {coin: change for coin, change in changes.items() if change}


def traded(before: Holdings, after: Holdings, quote: str) -> frozenset[str]:
    """Return the coins and contracts of which another amount is held, without the money: nothing but an order, or a flow, does that."""
    contracts = {*before.positions, *after.positions}
    turned = {name for name in contracts if before.positions.get(name, _FLAT)[0] != after.positions.get(name, _FLAT)[0]}
    return frozenset(turned | {coin for coin in difference(before, after, quote) if coin != quote})


def without(held: Holdings, rest: Mapping[str, Decimal]) -> Holdings:
    """Return what would be held without a difference."""
    with wide():
        spot = {coin: held.spot.get(coin, _ZERO) - rest.get(coin, _ZERO) for coin in {*held.spot, *rest}}
    return replace(held, spot={coin: qty for coin, qty in spot.items() if qty})


def after(held: Holdings, entries: Iterable[Entry], entries_of: Mapping[str, Decimal]) -> Holdings:
    """Return what is held after some lines of history; ``entries_of`` are the entry prices of the contracts as they stand at the end."""
    spot, positions = dict(held.spot), dict(held.positions)
    with wide():
        for one in entries:
            if one.coin:
                spot[one.coin] = spot.get(one.coin, _ZERO) + one.amount
            if is_perp(one.instrument):
                old, paid = positions.get(one.instrument, _FLAT)
                grows = old * one.qty >= 0
                positions[one.instrument] = (old + one.qty, entries_of.get(one.instrument, one.price) if grows else paid)
    return replace(held, spot=spot, positions={name: stake for name, stake in positions.items() if stake[0]})


def worth(held: Holdings, prices: Mapping[str, Decimal]) -> Decimal | None:
    """Return V of domain 1: coins at their prices, the futures wallet, and what positions have gained; None where a price is missing."""
    with wide():
        value = held.futures_wallet
        for coin, qty in held.spot.items():
            if qty and coin not in prices:
                return None
            value += qty * prices[coin] if qty else _ZERO
        for name, (qty, entry) in held.positions.items():
            if name not in prices:
                return None
            value += qty * (prices[name] - entry)
    return value

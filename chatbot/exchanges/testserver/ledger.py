"""Who owns how much of what: every amount moves from one purse to another, so that none appears or disappears."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

ZERO = Decimal(0)


class Wallet(StrEnum):
    """A part of an account; where a venue has one wallet for all, the dialect says so and spot is that one."""

    SPOT = "spot"
    FUTURES = "futures"
    FUNDING = "funding"
    #: lent or staked: shown, not to be traded
    EARN = "earn"


class Purse(NamedTuple):
    """One wallet of one owner."""

    owner: str
    wallet: Wallet = Wallet.SPOT


#: the other side of every trade, the exchange's own income, and the world that deposits come from
MARKET, HOUSE, WORLD = Purse("market"), Purse("house"), Purse("world")


class Ledger:
    """Amounts by purse and asset; the purses of market, house and world may be below 0."""

    def __init__(self) -> None:
        self._held: defaultdict[Purse, dict[str, Decimal]] = defaultdict(dict)

    def copy(self) -> Ledger:
        """Return what is there now, which nothing changes any more."""
        same = Ledger()
        same._held.update({purse: dict(held) for purse, held in self._held.items()})
        return same

    def move(self, asset: str, source: Purse, target: Purse, amount: Decimal) -> None:
        """Move an amount, which may be negative: then it goes the other way."""
        if amount:
            self._held[source][asset] = self.held(source, asset) - amount
            self._held[target][asset] = self.held(target, asset) + amount

    def held(self, purse: Purse, asset: str) -> Decimal:
        """Return what a purse holds of an asset."""
        return self._held[purse].get(asset, ZERO)

    def all_of(self, purse: Purse) -> dict[str, Decimal]:
        """Return what a purse holds; nothing is told of what it is empty of."""
        return {asset: amount for asset, amount in self._held[purse].items() if amount}

    def sums(self) -> dict[str, Decimal]:
        """Return all that there is, by asset: always zero."""
        total: dict[str, Decimal] = {}
        for held in self._held.values():
            for asset, amount in held.items():
                total[asset] = total.get(asset, ZERO) + amount
        return total

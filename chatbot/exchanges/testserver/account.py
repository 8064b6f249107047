"""One account of the test exchange: its key, its settings, its positions and its orders; its money is in the ledger."""

from __future__ import annotations

from dataclasses import field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from chatbot.exchanges.testserver.ledger import ZERO, Purse, Wallet
from chatbot.exchanges.testserver.words import BOTH, LONG, SHORT, Force, State
from chatbot.values import dataclass

if TYPE_CHECKING:
    from chatbot.exchanges.base import Market, Side

_CENTS = Decimal("1e-8")


class Right(StrEnum):
    """What a key may do."""

    READ = "read"
    SPOT = "spot"
    FUTURES = "futures"
    TRANSFER = "transfer"
    WITHDRAW = "withdraw"


class Forced(StrEnum):
    """Why an exchange closes somebody's position."""

    LIQUIDATION = "liquidation"
    #: somebody else was liquidated, and nobody took it
    DELEVERAGING = "deleveraging"
    #: the contract is listed no longer
    SETTLEMENT = "settlement"


@dataclass(slots=True, kw_only=True)
class Fill:
    """One trade of one order."""

    number: int
    at_ms: int
    price: Decimal
    qty: Decimal
    fee: Decimal
    fee_asset: str
    maker: bool
    #: profit that it realised, quote; 0 on spot
    realised: Decimal = ZERO

    @property
    def value(self) -> Decimal:
        """What was traded, quote."""
        return self.qty * self.price


@dataclass(slots=True, kw_only=True)
class VenueOrder:
    """An order as the exchange keeps it."""

    number: int
    client_id: str
    market: Market
    side: Side
    qty: Decimal
    #: None: a market order
    limit: Decimal | None
    force: Force
    made_ms: int
    changed_ms: int
    reduce_only: bool = False
    #: which of the two positions of hedge mode it is about; BOTH in one-way mode
    about: str = BOTH
    #: what a market order was to spend, quote; 0 where it named a quantity
    to_spend: Decimal = ZERO
    #: it would have taken what it may not take, and was ended for it
    would_take: bool = False
    #: the exchange itself made it, and why; empty for those of the account's owner
    forced: Forced | None = None
    state: State = State.NEW
    fills: list[Fill] = field(default_factory=list)

    @property
    def filled(self) -> Decimal:
        """How much was traded, base units."""
        return sum((fill.qty for fill in self.fills), ZERO)

    @property
    def spent(self) -> Decimal:
        """What it was traded for, quote."""
        return sum((fill.value for fill in self.fills), ZERO)

    @property
    def left(self) -> Decimal:
        """What is still to be traded, base units; nothing of a closed order."""
        return self.qty - self.filled if self.open else ZERO

    @property
    def open(self) -> bool:
        """Tell whether it may still trade."""
        return self.state in (State.NEW, State.PARTIAL)

    @property
    def average(self) -> Decimal:
        """Mean price of its trades; 0 before the first."""
        return self.spent / self.filled if self.fills else ZERO

    def end(self, at_ms: int, state: State) -> None:
        """Close it although it is not filled."""
        self.state, self.changed_ms = state, at_ms


@dataclass(slots=True)
class Stake:
    """A position: signed quantity, and what was paid for it, signed too. Its profit at price p is qty · p − cost, always exact."""

    qty: Decimal = ZERO
    cost: Decimal = ZERO

    @property
    def entry(self) -> Decimal:
        """Mean entry price; 0 without a position."""
        return self.cost / self.qty if self.qty else ZERO

    def trade(self, qty: Decimal, price: Decimal) -> Decimal:
        """Change the position by a signed quantity and return the profit that this realised, quote."""
        if self.qty * qty >= 0:
            self.qty, self.cost = self.qty + qty, self.cost + qty * price
            return ZERO
        closed = -qty if abs(qty) <= abs(self.qty) else self.qty
        cost = self.cost if closed == self.qty else (self.cost * closed / self.qty).quantize(_CENTS)
        opened = qty + closed
        self.qty, self.cost = self.qty - closed + opened, self.cost - cost + opened * price
        return closed * price - cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Income:
    """One change of the futures wallet that is told in the account's history."""

    number: int
    at_ms: int
    kind: str
    instrument: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One transfer between two wallets of an account."""

    number: int
    at_ms: int
    source: Wallet
    target: Wallet
    asset: str
    amount: Decimal
    #: the client's own id, where the venue takes one
    client_id: str = ""


@dataclass(slots=True, kw_only=True)
class Passed:
    """One deposit, or one withdrawal, of an account."""

    number: int
    at_ms: int
    asset: str
    #: above 0 it came in
    amount: Decimal
    #: what a withdrawal costs besides, in its coin
    fee: Decimal = ZERO
    #: when a withdrawal was called off and what it took came back; 0: it was not
    undone_ms: int = 0


@dataclass(slots=True, kw_only=True)
class Account:
    """Everything that belongs to one key."""

    key: str
    secret: str
    #: the third part of a key, where the venue asks for one
    passphrase: str = "passphrase"  # noqa: S105 - of a test exchange
    #: the exchange's own number of it, which all its keys tell
    number: int = 354_937_868
    #: whose money it is where the account has more than one key; empty: that of this key
    owner: str = ""
    rights: set[Right] = field(default_factory=lambda: {Right.READ, Right.SPOT, Right.FUTURES, Right.TRANSFER})
    #: addresses that the key is bound to; empty: any
    addresses: tuple[str, ...] = ()
    revoked: bool = False
    hedge: bool = False
    #: fees on spot are paid in the exchange's own coin while there is some
    pays_in: str = ""
    leverage: dict[str, Decimal] = field(default_factory=dict)
    isolated: set[str] = field(default_factory=set)
    #: other coins carry futures positions too (Binance), or one model of risk counts everything (portfolio margin)
    multi_assets: bool = False
    portfolio_margin: bool = False
    #: what it owes the exchange, by coin
    owed: dict[str, Decimal] = field(default_factory=dict)
    orders: list[VenueOrder] = field(default_factory=list)
    stakes: dict[tuple[str, str], Stake] = field(default_factory=dict)
    income: list[Income] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)

    def purse(self, wallet: Wallet) -> Purse:
        """Return one of its wallets."""
        return Purse(self.owner or self.key, wallet)

    @property
    def open_orders(self) -> list[VenueOrder]:
        """Its orders that may still trade, oldest first."""
        return [order for order in self.orders if order.open]

    def stake(self, instrument: str, about: str = BOTH) -> Stake:
        """Return its position in a contract, an empty one where there is none."""
        return self.stakes.setdefault((instrument, about), Stake())

    def held(self) -> list[tuple[str, str, Stake]]:
        """Return the positions that are not empty: contract, which of the two of hedge mode, position."""
        return [(name, about, stake) for (name, about), stake in sorted(self.stakes.items()) if stake.qty]

    def sides(self) -> tuple[str, ...]:
        """Return the ways in which it holds a contract."""
        return (LONG, SHORT) if self.hedge else (BOTH,)

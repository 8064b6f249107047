"""What every exchange offers, real or paper: markets, quotes, balances, positions, orders, transfers.

Instruments carry our own names everywhere: ``BTC`` is spot against the quote stablecoin, ``BTC-PERP`` the linear perpetual.
Quantities are base units, sides are words, money is ``Decimal``.
"""

from __future__ import annotations

from dataclasses import field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

PERP = "-PERP"
_FINEST = Decimal("1e-8")
#: one order takes at most this share of what is there: of the visible book, or of what is traded in a minute (domain 9.6, 11.1)
PARTICIPATION = Decimal("0.1")
_MINUTES_A_DAY = 1440


def is_perp(instrument: str) -> bool:
    """Tell whether ``instrument`` is a perpetual."""
    return instrument.endswith(PERP)


def unlisted(instrument: str) -> Market:
    """Return rules that stand in for those of an instrument that its exchange lists no longer: it takes no order."""
    return Market(instrument=instrument, tick=_FINEST, lot=_FINEST, min_notional=Decimal(0), trading=False, listed=False)


def traded(markets: Mapping[str, Market]) -> frozenset[str]:
    """Return the instruments that take orders now."""
    return frozenset(name for name, market in markets.items() if market.trading)


def no_price(_instrument: str) -> Decimal | None:
    """Know no last price of anything."""
    return None


def asset_of(instrument: str) -> str:
    """Return the base asset of a spot or perpetual instrument."""
    return instrument.removesuffix(PERP)


class Side(StrEnum):
    """Which way an order trades."""

    BUY = "buy"
    SELL = "sell"


class OrderStatus(StrEnum):
    """Where an order stands at the exchange."""

    OPEN = "open"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"


class Direction(StrEnum):
    """Which way money moves between the wallets."""

    TO_SPOT = "to_spot"
    TO_FUTURES = "to_futures"


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """The rules of one instrument."""

    instrument: str
    #: price step
    tick: Decimal
    #: quantity step, base units
    lot: Decimal
    #: smallest order value in quote; 0 where the exchange has none
    min_notional: Decimal
    #: smallest quantity, base units; 0 where the exchange has none
    min_qty: Decimal = Decimal(0)
    #: maker fee as a fraction of notional
    maker_fee: Decimal = Decimal("0.001")
    #: taker fee as a fraction of notional
    taker_fee: Decimal = Decimal("0.001")
    #: False while the exchange does not accept orders
    trading: bool = True
    #: False: the exchange's list does not name it any more, and these rules only stand in for those of a position that is still held
    listed: bool = True
    #: maintenance margin rate; only for perpetuals
    mmr: Decimal = Decimal("0.005")
    #: largest leverage that may be set; 1 for spot
    max_leverage: Decimal = Decimal(1)

    @property
    def dearer_fee(self) -> Decimal:
        """Return the fee that an order must be able to pay, whether it rests or takes, as a fraction of notional (domain 9.5)."""
        return max(self.maker_fee, self.taker_fee)

    @property
    def waiting_pays(self) -> bool:
        """Tell whether an order that rests pays less than one that takes: else no leg waits for a better price (domain 9.6)."""
        return self.maker_fee < self.taker_fee

    def is_too_small(self, qty: Decimal, price: Decimal, *, exempt: bool = False) -> bool:
        """Tell whether the exchange would refuse so much at a price in quote; reduce-only is ``exempt`` from the value (domain 9.7)."""
        if qty <= 0 or qty < self.min_qty:
            return True
        return not exempt and qty * price < self.min_notional


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The latest prices of one instrument."""

    instrument: str
    bid: Decimal
    ask: Decimal
    #: when it was observed, on the clock of the process (a sped-up market is observed now)
    at: datetime
    #: exchange mark price; only for perpetuals
    mark: Decimal | None = None
    #: quote volume over the last 24 h; None where unknown
    volume: Decimal | None = None
    #: funding rate to be paid next, per settlement interval; None where unknown
    funding_rate: Decimal | None = None
    #: price of the last trade; None where unknown
    last: Decimal | None = None
    #: the exchange's own time of this answer; None where it tells none
    told_at: datetime | None = None
    #: reading of the process's monotonic clock when it was observed; None where the source has none
    seen: float | None = None

    @property
    def mid(self) -> Decimal:
        """Middle of the book: orders are quoted around it, also where valuation uses the mark."""
        return (self.bid + self.ask) / 2

    @property
    def price(self) -> Decimal:
        """Valuation price of domain 0: mid for spot, mark for perpetuals."""
        return self.mark if self.mark is not None else self.mid

    @property
    def minute_share(self) -> Decimal | None:
        """A tenth of what is traded in an average minute of the last day, base units; None where the volume is unknown."""
        return None if self.volume is None else self.volume / _MINUTES_A_DAY / self.price * PARTICIPATION


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """The visible order book of one instrument: (price, base units), best first."""

    bids: tuple[tuple[Decimal, Decimal], ...]
    asks: tuple[tuple[Decimal, Decimal], ...]

    def inside(self, side: Side, limit: Decimal) -> Decimal:
        """Return how much an order of this side would find up to its limit, base units."""
        if side is Side.BUY:
            return sum((size for price, size in self.asks if price <= limit), Decimal(0))
        return sum((size for price, size in self.bids if price >= limit), Decimal(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Candle:
    """One closed bar; ``at`` is its opening time."""

    at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Funding:
    """One funding settlement: longs pay ``rate`` of notional to shorts."""

    at: datetime
    rate: Decimal
    interval_hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FearGreed:
    """One daily reading of the Fear & Greed index, 0 (fear) to 100 (greed); ``at`` is its 00:00 UTC, in market time."""

    at: datetime
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Balances:
    """What is in the account: totals (free + locked) per asset, and the futures wallet."""

    #: spot wallet totals by asset, stablecoins included
    spot: Mapping[str, Decimal]
    #: spot wallet amounts not locked in orders
    free: Mapping[str, Decimal]
    #: futures wallet balance W of domain 1.1: deposits + realised P&L - fees ± funding, without unrealised P&L
    futures_wallet: Decimal
    #: funding received less paid since the account was opened, quote; None: the exchange does not tell
    funding: Decimal | None = None
    #: coins at the exchange that are in neither and that nobody trades, by where they are: lent ("earn"), or in the futures account
    aside: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """An open perpetual position in one-way mode."""

    instrument: str
    #: signed quantity in base units, long > 0
    qty: Decimal
    entry: Decimal
    mark: Decimal
    leverage: Decimal
    #: liquidation price as the exchange reports it; None where there is none
    liquidation: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """One intention to trade; the same ``client_id`` never means two orders."""

    client_id: str
    instrument: str
    side: Side
    qty: Decimal
    limit: Decimal
    #: refuse to take liquidity: rejected with reason ``would_take`` when it would
    post_only: bool = False
    #: fill at once what the limit allows and cancel the rest
    immediate: bool = False
    reduce_only: bool = False

    @property
    def notional(self) -> Decimal:
        """Its value at its limit, quote."""
        return self.qty * self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order as the exchange knows it."""

    client_id: str
    instrument: str
    side: Side
    qty: Decimal
    limit: Decimal
    status: OrderStatus
    #: filled so far, base units
    filled: Decimal = Decimal(0)
    #: volume-weighted fill price; None before the first fill
    average: Decimal | None = None
    #: fees so far by the asset they were paid in
    fees: Mapping[str, Decimal] = field(default_factory=dict)
    exchange_id: str = ""
    reduce_only: bool = False
    #: when the exchange took it, by its own clock; None where it does not say
    at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentTransfer:
    """A transfer between the wallets as it was written down before it was sent."""

    direction: Direction
    #: quote
    amount: Decimal
    #: when it was last sent, on our clock
    at: datetime


class TransferJournal(Protocol):
    """What was written down of a portfolio's transfers: an exchange that takes no id of ours for them is asked by it."""

    async def sent(self, client_id: str) -> SentTransfer | None:
        """Return a transfer by our id; None: it was never sent."""
        ...

    async def done(self) -> Mapping[str, SentTransfer]:
        """Return every transfer of the portfolio that was done, by our id."""
        ...

    async def claim(self, client_id: str, exchange_id: str) -> None:
        """Write down which transfer at the exchange is the one with our id, so that it is never taken for another one."""
        ...

    async def claimed(self) -> Mapping[str, str]:
        """Return our id of each transfer at the exchange that is known to be ours, by the exchange's own."""
        ...

    async def brought(self) -> Decimal:
        """Return the quote money that counts as moved to futures because positions were there which no transfer was for."""
        ...

    async def bring(self, amount: Decimal) -> None:
        """Write down how much that is."""
        ...


class PriceSource(Protocol):
    """Public market data: real, replayed or simulated."""

    name: str
    #: quote stablecoin
    quote_asset: str

    def market_time(self, now: datetime) -> datetime:
        """Map process time to the market's own time; they differ in a replay."""
        ...

    async def markets(self) -> Mapping[str, Market]:
        """Return the rules of every instrument."""
        ...

    async def quotes(self, instruments: Collection[str]) -> Mapping[str, Quote]:
        """Return the latest quotes in one fetch; an instrument without a usable answer is left out."""
        ...

    async def candles(self, instrument: str, interval: str, since: datetime, until: datetime) -> Sequence[Candle]:
        """Return the closed bars (``1h`` or ``1d``; a live exchange knows ``1m`` too) that opened in [since, until), in market time."""
        ...

    async def funding(self, instrument: str, since: datetime, until: datetime) -> tuple[Funding, ...]:
        """Return the settlements in (since, until], in market time."""
        ...

    async def close(self) -> None:
        """Let go of connections and files."""
        ...


#: histories go back a week at some exchanges (FACTS 2)
LOOKED_UP_S = 6 * 86_400.0
#: a real exchange tells a settlement some time after it happened
PUBLISHED_AFTER = timedelta(minutes=5)


class Exchange(Protocol):
    """One account at one exchange."""

    name: str
    quote_asset: str
    #: seconds after sending during which a request that got no answer may still be accepted; None = unknown, so never resend
    late_window_s: float | None
    #: seconds after sending for which an order that is not found is not there; later that is no answer, and nothing is sent again
    found_for_s: float

    async def markets(self) -> Mapping[str, Market]:
        """Return the rules of every instrument."""
        ...

    async def quotes(self, instruments: Collection[str]) -> Mapping[str, Quote]:
        """Return the latest quotes; an instrument without a usable answer is left out."""
        ...

    async def balances(self) -> Balances:
        """Return both wallets; raises ``Unreachable`` rather than answer with an empty account."""
        ...

    async def positions(self) -> tuple[Position, ...]:
        """Return the open perpetual positions."""
        ...

    async def place(self, request: OrderRequest) -> Order:
        """Send one order. Raises ``Rejected`` (it does not exist) or ``OutcomeUnknown`` (it may)."""
        ...

    async def find(self, instrument: str, client_id: str) -> Order | None:
        """Look an order up by its client id; None when the exchange has never seen it."""
        ...

    async def cancel(self, instrument: str, client_id: str) -> Order:
        """Cancel what is left of an order and return its final state; a finished order is returned as it is."""
        ...

    async def transfer(self, direction: Direction, amount: Decimal, client_id: str) -> None:
        """Move quote money between the wallets, once per ``client_id``."""
        ...

    async def find_transfer(self, client_id: str) -> bool:
        """Tell whether the transfer with this id was done."""
        ...

    async def set_leverage(self, instrument: str, leverage: Decimal) -> None:
        """Set the leverage of a perpetual; setting it twice is harmless."""
        ...

    async def ping(self) -> None:
        """Raise ``Unreachable`` or ``KeyRefused`` when the account cannot be used."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """Everything that is in an account that nobody but us keeps; what there is nothing of is not named."""

    spot: Mapping[str, Decimal]
    #: futures wallet balance W of domain 1.1
    futures_wallet: Decimal = Decimal(0)
    #: signed quantity and entry price by contract
    positions: Mapping[str, tuple[Decimal, Decimal]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """Something that was bought or sold outside of the program, or moved between the wallets."""

    #: the quote coin: an amount that was moved to the futures account
    instrument: str
    #: signed, base units; below 0 it was sold, or moved back
    qty: Decimal
    price: Decimal
    #: fraction of the value
    fee_rate: Decimal = Decimal(0)

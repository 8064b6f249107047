"""A paper account: everything it owns, owes and has ordered, as one value that can be written down."""

from __future__ import annotations

from dataclasses import field, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from chatbot.exchanges.base import Holdings, Order, OrderRequest, OrderStatus, Side
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from chatbot.exchanges.abilities import Also

ZERO = Decimal(0)


class Save(Protocol):
    """Writes an account down before a change of it counts."""

    def __call__(self, after: AccountState, also: Also | None = None, /) -> Awaitable[None]:
        """Write ``after``, and with it, in the same transaction, what belongs to it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Stake:
    """An open perpetual position: signed quantity and what was paid for it, so that averages never drift."""

    qty: Decimal
    #: signed, quantity times entry price
    cost: Decimal

    @property
    def entry(self) -> Decimal:
        """Return the average entry price."""
        return self.cost / self.qty


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperOrder:
    """One order with what only the exchange knows about it."""

    request: OrderRequest
    #: counts up over the account
    number: int
    #: process time of acceptance
    at: datetime
    status: OrderStatus = OrderStatus.OPEN
    filled: Decimal = ZERO
    #: quote traded so far
    value: Decimal = ZERO
    #: fees so far, in quote
    fee: Decimal = ZERO
    #: it arrived marketable and still takes
    taking: bool = False

    @property
    def left(self) -> Decimal:
        """Return what is not filled yet."""
        return self.request.qty - self.filled

    @property
    def open(self) -> bool:
        """Tell whether it can still fill."""
        return self.status is OrderStatus.OPEN

    def public(self, quote: str) -> Order:
        """Return the order as anybody may see it."""
        return Order(
            client_id=self.request.client_id,
            instrument=self.request.instrument,
            side=self.request.side,
            qty=self.request.qty,
            limit=self.request.limit,
            status=self.status,
            filled=self.filled,
            average=self.value / self.filled if self.filled else None,
            fees={quote: self.fee} if self.filled else {},
            exchange_id=f"P{self.number}",
            reduce_only=self.request.reduce_only,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """One paper account. A change is ``replace(...)``, checked and saved before it counts."""

    quote: str
    #: spot totals by asset, the quote included
    spot: Mapping[str, Decimal]
    futures_wallet: Decimal = ZERO
    positions: Mapping[str, Stake] = field(default_factory=dict)
    leverage: Mapping[str, Decimal] = field(default_factory=dict)
    #: by client id, oldest first
    orders: Mapping[str, PaperOrder] = field(default_factory=dict)
    #: client ids of the transfers that were done, oldest first
    transfers: tuple[str, ...] = ()
    #: market time up to which orders were matched and funding was paid; None before the first look
    matched_at: datetime | None = None
    #: base units taken from the market in its current minute by instrument: (minute, quantity)
    taken: Mapping[str, tuple[int, Decimal]] = field(default_factory=dict)
    #: orders under way that arrive at a process time (a fault that tests ask for)
    late: tuple[tuple[datetime, OrderRequest], ...] = ()
    #: number of the next order
    number: int = 1
    #: running totals in quote: fees paid, funding received, losses that a liquidation left with the exchange
    fees_paid: Decimal = ZERO
    funding_received: Decimal = ZERO
    forgiven: Decimal = ZERO

    @classmethod
    def opening(cls, amount: Decimal, quote: str = "USDT") -> AccountState:
        """Return a new account that holds ``amount`` of the quote stablecoin in its spot wallet."""
        return cls(quote=quote, spot={quote: amount})

    @classmethod
    def holding(
        cls,
        spot: Mapping[str, Decimal],
        *,
        futures_wallet: Decimal = ZERO,
        positions: Mapping[str, tuple[Decimal, Decimal]] | None = None,
        quote: str = "USDT",
    ) -> AccountState:
        """Return an account with these holdings; ``positions`` are (signed quantity, entry price) by contract."""
        return cls(quote=quote, spot={}).replaced(Holdings(spot=spot, futures_wallet=futures_wallet, positions=positions or {}))

    @property
    def holdings(self) -> Holdings:
        """Return what is owned, without what there is nothing of."""
        spot = {asset: qty for asset, qty in self.spot.items() if qty}
        return Holdings(spot=spot, futures_wallet=self.futures_wallet, positions={n: (s.qty, s.entry) for n, s in self.positions.items()})

    def replaced(self, holdings: Holdings) -> AccountState:
        """Return the account with other holdings; its orders and totals stay, and so does what was paid for a position that is the same."""
        same = {name: stake for name, stake in self.positions.items() if holdings.positions.get(name) == (stake.qty, stake.entry)}
        stakes = {name: Stake(qty=qty, cost=qty * entry) for name, (qty, entry) in holdings.positions.items() if qty} | same
        return replace(self, spot={self.quote: ZERO, **holdings.spot}, futures_wallet=holdings.futures_wallet, positions=stakes)

    def received(self, changes: Mapping[str, Decimal]) -> AccountState:
        """Return the account with signed amounts added to its spot wallet."""
        return replace(self, spot={**self.spot, **{asset: self.spot.get(asset, ZERO) + qty for asset, qty in changes.items()}})

    @property
    def open_orders(self) -> tuple[PaperOrder, ...]:
        """Return the orders that can still fill, oldest first."""
        return tuple(order for order in self.orders.values() if order.open)

    def with_order(self, order: PaperOrder) -> AccountState:
        """Return the account with one order added or replaced."""
        return replace(self, orders={**self.orders, order.request.client_id: order})

    def to_json(self) -> dict[str, Any]:
        """Return a plain JSON dict; decimals are strings."""
        return {
            "quote": self.quote,
            "spot": _texts(self.spot),
            "futures_wallet": str(self.futures_wallet),
            "positions": {name: [str(stake.qty), str(stake.cost)] for name, stake in self.positions.items()},
            "leverage": _texts(self.leverage),
            "orders": [_order_json(order) for order in self.orders.values()],
            "transfers": list(self.transfers),
            "matched_at": self.matched_at.isoformat() if self.matched_at else None,
            "taken": {name: [minute, str(qty)] for name, (minute, qty) in self.taken.items()},
            "late": [[at.isoformat(), _request_json(request)] for at, request in self.late],
            "number": self.number,
            "totals": [str(self.fees_paid), str(self.funding_received), str(self.forgiven)],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> AccountState:
        """Return the account that ``to_json`` wrote down."""
        orders = [_order_from(item) for item in data["orders"]]
        fees, funding, forgiven = (Decimal(total) for total in data["totals"])
        return cls(
            quote=data["quote"],
            spot=_decimals(data["spot"]),
            futures_wallet=Decimal(data["futures_wallet"]),
            positions={name: Stake(qty=Decimal(qty), cost=Decimal(cost)) for name, (qty, cost) in data["positions"].items()},
            leverage=_decimals(data["leverage"]),
            orders={order.request.client_id: order for order in orders},
            transfers=tuple(data["transfers"]),
            matched_at=datetime.fromisoformat(data["matched_at"]) if data["matched_at"] else None,
            taken={name: (int(minute), Decimal(qty)) for name, (minute, qty) in data["taken"].items()},
            late=tuple((datetime.fromisoformat(at), _request_from(request)) for at, request in data["late"]),
            number=data["number"],
            fees_paid=fees,
            funding_received=funding,
            forgiven=forgiven,
        )


def _texts(values: Mapping[str, Decimal]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}


def _decimals(values: Mapping[str, str]) -> dict[str, Decimal]:
    return {name: Decimal(value) for name, value in values.items()}


def _request_json(request: OrderRequest) -> dict[str, Any]:
    return {
        "client_id": request.client_id,
        "instrument": request.instrument,
        "side": request.side.value,
        "qty": str(request.qty),
        "limit": str(request.limit),
        "flags": [request.post_only, request.immediate, request.reduce_only],
    }


def _request_from(data: Mapping[str, Any]) -> OrderRequest:
    post_only, immediate, reduce_only = data["flags"]
    return OrderRequest(
        client_id=data["client_id"],
        instrument=data["instrument"],
        side=Side(data["side"]),
        qty=Decimal(data["qty"]),
        limit=Decimal(data["limit"]),
        post_only=post_only,
        immediate=immediate,
        reduce_only=reduce_only,
    )


def _order_json(order: PaperOrder) -> dict[str, Any]:
    return {
        **_request_json(order.request),
        "number": order.number,
        "at": order.at.isoformat(),
        "status": order.status.value,
        "done": [str(order.filled), str(order.value), str(order.fee)],
        "taking": order.taking,
    }


def _order_from(data: Mapping[str, Any]) -> PaperOrder:
    filled, value, fee = (Decimal(number) for number in data["done"])
    return PaperOrder(
        request=_request_from(data),
        number=data["number"],
        at=datetime.fromisoformat(data["at"]),
        status=OrderStatus(data["status"]),
        filled=filled,
        value=value,
        fee=fee,
        taking=data["taking"],
    )

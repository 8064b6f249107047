"""From a leg to its next order: which style comes next, at what price, how much; pure."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import in_steps
from chatbot.exchanges.base import PARTICIPATION, OrderRequest, OrderStatus, Side, asset_of
from chatbot.execution import sizing
from chatbot.execution.lifecycle import Tried
from chatbot.model import LegKind, LiveStop, OrderState
from chatbot.store.halt import HALTED
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from chatbot.exchanges.base import Depth, Market, Order, Quote
    from chatbot.execution.pace import Pace
    from chatbot.model import Leg
    from chatbot.store.orders import Attempt

#: the attempt certainly never left this machine
NOT_SENT = "not_sent"
#: the exchange has it, or had it: only its own list tells how it ended, however late
LISTED_LATER = "listed_later"
#: what it would have changed has changed: it was taken, or somebody else did that, and nobody can tell
TOUCHED = "touched"
#: its person has closed the plan before anybody knew what became of it
UNKNOWN_END = "unknown"
WOULD_TAKE = "would_take"
DUPLICATE = "duplicate_id"
NOT_ENOUGH = "not_enough_money"
#: what may be taken of the market in this minute has been taken
USED_UP = "used_up"
#: nothing is left to reduce
REDUCED = "reduce_only"
_ENDS = {OrderStatus.FILLED: OrderState.FILLED, OrderStatus.CANCELED: OrderState.CANCELED, OrderStatus.REJECTED: OrderState.REJECTED}


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketNow:
    """What one look at the exchange said about the leg's instrument."""

    market: Market
    quote: Quote
    #: spot wallet amounts that are free
    free: Mapping[str, Decimal]
    #: quote stablecoin
    money: str
    #: how much there is of what the order changes: of the coin, or the signed position
    held: Decimal = Decimal(0)
    #: what a reduction that cannot wait may reduce now, base units; None: it is not asked
    position: Decimal | None = None
    #: its order book; None where the exchange shows none
    book: Depth | None = None
    #: what the leg has taken within the last minute, base units
    taken: Decimal = Decimal(0)
    #: the largest order that was agreed to for real money, quote; None: there is no such limit
    largest: Decimal | None = None


def client_id(plan_id: int, leg_index: int, attempt: int) -> str:
    """Return the id by which the exchange knows an attempt; the same intention always has the same."""
    return f"b{plan_id}-{leg_index}-{attempt}"


def tried(attempts: Sequence[Attempt], resumed_at: datetime | None = None) -> Tried:
    """Sum up what was tried for a leg; what was tried before the plan was taken up again has used up no time."""
    working = next((attempt for attempt in attempts if attempt.state == OrderState.OPEN), None)
    sent = [attempt for attempt in attempts if attempt.detail != HALTED]  # that one never left
    idle = quotes = 0
    for attempt in sent:
        idle = 0 if attempt.filled else idle + attempt.immediate
        quotes = 0 if attempt.post_only and attempt.state == OrderState.FILLED else quotes + attempt.post_only  # the next slice has its own
    first_at = min((attempt.sent_at for attempt in sent), default=None)
    return Tried(
        quotes=quotes,
        takes=sum(attempt.immediate for attempt in sent),
        working_since=working.sent_at if working else None,
        first_at=max(first_at, resumed_at) if first_at and resumed_at else first_at,
        last_at=max((attempt.sent_at for attempt in sent), default=None),
        filled=any(attempt.filled for attempt in sent),
        idle=idle,
    )


def draft(leg: Leg, seen: MarketNow, pace: Pace, *, plan_id: int, attempt: int, cross: bool, cap_bps: Decimal | None) -> OrderRequest | str:
    """Return the next order of a leg, or the machine word for why there can be none.

    ``cap_bps`` bounds the limit against the price that the person confirmed: a market that runs away is not followed. None: it is,
    inside the bound around each moment's price.
    """
    side = Side(leg.side)
    try:
        limit = _limit(leg, seen, pace, side, first=attempt == 1, cross=cross)
        if cap_bps is not None:
            limit = _capped(limit, leg, side, cap_bps, seen.market.tick)
    except Refused as refused:
        return refused.code
    qty = _quantity(leg, seen, limit, pace, cross=cross)
    if isinstance(qty, str):
        return qty
    return OrderRequest(
        client_id=client_id(plan_id, leg.index, attempt),
        instrument=leg.instrument,
        side=side,
        qty=qty,
        limit=limit,
        post_only=not cross,
        immediate=cross,
        reduce_only=leg.reduce_only,
    )


def _quantity(leg: Leg, seen: MarketNow, limit: Decimal, pace: Pace, *, cross: bool) -> Decimal | str:
    """Return how much the next order is for: what is left, what there is of it, and what the market bears; or why there is none."""
    qty = leg.qty - leg.filled
    if seen.position is not None:
        qty = min(qty, max(Decimal(0), seen.position if leg.sells else -seen.position))
        if not qty:
            return REDUCED
    if leg.kind == LegKind.SPOT_SELL:
        qty = min(qty, seen.free.get(asset_of(leg.instrument), Decimal(0)))
    elif leg.kind == LegKind.SPOT_BUY:
        qty = min(qty, sizing.affordable(seen.free.get(seen.money, Decimal(0)), limit, seen.market))
    if not leg.reduce_only:
        qty = in_steps(qty, seen.market.lot)
    if seen.market.is_too_small(qty, limit, exempt=leg.reduce_only):
        return "below_minimum" if qty == in_steps(leg.qty - leg.filled, seen.market.lot) else NOT_ENOUGH
    part = _slice(leg, seen, qty, limit) if cross else _shown(leg, seen, qty, limit, pace)
    return part if isinstance(part, str) or seen.largest is None else _within(leg, seen, part, limit, seen.largest)


def _within(leg: Leg, seen: MarketNow, qty: Decimal, limit: Decimal, largest: Decimal) -> Decimal | str:
    """Return how much of ``qty`` one order may be for: a price that has moved makes more orders of a leg, and never a larger one."""
    room = in_steps(largest / limit, seen.market.lot)
    part = min(sizing.to_take(qty, room, limit, seen.market, exempt=leg.reduce_only), room)
    return LiveStop.ORDER.value if seen.market.is_too_small(part, limit, exempt=leg.reduce_only) else part


def _shown(leg: Leg, seen: MarketNow, qty: Decimal, limit: Decimal, pace: Pace) -> Decimal:
    """Return how much of ``qty`` rests at once: a tenth of the book inside the cap, which is what an order that took would find there."""
    if seen.book is None:
        return qty
    cap = sizing.limit_at(seen.quote.mid, Side(leg.side), -pace.bound_bps, seen.market.tick)
    return sizing.to_take(qty, seen.book.inside(Side(leg.side), cap) * PARTICIPATION, limit, seen.market, exempt=leg.reduce_only)


def _slice(leg: Leg, seen: MarketNow, qty: Decimal, limit: Decimal) -> Decimal | str:
    """Return how much of ``qty`` is taken at once: a tenth of the book inside the limit, and of what is traded in a minute (domain 9.6).

    Where the leg has had its share of this minute it waits, unless what is left fits into the rest of it.
    """
    minute, rooms = seen.quote.minute_share, []
    if minute is not None:
        if seen.taken and qty > minute - seen.taken:
            return USED_UP
        rooms.append(minute)
    if seen.book is not None:
        rooms.append(seen.book.inside(Side(leg.side), limit) * PARTICIPATION)
    return sizing.to_take(qty, min(rooms), limit, seen.market, exempt=leg.reduce_only) if rooms else qty


def taken_since(attempts: Sequence[Attempt], since: datetime) -> tuple[Decimal, datetime | None]:
    """Return how much was taken by the orders that were sent after ``since``, base units, and when the last of them was."""
    late = [attempt for attempt in attempts if attempt.immediate and attempt.filled and attempt.sent_at > since]
    return sum((attempt.filled for attempt in late), Decimal(0)), max((attempt.sent_at for attempt in late), default=None)


def _limit(leg: Leg, seen: MarketNow, pace: Pace, side: Side, *, first: bool, cross: bool) -> Decimal:
    """Return the confirmed limit at first, while it does what the order is to do; later the current mid decides."""
    mid, confirmed = seen.quote.mid, leg.limit if first else None
    if confirmed is not None and sizing.would_take(side, confirmed, seen.quote) is not cross:
        confirmed = None
    if confirmed is not None:
        confirmed = sizing.on_tick(confirmed, side, seen.market.tick)
    if not cross:
        return sizing.limit_at(mid, side, pace.offset_bps, seen.market.tick) if confirmed is None else confirmed
    bound = sizing.limit_at(mid, side, -pace.bound_bps, seen.market.tick)
    return bound if confirmed is None else min(bound, confirmed) if side == Side.BUY else max(bound, confirmed)


def _capped(limit: Decimal, leg: Leg, side: Side, cap_bps: Decimal, tick: Decimal) -> Decimal:
    """Return the limit, or the worst price that the person's Confirm covers where that is better."""
    worst = sizing.limit_at(leg.price, side, -cap_bps, tick)
    return min(limit, worst) if side == Side.BUY else max(limit, worst)


def request_of(attempt: Attempt) -> OrderRequest:
    """Return the order of an intention that is in the journal: sending it again must be the very same."""
    return OrderRequest(
        client_id=attempt.client_id,
        instrument=attempt.instrument,
        side=Side(attempt.side),
        qty=attempt.qty,
        limit=attempt.limit or Decimal(0),
        post_only=attempt.post_only,
        immediate=attempt.immediate,
        reduce_only=attempt.reduce_only,
    )


def fee_in_money(order: Order, money: str, prices: Mapping[str, Decimal]) -> Decimal:
    """Return the fees of an order in quote money, other coins at their last price; for display, books stay in the coin."""
    return sum((fee if coin == money else fee * prices.get(coin, Decimal(0)) for coin, fee in order.fees.items()), Decimal(0))


def fees_in_coins(order: Order, money: str) -> dict[str, str] | None:
    """Return the fees of an order by coin as exact text; None where all of them are quote money."""
    return {coin: str(fee) for coin, fee in order.fees.items()} if order.fees.keys() - {money} else None


def state_of(order: Order) -> OrderState:
    """Return our word for where the exchange says an order stands."""
    return _ENDS.get(order.status, OrderState.OPEN)


def ended_at(order: Order, now: datetime) -> datetime | None:
    """Return when an order was seen to have ended; None while it may still fill."""
    return now if order.status in _ENDS else None

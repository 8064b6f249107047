"""What a paper exchange refuses, with the words a real one would use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.errors import NotEnoughMoney, Rejected
from chatbot.exchanges.base import OrderRequest, Side, is_perp
from chatbot.exchanges.paper.account import ZERO, AccountState, PaperOrder
from chatbot.exchanges.paper.ledger import locked
from chatbot.exchanges.paper.margin import equity, initial_margin
from chatbot.exchanges.paper.matching import crosses

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from chatbot.exchanges.base import Market
    from chatbot.exchanges.markets.path import Book


def check_form(state: AccountState, request: OrderRequest, market: Market | None) -> Market:
    """Refuse an order that is wrong whatever the market does; return the rules of its instrument."""
    if market is None:
        raise Rejected("unknown_instrument", request.instrument)
    if not market.trading:
        raise Rejected("halted", request.instrument)
    if request.limit <= 0 or request.limit % market.tick:
        raise Rejected("bad_tick", f"{request.limit} is not a multiple of {market.tick}")
    whole_close = request.reduce_only and request.qty == _against(state, request)
    if request.qty <= 0 or (request.qty % market.lot and not whole_close):
        raise Rejected("bad_lot", f"{request.qty} is not a multiple of {market.lot}")
    if request.reduce_only:
        _check_reduction(state, request)
    elif market.is_too_small(request.qty, request.limit):
        raise Rejected("below_minimum", f"{request.qty} at {request.limit}, the least is {market.min_notional}")
    return market


def _against(state: AccountState, request: OrderRequest) -> Decimal:
    """Return how much this order could reduce: the position it trades against, 0 where there is none."""
    stake = state.positions.get(request.instrument)
    if stake is None or (stake.qty > 0) is not (request.side is Side.SELL):
        return ZERO
    return abs(stake.qty)


def _check_reduction(state: AccountState, request: OrderRequest) -> None:
    """Refuse a reduction that has nothing to reduce, or would turn the position together with those that wait."""
    waiting = sum(
        (
            order.left
            for order in state.open_orders
            if order.request.reduce_only and order.request.instrument == request.instrument and order.request.side is request.side
        ),
        ZERO,
    )
    if not is_perp(request.instrument) or request.qty + waiting > _against(state, request):
        raise Rejected("reduce_only", f"{request.qty} of {request.instrument} is more than there is to reduce")


def check_price(order: PaperOrder, book: Book) -> None:
    """Refuse a post-only order that would take."""
    if order.request.post_only and crosses(order, book):
        raise Rejected("would_take", f"bid {book.bid}, ask {book.ask}")


def check_money(state: AccountState, order: PaperOrder, market: Market, fees: dict[str, Decimal], marks: Mapping[str, Decimal]) -> None:
    """Refuse what the account cannot pay for; ``state`` does not hold the order yet."""
    request = order.request
    after = state.with_order(order)
    if is_perp(request.instrument):
        if not request.reduce_only and _margin_grows(state, after, marks):
            room = equity(state, marks) - initial_margin(after, marks) - request.notional * market.taker_fee
            if room < 0:
                raise Rejected("margin", f"{-room} short")
        return
    for asset, qty in locked(after, fees).items():
        if qty > after.spot.get(asset, ZERO) and qty > locked(state, fees).get(asset, ZERO):
            raise NotEnoughMoney(f"{qty} {asset} needed, {after.spot.get(asset, ZERO)} there")


def _margin_grows(state: AccountState, after: AccountState, marks: Mapping[str, Decimal]) -> bool:
    """Tell whether an order needs margin: one that only closes does not."""
    return initial_margin(after, marks) > initial_margin(state, marks)

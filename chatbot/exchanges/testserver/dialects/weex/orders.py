"""WEEX's orders and trades, on spot and of contracts, which are long or short by name in each order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatbot.exchanges.base import Side, is_perp
from chatbot.exchanges.testserver.dialects.weex.words import (
    ABOUT,
    FORCES,
    PARTIAL,
    SIDES,
    STATES,
    instrument_of,
    is_contract,
    page_of,
    symbol_of,
    window,
)
from chatbot.exchanges.testserver.ledger import ZERO
from chatbot.exchanges.testserver.matching import Wish
from chatbot.exchanges.testserver.matching import place as place_order
from chatbot.exchanges.testserver.words import BOTH, LONG, SHORT, Force, Reason, Refusal, State, plain

if TYPE_CHECKING:
    from chatbot.exchanges.testserver.account import Fill, VenueOrder
    from chatbot.exchanges.testserver.dialect import Talk


def place(talk: Talk) -> dict[str, Any]:
    """POST order: the answer is an id; of a contract one that it was accepted, too."""
    request, kind = talk.request, talk.request.word("type", {"LIMIT": "LIMIT", "MARKET": "MARKET"})
    name, side = instrument_of(talk), request.word("side", SIDES)
    about, closes = _about(talk, name, side) if is_contract(talk) else (BOTH, False)
    wish = Wish(
        client_id=request.need("newClientOrderId"),
        instrument=name,
        side=side,
        qty=request.number("quantity"),
        limit=request.number("price") if kind == "LIMIT" else None,
        force=request.word("timeInForce", FORCES) if request.get("timeInForce") else Force.GTC if kind == "LIMIT" else Force.IOC,
        reduce_only=closes,
        about=about,
    )
    talk.all_read()
    order = place_order(talk.venue, talk.account, wish)
    if is_contract(talk):
        return _accepted(order, "clientOrderId")
    named = {"symbol": request.get("symbol"), "orderId": order.number, "clientOrderId": order.client_id}
    return {**named, "transactTime": order.made_ms}


def _about(talk: Talk, name: str, side: Side) -> tuple[str, bool]:
    """Return which position an order of a contract is about, and whether it closes it: a sale of a long, a purchase of a short.

    WEEX would hold a long and a short of one contract beside each other; this server holds one, and refuses to open the other.
    """
    named = talk.request.word("positionSide", ABOUT)
    closes = named == (LONG if side is Side.SELL else SHORT)
    if talk.request.get("reduceOnly") == "true" and not closes:
        raise Refusal(Reason.REDUCE_ONLY, f"{side} {named} opens")
    account = talk.account
    if account.hedge:
        return named, closes
    held = account.stake(name).qty
    if not closes and (held < 0 if named == LONG else held > 0):
        raise Refusal(Reason.POSITION_SIDE, named)
    return BOTH, closes


def _accepted(order: VenueOrder, named: str) -> dict[str, Any]:
    return {"orderId": str(order.number), named: order.client_id, "success": True, "errorCode": "", "errorMessage": ""}


def _named(talk: Talk, missing: Reason) -> VenueOrder:
    """Return the latest order of this side that a request names, whatever market it is of. Raises ``Refusal``."""
    request, perp = talk.request, is_contract(talk)
    number, client_id = request.get("orderId"), request.get("origClientOrderId")
    if not number and not client_id:
        raise Refusal(Reason.UNREAD, "Either orderId or origClientOrderId must be sent")
    for order in reversed(talk.account.orders):
        if is_perp(order.market.instrument) is perp and (str(order.number) == number if number else order.client_id == client_id):
            return order
    raise Refusal(missing, number or client_id)


def find(talk: Talk) -> dict[str, Any]:
    """GET order."""
    named = _named(talk, Reason.NOT_FOUND)
    return _order(talk, talk.venue.find(talk.account, named.market.instrument, number=named.number))


def cancel(talk: Talk) -> dict[str, Any]:
    """DELETE order: by which id it was named is told again."""
    named = _named(talk, Reason.NOT_OPEN)
    order = talk.venue.cancel(talk.account, named.market.instrument, number=named.number)
    if is_contract(talk):
        return _accepted(order, "origClientOrderId")
    ours = talk.request.get("origClientOrderId")
    return {**({"origClientOrderId": ours} if ours else {"orderId": order.number}), "status": "CANCELED"}


def _order(talk: Talk, order: VenueOrder) -> dict[str, Any]:
    perp = is_perp(order.market.instrument)
    row = {
        "symbol": symbol_of(talk, order.market),
        "orderId": order.number,
        "clientOrderId": order.client_id,
        "price": plain(order.limit or ZERO),
        "origQty": plain(order.qty),
        "executedQty": plain(order.filled),
        "status": PARTIAL[perp] if order.state is State.PARTIAL else STATES[order.state],
        "timeInForce": {Force.FOK: "FOK", Force.IOC: "IOC"}.get(order.force, "GTC"),
        "type": "MARKET" if order.limit is None else "LIMIT",
        "side": order.side.name,
        "time": order.made_ms,
        "updateTime": order.changed_ms,
    }
    if not perp:
        return {**row, "cummulativeQuoteQty": plain(order.spent), "isWorking": order.open}
    about = LONG if (order.side is Side.BUY) is not order.reduce_only else SHORT
    return {
        **row,
        "avgPrice": plain(order.average),
        "cumQuote": plain(order.spent),
        "reduceOnly": order.reduce_only,
        "positionSide": about,
        "stopPrice": "0",
        "workingType": "CONTRACT_PRICE",
    }


def open_orders(talk: Talk) -> list[dict[str, Any]]:
    """GET openOrders."""
    return [_order(talk, order) for order in _seen(talk) if order.open][: page_of(talk)]


def all_orders(talk: Talk) -> list[dict[str, Any]]:
    """GET allOrders on spot, order/history of contracts, where those that work are not told: newest first."""
    since, until = window(talk)
    found = [order for order in reversed(_seen(talk)) if since <= order.made_ms <= until and not (order.open and is_contract(talk))]
    return [_order(talk, order) for order in found][: page_of(talk)]


def _seen(talk: Talk) -> list[VenueOrder]:
    name = instrument_of(talk) if talk.request.get("symbol") else ""
    return talk.venue.visible_orders(talk.account, perp=is_contract(talk), instrument=name)


def trades(talk: Talk) -> list[dict[str, Any]]:
    """GET myTrades, or userTrades: newest first."""
    (since, until), number, perp = window(talk), talk.request.get("orderId"), is_contract(talk)
    name = instrument_of(talk) if not perp or talk.request.get("symbol") else ""
    found = [
        _trade(talk, order, one)
        for order in talk.account.orders
        if is_perp(order.market.instrument) is perp and name in ("", order.market.instrument) and number in ("", str(order.number))
        for one in order.fills
        if since <= one.at_ms <= until and talk.venue.seen(one.at_ms)
    ]
    return found[::-1][: page_of(talk)]


def _trade(talk: Talk, order: VenueOrder, one: Fill) -> dict[str, Any]:
    """Return a trade; of one on spot the coin of its fee is not told."""
    row = {
        "symbol": symbol_of(talk, order.market),
        "id": one.number,
        "orderId": order.number,
        "price": plain(one.price),
        "qty": plain(one.qty),
        "quoteQty": plain(one.value),
        "commission": plain(one.fee),
        "time": one.at_ms,
    }
    bought = order.side is Side.BUY
    if not is_perp(order.market.instrument):
        return {**row, "isBuyer": bought}
    told = {"buyer": bought, "commissionAsset": one.fee_asset, "maker": one.maker, "realizedPnl": plain(one.realised)}
    return {**row, **told, "side": order.side.name, "positionSide": LONG if bought is not order.reduce_only else SHORT}

"""Binance's orders and trades, on spot and in futures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatbot.exchanges.base import Side, is_perp
from chatbot.exchanges.testserver.account import Forced
from chatbot.exchanges.testserver.dialects.binance.words import (
    DAY_MS,
    FORCES,
    SIDES,
    STATES,
    instrument_of,
    is_futures,
    symbol_of,
    text,
)
from chatbot.exchanges.testserver.ledger import ZERO
from chatbot.exchanges.testserver.matching import Wish
from chatbot.exchanges.testserver.matching import place as place_order
from chatbot.exchanges.testserver.words import BOTH, Force, Reason, Refusal

if TYPE_CHECKING:
    from chatbot.exchanges.testserver.account import Fill, VenueOrder
    from chatbot.exchanges.testserver.dialect import Request, Talk

#: what the ids of orders begin with that Binance made itself
_FORCED = {Forced.LIQUIDATION: "autoclose", Forced.DELEVERAGING: "adl_autoclose", Forced.SETTLEMENT: "settlement_autoclose"}


def place(talk: Talk) -> dict[str, Any]:
    """POST order."""
    request, futures = talk.request, is_futures(talk)
    name = instrument_of(talk)
    kind = request.need("type")
    if kind not in ("LIMIT", "MARKET", "LIMIT_MAKER"):
        raise Refusal(Reason.BAD_VALUE, "type")
    to_spend = request.number("quoteOrderQty") if request.get("quoteOrderQty") and kind == "MARKET" else ZERO
    wish = Wish(
        client_id=request.get("newClientOrderId"),
        instrument=name,
        side=request.word("side", SIDES),
        qty=ZERO if to_spend else request.number("quantity"),
        limit=None if kind == "MARKET" else request.number("price"),
        force=_force(request, kind),
        reduce_only=futures and request.get("reduceOnly") == "true" and not talk.account.hedge,
        about=request.get("positionSide", BOTH) if futures else BOTH,
        to_spend=to_spend,
    )
    told = request.get("newOrderRespType", "ACK" if futures else "FULL")
    talk.all_read()
    return _answered(talk, place_order(talk.venue, talk.account, wish), told)


def _client_id(order: VenueOrder) -> str:
    """Return the client id; of an order that Binance made itself the one that says why."""
    return order.client_id if order.forced is None else f"{_FORCED[order.forced]}-{order.number}"


def force_orders(talk: Talk) -> list[dict[str, Any]]:
    """GET /fapi/v1/forceOrders: the liquidations of the account, and what was taken from it."""
    kind, since = talk.request.get("autoCloseType"), talk.request.whole("startTime", 0)
    kinds = {Forced.LIQUIDATION: "LIQUIDATION", Forced.DELEVERAGING: "ADL"}
    found = [order for order in _seen_orders(talk) if order.forced in kinds and order.made_ms >= since]
    return [_order(talk, one) for one in found if one.forced and kind in ("", kinds[one.forced])][-talk.request.whole("limit", 50) :]


def _answered(talk: Talk, order: VenueOrder, told: str) -> dict[str, Any]:
    """Return an order as the request that made it asked for: only that it came in, or what became of it, or every fill too."""
    row = _order(talk, order)
    if is_perp(order.market.instrument):
        return {**row, "status": "NEW", "executedQty": "0", "cumQty": "0", "cumQuote": "0"} if told == "ACK" else row
    if told == "ACK":
        return {name: row[name] for name in ("symbol", "orderId", "orderListId", "clientOrderId")} | {"transactTime": order.changed_ms}
    fills = {"fills": [_short_fill(one) for one in order.fills]} if told == "FULL" else {}
    return {**_changed(row, order), **fills}


def _changed(row: dict[str, Any], order: VenueOrder) -> dict[str, Any]:
    """Return a spot order as the answer to its making or its cancel: with one time instead of two, and a few fields less."""
    gone = ("time", "updateTime", "stopPrice", "icebergQty", "isWorking")
    return {name: value for name, value in row.items() if name not in gone} | {"transactTime": order.changed_ms}


def _force(request: Request, kind: str) -> Force:
    if kind == "LIMIT_MAKER":
        return Force.POST_ONLY
    if kind == "MARKET":
        return Force.IOC
    force: Force = request.word("timeInForce", FORCES)
    return force


def _order(talk: Talk, order: VenueOrder) -> dict[str, Any]:
    kind = "MARKET" if order.limit is None else "LIMIT"
    row = {
        "symbol": symbol_of(talk, order.market),
        "orderId": order.number,
        "clientOrderId": _client_id(order),
        "price": text(order.limit or ZERO),
        "origQty": text(order.qty),
        "executedQty": text(order.filled),
        "status": STATES[order.state],
        "timeInForce": {Force.FOK: "FOK", Force.IOC: "GTC" if order.limit is None else "IOC"}.get(order.force, "GTC"),
        "type": kind,
        "side": order.side.name,
        "stopPrice": "0.00000000",
        "time": order.made_ms,
        "updateTime": order.changed_ms,
    }
    if is_perp(order.market.instrument):
        return {**row, **_futures_order(order, kind)}
    spot = {
        "orderListId": -1,
        "cummulativeQuoteQty": text(order.spent),
        "type": "LIMIT_MAKER" if order.force is Force.POST_ONLY else kind,
        "icebergQty": "0.00000000",
        "isWorking": True,
        "workingTime": order.made_ms,
        "origQuoteOrderQty": text(order.to_spend),
        "selfTradePreventionMode": "EXPIRE_MAKER",
    }
    return {**row, **spot}


def _futures_order(order: VenueOrder, kind: str) -> dict[str, Any]:
    return {
        "timeInForce": {Force.POST_ONLY: "GTX", Force.FOK: "FOK", Force.IOC: "GTC" if order.limit is None else "IOC"}.get(
            order.force, "GTC"
        ),
        "avgPrice": text(order.average),
        "cumQty": text(order.filled),
        "cumQuote": text(order.spent),
        "reduceOnly": order.reduce_only,
        "closePosition": False,
        "positionSide": order.about,
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": kind,
        "priceMatch": "NONE",
        "selfTradePreventionMode": "NONE",
        "goodTillDate": 0,
    }


def _short_fill(one: Fill) -> dict[str, Any]:
    return {
        "price": text(one.price),
        "qty": text(one.qty),
        "commission": text(one.fee),
        "commissionAsset": one.fee_asset,
        "tradeId": one.number,
    }


def _named(talk: Talk) -> dict[str, Any]:
    """Return which order a request names: its number counts before its client id."""
    request = talk.request
    if request.get("orderId"):
        return {"number": request.whole("orderId", 0)}
    return {"client_id": request.need("origClientOrderId")}


def find(talk: Talk) -> dict[str, Any]:
    """GET order."""
    return _order(talk, talk.venue.find(talk.account, instrument_of(talk), **_named(talk)))


def cancel(talk: Talk) -> dict[str, Any]:
    """DELETE order."""
    order = talk.venue.cancel(talk.account, instrument_of(talk), **_named(talk))
    row = _order(talk, order)
    # on spot the id of a cancelled order is another one from then on, unless the client says which
    return (
        row
        if is_futures(talk)
        else {**_changed(row, order), "origClientOrderId": order.client_id, "clientOrderId": f"cancel-{order.number}"}
    )


def _seen_orders(talk: Talk) -> list[VenueOrder]:
    name = instrument_of(talk) if talk.request.get("symbol") else ""
    return talk.venue.visible_orders(talk.account, perp=is_futures(talk), instrument=name)


def open_orders(talk: Talk) -> list[dict[str, Any]]:
    """GET openOrders."""
    return [_order(talk, order) for order in _seen_orders(talk) if order.open]


def all_orders(talk: Talk) -> list[dict[str, Any]]:
    """GET allOrders."""
    since, until = window(talk)
    first = talk.request.whole("orderId", 0)
    found = [order for order in _seen_orders(talk) if since <= order.made_ms <= until and order.number >= first]
    return [_order(talk, order) for order in found][-talk.request.whole("limit", 500) :]


def window(talk: Talk) -> tuple[int, int]:
    """Return the time that a question about the past is about, ms. Raises ``Refusal``: longer than one call may ask for."""
    request, longest = talk.request, 7 * DAY_MS if is_futures(talk) else DAY_MS
    since, until = request.whole("startTime", 0), request.whole("endTime", 0)
    if since and until and until - since > longest:
        raise Refusal(Reason.WINDOW)
    if not since and is_futures(talk):
        since = (until or talk.venue.now_ms) - longest
    return since, until or (since + longest if since else talk.venue.now_ms)


def trades(talk: Talk) -> list[dict[str, Any]]:
    """GET myTrades or userTrades."""
    name, (since, until) = instrument_of(talk), window(talk)
    number = talk.request.whole("orderId", 0)
    found = [
        _trade(talk, order, one)
        for order in talk.account.orders
        if order.market.instrument == name and number in (0, order.number)
        for one in order.fills
        if since <= one.at_ms <= until and talk.venue.seen(one.at_ms) and one.number >= talk.request.whole("fromId", 0)
    ]
    return found[-talk.request.whole("limit", 500) :]


def _trade(talk: Talk, order: VenueOrder, one: Fill) -> dict[str, Any]:
    row = {
        "symbol": symbol_of(talk, order.market),
        "id": one.number,
        "orderId": order.number,
        "price": text(one.price),
        "qty": text(one.qty),
        "quoteQty": text(one.value),
        "commission": text(one.fee),
        "commissionAsset": one.fee_asset,
        "time": one.at_ms,
    }
    bought = order.side is Side.BUY
    if not is_perp(order.market.instrument):
        return {**row, "orderListId": -1, "isBuyer": bought, "isMaker": one.maker, "isBestMatch": True}
    perp = {"buyer": bought, "maker": one.maker, "realizedPnl": text(one.realised), "side": order.side.name, "positionSide": order.about}
    return {**row, **perp}

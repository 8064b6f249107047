"""MEXC's orders and trades: making one answers with an id, and what became of it is to be looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatbot.exchanges.base import Side
from chatbot.exchanges.testserver.account import Forced
from chatbot.exchanges.testserver.dialects.mexc.words import (
    CONTRACT_FORCES,
    CONTRACT_SIDES,
    FORCES,
    SIDES,
    STATES,
    enveloped,
    id_of,
    instrument_of,
    is_contract,
    num,
    number_of,
    size_of,
    spot_status,
    symbol_of,
    vol,
)
from chatbot.exchanges.testserver.ledger import ZERO
from chatbot.exchanges.testserver.matching import Wish, place
from chatbot.exchanges.testserver.words import BOTH, Force, Reason, Refusal, plain

if TYPE_CHECKING:
    from decimal import Decimal

    from chatbot.exchanges.testserver.account import Fill, VenueOrder
    from chatbot.exchanges.testserver.dialect import Talk

_DAY_MS = 86_400_000
#: how far back spot tells of orders, and of trades
_ORDERS_MS, _TRADES_MS = 7 * _DAY_MS, 30 * _DAY_MS
#: why somebody's position was traded away
_CATEGORIES = {None: 1, Forced.LIQUIDATION: 2, Forced.DELEVERAGING: 4, Forced.SETTLEMENT: 5}
_FORCE_NAMES = {Force.POST_ONLY: "LIMIT_MAKER", Force.IOC: "IMMEDIATE_OR_CANCEL", Force.FOK: "FILL_OR_KILL", Force.GTC: "LIMIT"}
_ORDER_TYPES = {Force.GTC: 1, Force.POST_ONLY: 2, Force.IOC: 3, Force.FOK: 4}
#: codes inside of an answer about a cancellation
_NOT_THERE, _OVER = (2040, "order not exist"), (2041, "order state cannot be cancelled")


def _client_id(order: VenueOrder) -> str:
    return "" if order.forced or order.client_id.startswith("auto-") else order.client_id


def create_spot(talk: Talk) -> dict[str, Any]:
    """POST /api/v3/order: what was asked for, and no word of what became of it; one that may not take and would is made, and ended."""
    request, name = talk.request, instrument_of(talk)
    kind, side = request.need("type"), request.word("side", SIDES)
    force = request.word("type", FORCES)
    to_spend = request.number("quoteOrderQty") if kind == "MARKET" and request.get("quoteOrderQty") else ZERO
    limit = None if kind == "MARKET" else request.number("price")
    request.get("price")
    wish = Wish(
        client_id=request.get("newClientOrderId"),
        instrument=name,
        side=side,
        qty=ZERO if to_spend else request.number("quantity"),
        limit=limit,
        force=force,
        to_spend=to_spend,
    )
    talk.all_read()
    order = place(talk.venue, talk.account, wish)
    return {
        "symbol": request.get("symbol"),
        "orderId": id_of(order),
        "orderListId": -1,
        "price": plain(limit or ZERO),
        "origQty": plain(order.qty),
        "type": kind,
        "side": side.name,
        "transactTime": order.made_ms,
    }


def create_contract(talk: Talk) -> dict[str, Any]:
    """POST /api/v1/private/order/create: an id alone. A mode that is named must be the account's."""
    request, account, name = talk.request, talk.account, instrument_of(talk)
    market, kind = talk.venue.market(name), request.need("type")
    side, closes, about = request.word("side", CONTRACT_SIDES)
    force: Force = request.word("type", CONTRACT_FORCES)
    isolated = request.word("openType", {"1": True, "2": False})
    mode = request.get("positionMode")
    if (mode and mode != ("1" if account.hedge else "2")) or isolated is not (name in account.isolated):
        raise Refusal(Reason.POSITION_SIDE)
    wish = Wish(
        client_id=request.get("externalOid"),
        instrument=name,
        side=side,
        qty=request.number("vol") * size_of(market),
        limit=request.number("price") if kind in ("1", "2", "3", "4") else None,
        force=force,
        reduce_only=closes,
        about=about if account.hedge else BOTH,
    )
    talk.all_read()
    order = place(talk.venue, account, wish)
    return enveloped({"orderId": id_of(order), "ts": order.made_ms})


def _named(talk: Talk) -> dict[str, Any]:
    """Return which spot order a request names."""
    request = talk.request
    if request.get("orderId"):
        return {"number": number_of(request.get("orderId"))}
    return {"client_id": request.need("origClientOrderId")}


def find_spot(talk: Talk) -> dict[str, Any]:
    """GET /api/v3/order."""
    return _spot(talk, talk.venue.find(talk.account, instrument_of(talk), **_named(talk)))


def cancel_spot(talk: Talk) -> dict[str, Any]:
    """DELETE /api/v3/order: which order it was, and not how it ended."""
    order = talk.venue.cancel(talk.account, instrument_of(talk), **_named(talk))
    row = _spot(talk, order)
    return {name: row[name] for name in ("symbol", "orderId", "price", "origQty", "type", "side")}


def _spot(talk: Talk, order: VenueOrder) -> dict[str, Any]:
    return {
        "symbol": symbol_of(talk, order.market),
        "orderId": id_of(order),
        "orderListId": -1,
        "clientOrderId": _client_id(order) or None,
        "price": plain(order.limit or ZERO),
        "origQty": plain(order.qty),
        "executedQty": plain(order.filled),
        "cummulativeQuoteQty": plain(order.spent),
        "status": spot_status(order),
        "timeInForce": None,
        "type": "MARKET" if order.limit is None else _FORCE_NAMES[order.force],
        "side": order.side.name,
        "stopPrice": None,
        "icebergQty": None,
        "time": order.made_ms,
        "updateTime": order.changed_ms,
        "isWorking": True,
        "origQuoteOrderQty": plain(order.to_spend or order.qty * (order.limit or ZERO)),
    }


def _seen(talk: Talk, since_ms: int = 0) -> list[VenueOrder]:
    name = instrument_of(talk) if talk.request.get("symbol") else ""
    found = talk.venue.visible_orders(talk.account, perp=is_contract(talk), instrument=name)
    return [order for order in reversed(found) if order.made_ms >= since_ms]


def open_spot(talk: Talk) -> list[dict[str, Any]]:
    """GET /api/v3/openOrders: of one symbol."""
    talk.request.need("symbol")
    return [_spot(talk, order) for order in _seen(talk) if order.open]


def all_spot(talk: Talk) -> list[dict[str, Any]]:
    """GET /api/v3/allOrders: of a week, a day of it unless a time is named."""
    request, now = talk.request, talk.venue.now_ms
    since, until = max(now - _ORDERS_MS, request.whole("startTime", now - _DAY_MS)), request.whole("endTime", now)
    request.need("symbol")
    found = [_spot(talk, order) for order in _seen(talk, since) if order.made_ms <= until]
    return found[: min(1000, request.whole("limit", 500))]


def trades_spot(talk: Talk) -> list[dict[str, Any]]:
    """GET /api/v3/myTrades: of a month, newest first, a hundred at most."""
    request, now, name = talk.request, talk.venue.now_ms, instrument_of(talk)
    since, until = max(now - _TRADES_MS, request.whole("startTime", 0)), request.whole("endTime", now)
    number = number_of(request.get("orderId"))
    rows = [
        _spot_trade(talk, order, one)
        for order in talk.account.orders
        if order.market.instrument == name and (not request.get("orderId") or order.number == number)
        for one in order.fills
        if since <= one.at_ms <= until and talk.venue.seen(one.at_ms)
    ]
    return sorted(rows, key=lambda row: -int(row["time"]))[: min(100, request.whole("limit", 100))]


def _spot_trade(talk: Talk, order: VenueOrder, one: Fill) -> dict[str, Any]:
    return {
        "symbol": symbol_of(talk, order.market),
        "id": f"{one.number:032x}",
        "orderId": id_of(order),
        "orderListId": -1,
        "price": plain(one.price),
        "qty": plain(one.qty),
        "quoteQty": plain(one.value),
        "commission": plain(one.fee),
        "commissionAsset": one.fee_asset,
        "time": one.at_ms,
        "isBuyer": order.side is Side.BUY,
        "isMaker": one.maker,
        "isBestMatch": True,
        "isSelfTrade": False,
        "clientOrderId": _client_id(order) or None,
    }


def find_contract(talk: Talk) -> dict[str, Any]:
    """GET /api/v1/private/order/external/{symbol}/{external_oid}."""
    oid = talk.request.need("external_oid")
    return enveloped(_contract(talk, talk.venue.find(talk.account, instrument_of(talk), client_id=oid)))


def get_contract(talk: Talk) -> dict[str, Any]:
    """GET /api/v1/private/order/get/{order_id}."""
    number = number_of(talk.request.need("order_id"))
    found = [order for order in talk.venue.visible_orders(talk.account, perp=True) if order.number == number]
    if not found:
        raise Refusal(Reason.NOT_FOUND)
    return enveloped(_contract(talk, found[0]))


def _side(order: VenueOrder) -> int:
    """Return the side of a contract's order as a number: what it does to a long or a short."""
    told = {(side, closes): number for number, (side, closes, _) in CONTRACT_SIDES.items()}
    return int(told[order.side, order.reduce_only])


def _contract(talk: Talk, order: VenueOrder) -> dict[str, Any]:
    fees = {maker: sum((one.fee for one in order.fills if one.maker is maker), ZERO) for maker in (True, False)}
    return {
        "orderId": id_of(order),
        "symbol": symbol_of(talk, order.market),
        "positionId": 0,
        "price": num(order.limit or ZERO),
        "vol": vol(order.market, order.qty),
        "leverage": 0,
        "side": _side(order),
        "category": _CATEGORIES[order.forced],
        "orderType": _ORDER_TYPES[order.force] if order.limit is not None else 5,
        "dealAvgPrice": num(order.average),
        "dealVol": vol(order.market, order.filled),
        "orderMargin": 0,
        "takerFee": num(fees[False]),
        "makerFee": num(fees[True]),
        "profit": num(_profit(order)),
        "feeCurrency": talk.venue.quote,
        "openType": 1 if order.market.instrument in talk.account.isolated else 2,
        "state": STATES[order.state],
        "externalOid": _client_id(order) or f"_m_{order.number:032x}",
        "errorCode": 0,
        "usedMargin": 0,
        "createTime": order.made_ms,
        "updateTime": order.changed_ms,
    }


def _profit(order: VenueOrder) -> Decimal:
    return sum((one.realised for one in order.fills), ZERO)


def _ended(talk: Talk, order: VenueOrder | None, number: int) -> dict[str, Any]:
    """Return what became of a cancellation, which is told inside of a success."""
    code, words = _NOT_THERE if order is None else _OVER
    if order is not None and order.open:
        talk.venue.cancel(talk.account, order.market.instrument, number=order.number)
        code, words = 0, "success"
    return {"orderId": order.number if order else number, "errorCode": code, "errorMsg": words}


def cancel_contract(talk: Talk) -> dict[str, Any]:
    """POST /api/v1/private/order/cancel: by ids, which ccxt sends as a list, or under that name."""
    ids = [number_of(one) for one in talk.request.names("list")]
    known = {order.number: order for order in talk.account.orders}
    return enveloped([_ended(talk, known.get(number), number) for number in ids])


def cancel_external(talk: Talk) -> dict[str, Any]:
    """POST /api/v1/private/order/cancel_with_external: of the latest order with this id of the client's, whether it can be seen or not."""
    name, oid = instrument_of(talk), talk.request.need("externalOid")
    found = [order for order in talk.account.orders if order.market.instrument == name and order.client_id == oid]
    working = [order for order in found if order.open] or found
    return enveloped([_ended(talk, working[-1] if working else None, 0)])


def open_contracts(talk: Talk) -> dict[str, Any]:
    """GET /api/v1/private/order/list/open_orders."""
    return _page(talk, [_contract(talk, order) for order in _seen(talk) if order.open])


def history_contracts(talk: Talk) -> dict[str, Any]:
    """GET /api/v1/private/order/list/history_orders."""
    return _page(talk, [_contract(talk, order) for order in _seen(talk) if not order.open])


def _page(talk: Talk, rows: list[dict[str, Any]]) -> dict[str, Any]:
    size, page = min(100, talk.request.whole("page_size", 20)), max(1, talk.request.whole("page_num", 1))
    return enveloped(rows[(page - 1) * size : page * size])


def deal_details(talk: Talk) -> dict[str, Any]:
    """GET /api/v1/private/order/deal_details/{order_id}."""
    number = number_of(talk.request.need("order_id"))
    return enveloped([_deal(talk, order, one) for order, one in _deals(talk) if order.number == number])


def deals(talk: Talk) -> dict[str, Any]:
    """GET /api/v1/private/order/list/order_deals: of one contract, newest first."""
    request, now, name = talk.request, talk.venue.now_ms, instrument_of(talk)
    since, until = request.whole("start_time", now - _ORDERS_MS), request.whole("end_time", now)
    fitting = [(order, one) for order, one in _deals(talk) if order.market.instrument == name and since <= one.at_ms <= until]
    return _page(talk, [_deal(talk, order, one) for order, one in sorted(fitting, key=lambda pair: -pair[1].number)])


def _deals(talk: Talk) -> list[tuple[VenueOrder, Fill]]:
    orders = [order for order in talk.account.orders if order.market.instrument.endswith("-PERP")]
    return [(order, one) for order in orders for one in order.fills if talk.venue.seen(one.at_ms)]


def _deal(talk: Talk, order: VenueOrder, one: Fill) -> dict[str, Any]:
    return {
        "id": str(one.number),
        "symbol": symbol_of(talk, order.market),
        "side": _side(order),
        "vol": vol(order.market, one.qty),
        "price": num(one.price),
        "feeCurrency": one.fee_asset,
        "fee": num(one.fee),
        "timestamp": one.at_ms,
        "profit": num(one.realised),
        "category": _CATEGORIES[order.forced],
        "orderId": id_of(order),
        "taker": not one.maker,
    }

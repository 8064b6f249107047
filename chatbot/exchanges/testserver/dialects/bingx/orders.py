"""BingX's orders and trades, on spot and as contracts: making one tells little of it, and contracts tell their trades without ids."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chatbot.exchanges.base import Side
from chatbot.exchanges.testserver.account import Forced
from chatbot.exchanges.testserver.dialects.bingx.words import (
    DAY_MS,
    FORCES,
    SIDES,
    SPOT_STATES,
    SWAP_STATES,
    enveloped,
    in_shanghai,
    instrument_of,
    is_swap,
    symbol_of,
)
from chatbot.exchanges.testserver.ledger import ZERO
from chatbot.exchanges.testserver.matching import Wish
from chatbot.exchanges.testserver.matching import place as place_order
from chatbot.exchanges.testserver.words import BOTH, Force, Reason, Refusal, plain

if TYPE_CHECKING:
    from chatbot.exchanges.testserver.account import Fill, VenueOrder
    from chatbot.exchanges.testserver.dialect import Request, Talk

#: what spot takes for an id, and contracts
_SPOT_ID, _SWAP_ID = re.compile(r"\w{1,40}", re.ASCII), re.compile(r".{1,40}")
#: for how long an order on spot is found by its id
_FOUND_FOR_MS = 2 * 3_600_000
_FORCED = {"LIQUIDATION": Forced.LIQUIDATION, "ADL": Forced.DELEVERAGING}
_WEEK_MS = 7 * DAY_MS


def place(talk: Talk) -> dict[str, Any]:
    """POST trade/order: an order that may not take and would is made, and cancelled."""
    request, swap = talk.request, is_swap(talk)
    name, market = instrument_of(talk), request.need("type") == "MARKET"
    side: Side = request.word("side", SIDES)
    spends = market and request.get("quoteOrderQty")
    wish = Wish(
        client_id=_client_id(request, swap=swap),
        instrument=name,
        side=side,
        qty=ZERO if spends else request.number("quantity"),
        limit=None if market else request.number("price"),
        force=Force.IOC if market else FORCES.get(request.get("timeInForce", "GTC"), Force.GTC),
        reduce_only=swap and request.get("reduceOnly") == "true",
        # without it BingX takes the order for one of hedge mode
        about=request.get("positionSide", "LONG") if swap else BOTH,
        to_spend=request.number("quoteOrderQty") if spends else ZERO,
    )
    talk.all_read()
    order = place_order(talk.venue, talk.account, wish)
    if not swap:
        gone = ("time", "updateTime", "origQuoteOrderQty", "fee", "feeAsset", "clientOrderID")
        row = {key: value for key, value in _spot_order(talk, order).items() if key not in gone}
        return enveloped(talk, {**row, "status": "PENDING", "executedQty": "0", "cummulativeQuoteQty": "0", "transactTime": order.made_ms})
    told = ("symbol", "orderId", "side", "positionSide", "type", "workingType")
    row = {key: value for key, value in _swap_order(talk, order).items() if key in told}
    return enveloped(talk, {"order": {**row, "clientOrderID": _told_id(order)}})


def _client_id(request: Request, *, swap: bool) -> str:
    """Return the client's id as BingX keeps it: in small letters. Raises ``Refusal``."""
    told = request.get("clientOrderID") or request.get("clientOrderId") if swap else request.get("newClientOrderId")
    if told and not (_SWAP_ID if swap else _SPOT_ID).fullmatch(told):
        raise Refusal(Reason.BAD_VALUE, "clientOrderId")
    return told.lower()


def _told_id(order: VenueOrder) -> str:
    return "" if order.forced or order.client_id.startswith("auto-") else order.client_id


def _named(talk: Talk) -> dict[str, Any]:
    """Return which order a request names: its number counts before its client id. Raises ``Refusal``: it is none of BingX's numbers."""
    request = talk.request
    if request.get("orderId"):
        return {"number": request.whole("orderId", 0)}
    return {"client_id": request.need("clientOrderId" if is_swap(talk) else "clientOrderID").lower()}


def find(talk: Talk) -> dict[str, Any]:
    """GET trade/query and trade/order."""
    named = _named(talk)
    order = talk.venue.find(talk.account, instrument_of(talk), **named)
    if is_swap(talk):
        return enveloped(talk, {"order": _swap_order(talk, order)})
    if "client_id" in named and talk.venue.now_ms - order.made_ms > _FOUND_FOR_MS:
        raise Refusal(Reason.NOT_FOUND)
    return enveloped(talk, _spot_order(talk, order))


def cancel(talk: Talk) -> dict[str, Any]:
    """POST trade/cancel and DELETE trade/order: a contract's order is told as it was before."""
    order = talk.venue.cancel(talk.account, instrument_of(talk), **_named(talk))
    if is_swap(talk):
        return enveloped(talk, {"order": {**_swap_order(talk, order), "status": "PENDING"}})
    gone = ("time", "updateTime", "origQuoteOrderQty", "fee", "feeAsset", "clientOrderID")
    return enveloped(talk, {key: value for key, value in _spot_order(talk, order).items() if key not in gone})


def _spot_order(talk: Talk, order: VenueOrder) -> dict[str, Any]:
    return {
        "symbol": symbol_of(talk, order.market),
        "orderId": order.number,
        "price": plain(order.limit or ZERO),
        "StopPrice": "0",
        "origQty": plain(order.qty),
        "executedQty": plain(order.filled),
        "cummulativeQuoteQty": plain(order.spent),
        "status": SPOT_STATES[order.state],
        "type": "MARKET" if order.limit is None else "LIMIT",
        "side": order.side.name,
        "time": order.made_ms,
        "updateTime": order.changed_ms,
        "origQuoteOrderQty": plain(order.to_spend),
        "fee": plain(-sum((one.fee for one in order.fills), ZERO)),
        "feeAsset": order.fills[-1].fee_asset if order.fills else talk.venue.quote,
        "clientOrderID": _told_id(order),
    }


def _swap_order(talk: Talk, order: VenueOrder) -> dict[str, Any]:
    places = {"type": "", "quantity": 0, "stopPrice": 0, "price": 0, "workingType": ""}
    return {
        "symbol": symbol_of(talk, order.market),
        "orderId": order.number,
        "side": order.side.name,
        "positionSide": order.about,
        "type": "MARKET" if order.limit is None else "LIMIT",
        "origQty": plain(order.qty),
        "price": plain(order.limit or ZERO),
        "executedQty": plain(order.filled),
        "avgPrice": plain(order.average),
        "cumQuote": plain(order.spent),
        "stopPrice": "",
        "profit": plain(sum((one.realised for one in order.fills), ZERO)),
        "commission": plain(-sum((one.fee for one in order.fills), ZERO)),
        "status": SWAP_STATES[order.state],
        "time": order.made_ms,
        "updateTime": order.changed_ms,
        "clientOrderId": _told_id(order),
        "leverage": "",
        "takeProfit": places,
        "stopLoss": places,
        "advanceAttr": 0,
        "positionID": 0,
        "orderType": "",
        "workingType": "MARK_PRICE",
        "reduceOnly": order.reduce_only,
    }


def _window(talk: Talk, since_name: str, until_name: str) -> tuple[int, int]:
    """Return the time that a question about the past is about, ms. Raises ``Refusal``: longer than one call may ask for."""
    request, now = talk.request, talk.venue.now_ms
    until = request.whole(until_name, now)
    since = request.whole(since_name, until - (_WEEK_MS if is_swap(talk) else DAY_MS))
    if until - since > 2 * _WEEK_MS:
        raise Refusal(Reason.WINDOW)
    return since, until


def _seen_orders(talk: Talk) -> list[VenueOrder]:
    name = instrument_of(talk) if talk.request.get("symbol") else ""
    return talk.venue.visible_orders(talk.account, perp=is_swap(talk), instrument=name)


def _listed(talk: Talk, orders: list[VenueOrder]) -> dict[str, Any]:
    row = _swap_order if is_swap(talk) else _spot_order
    rows = [row(talk, order) for order in orders]
    if not is_swap(talk):  # lists on spot leave the client's id out, and the coin of the fee
        gone = ("clientOrderID", "feeAsset")
        rows = [{key: value for key, value in one.items() if key not in gone} | {"fee": float(one["fee"])} for one in rows]
    return enveloped(talk, {"orders": rows})


def open_orders(talk: Talk) -> dict[str, Any]:
    """GET trade/openOrders."""
    return _listed(talk, [order for order in _seen_orders(talk) if order.open])


def all_orders(talk: Talk) -> dict[str, Any]:
    """GET trade/historyOrders and trade/allOrders."""
    since, until = _window(talk, "startTime", "endTime")
    found = [order for order in _seen_orders(talk) if since <= order.changed_ms and order.made_ms <= until]
    return _listed(talk, found[-talk.request.whole("limit", 500) :])


def force_orders(talk: Talk) -> dict[str, Any]:
    """GET trade/forceOrders: what nobody of the account's own asked for."""
    since, until = _window(talk, "startTime", "endTime")
    kind = talk.request.get("autoCloseType")
    wanted = set(_FORCED.values()) if not kind else {talk.request.word("autoCloseType", _FORCED)}
    return _listed(talk, [order for order in _seen_orders(talk) if order.forced in wanted and since <= order.made_ms <= until])


def trades(talk: Talk) -> dict[str, Any]:
    """GET trade/myTrades and trade/allFillOrders."""
    name, swap = instrument_of(talk), is_swap(talk)
    since, until = _window(talk, *(("startTs", "endTs") if swap else ("startTime", "endTime")))
    if swap:
        talk.request.word("tradingUnit", {"COIN": True})
    number = talk.request.whole("orderId", 0)
    found = [
        (order, one)
        for order in talk.account.orders
        if order.market.instrument == name and number in (0, order.number)
        for one in order.fills
        if since <= one.at_ms <= until and talk.venue.seen(one.at_ms)
    ]
    if swap:
        return enveloped(talk, {"fill_orders": [_swap_trade(talk, order, one) for order, one in found]})
    limit = min(1000, talk.request.whole("limit", 500))
    return enveloped(talk, {"fills": [_spot_trade(talk, order, one) for order, one in found][-limit:]})


def _spot_trade(talk: Talk, order: VenueOrder, one: Fill) -> dict[str, Any]:
    return {
        "symbol": symbol_of(talk, order.market),
        "id": one.number,
        "orderId": order.number,
        "price": plain(one.price),
        "qty": plain(one.qty),
        "quoteQty": plain(one.value),
        "commission": float(-one.fee),
        "commissionAsset": one.fee_asset,
        "time": one.at_ms,
        "isBuyer": order.side is Side.BUY,
        "isMaker": one.maker,
    }


def _swap_trade(talk: Talk, order: VenueOrder, one: Fill) -> dict[str, Any]:
    """Tell a trade of a contract: it has no id of its own, and its time ends at the second."""
    return {
        "filledTm": in_shanghai(one.at_ms)[:19] + "Z",
        "volume": plain(one.qty),
        "price": plain(one.price),
        "amount": plain(one.value),
        "commission": plain(-one.fee),
        "currency": one.fee_asset,
        "orderId": str(order.number),
        "liquidatedPrice": "",
        "liquidatedMarginRatio": "",
        "filledTime": in_shanghai(one.at_ms),
        "clientOrderID": _told_id(order),
        "symbol": symbol_of(talk, order.market),
    }

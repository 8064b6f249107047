"""Bybit's orders and executions: making one answers with its id alone, and what became of it is to be looked up."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.exchanges.base import is_perp
from chatbot.exchanges.testserver.account import Forced
from chatbot.exchanges.testserver.dialects.bybit.words import (
    ABOUT,
    DAY_MS,
    FORCE_NAMES,
    FORCES,
    INDEX,
    LINEAR,
    SIDE_NAMES,
    SIDES,
    category_of,
    enveloped,
    id_of,
    instrument_of,
    number_of,
    paged,
    symbol_of,
)
from chatbot.exchanges.testserver.ledger import ZERO
from chatbot.exchanges.testserver.matching import Wish, place
from chatbot.exchanges.testserver.words import BOTH, Force, Reason, Refusal, State, plain

if TYPE_CHECKING:
    from chatbot.exchanges.base import Side
    from chatbot.exchanges.testserver.account import Fill, Income, VenueOrder
    from chatbot.exchanges.testserver.dialect import Request, Talk

_WEEK_MS = 7 * DAY_MS
#: kinds of executions that nobody asked for
_FORCED = {Forced.LIQUIDATION: "BustTrade", Forced.DELEVERAGING: "AdlTrade", Forced.SETTLEMENT: "Settle"}


def create(talk: Talk) -> dict[str, Any]:
    """POST /v5/order/create: an order that may not take and would is made, and cancelled."""
    request, name = talk.request, instrument_of(talk)
    market = request.need("orderType") == "Market"
    side: Side = request.word("side", SIDES)
    qty = request.number("qty")
    # a market order on spot that buys names what it spends, unless it says otherwise
    unit = request.get("marketUnit", "quoteCoin" if side.name == "BUY" else "baseCoin")
    spends = market and not is_perp(name) and unit == "quoteCoin"
    wish = Wish(
        client_id=request.get("orderLinkId"),
        instrument=name,
        side=side,
        qty=ZERO if spends else qty,
        limit=None if market else request.number("price"),
        force=Force.IOC if market else _force(request),
        reduce_only=is_perp(name) and request.get("reduceOnly") == "true",
        about=ABOUT.get(request.get("positionIdx", "0"), BOTH),
        to_spend=qty if spends else ZERO,
    )
    talk.all_read()
    order = place(talk.venue, talk.account, wish)
    return enveloped(talk, _ids(order))


def _force(request: Request) -> Force:
    if not request.get("timeInForce"):
        return Force.GTC
    force: Force = request.word("timeInForce", FORCES)
    return force


def _ids(order: VenueOrder) -> dict[str, str]:
    return {"orderId": id_of(order.number), "orderLinkId": "" if order.forced or order.client_id.startswith("auto-") else order.client_id}


def cancel(talk: Talk) -> dict[str, Any]:
    """POST /v5/order/cancel."""
    request, name = talk.request, instrument_of(talk)
    if request.get("orderId"):
        order = talk.venue.cancel(talk.account, name, number=number_of(request.get("orderId")))
    else:
        order = talk.venue.cancel(talk.account, name, client_id=request.need("orderLinkId"))
    return enveloped(talk, _ids(order))


def _asked_for(talk: Talk) -> list[VenueOrder]:
    """Return the orders that a question about orders names, newest first; those that cannot be seen yet are not there."""
    request, venue = talk.request, talk.venue
    name = instrument_of(talk) if request.get("symbol") else ""
    number, client_id = number_of(request.get("orderId")), request.get("orderLinkId")
    found = venue.visible_orders(talk.account, perp=category_of(talk) == LINEAR, instrument=name)
    if request.get("orderId"):
        found = [order for order in found if order.number == number]
    return [order for order in reversed(found) if client_id in ("", order.client_id)]


def realtime(talk: Talk) -> dict[str, Any]:
    """GET /v5/order/realtime: what is open; on request what was closed lately too."""
    if category_of(talk) == LINEAR and not any(talk.request.get(name) for name in ("symbol", "settleCoin", "baseCoin")):
        raise Refusal(Reason.MISSING, "symbol or settleCoin or baseCoin")
    both = talk.request.get("openOnly") == "1"
    found = [order for order in _asked_for(talk) if order.open or (both and talk.venue.seen(order.changed_ms))]
    return paged(talk, [_order(talk, order) for order in found], 50, category=category_of(talk))


def history(talk: Talk) -> dict[str, Any]:
    """GET /v5/order/history: what is closed, a while after it was; until then it is in neither list."""
    since, until = _window(talk)
    found = [
        order for order in _asked_for(talk) if not order.open and talk.venue.seen(order.changed_ms) and since <= order.made_ms <= until
    ]
    return paged(talk, [_order(talk, order) for order in found], 50, category=category_of(talk))


def _window(talk: Talk) -> tuple[int, int]:
    """Return the week that a question about the past is about, ms. Raises ``Refusal``: it asks for more."""
    request, now = talk.request, talk.venue.now_ms
    since, until = request.whole("startTime", 0), request.whole("endTime", 0)
    if since and until and until - since > _WEEK_MS:
        raise Refusal(Reason.WINDOW)
    if not since:
        return (until or now) - _WEEK_MS, until or now
    return since, until or since + _WEEK_MS


def _status(order: VenueOrder) -> str:
    """Return where an order stands: on spot one that ended after a part of it was filled has a word of its own."""
    if order.state in (State.CANCELED, State.EXPIRED):
        return "PartiallyFilledCanceled" if order.fills and not is_perp(order.market.instrument) else "Cancelled"
    return {State.NEW: "New", State.PARTIAL: "PartiallyFilled", State.FILLED: "Filled", State.REJECTED: "Rejected"}[order.state]


def _order(talk: Talk, order: VenueOrder) -> dict[str, Any]:
    fees = sum((one.fee for one in order.fills), ZERO)
    return {
        **_ids(order),
        "blockTradeId": "",
        "symbol": symbol_of(talk, order.market),
        "price": plain(order.limit or ZERO),
        "qty": plain(order.to_spend or order.qty),
        "side": SIDE_NAMES[order.side],
        "isLeverage": "" if is_perp(order.market.instrument) else "0",
        "positionIdx": INDEX[order.about],
        "orderStatus": _status(order),
        "cancelType": "UNKNOWN" if order.open or order.state is State.FILLED else "CancelByUser",
        "rejectReason": "EC_PostOnlyWillTakeLiquidity" if order.would_take else "EC_NoError",
        "avgPrice": plain(order.average.quantize(Decimal("1e-8"))) if order.fills else "",
        "leavesQty": plain(order.left),
        "leavesValue": plain(order.left * (order.limit or ZERO)),
        "cumExecQty": plain(order.filled),
        "cumExecValue": plain(order.spent),
        "cumExecFee": plain(fees),
        "timeInForce": FORCE_NAMES[order.force],
        "orderType": "Market" if order.limit is None else "Limit",
        "stopOrderType": "",
        "triggerPrice": "",
        "reduceOnly": order.reduce_only,
        "closeOnTrigger": False,
        "createdTime": str(order.made_ms),
        "updatedTime": str(order.changed_ms),
    }


def executions(talk: Talk) -> dict[str, Any]:
    """GET /v5/execution/list: trades, or funding; a fee above 0 was paid, of both."""
    request, venue = talk.request, talk.venue
    since, until = _window(talk)
    kind = request.get("execType")
    rows: list[tuple[int, dict[str, Any]]] = []
    name = instrument_of(talk) if request.get("symbol") else ""
    if kind != "Funding":
        rows += [(one.at_ms, _execution(talk, order, one)) for order in _asked_for(talk) for one in order.fills]
    if kind in ("", "Funding") and category_of(talk) == LINEAR:
        paid = [one for one in talk.account.income if one.kind == "FUNDING_FEE" and name in ("", one.instrument)]
        rows += [(one.at_ms, _funding(talk, one)) for one in paid]
    fitting = [one for one in rows if since <= one[0] <= until and venue.seen(one[0]) and kind in ("", one[1]["execType"])]
    found = [row for _, row in sorted(fitting, key=lambda one: -one[0])]
    return paged(talk, found, 100, category=category_of(talk))


def _execution(talk: Talk, order: VenueOrder, one: Fill) -> dict[str, Any]:
    rate = order.market.maker_fee if one.maker else order.market.taker_fee
    return {
        **_ids(order),
        "symbol": symbol_of(talk, order.market),
        "side": SIDE_NAMES[order.side],
        "orderType": "Market" if order.limit is None else "Limit",
        "orderPrice": plain(order.limit or ZERO),
        "orderQty": plain(order.qty),
        "leavesQty": plain(order.left),
        "execId": id_of(one.number),
        "execPrice": plain(one.price),
        "execQty": plain(one.qty),
        "execValue": plain(one.value),
        "execFee": plain(one.fee),
        "feeRate": plain(rate),
        "feeCurrency": "" if is_perp(order.market.instrument) else one.fee_asset,
        "execType": "Trade" if order.forced is None else _FORCED[order.forced],
        "execTime": str(one.at_ms),
        "isMaker": one.maker,
        "markPrice": plain(one.price),
    }


def _funding(talk: Talk, one: Income) -> dict[str, Any]:
    market = talk.venue.markets[one.instrument]
    held = talk.account.stake(one.instrument).qty
    return {
        "orderId": id_of(one.number),
        "orderLinkId": "",
        "symbol": symbol_of(talk, market),
        "side": "Buy" if held > 0 else "Sell",
        "orderType": "UNKNOWN",
        "orderPrice": "0",
        "orderQty": "0",
        "leavesQty": "0",
        "execId": id_of(one.number),
        "execPrice": plain(talk.venue.price(one.instrument)),
        "execQty": plain(abs(held)),
        "execValue": plain(abs(held) * talk.venue.price(one.instrument)),
        "execFee": plain(-one.amount),
        "feeRate": "0.0001",
        "feeCurrency": "",
        "execType": "Funding",
        "execTime": str(one.at_ms),
        "isMaker": False,
        "markPrice": plain(talk.venue.price(one.instrument)),
    }

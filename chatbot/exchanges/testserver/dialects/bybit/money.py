"""What Bybit tells of every change of a unified account: the transaction log, and what came from outside and left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatbot.exchanges.base import PERP, Side, is_perp
from chatbot.exchanges.testserver.account import Forced
from chatbot.exchanges.testserver.dialects.bybit.words import DAY_MS, SIDE_NAMES, enveloped, id_of, paged, symbol_of
from chatbot.exchanges.testserver.ledger import ZERO, Wallet
from chatbot.exchanges.testserver.words import Reason, Refusal, plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from chatbot.exchanges.testserver.account import Fill, Income, Moved, Passed, VenueOrder
    from chatbot.exchanges.testserver.dialect import Talk

_WEEK_MS = 7 * DAY_MS
_PAGE, _DEFAULT = 50, DAY_MS
#: types of what nobody asked for
_FORCED = {Forced.LIQUIDATION: "LIQUIDATION", Forced.DELEVERAGING: "ADL", Forced.SETTLEMENT: "DELIVERY"}
_EMPTY = ("symbol", "side", "orderId", "orderLinkId", "tradeId", "tradePrice", "size", "qty", "feeRate", "funding", "fee")


def transactions(talk: Talk) -> dict[str, Any]:
    """GET /v5/account/transaction-log: newest first, of a day unless a time is named, of seven at most."""
    request, venue = talk.request, talk.venue
    since, until = request.whole("startTime", 0), request.whole("endTime", 0)
    if since and until and until - since > _WEEK_MS:
        raise Refusal(Reason.WINDOW)
    until = until or (since + _DEFAULT if since else venue.now_ms)
    since = since or until - _DEFAULT
    rows = [row for row in _all(talk) if since <= int(row["transactionTime"]) <= until and venue.seen(int(row["transactionTime"]))]
    kind, coin = request.get("type"), request.get("currency")
    fitting = [row for row in rows if kind in ("", row["type"]) and coin in ("", row["currency"])]
    return paged(talk, sorted(fitting, key=lambda row: (-int(row["transactionTime"]), row["id"])), _PAGE)


def _all(talk: Talk) -> Iterator[dict[str, Any]]:
    account = talk.account
    for order in account.orders:
        for one in order.fills:
            yield from _traded(talk, order, one)
    for paid in account.income:
        if paid.kind == "FUNDING_FEE":
            yield _funding(talk, paid)
        elif paid.kind == "INSURANCE_CLEAR" and paid.amount:
            yield _row(talk, paid.number, paid.at_ms, "LIQUIDATION", talk.venue.quote, paid.amount, fee=plain(-paid.amount))
    for moved in account.moved:
        yield from _moved(talk, moved)
    for passed in account.passed:
        yield from _passed(talk, passed)


def _row(talk: Talk, number: int, at_ms: int, kind: str, coin: str, change: Decimal, **more: str) -> dict[str, Any]:
    row = {
        "id": f"{talk.account.key}_{coin}_{number}",
        "category": "spot",
        "transactionTime": str(at_ms),
        "type": kind,
        "transSubType": "",
        "currency": coin,
        "cashFlow": plain(change),
        "change": plain(change),
        "cashBalance": plain(talk.venue.ledger.held(talk.account.purse(Wallet.SPOT), coin)),
        "bonusChange": "",
    }
    return {**dict.fromkeys(_EMPTY, ""), **row, **more}


def _traded(talk: Talk, order: VenueOrder, one: Fill) -> Iterator[dict[str, Any]]:
    """Tell a trade on spot in a row for each coin, its quantity with a sign; one of a contract in one row of the quote, without."""
    told = {
        "symbol": symbol_of(talk, order.market),
        "side": SIDE_NAMES[order.side],
        "orderId": id_of(order.number),
        "orderLinkId": "" if order.forced else order.client_id,
        "tradeId": id_of(one.number),
        "tradePrice": plain(one.price),
    }
    kind, quote = "TRADE" if order.forced is None else _FORCED[order.forced], talk.venue.quote
    if is_perp(order.market.instrument):
        size = plain(talk.account.stake(order.market.instrument).qty)
        more = {"category": "linear", "size": size, "fee": plain(one.fee), "cashFlow": plain(one.realised), "funding": "0"}
        yield _row(talk, one.number, one.at_ms, kind, quote, one.realised - one.fee, **told, qty=plain(one.qty), **more)
        return
    sign = 1 if order.side is Side.BUY else -1
    for coin, change in ((order.market.instrument, sign * one.qty), (quote, -sign * one.value)):
        fee = one.fee if one.fee_asset == coin else ZERO
        yield _row(talk, one.number, one.at_ms, kind, coin, change - fee, **told, qty=plain(change), fee=plain(fee), cashFlow=plain(change))
    if one.fee_asset not in (order.market.instrument, quote):
        yield _row(talk, one.number, one.at_ms, kind, one.fee_asset, -one.fee, **told, fee=plain(one.fee), cashFlow="0")


def _funding(talk: Talk, paid: Income) -> dict[str, Any]:
    symbol = paid.instrument.removesuffix(PERP) + talk.venue.quote
    more = {"category": "linear", "symbol": symbol, "funding": plain(paid.amount), "cashFlow": "0", "fee": "0"}
    return _row(talk, paid.number, paid.at_ms, "SETTLEMENT", talk.venue.quote, paid.amount, **more)


def _moved(talk: Talk, moved: Moved) -> Iterator[dict[str, Any]]:
    if Wallet.SPOT in (moved.source, moved.target) and moved.source is not moved.target:
        comes = moved.target is Wallet.SPOT
        kind = "TRANSFER_IN" if comes else "TRANSFER_OUT"
        yield _row(talk, moved.number, moved.at_ms, kind, moved.asset, moved.amount if comes else -moved.amount)


def _passed(talk: Talk, passed: Passed) -> Iterator[dict[str, Any]]:
    """Tell what came and left through the account's own address: it passes by way of the other wallet, so it is a transfer here."""
    change = passed.amount - passed.fee
    yield _row(talk, passed.number, passed.at_ms, "TRANSFER_IN" if change > 0 else "TRANSFER_OUT", passed.asset, change)
    if passed.undone_ms:
        yield _row(talk, -passed.number, passed.undone_ms, "TRANSFER_IN", passed.asset, -change)


def deposits(talk: Talk) -> dict[str, Any]:
    """GET /v5/asset/deposit/query-record."""
    return _records(talk, [_deposit(one) for one in reversed(talk.account.passed) if one.amount > 0])


def withdrawals(talk: Talk) -> dict[str, Any]:
    """GET /v5/asset/withdraw/query-record."""
    return _records(talk, [_withdrawal(one) for one in reversed(talk.account.passed) if one.amount < 0])


def _records(talk: Talk, rows: list[dict[str, Any]]) -> dict[str, Any]:
    size = min(_PAGE, talk.request.whole("limit", _PAGE))
    return enveloped(talk, {"rows": rows[:size], "nextPageCursor": ""})


def _deposit(one: Passed) -> dict[str, Any]:
    told = {"coin": one.asset, "chain": "ETH", "amount": plain(one.amount), "txID": f"0x{one.number:064x}", "status": 3}
    return {**told, "toAddress": "0x788c", "tag": "", "depositFee": "", "successAt": str(one.at_ms), "depositType": "0"}


def _withdrawal(one: Passed) -> dict[str, Any]:
    told = {"withdrawId": str(one.number), "coin": one.asset, "chain": "ETH", "amount": plain(-one.amount), "withdrawFee": plain(one.fee)}
    status = "CancelByUser" if one.undone_ms else "success"
    times = {"createTime": str(one.at_ms), "updateTime": str(one.at_ms)}
    return {**told, **times, "status": status, "withdrawType": 0, "txID": f"0x{one.number:064x}", "toAddress": "0x94df", "tag": ""}

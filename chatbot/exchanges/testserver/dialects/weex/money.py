"""What WEEX tells of every change of the two wallets: bills of spot, income of futures, and transfers between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatbot.exchanges.base import PERP, Side, is_perp
from chatbot.exchanges.testserver.account import Forced
from chatbot.exchanges.testserver.dialects.weex.words import page_of, text, window
from chatbot.exchanges.testserver.ledger import Wallet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from chatbot.exchanges.testserver.account import Fill, VenueOrder
    from chatbot.exchanges.testserver.dialect import Talk

_NAMES = {Wallet.SPOT: "SPOT", Wallet.FUTURES: "CONTRACT", Wallet.FUNDING: "FUNDING", Wallet.EARN: "EARN"}
#: what is told of the futures wallet beside the trades
_INCOME = {"FUNDING_FEE": "position_funding", "INSURANCE_CLEAR": "finish_liquidate"}


def bills(talk: Talk) -> list[dict[str, Any]]:
    """POST /api/v3/account/bills: newest first."""
    since, until = window(talk, "after", "before")
    rows = [row for row in _all(talk) if since <= int(row["cTime"]) <= until and talk.venue.seen(int(row["cTime"]))]
    kind = talk.request.get("bizType")
    fitting = [row for row in rows if kind in ("", row["bizType"])]
    return sorted(fitting, key=lambda row: -int(row["cTime"]))[: page_of(talk)]


def _all(talk: Talk) -> Iterator[dict[str, Any]]:
    account = talk.account
    for order in account.orders:
        if not is_perp(order.market.instrument):
            for one in order.fills:
                yield from _traded(talk, order, one)
    for moved in account.moved:
        for wallet, kind, sign in ((moved.source, "transfer_out", -1), (moved.target, "transfer_in", 1)):
            if wallet is Wallet.SPOT:
                yield _bill(talk, moved.number, moved.at_ms, kind, moved.asset, sign * moved.amount)
    for passed in account.passed:
        kind = "deposit" if passed.amount > 0 else "withdraw"
        yield _bill(talk, passed.number, passed.at_ms, kind, passed.asset, passed.amount - passed.fee)
        if passed.undone_ms:
            yield _bill(talk, -passed.number, passed.undone_ms, kind, passed.asset, passed.fee - passed.amount)


def _traded(talk: Talk, order: VenueOrder, one: Fill) -> Iterator[dict[str, Any]]:
    way = 1 if order.side is Side.BUY else -1
    changes = {order.market.instrument: way * one.qty, talk.venue.quote: -way * one.value}
    changes[one.fee_asset] -= one.fee
    for coin, change in changes.items():
        yield _bill(talk, one.number, one.at_ms, "trade_in" if change > 0 else "trade_out", coin, change)


def _bill(talk: Talk, number: int, at_ms: int, kind: str, coin: str, change: Decimal) -> dict[str, Any]:
    return {
        "billId": f"{number}{sum(map(ord, coin))}",
        "coinId": 2,
        "coinName": coin,
        "bizType": kind,
        "fillSize": None,
        "fillValue": None,
        "deltaAmount": text(change),
        "afterAmount": text(talk.venue.ledger.held(talk.account.purse(Wallet.SPOT), coin)),
        "fees": "0",
        "cTime": str(at_ms),
    }


def income(talk: Talk) -> dict[str, Any]:
    """POST /capi/v3/account/income: newest first; what comes from another wallet is called a deposit."""
    since, until = window(talk)
    kind = talk.request.get("incomeType")
    rows = [row for row in _futures(talk) if since <= row["time"] <= until and talk.venue.seen(row["time"])]
    found = sorted((row for row in rows if kind in ("", row["incomeType"])), key=lambda row: -row["time"])
    page = page_of(talk)
    return {"hasNextPage": len(found) > page, "items": found[:page]}


def _futures(talk: Talk) -> Iterator[dict[str, Any]]:
    account = talk.account
    for order in account.orders:
        if is_perp(order.market.instrument):
            for one in order.fills:
                yield _gain(talk, one.number, one.at_ms, _word(order), one.realised - one.fee, order.market.instrument, one.fee)
    for paid in account.income:
        if paid.kind in _INCOME and paid.amount:
            yield _gain(talk, paid.number, paid.at_ms, _INCOME[paid.kind], paid.amount, paid.instrument)
        elif paid.kind == "TRANSFER":
            yield _gain(talk, paid.number, paid.at_ms, "deposit" if paid.amount > 0 else "withdraw", paid.amount, "")


def _word(order: VenueOrder) -> str:
    if order.forced is Forced.LIQUIDATION:
        return "start_liquidate"
    is_long = (order.side is Side.BUY) is not order.reduce_only
    return f"position_{'close' if order.reduce_only else 'open'}_{'long' if is_long else 'short'}"


def _gain(talk: Talk, number: int, at_ms: int, kind: str, amount: Decimal, instrument: str, fee: Decimal | int = 0) -> dict[str, Any]:
    return {
        "billId": number,
        "asset": talk.venue.quote,
        "symbol": instrument.removesuffix(PERP) + talk.venue.quote if instrument else None,
        "income": text(amount),
        "incomeType": kind,
        "balance": text(talk.venue.ledger.held(talk.account.purse(Wallet.FUTURES), talk.venue.quote)),
        "fillFee": f"{fee:f}" if fee else "0",
        "time": at_ms,
        "transferReason": "UNKNOWN_TRANSFER_REASON",
    }


def transfers(talk: Talk) -> list[dict[str, Any]]:
    """GET /api/v3/account/transferRecords: newest first."""
    since, until = window(talk, "after", "before")
    found = [one for one in reversed(talk.account.moved) if since <= one.at_ms <= until and talk.venue.seen(one.at_ms)]
    return [
        {
            "coinName": one.asset,
            "status": "SUCCESS",
            "toType": _NAMES[one.target],
            "toSymbol": "",
            "fromType": _NAMES[one.source],
            "fromSymbol": "",
            "amount": text(one.amount),
            "tradeTime": str(one.at_ms),
        }
        for one in found[: page_of(talk)]
    ]

"""What BingX tells of money that moved: between the wallets of an account, and of every change of its futures wallet.

What came from outside and left passes by way of the fund account, so that it is a transfer to spot, or from there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatbot.exchanges.base import PERP
from chatbot.exchanges.testserver.dialects.bingx.words import DAY_MS, WALLETS, enveloped
from chatbot.exchanges.testserver.words import Reason, Refusal, plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from chatbot.exchanges.testserver.dialect import Talk
    from chatbot.exchanges.testserver.ledger import Wallet

_WEEK_MS = 7 * DAY_MS
_NAMES = {wallet: name for name, wallet in WALLETS.items()}
#: what BingX calls a change of the futures wallet, where it is another word than ours
_KINDS = {"COMMISSION": "TRADING_FEE"}


def transfer(talk: Talk) -> dict[str, Any]:
    """POST /openApi/api/asset/v1/transfer: a client has no id of its own for it."""
    request = talk.request
    source: Wallet = request.word("fromAccount", WALLETS)
    target: Wallet = request.word("toAccount", WALLETS)
    asset, amount = request.need("asset"), request.number("amount")
    talk.all_read()
    if source is target:
        raise Refusal(Reason.BAD_VALUE, "toAccount")
    moved = talk.venue.transfer(talk.account, source, target, asset, amount)
    return enveloped(talk, {"tranId": str(moved.number + 10**18), "transferId": _id(moved.number)})


def _id(number: int) -> str:
    """Return the id of a transfer, which is another one than that of its booking."""
    return f"1051461075{number:012d}"


def transfers(talk: Talk) -> dict[str, Any]:
    """GET /openApi/api/v3/asset/transferRecord: newest first, a page of at most 100, and no envelope."""
    request, venue = talk.request, talk.venue
    way = request.need("fromAccount"), request.need("toAccount")
    until = request.whole("endTime", venue.now_ms)
    since = request.whole("startTime", until - _WEEK_MS)
    every = [row for row in _moves(talk) if (row["fromAccount"], row["toAccount"]) == way and since <= row["timestamp"] <= until]
    found = sorted((row for row in every if venue.seen(row["timestamp"])), key=lambda row: -int(row["timestamp"]))
    size, page = min(100, request.whole("pageSize", 10)), request.whole("pageIndex", 1)
    return {"total": len(found), "rows": found[(page - 1) * size : page * size]}


def _moves(talk: Talk) -> Iterator[dict[str, Any]]:
    for one in talk.account.moved:
        if one.source in _NAMES and one.target in _NAMES:
            yield _row(one.number, one.at_ms, one.asset, one.amount, (_NAMES[one.source], _NAMES[one.target]))
    for passed in talk.account.passed:
        change = passed.amount - passed.fee
        ways = [("fund", "spot"), ("spot", "fund")]
        way, back = ways if change > 0 else ways[::-1]
        yield _row(passed.number, passed.at_ms, passed.asset, abs(change), way)
        if passed.undone_ms:
            yield _row(passed.number + 10**9, passed.undone_ms, passed.asset, abs(change), back)


def _row(number: int, at_ms: int, asset: str, amount: Decimal, way: tuple[str, str]) -> dict[str, Any]:
    row = {"asset": asset, "amount": f"{amount:.20f}", "status": "CONFIRMED", "transferId": _id(number), "timestamp": at_ms}
    return {**row, "fromAccount": way[0], "toAccount": way[1]}


def income(talk: Talk) -> dict[str, Any]:
    """GET /openApi/swap/v2/user/income: above 0 it was received."""
    request, venue = talk.request, talk.venue
    kind, symbol, until = request.get("incomeType"), request.get("symbol"), request.whole("endTime", venue.now_ms)
    since, rows = request.whole("startTime", until - _WEEK_MS), []
    for one in talk.account.income:
        name = f"{one.instrument.removesuffix(PERP)}-{venue.quote}" if one.instrument else ""
        told = _KINDS.get(one.kind, one.kind)
        if since <= one.at_ms <= until and kind in ("", told) and symbol in ("", name) and venue.seen(one.at_ms):
            row = {"symbol": name, "incomeType": told, "income": plain(one.amount), "asset": venue.quote, "info": told}
            rows.append({**row, "time": one.at_ms, "tranId": str(one.number), "tradeId": str(one.number)})
    return enveloped(talk, rows[: request.whole("limit", 100)])

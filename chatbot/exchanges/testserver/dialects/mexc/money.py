"""What MEXC tells of money that came from outside and left, and of funding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatbot.exchanges.base import PERP
from chatbot.exchanges.testserver.dialects.mexc.public import paged
from chatbot.exchanges.testserver.dialects.mexc.words import instrument_of, num
from chatbot.exchanges.testserver.words import Reason, Refusal, plain

if TYPE_CHECKING:
    from chatbot.exchanges.testserver.account import Income, Passed
    from chatbot.exchanges.testserver.dialect import Talk

_LONGEST_MS = 90 * 86_400_000
_SUCCESS, _GONE, _CALLED_OFF = 5, 7, 9


def deposits(talk: Talk) -> list[dict[str, Any]]:
    """GET /api/v3/capital/deposit/hisrec: newest first."""
    return [_deposit(one) for one in _asked_for(talk) if one.amount > 0]


def withdrawals(talk: Talk) -> list[dict[str, Any]]:
    """GET /api/v3/capital/withdraw/history: newest first; what was called off stays in the list."""
    return [_withdrawal(one) for one in _asked_for(talk) if one.amount < 0]


def _asked_for(talk: Talk) -> list[Passed]:
    request, venue = talk.request, talk.venue
    until = request.whole("endTime", venue.now_ms)
    since, coin = request.whole("startTime", venue.now_ms - _LONGEST_MS), request.get("coin")
    if since < venue.now_ms - _LONGEST_MS:
        raise Refusal(Reason.WINDOW)
    found = [one for one in reversed(talk.account.passed) if since <= one.at_ms <= until and coin in ("", one.asset)]
    return [one for one in found if venue.seen(one.at_ms)][: min(1000, request.whole("limit", 1000))]


def _deposit(one: Passed) -> dict[str, Any]:
    return {
        "amount": plain(one.amount),
        "coin": f"{one.asset}-ETH",
        "network": "ETH",
        "status": _SUCCESS,
        "address": "0x20b7cf77db93d6ef1ab979c49142ec168427fdee",
        "txId": f"{one.number:064x}:0",
        "insertTime": one.at_ms,
        "unlockConfirm": "10",
        "confirmTimes": "241",
        "memo": "",
        "transHash": f"{one.number:064x}",
        "updateTime": one.at_ms,
        "netWork": "ETH",
    }


def _withdrawal(one: Passed) -> dict[str, Any]:
    return {
        "id": f"{one.number:032x}",
        "txId": None,
        "coin": f"{one.asset}-ETH",
        "network": "ETH",
        "address": "0xeE6C7a415995312ED52c53a0f8f03e165e0A5D62",
        "amount": plain(-one.amount),
        "transferType": 0,
        "status": _CALLED_OFF if one.undone_ms else _GONE,
        "transactionFee": plain(one.fee),
        "confirmNo": None,
        "applyTime": one.at_ms,
        "remark": "",
        "memo": None,
        "transHash": f"{one.number:064x}",
        "updateTime": one.undone_ms or one.at_ms,
        "netWork": "ETH",
    }


def funding(talk: Talk) -> dict[str, Any]:
    """GET /api/v1/private/position/funding_records: newest first, page by page; above 0 it was received."""
    request, venue = talk.request, talk.venue
    wanted = instrument_of(talk) if request.get("symbol") else ""
    paid = [one for one in reversed(talk.account.income) if one.kind == "FUNDING_FEE" and wanted in ("", one.instrument)]
    rows = [_paid(talk, one) for one in paid if venue.seen(one.at_ms)]
    return paged(rows, min(100, request.whole("page_size", 20)), max(1, request.whole("page_num", 1)))


def _paid(talk: Talk, one: Income) -> dict[str, Any]:
    return {
        "id": one.number,
        "symbol": f"{one.instrument.removesuffix(PERP)}_{talk.venue.quote}",
        "positionType": 1,
        "positionValue": 0,
        "funding": num(one.amount),
        "rate": 0,
        "settleTime": one.at_ms,
    }

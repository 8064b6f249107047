"""What Binance tells of money that came from outside and left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatbot.exchanges.testserver.dialects.binance.words import DAY_MS
from chatbot.exchanges.testserver.state import at_ms
from chatbot.exchanges.testserver.words import Reason, Refusal, plain

if TYPE_CHECKING:
    from chatbot.exchanges.testserver.account import Passed
    from chatbot.exchanges.testserver.dialect import Talk

_LONGEST_MS = 90 * DAY_MS
#: words of the wallet for where it stands
_CREDITED, _CALLED_OFF, _COMPLETED = 1, 1, 6


def deposits(talk: Talk) -> list[dict[str, Any]]:
    """GET /sapi/v1/capital/deposit/hisrec: newest first."""
    return [_deposit(one) for one in _asked_for(talk) if one.amount > 0]


def withdrawals(talk: Talk) -> list[dict[str, Any]]:
    """GET /sapi/v1/capital/withdraw/history: newest first; what was called off stays in the list."""
    return [_withdrawal(one) for one in _asked_for(talk) if one.amount < 0]


def _asked_for(talk: Talk) -> list[Passed]:
    request, venue = talk.request, talk.venue
    until = request.whole("endTime", venue.now_ms)
    since, coin = request.whole("startTime", until - _LONGEST_MS), request.get("coin")
    if until - since > _LONGEST_MS:
        raise Refusal(Reason.WINDOW)
    found = [one for one in reversed(talk.account.passed) if since <= one.at_ms <= until and coin in ("", one.asset)]
    first = request.whole("offset", 0)
    return [one for one in found if venue.seen(one.at_ms)][first : first + min(1000, request.whole("limit", 1000))]


def _deposit(one: Passed) -> dict[str, Any]:
    return {
        "id": str(one.number),
        "amount": plain(one.amount),
        "coin": one.asset,
        "network": "ETH",
        "status": _CREDITED,
        "address": "0x788cabe9236ce061e5a892e1a59395a81fc8d62c",
        "addressTag": "",
        "txId": f"0x{one.number:064x}",
        "insertTime": one.at_ms,
        "completeTime": one.at_ms,
        "transferType": 0,
        "confirmTimes": "12/12",
        "unlockConfirm": 12,
        "walletType": 0,
    }


def _withdrawal(one: Passed) -> dict[str, Any]:
    applied = at_ms(one.at_ms).strftime("%Y-%m-%d %H:%M:%S")
    return {
        "id": f"{one.number:032x}",
        "amount": plain(-one.amount),
        "transactionFee": plain(one.fee),
        "coin": one.asset,
        "status": _CALLED_OFF if one.undone_ms else _COMPLETED,
        "address": "0x94df8b352de7f46f64b01d3666bf6e936e44ce60",
        "txId": f"0x{one.number:064x}",
        "applyTime": applied,
        "network": "ETH",
        "transferType": 0,
        "confirmNo": 12,
        "walletType": 0,
    }

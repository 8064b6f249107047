"""What Bybit tells of the past of a unified account: one log, with a line for every change of every coin."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from chatbot.exchanges.live.private.dialect import Call, Line, NoAnswer, number, rows, table, text
from chatbot.exchanges.markets.markettime import DAY_MS
from chatbot.model.flow import EntryKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.exchanges.live.private.dialect import Ask, Past

_ZERO: Final = Decimal(0)
_PAGE: Final = "50"
#: the longest stretch of one call; pages of it, more than anybody trades in a week by hand
_LONGEST_MS, _PAGES = 7 * DAY_MS, 200
#: type of a line -> why; what is not here was given or taken by Bybit
_KINDS: Mapping[str, EntryKind] = {
    "TRADE": EntryKind.TRADE,
    "CURRENCY_BUY": EntryKind.TRADE,
    "CURRENCY_SELL": EntryKind.TRADE,
    "TRANSFER_IN": EntryKind.MOVED,
    "TRANSFER_OUT": EntryKind.MOVED,
    "SETTLEMENT": EntryKind.FUNDING,
    "LIQUIDATION": EntryKind.LIQUIDATION,
    "ADL": EntryKind.DELEVERAGED,
    "DELIVERY": EntryKind.SETTLED,
}
_TRADED = frozenset({EntryKind.TRADE, EntryKind.LIQUIDATION, EntryKind.DELEVERAGED, EntryKind.SETTLED})


async def history(ask: Ask, past: Past) -> list[Line]:
    """Return the lines of a stretch of time, oldest first."""
    lines: list[Line] = []
    start = past.since_ms
    while start <= past.until_ms:
        end = min(past.until_ms, start + _LONGEST_MS)
        lines += [_line(row) for row in await _log(ask, start, end)]
        start = end + 1
    return sorted(lines, key=lambda line: (line.at_ms, line.exchange_id))


async def _log(ask: Ask, since_ms: int, until_ms: int) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    cursor = ""
    for _ in range(_PAGES):
        window = {"accountType": "UNIFIED", "startTime": str(since_ms), "endTime": str(until_ms), "limit": _PAGE}
        params = {**window, **({"cursor": cursor} if cursor else {})}
        call = Call(api="private", verb="GET", path="v5/account/transaction-log", params=params, pool="address")
        answer = table(await ask(call), "retCode", "result")
        if answer["retCode"] != 0:
            raise NoAnswer(f"retCode {answer['retCode']!r:.20}")
        told = table(answer["result"], "list")
        found += rows(told["list"])
        cursor = str(told.get("nextPageCursor") or "")
        if not cursor or not told["list"]:
            return found
    raise NoAnswer(f"more than {_PAGES} pages of changes")


def _line(row: Mapping[str, Any]) -> Line:
    kind, at_ms = _KINDS.get(text(row, "type"), EntryKind.PAID), int(number(row, "transactionTime"))
    perp, coin = row.get("category") == "linear", text(row, "currency")
    # a trade on spot is told in a line for each coin: that of what was bought or sold counts
    changed = kind in _TRADED and bool(row.get("qty")) and (perp or str(row.get("symbol", "")).startswith(coin))
    traded = changed and row.get("side") in ("Buy", "Sell")  # of what says neither, how much there is now is asked about
    # on spot it has the sign of what the coin did, of a contract none: the side tells
    qty = abs(number(row, "qty")) if traded else _ZERO
    return Line(
        exchange_id="-".join(str(row.get(name, "")) for name in ("id", "transactionTime", "type", "tradeId", "currency")),
        at_ms=at_ms,
        kind=kind,
        coin=coin,
        amount=number(row, "change"),
        market=text(row, "symbol") if traded else "",
        perp=perp,
        qty=-qty if row.get("side") == "Sell" else qty,
        price=number(row, "tradePrice") if traded else _ZERO,
    )

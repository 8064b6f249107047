"""What Binance tells of the past of an account: deposits, withdrawals, transfers, the futures wallet line by line, trades.

Spot has no line for every change: deposits and withdrawals, transfers by their type, and the trades of named markets stand in lists of
their own. What is in none of them (converted, lent, from a sub-account) stays unexplained.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from chatbot.engine.finite import finite
from chatbot.errors import Rejected
from chatbot.exchanges.live.private.dialect import Call, Line, NoAnswer, number, rows, signed, table, text
from chatbot.exchanges.live.private.spot_trade import coin_and_fee, spot_trade
from chatbot.exchanges.markets.markettime import DAY_MS, to_ms
from chatbot.model.flow import EntryKind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from chatbot.exchanges.live.private.dialect import Ask, Past

_ZERO: Final = Decimal(0)
#: rows of one call
_PAGE, _TRANSFERS_PAGE = 1000, 100
#: the longest stretch of one call about trades on spot, and about futures
_SPOT_MS, _FUTURES_MS = DAY_MS, 7 * DAY_MS
#: trades further back are not asked for: a day of them is a call for each market
_TRADES_BACK_MS = 3 * DAY_MS
#: pending, or given up by the sender; everything else is in the account
_NOT_IN = frozenset({"0", "7", "8"})
#: cancelled, rejected, failed
_NOT_OUT = frozenset({"1", "3", "5"})
#: types of transfers that leave what we count, with their sign; and those between our two wallets, from the futures wallet's side
_AWAY: Final = (("MAIN_FUNDING", -1), ("FUNDING_MAIN", 1))
_BETWEEN: Final = (("MAIN_UMFUTURE", 1), ("UMFUTURE_MAIN", -1))
#: what the same transfer's times in two lists may differ by
_SAME_MS = 5_000
#: lines of the futures wallet that are no gift and no toll
_INCOME: Mapping[str, EntryKind] = {
    "REALIZED_PNL": EntryKind.TRADE,
    "COMMISSION": EntryKind.TRADE,
    "FUNDING_FEE": EntryKind.FUNDING,
    "INSURANCE_CLEAR": EntryKind.LIQUIDATION,
    "DELIVERED_SETTELMENT": EntryKind.SETTLED,
}
#: how the ids begin of orders that Binance makes itself
_FORCED: Mapping[str, EntryKind] = {
    "autoclose-": EntryKind.LIQUIDATION,
    "adl_autoclose": EntryKind.DELEVERAGED,
    "settlement_autoclose-": EntryKind.SETTLED,
}


async def history(ask: Ask, past: Past) -> list[Line]:
    """Return the lines of a stretch of time, oldest first."""
    lines = [*await _passed(ask, past), *await _income(ask, past)]
    begun = max(past.since_ms, past.until_ms - _TRADES_BACK_MS)
    for market in past.spot:
        async for row in _paged(ask, _trades_of(market), begun, past.until_ms, _SPOT_MS):
            lines += spot_trade(row, market, market.removesuffix(past.quote), past.quote, coin_and_fee(row))
    for market in past.perps:
        lines += await _contract(ask, market, begun, past.until_ms)
    return sorted(lines, key=lambda line: (line.at_ms, line.exchange_id))


async def _passed(ask: Ask, past: Past) -> list[Line]:
    """Return deposits, withdrawals and what went to wallets that we do not count."""
    try:
        deposits = rows(await ask(_wallet("capital/deposit/hisrec", past, limit=_PAGE)))
        withdrawals = rows(await ask(_wallet("capital/withdraw/history", past, 2, limit=_PAGE)))
        moved = [line for kind, sign in _AWAY async for line in _transfers(ask, past, kind, sign)]
    except Rejected as refusal:
        if refusal.reason != "wrong_host":
            raise
        return []  # test accounts have no wallet endpoints
    came = [_deposit(row) for row in deposits if text(row, "status") not in _NOT_IN]
    return [*came, *(_withdrawal(row) for row in withdrawals), *moved]


async def _transfers(ask: Ask, past: Past, kind: str, sign: int) -> AsyncIterator[Line]:
    page, told = 1, _TRANSFERS_PAGE
    while told == _TRANSFERS_PAGE:
        answer = table(await ask(_wallet("asset/transfer", past, type=kind, size=_TRANSFERS_PAGE, current=page)), "total")
        found = rows(answer.get("rows", [] if not number(answer, "total") else None))
        for row in found:
            if text(row, "status") == "CONFIRMED":
                yield Line(
                    exchange_id=f"t{text(row, 'tranId')}",
                    at_ms=int(number(row, "timestamp")),
                    kind=EntryKind.MOVED,
                    coin=text(row, "asset"),
                    amount=sign * number(row, "amount"),
                )
        page, told = page + 1, len(found)


async def _income(ask: Ask, past: Past) -> list[Line]:
    """Return the futures wallet line by line; a transfer that did not come from spot came from outside."""
    told = [row async for row in _paged(ask, ("income", 30, {}), past.since_ms, past.until_ms, _FUTURES_MS)]
    transfers = [row for row in told if text(row, "incomeType") == "TRANSFER"]
    between: list[Line] = []
    if transfers:
        try:
            between = [line for kind, sign in _BETWEEN async for line in _transfers(ask, past, kind, sign)]
        except Rejected as refusal:
            if refusal.reason != "wrong_host":
                raise
    lines = []
    for row in told:
        amount, at_ms = number(row, "income"), int(number(row, "time"))
        kind = _INCOME.get(text(row, "incomeType"), EntryKind.PAID)
        if row in transfers:
            same = next((one for one in between if one.amount == amount and abs(one.at_ms - at_ms) <= _SAME_MS), None)
            if same is not None:
                between.remove(same)
                continue
            kind = EntryKind.MOVED
        name = f"i{text(row, 'tranId')}-{row.get('tradeId', '')}-{text(row, 'incomeType')}"
        lines.append(Line(exchange_id=name, at_ms=at_ms, kind=kind, coin=text(row, "asset"), amount=amount))
    return lines


async def _contract(ask: Ask, market: str, since_ms: int, until_ms: int) -> list[Line]:
    """Return how a position changed: by whose orders is told by the orders, how much by their trades; the money is in the income."""
    try:
        orders = [row async for row in _paged(ask, ("allOrders", 5, {"symbol": market}), since_ms, until_ms, _FUTURES_MS)]
        trades = [row async for row in _paged(ask, ("userTrades", 5, {"symbol": market}), since_ms, until_ms, _FUTURES_MS)]
    except Rejected as refusal:
        if refusal.reason != "unknown_instrument":
            raise
        return []  # it is listed no longer
    kinds = {text(row, "orderId"): _kind(text(row, "clientOrderId")) for row in orders}
    return [
        Line(
            exchange_id=f"p{text(row, 'id')}",
            at_ms=int(number(row, "time")),
            kind=kinds.get(text(row, "orderId"), EntryKind.TRADE),
            market=market,
            perp=True,
            qty=signed(number(row, "qty"), row.get("side")),
            price=number(row, "price"),
        )
        for row in trades
    ]


def _kind(client_id: str) -> EntryKind:
    return next((kind for begins, kind in _FORCED.items() if client_id.startswith(begins)), EntryKind.TRADE)


def _wallet(path: str, past: Past, weight: float = 1, **params: Any) -> Call:  # noqa: ANN401 - what ccxt urlencodes
    window = {"startTime": past.since_ms, "endTime": past.until_ms}
    return Call(api="sapi", verb="GET", path=path, params={**params, **window}, pool="sapi", weight=weight)


def _trades_of(market: str) -> tuple[str, float, dict[str, Any]]:
    return "myTrades", 20, {"symbol": market}


async def _paged(
    ask: Ask, of: tuple[str, float, dict[str, Any]], since_ms: int, until_ms: int, longest_ms: int
) -> AsyncIterator[Mapping[str, Any]]:
    """Yield the rows of a list by time, each once: a full page goes on at its last row's time."""
    path, weight, params = of
    api, pool = ("private", "api") if path == "myTrades" else ("fapiPrivate", "fapi")
    known: set[str] = set()
    start = since_ms
    while start <= until_ms:
        end = min(until_ms, start + longest_ms)
        given = {**params, "startTime": start, "endTime": end, "limit": _PAGE}
        told = rows(await ask(Call(api=api, verb="GET", path=path, params=given, pool=pool, weight=weight)))
        last = start
        for row in told:
            last = max(last, int(number(row, "time")))
            if (name := str(sorted(row.items()))) not in known:
                known.add(name)
                yield row
        start = last if len(told) >= _PAGE and last > start else end + 1


def _deposit(row: Mapping[str, Any]) -> Line:
    """Read a deposit; it is in the account from its completion on."""
    at = row.get("completeTime") or row.get("insertTime")
    return Line(
        exchange_id=f"d{row.get('id') or text(row, 'txId')}",
        at_ms=_ms(at),
        kind=EntryKind.DEPOSIT,
        coin=text(row, "coin"),
        amount=number(row, "amount"),
    )


def _withdrawal(row: Mapping[str, Any]) -> Line:
    """Read a withdrawal: the amount and its fee are gone from the moment it was asked for, and back when it was called off."""
    gone = text(row, "status") not in _NOT_OUT
    return Line(
        exchange_id=f"w{text(row, 'id')}",
        at_ms=_ms(row.get("applyTime")),
        kind=EntryKind.WITHDRAWAL,
        coin=text(row, "coin"),
        amount=-(number(row, "amount") + number(row, "transactionFee")) if gone else _ZERO,
    )


def _ms(told: object) -> int:
    """Return a time in ms that is told as such, or as a text in UTC."""
    read = finite(told)
    if read is not None:
        return int(read)
    try:
        return to_ms(datetime.fromisoformat(str(told)).replace(tzinfo=UTC))
    except ValueError as error:
        raise NoAnswer(f"no time: {str(told)[:40]!r}") from error

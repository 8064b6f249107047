"""What BingX tells of the past of an account: transfers between its wallets, the futures wallet line by line, trades of named markets.

Deposits arrive in the fund account and withdrawals leave from it, neither of which is counted here: what comes to spot from there and
goes back is a transfer. What is in none of these lists (converted, lent, from a sub-account) stays unexplained, and is told.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from chatbot.clock import aware
from chatbot.errors import KeyRefused, Rejected
from chatbot.exchanges.live.private.bingx.calls import SWAP, data_of, get, listed, trades_of, transfers_of
from chatbot.exchanges.live.private.dialect import Line, NoAnswer, number, table, text
from chatbot.exchanges.live.private.spot_trade import coin_and_fee, spot_trade
from chatbot.exchanges.markets.markettime import DAY_MS, to_ms
from chatbot.model.flow import EntryKind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence

    from chatbot.exchanges.live.private.dialect import Ask, Past

_ZERO: Final = Decimal(0)
#: wallets that we count, and the one that money comes in and leaves by
SPOT_WALLET, SWAP_WALLET, _FUND = "spot", "USDTMPerp", "fund"
CONFIRMED: Final = "CONFIRMED"
#: the longest stretch of one call, and rows of one; trades further back are not asked for
_LONGEST_MS, _PAGE, _TRADES_BACK_MS = 7 * DAY_MS, 1000, 3 * DAY_MS
#: lines of the futures wallet [mem, but for funding, which was recorded]; what is not here was given or taken by BingX
_INCOME: Mapping[str, EntryKind] = {
    "REALIZED_PNL": EntryKind.TRADE,
    "TRADING_FEE": EntryKind.TRADE,
    "FUNDING_FEE": EntryKind.FUNDING,
    "INSURANCE_CLEAR": EntryKind.LIQUIDATION,
    "ADL": EntryKind.DELEVERAGED,
    "TRANSFER": EntryKind.MOVED,
}
#: what the same transfer's times in two lists may differ by
_SAME_MS: Final = 5_000
_FORCED: Mapping[str, EntryKind] = {"LIQUIDATION": EntryKind.LIQUIDATION, "ADL": EntryKind.DELEVERAGED}


async def history(ask: Ask, past: Past) -> list[Line]:
    """Return the lines of a stretch of time, oldest first."""
    lines = [*await _as_allowed(_passed(ask, past)), *await _as_allowed(_income(ask, past))]
    begun = max(past.since_ms, past.until_ms - _TRADES_BACK_MS)
    for market in past.spot:
        for row in await trades_of(ask, market, begun, past.until_ms, perp=False):
            coin, change = coin_and_fee(row)
            lines += spot_trade(
                row, market, market.removesuffix(f"-{past.quote}"), past.quote, (coin, -change)
            )  # below 0 where it was paid
    for market in past.perps:
        lines += await _as_allowed(_contract(ask, market, begun, past.until_ms))
    return sorted(lines, key=lambda line: (line.at_ms, line.exchange_id))


async def _as_allowed(lines: Awaitable[list[Line]]) -> list[Line]:
    """Return lines, or none where the key has no right to them: BingX shows transfers and changes of futures to no key that only reads.

    What they would explain is then told as unexplained.
    """
    try:
        return await lines
    except KeyRefused:
        return []


async def _passed(ask: Ask, past: Past) -> list[Line]:
    """Return what came to spot by way of the fund account, and what went there."""
    return [*await _moved(ask, _FUND, SPOT_WALLET, 1, past), *await _moved(ask, SPOT_WALLET, _FUND, -1, past)]


async def _moved(ask: Ask, source: str, target: str, sign: int, past: Past) -> list[Line]:
    return [
        Line(
            exchange_id=f"t{text(row, 'transferId')}",
            at_ms=int(number(row, "timestamp")),
            kind=EntryKind.MOVED,
            coin=text(row, "asset"),
            amount=sign * number(row, "amount"),
        )
        for row in await transfers_of(ask, source, target, past.since_ms, past.until_ms)
        if text(row, "status") == CONFIRMED
    ]


async def _income(ask: Ask, past: Past) -> list[Line]:
    """Return the futures wallet line by line; a transfer that did not come from spot came from outside."""
    told: dict[str, Line] = {}
    start = past.since_ms
    while start <= past.until_ms:
        end = min(past.until_ms, start + _LONGEST_MS)
        found = listed(data_of(await ask(get(SWAP, "user/income", startTime=start, endTime=end, limit=_PAGE))))
        if len(found) >= _PAGE:
            raise NoAnswer(f"{len(found)} changes of the futures wallet, and there may be more")
        told |= {line.exchange_id: line for line in map(_change, found)}
        start = end + 1
    if not any(line.kind is EntryKind.MOVED for line in told.values()):
        return list(told.values())
    ways = (SPOT_WALLET, SWAP_WALLET, 1), (SWAP_WALLET, SPOT_WALLET, -1)
    between = [line for source, target, sign in ways for line in await _moved(ask, source, target, sign, past)]
    return [line for line in told.values() if line.kind is not EntryKind.MOVED or not _is_between(line, between)]


def _is_between(line: Line, between: list[Line]) -> bool:
    """Tell whether a transfer is one between our two wallets; each of those is one line of the futures wallet."""
    same = next((one for one in between if one.amount == line.amount and abs(one.at_ms - line.at_ms) <= _SAME_MS), None)
    if same is not None:
        between.remove(same)
    return same is not None


def _change(row: Mapping[str, Any]) -> Line:
    return Line(
        exchange_id=f"i{text(row, 'tranId')}-{row.get('tradeId', '')}-{text(row, 'incomeType')}",
        at_ms=int(number(row, "time")),
        kind=_INCOME.get(text(row, "incomeType"), EntryKind.PAID),
        coin=text(row, "asset"),
        amount=number(row, "income"),
    )


async def _contract(ask: Ask, market: str, since_ms: int, until_ms: int) -> list[Line]:
    """Return how a position changed: by whose orders and which way is told by the orders, how much by their trades."""
    window = {"symbol": market, "startTime": since_ms, "endTime": until_ms}
    try:
        trades = await trades_of(ask, market, since_ms, until_ms, perp=True)
        if not trades:
            return []
        orders = {text(row, "orderId"): row for row in await _orders(ask, "trade/allOrders", {**window, "limit": _PAGE})}
        kinds: dict[str, EntryKind] = {}
        for word, kind in _FORCED.items():
            forced = {text(row, "orderId"): row for row in await _orders(ask, "trade/forceOrders", {**window, "autoCloseType": word})}
            kinds |= dict.fromkeys(forced, kind)
            orders |= forced
    except Rejected as refusal:
        if refusal.reason != "unknown_instrument":
            raise
        return []  # it is listed no longer
    return _told_once(trades, orders, kinds, market)


async def _orders(ask: Ask, path: str, params: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return listed(table(data_of(await ask(get(SWAP, path, **params))), "orders")["orders"])


def _told_once(
    trades: Sequence[Mapping[str, Any]], orders: Mapping[str, Mapping[str, Any]], kinds: Mapping[str, EntryKind], market: str
) -> list[Line]:
    """Return the trades of a contract, which have no ids: of two that are alike each counts, as long as both fit into their order."""
    lines, seen, filled = [], Counter[tuple[object, ...]](), Counter[str]()
    for row in trades:
        name = text(row, "orderId")
        qty, price, at = number(row, "volume"), number(row, "price"), _ms(row)
        if name not in orders:
            raise NoAnswer(f"a trade of the order {name}, which is not told")
        side = orders[name].get("side")
        filled[name] += qty  # type: ignore[assignment]
        seen[name, at, price, qty] += 1
        if filled[name] > number(orders[name], "executedQty") or side not in ("BUY", "SELL"):
            raise NoAnswer(f"the trades of {name} are more than its order")
        line = Line(
            exchange_id=f"p{name}-{at}-{price}-{qty}-{seen[name, at, price, qty]}",
            at_ms=at,
            kind=kinds.get(name, EntryKind.TRADE),
            market=market,
            perp=True,
            qty=qty,
            price=price,
        )
        lines.append(line if side == "BUY" else replace(line, qty=-qty))
    return lines


def _ms(row: Mapping[str, Any]) -> int:
    """Return the time of a trade of a contract, which is told as text in the time of Shanghai."""
    try:
        return to_ms(aware(datetime.fromisoformat(text(row, "filledTime"))))
    except ValueError as error:
        raise NoAnswer(f"no time: {row['filledTime']!r:.40}") from error

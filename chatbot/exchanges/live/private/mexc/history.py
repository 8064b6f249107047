"""What MEXC tells of the past of an account: deposits, withdrawals, funding, and trades of named markets, those of contracts with profit.

Neither wallet has a line for every change. Transfers are told between spot and futures alone, which is no change of the account; what is in
none of these lists (converted, lent, from or to a sub-account) stays unexplained.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from chatbot.errors import Rejected
from chatbot.exchanges.live.private.dialect import Line, NoAnswer, number, rows, signed, table, text
from chatbot.exchanges.live.private.mexc.words import BUYS, SELLS, contract, data, spot
from chatbot.exchanges.live.private.spot_trade import coin_and_fee, spot_trade
from chatbot.exchanges.markets.markettime import DAY_MS
from chatbot.model.flow import EntryKind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from chatbot.exchanges.live.private.dialect import Ask, Past

_ZERO: Final = Decimal(0)
#: rows of one call, and pages of contracts' lists that are read at most
_PASSED, _TRADES, _DEALS, _FUNDINGS, _PAGES = 1000, 100, 100, 100, 100
#: trades further back are not asked for
_TRADES_BACK_MS: Final = 3 * DAY_MS
#: in the account; of withdrawals: gone for good or on their way, all but those that failed or were called off
_CREDITED: Final = "5"
_NOT_OUT: Final = frozenset({"8", "9"})
#: category of a contract's trade -> why; what is not here was traded by an order of the account's owner
_FORCED: Mapping[str, EntryKind] = {
    "2": EntryKind.LIQUIDATION,
    "3": EntryKind.LIQUIDATION,
    "4": EntryKind.DELEVERAGED,
    "5": EntryKind.SETTLED,
    "6": EntryKind.LIQUIDATION,
}


async def history(ask: Ask, past: Past) -> list[Line]:
    """Return the lines of a stretch of time, oldest first."""
    lines = [*await _passed(ask, past), *await _funding(ask, past)]
    begun = max(past.since_ms, past.until_ms - _TRADES_BACK_MS)
    for market in past.spot:
        async for row in _spot_trades(ask, market, begun, past.until_ms):
            lines += spot_trade(row, market, market.removesuffix(past.quote), past.quote, coin_and_fee(row))
    for market in past.perps:
        lines += await _contract(ask, market, begun, past.until_ms)
    return sorted(lines, key=lambda line: (line.at_ms, line.exchange_id))


async def deals(ask: Ask, market: str, since_ms: int, until_ms: int | None) -> AsyncIterator[Mapping[str, Any]]:
    """Yield the trades of a contract since a moment, newest first, each once."""
    window: dict[str, Any] = {"symbol": market, "start_time": since_ms, **({} if until_ms is None else {"end_time": until_ms})}
    known: set[str] = set()
    for page in range(1, _PAGES + 1):
        call = contract("GET", "order/list/order_deals", urgent=until_ms is None, **window, page_num=page, page_size=_DEALS)
        told = _listed(data(await ask(call)))
        for row in told:
            if text(row, "id") not in known:
                known.add(text(row, "id"))
                yield row
        if len(told) < _DEALS:
            return
    raise NoAnswer(f"more than {_PAGES} pages of trades")


def _listed(told: object) -> list[Mapping[str, Any]]:
    """Return the rows of a list of contracts, which stand there as such (recorded), or under a name of theirs (documented)."""
    return rows(told if isinstance(told, list) else table(told, "resultList")["resultList"])


async def _passed(ask: Ask, past: Past) -> list[Line]:
    window: dict[str, Any] = {"startTime": past.since_ms, "endTime": past.until_ms, "limit": _PASSED}
    deposits = rows(await ask(spot("GET", "capital/deposit/hisrec", 10, **window)))
    withdrawals = rows(await ask(spot("GET", "capital/withdraw/history", **window)))
    came = [_deposit(row) for row in deposits if text(row, "status") == _CREDITED]
    return [*came, *(_withdrawal(row) for row in withdrawals)]


def _coin(row: Mapping[str, Any]) -> str:
    """Return the coin of what came or left, which may be named with its network: ``USDT-TRX``."""
    network = str(row.get("netWork") or row.get("network") or "")
    return text(row, "coin").removesuffix(f"-{network}")


def _deposit(row: Mapping[str, Any]) -> Line:
    at = row.get("updateTime") or row.get("insertTime")
    return Line(exchange_id=f"d{text(row, 'txId')}", at_ms=_ms(at), kind=EntryKind.DEPOSIT, coin=_coin(row), amount=number(row, "amount"))


def _withdrawal(row: Mapping[str, Any]) -> Line:
    """Read a withdrawal: the amount and its fee are gone from the moment it was asked for, and back when it failed or was called off."""
    gone = text(row, "status") not in _NOT_OUT
    return Line(
        exchange_id=f"w{text(row, 'id')}",
        at_ms=_ms(row.get("applyTime")),
        kind=EntryKind.WITHDRAWAL,
        coin=_coin(row),
        amount=-(number(row, "amount") + number(row, "transactionFee")) if gone else _ZERO,
    )


def _ms(told: object) -> int:
    return int(number({"time": told}, "time"))


async def _funding(ask: Ask, past: Past) -> list[Line]:
    """Return what funding brought and took, newest first page by page until it is older than what was asked for."""
    lines: list[Line] = []
    for page in range(1, _PAGES + 1):
        told = _listed(data(await ask(contract("GET", "position/funding_records", page_num=page, page_size=_FUNDINGS))))
        found = [_paid(row, past.quote) for row in told]
        lines += [line for line in found if past.since_ms <= line.at_ms <= past.until_ms]
        if len(told) < _FUNDINGS or min(line.at_ms for line in found) < past.since_ms:
            return lines
    raise NoAnswer(f"more than {_PAGES} pages of funding")


def _paid(row: Mapping[str, Any], quote: str) -> Line:
    at_ms = int(number(row, "settleTime"))
    return Line(exchange_id=f"f{text(row, 'id')}", at_ms=at_ms, kind=EntryKind.FUNDING, coin=quote, amount=number(row, "funding"))


async def _contract(ask: Ask, market: str, since_ms: int, until_ms: int) -> list[Line]:
    """Return what trades of a contract did to its position, in contracts, and to the money."""
    try:
        return [_deal(row, market) async for row in deals(ask, market, since_ms, until_ms)]
    except Rejected as refusal:
        if refusal.reason != "unknown_instrument":
            raise
        return []  # it is listed no longer


def _deal(row: Mapping[str, Any], market: str) -> Line:
    return Line(
        exchange_id=f"p{text(row, 'id')}",
        at_ms=int(number(row, "timestamp")),
        kind=_FORCED.get(str(row.get("category")), EntryKind.TRADE),
        coin=text(row, "feeCurrency"),
        amount=number(row, "profit") - number(row, "fee"),
        market=market,
        perp=True,
        qty=signed(number(row, "vol"), number(row, "side"), buys=BUYS, sells=SELLS),
        price=number(row, "price"),
    )


async def _spot_trades(ask: Ask, market: str, since_ms: int, until_ms: int) -> AsyncIterator[Mapping[str, Any]]:
    """Yield the trades of a market, each once: a full page, newest first, goes on at the time of its oldest row."""
    known: set[str] = set()
    end = until_ms
    for _ in range(_PAGES):
        call = spot("GET", "myTrades", 10, symbol=market, startTime=since_ms, endTime=end, limit=_TRADES)
        told = rows(await ask(call))
        fresh = [row for row in told if text(row, "id") not in known]
        for row in fresh:
            known.add(text(row, "id"))
            yield row
        if len(told) < _TRADES:
            return
        if not fresh:
            raise NoAnswer(f"more than {_TRADES} trades of {market} at one time")
        end = min(int(number(row, "time")) for row in told)
    raise NoAnswer(f"more than {_PAGES} pages of trades")

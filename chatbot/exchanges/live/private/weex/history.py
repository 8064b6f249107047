"""What WEEX tells of the past: bills of the spot wallet, income of the futures wallet, and the trades of each market.

Nobody knows in which order a list comes, and pages are told by no number: a stretch of time whose answer is full is asked for in halves.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from chatbot.exchanges.live.private.dialect import Call, Line, Moved, NoAnswer, is_kept, number, rows, signed, table, text
from chatbot.exchanges.live.private.spot_trade import spot_trade
from chatbot.model.flow import EntryKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from chatbot.exchanges.live.private.dialect import Ask, Past

_ZERO: Final = Decimal(0)
_PAGE: Final = 100
#: the times of the two halves of a transfer are at most so far apart: nobody has recorded how much, and equal amounts that leave one
#: wallet and come into the other within it have moved between them, whichever way they went
_HALVES_MS: Final = 60_000
#: the same of a trade that WEEX forced, and of its income
_SAME_MS: Final = 5_000
#: why the spot wallet changed; trades are told by market, and what is not here was given or taken by WEEX
_SPOT: Final[Mapping[str, EntryKind]] = {
    "deposit": EntryKind.DEPOSIT,
    "withdraw": EntryKind.WITHDRAWAL,
    "transfer_in": EntryKind.MOVED,
    "transfer_out": EntryKind.MOVED,
    "trade_in": EntryKind.TRADE,
    "trade_out": EntryKind.TRADE,
}
#: the same of the futures wallet, by how its word begins; deposit and withdraw are transfers from and to another wallet there
_FUTURES: Final[tuple[tuple[str, EntryKind], ...]] = (
    ("deposit", EntryKind.MOVED),
    ("withdraw", EntryKind.MOVED),
    ("transfer", EntryKind.MOVED),
    ("position_funding", EntryKind.FUNDING),
    ("position_open", EntryKind.TRADE),
    ("position_close", EntryKind.TRADE),
    # from memory
    ("start_liquidate", EntryKind.LIQUIDATION),
    ("finish_liquidate", EntryKind.LIQUIDATION),
    ("order_liquidate", EntryKind.LIQUIDATION),
)
_FORCED: Final = frozenset({EntryKind.LIQUIDATION})


async def history(ask: Ask, past: Past) -> list[Line]:
    """Return the lines of a stretch of time, oldest first."""
    spot = [_spot_line(row) for row in await _bills(ask, past.since_ms, past.until_ms)]
    futures = [_futures_line(row) for row in await _income(ask, past.since_ms, past.until_ms)]
    lines = _without_pairs([one for one in spot if one.kind is not EntryKind.TRADE], futures)
    for market in past.spot:
        for row in await _trades(ask, "private", "api/v3/myTrades", market, past):
            lines += spot_trade(
                row, market, market.removesuffix(past.quote), past.quote, (fee_coin(row, market), number(row, "commission"))
            )
    forced = [(one.market, one.at_ms) for one in futures if one.kind in _FORCED]
    for market in past.perps:
        lines += [_contract(row, market, forced) for row in await _trades(ask, "contractPrivate", "capi/v3/userTrades", market, past)]
    return sorted(({line.exchange_id: line for line in lines}).values(), key=lambda line: (line.at_ms, line.exchange_id))


async def transfers(ask: Ask, asset: str, since_ms: int, until_ms: int, *, to_futures: bool) -> list[Moved]:
    """Return what left one wallet and came into the other: each is told by both, by no number that they share."""
    way = 1 if to_futures else -1
    left = [_spot_line(row) for row in await _bills(ask, since_ms, until_ms)]
    came = [_futures_line(row) for row in await _income(ask, since_ms, until_ms)]
    found = []
    for line in came:
        if line.kind is EntryKind.MOVED and line.coin == asset and line.amount * way > 0:
            other = _other_half(line, left)
            if other is not None:
                left.remove(other)
                found.append(Moved(exchange_id=line.exchange_id, amount=abs(line.amount), at_ms=line.at_ms, done=True))
    return found


def fee_coin(row: Mapping[str, Any], market: str) -> str:
    """Return the coin of a fee on spot, of which a trade tells the amount alone: what was received pays it, as ccxt has it."""
    quote = next((one for one in ("USDT", "USDC") if market.endswith(one)), "")
    if not quote or not isinstance(row.get("isBuyer"), bool):
        raise NoAnswer(f"no side, or no quote: {str(row)[:80]}")
    return market.removesuffix(quote) if row["isBuyer"] else quote


def _without_pairs(spot: Sequence[Line], futures: Sequence[Line]) -> list[Line]:
    """Return the lines without transfers between the two wallets; one whose other half is missing came from a third."""
    left, kept = list(spot), []
    for line in futures:
        other = _other_half(line, left) if line.kind is EntryKind.MOVED else None
        if other is None:
            # the market of a forced trade is told with the trade itself
            kept.append(replace(line, market="", perp=False))
        else:
            left.remove(other)
    return [*left, *kept]


def _other_half(line: Line, among: Iterable[Line]) -> Line | None:
    fits = (one for one in among if one.kind is EntryKind.MOVED and one.coin == line.coin and one.amount == -line.amount)
    return next((one for one in fits if abs(one.at_ms - line.at_ms) <= _HALVES_MS), None)


async def _bills(ask: Ask, since_ms: int, until_ms: int) -> list[Mapping[str, Any]]:
    def call(since: int, until: int) -> Call:
        params = {"after": since, "before": until, "limit": _PAGE}
        return Call(api="private", verb="POST", path="api/v3/account/bills", params=params, pool="address", weight=5)

    return await _within(ask, call, rows, "cTime", since_ms, until_ms)


async def _income(ask: Ask, since_ms: int, until_ms: int) -> list[Mapping[str, Any]]:
    def call(since: int, until: int) -> Call:
        params = {"startTime": since, "endTime": until, "limit": _PAGE}
        return Call(api="contractPrivate", verb="POST", path="capi/v3/account/income", params=params, pool="address", weight=5)

    return await _within(ask, call, lambda answer: rows(table(answer, "items")["items"]), "time", since_ms, until_ms)


async def _trades(ask: Ask, api: str, path: str, market: str, past: Past) -> list[Mapping[str, Any]]:
    def call(since: int, until: int) -> Call:
        params = {"symbol": market, "startTime": since, "endTime": until, "limit": _PAGE}
        return Call(api=api, verb="GET", path=path, params=params, pool="address", weight=5)

    return await _within(ask, call, rows, "time", past.since_ms, past.until_ms)


async def _within(
    ask: Ask,
    call: Callable[[int, int], Call],
    read: Callable[[object], list[Mapping[str, Any]]],
    when: str,
    since_ms: int,
    until_ms: int,
) -> list[Mapping[str, Any]]:
    """Return the rows of a stretch of time; one whose answer is full is asked for in halves."""
    told = read(await ask(call(since_ms, until_ms)))
    if len(told) >= _PAGE:
        if since_ms >= until_ms:
            raise NoAnswer("more happened in a moment than one answer holds")
        middle = (since_ms + until_ms) // 2
        parts = ((since_ms, middle), (middle + 1, until_ms))
        return [row for since, until in parts for row in await _within(ask, call, read, when, since, until)]
    return [row for row in told if since_ms <= int(number(row, when)) <= until_ms]


def _spot_line(row: Mapping[str, Any]) -> Line:
    return Line(
        exchange_id=f"b{text(row, 'billId')}",
        at_ms=int(number(row, "cTime")),
        kind=_SPOT.get(text(row, "bizType"), EntryKind.PAID),
        coin=text(row, "coinName"),
        amount=number(row, "deltaAmount"),
    )


def _futures_line(row: Mapping[str, Any]) -> Line:
    said = text(row, "incomeType")
    return Line(
        exchange_id=f"i{text(row, 'billId')}",
        at_ms=int(number(row, "time")),
        kind=next((kind for begins, kind in _FUTURES if said.startswith(begins)), EntryKind.PAID),
        coin=text(row, "asset"),
        amount=number(row, "income"),
        market=str(row.get("symbol") or ""),
        perp=True,
    )


def _contract(row: Mapping[str, Any], market: str, forced: Sequence[tuple[str, int]]) -> Line:
    """Return how a position changed; the money is in the income, and so is whether WEEX itself has liquidated it.

    In which words it tells that a position was closed because another account was liquidated, nobody has seen: what closes may be that.
    """
    at_ms = int(number(row, "time"))
    is_forced = any(name == market and abs(at - at_ms) <= _SAME_MS for name, at in forced)
    closes = is_kept((row.get("side"), row.get("positionSide")), (("SELL", "LONG"), ("BUY", "SHORT")), (("BUY", "LONG"), ("SELL", "SHORT")))
    return Line(
        exchange_id=f"p{text(row, 'id')}",
        at_ms=at_ms,
        kind=EntryKind.LIQUIDATION if is_forced else EntryKind.CLOSED if closes else EntryKind.TRADE,
        market=market,
        perp=True,
        qty=signed(number(row, "qty"), row.get("side")),
        price=number(row, "price"),
    )

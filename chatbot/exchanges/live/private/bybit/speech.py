"""Bybit: v5, unified account: one purse for spot and USDT contracts, one-way mode.

Known from ccxt 4.5.90's source, the recorded answers and the captured requests (``../shared/exchanges``); what is from memory says so.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.engine.finite import finite
from chatbot.errors import AccountUnfit, HedgeMode, Rejected
from chatbot.exchanges.base import LOOKED_UP_S, OrderStatus
from chatbot.exchanges.live.private.bybit import errors, history
from chatbot.exchanges.live.private.dialect import (
    Call,
    Fill,
    Held,
    Limit,
    Moved,
    NoAnswer,
    NotListed,
    Told,
    Wallets,
    is_kept,
    looked_at,
    number,
    once,
    plain,
    rows,
    table,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chatbot.exchanges.live.ccxt_errors import Meaning
    from chatbot.exchanges.live.private.dialect import Ask, Line, Past, Refusal, WireOrder

_ZERO = Decimal(0)
_OPEN, _FILLED, _CANCELED, _REJECTED = OrderStatus.OPEN, OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.REJECTED
_STATUS: Mapping[str, OrderStatus] = {
    "New": _OPEN,
    "PartiallyFilled": _OPEN,
    "Filled": _FILLED,
    "Cancelled": _CANCELED,
    # spot's word for what ccxt calls closed although a part of it was never filled
    "PartiallyFilledCanceled": _CANCELED,
    "Deactivated": _CANCELED,
    "Rejected": _REJECTED,
}
_WOULD_TAKE = "EC_PostOnlyWillTakeLiquidity"
#: per address; each account has limits of its own besides (10 to 50 a second), which one portfolio does not reach
_LIMITS: Mapping[str, Limit] = {"address": Limit(600, 5)}
#: seconds to leave it alone: after too many requests of one account, and of an address, which is shut out for ten minutes [mem]
_PAUSE_S, _SHUT_OUT_S = 1.0, 600.0
_MICRO = 1_000_000
#: a contract that every account can tell the position mode of
_KNOWN_MARKET = "BTCUSDT"
#: rows of one page, and pages of the trades of one order
_PAGE, _PAGES = 100, 10
#: what is no trade in the list of trades
_FUNDING = "Funding"


class Bybit:
    """The dialect of Bybit."""

    limits: Mapping[str, Limit] = _LIMITS
    #: ``recv_window`` is sent with every request; a time may lie up to 1 s ahead of Bybit's
    recv_window_s: float | None = 5.0
    ahead_s: float = 1.0
    id_length: int = 36
    id_joint: str = "-"
    found_for_s: float = LOOKED_UP_S
    one_wallet: bool = True
    hides_futures: bool = False

    def market_id(self, asset: str, quote: str, *, perp: bool) -> str:  # noqa: ARG002 - both are called alike
        """Return the name of a market."""
        return f"{asset}{quote}"

    def refused(self, answer: Mapping[str, Any]) -> tuple[str | None, str]:
        """Every code but 0 refuses."""
        code = finite(answer.get("retCode"))
        return (None if not code else str(answer["retCode"])), str(answer.get("retMsg", ""))

    def pause_s(self, refusal: Refusal) -> float:
        """Return how long to leave Bybit alone."""
        return _SHUT_OUT_S if refusal.code == errors.SHUT_OUT else _PAUSE_S

    def meaning(self, refusal: Refusal) -> tuple[Meaning, str]:
        """Say what a refusal means."""
        return errors.meaning(refusal)

    def used(self, headers: Mapping[str, str]) -> float | None:  # noqa: ARG002 - Bybit tells of each account alone
        """Bybit does not count addresses aloud."""
        return None

    async def time_ms(self, ask: Ask) -> int:
        """Return Bybit's own time."""
        answer = _result(await ask(Call(api="public", verb="GET", path="v5/market/time", pool="address", signed=False, urgent=True)))
        return int(number(answer, "timeNano")) // _MICRO

    async def wallets(self, ask: Ask, quote: str, *, futures: bool = True) -> Wallets:  # noqa: ARG002 - one purse: whoever reads it, reads it whole
        """Return the purse: a wallet balance is without unrealised profit. It is asked for once, and never added to itself."""
        account = await _purse(ask)
        told = rows(account["coin"])
        coins = {text(row, "coin"): (number(row, "walletBalance"), number(row, "locked")) for row in told}
        if not coins and number(account, "totalWalletBalance"):
            raise NoAnswer("a purse with money in it and no coin")
        if any(held < 0 for held, _ in coins.values()) or any(_amount(row, "borrowAmount") > 0 for row in told):
            raise AccountUnfit("borrowed")
        # where every contract has a margin of its own nothing is counted for the whole account, and empty texts stand there [mem]
        isolated = (account["totalAvailableBalance"], account["accountIMRate"]) == ("", "")
        return Wallets(
            total={coin: held for coin, (held, _) in coins.items() if held or coin == quote},
            free={coin: held - locked for coin, (held, locked) in coins.items() if held - locked > 0},
            futures=_ZERO,
            spare=_ZERO if isolated else number(account, "totalAvailableBalance"),
            isolated=isolated,
            margin=sum((_amount(row, "totalPositionIM") for row in told), _ZERO),
        )

    async def positions(self, ask: Ask) -> Sequence[Held]:
        """Return the open positions; that there are none is believed when the purse has put no margin aside for any."""
        answer = _result(await ask(_get("position/list", settleCoin="USDT", limit="200", category="linear")))
        told = rows(answer.get("list"))
        if _is_hedged(told):
            raise HedgeMode
        held = [_position(row) for row in told if number(row, "size")]
        if not held and any(number(row, "totalPositionIM") for row in rows((await _purse(ask))["coin"])):
            raise NoAnswer("no position, and margin put aside for one")
        return held

    async def place(self, ask: Ask, order: WireOrder) -> Told:
        """Send a limit order. Bybit answers with an id alone, so it is looked up at once; what is not listed yet is open."""
        force = {"timeInForce": "PostOnly"} if order.post_only else {"timeInForce": "IOC"} if order.immediate else {}
        params = {
            "symbol": order.market,
            "side": "Buy" if order.buys else "Sell",
            "orderType": "Limit",
            **force,
            "orderLinkId": order.wire_id,
            "price": plain(order.limit),
            "category": _category(perp=order.perp),
            "qty": plain(order.qty),
            **({"reduceOnly": True} if order.reduce_only else {}),
        }
        made = _result(await ask(_post("order/create", **params)))
        if made.get("orderLinkId") != order.wire_id:
            raise NoAnswer(f"not the order {order.wire_id}")
        return await looked_at(order.accepted(text(made, "orderId")), self._found(ask, order.market, order.wire_id, perp=order.perp))

    async def find(self, ask: Ask, market: str, wire_id: str, *, perp: bool) -> Told | None:
        """Look among the open ones, those that were closed lately, and the history: an order leaves one before the next has it."""
        return await self._found(ask, market, wire_id, perp=perp)

    async def _found(self, ask: Ask, market: str, wire_id: str, *, perp: bool) -> Told | None:
        named = {"symbol": market, "category": _category(perp=perp), "orderLinkId": wire_id}
        for call in (_get("order/realtime", **named), _get("order/realtime", **named, openOnly="1"), _get("order/history", **named)):
            told = rows(_result(await ask(call)).get("list"))
            if told:
                return _told(told[0], market, wire_id)
        return None

    async def cancel(self, ask: Ask, market: str, wire_id: str, *, perp: bool) -> Told | None:
        """Cancel what is left; the answer is an id alone, so how it ended is looked up."""
        filtered = {} if perp else {"orderFilter": "Order"}
        try:
            _result(await ask(_post("order/cancel", symbol=market, **filtered, orderLinkId=wire_id, category=_category(perp=perp))))
        except Rejected as refusal:
            if refusal.reason != "unknown_order":
                raise
            return None
        found = await self._found(ask, market, wire_id, perp=perp)
        if found is None:
            raise NotListed(f"{wire_id} was cancelled and is not listed yet")
        return found

    async def fills(self, ask: Ask, order: Told, *, perp: bool) -> Sequence[Fill]:
        """Return the trades of an order, as far back as a week."""
        listed = await _executions(ask, category=_category(perp=perp), symbol=order.market, orderId=order.exchange_id)
        return once(_fill(row, order.market, perp=perp) for row in listed if text(row, "orderId") == order.exchange_id)

    async def traders(self, ask: Ask, market: str, since_ms: int, *, perp: bool) -> frozenset[str]:
        """Return the orders behind the trades of a market, of the week after that moment; funding stands among them and is none."""
        listed = await _executions(ask, category=_category(perp=perp), symbol=market, startTime=str(since_ms))
        return frozenset(text(row, "orderId") for row in listed if row.get("execType") != _FUNDING)

    async def transfer(self, ask: Ask, asset: str, amount: Decimal, *, to_futures: bool) -> str:
        """Nothing is moved: there is one purse."""
        raise Rejected("not_supported", f"{asset} {amount} {to_futures} {ask}")

    async def transfers(self, ask: Ask, asset: str, since_ms: int, until_ms: int, *, to_futures: bool) -> Sequence[Moved]:  # noqa: ARG002 - as above
        """Nothing is moved: there is one purse."""
        return ()

    async def history(self, ask: Ask, past: Past) -> Sequence[Line]:
        """Return what came, went and happened."""
        return await history.history(ask, past)

    async def set_leverage(self, ask: Ask, market: str, leverage: Decimal) -> None:
        """Set the leverage of both sides; setting what is set is refused as no change."""
        value = plain(leverage)
        _result(await ask(_post("position/set-leverage", symbol=market, buyLeverage=value, sellLeverage=value, category="linear")))

    async def check(self, ask: Ask, *, futures: bool = True) -> None:  # noqa: ARG002 - as above
        """Ask for the purse and for one contract, which has a row for each side in hedge mode."""
        await _purse(ask)
        told = rows(_result(await ask(_get("position/list", symbol=_KNOWN_MARKET, limit="200", category="linear"))).get("list"))
        if not told:
            raise NoAnswer(f"nothing of {_KNOWN_MARKET}")
        if _is_hedged(told):
            raise HedgeMode


def _is_hedged(positions: Iterable[Mapping[str, Any]]) -> bool:
    """Tell whether a contract has a position for each side (1 and 2), or one (0)."""
    return True in [is_kept(row.get("positionIdx"), (1, 2), (0,)) for row in positions]  # each must say it


async def _executions(ask: Ask, **named: str) -> list[Mapping[str, Any]]:
    """Return trades, page by page."""
    found: list[Mapping[str, Any]] = []
    cursor = ""
    for _ in range(_PAGES):
        answer = _result(await ask(_get("execution/list", **named, limit=str(_PAGE), **({"cursor": cursor} if cursor else {}))))
        page = rows(answer.get("list"))
        found += page
        cursor = str(answer.get("nextPageCursor") or "")
        if len(page) < _PAGE or not cursor:
            break
    return found


def _category(*, perp: bool) -> str:
    return "linear" if perp else "spot"


def _get(path: str, **params: str) -> Call:
    urgent = path.startswith(("order", "execution"))
    return Call(api="private", verb="GET", path=f"v5/{path}", params=params, pool="address", urgent=urgent)


def _post(path: str, **params: Any) -> Call:  # noqa: ANN401 - JSON
    return Call(api="private", verb="POST", path=f"v5/{path}", params=params, pool="address", changes=True, urgent=True)


def _result(answer: object) -> Mapping[str, Any]:
    """Return what an answer holds inside of its envelope; each has one, with the code 0."""
    told = table(answer, "retCode", "result")
    if told["retCode"] != 0:
        raise NoAnswer(f"retCode {told['retCode']!r:.20}")
    return table(told["result"])


async def _purse(ask: Ask) -> Mapping[str, Any]:
    listed = rows(_result(await ask(_get("account/wallet-balance", accountType="UNIFIED"))).get("list"))
    if len(listed) != 1:
        raise NoAnswer(f"{len(listed)} unified accounts")
    return table(listed[0], "coin", "totalWalletBalance", "totalAvailableBalance", "accountIMRate")


def _amount(row: Mapping[str, Any], name: str) -> Decimal:
    """Return an amount of a coin; 0 where it is an empty text or not told, as where there can be none."""
    return _ZERO if row.get(name, "") == "" else number(row, name)


def _position(row: Mapping[str, Any]) -> Held:
    size, mark, side = number(row, "size"), number(row, "markPrice"), row.get("side")
    if size < 0 or mark <= 0 or side not in ("Buy", "Sell"):
        raise NoAnswer(f"no position: {str(row)[:80]}")
    return Held(
        market=text(row, "symbol"),
        qty=size if side == "Buy" else -size,
        entry=number(row, "avgPrice"),
        mark=mark,
        leverage=number(row, "leverage"),
        liquidation=_price_or_none(row, "liqPrice"),
        isolated=is_kept(row.get("tradeMode", 0), (1,), (0,)),
    )


def _price_or_none(row: Mapping[str, Any], name: str) -> Decimal | None:
    """Return a price; None where it is an empty text or 0, as Bybit says that there is none."""
    if row.get(name) == "":
        return None
    price = number(row, name)
    return price if price > 0 else None


def _told(row: Mapping[str, Any], market: str, wire_id: str) -> Told:
    status, side = _STATUS.get(str(row.get("orderStatus"))), row.get("side")
    if row.get("symbol") != market or row.get("orderLinkId") != wire_id or status is None or side not in ("Buy", "Sell"):
        raise NoAnswer(f"not the order {wire_id}: {str(row)[:200]}")
    return Told(
        market=market,
        wire_id=wire_id,
        buys=side == "Buy",
        qty=number(row, "qty"),
        limit=number(row, "price"),
        status=status,
        filled=number(row, "cumExecQty"),
        exchange_id=text(row, "orderId"),
        reduce_only=row.get("reduceOnly") is True,
        at_ms=int(number(row, "createdTime")),
        would_take=row.get("rejectReason") == _WOULD_TAKE,
    )


def _fill(row: Mapping[str, Any], market: str, *, perp: bool) -> Fill:
    return Fill(
        price=number(row, "execPrice"),
        qty=number(row, "execQty"),
        fee=number(row, "execFee"),
        fee_asset=_pays(row, market, perp=perp),
        exchange_id=str(row.get("execId", "")),
    )


def _pays(row: Mapping[str, Any], market: str, *, perp: bool) -> str:
    """Return the coin of a fee; of one that names none, as those of contracts: the quote, or the coin that was bought on spot."""
    if row.get("feeCurrency", "") != "":
        return text(row, "feeCurrency")
    buys = row.get("side") == "Buy" and not perp
    quote = "USDT" if market.endswith("USDT") else "USDC"
    return market.removesuffix(quote) if buys else quote

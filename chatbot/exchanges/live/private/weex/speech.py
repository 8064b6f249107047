"""WEEX: spot and USDT contracts, wallets apart; long and short of a contract are named in each order, and combined into one position.

Known from ccxt 4.5.90's source, the recorded answers and the captured requests (``../shared/exchanges``); what is from memory says so.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.errors import HedgeMode, Rejected, Unreadable
from chatbot.exchanges.base import LOOKED_UP_S, OrderStatus
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
    named,
    number,
    once,
    plain,
    rows,
    table,
    text,
)
from chatbot.exchanges.live.private.weex import errors, history

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chatbot.exchanges.live.ccxt_errors import Meaning
    from chatbot.exchanges.live.private.dialect import Ask, Line, Past, Refusal, WireOrder

_ZERO = Decimal(0)
_OPEN, _FILLED, _CANCELED, _REJECTED = OrderStatus.OPEN, OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.REJECTED
#: its words in large letters; ccxt leaves the first of the two for a part as it is, and takes the second for the end of the order
_STATUS: Mapping[str, OrderStatus] = {
    "NEW": _OPEN,
    "PARTIALLY_FILLED": _OPEN,
    "PARTIAL_FILL": _OPEN,
    "FILLED": _FILLED,
    "FULL_FILL": _FILLED,
    "CANCELED": _CANCELED,
    "CANCELLED": _CANCELED,
    "EXPIRED": _CANCELED,
    "REJECTED": _REJECTED,
}
#: as ccxt weighs private calls; each account has limits of its own besides (100 orders a minute), which one portfolio does not reach
_LIMITS: Mapping[str, Limit] = {"address": Limit(500, 10)}
#: seconds to leave it alone after too many requests: the stretch in which it counts
_PAUSE_S = 10.0
#: trades that one call returns at most
_TRADES_MAX = 100
#: one position a side of a contract, or one for each order
_COMBINED, _SEPARATED = "COMBINED", "SEPARATED"
_CROSSED, _ISOLATED = "CROSSED", "ISOLATED"
#: a contract that every account can tell the position mode of
_KNOWN_MARKET = "BTCUSDT"


class Weex:
    """The dialect of WEEX."""

    limits: Mapping[str, Limit] = _LIMITS
    #: it refuses what is too old (-1046), and says nowhere from when on: what was left unanswered is never sent again by itself
    recv_window_s: float | None = None
    ahead_s: float = 0.0
    id_length: int = 36
    id_joint: str = "-"
    found_for_s: float = LOOKED_UP_S
    one_wallet: bool = False
    hides_futures: bool = True

    def market_id(self, asset: str, quote: str, *, perp: bool) -> str:  # noqa: ARG002 - both are called alike
        """Return the name of a market."""
        return f"{asset}{quote}"

    def refused(self, answer: Mapping[str, Any]) -> tuple[str | None, str]:
        """Read a refusal, which has one of several shapes, some of them inside of HTTP 200."""
        return errors.refused(answer)

    def pause_s(self, refusal: Refusal) -> float:  # noqa: ARG002 - the same for all
        """Return how long to leave WEEX alone."""
        return _PAUSE_S

    def meaning(self, refusal: Refusal) -> tuple[Meaning, str]:
        """Say what a refusal means."""
        return errors.meaning(refusal)

    def used(self, headers: Mapping[str, str]) -> float | None:  # noqa: ARG002 - no header of it is known
        """WEEX does not count aloud."""
        return None

    async def time_ms(self, ask: Ask) -> int:
        """Return WEEX's own time."""
        answer = await ask(Call(api="public", verb="GET", path="api/v3/time", pool="address", weight=5, signed=False, urgent=True))
        return int(number(table(answer, "serverTime"), "serverTime"))

    async def wallets(self, ask: Ask, quote: str, *, futures: bool = True) -> Wallets:
        """Return both wallets; a balance of futures is without unrealised profit."""
        held = {text(row, "asset"): (number(row, "free"), number(row, "locked")) for row in await _told_twice(ask, _account(), "balances")}
        told = await _told_twice(ask, _futures_balance()) if futures else []
        wallet = {text(row, "asset"): number(row, "balance") for row in told}
        if wallet and quote not in wallet:
            raise NoAnswer(f"a futures wallet without {quote}")
        return Wallets(
            total={coin: free + locked for coin, (free, locked) in held.items() if free + locked},
            free={coin: free for coin, (free, _) in held.items() if free},
            futures=wallet.get(quote, _ZERO),
            aside={"futures": {coin: qty for coin, qty in wallet.items() if qty and coin != quote}},
        )

    async def positions(self, ask: Ask) -> Sequence[Held]:
        """Return the open positions, with their marks, which another call tells.

        That there are none is believed when the wallet has no profit of any and all of its money is free or in orders.
        """
        told = rows(await ask(_get_futures("account/position/allPosition", 15)))
        held = [row for row in told if number(row, "size")]
        if not held:
            for row in rows(await ask(_futures_balance())):
                if number(row, "unrealizePnl") or number(row, "balance") > number(row, "availableBalance") + number(row, "frozen"):
                    raise NoAnswer("no position, and margin put aside for one")
            return []
        sides = {(text(row, "symbol"), text(row, "side")) for row in held}
        if len({market for market, _ in sides}) < len(sides) or True in [_is_separated(row.get("separatedMode")) for row in held]:
            raise HedgeMode
        marks = {text(row, "symbol"): row for row in rows(await ask(_marks()))}
        return [_position(row, marks) for row in held]

    async def place(self, ask: Ask, order: WireOrder) -> Told:
        """Send a limit order and look it up at once: WEEX answers with an id alone; what is not listed yet is open.

        There is no way to forbid an order to take: one that shall rest is a plain limit, and may trade at once at no worse a price.
        """
        if order.perp and not order.reduce_only:
            await _must_be_combined(ask, order.market)
        made = table(await ask(_order("POST", 5, perp=order.perp, changes=True, **_wire(order))), "orderId", "clientOrderId")
        if made["clientOrderId"] != order.wire_id:
            raise NoAnswer(f"not the order {order.wire_id}")
        return await looked_at(order.accepted(text(made, "orderId")), self.find(ask, order.market, order.wire_id, perp=order.perp))

    async def find(self, ask: Ask, market: str, wire_id: str, *, perp: bool) -> Told | None:
        """Look an order up by our id, which is one for all markets; one of another market is none of this one."""
        try:
            row = table(await ask(_order("GET", 3 if perp else 2, perp=perp, origClientOrderId=wire_id)), "symbol", "clientOrderId")
        except Rejected as refusal:
            if refusal.reason != "unknown_order":
                raise
            return None
        if row["clientOrderId"] != wire_id:
            raise NoAnswer(f"not the order {wire_id}: {str(row)[:200]}")
        return _told(row, wire_id) if named(row, "symbol") == market else None

    async def cancel(self, ask: Ask, market: str, wire_id: str, *, perp: bool) -> Told | None:
        """Cancel what is left; the answer is an id alone, so how it ended is looked up."""
        try:
            table(await ask(_order("DELETE", 3 if perp else 1, perp=perp, changes=True, origClientOrderId=wire_id)))
        except Rejected as refusal:
            if refusal.reason != "unknown_order":
                raise
            return None
        found = await self.find(ask, market, wire_id, perp=perp)
        if found is None:
            raise NotListed(f"{wire_id} was cancelled and is not listed yet")
        return found

    async def fills(self, ask: Ask, order: Told, *, perp: bool) -> Sequence[Fill]:
        """Return the trades of an order, the hundred of one answer."""
        told = await _trades(ask, perp=perp, symbol=order.market, orderId=order.exchange_id, limit=_TRADES_MAX)
        return once(_fill(row, order.market, perp=perp) for row in told if text(row, "orderId") == order.exchange_id)

    async def traders(self, ask: Ask, market: str, since_ms: int, *, perp: bool) -> frozenset[str]:
        """Return the orders behind the trades of a market; a full answer may lack some, and is none."""
        told = await _trades(ask, perp=perp, symbol=market, startTime=since_ms, limit=_TRADES_MAX)
        if len(told) >= _TRADES_MAX:
            raise NoAnswer(f"more trades of {market} than one answer holds")
        return frozenset(text(row, "orderId") for row in told)

    async def transfer(self, ask: Ask, asset: str, amount: Decimal, *, to_futures: bool) -> str:
        """Nothing can be moved: neither ccxt nor a recording knows a request for it. Whoever asks moves it in WEEX's app."""
        raise Rejected("not_supported", f"{asset} {amount} {to_futures} {ask}")

    async def transfers(self, ask: Ask, asset: str, since_ms: int, until_ms: int, *, to_futures: bool) -> Sequence[Moved]:
        """Return what has left one wallet and come into the other."""
        return await history.transfers(ask, asset, since_ms, until_ms, to_futures=to_futures)

    async def history(self, ask: Ask, past: Past) -> Sequence[Line]:
        """Return what came, went and happened."""
        return await history.history(ask, past)

    async def set_leverage(self, ask: Ask, market: str, leverage: Decimal) -> None:
        """Set cross margin where the contract has another, and its leverage; what is set already is not set again."""
        config = await _must_be_combined(ask, market)
        if is_kept(config["marginType"], (_ISOLATED,), (_CROSSED,)):
            table(await ask(_change("account/marginType", 50, symbol=market, marginType=_CROSSED)), "code")
        elif number(config, "crossLeverage") == leverage:
            return
        answer = table(await ask(_change("account/leverage", 20, symbol=market, crossLeverage=int(leverage))), "crossLeverage")
        if number(answer, "crossLeverage") != leverage:
            raise NoAnswer(f"leverage {answer['crossLeverage']!r} where {leverage} was asked for")

    async def check(self, ask: Ask, *, futures: bool = True) -> None:
        """Ask for the spot account, and how one contract is held."""
        table(await ask(_account()), "balances")
        if futures and _is_separated((await _config(ask, _KNOWN_MARKET))["separatedType"]):
            raise HedgeMode


def _wire(order: WireOrder) -> dict[str, Any]:
    """Return an order as ccxt sends it: of a contract it names whether a long or a short is meant, and what reduces names the other."""
    side = {"side": "BUY" if order.buys else "SELL"}
    size, price = {"quantity": plain(order.qty)}, {"price": plain(order.limit)}
    named, force = {"newClientOrderId": order.wire_id}, {"timeInForce": "IOC"} if order.immediate else {}
    if not order.perp:
        return {"symbol": order.market, **side, "type": "LIMIT", **size, **price, **named, **force}
    about = "LONG" if order.buys is not order.reduce_only else "SHORT"
    reduces = {"reduceOnly": True} if order.reduce_only else {}
    held = {"positionSide": about, "timeInForce": "GTC", **force}
    return {"symbol": order.market, **side, **size, "type": "LIMIT", **price, **held, **named, **reduces}


async def _told_twice(ask: Ask, call: Call, inside: str = "") -> list[Mapping[str, Any]]:
    """Return a list of what an account holds; that there is nothing is believed when it is told twice."""
    for _ in range(2):
        answer = await ask(call)
        told = rows(table(answer, inside)[inside] if inside else answer)
        if told:
            break
    return told


def _is_separated(told: object) -> bool:
    return is_kept(told, (_SEPARATED,), (_COMBINED,))


async def _must_be_combined(ask: Ask, market: str) -> Mapping[str, Any]:
    """Return how a contract is held. Raises ``Rejected`` in SEPARATED mode, ``Unreadable`` where it is not told: nothing was sent."""
    try:
        config = await _config(ask, market)
        is_separated = _is_separated(config["separatedType"])
    except NoAnswer as error:
        raise Unreadable(f"how {market} is held: {error}") from error
    if is_separated:
        raise Rejected("hedge_mode", f"{market} is held in separated mode")
    return config


async def _config(ask: Ask, market: str) -> Mapping[str, Any]:
    for row in rows(await ask(_get_futures("account/symbolConfig", 10, symbol=market))):
        if row.get("symbol") == market:
            return table(row, "marginType", "separatedType")
    raise NoAnswer(f"nothing of {market}")


async def _trades(ask: Ask, *, perp: bool, **params: Any) -> list[Mapping[str, Any]]:  # noqa: ANN401 - what ccxt urlencodes
    api, path = ("contractPrivate", "capi/v3/userTrades") if perp else ("private", "api/v3/myTrades")
    return rows(await ask(Call(api=api, verb="GET", path=path, params=params, pool="address", weight=5, urgent=True)))


def _account() -> Call:
    return Call(api="private", verb="GET", path="api/v3/account/", pool="address", weight=5)


def _futures_balance() -> Call:
    return _get_futures("account/balance", 10)


def _marks() -> Call:
    return Call(api="contract", verb="GET", path="capi/v3/market/premiumIndex", pool="address", weight=5, signed=False)


def _get_futures(path: str, weight: float, **params: str) -> Call:
    return Call(api="contractPrivate", verb="GET", path=f"capi/v3/{path}", params=params, pool="address", weight=weight)


def _change(path: str, weight: float, **params: Any) -> Call:  # noqa: ANN401 - JSON
    where, settings = f"capi/v3/{path}", {"changes": True, "urgent": True}
    return Call(api="contractPrivate", verb="POST", path=where, params=params, pool="address", weight=weight, **settings)


def _order(verb: str, weight: float, *, perp: bool, changes: bool = False, **params: Any) -> Call:  # noqa: ANN401 - JSON
    api, path = ("contractPrivate", "capi/v3/order") if perp else ("private", "api/v3/order")
    return Call(api=api, verb=verb, path=path, params=params, pool="address", weight=weight, changes=changes, urgent=True)


def _position(row: Mapping[str, Any], marks: Mapping[str, Mapping[str, Any]]) -> Held:
    """Read a position; what it is worth is told as it was opened, and its mark elsewhere."""
    market, size, side, margin = text(row, "symbol"), number(row, "size"), row["side"], row.get("marginType")
    if size < 0 or side not in ("LONG", "SHORT") or margin not in (_CROSSED, _ISOLATED):
        raise NoAnswer(f"no position: {str(row)[:80]}")
    mark, liquidation = number(marks.get(market, {}), "markPrice"), number(row, "liquidatePrice")
    if mark <= 0:
        raise NoAnswer(f"no price of position {market!r}")
    return Held(
        market=market,
        qty=size if side == "LONG" else -size,
        entry=number(row, "openValue") / size,
        mark=mark,
        leverage=number(row, "leverage"),
        liquidation=liquidation if liquidation > 0 else None,
        isolated=margin == _ISOLATED,
    )


def _told(row: Mapping[str, Any], wire_id: str) -> Told:
    status, side = _STATUS.get(str(row.get("status")).upper()), row.get("side")
    if status is None or side not in ("BUY", "SELL"):
        raise NoAnswer(f"not the order {wire_id}: {str(row)[:200]}")
    return Told(
        market=text(row, "symbol"),
        wire_id=wire_id,
        buys=side == "BUY",
        qty=number(row, "origQty"),
        limit=number(row, "price"),
        status=status,
        filled=number(row, "executedQty"),
        exchange_id=text(row, "orderId"),
        reduce_only=row.get("reduceOnly") is True,
        at_ms=int(number(row, "time")),
    )


def _fill(row: Mapping[str, Any], market: str, *, perp: bool) -> Fill:
    return Fill(
        price=number(row, "price"),
        qty=number(row, "qty"),
        fee=number(row, "commission"),
        fee_asset=text(row, "commissionAsset") if perp else history.fee_coin(row, market),
        exchange_id=text(row, "id"),
    )

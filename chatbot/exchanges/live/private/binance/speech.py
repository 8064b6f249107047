"""Binance: spot and USDT-margined contracts, one-way mode, wallets apart.

Known from ccxt 4.5.90's source, the recorded answers and the captured requests (``../shared/exchanges``); what is from memory says so.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.engine.finite import finite, positive
from chatbot.errors import AccountUnfit, HedgeMode, Rejected
from chatbot.exchanges.base import LOOKED_UP_S, OrderStatus
from chatbot.exchanges.live.private.binance import errors, history
from chatbot.exchanges.live.private.dialect import (
    Call,
    Fill,
    Held,
    Limit,
    Moved,
    NoAnswer,
    Told,
    Wallets,
    is_kept,
    named,
    number,
    once,
    plain,
    rows,
    table,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chatbot.exchanges.live.ccxt_errors import Meaning
    from chatbot.exchanges.live.private.dialect import Ask, Line, Past, Refusal, WireOrder

_ZERO, _ONE = Decimal(0), Decimal(1)
_OPEN, _FILLED, _CANCELED, _REJECTED = OrderStatus.OPEN, OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.REJECTED
_STATUS: Mapping[str, OrderStatus] = {
    "NEW": _OPEN,
    "PENDING_NEW": _OPEN,
    "PARTIALLY_FILLED": _OPEN,
    "PENDING_CANCEL": _OPEN,
    "FILLED": _FILLED,
    "CANCELED": _CANCELED,
    "EXPIRED": _CANCELED,
    "EXPIRED_IN_MATCH": _CANCELED,
    "REJECTED": _REJECTED,
}
#: trades of one order that one call returns at most; an order takes a tenth of a book, so it never has so many
_TRADES_MAX = 1000
#: rows of the transfer history in one call
_PAGE = 100
#: characters that stand before a coin that is lent to Simple Earn: it lies in the spot account and is no money
_EARN = "LD"
_ENDED = frozenset({"FAILED", "FAILURE", "CANCELED", "REJECTED"})

_LIMITS: Mapping[str, Limit] = {"api": Limit(6000), "fapi": Limit(2400), "sapi": Limit(12000)}
#: seconds to leave it alone where it does not say for how long
_PAUSE_S = 60.0


class Binance:
    """The dialect of Binance."""

    limits: Mapping[str, Limit] = _LIMITS
    #: we ask for 5 s with every request. Binance refuses what arrives later (-1021), and on futures the matching engine looks once more
    #: (-5028); it takes a time up to 1 s ahead of its own
    recv_window_s: float | None = 5.0
    ahead_s: float = 1.0
    id_length: int = 36
    id_joint: str = "-"
    found_for_s: float = LOOKED_UP_S
    one_wallet: bool = False
    hides_futures: bool = True

    def market_id(self, asset: str, quote: str, *, perp: bool) -> str:  # noqa: ARG002 - both are called alike
        """Return the name of a market."""
        return f"{asset}{quote}"

    def refused(self, answer: Mapping[str, Any]) -> tuple[str | None, str]:
        """Codes below 0 refuse."""
        code = finite(answer.get("code"))
        return (None if code is None or code >= 0 else str(answer["code"])), str(answer.get("msg", ""))

    def pause_s(self, refusal: Refusal) -> float:  # noqa: ARG002 - the same for all
        """Return how long to leave Binance alone."""
        return _PAUSE_S

    def meaning(self, refusal: Refusal) -> tuple[Meaning, str]:
        """Say what a refusal means."""
        return errors.meaning(refusal)

    def used(self, headers: Mapping[str, str]) -> float | None:
        """Read the weight that this address has used in this minute."""
        told = finite(headers.get("x-mbx-used-weight-1m", headers.get("x-sapi-used-ip-weight-1m")))
        return None if told is None else float(told)

    async def time_ms(self, ask: Ask) -> int:
        """Return Binance's own time."""
        answer = await ask(Call(api="public", verb="GET", path="time", pool="api", signed=False, urgent=True))
        return int(number(table(answer, "serverTime"), "serverTime"))

    async def wallets(self, ask: Ask, quote: str, *, futures: bool = True) -> Wallets:
        """Return both wallets; a spot account always tells of hundreds of coins, so that one without any is no answer."""
        spot = rows(table(await ask(_spot("GET", "account", 20)), "balances")["balances"])
        if not spot:
            raise NoAnswer("an account without a single coin")
        named = {text(row, "asset"): (number(row, "free"), number(row, "locked")) for row in spot}
        held = {coin: (free, locked) for coin, (free, locked) in named.items() if not _is_lent(coin, named)}
        lent = {coin.removeprefix(_EARN): free + locked for coin, (free, locked) in named.items() if coin not in held and free + locked}
        wallet = _wallet(await ask(_futures_account())) if futures else {}
        return Wallets(
            total={coin: free + locked for coin, (free, locked) in held.items() if free + locked},
            free={coin: free for coin, (free, _) in held.items() if free},
            futures=wallet.get(quote, _ZERO),
            aside={"earn": lent, "futures": {coin: qty for coin, qty in wallet.items() if qty and coin != quote}},
        )

    async def positions(self, ask: Ask) -> Sequence[Held]:
        """Return the open positions; that there are none is believed when the account has put no margin aside for any."""
        told = rows(await ask(Call(api="fapiPrivateV3", verb="GET", path="positionRisk", pool="fapi", weight=5)))
        for row in told:
            if is_kept(row.get("positionSide"), ("LONG", "SHORT"), ("BOTH",)):
                raise HedgeMode
        held = [_position(row) for row in told if number(row, "positionAmt")]
        if not held:
            account = table(await ask(_futures_account()), "totalPositionInitialMargin", "totalWalletBalance")
            if number(account, "totalPositionInitialMargin"):
                raise NoAnswer("no position, and margin put aside for one")
        return held

    async def place(self, ask: Ask, order: WireOrder) -> Told:
        """Send a limit order; one that would take is refused: LIMIT_MAKER on spot, GTX on futures."""
        shape = {"type": "LIMIT", "timeInForce": "IOC" if order.immediate else "GTC"}
        if order.post_only:
            shape = {"type": "LIMIT", "timeInForce": "GTX"} if order.perp else {"type": "LIMIT_MAKER"}
        params: dict[str, Any] = {
            "symbol": order.market,
            "side": "BUY" if order.buys else "SELL",
            "newClientOrderId": order.wire_id,
            "newOrderRespType": "RESULT" if order.perp else "FULL",
            **shape,
            "quantity": plain(order.qty),
            "price": plain(order.limit),
            **({"reduceOnly": "true"} if order.reduce_only else {}),
        }
        return _told(await ask(_order("POST", perp=order.perp, changes=True, **params)), order.market, order.wire_id)

    async def find(self, ask: Ask, market: str, wire_id: str, *, perp: bool) -> Told | None:
        """Look an order up; Binance answers with the latest one of this id."""
        try:
            answer = await ask(_order("GET", perp=perp, weight=1 if perp else 4, symbol=market, origClientOrderId=wire_id))
        except Rejected as refusal:
            if refusal.reason != "unknown_order":
                raise
            return None
        return _told(answer, market, wire_id)

    async def cancel(self, ask: Ask, market: str, wire_id: str, *, perp: bool) -> Told | None:
        """Cancel what is left; an order that has ended, or that a repeated DELETE has ended, is unknown to this call."""
        try:
            answer = await ask(_order("DELETE", perp=perp, changes=True, symbol=market, origClientOrderId=wire_id))
        except Rejected as refusal:
            if refusal.reason != "unknown_order":
                raise
            return None
        return _told(answer, market, wire_id)

    async def fills(self, ask: Ask, order: Told, *, perp: bool) -> Sequence[Fill]:
        """Return the trades of an order."""
        params: dict[str, Any] = {"symbol": order.market, "orderId": order.exchange_id, "limit": _TRADES_MAX}
        call = _futures("GET", "userTrades", 5, **params) if perp else _spot("GET", "myTrades", 20, **params)
        return once(_fill(row, "id") for row in rows(await ask(call)) if text(row, "orderId") == order.exchange_id)

    async def traders(self, ask: Ask, market: str, since_ms: int, *, perp: bool) -> frozenset[str]:
        """Return the orders behind the trades of a market, of the day after that moment on spot and of the week in futures."""
        params: dict[str, Any] = {"symbol": market, "startTime": since_ms, "limit": _TRADES_MAX}
        call = _futures("GET", "userTrades", 5, **params) if perp else _spot("GET", "myTrades", 20, **params)
        return frozenset(text(row, "orderId") for row in rows(await ask(call)))

    async def transfer(self, ask: Ask, asset: str, amount: Decimal, *, to_futures: bool) -> str:
        """Move money between the wallets; Binance takes no id of ours for it. It weighs on the person's own counter, not on the address."""
        params = {"type": _way(to_futures), "asset": asset, "amount": plain(amount)}
        answer = await ask(Call(api="sapi", verb="POST", path="asset/transfer", params=params, pool="sapi", changes=True, urgent=True))
        return text(table(answer, "tranId"), "tranId")

    async def transfers(self, ask: Ask, asset: str, since_ms: int, until_ms: int, *, to_futures: bool) -> Sequence[Moved]:
        """Return the transfers in this direction, newest first; what failed did not happen."""
        params = {"type": _way(to_futures), "startTime": since_ms, "endTime": until_ms, "size": _PAGE}
        answer = table(await ask(Call(api="sapi", verb="GET", path="asset/transfer", params=params, pool="sapi", urgent=True)), "total")
        told = rows(answer.get("rows", []))
        if len(told) < min(int(number(answer, "total")), _PAGE):
            raise NoAnswer(f"{len(told)} of {answer['total']!r:.20} transfers")
        return [
            Moved(
                exchange_id=text(row, "tranId"),
                amount=number(row, "amount"),
                at_ms=int(number(row, "timestamp")),
                done=row["status"] == "CONFIRMED",
            )
            for row in told
            if named(row, "asset") == asset and named(row, "type") == _way(to_futures) and text(row, "status") not in _ENDED
        ]

    async def history(self, ask: Ask, past: Past) -> Sequence[Line]:
        """Return what came, went and happened."""
        return await history.history(ask, past)

    async def set_leverage(self, ask: Ask, market: str, leverage: Decimal) -> None:
        """Set cross margin, which is refused while the contract has an isolated position, and a whole leverage; both may be set twice."""
        try:
            table(await ask(_futures("POST", "marginType", 1, changes=True, symbol=market, marginType="CROSSED")), "code")
        except Rejected as refusal:
            if refusal.reason == "isolated_margin":
                raise AccountUnfit(refusal.reason) from None
            if refusal.reason != "no_change":
                raise
        answer = await ask(_futures("POST", "leverage", 1, changes=True, symbol=market, leverage=plain(leverage)))
        if number(table(answer, "leverage"), "leverage") != leverage:
            raise NoAnswer(f"leverage {answer['leverage']!r} where {leverage} was asked for")

    async def check(self, ask: Ask, *, futures: bool = True) -> None:
        """Ask for both accounts, for the position mode and for what carries the futures."""
        table(await ask(_spot("GET", "account", 20)), "balances")
        if not futures:
            return
        table(await ask(_futures_account()), "totalWalletBalance")
        mode = table(await ask(_futures("GET", "positionSide/dual", 30)), "dualSidePosition")["dualSidePosition"]
        if is_kept(mode, (True,), (False,)):
            raise HedgeMode
        many = table(await ask(_futures("GET", "multiAssetsMargin", 30)), "multiAssetsMargin")["multiAssetsMargin"]
        if is_kept(many, (True,), (False,)):
            raise AccountUnfit("multi_assets")


def _spot(verb: str, path: str, weight: float, **params: Any) -> Call:  # noqa: ANN401 - what ccxt urlencodes
    return Call(api="private", verb=verb, path=path, params=params, pool="api", weight=weight)


def _futures(verb: str, path: str, weight: float, *, changes: bool = False, **params: Any) -> Call:  # noqa: ANN401 - as above
    return Call(api="fapiPrivate", verb=verb, path=path, params=params, pool="fapi", weight=weight, changes=changes, urgent=changes)


def _futures_account() -> Call:
    return Call(api="fapiPrivateV3", verb="GET", path="account", pool="fapi", weight=5)


def _order(verb: str, *, perp: bool, changes: bool = False, weight: float = 1, **params: Any) -> Call:  # noqa: ANN401 - as above
    api, pool = ("fapiPrivate", "fapi") if perp else ("private", "api")
    return Call(api=api, verb=verb, path="order", params=params, pool=pool, weight=weight, changes=changes, urgent=True)


def _way(to_futures: bool) -> str:
    return "MAIN_UMFUTURE" if to_futures else "UMFUTURE_MAIN"


def _is_lent(coin: str, named: Mapping[str, object]) -> bool:
    """Tell LDBTC, Bitcoin lent to Simple Earn, from LDO, a coin."""
    return coin.startswith(_EARN) and coin.removeprefix(_EARN) in named


def _wallet(answer: object) -> dict[str, Decimal]:
    """Return W of domain 1.1 by coin: the wallet balance, and not the margin balance, which moves with the price."""
    account = table(answer, "totalWalletBalance", "assets")
    told = {text(row, "asset"): number(row, "walletBalance") for row in rows(account["assets"])}
    if number(account, "totalWalletBalance") and not any(told.values()):
        raise NoAnswer("a futures wallet with money in it and no coin")
    return told


def _position(row: Mapping[str, Any]) -> Held:
    qty, mark = number(row, "positionAmt"), number(row, "markPrice")
    liquidation = finite(row.get("liquidationPrice"))
    if liquidation is None or mark <= 0:
        raise NoAnswer(f"no price of position {row.get('symbol')!r}")
    return Held(
        market=text(row, "symbol"),
        qty=qty,
        entry=number(row, "entryPrice"),
        mark=mark,
        leverage=_leverage(row),
        liquidation=liquidation if liquidation > 0 else None,
        isolated=row.get("marginType") == "isolated" or bool("isolatedWallet" in row and number(row, "isolatedWallet")),
    )


def _leverage(row: Mapping[str, Any]) -> Decimal:
    """Return the leverage: the newer answer does not tell it, but the margin of a position is its value divided by it."""
    told = positive(row.get("leverage"))
    if told is None:
        margin = number(row, "positionInitialMargin" if "positionInitialMargin" in row else "initialMargin")
        told = abs(number(row, "notional")) / margin if margin > 0 else _ONE
    return max(_ONE, told.quantize(_ONE))


def _told(answer: object, market: str, wire_id: str) -> Told:
    """Read an order; it must be the one that was asked for. A spot cancellation carries a new id and tells ours as the original one."""
    row = table(answer, "symbol", "orderId", "clientOrderId", "status", "side", "origQty", "executedQty", "price")
    known_as = row.get("origClientOrderId", row["clientOrderId"])
    status, side = _STATUS.get(str(row["status"])), row["side"]
    if row["symbol"] != market or known_as != wire_id or status is None or side not in ("BUY", "SELL"):
        raise NoAnswer(f"not the order {wire_id}: {str(answer)[:200]}")
    at = finite(row.get("time", row.get("transactTime", row.get("updateTime"))))
    fills = once(_fill(fill, "tradeId") for fill in rows(row["fills"])) if "fills" in row else None
    return Told(
        market=market,
        wire_id=wire_id,
        buys=side == "BUY",
        qty=number(row, "origQty"),
        limit=number(row, "price"),
        status=status,
        filled=number(row, "executedQty"),
        exchange_id=text(row, "orderId"),
        reduce_only=row.get("reduceOnly") is True,
        at_ms=None if at is None else int(at),
        fills=fills,
    )


def _fill(row: Mapping[str, Any], name: str) -> Fill:
    """Read a trade, whose id has another ``name`` in the answer to an order than in a list."""
    return Fill(
        price=number(row, "price"),
        qty=number(row, "qty"),
        fee=number(row, "commission"),
        fee_asset=text(row, "commissionAsset"),
        exchange_id=str(row.get(name, "")),
    )

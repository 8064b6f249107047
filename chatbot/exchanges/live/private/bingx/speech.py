"""BingX: spot and USDT-margined contracts, one-way mode, wallets apart.

Known from ccxt 4.5.90's source, the recorded answers and the captured requests (``../shared/exchanges``), and from BingX's own
documentation where these are silent; what is from memory says so.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.engine.finite import finite
from chatbot.errors import AccountUnfit, HedgeMode, Rejected
from chatbot.exchanges.base import OrderStatus
from chatbot.exchanges.live.private.bingx import errors, history
from chatbot.exchanges.live.private.bingx.calls import (
    BALANCES,
    LIMITS,
    MODE,
    SPOT,
    SWAP,
    TIME,
    TRANSFER,
    WINDOW_MS,
    data_of,
    get,
    listed,
    post,
    trades_of,
    transfers_of,
)
from chatbot.exchanges.live.private.dialect import (
    Call,
    Fill,
    Held,
    Moved,
    NoAnswer,
    NotListed,
    Told,
    Wallets,
    is_kept,
    looked_at,
    named,
    number,
    plain,
    rows,
    table,
    text,
)
from chatbot.exchanges.markets.markettime import DAY_MS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chatbot.exchanges.live.ccxt_errors import Meaning
    from chatbot.exchanges.live.private.dialect import Ask, Line, Past, Refusal, WireOrder

_ZERO = Decimal(0)
#: of a row of the futures wallet
_AMOUNTS = ("balance", "equity", "availableMargin", "usedMargin")
_OPEN, _FILLED, _CANCELED = OrderStatus.OPEN, OrderStatus.FILLED, OrderStatus.CANCELED
_STATUS: Mapping[str, OrderStatus] = {
    "NEW": _OPEN,
    "PENDING": _OPEN,
    "PARTIALLY_FILLED": _OPEN,
    "FILLED": _FILLED,
    "CANCELED": _CANCELED,
    "CANCELLED": _CANCELED,
    "FAILED": _CANCELED,
}
#: seconds to leave it alone: after too many requests, and when it has shut somebody out, for five minutes
_PAUSE_S, _SHUT_OUT_S = 60.0, 300.0
#: trades of one order are asked for from so long ahead of it, ms; of one whose time is not told, as far back as they are told
_BEFORE_MS, _WEEK_MS = 60_000, 7 * DAY_MS


class BingX:
    """The dialect of BingX."""

    limits = LIMITS
    #: documented: what is older is refused, and what is further from BingX's time than that, in either direction
    recv_window_s: float | None = WINDOW_MS / 1000
    ahead_s: float = WINDOW_MS / 1000
    id_length: int = 40
    #: spot takes letters, digits and "_" alone; all of it is turned to small letters
    id_joint: str = "_"
    #: an order on spot is found by its id for two hours; a little less, for what it takes to ask
    found_for_s: float = 6600.0
    one_wallet: bool = False
    hides_futures: bool = False

    def market_id(self, asset: str, quote: str, *, perp: bool) -> str:  # noqa: ARG002 - both are called alike
        """Return the name of a market."""
        return f"{asset}-{quote}"

    def refused(self, answer: Mapping[str, Any]) -> tuple[str | None, str]:
        """Every code but 0 refuses; a refused transfer may have words in its place."""
        if answer.get("transferErrorMsg"):
            return errors.TRANSFER, str(answer["transferErrorMsg"])
        code = answer.get("code")
        return (None if code is None or finite(code) == 0 else str(code)), str(answer.get("msg", ""))

    def pause_s(self, refusal: Refusal) -> float:
        """Return how long to leave BingX alone."""
        return _SHUT_OUT_S if errors.is_shut_out(refusal) else _PAUSE_S

    def meaning(self, refusal: Refusal) -> tuple[Meaning, str]:
        """Say what a refusal means."""
        return errors.meaning(refusal)

    def used(self, headers: Mapping[str, str]) -> float | None:  # noqa: ARG002 - BingX tells of each account alone
        """BingX does not count addresses aloud."""
        return None

    async def time_ms(self, ask: Ask) -> int:
        """Return BingX's own time."""
        call = Call(api=TIME, verb="GET", path="server/time", pool=f"{TIME}/server/time", signed=False, urgent=True)
        return int(number(table(data_of(await ask(call))), "serverTime"))

    async def wallets(self, ask: Ask, quote: str, *, futures: bool = True) -> Wallets:
        """Return both wallets; spot tells of coins of which there is nothing too, so that one without any is no answer."""
        spot = rows(table(data_of(await ask(get(SPOT, "account/balance"))), "balances")["balances"])
        if not spot:
            raise NoAnswer("an account without a single coin")
        held = {text(row, "asset"): (number(row, "free"), number(row, "locked")) for row in spot}
        wallet = _wallet(await ask(get(BALANCES, "user/balance"))) if futures else {quote: _ZERO}
        if quote not in wallet:
            raise NoAnswer(f"a futures wallet without {quote}")
        return Wallets(
            total={coin: free + locked for coin, (free, locked) in held.items() if free + locked},
            free={coin: free for coin, (free, _) in held.items() if free},
            futures=wallet[quote],
            aside={"futures": {coin: qty for coin, qty in wallet.items() if qty and coin != quote}},
        )

    async def positions(self, ask: Ask) -> Sequence[Held]:
        """Return the open positions; that there are none is believed when the wallet has put no margin aside for any."""
        told = listed(data_of(await ask(get(SWAP, "user/positions"))))
        open_ones = [row for row in told if number(row, "positionAmt")]
        if True in [is_kept(row.get("onlyOnePosition", True), (False,), (True,)) for row in open_ones]:  # each must say it
            raise HedgeMode
        held = [_position(row) for row in open_ones]
        if not held and any(_sum(row, "usedMargin") for row in rows(data_of(await ask(get(BALANCES, "user/balance"))))):
            raise NoAnswer("no position, and margin put aside for one")
        return held

    async def place(self, ask: Ask, order: WireOrder) -> Told:
        """Send a limit order. The answer tells little or nothing of it, so it is looked up at once; what is not listed yet is open."""
        force = {"timeInForce": "PostOnly"} if order.post_only else {"timeInForce": "IOC"} if order.immediate else {}
        params: dict[str, Any] = {
            "symbol": order.market,
            "type": "LIMIT",
            "side": "BUY" if order.buys else "SELL",
            "clientOrderID" if order.perp else "newClientOrderId": order.wire_id,
            **force,
            "quantity": plain(order.qty),
            "price": plain(order.limit),
            **({"positionSide": "BOTH"} if order.perp else {}),
            **({"reduceOnly": "true"} if order.reduce_only else {}),
        }
        answer = table(data_of(await ask(post(SWAP if order.perp else SPOT, "trade/order", **params))))
        made = table(answer.get("order", answer), "orderId", "symbol", "side")
        if made["symbol"] != order.market or made["side"] != params["side"] or not _is_named(made, order.wire_id):
            raise NoAnswer(f"not the order {order.wire_id}: {str(made)[:200]}")
        accepted = order.accepted(text(made, "orderId"))
        found = await looked_at(accepted, self.find(ask, order.market, order.wire_id, perp=order.perp))
        if found.exchange_id != accepted.exchange_id:
            return accepted
        return _ended_at_once(found) if order.post_only else found

    async def find(self, ask: Ask, market: str, wire_id: str, *, perp: bool) -> Told | None:
        """Look an order up by our id, by the calls that take it: ccxt's own would ask for the order called None."""
        call = (
            get(SWAP, "trade/order", symbol=market, clientOrderId=wire_id)
            if perp
            else get(SPOT, "trade/query", symbol=market, clientOrderID=wire_id)
        )
        try:
            told = table(data_of(await ask(call)))
        except Rejected as refusal:
            if refusal.reason != "unknown_order":
                raise
            return None
        return _told(told.get("order", told), market, wire_id)

    async def cancel(self, ask: Ask, market: str, wire_id: str, *, perp: bool) -> Told | None:
        """Cancel what is left; the answer may tell of the order as it was before, so how it ended is looked up."""
        named = {"clientOrderId" if perp else "clientOrderID": wire_id}
        call = (
            post(SWAP, "trade/order", verb="DELETE", symbol=market, **named) if perp else post(SPOT, "trade/cancel", symbol=market, **named)
        )
        try:
            data_of(await ask(call))
        except Rejected as refusal:
            if refusal.reason != "unknown_order":
                raise
            return None
        found = await self.find(ask, market, wire_id, perp=perp)
        if found is None or found.status is _OPEN:
            raise NotListed(f"{wire_id} was cancelled and is not listed so yet")
        return found

    async def fills(self, ask: Ask, order: Told, *, perp: bool) -> Sequence[Fill]:
        """Return the trades of an order; those of contracts have no id, so that one which is told twice is seen by their sum alone."""
        until_ms = await self.time_ms(ask)
        since_ms = until_ms - _WEEK_MS if order.at_ms is None else order.at_ms - _BEFORE_MS
        found = await trades_of(ask, order.market, since_ms, until_ms, perp=perp, order_id=order.exchange_id)
        return [_fill(row, perp=perp) for row in found if text(row, "orderId") == order.exchange_id]

    async def traders(self, ask: Ask, market: str, since_ms: int, *, perp: bool) -> frozenset[str]:
        """Return the orders behind the trades of a market."""
        until_ms = max(since_ms, await self.time_ms(ask))
        return frozenset(text(row, "orderId") for row in await trades_of(ask, market, since_ms, until_ms, perp=perp))

    async def transfer(self, ask: Ask, asset: str, amount: Decimal, *, to_futures: bool) -> str:
        """Move money between the wallets; BingX takes no id of ours for it, and lists it under its ``transferId`` alone."""
        source, target = _way(to_futures)
        call = post(TRANSFER, "transfer", fromAccount=source, toAccount=target, asset=asset, amount=plain(amount))
        return text(table(data_of(await ask(call)), "transferId"), "transferId")

    async def transfers(self, ask: Ask, asset: str, since_ms: int, until_ms: int, *, to_futures: bool) -> Sequence[Moved]:
        """Return the transfers in this direction."""
        found = await transfers_of(ask, *_way(to_futures), since_ms, until_ms)
        return [
            Moved(
                exchange_id=text(row, "transferId"),
                amount=number(row, "amount"),
                at_ms=int(number(row, "timestamp")),
                done=text(row, "status") == history.CONFIRMED,
            )
            for row in found
            if named(row, "asset") == asset
        ]

    async def history(self, ask: Ask, past: Past) -> Sequence[Line]:
        """Return what came, went and happened."""
        return await history.history(ask, past)

    async def set_leverage(self, ask: Ask, market: str, leverage: Decimal) -> None:
        """Set cross margin where the contract has another, which is refused while it is held so, and a whole leverage of both sides."""
        margin = table(data_of(await ask(get(SWAP, "trade/marginType", symbol=market))), "marginType")["marginType"]
        if is_kept(margin, ("ISOLATED",), ("CROSSED",)):
            try:
                table(await ask(post(SWAP, "trade/marginType", symbol=market, marginType="CROSSED")), "code")
            except Rejected as refusal:
                if refusal.reason == "isolated_margin":
                    raise AccountUnfit(refusal.reason) from None
                raise
        answer = data_of(await ask(post(SWAP, "trade/leverage", symbol=market, side="BOTH", leverage=plain(leverage))))
        if number(table(answer, "leverage"), "leverage") != leverage:
            raise NoAnswer(f"leverage {answer['leverage']!r} where {leverage} was asked for")

    async def check(self, ask: Ask, *, futures: bool = True) -> None:
        """Ask for both wallets, for the position mode and for what carries the futures."""
        table(data_of(await ask(get(SPOT, "account/balance"))), "balances")
        if not futures:
            return
        _wallet(await ask(get(BALANCES, "user/balance")))
        mode = str(table(data_of(await ask(get(MODE, "positionSide/dual"))), "dualSidePosition")["dualSidePosition"]).lower()
        if is_kept(mode, ("true",), ("false",)):
            raise HedgeMode
        carried = table(data_of(await ask(get(MODE, "trade/assetMode"))), "assetMode")["assetMode"]
        if is_kept(carried, ("multiAssetsMode",), ("singleAssetMode",)):
            raise AccountUnfit("multi_assets")


def _way(to_futures: bool) -> tuple[str, str]:
    ours = history.SPOT_WALLET, history.SWAP_WALLET
    return ours if to_futures else ours[::-1]


def _sum(row: Mapping[str, Any], name: str) -> Decimal:
    """Return an amount of a wallet; 0 in the row of a coin that was never there, whose amounts are all empty texts."""
    return _ZERO if all(row.get(one) == "" for one in _AMOUNTS) else number(row, name)


def _wallet(answer: object) -> dict[str, Decimal]:
    """Return W of domain 1.1 by coin: the balance, and not the equity, which moves with the price. There is a row for each coin."""
    told = rows(data_of(answer))
    if not told:
        raise NoAnswer("a futures wallet without a single coin")
    return {text(row, "asset"): _sum(row, "balance") for row in told}


def _position(row: Mapping[str, Any]) -> Held:
    """Read a position: its amount has no sign, its side tells."""
    qty, mark, side = number(row, "positionAmt"), number(row, "markPrice"), row.get("positionSide")
    isolated = row.get("isolated")
    if mark <= 0 or qty < 0 or side not in ("LONG", "SHORT") or not isinstance(isolated, bool):
        raise NoAnswer(f"no position: {str(row)[:80]}")
    liquidation = None if row.get("liquidationPrice") == "" else number(row, "liquidationPrice")
    return Held(
        market=text(row, "symbol"),
        qty=qty if side == "LONG" else -qty,
        entry=number(row, "avgPrice"),
        mark=mark,
        leverage=number(row, "leverage"),
        liquidation=liquidation or None,
        isolated=isolated,
    )


def _is_named(row: Mapping[str, Any], wire_id: str) -> bool:
    """Tell whether an answer is about the order with our id: it may leave the id out, and never tells another one."""
    told = row.get("clientOrderId") or row.get("clientOrderID")
    return not told or str(told).lower() == wire_id.lower()


def _told(answer: object, market: str, wire_id: str) -> Told:
    row = table(answer, "symbol", "orderId", "status", "side", "origQty", "executedQty", "price")
    status, side = _STATUS.get(str(row["status"])), row["side"]
    if row["symbol"] != market or not _is_named(row, wire_id) or status is None or side not in ("BUY", "SELL"):
        raise NoAnswer(f"not the order {wire_id}: {str(answer)[:200]}")
    at = finite(row.get("time"))
    return Told(
        market=market,
        wire_id=wire_id,
        buys=side == "BUY",
        qty=number(row, "origQty"),
        limit=number(row, "price"),
        status=status,
        filled=number(row, "executedQty"),
        exchange_id=text(row, "orderId"),
        reduce_only=row.get("reduceOnly") in (True, "true"),
        at_ms=None if at is None else int(at),
    )


def _ended_at_once(found: Told) -> Told:
    """Return an order that was not to take: cancelled by nobody, and with nothing filled, it would have."""
    return replace(found, would_take=found.status is _CANCELED and not found.filled)


def _fill(row: Mapping[str, Any], *, perp: bool) -> Fill:
    """Read a trade, whose fee is below 0 where it was paid."""
    return Fill(
        price=number(row, "price"),
        qty=number(row, "volume" if perp else "qty"),
        fee=-number(row, "commission"),
        fee_asset=text(row, "currency" if perp else "commissionAsset"),
        exchange_id="" if perp else text(row, "id"),
    )

"""MEXC: spot and USDT contracts, one-way mode, wallets apart; contracts are counted in contracts, spot in coins.

Known from ccxt 4.5.90's source, the recorded answers, the captured requests (``../shared/exchanges``) and MEXC's published pages.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.engine.finite import finite
from chatbot.errors import AccountUnfit, HedgeMode, Rejected
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
from chatbot.exchanges.live.private.mexc import errors, history
from chatbot.exchanges.live.private.mexc.words import (
    BUYS,
    CLOSE_LONG,
    CLOSE_SHORT,
    CLOSES,
    CROSS,
    FUTURES,
    HEDGED,
    IMMEDIATE,
    ISOLATED,
    LIMIT,
    ONE_WAY,
    OPEN_LONG,
    OPEN_SHORT,
    POST_ONLY,
    SELLS,
    SPOT,
    contract,
    data,
    done,
    only,
    spot,
    wire,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chatbot.exchanges.live.ccxt_errors import Meaning
    from chatbot.exchanges.live.private.dialect import Ask, Line, Past, Refusal, WireOrder

_ZERO = Decimal(0)
_OPEN, _FILLED, _CANCELED, _REJECTED = OrderStatus.OPEN, OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.REJECTED
_STATUS: Mapping[str, OrderStatus] = {
    "NEW": _OPEN,
    "PARTIALLY_FILLED": _OPEN,
    "FILLED": _FILLED,
    "CANCELED": _CANCELED,
    "PARTIALLY_CANCELED": _CANCELED,
}
#: of contracts: pending, not filled, filled, cancelled, invalid
_STATE: Mapping[str, OrderStatus] = {"1": _OPEN, "2": _OPEN, "3": _FILLED, "4": _CANCELED, "5": _REJECTED}
#: MEXC's published rates: weights of 500 in ten seconds on spot, orders and their cancellations apart; twenty requests in two seconds on
#: contracts, but for orders; settings are ten in ten seconds of one account, and weigh more so that several in a row are no burst
_LIMITS: Mapping[str, Limit] = {
    "spot": Limit(500, 10),
    "spot_orders": Limit(12, 1),
    "contract": Limit(20, 2),
    "contract_orders": Limit(4, 2),
}
#: seconds to leave it alone where it does not say for how long; it shuts addresses out for two minutes and more
_PAUSE_S, _SHUT_OUT_S, _SHUT_OUT_STATUS = 10.0, 120.0, 418
#: trades of one call, and pages of them
_TRADES, _PAGES = 100, 20
#: rows of the transfer history in one call
_PAGE = 100
_SETTING = 3
_ENDED = frozenset({"FAILED"})
#: codes that refuse nothing
_TAKEN: tuple[Any, ...] = (None, 0, "0", 200, "200")


class Mexc:
    """The dialect of MEXC."""

    limits: Mapping[str, Limit] = _LIMITS
    #: spot is asked for these 10 s with every request (``recvWindow``); contracts take what is up to 10 s older or newer than their own
    #: time and say nothing of it in a request (MEXC's page on the security of time), so that one bound holds for both
    recv_window_s: float | None = 10.0
    ahead_s: float = 10.0
    id_length: int = 32
    id_joint: str = "-"
    found_for_s: float = LOOKED_UP_S
    one_wallet: bool = False
    hides_futures: bool = True

    def market_id(self, asset: str, quote: str, *, perp: bool) -> str:
        """Return the name of a market."""
        return f"{asset}_{quote}" if perp else f"{asset}{quote}"

    def refused(self, answer: Mapping[str, Any]) -> tuple[str | None, str]:
        """Every code but 0 and 200 refuses, and so does what says that it is no success; answers of spot have no code."""
        refuses = answer.get("success") is False or answer.get("code") not in _TAKEN
        return (str(answer.get("code", "")) if refuses else None), str(answer.get("msg") or answer.get("message") or "")

    def pause_s(self, refusal: Refusal) -> float:
        """Return how long to leave MEXC alone."""
        return _SHUT_OUT_S if refusal.status == _SHUT_OUT_STATUS else _PAUSE_S

    def meaning(self, refusal: Refusal) -> tuple[Meaning, str]:
        """Say what a refusal means."""
        return errors.meaning(refusal)

    def used(self, headers: Mapping[str, str]) -> float | None:  # noqa: ARG002 - nothing is told
        """MEXC does not count aloud."""
        return None

    async def time_ms(self, ask: Ask) -> int:
        """Return MEXC's own time."""
        answer = await ask(Call(api="spot/public", verb="GET", path="time", pool="spot", signed=False, urgent=True))
        return int(number(table(answer, "serverTime"), "serverTime"))

    async def wallets(self, ask: Ask, quote: str, *, futures: bool = True) -> Wallets:
        """Return both wallets. That of futures is its equity without unrealised profit: ``available`` and ``frozen`` lack the margin.

        A spot account tells of coins that it holds alone, so it may tell of none; a true answer says what it is permitted to then.
        """
        account = table(await ask(spot("GET", "account", 10)), "balances", "permissions")
        if not account["permissions"]:
            raise NoAnswer("an account that is permitted nothing")
        held = {text(row, "asset"): (number(row, "free"), number(row, "locked")) for row in rows(account["balances"])}
        purse = {} if not futures else await _assets(ask, quote)
        return Wallets(
            total={coin: free + locked for coin, (free, locked) in held.items() if free + locked},
            free={coin: free for coin, (free, _) in held.items() if free},
            futures=_wallet(purse[quote]) if futures else _ZERO,
            aside={"futures": {coin: _wallet(row) for coin, row in purse.items() if coin != quote and _wallet(row)}},
        )

    async def positions(self, ask: Ask) -> Sequence[Held]:
        """Return the open positions at their fair prices; that there are none is believed when no margin is put aside for any."""
        await _one_way(ask)
        told = await _positions(ask)
        if not told and any(number(row, "positionMargin") for row in rows(data(await ask(contract("GET", "account/assets"))))):
            raise NoAnswer("no position, and margin put aside for one")
        return [await _position(ask, row) for row in told]

    async def place(self, ask: Ask, order: WireOrder) -> Told:
        """Send a limit order. MEXC answers with an id and what was asked for, so it is looked up; what is not listed yet is open."""
        if order.perp:
            made = table(data(await ask(_contract_order(order))), "orderId")
        else:
            made = table(await ask(_spot_order(order)), "symbol", "orderId")
            if made["symbol"] != order.market:
                raise NoAnswer(f"not the order {order.wire_id}")
        return await looked_at(order.accepted(text(made, "orderId")), self.find(ask, order.market, order.wire_id, perp=order.perp))

    async def find(self, ask: Ask, market: str, wire_id: str, *, perp: bool) -> Told | None:
        """Look an order up by our id."""
        path = f"order/external/{market}/{wire_id}"
        call = (
            contract("GET", path, urgent=True) if perp else spot("GET", "order", 2, urgent=True, symbol=market, origClientOrderId=wire_id)
        )
        try:
            answer = await ask(call)
        except Rejected as refusal:
            if refusal.reason != "unknown_order":
                raise
            return None
        return _contract_told(data(answer), market, wire_id) if perp else _spot_told(answer, market, wire_id)

    async def cancel(self, ask: Ask, market: str, wire_id: str, *, perp: bool) -> Told | None:
        """Cancel what is left; how it ended is looked up, because the answer tells too little of it."""
        try:
            if perp:
                await _cancel_contract(ask, market, wire_id)
            else:
                answer = await ask(spot("DELETE", "order", pool="spot_orders", symbol=market, origClientOrderId=wire_id))
                text(table(answer, "symbol", "orderId"), "orderId")
        except Rejected as refusal:
            if refusal.reason != "unknown_order":
                raise
            return None
        found = await self.find(ask, market, wire_id, perp=perp)
        if found is None or found.status is _OPEN:
            raise NotListed(f"{wire_id} was cancelled and is not listed as such yet")
        return found

    async def fills(self, ask: Ask, order: Told, *, perp: bool) -> Sequence[Fill]:
        """Return the trades of an order: of spot as far back as a month."""
        if perp:
            told = rows(data(await ask(contract("GET", f"order/deal_details/{order.exchange_id}", urgent=True))))
            return once(_contract_fill(row) for row in told if text(row, "orderId") == order.exchange_id)
        call = spot("GET", "myTrades", 10, urgent=True, symbol=order.market, orderId=order.exchange_id)
        return once(_spot_fill(row) for row in rows(await ask(call)) if text(row, "orderId") == order.exchange_id)

    async def traders(self, ask: Ask, market: str, since_ms: int, *, perp: bool) -> frozenset[str]:
        """Return the orders behind the trades of a market since then; raises ``NoAnswer`` where there are too many to be told."""
        if perp:
            told = [row async for row in history.deals(ask, market, since_ms, None)]
        else:
            call = spot("GET", "myTrades", 10, urgent=True, symbol=market, startTime=since_ms, limit=_TRADES)
            told = rows(await ask(call))
            if len(told) >= _TRADES:
                raise NoAnswer(f"{len(told)} trades or more")
        return frozenset(text(row, "orderId") for row in told)

    async def transfer(self, ask: Ask, asset: str, amount: Decimal, *, to_futures: bool) -> str:
        """Move money between the wallets; MEXC takes no id of ours for it."""
        source, target = _way(to_futures)
        call = spot("POST", "capital/transfer", asset=asset, amount=plain(amount), fromAccountType=source, toAccountType=target)
        return text(only(await ask(call)), "tranId")

    async def transfers(self, ask: Ask, asset: str, since_ms: int, until_ms: int, *, to_futures: bool) -> Sequence[Moved]:
        """Return the transfers in this direction; what failed did not happen, what waits is under way."""
        source, target = _way(to_futures)
        window: dict[str, Any] = {"startTime": since_ms, "endTime": until_ms, "size": _PAGE}
        call = spot("GET", "capital/transfer", urgent=True, fromAccountType=source, toAccountType=target, **window)
        answer = only(await ask(call))
        told = rows(table(answer, "rows", "total")["rows"])
        if len(told) < min(int(number(answer, "total")), _PAGE):
            raise NoAnswer(f"{len(told)} of {answer['total']!r:.20} transfers")
        return [
            Moved(
                exchange_id=text(row, "tranId"),
                amount=number(row, "amount"),
                at_ms=int(number(row, "timestamp")),
                done=row["status"] == "SUCCESS",
            )
            for row in told
            if named(row, "asset") == asset and text(row, "status") not in _ENDED and _goes(row, source, target)
        ]

    async def history(self, ask: Ask, past: Past) -> Sequence[Line]:
        """Return what came, went and happened."""
        return await history.history(ask, past)

    async def set_leverage(self, ask: Ask, market: str, leverage: Decimal) -> None:
        """Set cross margin and a whole leverage: of the position that there is, or of both sides of a contract without one."""
        value = wire(leverage)
        for row in await _positions(ask):
            if row.get("symbol") == market:
                if _is_isolated(row):
                    raise AccountUnfit("isolated_margin")
                done(await ask(_setting("change_leverage", leverage=value, positionId=int(number(row, "positionId")))))
                return
        for side in (1, 2):
            done(await ask(_setting("change_leverage", leverage=value, openType=CROSS, symbol=market, positionType=side)))

    async def check(self, ask: Ask, *, futures: bool = True) -> None:
        """Ask for both accounts and for the position mode."""
        table(await ask(spot("GET", "account", 10)), "balances")
        if futures:
            rows(data(await ask(contract("GET", "account/assets"))))
            await _one_way(ask)


def _setting(path: str, **params: Any) -> Call:  # noqa: ANN401 - JSON
    return contract("POST", f"position/{path}", _SETTING, **params)


def _way(to_futures: bool) -> tuple[str, str]:
    return (SPOT, FUTURES) if to_futures else (FUTURES, SPOT)


def _goes(row: Mapping[str, Any], source: str, target: str) -> bool:
    return (named(row, "fromAccountType"), named(row, "toAccountType")) == (source, target)


async def _assets(ask: Ask, quote: str) -> dict[str, Mapping[str, Any]]:
    """Return the futures wallet by coin: empty coins stand in it too, so that the quote has a row in every true answer."""
    told = {text(row, "currency"): row for row in rows(data(await ask(contract("GET", "account/assets"))))}
    if quote not in told:
        raise NoAnswer(f"a futures wallet without {quote}")
    return told


def _wallet(row: Mapping[str, Any]) -> Decimal:
    """Return W of domain 1.1 of one coin."""
    return number(row, "equity") - number(row, "unrealized")


async def _one_way(ask: Ask) -> None:
    if is_kept(data(await ask(contract("GET", "position/position_mode"))), (HEDGED,), (ONE_WAY,)):
        raise HedgeMode


async def _positions(ask: Ask) -> list[Mapping[str, Any]]:
    return [row for row in rows(data(await ask(contract("GET", "position/open_positions")))) if number(row, "holdVol")]


async def _position(ask: Ask, row: Mapping[str, Any]) -> Held:
    """Return a position; MEXC tells no mark of it, so that the contract's fair price is asked for."""
    market, vol, side = text(row, "symbol"), number(row, "holdVol"), number(row, "positionType")
    call = Call(api="contract/public", verb="GET", path=f"fair_price/{market}", pool="contract", signed=False)
    fair = table(data(await ask(call)), "symbol", "fairPrice")
    mark, liquidation = number(fair, "fairPrice"), number(row, "liquidatePrice")
    if vol < 0 or mark <= 0 or side not in (1, 2) or fair["symbol"] != market:
        raise NoAnswer(f"no position: {str(row)[:80]} {str(fair)[:80]}")
    return Held(
        market=market,
        qty=vol if side == 1 else -vol,
        entry=number(row, "holdAvgPrice"),
        mark=mark,
        leverage=number(row, "leverage"),
        liquidation=liquidation if liquidation > 0 else None,
        isolated=_is_isolated(row),
    )


def _is_isolated(row: Mapping[str, Any]) -> bool:
    return is_kept(row.get("openType"), (ISOLATED,), (CROSS,))


def _spot_order(order: WireOrder) -> Call:
    kind = "LIMIT_MAKER" if order.post_only else "IMMEDIATE_OR_CANCEL" if order.immediate else "LIMIT"
    return spot(
        "POST",
        "order",
        pool="spot_orders",
        symbol=order.market,
        side="BUY" if order.buys else "SELL",
        type=kind,
        quantity=plain(order.qty),
        price=plain(order.limit),
        newClientOrderId=order.wire_id,
    )


def _contract_order(order: WireOrder) -> Call:
    """Return an order of a contract; the mode is named, so that it is refused where the account is in the other one meanwhile."""
    side = (CLOSE_SHORT if order.buys else CLOSE_LONG) if order.reduce_only else (OPEN_LONG if order.buys else OPEN_SHORT)
    return contract(
        "POST",
        "order/create",
        pool="contract_orders",
        symbol=order.market,
        vol=wire(order.qty),
        type=POST_ONLY if order.post_only else IMMEDIATE if order.immediate else LIMIT,
        openType=CROSS,
        price=wire(order.limit),
        side=side,
        externalOid=order.wire_id,
        positionMode=ONE_WAY,
    )


async def _cancel_contract(ask: Ask, market: str, wire_id: str) -> None:
    """Cancel a contract's order by our id; what became of it stands inside of an answer that is a success as such."""
    told = data(await ask(contract("POST", "order/cancel_with_external", symbol=market, externalOid=wire_id)))
    row = table(only(told), "errorCode")
    code = finite(row["errorCode"])
    if code == 0:
        return
    if code is not None and errors.CODES.get(int(code)) == errors.NOT_OPEN:
        raise Rejected("unknown_order", wire_id)
    raise NoAnswer(f"cancel of {wire_id}: {str(row)[:80]}")


def _spot_told(answer: object, market: str, wire_id: str) -> Told:
    row = table(answer, "symbol", "orderId", "clientOrderId", "status", "side", "type", "origQty", "executedQty", "price")
    status, side = _STATUS.get(str(row["status"])), row["side"]
    if row["symbol"] != market or row["clientOrderId"] != wire_id or status is None or side not in ("BUY", "SELL"):
        raise NoAnswer(f"not the order {wire_id}: {str(answer)[:200]}")
    kind, at = row["type"], finite(row.get("time"))
    return Told(
        market=market,
        wire_id=wire_id,
        buys=side == "BUY",
        limit=number(row, "price"),
        exchange_id=text(row, "orderId"),
        reduce_only=False,
        at_ms=None if at is None else int(at),
        would_take=kind == "LIMIT_MAKER" and status is _CANCELED,
        qty=number(row, "origQty"),
        filled=number(row, "executedQty"),
        status=status,
    )


def _contract_told(answer: object, market: str, wire_id: str) -> Told:
    row = table(answer, "symbol", "orderId", "externalOid", "state", "side", "orderType", "vol", "dealVol", "price")
    status, side = _STATE.get(str(row["state"])), number(row, "side")
    if row["symbol"] != market or row["externalOid"] != wire_id or status is None or side not in BUYS | SELLS:
        raise NoAnswer(f"not the order {wire_id}: {str(answer)[:200]}")
    return Told(
        market=market,
        wire_id=wire_id,
        buys=side in BUYS,
        limit=number(row, "price"),
        exchange_id=text(row, "orderId"),
        reduce_only=side in CLOSES,
        at_ms=int(number(row, "createTime")),
        would_take=number(row, "orderType") == POST_ONLY and status in (_CANCELED, _REJECTED),
        qty=number(row, "vol"),
        filled=number(row, "dealVol"),
        status=status,
    )


def _spot_fill(row: Mapping[str, Any]) -> Fill:
    return Fill(
        price=number(row, "price"),
        qty=number(row, "qty"),
        fee=number(row, "commission"),
        fee_asset=text(row, "commissionAsset"),
        exchange_id=text(row, "id"),
    )


def _contract_fill(row: Mapping[str, Any]) -> Fill:
    """Read a trade of a contract, counted in contracts; a fee below 0 was received."""
    return Fill(
        price=number(row, "price"),
        qty=number(row, "vol"),
        fee=number(row, "fee"),
        fee_asset=text(row, "feeCurrency"),
        exchange_id=text(row, "id"),
    )

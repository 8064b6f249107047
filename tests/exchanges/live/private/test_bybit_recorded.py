"""Recorded answers of Bybit are read as what they say, and what we send equals what ccxt itself was seen to send."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.errors import HedgeMode
from chatbot.exchanges.base import OrderStatus
from chatbot.exchanges.live.ccxt_errors import Meaning
from chatbot.exchanges.live.private.bybit.speech import Bybit
from chatbot.exchanges.live.private.dialect import NoAnswer, Refusal, Told, WireOrder
from tests.places import SHARED

if TYPE_CHECKING:
    from chatbot.exchanges.live.private.dialect import Ask, Call

RECORDINGS = SHARED / "exchanges"
needs_recordings = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings in ../shared/exchanges are absent")
BYBIT = Bybit()


@cache
def recorded() -> dict[str, Any]:
    """Return the recorded answers by verb and path."""
    rows = json.loads((RECORDINGS / "jkorf" / "bybit.json").read_text(encoding="utf-8"))["rest"]
    return {f"{row['http_method']} {row['path']}": row["response"] for row in rows}


def answering(sent: list[Call], **instead: Any) -> Ask:
    """Return what answers each call as it was recorded, but for the last words of paths that are named."""

    async def ask(call: Call) -> Any:
        sent.append(call)
        name = call.path.rpartition("/")[2].replace("-", "_")
        return instead[name] if name in instead else recorded()[f"{call.verb} /{call.path}"]

    return ask


def changed(path: str, **fields: Any) -> Any:
    """Return a recorded list with other fields in its first row."""
    told = recorded()[path]
    first = told["result"]["list"][0] | fields
    return told | {"result": told["result"] | {"list": [first]}}


EMPTY = {"retCode": 0, "retMsg": "OK", "result": {"list": []}, "time": 1}


@needs_recordings
async def test_the_purse_as_recorded() -> None:
    wallets = await BYBIT.wallets(answering([]), "USDT")
    assert (wallets.total, wallets.free, wallets.futures, wallets.spare) == ({}, {}, 0, Decimal("3.00326056"))


@needs_recordings
async def test_a_position_as_recorded() -> None:
    """A liquidation price that is an empty text is none."""
    (held,) = await BYBIT.positions(answering([]))
    assert (held.market, held.qty, held.entry) == ("BTCUSD", -300, Decimal("27464.50441675"))
    assert (held.mark, held.leverage, held.liquidation) == (Decimal("28224.50"), 10, None)
    with pytest.raises(HedgeMode):
        await BYBIT.positions(answering([], list=changed("GET /v5/position/list", positionIdx=2)))
    with pytest.raises(NoAnswer):
        await BYBIT.positions(answering([], list=changed("GET /v5/position/list", markPrice="NaN")))


@needs_recordings
async def test_orders_as_recorded() -> None:
    """One that works, and one that ended at once because it would have taken."""
    told = await BYBIT.find(answering([]), "ETHUSDT", "test-000005", perp=True)
    assert told is not None
    assert (told.buys, told.qty, told.limit, told.status, told.at_ms) == (True, Decimal("0.10"), 1600, OrderStatus.OPEN, 1684738540559)
    ended = await BYBIT.find(answering([], realtime=EMPTY), "BTCUSDT", "YLxaWKMiHU", perp=True)
    assert ended is not None
    assert (ended.status, ended.filled, ended.would_take) == (OrderStatus.CANCELED, 0, True)
    assert await BYBIT.find(answering([], realtime=EMPTY, history=EMPTY), "BTCUSDT", "x", perp=True) is None
    partly = changed("GET /v5/order/realtime", orderStatus="PartiallyFilledCanceled", cumExecQty="0.04")
    half = await BYBIT.find(answering([], realtime=partly), "ETHUSDT", "test-000005", perp=False)
    assert half is not None
    assert (half.status, half.filled) == (OrderStatus.CANCELED, Decimal("0.04")), "ccxt calls it closed"


@needs_recordings
async def test_trades_as_recorded() -> None:
    """Contracts name no coin for their fee: it is the one that they settle in, USDC for those called PERP."""
    zero = Decimal(0)
    given: dict[str, Any] = {"buys": True, "qty": zero, "limit": zero, "status": OrderStatus.OPEN, "filled": zero, "reduce_only": False}
    order = Told(market="ETHPERP", wire_id="x", exchange_id="8c065341-7b52-4ca9-ac2c-37e31ac55c94", at_ms=None, **given)
    (fill,) = await BYBIT.fills(answering([]), order, perp=True)
    assert (fill.price, fill.qty, fill.fee, fill.fee_asset) == (Decimal("1190.15"), Decimal("0.1"), Decimal("0.071409"), "USDC")


def seen(call: str, args: list[Any], params: dict[str, Any] | None = None) -> tuple[str, str, dict[str, Any]]:
    """Return the last request of a call that ccxt was seen to make."""
    rows = json.loads((RECORDINGS / "requests_captured.json").read_text(encoding="utf-8"))["calls"]["bybit"]
    row = next(one for one in rows if (one["call"], one["args"], one.get("params") or {}) == (call, args, params or {}))
    request = row["requests"][-1]
    return request["method"], request["path"], {**request["query"], **request["body"]}


@needs_recordings
async def test_what_is_sent_equals_what_ccxt_sends_for_the_same() -> None:
    sent: list[Call] = []
    ask = answering(sent, create={"retCode": 0, "result": {"orderId": "1", "orderLinkId": "rb1700000001"}}, realtime=EMPTY, history=EMPTY)

    async def first(work: Any) -> tuple[str, str, dict[str, Any]]:
        sent.clear()
        await work
        return sent[0].verb, f"/{sent[0].path}", dict(sent[0].params)

    def order(perp: bool, *, post_only: bool = False, immediate: bool = False) -> Any:
        flags: dict[str, Any] = {"post_only": post_only, "immediate": immediate, "reduce_only": False}
        wire = WireOrder(market="BTCUSDT", perp=perp, wire_id="rb1700000001", buys=True, qty=Decimal("0.01"), limit=Decimal(40000), **flags)
        return BYBIT.place(ask, wire)

    ours = {"clientOrderId": "rb1700000001"}
    spot, perp = ["BTC/USDT", "limit", "buy", 0.01, 40000], ["BTC/USDT:USDT", "limit", "buy", 0.01, 40000]
    assert await first(order(False)) == seen("create_order", spot, ours)
    assert await first(order(False, post_only=True)) == seen("create_order", spot, {**ours, "postOnly": True})
    assert await first(order(False, immediate=True)) == seen("create_order", spot, {**ours, "timeInForce": "IOC"})
    assert await first(order(True, post_only=True)) == seen("create_order", perp, {**ours, "postOnly": True})
    assert await first(BYBIT.set_leverage(ask, "BTCUSDT", Decimal(3))) == seen("set_leverage", [3, "BTC/USDT:USDT"])
    assert await first(BYBIT.wallets(ask, "USDT")) == seen("fetch_balance", [], {"type": "spot"})
    assert await first(BYBIT.positions(ask)) == seen("fetch_positions", [])
    verb, path, params = seen("cancel_order", ["1001", "BTC/USDT"])
    with pytest.raises(NoAnswer):
        await first(BYBIT.cancel(ask, "BTCUSDT", "x", perp=False))
    assert (sent[0].verb, f"/{sent[0].path}") == (verb, path)
    assert {**sent[0].params, "orderId": "1001"} == {**params, "orderLinkId": "x"}, "by our id in place of theirs"


@pytest.mark.parametrize(
    ("code", "words", "expected"),
    [
        ("110007", "ab not enough for new order", (Meaning.MONEY, "")),
        ("170131", "Insufficient balance.", (Meaning.MONEY, "")),
        ("110072", "OrderLinkedID is duplicate", (Meaning.REJECTED, "duplicate_id")),
        ("110043", "leverage not modified", (Meaning.REJECTED, "no_change")),
        ("10003", "API key is invalid.", (Meaning.KEY, "")),
        ("10002", "invalid request, please check your server timestamp", (Meaning.NOT_SENT, "clock")),
        ("10006", "Too many visits.", (Meaning.LIMITED, "")),
        ("10001", "position idx not match position mode", (Meaning.REJECTED, "hedge_mode")),
        ("10000", "Server Timeout", (Meaning.UNSURE, "")),
        ("10016", "Internal error", (Meaning.UNSURE, "")),
        ("10429", "System level frequency protection", (Meaning.UNSURE, "")),
        ("987654", "what nobody knows", (Meaning.UNSURE, "")),
    ],
)
def test_a_code_means_what_it_says(code: str, words: str, expected: tuple[Meaning, str]) -> None:
    """FACTS 7: ccxt has only its plainest class for the three that say nothing for certain."""
    assert BYBIT.meaning(Refusal(status=200, code=code, text=words)) == expected
    assert BYBIT.meaning(Refusal(status=502, code=code, text=words)) == (Meaning.UNSURE, "")

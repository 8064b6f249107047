"""Recorded answers of WEEX are read as what they say, and what we send equals what ccxt itself was seen to send."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.errors import HedgeMode, Rejected, Unreachable
from chatbot.exchanges.base import OrderStatus
from chatbot.exchanges.live.ccxt_errors import Meaning
from chatbot.exchanges.live.private.dialect import NoAnswer, NotListed, Past, Refusal, Told, WireOrder
from chatbot.exchanges.live.private.weex.speech import Weex
from chatbot.model.flow import EntryKind
from tests.places import SHARED

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from chatbot.exchanges.live.private.dialect import Ask, Call

RECORDINGS = SHARED / "exchanges"
needs_recordings = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings in ../shared/exchanges are absent")
WEEX = Weex()
D = Decimal
#: what answers in place of a recording, by verb and path, is one of these: a refusal in our words
GONE = Rejected("unknown_order", "-3200")


@cache
def recorded() -> dict[str, Any]:
    """Return the recorded answers by verb and path."""
    rows = json.loads((RECORDINGS / "jkorf" / "weex.json").read_text(encoding="utf-8"))["rest"]
    return {f"{row['http_method']} {row['path']}": row["response"] for row in rows}


@cache
def noted(method: str, label: str = "") -> Any:
    """Return a sample answer that stands in ccxt, of a method and with a label."""
    found = json.loads((RECORDINGS / "doc_payloads" / "weex.json").read_text(encoding="utf-8"))["methods"][method]
    return next(one["json"] for one in found if one["label"] == label)


def answering(sent: list[Call], instead: dict[str, Any] | None = None) -> Ask:
    """Return what answers each call as it was recorded, but for those that are named."""

    async def ask(call: Call) -> Any:
        sent.append(call)
        name = f"{call.verb} /{call.path}"
        found = instead[name] if instead and name in instead else recorded()[name]
        if isinstance(found, Exception):
            raise found
        return found

    return ask


def saying(name: str, answer: Any) -> Ask:
    """Return what answers one call otherwise than it was recorded."""
    return answering([], {name: answer})


@needs_recordings
async def test_both_wallets_as_recorded() -> None:
    """What futures have gained is no part of their wallet."""
    wallets = await WEEX.wallets(answering([]), "USDT")
    assert (wallets.total, wallets.free) == ({"BTC": D("0.004"), "USDT": 1200}, {"BTC": D("0.004"), "USDT": 1200})
    assert (wallets.futures, wallets.spare, wallets.aside) == (D("5696.49288823"), None, {"futures": {}})


@needs_recordings
@pytest.mark.parametrize("name", ["GET /api/v3/account/", "GET /capi/v3/account/balance"])
async def test_an_empty_wallet_is_believed_when_it_is_told_twice(name: str) -> None:
    sent: list[Call] = []
    empty: Any = {"balances": []} if "api/v3/account/" in name and "capi" not in name else []
    wallets = await WEEX.wallets(answering(sent, {name: empty}), "USDT")
    assert [f"{one.verb} /{one.path}" for one in sent].count(name) == 2
    assert not wallets.total or not wallets.futures
    for broken in ({}, [[]], "<html>", None):
        with pytest.raises(NoAnswer):
            await WEEX.wallets(saying(name, broken), "USDT")


MARK = "GET /capi/v3/market/premiumIndex"
ALL = "GET /capi/v3/account/position/allPosition"
BALANCE = "GET /capi/v3/account/balance"


@needs_recordings
async def test_a_position_as_recorded() -> None:
    """Its value is that at which it was opened; the mark is asked for, and a liquidation price of 0 is none."""
    (held,) = await WEEX.positions(answering([]))
    assert (held.market, held.qty, held.entry, held.mark) == ("BTCUSDT", D("0.02"), D("90053.35"), D("69348.6"))
    assert (held.leverage, held.liquidation, held.isolated) == (100, None, False)
    (row,) = recorded()[ALL]
    (short,) = await WEEX.positions(saying(ALL, [row | {"side": "SHORT", "marginType": "ISOLATED", "liquidatePrice": "99000.5"}]))
    assert (short.qty, short.isolated, short.liquidation) == (D("-0.02"), True, D("99000.5"))


@needs_recordings
async def test_positions_that_cannot_be_counted_are_none() -> None:
    (row,) = recorded()[ALL]
    for told in ([row | {"separatedMode": "SEPARATED"}], [row, row | {"side": "SHORT"}]):
        with pytest.raises(HedgeMode):
            await WEEX.positions(saying(ALL, told))
    unread: list[dict[str, Any]] = [{"size": "NaN"}, {"side": "BOTH"}, {"marginType": "?"}, {"symbol": "XUSDT"}, {"separatedMode": None}]
    for told in (*([row | one] for one in unread), {}):
        with pytest.raises(NoAnswer):
            await WEEX.positions(saying(ALL, told))
    with pytest.raises(NoAnswer):
        await WEEX.positions(saying(MARK, []))


@needs_recordings
async def test_no_positions_are_believed_when_no_money_is_put_aside_for_one() -> None:
    (wallet,) = recorded()[BALANCE]
    with pytest.raises(NoAnswer, match="margin put aside"):
        await WEEX.positions(saying(ALL, []))
    for changed, idle in (({"unrealizePnl": "0"}, False), ({"frozen": "283.424118541", "unrealizePnl": "0"}, True)):
        quiet = wallet | {"availableBalance": "5413.06877369"} | changed
        ask = answering([], {ALL: [], BALANCE: [quiet]})
        if idle:
            assert await WEEX.positions(ask) == []
        else:
            with pytest.raises(NoAnswer):
                await WEEX.positions(ask)


SPOT, PERP = "GET /api/v3/order", "GET /capi/v3/order"


@needs_recordings
async def test_orders_as_recorded() -> None:
    told = await WEEX.find(answering([]), "BTCUSDT", "my-spot-order-001", perp=False)
    assert told is not None
    assert (told.buys, told.qty, told.limit, told.status, told.filled) == (True, D("0.01"), 68900, OrderStatus.FILLED, D("0.01"))
    assert (told.exchange_id, told.at_ms, told.reduce_only, told.fills) == ("702345678901234567", 1764506000456, False, None)
    perp = await WEEX.find(answering([]), "BTCUSDT", "my-order-0001", perp=True)
    assert perp is not None
    assert (perp.status, perp.filled, perp.limit) == (OrderStatus.FILLED, D("0.01"), 69000)
    assert await WEEX.find(answering([]), "ETHUSDT", "my-order-0001", perp=True) is None, "of another market"
    doge = noted("fetch_canceled_and_closed_orders")[0] | {"clientOrderId": "x"}
    ended = await WEEX.find(saying(PERP, doge), "DOGEUSDT", "x", perp=True)
    assert ended is not None
    assert (ended.status, ended.qty, ended.reduce_only) == (OrderStatus.CANCELED, 100, True)


@needs_recordings
@pytest.mark.parametrize(
    ("word", "filled", "status"),
    [
        ("NEW", "0", OrderStatus.OPEN),
        ("partially_filled", "0.004", OrderStatus.OPEN),
        ("PARTIAL_FILL", "0.004", OrderStatus.OPEN),
        ("FULL_FILL", "0.01", OrderStatus.FILLED),
        ("CANCELED", "0.004", OrderStatus.CANCELED),
        ("cancelled", "0", OrderStatus.CANCELED),
        ("REJECTED", "0", OrderStatus.REJECTED),
    ],
)
async def test_an_order_that_is_filled_in_part_works_on(word: str, filled: str, status: OrderStatus) -> None:
    """Of the two words for it ccxt leaves one as it is, and calls the other closed."""
    row = recorded()[SPOT] | {"status": word, "executedQty": filled}
    told = await WEEX.find(saying(SPOT, row), "BTCUSDT", "my-spot-order-001", perp=False)
    assert told is not None
    assert (told.status, told.filled) == (status, D(filled))


@needs_recordings
async def test_an_order_is_none_only_where_weex_says_so() -> None:
    """An order of a contract that is not there is "invalid" to ccxt (-3200)."""
    assert await WEEX.find(saying(PERP, GONE), "BTCUSDT", "x", perp=True) is None
    row = recorded()[SPOT]
    lame: list[Any] = [{}, [], row | {"status": "?"}, row | {"side": None}, row | {"clientOrderId": "y"}, row | {"executedQty": "0.02"}]
    for answer in (*lame, row | {"executedQty": "NaN"}, row | {"executedQty": "0.001"}, row | {"orderId": ""}, row | {"time": None}):
        with pytest.raises(NoAnswer):
            await WEEX.find(saying(SPOT, answer), "BTCUSDT", "my-spot-order-001", perp=False)
    with pytest.raises(Rejected, match="bad_request"):
        await WEEX.find(saying(SPOT, Rejected("bad_request", "")), "BTCUSDT", "x", perp=False)


@needs_recordings
async def test_a_cancellation_tells_how_the_order_ended_when_that_is_listed() -> None:
    told = await WEEX.cancel(answering([]), "BTCUSDT", "my-spot-order-001", perp=False)
    assert told is not None
    assert told.status is OrderStatus.FILLED
    assert await WEEX.cancel(saying("DELETE /capi/v3/order", GONE), "BTCUSDT", "my-order-0001", perp=True) is None
    with pytest.raises(NotListed):
        await WEEX.cancel(saying(PERP, GONE), "BTCUSDT", "my-order-0001", perp=True)
    with pytest.raises(Rejected, match="refused"):
        await WEEX.cancel(saying("DELETE /capi/v3/order", Rejected("refused", "")), "BTCUSDT", "x", perp=True)


def told_of(market: str, exchange_id: str) -> Told:
    """Return an order of which the trades are asked for."""
    given: dict[str, Any] = {"buys": True, "qty": D(0), "limit": D(0), "status": OrderStatus.OPEN, "filled": D(0), "reduce_only": False}
    return Told(market=market, wire_id="x", exchange_id=exchange_id, at_ms=None, **given)


@needs_recordings
async def test_trades_as_recorded() -> None:
    """On spot they name no coin for their fee: what was received has paid it, as the recorded sale of DOGE shows."""
    (fill,) = await WEEX.fills(answering([]), told_of("BTCUSDT", "702345678901234567"), perp=True)
    assert (fill.price, fill.qty, fill.fee, fill.fee_asset, fill.exchange_id) == (
        69000,
        D("0.01"),
        D("0.138"),
        "USDT",
        "801234567890123456",
    )
    sale = noted("fetch_my_trades")
    (sold,) = await WEEX.fills(saying("GET /api/v3/myTrades", sale), told_of("DOGEUSDT", "736825748215563230"), perp=False)
    assert (sold.fee, sold.fee_asset, sold.fee / sold.value) == (D("0.0233725"), "USDT", D("0.001"))
    bought = [sale[0] | {"isBuyer": True}]
    (buy,) = await WEEX.fills(saying("GET /api/v3/myTrades", bought), told_of("DOGEUSDT", "736825748215563230"), perp=False)
    assert buy.fee_asset == "DOGE"
    assert await WEEX.fills(answering([]), told_of("BTCUSDT", "1"), perp=False) == []
    for lame in ([sale[0] | {"isBuyer": None}], [sale[0] | {"commission": "NaN"}], [sale[0] | {"id": None}]):
        with pytest.raises(NoAnswer):
            await WEEX.fills(saying("GET /api/v3/myTrades", lame), told_of("DOGEUSDT", "736825748215563230"), perp=False)


@needs_recordings
async def test_a_full_answer_of_trades_is_no_proof_that_nobody_else_traded() -> None:
    row = recorded()["GET /capi/v3/userTrades"][0]
    assert await WEEX.traders(answering([]), "BTCUSDT", 1, perp=True) == {"702345678901234567"}
    with pytest.raises(NoAnswer, match="more trades"):
        await WEEX.traders(saying("GET /capi/v3/userTrades", [row] * 100), "BTCUSDT", 1, perp=True)


LEVERAGE, CONFIG = "POST /capi/v3/account/leverage", "GET /capi/v3/account/symbolConfig"


@needs_recordings
async def test_leverage_is_set_where_it_is_another_and_the_margin_is_made_cross() -> None:
    (config,) = recorded()[CONFIG]
    done = recorded()[LEVERAGE] | {"crossLeverage": "3"}
    for changed, calls in (({}, 1), ({"marginType": "ISOLATED"}, 2), ({"crossLeverage": "3.00"}, 0)):
        sent: list[Call] = []
        await WEEX.set_leverage(answering(sent, {CONFIG: [config | changed], LEVERAGE: done}), "BTCUSDT", D(3))
        assert len([one for one in sent if one.changes]) == calls
    with pytest.raises(NoAnswer, match="leverage"):
        await WEEX.set_leverage(answering([]), "BTCUSDT", D(3))
    with pytest.raises(Rejected, match="hedge_mode"):
        await WEEX.set_leverage(saying(CONFIG, [config | {"separatedType": "SEPARATED"}]), "BTCUSDT", D(3))
    with pytest.raises(Unreachable):
        await WEEX.set_leverage(saying(CONFIG, []), "BTCUSDT", D(3))


@needs_recordings
async def test_a_contract_that_is_held_order_by_order_is_hedge_mode() -> None:
    (config,) = recorded()[CONFIG]
    await WEEX.check(answering([]))
    await WEEX.check(saying(CONFIG, []), futures=False)
    with pytest.raises(HedgeMode):
        await WEEX.check(saying(CONFIG, [config | {"separatedType": "SEPARATED"}]))
    for lame in ([], [config | {"symbol": "ETHUSDT"}], {}):
        with pytest.raises(NoAnswer):
            await WEEX.check(saying(CONFIG, lame))


def seen(call: str, args: list[Any], params: dict[str, Any] | None = None) -> tuple[str, str, dict[str, Any]]:
    """Return the last request of a call that ccxt was seen to make."""
    rows = json.loads((RECORDINGS / "requests_captured.json").read_text(encoding="utf-8"))["calls"]["weex"]
    row = next(one for one in rows if (one["call"], one["args"], one.get("params") or {}) == (call, args, params or {}))
    request = row["requests"][-1]
    return request["method"], request["path"], {**request["query"], **request["body"]}


@needs_recordings
async def test_what_is_sent_equals_what_ccxt_sends_for_the_same() -> None:
    sent: list[Call] = []
    made = {"orderId": "1", "clientOrderId": "rb1700000001"}
    ask = answering(sent, {"POST /api/v3/order": made, "POST /capi/v3/order": made, SPOT: GONE, PERP: GONE})

    async def request(work: Awaitable[object]) -> tuple[str, str, dict[str, Any]]:
        sent.clear()
        await work
        call = next((one for one in sent if one.changes), sent[0])
        return call.verb, f"/{call.path}".rstrip("/"), dict(call.params)

    def order(perp: bool, *, buys: bool = True, immediate: bool = False, post_only: bool = False, reduce_only: bool = False) -> Any:
        flags: dict[str, Any] = {"post_only": post_only, "immediate": immediate, "reduce_only": reduce_only}
        wire = WireOrder(market="BTCUSDT", perp=perp, wire_id="rb1700000001", buys=buys, qty=D("0.01"), limit=D(40000), **flags)
        return WEEX.place(ask, wire)

    ours = {"clientOrderId": "rb1700000001"}
    spot, perp = ["BTC/USDT", "limit", "buy", 0.01, 40000], ["BTC/USDT:USDT", "limit", "buy", 0.01, 40000]
    assert await request(order(perp=False)) == seen("create_order", spot, ours)
    assert await request(order(perp=False, post_only=True)) == seen("create_order", spot, ours), "no field that WEEX does not know"
    assert await request(order(perp=False, immediate=True)) == seen("create_order", spot, {**ours, "timeInForce": "IOC"})
    rests = seen("create_order", perp, {**ours, "postOnly": True})
    assert rests[2].pop("postOnly") is True
    assert await request(order(perp=True, post_only=True)) == rests
    fills = seen("create_order", ["BTC/USDT:USDT", "limit", "sell", 0.01, 40000], {**ours, "timeInForce": "FOK"})
    assert await request(order(perp=True, buys=False, immediate=True)) == (*fills[:2], fills[2] | {"timeInForce": "IOC"})
    closes = seen("create_order", ["BTC/USDT:USDT", "market", "sell", 0.01], {**ours, "reduceOnly": True})
    limited = closes[2] | {"type": "LIMIT", "price": "40000", "timeInForce": "GTC"}
    assert await request(order(perp=True, buys=False, reduce_only=True)) == (*closes[:2], limited)
    assert (await request(order(perp=True, reduce_only=True)))[2]["positionSide"] == "SHORT"
    set_to = {LEVERAGE: recorded()[LEVERAGE] | {"crossLeverage": "3"}}
    lever = WEEX.set_leverage(answering(sent, set_to), "BTCUSDT", D(3))
    assert await request(lever) == seen("set_leverage", [3, "BTC/USDT:USDT"])
    assert await request(WEEX.wallets(ask, "USDT")) == seen("fetch_balance", [], {"type": "spot"})
    assert await request(WEEX.positions(ask)) == seen("fetch_positions", [])
    assert await request(WEEX.check(ask, futures=False)) == seen("fetch_balance", [], {"type": "spot"})
    for is_perp, symbol in ((False, "BTC/USDT"), (True, "BTC/USDT:USDT")):
        assert await request(WEEX.find(ask, "BTCUSDT", "1001", perp=is_perp)) == by_our_id(seen("fetch_order", ["1001", symbol]))
        with pytest.raises(NotListed):
            await request(WEEX.cancel(ask, "BTCUSDT", "1001", perp=is_perp))
        call = next(one for one in sent if one.changes)
        assert (call.verb, f"/{call.path}", dict(call.params)) == by_our_id(seen("cancel_order", ["1001", symbol]))


def by_our_id(request: tuple[str, str, dict[str, Any]]) -> tuple[str, str, dict[str, Any]]:
    """Return a request that names an order by our id in place of theirs."""
    verb, path, params = request
    return verb, path, {"origClientOrderId": params["orderId"]}


@needs_recordings
async def test_an_order_is_open_until_it_is_listed_and_unknown_without_its_own_words() -> None:
    wire = WireOrder(
        market="BTCUSDT",
        perp=True,
        wire_id="my-order-0001",
        buys=True,
        qty=D("0.01"),
        limit=D(69000),
        post_only=False,
        immediate=False,
        reduce_only=False,
    )
    told = await WEEX.place(answering([]), wire)
    assert (told.status, told.filled) == (OrderStatus.FILLED, D("0.01"))
    for trouble in (GONE, Unreachable("no answer"), {}):
        waits = await WEEX.place(saying(PERP, trouble), wire)
        assert (waits.status, waits.exchange_id) == (OrderStatus.OPEN, "702345678901234567")
    for answer in ({}, {"orderId": "", "clientOrderId": "my-order-0001"}, {"orderId": "1", "clientOrderId": "other"}, []):
        with pytest.raises(NoAnswer):
            await WEEX.place(saying("POST /capi/v3/order", answer), wire)


@needs_recordings
async def test_nothing_is_opened_in_separated_mode_or_where_the_mode_is_not_told() -> None:
    (config,) = recorded()[CONFIG]
    flags: dict[str, Any] = {"post_only": False, "immediate": False, "reduce_only": False}
    wire = WireOrder(market="BTCUSDT", perp=True, wire_id="x", buys=True, qty=D("0.01"), limit=D(69000), **flags)
    for told, trouble in (
        ([config | {"separatedType": "SEPARATED"}], Rejected),
        ([], Unreachable),
        ([config | {"symbol": "X"}], Unreachable),
    ):
        sent: list[Call] = []
        with pytest.raises(trouble):
            await WEEX.place(answering(sent, {CONFIG: told}), wire)
        assert not any(one.changes for one in sent)


async def test_nothing_is_moved() -> None:
    with pytest.raises(Rejected, match="not_supported"):
        await WEEX.transfer(answering([]), "USDT", D(5), to_futures=True)


BILLS, INCOME = "POST /api/v3/account/bills", "POST /capi/v3/account/income"


def bill(number: int, kind: str, amount: str, at_ms: int, coin: str = "USDT") -> dict[str, Any]:
    """Return a change of the spot wallet as ccxt's comments have it."""
    return noted("parse_ledger_entry", "spot") | {
        "billId": str(number),
        "bizType": kind,
        "deltaAmount": amount,
        "cTime": str(at_ms),
        "coinName": coin,
    }


def gain(number: int, kind: str, amount: str, at_ms: int, **more: Any) -> dict[str, Any]:
    """Return a change of the futures wallet as it was recorded."""
    row = recorded()[INCOME]["items"][0]
    return row | {"billId": number, "incomeType": kind, "income": amount, "time": at_ms, "symbol": None, **more}


def told_past(bills: list[Any], income: list[Any], **more: Any) -> Ask:
    """Return what answers with a past."""
    nothing: dict[str, Any] = {"GET /api/v3/myTrades": [], "GET /capi/v3/userTrades": []}
    return answering([], {**nothing, BILLS: bills, INCOME: {"hasNextPage": False, "items": income}, **more})


@needs_recordings
async def test_a_past_is_told_line_by_line_and_transfers_between_the_wallets_are_none() -> None:
    bills = [
        bill(1, "deposit", "100", 1000),
        bill(2, "withdraw", "-30.5", 2000),
        bill(3, "transfer_out", "-90", 3000),
        bill(4, "transfer_out", "-7", 4000),
        bill(5, "trade_in", "23", 5000),
        bill(6, "gift", "1", 6000, "BTC"),
        bill(7, "deposit", "1", 99_000),
    ]
    income = [gain(1, "deposit", "90", 3400), gain(2, "position_funding", "-0.08", 7000), gain(3, "position_open_long", "-0.2", 8000)]
    ask = told_past(bills, [*income, gain(4, "start_liquidate", "-9", 9000)])
    lines = await WEEX.history(ask, Past(since_ms=1, until_ms=10_000, quote="USDT"))
    assert [(one.kind, one.amount, one.coin) for one in lines] == [
        (EntryKind.DEPOSIT, 100, "USDT"),
        (EntryKind.WITHDRAWAL, D("-30.5"), "USDT"),
        (EntryKind.MOVED, -7, "USDT"),
        (EntryKind.PAID, 1, "BTC"),
        (EntryKind.FUNDING, D("-0.08"), "USDT"),
        (EntryKind.TRADE, D("-0.2"), "USDT"),
        (EntryKind.LIQUIDATION, -9, "USDT"),
    ]


@needs_recordings
async def test_trades_of_the_past_change_coins_and_positions() -> None:
    sale, perp = noted("fetch_my_trades")[0], recorded()["GET /capi/v3/userTrades"][0]
    at_ms = int(perp["time"])
    past = Past(since_ms=0, until_ms=2 * at_ms, quote="USDT", spot=["DOGEUSDT"], perps=["BTCUSDT"])
    ask = told_past([], [], **{"GET /api/v3/myTrades": [sale], "GET /capi/v3/userTrades": [perp]})
    lines = {one.coin or one.market: one for one in await WEEX.history(ask, past)}
    assert (lines["DOGE"].amount, lines["DOGE"].qty, lines["DOGE"].price) == (-250, -250, D("0.09349"))
    assert lines["USDT"].amount == D("23.3725") - D("0.0233725")
    assert (lines["BTCUSDT"].qty, lines["BTCUSDT"].price, lines["BTCUSDT"].kind) == (D("0.01"), 69000, EntryKind.TRADE)
    forced = told_past([], [gain(1, "finish_liquidate", "-1", at_ms + 900, symbol="BTCUSDT")], **{"GET /capi/v3/userTrades": [perp]})
    kinds = {one.market: one.kind for one in await WEEX.history(forced, past)}
    assert kinds["BTCUSDT"] is EntryKind.LIQUIDATION


@needs_recordings
async def test_a_transfer_is_found_in_both_wallets() -> None:
    """Each tells it under a number of its own; what came from a third wallet is none."""
    bills = [bill(1, "transfer_out", "-90", 3000), bill(2, "transfer_in", "5", 4000)]
    income = [gain(1, "deposit", "90", 3400), gain(2, "withdraw", "-5", 3900), gain(3, "deposit", "70", 5000)]
    (there,) = await WEEX.transfers(told_past(bills, income), "USDT", 1, 10_000, to_futures=True)
    assert (there.amount, there.exchange_id, there.at_ms, there.done) == (90, "i1", 3400, True)
    (back,) = await WEEX.transfers(told_past(bills, income), "USDT", 1, 10_000, to_futures=False)
    assert (back.amount, back.exchange_id) == (5, "i2")
    late = [gain(1, "deposit", "90", 12_000)]
    assert [moved.at_ms for moved in await WEEX.transfers(told_past(bills, late), "USDT", 1, 20_000, to_futures=True)] == [12_000]


@needs_recordings
async def test_a_stretch_of_time_whose_answer_is_full_is_asked_for_in_halves() -> None:
    """Nobody knows in which order rows come, so a full answer may lack any of them."""
    whole = [bill(number, "deposit", "1", number) for number in range(1, 251)]

    async def ask(call: Call) -> Any:
        if call.path != "api/v3/account/bills":
            return {"items": []}
        within = [row for row in whole if call.params["after"] <= int(row["cTime"]) <= call.params["before"]]
        return within[: call.params["limit"]]

    lines = await WEEX.history(ask, Past(since_ms=0, until_ms=1000, quote="USDT"))
    assert len(lines) == 250
    whole = [bill(number, "deposit", "1", 7) for number in range(1, 251)]
    with pytest.raises(NoAnswer, match="in a moment"):
        await WEEX.history(ask, Past(since_ms=0, until_ms=1000, quote="USDT"))


def met(status: int, answer: Any) -> tuple[Meaning, str] | None:
    """Say what an answer means, None where it does not refuse."""
    code, words = WEEX.refused(answer)
    return None if code is None and status < 300 else WEEX.meaning(Refusal(status=status, code=code, text=words))


@needs_recordings
def test_what_was_recorded_refuses_nothing() -> None:
    for name, answer in recorded().items():
        if isinstance(answer, dict):
            assert met(200, answer) is None, name


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        (400, {"code": -2010, "msg": "amount not enough"}, (Meaning.MONEY, "")),
        (200, {"code": -1054, "msg": "FAILED_PRECONDITION: Move margin available amount not enough."}, (Meaning.MONEY, "")),
        (200, {"success": False, "errorCode": "-1115", "errorMessage": "Invalid timeInForce."}, (Meaning.REJECTED, "bad_request")),
        (200, {"orderId": 1, "status": "FAILED", "errorMsg": "FAILED_ORDER_NOT_FOUND"}, (Meaning.REJECTED, "unknown_order")),
        (200, {"result": False, "id": 1, "msg": "INVALID_ARGUMENT: invalid symbol"}, (Meaning.REJECTED, "bad_request")),
        (200, {"success": False}, (Meaning.UNSURE, "")),
        (400, {"code": -2200, "msg": "Order not found"}, (Meaning.REJECTED, "unknown_order")),
        (400, {"code": -3200, "msg": "Order does not exist."}, (Meaning.REJECTED, "unknown_order")),
        (400, {"code": -1121, "msg": "Invalid symbol."}, (Meaning.REJECTED, "unknown_instrument")),
        (401, {"code": -1041, "msg": "Invalid access key"}, (Meaning.KEY, "")),
        (403, {"code": -1052, "msg": "Insufficient permission"}, (Meaning.KEY, "")),
        (400, {"code": -1049, "msg": "API key or passphrase incorrect."}, (Meaning.KEY, "")),
        (400, {"code": -1046, "msg": "Request timestamp expired."}, (Meaning.NOT_SENT, "clock")),
        (429, {"code": 429, "msg": "Too many requests"}, (Meaning.LIMITED, "")),
        (200, {"code": -1000, "msg": "An unknown error occurred."}, (Meaning.UNSURE, "")),
        (200, {"code": -1054, "msg": "System error, please retry later."}, (Meaning.UNSURE, "")),
        (400, {"code": -3613, "msg": "Fatal: token ID not supported."}, (Meaning.UNSURE, "")),
        (400, {"code": -987, "msg": "Duplicate client order id"}, (Meaning.UNSURE, "")),
        (200, {"code": "200", "msg": "success", "requestTime": 1}, None),
        (200, {"orderId": "7", "success": True, "errorCode": "", "errorMessage": ""}, None),
    ],
)
def test_a_refusal_is_read_from_the_answer(status: int, answer: Any, expected: tuple[Meaning, str] | None) -> None:
    """FACTS 7: refusals stand inside of HTTP 200, -1046 is the clock, -1000 and -1054 say nothing for certain, nor does a duplicate id."""
    assert met(status, answer) == expected

"""Recorded answers of MEXC are read as what they say, and what we send equals what ccxt itself was seen to send."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.errors import AccountUnfit, HedgeMode, Rejected
from chatbot.exchanges.base import OrderStatus
from chatbot.exchanges.live.ccxt_errors import Meaning
from chatbot.exchanges.live.ccxt_loader import exchange_class
from chatbot.exchanges.live.private.dialect import NoAnswer, NotListed, Past, Refusal, Told, WireOrder
from chatbot.exchanges.live.private.mexc.speech import Mexc
from chatbot.model.flow import EntryKind
from tests.places import SHARED

if TYPE_CHECKING:
    from chatbot.exchanges.live.private.dialect import Ask, Call

RECORDINGS = SHARED / "exchanges"
needs_recordings = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings in ../shared/exchanges are absent")
MEXC = Mexc()
D = Decimal
#: what is sent besides what ccxt sends: the position mode, so that an order is refused where it is another one
BESIDES = {"positionMode": 2}
#: an account whose wallet, 2,000 of it margin, holds 3,000 and has gained 42
EQUITY = {"currency": "USDT", "positionMargin": 2000, "availableBalance": 1000, "frozenBalance": 0, "equity": 3042, "unrealized": 42}


@cache
def recorded() -> dict[str, Any]:
    """Return the recorded answers by verb and path."""
    rows = json.loads((RECORDINGS / "jkorf" / "mexc.json").read_text(encoding="utf-8"))["rest"]
    return {f"{row['http_method']} {row['path']}": row["response"] for row in rows}


def documented(method: str, label: str = "") -> Any:
    """Return an answer out of ccxt's own comments."""
    methods = json.loads((RECORDINGS / "doc_payloads" / "mexc.json").read_text(encoding="utf-8"))["methods"]
    return next(row["json"] for row in methods[method] if label in row["label"])


#: ccxt's parts of the exchange -> the beginning of their paths
PARTS = {"spot": "/api/v3", "contract/private": "/api/v1/private", "contract/public": "/api/v1/contract"}


def path_of(call: Call) -> str:
    """Return the path that a call goes to."""
    return f"{next(begins for part, begins in PARTS.items() if call.api.startswith(part))}/{call.path}"


def answering(sent: list[Call], **instead: Any) -> Ask:
    """Return what answers each call as it was recorded, but for words of paths that are named; an exception is raised."""

    async def ask(call: Call) -> Any:
        sent.append(call)
        words = {call.path} if call.path in ("account", "order") else {*call.path.split("/")} - {"account", "order"}
        named = next((answer for name, answer in instead.items() if name in words), None)
        if isinstance(named, Exception):
            raise named
        return named if named is not None else recorded()[f"{call.verb} {path_of(call)}"]

    return ask


def enveloped(told: Any) -> dict[str, Any]:
    """Put what contracts tell into their envelope."""
    return {"success": True, "code": 0, "data": told}


ONE_WAY = enveloped(2)
FAIR = enveloped({"symbol": "ETH_USDT", "fairPrice": 1215.5, "timestamp": 1})
NOT_THERE = Rejected("unknown_order", "")


@needs_recordings
async def test_both_wallets_as_recorded() -> None:
    wallets = await MEXC.wallets(answering([]), "USDT")
    assert wallets.total == {"NBNTEST": 1111111, "MAIN": 1020000}
    assert (wallets.free["NBNTEST"], wallets.futures) == (1111078, D("0.03176562"))


@needs_recordings
async def test_the_futures_wallet_is_its_equity_without_what_it_has_gained() -> None:
    """FACTS 3: available and frozen lack the margin of positions, equity moves with the price."""
    wallets = await MEXC.wallets(
        answering([], assets=enveloped([EQUITY, {**EQUITY, "currency": "BTC", "equity": 1, "unrealized": 0}])), "USDT"
    )
    assert (wallets.futures, wallets.aside) == (3000, {"futures": {"BTC": 1}})


@needs_recordings
@pytest.mark.parametrize(
    "emptied",
    [
        {"account": {"canTrade": True, "balances": [], "permissions": []}},
        {"assets": enveloped([])},
        {"assets": {"success": True, "code": 0}},
    ],
)
async def test_a_wallet_that_has_lost_what_was_in_it_is_no_empty_one(emptied: dict[str, Any]) -> None:
    with pytest.raises(NoAnswer):
        await MEXC.wallets(answering([], **emptied), "USDT")
    empty = {"canTrade": True, "balances": [], "permissions": ["SPOT"]}
    assert (await MEXC.wallets(answering([], account=empty), "USDT")).total == {}, "one that holds nothing on spot says so"


@needs_recordings
async def test_a_position_as_recorded_is_told_at_its_fair_price() -> None:
    """In contracts; MEXC tells no mark of a position. Its isolated margin is seen."""
    (held,) = await MEXC.positions(answering([], position_mode=ONE_WAY, fair_price=FAIR))
    assert (held.market, held.qty, held.entry, held.mark) == ("ETH_USDT", 1, D("1217.3"), D("1215.5"))
    assert (held.leverage, held.liquidation, held.isolated) == (100, D("1211.2"), True)
    with pytest.raises(HedgeMode):
        await MEXC.positions(answering([]))  # as it was recorded
    with pytest.raises(NoAnswer):
        await MEXC.positions(answering([], position_mode=ONE_WAY))  # the fair price that was recorded is of another contract
    with pytest.raises(NoAnswer, match="margin put aside"):
        await MEXC.positions(answering([], position_mode=ONE_WAY, open_positions=enveloped([]), assets=enveloped([EQUITY])))
    assert await MEXC.positions(answering([], position_mode=ONE_WAY, open_positions=enveloped([]))) == []


@needs_recordings
async def test_orders_as_recorded() -> None:
    """A contract's order is known by its ``externalOid``, which ccxt does not read; a spot order by its client id."""
    oid = "_m_f95eb99b061d4eef8f64a04e9ac4dad3"
    order = recorded()["GET /api/v1/private/order/external/ETH_USDT/123"]
    closed = await MEXC.find(answering([], external=order), "ETH_USDT", oid, perp=True)
    assert closed is not None
    assert (closed.buys, closed.reduce_only, closed.qty, closed.filled, closed.status) == (True, True, 1, 1, OrderStatus.FILLED)
    assert (closed.limit, closed.exchange_id, closed.at_ms) == (D("1209.05"), "102015012431820288", 1609992674000)
    with pytest.raises(NoAnswer):
        await MEXC.find(answering([], external=order), "ETH_USDT", "another", perp=True)
    told = await MEXC.find(answering([]), "LTCBTC", "myOrder1", perp=False)
    assert told is not None
    assert (told.buys, told.qty, told.filled, told.limit, told.status) == (True, 1, 0, D("0.1"), OrderStatus.OPEN)
    with pytest.raises(NoAnswer):
        await MEXC.find(answering([], order=documented("fetch_order", "spot")), "BTCUSDT", "t-1", perp=False)
    assert await MEXC.find(answering([], order=NOT_THERE), "LTCBTC", "x", perp=False) is None
    assert await MEXC.find(answering([], external=NOT_THERE), "ETH_USDT", "x", perp=True) is None


@needs_recordings
@pytest.mark.parametrize(
    ("state", "filled", "kind", "expected"),
    [
        (2, 0, 1, (OrderStatus.OPEN, False)),
        (2, 1, 1, (OrderStatus.OPEN, False)),
        (4, 1, 3, (OrderStatus.CANCELED, False)),
        (4, 0, 2, (OrderStatus.CANCELED, True)),
        (5, 0, 2, (OrderStatus.REJECTED, True)),
        (5, 0, 1, (OrderStatus.REJECTED, False)),
    ],
)
async def test_the_states_of_a_contracts_order(state: int, filled: int, kind: int, expected: tuple[OrderStatus, bool]) -> None:
    row = recorded()["GET /api/v1/private/order/get/123"]["data"]
    told = {**row, "vol": 2, "dealVol": filled, "state": state, "orderType": kind, "externalOid": "t-1"}
    order = await MEXC.find(answering([], external=enveloped(told)), "ETH_USDT", "t-1", perp=True)
    assert order is not None
    assert ((order.status, order.would_take), order.filled) == (expected, filled)


@needs_recordings
async def test_trades_as_recorded() -> None:
    given: dict[str, Any] = {"wire_id": "x", "buys": True, "qty": D(1), "limit": D(1), "status": OrderStatus.OPEN, "filled": D(1)}
    contract = Told(market="ETH_USDT", exchange_id="102015012431820288", reduce_only=False, at_ms=None, **given)
    deals = recorded()["GET /api/v1/private/order/deal_details/123"]
    (fill,) = await MEXC.fills(answering([], deal_details=deals), contract, perp=True)
    assert (fill.price, fill.qty, fill.fee, fill.fee_asset) == (D("1208.35"), 1, D("0.0072501"), "USDT")
    spot = Told(market="BNBBTC", exchange_id="bb41e5663e124046bd9497a3f5692f39", reduce_only=False, at_ms=None, **given)
    (paid,) = await MEXC.fills(answering([]), spot, perp=False)
    assert (paid.price, paid.qty, paid.fee, paid.fee_asset) == (D("4.000001"), 12, D("10.1"), "BNB")
    assert await MEXC.traders(answering([]), "BNBBTC", 1, perp=False) == {"bb41e5663e124046bd9497a3f5692f39"}
    assert await MEXC.traders(answering([], order_deals=deals), "ETH_USDT", 1, perp=True) == {"102015012431820288"}


@needs_recordings
async def test_a_cancellation_as_recorded_is_read_inside_of_its_success() -> None:
    """Each code of the recorded list: there is none, it is over, it was cancelled. And a code that nobody knows is no end."""
    rows = recorded()["POST /api/v1/private/order/batch_cancel_with_external"]["data"]
    for row in rows[:2]:
        assert await MEXC.cancel(answering([], cancel_with_external=enveloped([row])), "ETH_USDT", "t-1", perp=True) is None
    ended = {**recorded()["GET /api/v1/private/order/get/123"]["data"], "externalOid": "t-1", "state": 4, "dealVol": 0}
    for answer in ([rows[2]], rows[2]):  # documented as a list, and seen as one object
        done = {"cancel_with_external": enveloped(answer)}
        told = await MEXC.cancel(answering([], **done, external=enveloped(ended)), "ETH_USDT", "t-1", perp=True)
        assert told is not None
        assert told.status is OrderStatus.CANCELED
        with pytest.raises(NotListed):
            await MEXC.cancel(answering([], **done, external=enveloped({**ended, "state": 2})), "ETH_USDT", "t-1", perp=True)
    for unknown in ([{"orderId": 1, "errorCode": 2099}], rows, []):
        with pytest.raises(NoAnswer):
            await MEXC.cancel(answering([], cancel_with_external=enveloped(unknown)), "ETH_USDT", "t-1", perp=True)
    gone = {**recorded()["GET /api/v3/order"], "status": "PARTIALLY_CANCELED", "executedQty": "0.4"}

    async def spot(call: Call) -> Any:
        return gone if call.verb == "GET" else documented("cancel_order", "spot")

    told = await MEXC.cancel(spot, "LTCBTC", "myOrder1", perp=False)
    assert told is not None
    assert (told.status, told.filled) == (OrderStatus.CANCELED, D("0.4"))


@needs_recordings
async def test_transfers_as_recorded() -> None:
    """FACTS: one that waits is under way, one that failed did not happen; a list that has lost rows is none."""
    sent: list[Call] = []
    assert await MEXC.transfer(answering(sent), "USDT", D("10.50"), to_futures=True) == "c45d800a47ba4cbc876a5cd29388319"
    assert dict(sent[0].params) == {"asset": "USDT", "amount": "10.5", "fromAccountType": "SPOT", "toAccountType": "FUTURES"}
    told = documented("fetch_transfers")
    (moved,) = await MEXC.transfers(answering([], transfer=told), "USDT", 1, 2, to_futures=False)
    assert (moved.exchange_id, moved.amount, moved.at_ms, moved.done) == ("cdf0d2a618b5458c965baefe6b1d0859", 1, 1759328309000, True)
    assert await MEXC.transfers(answering([], transfer=told), "USDT", 1, 2, to_futures=True) == []
    for status, expected in (("WAIT", [False]), ("FAILED", [])):
        row = {**told["rows"][0], "status": status}
        found = await MEXC.transfers(answering([], transfer=[{"rows": [row], "total": 1}]), "USDT", 1, 2, to_futures=False)
        assert [one.done for one in found] == expected
    with pytest.raises(NoAnswer):
        await MEXC.transfers(answering([], transfer={"rows": [], "total": 1}), "USDT", 1, 2, to_futures=False)


@needs_recordings
async def test_the_past_as_recorded() -> None:
    """Funding that was received is above 0: a long's, at a rate below it. Coins are named without their network."""
    past = Past(since_ms=1, until_ms=10**13, quote="USDT", spot=(), perps=("ETH_USDT",))
    deals = recorded()["GET /api/v1/private/order/deal_details/123"]
    deposit, withdrawal = documented("fetch_deposits"), documented("fetch_withdrawals")
    lines = await MEXC.history(answering([], order_deals=deals, deposit=deposit, withdraw=withdrawal), past)
    assert [(line.kind, line.coin, line.amount) for line in lines] == [
        (EntryKind.FUNDING, "USDT", D("0.0685308")),
        (EntryKind.FUNDING, "USDT", D("0.0837798")),
        (EntryKind.TRADE, "USDT", D("-0.0072501")),
        (EntryKind.DEPOSIT, "USDC", D(10)),
        (EntryKind.WITHDRAWAL, "USDC", D(-3)),
    ]
    assert (lines[2].market, lines[2].qty, lines[2].price) == ("ETH_USDT", 1, D("1208.35"))
    for category, kind in ((2, EntryKind.LIQUIDATION), (4, EntryKind.DELEVERAGED), (5, EntryKind.SETTLED)):
        forced = enveloped([{**deals["data"][0], "category": category}])
        found = await MEXC.history(answering([], order_deals=forced, deposit=[], withdraw=[], funding_records=enveloped([])), past)
        assert [line.kind for line in found] == [kind]


@needs_recordings
async def test_the_trades_of_a_market_are_read_page_by_page() -> None:
    row = recorded()["GET /api/v3/myTrades"][0]
    rows = [{**row, "id": str(number), "time": 10**12 + number} for number in range(250)]

    async def ask(call: Call) -> Any:
        if "myTrades" not in call.path:
            return enveloped([]) if call.api.startswith("contract") else []
        return [one for one in rows[::-1] if one["time"] <= call.params["endTime"]][:100]

    lines = await MEXC.history(ask, Past(since_ms=10**12, until_ms=10**12 + 1000, quote="BTC", spot=("BNBBTC",)))
    assert len({line.exchange_id for line in lines if line.coin == "BNB"}) == 250


def seen(call: str, args: list[Any], params: dict[str, Any] | None = None) -> tuple[str, str, dict[str, Any]]:
    """Return the last request of a call that ccxt was seen to make."""
    rows = json.loads((RECORDINGS / "requests_captured.json").read_text(encoding="utf-8"))["calls"]["mexc"]
    row = next(one for one in rows if (one["call"], one["args"], one.get("params") or {}) == (call, args, params or {}))
    request = row["requests"][-1]
    told = {**request["query"], **request["body"]}
    return request["method"], request["path"], {name: value for name, value in told.items() if name not in FLEETING}


FLEETING = {"timestamp", "recvWindow", "signature"}
SPOT_MADE = {"symbol": "BTCUSDT", "orderId": "C02__1", "orderListId": -1}


@needs_recordings
async def test_what_is_sent_equals_what_ccxt_sends_for_the_same() -> None:
    sent: list[Call] = []
    ask = answering(
        sent, order=SPOT_MADE, external=NOT_THERE, create=enveloped({"orderId": "1"}), open_positions=enveloped([]), position_mode=ONE_WAY
    )

    async def first(work: Any, which: int = 0) -> tuple[str, str, dict[str, Any]]:
        sent.clear()
        await work
        return sent[which].verb, path_of(sent[which]), dict(sent[which].params)

    def order(market: str, qty: str, **flags: bool) -> Any:
        flags = {"buys": True, "post_only": False, "immediate": False, "reduce_only": False, **flags}
        perp = "_" in market
        return MEXC.place(ask, WireOrder(market=market, perp=perp, wire_id="rb1700000001", qty=D(qty), limit=D(40000), **flags))

    ours = {"clientOrderId": "rb1700000001"}
    spot = ["BTC/USDT", "limit", "buy", 0.01, 40000]
    assert await first(order("BTCUSDT", "0.01")) == seen("create_order", spot, ours)
    assert await first(order("BTCUSDT", "0.01", post_only=True)) == seen("create_order", spot, {**ours, "postOnly": True})
    assert await first(order("BTCUSDT", "0.01", immediate=True)) == seen("create_order", spot, {**ours, "timeInForce": "IOC"})
    verb, path, told = seen("create_order", ["BTC/USDT:USDT", "limit", "buy", 100.0, 40000], {**ours, "postOnly": True})
    assert await first(order("BTC_USDT", "100", post_only=True)) == (verb, path, {**told, **BESIDES})
    # FACTS 2: an immediate order is type 3, which ccxt never sends; a reduction closes by its side
    taken = await first(order("BTC_USDT", "100", immediate=True))
    assert taken == (verb, path, {**told, **BESIDES, "type": 3})
    reduced = seen("create_order", ["BTC/USDT:USDT", "market", "sell", 100.0], {**ours, "reduceOnly": True})[2]["side"]
    assert (await first(order("BTC_USDT", "100", buys=False, reduce_only=True)))[2]["side"] == reduced == 4
    assert (await first(order("BTC_USDT", "100", reduce_only=True)))[2]["side"] == 2
    assert (await first(order("BTC_USDT", "100", buys=False)))[2]["side"] == 3
    leverage = seen("set_leverage", [3, "BTC/USDT:USDT"], {"openType": 2, "positionType": 1})
    assert await first(MEXC.set_leverage(ask, "BTC_USDT", D(3)), 1) == leverage
    assert await first(MEXC.wallets(ask, "USDT")) == seen("fetch_balance", [], {"type": "spot"})
    assert await first(MEXC.wallets(ask, "USDT"), 1) == seen("fetch_balance", [], {"type": "swap"})
    assert await first(MEXC.positions(ask)) == seen("fetch_position_mode", ["BTC/USDT:USDT"])
    assert await first(MEXC.positions(ask), 1) == seen("fetch_positions", [])
    verb, path, params = seen("cancel_order", ["1001", "BTC/USDT"])
    with pytest.raises(NoAnswer):
        await first(MEXC.cancel(ask, "BTCUSDT", "x", perp=False))
    assert (sent[0].verb, path_of(sent[0])) == (verb, path)
    assert {**sent[0].params, "orderId": "1001"} == {**params, "origClientOrderId": "x"}, "by our id in place of theirs"


@needs_recordings
async def test_leverage_is_set_for_the_position_that_there_is_and_never_with_a_margin_of_its_own() -> None:
    sent: list[Call] = []
    held = recorded()["GET /api/v1/private/position/open_positions"]["data"][0]
    await MEXC.set_leverage(answering(sent, open_positions=enveloped([{**held, "openType": 2}])), "ETH_USDT", D(3))
    assert [dict(call.params) for call in sent[1:]] == [{"leverage": 3, "positionId": 1394650}]
    with pytest.raises(AccountUnfit, match="isolated_margin"):
        await MEXC.set_leverage(answering([]), "ETH_USDT", D(3))


@needs_recordings
async def test_an_account_in_hedge_mode_is_not_to_be_used() -> None:
    with pytest.raises(HedgeMode):
        await MEXC.check(answering([]))
    await MEXC.check(answering([], position_mode=ONE_WAY))
    await MEXC.check(answering([]), futures=False)


@needs_recordings
def test_each_refusal_that_was_documented_means_what_it_says() -> None:
    """FACTS 7: a bad key and a foreign address come as ``BadRequest``, an order that is not there as whatever it likes."""
    cases = json.loads((RECORDINGS / "error_mapping.json").read_text(encoding="utf-8"))["cases"]["mexc"]
    meanings = {
        row["case"]: MEXC.meaning(Refusal(status=row["http"], code=code, text=words))
        for row in cases
        for code, words in [MEXC.refused(json.loads(row["body"]))]
    }
    money, key, slow = (Meaning.MONEY, ""), (Meaning.KEY, ""), (Meaning.LIMITED, "")
    assert meanings == {
        "insufficient (spot)": money,
        "insufficient balance (spot) 2": money,
        "insufficient (contract)": money,
        "bad key": key,
        "bad signature": key,
        "clock skew": (Meaning.NOT_SENT, "clock"),
        "ip whitelist": key,
        "no permission": key,
        "symbol not for api": (Meaning.REJECTED, "unknown_instrument"),
        "min amount": (Meaning.REJECTED, "below_minimum"),
        "oversold": money,
        "rate limit": slow,
        "contract rate limit": slow,
        "contract maintenance": (Meaning.UNSURE, ""),
    }


@pytest.mark.parametrize(
    ("code", "words", "expected"),
    [
        ("-2013", "Order does not exist.", (Meaning.REJECTED, "unknown_order")),
        ("-2011", "Unknown order sent.", (Meaning.REJECTED, "unknown_order")),
        ("2040", "order not exist", (Meaning.REJECTED, "unknown_order")),
        ("2009", "Position is not exists or closed.", (Meaning.REJECTED, "reduce_only")),
        ("513", "Invalid request", (Meaning.NOT_SENT, "clock")),
        ("30018", "suspended", (Meaning.KEY, "")),
        ("500", "Internal error", (Meaning.UNSURE, "")),
        ("501", "System busy", (Meaning.UNSURE, "")),
        ("603", "Repeated requests", (Meaning.UNSURE, "")),
        ("10200", "transfer operation processing", (Meaning.UNSURE, "")),
        ("987654", "what nobody knows", (Meaning.UNSURE, "")),
    ],
)
def test_a_code_means_what_it_says(code: str, words: str, expected: tuple[Meaning, str]) -> None:
    assert MEXC.meaning(Refusal(status=200, code=code, text=words)) == expected
    assert MEXC.meaning(Refusal(status=502, code=code, text=words)) == (Meaning.UNSURE, "")
    assert MEXC.meaning(Refusal(status=200, code=code, text="Under maintenance")) == (Meaning.UNSURE, "")


def test_an_answer_refuses_where_it_says_so_or_says_nothing_that_is_known() -> None:
    for answer in ({"success": False, "code": 0}, {"success": False}, {"code": "abc"}, {"code": 5}):
        assert MEXC.refused(answer)[0] is not None
    for answer in ({"success": True, "code": 0}, {"code": 200, "data": 1}, {"symbol": "X"}, {"success": True, "code": "0"}):
        assert MEXC.refused(answer)[0] is None


#: ccxt's codes that leave open what became of a request, or are of none that is made here: loans, addresses, sub-accounts, names of keys
OPEN = {"500", "501", "503", "504", "603", "604", "801", "11444", "10200", "10201", "10202", "20001", "20002", "730000", "730003"}
NOT_ASKED = {"10212", "10216", "10219", "10259", "10265", "10268", "22222", "88009", "140001", "730101"} | {
    *("730600", "730601", "730602", "730700", "730701", "730702", "730703", "730704", "730705", "730706", "730707"),
}


def test_every_code_that_ccxt_knows_is_in_the_table_or_leaves_open_what_became_of_it() -> None:
    known = exchange_class("mexc")({}).exceptions["exact"]
    assert len(known) > 100
    unsure = {code for code in known if MEXC.meaning(Refusal(status=200, code=code, text=""))[0] is Meaning.UNSURE}
    assert unsure == OPEN | NOT_ASKED

"""Recorded answers of BingX are read as what they say, and what we send equals what ccxt itself was seen to send."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.errors import AccountUnfit, HedgeMode, Rejected
from chatbot.exchanges.base import OrderStatus
from chatbot.exchanges.live.ccxt_errors import Meaning
from chatbot.exchanges.live.ccxt_loader import exchange_class
from chatbot.exchanges.live.private.bingx.speech import BingX
from chatbot.exchanges.live.private.dialect import NoAnswer, Past, Refusal, Told, WireOrder
from chatbot.model.flow import EntryKind
from tests.places import SHARED

if TYPE_CHECKING:
    from chatbot.exchanges.live.private.dialect import Ask, Call

RECORDINGS = SHARED / "exchanges"
needs_recordings = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings in ../shared/exchanges are absent")
BINGX, D = BingX(), Decimal
#: where a path of the recordings is found by ccxt's way to it
PREFIXES = {
    "spot/v1/private": "/openApi/spot/v1/",
    "swap/v1/private": "/openApi/swap/v1/",
    "swap/v2/private": "/openApi/swap/v2/",
    "swap/v3/private": "/openApi/swap/v3/",
    "api/v3/private": "/openApi/api/v3/",
    "api/asset/v1/private": "/openApi/api/asset/v1/",
    "swap/v2/public": "/openApi/swap/v2/",
}
NOW_MS = 1_702_800_000_000
TIME = {"code": 0, "msg": "", "data": {"serverTime": NOW_MS}}


@cache
def recorded() -> dict[str, Any]:
    """Return the recorded answers by verb and path, the last one of each."""
    rows = json.loads((RECORDINGS / "jkorf" / "bingx.json").read_text(encoding="utf-8"))["rest"]
    return {f"{row['http_method']} {row['path']}": row["response"] for row in rows}


@cache
def documented(method: str, endpoint: str) -> Any:
    """Return the answer that ccxt keeps of a method, by the endpoint it is of."""
    told = json.loads((RECORDINGS / "doc_payloads" / "bingx.json").read_text(encoding="utf-8"))["methods"][method]
    return next(one["json"] for one in told if endpoint in one["endpoints"])


def answering(sent: list[Call], **instead: Any) -> Ask:
    """Return what answers each call as it was recorded, but for the last words of paths that are named."""

    async def ask(call: Call) -> Any:
        sent.append(call)
        name = call.path.rpartition("/")[2]
        if name in instead:
            return instead[name]
        return TIME if name == "time" else recorded()[f"{call.verb} {PREFIXES[call.api]}{call.path}"]

    return ask


def with_data(answer: Any, **fields: Any) -> Any:
    """Return a recorded answer with other fields in its data, or in the first row of it."""
    data = answer["data"]
    changed = [{**data[0], **fields}, *data[1:]] if isinstance(data, list) else {**data, **fields}
    return {**answer, "data": changed}


@needs_recordings
async def test_both_wallets_as_recorded() -> None:
    """Of futures the balance counts, without unrealised profit (FACTS 3); the row of a coin that was never there holds empty texts."""
    wallets = await BINGX.wallets(answering([]), "USDT")
    assert wallets.total["USDT"] == D("566773.193402631") + D("244.18616265388994")
    assert (wallets.free["USDT"], "VST" in wallets.total) == (D("566773.193402631"), False)
    assert (wallets.futures, wallets.spare, wallets.aside) == (300, None, {"futures": {}})
    gained = documented("fetch_balance", "swapV3PrivateGetUserBalance")
    assert (await BINGX.wallets(ask_balance(gained), "USDT")).futures == D("194.8212"), "not 196.7431"
    with pytest.raises(NoAnswer):  # one empty text among numbers is no wallet of nothing
        await BINGX.wallets(ask_balance(with_data(gained, balance="")), "USDT")


def ask_balance(swap: Any) -> Ask:
    """Return what answers spot as recorded, and the wallet for contracts with this."""

    async def ask(call: Call) -> Any:
        return swap if call.path == "user/balance" else recorded()["GET /openApi/spot/v1/account/balance"]

    return ask


@needs_recordings
async def test_an_account_without_a_coin_is_no_answer() -> None:
    for empty in ({"code": 0, "data": {"balances": []}}, {"code": 0, "data": {}}, {"code": 0}, []):
        with pytest.raises(NoAnswer):
            await BINGX.wallets(answering([], balance=empty), "USDT")


@needs_recordings
async def test_a_position_as_documented() -> None:
    """An amount has no sign, its side tells; a liquidation price of 0 is none; without a mark, as in 2023, it is not known."""
    told = documented("fetch_positions", "swapV2PrivateGetUserPositions")
    (held,) = await BINGX.positions(answering([], positions=told))
    assert (held.market, held.qty, held.entry, held.mark) == ("LTC-USDT", D("0.1"), D("83.53"), D("73.14"))
    assert (held.leverage, held.liquidation, held.isolated) == (6, None, False)
    (short,) = await BINGX.positions(answering([], positions=with_data(told, positionSide="SHORT", isolated=True, liquidationPrice=294.16)))
    assert (short.qty, short.liquidation, short.isolated) == (D("-0.1"), D("294.16"), True)
    with pytest.raises(HedgeMode):
        await BINGX.positions(answering([], positions=with_data(told, onlyOnePosition=False)))
    for wrong in ({"markPrice": "NaN"}, {"positionAmt": "-0.1"}, {"positionSide": "BOTH"}, {"isolated": "no"}):
        with pytest.raises(NoAnswer):
            await BINGX.positions(answering([], positions=with_data(told, **wrong)))
    with pytest.raises(NoAnswer):
        await BINGX.positions(answering([]))


@needs_recordings
async def test_no_position_is_believed_where_no_margin_is_put_aside_for_one() -> None:
    none: dict[str, Any] = {"code": 0, "data": []}
    assert await BINGX.positions(answering([], positions=none)) == []
    with pytest.raises(NoAnswer, match="margin"):
        await BINGX.positions(answering([], positions=none, balance=documented("fetch_balance", "swapV3PrivateGetUserBalance")))


@needs_recordings
async def test_orders_as_recorded() -> None:
    """Spot may leave our id out, and never tells another one; ids come back in small letters."""
    told = await BINGX.find(answering([]), "BRG-USDT", "t7_B1", perp=False)
    assert told is not None
    assert (told.buys, told.qty, told.limit, told.status) == (True, 4038, D("0.0005027"), OrderStatus.OPEN)
    assert (told.exchange_id, told.at_ms, told.filled) == ("1735965009395131100", 1702721285567, 0)
    named = with_data(recorded()["GET /openApi/spot/v1/trade/query"], clientOrderID="t7_b1")
    assert await BINGX.find(answering([], query=named), "BRG-USDT", "T7_B1", perp=False) is not None
    with pytest.raises(NoAnswer):
        await BINGX.find(answering([], query=named), "BRG-USDT", "t7_b2", perp=False)
    contract = await BINGX.find(answering([]), "OP-USDT", "l*****e", perp=True)
    assert contract is not None
    assert (contract.buys, contract.qty, contract.limit, contract.status) == (False, 1, D("2.1710"), OrderStatus.OPEN)
    history = recorded()["GET /openApi/spot/v1/trade/historyOrders"]["data"]["orders"][0]
    half = await BINGX.find(answering([], query={"code": 0, "data": history}), "SWCH-USDT", "x", perp=False)
    assert half is not None
    assert (half.status, half.filled, half.qty) == (OrderStatus.CANCELED, D("1.1"), D("5.9"))
    for wrong in ({"status": "NOBODY_KNOWS"}, {"executedQty": "5000"}, {"status": "FILLED"}, {"side": "HOLD"}, {"price": None}):
        with pytest.raises(NoAnswer):
            await BINGX.find(
                answering([], query=with_data(recorded()["GET /openApi/spot/v1/trade/query"], **wrong)), "BRG-USDT", "x", perp=False
            )


@needs_recordings
async def test_an_order_of_a_contract_that_was_cancelled_is_told_as_it_was_before() -> None:
    """The recorded answer to the cancellation says PENDING: how it ended is looked up, and not listed so yet it is not known."""
    with pytest.raises(NoAnswer):
        await BINGX.cancel(answering([]), "OP-USDT", "l*****e", perp=True)
    ended = recorded()["GET /openApi/swap/v2/trade/order"]["data"]["order"] | {"status": "CANCELLED"}
    sent: list[Call] = []

    async def ask(call: Call) -> Any:
        sent.append(call)
        return recorded()["DELETE /openApi/swap/v2/trade/order"] if call.verb == "DELETE" else {"code": 0, "data": {"order": ended}}

    found = await BINGX.cancel(ask, "OP-USDT", "l*****e", perp=True)
    assert found is not None
    assert (found.status, [call.verb for call in sent]) == (OrderStatus.CANCELED, ["DELETE", "GET"])


ORDER = Told(
    market="BTC-USDT",
    wire_id="x",
    buys=True,
    qty=D(1),
    limit=D(1),
    status=OrderStatus.OPEN,
    filled=D(0),
    exchange_id="",
    reduce_only=False,
    at_ms=None,
)


@needs_recordings
async def test_trades_as_recorded() -> None:
    """A fee that was paid is below 0 there; trades of contracts have no id."""
    spot = await BINGX.fills(answering([]), replace(ORDER, exchange_id="1745362930595004400"), perp=False)
    assert [(one.qty, one.fee, one.fee_asset, one.exchange_id) for one in spot] == [
        (D("0.1430254"), D("0.000046483255"), "BTC", "36767057"),
        (D("0.0003844"), D("0.00000012493"), "BTC", "36767058"),
    ]
    (contract,) = await BINGX.fills(answering([]), replace(ORDER, exchange_id="1736007768311123456"), perp=True)
    assert (contract.price, contract.qty, contract.fee, contract.fee_asset) == (D("3.1088"), D("4.10"), D("0.0025"), "USDT")
    assert contract.exchange_id == ""


@needs_recordings
async def test_the_past_as_recorded() -> None:
    """Funding, transfers and a trade on spot; a trade of a contract whose order is not told is not known which way it went."""
    documented_transfers = documented("fetch_transfers", "apiV3PrivateGetAssetTransferRecord")
    row = documented_transfers["rows"][0] | {"fromAccount": "fund", "toAccount": "spot"}
    none: dict[str, Any] = {"code": 0, "data": {"fill_orders": []}}
    past = Past(since_ms=NOW_MS - 1000, until_ms=NOW_MS, quote="USDT", spot=["BTC-USDT"], perps=["WLD-USDT"])
    lines = await BINGX.history(answering([], transferRecord={"total": 1, "rows": [row]}, allFillOrders=none), past)
    told = {(one.kind, one.coin, one.amount) for one in lines}
    assert (EntryKind.FUNDING, "USDT", D("-0.0292")) in told
    assert (EntryKind.MOVED, "LTC", D("0.05")) in told
    assert (EntryKind.TRADE, "BTC", D("0.1430254") - D("0.000046483255")) in told
    assert (EntryKind.TRADE, "USDT", D("-6696.471396937")) in told
    with pytest.raises(NoAnswer, match="not told"):
        await BINGX.history(answering([], transferRecord={"total": 0}, forceOrders={"code": 0, "data": {"orders": []}}), past)


@needs_recordings
async def test_a_transfer_is_known_by_the_id_that_it_is_listed_under() -> None:
    """The answer of 2023 has the id of the booking alone, under which no list tells it: then it has to be found."""
    made = documented("transfer", "apiAssetV1PrivatePostTransfer")
    assert await BINGX.transfer(answering([], transfer=made), "USDT", D(5), to_futures=True) == "1051461075875997081703"
    with pytest.raises(NoAnswer):
        await BINGX.transfer(answering([]), "USDT", D(5), to_futures=True)
    listed = documented("fetch_transfers", "apiV3PrivateGetAssetTransferRecord")
    (moved,) = await BINGX.transfers(answering([], transferRecord=listed), "LTC", 0, NOW_MS, to_futures=True)
    assert (moved.exchange_id, moved.amount, moved.at_ms, moved.done) == ("1051461075661819338791", D("0.05"), 1752202092000, True)
    assert await BINGX.transfers(answering([], transferRecord=listed), "LTC", 0, NOW_MS, to_futures=False) == []


@needs_recordings
async def test_leverage_and_margin_as_recorded() -> None:
    sent: list[Call] = []
    await BINGX.set_leverage(answering(sent), "ETH-USDT", D(8))
    assert [call.path for call in sent] == ["trade/marginType", "trade/leverage"], "cross margin is set already"
    sent.clear()
    isolated = {"code": 0, "data": {"marginType": "ISOLATED"}}

    async def ask(call: Call) -> Any:
        sent.append(call)
        return isolated if call.verb == "GET" else recorded()[f"{call.verb} {PREFIXES[call.api]}{call.path}"]

    await BINGX.set_leverage(ask, "ETH-USDT", D(8))
    assert [call.verb for call in sent] == ["GET", "POST", "POST"]
    sent.clear()
    isolated = {"code": 0, "data": {"marginType": None}}
    with pytest.raises(NoAnswer):  # no word for either says nothing of what is held, and changes nothing
        await BINGX.set_leverage(ask, "ETH-USDT", D(8))
    assert [call.verb for call in sent] == ["GET"]
    with pytest.raises(NoAnswer):
        await BINGX.set_leverage(answering([]), "ETH-USDT", D(3))
    with pytest.raises(HedgeMode):
        await BINGX.check(answering([]))
    one_way = documented("fetch_position_mode", "swapV1PrivateGetPositionSideDual")
    with pytest.raises(AccountUnfit, match="multi_assets"):
        await BINGX.check(answering([], dual=one_way))
    await BINGX.check(answering([], dual=one_way, assetMode={"code": 0, "data": {"assetMode": "singleAssetMode"}}))
    with pytest.raises(NoAnswer):
        await BINGX.check(answering([], dual=one_way, assetMode={"code": 0, "data": {"assetMode": ""}}))


def seen(call: str, args: list[Any], params: dict[str, Any] | None = None) -> tuple[str, str, dict[str, Any]]:
    """Return the request of a call that ccxt was seen to make, without its time and signature."""
    rows = json.loads((RECORDINGS / "requests_captured.json").read_text(encoding="utf-8"))["calls"]["bingx"]
    row = next(one for one in rows if (one["call"], one["args"], one.get("params") or {}) == (call, args, params or {}))
    request = row["requests"][-1]
    return (
        request["method"],
        request["path"],
        {name: told for name, told in request["query"].items() if name not in ("timestamp", "signature")},
    )


@needs_recordings
async def test_what_is_sent_equals_what_ccxt_sends_for_the_same() -> None:
    """But for its window, which ccxt leaves to BingX: it is what bounds how late an order can arrive."""
    sent: list[Call] = []
    made = {"symbol": "BTC-USDT", "orderId": 1, "side": "BUY"}
    ask = answering(sent, order={"code": 0, "data": {"order": made}}, query={"code": 0, "data": made})

    async def first(work: Any) -> tuple[str, str, dict[str, Any]]:
        sent.clear()
        await work
        params = dict(sent[0].params)
        assert params.pop("recvWindow", None) == (5000 if sent[0].changes else None)
        return sent[0].verb, f"{PREFIXES[sent[0].api]}{sent[0].path}", params

    def order(perp: bool, *, post_only: bool = False, immediate: bool = False) -> Any:
        flags: dict[str, Any] = {"post_only": post_only, "immediate": immediate, "reduce_only": False}
        wire = WireOrder(market="BTC-USDT", perp=perp, wire_id="rb1700000001", buys=True, qty=D("0.01"), limit=D(40000), **flags)
        return BINGX.place(ask, wire)

    ours = {"clientOrderId": "rb1700000001"}
    spot, perp = ["BTC/USDT", "limit", "buy", 0.01, 40000], ["BTC/USDT:USDT", "limit", "buy", 0.01, 40000]
    assert await first(order(False)) == seen("create_order", spot, ours)
    assert await first(order(False, post_only=True)) == seen("create_order", spot, {**ours, "postOnly": True})
    assert await first(order(False, immediate=True)) == seen("create_order", spot, {**ours, "timeInForce": "IOC"})
    assert await first(order(True, post_only=True)) == seen("create_order", perp, {**ours, "postOnly": True})
    lever = {"code": 0, "data": {"leverage": 3, "marginType": "CROSSED"}}
    verb, path, params = await first(BINGX.set_leverage(answering(sent, leverage=lever), "BTC-USDT", D(3)))
    assert (verb, path) == ("GET", "/openApi/swap/v2/trade/marginType")
    assert {name: told for name, told in sent[1].params.items() if name != "recvWindow"} == {
        **seen("set_leverage", [3, "BTC/USDT:USDT"], {"side": "LONG"})[2],
        "side": "BOTH",
    }
    assert await first(BINGX.wallets(answering(sent), "USDT")) == seen("fetch_balance", [], {"type": "spot"})
    none: dict[str, Any] = {"code": 0, "data": []}
    assert await first(BINGX.positions(answering(sent, positions=none))) == seen("fetch_positions", [])
    for perp_, symbol, name in ((False, "BTC/USDT", "clientOrderID"), (True, "BTC/USDT:USDT", "clientOrderId")):
        for call in ("cancel_order", "fetch_order"):
            work = (BINGX.cancel if call == "cancel_order" else BINGX.find)(ask, "BTC-USDT", "x", perp=perp_)
            with pytest.raises(NoAnswer):
                await first(work)
            verb, path, params = seen(call, ["1001", symbol])
            assert (sent[0].verb, f"{PREFIXES[sent[0].api]}{sent[0].path}") == (verb, path)
            given = {key: told for key, told in sent[0].params.items() if key not in (name, "recvWindow")}
            assert given == {key: told for key, told in params.items() if key != "orderId"}, "by our id in place of theirs"
            assert sent[0].params[name] == "x"


async def test_an_order_that_is_not_there_is_none_and_nothing_else_is() -> None:
    async def refusing(call: Call) -> Any:
        raise Rejected("unknown_order" if call.path != "trade/order" else "bad_request", call.path)

    assert await BINGX.find(refusing, "BTC-USDT", "x", perp=False) is None
    with pytest.raises(Rejected):
        await BINGX.find(refusing, "BTC-USDT", "x", perp=True)


@pytest.mark.parametrize(
    ("code", "words", "expected"),
    [
        ("101204", "Insufficient margin", (Meaning.MONEY, "")),
        ("80012", '{"Code":101253,"Msg":"margin is not enough"}', (Meaning.MONEY, "")),
        ("80012", "Service Unavailable", (Meaning.UNSURE, "")),
        ("80012", "", (Meaning.UNSURE, "")),
        ("100202", "insufficient balance", (Meaning.MONEY, "")),
        ("100001", "signature verification failed", (Meaning.KEY, "")),
        ("100413", "Incorrect apiKey", (Meaning.KEY, "")),
        ("100004", "Permission denied as the API key was created without the permission", (Meaning.KEY, "")),
        ("100419", "your current request IP does not match IP whitelist", (Meaning.KEY, "")),
        ("100410", "The current system is busy, please try again later", (Meaning.UNSURE, "")),
        ("100410", "rate limited", (Meaning.LIMITED, "")),
        ("100421", "This pair is currently restricted from API trading", (Meaning.REJECTED, "halted")),
        ("100421", "Null timestamp or timestamp mismatch", (Meaning.NOT_SENT, "clock")),
        ("100421", "", (Meaning.UNSURE, "")),
        ("109400", "timestamp is invalid", (Meaning.NOT_SENT, "clock")),
        ("109400", "Invalid parameters, err:quantity: 0.00001", (Meaning.REJECTED, "bad_lot")),
        ("109400", "Invalid parameters, err:price", (Meaning.REJECTED, "bad_tick")),
        ("109400", "In the One-way mode, the 'PositionSide' field can only be set to BOTH.", (Meaning.REJECTED, "hedge_mode")),
        ("109400", "whatever it is", (Meaning.REJECTED, "bad_request")),
        ("101400", "The minimum order amount is 2 USDT", (Meaning.REJECTED, "below_minimum")),
        ("101400", "Insufficient margin", (Meaning.MONEY, "")),
        ("80016", "order does not exist", (Meaning.REJECTED, "unknown_order")),
        ("80001", "service has some errors, order not exist", (Meaning.REJECTED, "unknown_order")),
        ("80019", "The order is being processed.", (Meaning.UNSURE, "")),
        ("101481", "clientOrderID duplicate", (Meaning.REJECTED, "duplicate_id")),
        ("101215", "The Maker (Post Only) order", (Meaning.REJECTED, "would_take")),
        ("100500", "The current system is busy, please try again later", (Meaning.UNSURE, "")),
        ("transfer", "Insufficient assets", (Meaning.MONEY, "")),
        ("transfer", "illegal transferType", (Meaning.UNSURE, "")),
        ("987654", "what nobody knows", (Meaning.UNSURE, "")),
    ],
)
def test_a_code_means_what_it_says(code: str, words: str, expected: tuple[Meaning, str]) -> None:
    """FACTS 7: precision and time come as the same BadRequest, and one code is a lack of margin or of the whole service."""
    assert BINGX.meaning(Refusal(status=200, code=code, text=words)) == expected
    assert BINGX.meaning(Refusal(status=504, code=code, text=words)) == (Meaning.UNSURE, "")


def test_an_answer_refuses_by_its_code_or_by_the_words_of_a_transfer() -> None:
    assert BINGX.meaning(Refusal(status=401, code=None, text="")) == (Meaning.KEY, "")
    assert BINGX.refused({"transferErrorMsg": "Insufficient assets"}) == ("transfer", "Insufficient assets")
    answers: list[dict[str, Any]] = [{"code": 0}, {"code": "0"}, {"rows": []}, {"code": 80016}]
    assert [BINGX.refused(answer)[0] for answer in answers] == [None, None, None, "80016"]


def test_every_code_that_ccxt_knows_means_something_here() -> None:
    """Those that leave open what became of a request are written down by name."""
    known = [code for code in exchange_class("bingx")({}).exceptions["exact"] if code.isdigit() and len(code) > 3]
    open_ones = {code for code in known if BINGX.meaning(Refusal(status=200, code=code, text=""))[0] is Meaning.UNSURE}
    assert open_ones == {"100500", "100503", "109500", "110500", "80001", "80012", "100421", "100437"}

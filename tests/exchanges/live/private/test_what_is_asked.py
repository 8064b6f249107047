"""Every request of ours is one that ccxt was seen to make, or whose answer was recorded; and the recorded answers to them are read."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.errors import ExchangeError
from chatbot.exchanges.base import Direction, OrderStatus, SentTransfer
from chatbot.exchanges.live.key_doctor import examine
from chatbot.exchanges.live.private.dialect import Past, WireOrder
from chatbot.exchanges.live.private.opening import DIALECTS
from chatbot.exchanges.testserver.harshness import KIND
from chatbot.model import Credentials
from chatbot.model.flow import EntryKind
from tests.exchanges.live.private.test_on_the_test_exchange import order, room
from tests.places import SHARED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatbot.exchanges.live.private.dialect import Ask, Call
    from tests.exchanges.live.private.test_on_the_test_exchange import Room

RECORDINGS = SHARED / "exchanges"
pytestmark = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings in ../shared/exchanges are absent")
D = Decimal
#: what differs from run to run
FLEETING = {"timestamp", "recvWindow", "signature"}
#: requests of ours that were neither seen nor recorded: how they and their answers are known
ELSEWHERE: dict[str, dict[str, str]] = {
    "binance": {"GET /api/v3/depth": "ccxt's comments", "GET /fapi/v2/balance": "ccxt's comments"},
    "bybit": {"GET /v5/market/time": "ccxt's comments"},
    "bingx": {
        "GET /openApi/fund/v1/account/balance": "ccxt's comments",
        "GET /openApi/api/v3/asset/transferRecord": "ccxt's comments",
        "GET /openApi/swap/v2/server/time": "ccxt's comments",
    },
    "mexc": {
        "GET /api/v3/uid": "MEXC's pages",
        "GET /api/v1/contract/depth/*": "ccxt's comments",
        "GET /api/v1/private/order/list/order_deals": "ccxt's comments",
        "POST /api/v1/private/order/cancel_with_external": "MEXC's pages; what answers many at once was recorded",
    },
    "weex": {"POST /api/v3/account/bills": "ccxt's comments", "GET /api/v3/time": "ccxt's comments"},
}
#: fields of ours that were not seen in the same request: an order by our id in place of theirs, and what shortens an answer
BESIDES: dict[str, set[str]] = {
    "binance": {"origClientOrderId", "omitZeroBalances"},
    "bybit": {"orderLinkId", "openOnly"},
    "bingx": {"clientOrderID", "clientOrderId"},
    "mexc": {"origClientOrderId"},
    "weex": {"origClientOrderId"},
}


def shape(verb: str, path: str) -> str:
    """Return a request without the names of contracts and orders that stand in its path."""
    parts = ["*" if re.fullmatch(r"\d{2,}|[A-Z0-9]+_USDT|t-.*", part) else part for part in path.rstrip("/").split("/")]
    return f"{verb} {'/'.join(parts)}"


@cache
def seen(venue: str) -> dict[str, set[str]]:
    """Return the requests that ccxt was seen to make, and the names of their fields."""
    found: dict[str, set[str]] = {}
    for call in json.loads((RECORDINGS / "requests_captured.json").read_text(encoding="utf-8"))["calls"][venue]:
        for one in call["requests"]:
            found.setdefault(shape(one["method"], one["path"]), set()).update(one["query"], one["body"])
    return found


@cache
def recorded(venue: str) -> dict[str, Any]:
    """Return the recorded answers by verb and path, the last one of each."""
    rows = json.loads((RECORDINGS / "jkorf" / f"{venue}.json").read_text(encoding="utf-8"))["rest"]
    return {f"{row['http_method']} {row['path']}": row["response"] for row in rows}


async def everything(place: Room) -> None:
    """Ask whatever an account is ever asked."""
    account = place.account
    await account.ping()
    for name in ("BTC", "BTC-PERP"):
        ours = name.replace("-", "").lower()
        await account.place(order(name, f"{ours}1", limit="50000"))
        await account.place(order(name, f"{ours}2", limit="50000", post_only=True))
        await account.place(order(name, f"{ours}3", immediate=True))
        await account.find(name, f"{ours}1")
        await account.cancel(name, f"{ours}1")
        await account.find(name, "never")
        await account.depth(name)
        await account.traded(name, place.clock.now() - timedelta(minutes=1))
    await account.quotes(["BTC", "BTC-PERP"])
    await account.balances()
    await account.positions()
    place.theirs.isolated = {"ETH-PERP"}
    await account.set_leverage("ETH-PERP", D(3))
    place.journal["t"] = SentTransfer(direction=Direction.TO_FUTURES, amount=D(5), at=place.clock.now())
    with suppress(ExchangeError):  # that nobody but its person can make
        await account.transfer(Direction.TO_FUTURES, D(5), "t")
    await place.reopened().find_transfer("t")
    await account.history(place.clock.now() - timedelta(hours=1), ["BTC", "BTC-PERP"])
    key = Credentials(api_key="key", secret="secret", passphrase="passphrase")
    await examine(account.name, key, place.clock, {**place.server.options(), "timeout_on_exit": 0, "enableRateLimit": False})


@pytest.mark.long
@pytest.mark.parametrize("venue", DIALECTS)
async def test_each_request_was_seen_or_its_answer_recorded(venue: str) -> None:
    """Both ways: what is known from elsewhere is named, and no name outlives its request. Nothing is sent that was not seen to be."""
    async with room(venue, KIND) as place:
        await everything(place)
        log = place.server.log
    known = {*seen(venue), *(shape(*name.split(" ", 1)) for name in recorded(venue))}
    ours = {shape(one.method, one.path) for one in log}
    assert len(ours) >= 15
    assert ours - known == {*ELSEWHERE[venue]}
    besides = set()
    for one in log:
        names = {name for name in one.args if str(one.args[name]) not in one.path.split("/")} - FLEETING
        besides |= names - seen(venue).get(shape(one.method, one.path), names)
    assert besides == BESIDES[venue]


def answering(venue: str, **instead: Any) -> Ask:
    """Return what answers each call as it was recorded, but for the last words of paths that are named; a list is answered in turn."""
    told = {shape(*name.split(" ", 1)).replace("/openApi", ""): answer for name, answer in recorded(venue).items()}

    async def ask(call: Call) -> Any:
        name = call.path.rpartition("/")[2]
        if call.verb == "GET" and name in instead:
            return instead[name]
        api = {"bingx": f"/{call.api.removesuffix('/private').removesuffix('/public')}", "mexc": MEXC_PLACES.get(call.api, "")}
        return told[shape(call.verb, f"{api.get(venue, '')}/{call.path}")]

    return ask


#: where a path of MEXC's recordings is found by ccxt's way to it
MEXC_PLACES = {
    "spot/private": "/api/v3",
    "spot/public": "/api/v3",
    "contract/private": "/api/v1/private",
    "contract/public": "/api/v1/contract",
}
UNLISTED: dict[str, Any] = {"bingx": {"code": 0, "data": {}}, "mexc": {"success": True, "code": 0, "data": {}}, "weex": {}}


@pytest.mark.parametrize(
    ("venue", "market", "perp", "buys", "ours", "exchange_id"),
    [
        ("bingx", "BTC-USDT", True, True, "", "1735950529123455000"),
        ("bingx", "NEMS-USDT", False, False, "", "1735963671248581000"),
        ("mexc", "BTC_USDT", True, True, "", "739113577038255616"),
        ("mexc", "MXUSDT", False, True, "", "06a480e69e604477bfb48dddd5f0b750"),
        ("weex", "BTCUSDT", False, True, "my-spot-order-001", "702345678901234567"),
    ],
)
async def test_an_order_that_was_taken_as_recorded_is_open_under_its_number(
    venue: str, market: str, perp: bool, buys: bool, ours: str, exchange_id: str
) -> None:
    """None of the three says in it how much is filled: until it is listed it is open."""
    flags: dict[str, Any] = {"post_only": False, "immediate": False, "reduce_only": False}
    wish = WireOrder(market=market, perp=perp, wire_id=ours or "ours", buys=buys, qty=D(50), limit=D("0.1"), **flags)
    unlisted = dict.fromkeys(("order", "query", wish.wire_id), UNLISTED[venue])
    told = await DIALECTS[venue]().place(answering(venue, **unlisted), wish)
    assert (told.exchange_id, told.status, told.filled, told.wire_id) == (exchange_id, OrderStatus.OPEN, 0, wish.wire_id)


async def test_what_came_to_mexc_and_left_it_as_recorded() -> None:
    """And its time, its transfers (one that is told twice is one), and a cancellation on spot."""
    mexc, (deposit, withdrawal) = DIALECTS["mexc"](), (recorded("mexc")[f"GET /api/v3/capital/{name}"] for name in PASSED)
    assert await mexc.time_ms(answering("mexc")) == 1645539742000
    past = Past(since_ms=1, until_ms=10**13, quote="USDT")
    lines = await mexc.history(answering("mexc"), past)
    assert [(one.coin, one.amount) for one in of(lines, EntryKind.DEPOSIT)] == [(deposit[0]["coin"], D(50_000))]
    assert [(one.coin, one.amount) for one in of(lines, EntryKind.WITHDRAWAL)] == [(withdrawal[0]["coin"], D(-10))]
    moved = await mexc.transfers(answering("mexc"), "BTC", 1, 2, to_futures=True)
    assert {(one.exchange_id, one.amount, one.at_ms, one.done) for one in moved} == {("11945860693", D("0.1"), 1544433325000, True)}
    ended = recorded("mexc")["DELETE /api/v3/order"] | {"orderId": "4", "time": 1, "clientOrderId": "ours"}
    told = await mexc.cancel(answering("mexc", order=ended), "LTCBTC", "ours", perp=False)
    assert told is not None
    assert (told.status, told.filled, told.limit) == (OrderStatus.CANCELED, 0, 2)


PASSED = ("deposit/hisrec", "withdraw/history")


def of(lines: Iterable[Any], kind: EntryKind) -> list[Any]:
    """Return the lines of a kind."""
    return [one for one in lines if one.kind is kind]


async def test_a_liquidation_at_bingx_as_recorded_is_one() -> None:
    """Which way it went, and that nobody asked for it, is told by the order; how much by its trades."""
    (forced,) = recorded("bingx")["GET /openApi/swap/v2/trade/forceOrders"]["data"]["orders"]
    (trade,) = recorded("bingx")["GET /openApi/swap/v2/trade/allFillOrders"]["data"]["fill_orders"]
    trade |= {"orderId": str(forced["orderId"]), "symbol": forced["symbol"], "volume": forced["executedQty"], "price": forced["avgPrice"]}
    none: dict[str, Any] = {"code": 0, "data": []}
    answers = {"allFillOrders": {"code": 0, "data": {"fill_orders": [trade]}}, "allOrders": {"code": 0, "data": {"orders": []}}}
    past = Past(since_ms=1, until_ms=2, quote="USDT", perps=["ATOM-USDT"])
    lines = await DIALECTS["bingx"]().history(answering("bingx", income=none, transferRecord={"total": 0}, **answers), past)
    (line,) = [one for one in lines if one.market]
    assert line.kind in (EntryKind.LIQUIDATION, EntryKind.DELEVERAGED)
    assert (line.market, line.qty, line.price, line.perp) == ("ATOM-USDT", D("-2.36"), D("8.095"), True)

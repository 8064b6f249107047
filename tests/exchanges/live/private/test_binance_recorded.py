"""Recorded answers of Binance are read as what they say, and what we send equals what ccxt itself was seen to send."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.errors import HedgeMode
from chatbot.exchanges.base import OrderRequest, OrderStatus, Side
from chatbot.exchanges.live.private.binance.speech import Binance
from chatbot.exchanges.live.private.dialect import NoAnswer, Told
from tests.exchanges.live.private.wire import desk, spot_order
from tests.places import SHARED

if TYPE_CHECKING:
    from chatbot.exchanges.live.private.dialect import Ask, Call

RECORDINGS = SHARED / "exchanges"
needs_recordings = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings in ../shared/exchanges are absent")
pytestmark = needs_recordings
BINANCE = Binance()
#: what differs from one request to the next
VARIES = {"timestamp", "recvWindow", "signature", "newClientOrderId"}


@cache
def recorded() -> dict[str, Any]:
    """Return the recorded answers by verb and path."""
    rows = json.loads((RECORDINGS / "jkorf" / "binance.json").read_text(encoding="utf-8"))["rest"]
    return {f"{row['http_method']} {row['path']}": row["response"] for row in rows}


def documented(method: str, label: str) -> Any:
    """Return an answer out of ccxt's own comments."""
    methods = json.loads((RECORDINGS / "doc_payloads" / "binance.json").read_text(encoding="utf-8"))["methods"]
    return next(row["json"] for row in methods[method] if label in row["label"])


PLACES = {"fapiPrivate": "/fapi/v1", "fapiPrivateV3": "/fapi/v3", "private": "/api/v3", "sapi": "/sapi/v1", "public": "/api/v3"}


def answering(**instead: Any) -> Ask:
    """Return what answers each call as it was recorded, but for the last words of paths that are named."""

    async def ask(call: Call) -> Any:
        name = call.path.rpartition("/")[2]
        return instead[name] if name in instead else recorded()[f"{call.verb} {PLACES[call.api]}/{call.path}"]

    return ask


async def test_both_wallets_as_recorded() -> None:
    wallets = await BINANCE.wallets(answering(), "USDT")
    assert wallets.total == wallets.free == {"BTC": Decimal("4723846.89208129"), "LTC": Decimal("4763368.68006011")}
    assert wallets.futures == Decimal("23.72469206")
    assert (await BINANCE.wallets(answering(), "USDC")).futures == Decimal("103.12345678")
    assert (await BINANCE.wallets(answering(), "FDUSD")).futures == 0


async def test_positions_as_recorded() -> None:
    """The recording is of an account in hedge mode; made one-way, its long is read."""
    with pytest.raises(HedgeMode):
        await BINANCE.positions(answering())
    rows = [{**row, "positionSide": "BOTH"} for row in recorded()["GET /fapi/v3/positionRisk"]]
    (held,) = await BINANCE.positions(answering(positionRisk=rows))
    assert (held.market, held.qty, held.entry, held.leverage) == ("BTCUSDT", Decimal("0.001"), Decimal("22185.2"), 4)
    assert (held.mark, held.liquidation) == (Decimal("21123.05052574"), Decimal("19731.45529116"))


@pytest.mark.parametrize(
    ("perp", "market", "ours", "expected"),
    [
        (False, "LTCBTC", "myOrder1", (True, Decimal(1), Decimal("0.1"), OrderStatus.OPEN, 1499827319559)),
        (True, "BTCUSDT", "abc", (True, Decimal("0.40"), Decimal(0), OrderStatus.OPEN, 1579276756075)),
    ],
)
async def test_a_look_up_as_recorded(perp: bool, market: str, ours: str, expected: tuple[Any, ...]) -> None:
    told = await BINANCE.find(answering(), market, ours, perp=perp)
    assert told is not None
    assert (told.buys, told.qty, told.limit, told.status, told.at_ms) == expected
    with pytest.raises(NoAnswer):
        await BINANCE.find(answering(), market, "of-another", perp=perp)


async def test_cancellations_as_recorded() -> None:
    for perp, market in ((False, "LTCBTC"), (True, "BTCUSDT")):
        told = await BINANCE.cancel(answering(), market, "myOrder1", perp=perp)
        assert told is not None
        assert (told.wire_id, told.status, told.filled) == ("myOrder1", OrderStatus.CANCELED, 0)


def named(market: str, number: str) -> Told:
    """Return an order of which only market and number matter."""
    zero = Decimal(0)
    given: dict[str, Any] = {"buys": True, "qty": zero, "limit": zero, "status": OrderStatus.OPEN, "filled": zero}
    return Told(market=market, wire_id="x", exchange_id=number, reduce_only=False, at_ms=None, **given)


async def test_trades_as_recorded() -> None:
    """A fee is what was paid; the sample of futures shows one that was given back."""
    (spot,) = await BINANCE.fills(answering(), named("BNBBTC", "100234"), perp=False)
    assert (spot.price, spot.qty, spot.fee, spot.fee_asset) == (Decimal("4.00000100"), 12, Decimal("10.1"), "BNB")
    (perp,) = await BINANCE.fills(answering(), named("BTCUSDT", "25851813"), perp=True)
    assert (perp.price, perp.qty, perp.fee, perp.fee_asset) == (Decimal("7819.01"), Decimal("0.002"), Decimal("-0.07819010"), "USDT")
    assert not await BINANCE.fills(answering(), named("BNBBTC", "1"), perp=False)


async def test_transfers_as_recorded() -> None:
    moved = await BINANCE.transfers(answering(), "USDT", 0, 1, to_futures=True)
    assert [(one.exchange_id, one.amount, one.at_ms, one.done) for one in moved] == [
        ("11415955596", 1, 1544433328000, True),
        ("11366865406", 2, 1544433328000, True),
    ]
    assert await BINANCE.transfers(answering(), "USDT", 0, 1, to_futures=False) == []
    assert await BINANCE.transfer(answering(), "USDT", Decimal(1), to_futures=True) == "13526853623"


async def test_a_full_answer_to_an_order_is_read_with_its_fills() -> None:
    """As in ccxt's comments: filled in one trade, the fee in BNB."""
    full = documented("parse_order", '"newOrderRespType": "FULL"')
    room = desk()
    qty = sum(Decimal(fill["qty"]) for fill in full["fills"])
    room.wire.routes["POST /api/v3/order"] = lambda sent: {**spot_order(sent, status="FILLED", filled=str(qty)), "fills": full["fills"]}
    order = await room.account.place(
        OrderRequest(client_id="b1-0-1", instrument="BTC", side=Side.BUY, qty=qty, limit=Decimal(70000), immediate=True)
    )
    assert order.filled == qty
    assert order.fees == {full["fills"][0]["commissionAsset"]: sum(Decimal(fill["commission"]) for fill in full["fills"])}


@cache
def captured() -> list[dict[str, Any]]:
    """Return what ccxt was seen to send to Binance, one row a call."""
    rows: list[dict[str, Any]] = json.loads((RECORDINGS / "requests_captured.json").read_text(encoding="utf-8"))["calls"]["binance"]
    return rows


def seen(call: str, args: list[Any], params: dict[str, Any]) -> tuple[Any, ...]:
    """Return the last request of a captured call, without what varies."""
    wanted = params | ({"clientOrderId": "rb1700000001"} if call == "create_order" else {})
    row = next(one for one in captured() if (one["call"], one["args"], one.get("params") or {}) == (call, args, wanted))
    request = row["requests"][-1]
    return request["method"], request["host"], request["path"], bare({**request["query"], **request["body"]})


def bare(params: dict[str, str]) -> dict[str, str]:
    """Return parameters without time, signature and the id, which is our own."""
    return {name: value for name, value in params.items() if name not in VARIES}


async def test_what_is_sent_equals_what_ccxt_sends_for_the_same() -> None:
    room = desk()

    async def last(work: Any) -> tuple[Any, ...]:
        await work
        sent = room.wire.sent[-1]
        return sent.verb, sent.host, sent.path, bare(sent.params)

    def order(instrument: str, **flags: bool) -> Any:
        price, qty = Decimal(40000), Decimal("0.01")
        request = OrderRequest(client_id=f"b{len(room.wire.sent)}", instrument=instrument, side=Side.BUY, qty=qty, limit=price, **flags)
        return room.account.place(request)

    spot, perp = ["BTC/USDT", "limit", "buy", 0.01, 40000], ["BTC/USDT:USDT", "limit", "buy", 0.01, 40000]
    assert await last(order("BTC")) == seen("create_order", spot, {})
    assert await last(order("BTC", post_only=True)) == seen("create_order", spot, {"postOnly": True})
    assert await last(order("BTC", immediate=True)) == seen("create_order", spot, {"timeInForce": "IOC"})
    assert await last(order("BTC-PERP", post_only=True)) == seen("create_order", perp, {"postOnly": True})
    assert await last(room.account.set_leverage("BTC-PERP", Decimal(3))) == seen("set_leverage", [3, "BTC/USDT:USDT"], {})
    await room.account.ping()
    asked = room.wire.sent[-2]
    assert (asked.verb, asked.host, asked.path, bare(asked.params)) == seen("fetch_position_mode", ["BTC/USDT:USDT"], {})
    assert await last(room.account.balances()) == seen("fetch_balance", [], {"type": "swap"})
    assert room.wire.sent[-2].path == seen("fetch_balance", [], {"type": "spot"})[2]
    room.wire.routes["GET /fapi/v3/positionRisk"] = [recorded()["GET /fapi/v3/positionRisk"][0] | {"positionSide": "BOTH"}]
    assert await last(room.account.positions()) == seen("fetch_positions", [], {})

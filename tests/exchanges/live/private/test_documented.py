"""More recorded and documented answers than the first ones: settings, modes, orders and purses are read as what they say."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.exchanges.base import OrderStatus
from chatbot.exchanges.live import key_doctor
from chatbot.exchanges.live.private.binance.speech import Binance
from chatbot.exchanges.live.private.bybit.speech import Bybit, _fill
from chatbot.exchanges.live.private.dialect import NoAnswer, Past, WireOrder
from chatbot.model import KeyProblem
from tests.places import SHARED

if TYPE_CHECKING:
    from chatbot.exchanges.live.private.dialect import Ask, Call

RECORDINGS = SHARED / "exchanges"
pytestmark = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings in ../shared/exchanges are absent")
D = Decimal


@cache
def recorded(exchange: str) -> dict[str, Any]:
    """Return recorded answers by verb and path."""
    rows = json.loads((RECORDINGS / "jkorf" / f"{exchange}.json").read_text(encoding="utf-8"))["rest"]
    return {f"{row['http_method']} {row['path']}": row["response"] for row in rows}


def documented(exchange: str, method: str, label: str) -> Any:
    """Return an answer out of ccxt's own comments."""
    methods = json.loads((RECORDINGS / "doc_payloads" / f"{exchange}.json").read_text(encoding="utf-8"))["methods"]
    return next(row["json"] for row in methods[method] if label in row["label"])


def answering(*answers: Any) -> Ask:
    """Return what gives these answers, one a call."""
    left = list(answers)

    async def ask(_: Call) -> Any:
        return left.pop(0)

    return ask


async def test_settings_of_a_contract_as_recorded() -> None:
    """An answer that tells of another leverage than was asked for is none."""
    told = recorded("binance")
    settings = told["POST /fapi/v1/marginType"], told["POST /fapi/v1/leverage"]
    await Binance().set_leverage(answering(*settings), "BTCUSDT", D(21))
    with pytest.raises(NoAnswer):
        await Binance().set_leverage(answering(*settings), "BTCUSDT", D(3))
    await Bybit().set_leverage(answering(recorded("bybit")["POST /v5/position/set-leverage"]), "BTCUSDT", D(3))
    assert await Binance().time_ms(answering(told["GET /api/v3/time"])) == 1499827319559


@pytest.mark.parametrize(
    ("label", "ours", "expected"),
    [
        ("createOrder, fetchOpenOrders, fetchOrder, cancelOr", "x-xcKtGhcu02573c6f15e544e990057b", (D("0.010"), D("35000.00"))),
        ("fetchOpenOrder: linear swap", "x-xcKtGhcufb20c5a7761a4aa09aa156", (D("0.010"), D("33000.00"))),
    ],
    ids=["created", "open"],
)
async def test_orders_of_binance_as_documented(label: str, ours: str, expected: tuple[Decimal, Decimal]) -> None:
    told = await Binance().find(answering(documented("binance", "parse_order", label)), "BTCUSDT", ours, perp=True)
    assert told is not None
    assert (told.qty, told.limit, told.status, told.filled, told.buys) == (*expected, OrderStatus.OPEN, 0, True)


async def test_a_futures_wallet_with_nothing_but_coins_for_fees_as_documented() -> None:
    spot = {"balances": [{"asset": "BTC", "free": "0.5", "locked": "0"}]}
    wallets = await Binance().wallets(answering(spot, documented("binance", "fetch_balance", "fapiPrivateV3GetAccount")), "USDT")
    assert (wallets.futures, wallets.aside["futures"], wallets.total) == (0, {"BNB": D("0.01")}, {"BTC": D("0.5")})


async def test_orders_of_bybit_as_documented() -> None:
    """A plain answer to an order is an id; one that ended without a fill, out of the history; a cancellation that is not listed yet."""
    made = recorded("bybit")["POST /v5/order/create"]
    empty = {"retCode": 0, "result": {"list": []}}
    flags: dict[str, Any] = {"perp": False, "post_only": True, "immediate": False, "reduce_only": False}
    wish = WireOrder(market="ETHUSDT", wire_id="spot-test-postonly", buys=True, qty=D("0.5"), limit=D(1000), **flags)
    taken = await Bybit().place(answering(made, empty, empty, empty), wish)
    assert (taken.exchange_id, taken.status, taken.filled) == ("1321003749386327552", OrderStatus.OPEN, 0)
    ended = await Bybit().find(answering(empty, empty, documented("bybit", "fetch_order", "")), "ETHUSDT", "1672217748277652", perp=False)
    assert ended is not None
    assert (ended.status, ended.qty, ended.limit, ended.filled) == (OrderStatus.CANCELED, D("0.5"), 1000, 0)
    with pytest.raises(NoAnswer):
        await Bybit().cancel(answering(recorded("bybit")["POST /v5/order/cancel"], empty, empty, empty), "ETHUSDT", "linear-004", perp=True)


@pytest.mark.parametrize(("category", "qty", "price"), [("spot", "-88", "0.3615"), ("linear", "88", "0.3615")])
async def test_a_sale_in_the_log_of_bybit_is_one_whatever_sign_its_quantity_has(category: str, qty: str, price: str) -> None:
    """Its documentation: on spot the quantity is below 0 where the coin became less, of a contract it has no direction."""
    answer = documented("bybit", "fetch_ledger", "v5 transaction log")
    row = next(row for row in answer["result"]["list"] if row["type"] == "TRADE")
    told = {**row, "category": category, "side": "Sell", "qty": qty, "currency": "XRP" if category == "spot" else "USDT"}
    log = {**answer, "result": {"nextPageCursor": "", "list": [told]}}
    at = int(row["transactionTime"])
    (line,) = await Bybit().history(answering(log), Past(since_ms=at, until_ms=at, quote="USDT"))
    assert (line.qty, line.price, line.market) == (-88, D(price), "XRPUSDT")


async def test_a_position_of_a_unified_account_as_documented() -> None:
    row = documented("bybit", "parse_position", "unified account")
    (held,) = await Bybit().positions(answering({"retCode": 0, "result": {"list": [row]}}))
    assert (held.market, held.qty, held.entry, held.mark) == ("XRPUSDT", 100, D("0.3615"), D("0.3432"))
    assert (held.leverage, held.liquidation, held.isolated) == (10, D("0.0001"), False)


async def test_a_purse_as_documented_before_it_told_what_is_locked() -> None:
    """What every true answer has today is missing: nothing is guessed."""
    with pytest.raises(NoAnswer, match="locked"):
        await Bybit().wallets(answering(documented("bybit", "fetch_balance", "spot & swap")), "USDT")


@pytest.mark.parametrize(
    ("market", "perp", "side", "coin"),
    [
        ("QNTUSDT", False, "Sell", "USDT"),
        ("QNTUSDT", False, "Buy", "QNT"),
        ("BTCUSDT", True, "Buy", "USDT"),
        ("BTCPERP", True, "Buy", "USDC"),
    ],
)
def test_a_fee_without_a_coin_is_in_the_one_that_pays_it(market: str, perp: bool, side: str, coin: str) -> None:
    """Contracts name none, and neither did spot in the documented answer."""
    row = {**documented("bybit", "parse_trade", "private trades classic spot"), "side": side}
    fill = _fill(row, market, perp=perp)
    assert (fill.price, fill.qty, fill.fee, fill.fee_asset) == (D("98.6"), D("0.415"), D("0.040919"), coin)
    assert _fill({**row, "feeCurrency": "BIT"}, market, perp=perp).fee_asset == "BIT"


class Line:
    """Answers the key doctor as it was recorded."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers

    async def ask(self, call: str, **_: object) -> Any:
        """Return an answer by ccxt's name of the call."""
        return self.answers[call]


async def test_modes_of_accounts_as_recorded() -> None:
    """Binance's is in multi-assets mode, Bybit's in regular margin; what is not told is no problem."""
    told = recorded("binance")
    line: Any = Line(
        fapiPrivateV3GetPositionRisk=told["GET /fapi/v3/positionRisk"],
        fapiPrivateGetMultiAssetsMargin=told["GET /fapi/v1/multiAssetsMargin"],
        sapi_get_account_info=told["GET /sapi/v1/account/info"],
    )
    assert await key_doctor._binance_modes(line) == (KeyProblem.MULTI_ASSETS,)
    assert await key_doctor._binance_modes(Line()) == ()  # type: ignore[arg-type]
    coins = recorded("bybit")["GET /v5/account/wallet-balance"]["result"]["list"][0]["coin"]
    line = Line(private_get_v5_account_info=recorded("bybit")["GET /v5/account/info"])
    assert await key_doctor._bybit_modes(line, coins) == ()
    owing = [{**coins[0], "borrowAmount": "1.06333265702840778"}]
    assert await key_doctor._bybit_modes(Line(), owing) == (KeyProblem.BORROWED,)  # type: ignore[arg-type]

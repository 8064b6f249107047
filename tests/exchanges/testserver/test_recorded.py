"""The test exchange beside what was recorded: the requests that ccxt sends to it, its addresses, the shapes of what it answers."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from chatbot.exchanges.live.ccxt_loader import exchange_class
from chatbot.exchanges.testserver.dialects.binance.speech import BINANCE
from chatbot.exchanges.testserver.dialects.bingx.speech import BINGX
from chatbot.exchanges.testserver.dialects.bybit.speech import BYBIT
from chatbot.exchanges.testserver.dialects.mexc.speech import MEXC
from chatbot.exchanges.testserver.dialects.weex.speech import WEEX
from chatbot.exchanges.testserver.ledger import Wallet
from tests.exchanges.testserver.desk import PERP, SPOT, Desk, errors
from tests.places import SHARED

RECORDED = SHARED / "exchanges"
needs_recordings = pytest.mark.skipif(not RECORDED.is_dir(), reason="the recordings in ../shared/exchanges are absent")
#: what differs from run to run
FLEETING = {"timestamp", "recvWindow", "signature"}


def sent(request: Any) -> dict[str, Any]:
    """Return a request without what differs from run to run; ccxt's own ids start with its broker's."""
    return {
        "method": request["method"],
        "host": request["host"],
        "path": request["path"].rstrip("/"),
        "args": {
            name: "…" if str(value).startswith(("x-", "b-WEEX")) else value if isinstance(value, str) else json.dumps(value)
            for name, value in {**request["query"], **request["body"]}.items()
            if name not in FLEETING and value not in request["path"].split("/")  # which the server reads out of the path
        },
    }


#: calls that the golden requests make although they end in a refusal: an order that is not there, a mode that is set already
REFUSED = {
    "create_order",
    "create_market_buy_order_with_cost",
    "cancel_order",
    "fetch_order",
    "fetch_position_mode",
    "set_leverage",
    "set_margin_mode",
    "set_position_mode",
}


@needs_recordings
@pytest.mark.parametrize("dialect", [BINANCE, BYBIT, BINGX, MEXC, WEEX], ids=lambda dialect: dialect.name)
async def test_ccxt_sends_what_it_was_seen_to_send(dialect: Any) -> None:
    """Every call of the golden requests reaches a path that the exchange knows, word for word."""
    golden = json.loads((RECORDED / "requests_captured.json").read_text())["calls"][dialect.name]
    compared = 0
    async with Desk(bare=True, dialect=dialect) as desk:
        desk.venue.move("BTC", Decimal("42283.58"))
        for call in golden[1:]:  # the first loads all markets, which our connection does in its own way
            if not call["requests"]:
                continue  # what ccxt stumbles over itself asks for nothing
            desk.server.log.clear()
            desk.account.orders.clear()  # they are all called by one id
            given = {"limit": call["limit"]} if "limit" in call else {}
            try:
                await getattr(desk.ccxt, call["call"])(*call["args"], **given, params=call.get("params") or {})
            except errors.BaseError:
                assert call["call"] in REFUSED or "error" in call, call
            came = [
                sent({"method": one.method, "host": one.host, "path": one.path, "query": {}, "body": one.args}) for one in desk.server.log
            ]
            for request in call["requests"]:
                assert sent(request) in came, (call["call"], request, came)
                compared += 1
            desk.clock.advance(1)
        assert not desk.server.unknown
    assert compared > 30


@pytest.mark.parametrize("dialect", [BINANCE, BYBIT, MEXC, WEEX], ids=lambda dialect: dialect.name)
def test_every_address_is_replaced_and_none_is_invented(dialect: Any) -> None:
    """Ccxt's own addresses of the venue, under ccxt's own names: each is sent to us with its host and its path."""
    known = exchange_class(dialect.name)().urls
    for kind, addresses in dialect.options("http://127.0.0.1:9")["urls"].items():
        assert addresses == _moved(known[kind]), kind


def _moved(urls: Any) -> Any:
    """Return ccxt's addresses, or a tree of them, with their hosts behind ours."""
    if isinstance(urls, dict):
        return {name: _moved(url) for name, url in urls.items()}
    return urls.replace("{hostname}", "bybit.com").replace("https:/", "http://127.0.0.1:9")


def recorded(name: str) -> dict[str, list[Any]]:
    """Return every answer that tests of another client recorded, by verb and path."""
    found: dict[str, list[Any]] = {}
    for one in json.loads((RECORDED / "jkorf" / f"{name}.json").read_text())["rest"]:
        found.setdefault(f"{one['http_method']} {one['path']}", []).append(one["response"])
    return found


def kinds(row: Any) -> dict[str, str]:
    """Return the kind of every field of an answer, or of all its rows together; rows inside it by their own names."""
    rows = row if isinstance(row, list) else [row]
    found: dict[str, str] = {}
    for one in rows:
        for name, value in one.items() if isinstance(one, dict) else ():
            inner = isinstance(value, list) and value and isinstance(value[0], dict)
            found.update({f"{name}.{key}": kind for key, kind in kinds(value).items()} if inner else {name: _kind(value)})
    return found


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "flag"
    return "number" if isinstance(value, int | float) else type(value).__name__


#: a call of ccxt, and the path that it ends at
ANSWERS = {
    "privateGetAccount": ({}, "GET /api/v3/account"),
    "privatePostOrder": (
        {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01", "newOrderRespType": "FULL"},
        "POST /api/v3/order",
    ),
    "privateGetOpenOrders": ({"symbol": "BTCUSDT"}, "GET /api/v3/openOrders"),
    "privateGetMyTrades": ({"symbol": "BTCUSDT"}, "GET /api/v3/myTrades"),
    "sapiGetAssetTransfer": ({"type": "MAIN_UMFUTURE"}, "GET /sapi/v1/asset/transfer"),
    "sapiGetAccountApiRestrictions": ({}, "GET /sapi/v1/account/apiRestrictions"),
    "sapiGetSimpleEarnFlexiblePosition": ({}, "GET /sapi/v1/simple-earn/flexible/position"),
    "sapiGetAssetTradeFee": ({}, "GET /sapi/v1/asset/tradeFee"),
    "sapiGetBnbBurn": ({}, "GET /sapi/v1/bnbBurn"),
    "fapiPrivateV3GetAccount": ({}, "GET /fapi/v3/account"),
    "fapiPrivateV3GetBalance": ({}, "GET /fapi/v3/balance"),
    "fapiPrivateV3GetPositionRisk": ({}, "GET /fapi/v3/positionRisk"),
    "fapiPrivateGetIncome": ({}, "GET /fapi/v1/income"),
    "fapiPrivateGetUserTrades": ({"symbol": "BTCUSDT"}, "GET /fapi/v1/userTrades"),
    "fapiPrivateGetOpenOrders": ({"symbol": "BTCUSDT"}, "GET /fapi/v1/order"),
    "fapiPrivateGetAccountConfig": ({}, "GET /fapi/v1/accountConfig"),
    "fapiPrivateGetSymbolConfig": ({}, "GET /fapi/v1/symbolConfig"),
    "fapiPrivateGetCommissionRate": ({"symbol": "BTCUSDT"}, "GET /fapi/v1/commissionRate"),
    "fapiPublicGetPremiumIndex": ({"symbol": "BTCUSDT"}, "GET /fapi/v1/premiumIndex"),
    "fapiPublicGetFundingInfo": ({}, "GET /fapi/v1/fundingInfo"),
}
#: fields that ccxt's comments have, or other calls, and that nobody recorded at these
NEWER = {
    "POST /api/v3/order": {"origQuoteOrderQty"},
    "GET /sapi/v1/account/apiRestrictions": {"enableFixApiTrade", "enableFixReadOnly"},
    "GET /fapi/v3/account": {"assets.marginAvailable"},
    "GET /fapi/v3/positionRisk": {
        "marginAsset",
        "initialMargin",
        "maintMargin",
        "positionInitialMargin",
        "openOrderInitialMargin",
        "adl",
        "bidNotional",
        "askNotional",
        "unrealizedProfit",
    },
    "GET /fapi/v1/income": {"tradeId"},  # a text or a number
    "GET /fapi/v1/order": {"cumQty"},
}


@needs_recordings
async def test_answers_have_the_shapes_that_were_recorded() -> None:
    """Every field that we tell was recorded, and is of the recorded kind: nothing is invented, no number is text or the reverse."""
    answers = recorded("binance")
    async with Desk(bare=True) as desk:
        desk.venue.deposit(desk.account, "USDT", Decimal(7), Wallet.EARN)
        await desk.ccxt.transfer("USDT", 5, "spot", "linear")
        await desk.order(PERP, "buy", 0.01, 61_000)
        await desk.order(PERP, "buy", 0.01, 50_000)
        await desk.order(SPOT, "buy", 0.01, 50_000)
        desk.ccxt.parse_json = json.loads  # ccxt reads numbers as text
        for name, (params, path) in ANSWERS.items():
            told, known = kinds(await getattr(desk.ccxt, name)(params)), {}
            for answer in answers[path]:
                known |= kinds(answer)
            assert told, name
            assert {field for field, kind in told.items() if known.get(field) != kind} <= NEWER.get(path, set()), name


#: the same of Bybit
BYBIT_ANSWERS = {
    "privateGetV5AccountWalletBalance": ({"accountType": "UNIFIED"}, "GET /v5/account/wallet-balance"),
    "privateGetV5PositionList": ({"category": "linear", "symbol": "BTCUSDT"}, "GET /v5/position/list"),
    "privateGetV5OrderRealtime": ({"category": "linear", "symbol": "BTCUSDT"}, "GET /v5/order/realtime"),
    "privateGetV5OrderHistory": ({"category": "linear", "symbol": "BTCUSDT"}, "GET /v5/order/history"),
    "privateGetV5ExecutionList": ({"category": "linear", "symbol": "BTCUSDT"}, "GET /v5/execution/list"),
    "privatePostV5OrderCreate": (
        {"category": "spot", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": "100"},
        "POST /v5/order/create",
    ),
    "privateGetV5UserQueryApi": ({}, "GET /v5/user/query-api"),
    "privateGetV5AccountInfo": ({}, "GET /v5/account/info"),
    "privateGetV5AccountFeeRate": ({"category": "linear", "symbol": "BTCUSDT"}, "GET /v5/account/fee-rate"),
    "publicGetV5MarketTickers": ({"category": "spot", "symbol": "BTCUSDT"}, "GET /v5/market/tickers"),
    "publicGetV5MarketInstrumentsInfo": ({"category": "linear", "symbol": "BTCUSDT"}, "GET /v5/market/instruments-info"),
    "publicGetV5MarketFundingHistory": ({"category": "linear", "symbol": "BTCUSDT"}, "GET /v5/market/funding/history"),
    "publicGetV5MarketOrderbook": ({"category": "linear", "symbol": "BTCUSDT"}, "GET /v5/market/orderbook"),
}


@needs_recordings
async def test_answers_of_bybit_have_the_shapes_that_were_recorded() -> None:
    answers = recorded("bybit")
    async with Desk(dialect=BYBIT, bare=True) as desk:
        await desk.order(PERP, "buy", 0.01, 61_000)
        await desk.order(PERP, "buy", 0.01, 50_000)
        desk.ccxt.parse_json = json.loads
        for name, (params, path) in BYBIT_ANSWERS.items():
            told, known = await getattr(desk.ccxt, name)(params), {}
            for answer in answers[path]:
                known |= kinds(answer["result"])
            wrong = {field for field, kind in kinds(told["result"]).items() if known.get(field) != kind}
            assert wrong <= {"nextPageCursor"}, name  # which some lists have and some have not


#: the same of WEEX
WEEX_ANSWERS = {
    "privateGetApiV3Account": ({}, "GET /api/v3/account/"),
    "privatePostApiV3Order": (
        {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01", "newClientOrderId": "a"},
        "POST /api/v3/order",
    ),
    "privateGetApiV3Order": ({"origClientOrderId": "a"}, "GET /api/v3/order"),
    "privateGetApiV3AllOrders": ({"symbol": "BTCUSDT"}, "GET /api/v3/allOrders"),
    "privateGetApiV3MyTrades": ({"symbol": "BTCUSDT"}, "GET /api/v3/myTrades"),
    "privateGetApiV3AccountTransferRecords": ({}, "GET /api/v3/account/transferRecords"),
    "privatePostApiV3AccountBills": ({}, "POST /api/v3/account/fundingBills"),
    "contractPrivateGetCapiV3AccountBalance": ({}, "GET /capi/v3/account/balance"),
    "contractPrivateGetCapiV3AccountPositionAllPosition": ({}, "GET /capi/v3/account/position/allPosition"),
    "contractPrivateGetCapiV3AccountSymbolConfig": ({}, "GET /capi/v3/account/symbolConfig"),
    "contractPrivateGetCapiV3AccountAccountConfig": ({}, "GET /capi/v3/account/accountConfig"),
    "contractPrivateGetCapiV3AccountCommissionRate": ({"symbol": "BTCUSDT"}, "GET /capi/v3/account/commissionRate"),
    "contractPrivatePostCapiV3AccountLeverage": ({"symbol": "BTCUSDT", "crossLeverage": 3}, "POST /capi/v3/account/leverage"),
    "contractPrivatePostCapiV3AccountMarginType": (
        {"symbol": "BTCUSDT", "marginType": "CROSSED"},
        "POST /capi/v3/account/marginType",
    ),
    "contractPrivatePostCapiV3AccountIncome": ({}, "POST /capi/v3/account/income"),
    "contractPrivateGetCapiV3OpenOrders": ({}, "GET /capi/v3/openOrders"),
    "contractPrivateGetCapiV3UserTrades": ({"symbol": "BTCUSDT"}, "GET /capi/v3/userTrades"),
    "contractGetCapiV3MarketPremiumIndex": ({}, "GET /capi/v3/market/premiumIndex"),
    "contractGetCapiV3MarketTicker24hr": ({}, "GET /capi/v3/market/ticker/24hr"),
    "contractGetCapiV3MarketFundingRate": ({"symbol": "BTCUSDT"}, "GET /capi/v3/market/fundingRate"),
    "publicGetApiV3MarketTicker24hr": ({}, "GET /api/v3/market/ticker/24hr"),
    "publicGetApiV3MarketTickerBookTicker": ({}, "GET /api/v3/market/ticker/bookTicker"),
}
#: fields that stand in ccxt's comments alone, of bills whose like was recorded of another wallet
WEEX_NEWER = {
    "POST /api/v3/account/fundingBills": {"fillSize", "fillValue"},
    "POST /capi/v3/account/income": {"symbol"},  # none of a transfer
}


@needs_recordings
async def test_answers_of_weex_have_the_shapes_that_were_recorded() -> None:
    answers = recorded("weex")
    async with Desk(dialect=WEEX, bare=True) as desk:
        desk.venue.transfer(desk.account, Wallet.SPOT, Wallet.FUTURES, "USDT", Decimal(5))
        await desk.order(PERP, "buy", 0.01, 61_000)
        await desk.order(PERP, "buy", 0.01, 50_000)
        desk.ccxt.parse_json = json.loads
        for name, (params, path) in WEEX_ANSWERS.items():
            told, known = await getattr(desk.ccxt, name)(params), {}
            for answer in answers[path]:
                known |= kinds(answer.get("items", answer) if isinstance(answer, dict) else answer)
            told = told.get("items", told) if isinstance(told, dict) else told
            wrong = {field for field, kind in kinds(told).items() if known.get(field) != kind}
            assert wrong <= WEEX_NEWER.get(path, set()), (name, wrong)


#: of BingX, by the call that ccxt makes
BINGX_ANSWERS: dict[str, tuple[dict[str, Any], str]] = {
    "spotV1PrivateGetAccountBalance": ({}, "GET /openApi/spot/v1/account/balance"),
    "spotV1PrivateGetTradeOpenOrders": ({"symbol": "BTC-USDT"}, "GET /openApi/spot/v1/trade/openOrders"),
    "spotV1PrivateGetTradeHistoryOrders": ({"symbol": "BTC-USDT"}, "GET /openApi/spot/v1/trade/historyOrders"),
    "spotV1PrivateGetTradeMyTrades": ({"symbol": "BTC-USDT"}, "GET /openApi/spot/v1/trade/myTrades"),
    "swapV3PrivateGetUserBalance": ({}, "GET /openApi/swap/v3/user/balance"),
    "swapV2PrivateGetUserPositions": ({}, "GET /openApi/swap/v2/user/positions"),
    "swapV2PrivateGetUserIncome": ({}, "GET /openApi/swap/v2/user/income"),
    "swapV2PrivateGetTradeOpenOrders": ({"symbol": "BTC-USDT"}, "GET /openApi/swap/v2/trade/openOrders"),
    "swapV2PrivateGetTradeAllOrders": ({"symbol": "BTC-USDT"}, "GET /openApi/swap/v2/trade/allOrders"),
    "swapV2PrivateGetTradeAllFillOrders": ({"symbol": "BTC-USDT", "tradingUnit": "COIN"}, "GET /openApi/swap/v2/trade/allFillOrders"),
    "swapV2PrivateGetTradeMarginType": ({"symbol": "BTC-USDT"}, "GET /openApi/swap/v2/trade/marginType"),
    "swapV2PrivateGetTradeLeverage": ({"symbol": "BTC-USDT"}, "GET /openApi/swap/v2/trade/leverage"),
    "swapV2PrivatePostTradeLeverage": ({"symbol": "BTC-USDT", "side": "BOTH", "leverage": 3}, "POST /openApi/swap/v2/trade/leverage"),
    "swapV1PrivateGetPositionSideDual": ({}, "GET /openApi/swap/v1/positionSide/dual"),
    "swapV1PrivateGetTradeAssetMode": ({}, "GET /openApi/swap/v1/trade/assetMode"),
    "accountV1PrivateGetUid": ({}, "GET /openApi/account/v1/uid"),
    "accountV1PrivateGetApiKeyQuery": ({"uid": 1}, "GET /openApi/account/v1/apiKey/query"),
    "swapV2PublicGetQuotePremiumIndex": ({"symbol": "BTC-USDT"}, "GET /openApi/swap/v2/quote/premiumIndex"),
    "swapV2PublicGetQuoteTicker": ({"symbol": "BTC-USDT"}, "GET /openApi/swap/v2/quote/ticker"),
    "swapV2PublicGetQuoteFundingRate": ({"symbol": "BTC-USDT"}, "GET /openApi/swap/v2/quote/fundingRate"),
    "swapV2PublicGetQuoteDepth": ({"symbol": "BTC-USDT"}, "GET /openApi/swap/v2/quote/depth"),
    "swapV2PublicGetQuoteContracts": ({}, "GET /openApi/swap/v2/quote/contracts"),
    "spotV1PublicGetCommonSymbols": ({}, "GET /openApi/spot/v1/common/symbols"),
    "spotV1PublicGetMarketDepth": ({"symbol": "BTC-USDT"}, "GET /openApi/spot/v1/market/depth"),
}
#: fields that are newer than the recordings of 2023, and stand in ccxt's comments or in BingX's documentation
BINGX_NEWER = {
    "GET /openApi/swap/v2/user/positions": {
        *("margin", "pnlRatio", "maxMarginReduction", "riskRate", "markPrice", "positionValue", "onlyOnePosition", "updateTime"),
    },
    "GET /openApi/swap/v2/trade/openOrders": {"reduceOnly"},
    "GET /openApi/swap/v2/trade/allOrders": {"reduceOnly"},
    "POST /openApi/swap/v2/trade/leverage": {"availableLongVol"},
    "GET /openApi/swap/v2/quote/premiumIndex": {"fundingIntervalHours", "updateTime"},
    "GET /openApi/spot/v1/common/symbols": {"apiStateSell", "apiStateBuy", "timeOnline", "offTime", "maintainTime"},
    "GET /openApi/spot/v1/market/depth": {"lastUpdateId"},
}


def inside(answer: Any) -> Any:
    """Return what an answer of BingX tells, out of its envelope and of the name of its list."""
    data = answer.get("data", answer)
    if isinstance(data, dict) and len(data) == 1 and isinstance(found := next(iter(data.values())), list):
        return found
    return data


@needs_recordings
async def test_answers_of_bingx_have_the_shapes_that_were_recorded() -> None:
    answers = recorded("bingx")
    async with Desk(dialect=BINGX, bare=True) as desk:
        await desk.order(SPOT, "buy", 0.01, 61_000)
        await desk.order(SPOT, "buy", 0.01, 50_000)
        await desk.order(PERP, "buy", 0.01, 61_000)
        await desk.order(PERP, "buy", 0.01, 50_000)
        desk.ccxt.parse_json = json.loads
        for name, (params, path) in BINGX_ANSWERS.items():
            told, known = inside(await getattr(desk.ccxt, name)(params)), {}
            for answer in answers[path]:
                known |= kinds(inside(answer))
            wrong = {field for field, kind in kinds(told).items() if known.get(field) != kind}
            assert wrong <= BINGX_NEWER.get(path, set()), (name, wrong)

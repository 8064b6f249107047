"""The test exchange as MEXC beside what was recorded of MEXC: the shapes of what it answers."""

from __future__ import annotations

import json
from decimal import Decimal

from chatbot.exchanges.testserver.dialects.mexc.speech import MEXC
from tests.exchanges.testserver.desk import PERP, SPOT, Desk
from tests.exchanges.testserver.test_recorded import kinds, needs_recordings, recorded

#: a call of ccxt, and the path that it ends at
MEXC_ANSWERS = {
    "spotPrivateGetAccount": ({}, "GET /api/v3/account"),
    "spotPrivatePostOrder": (
        {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": "0.01", "price": "50000"},
        "POST /api/v3/order",
    ),
    "spotPrivateGetMyTrades": ({"symbol": "BTCUSDT"}, "GET /api/v3/myTrades"),
    "spotPrivateGetCapitalTransfer": ({"fromAccountType": "SPOT", "toAccountType": "FUTURES"}, "GET /api/v3/capital/transfer"),
    "spotPrivateGetCapitalDepositHisrec": ({}, "GET /api/v3/capital/deposit/hisrec"),
    "spotPublicGetExchangeInfo": ({}, "GET /api/v3/exchangeInfo"),
    "spotPublicGetTicker24hr": ({}, "GET /api/v3/ticker/24hr"),
    "contractPublicGetDetail": ({}, "GET /api/v1/contract/detail"),
    "contractPublicGetTicker": ({}, "GET /api/v1/contract/ticker"),
    "contractPublicGetFundingRateSymbol": ({"symbol": "BTC_USDT"}, "GET /api/v1/contract/funding_rate/BTC_USDT"),
    "contractPrivateGetAccountAssets": ({}, "GET /api/v1/private/account/assets"),
    "contractPrivateGetPositionOpenPositions": ({}, "GET /api/v1/private/position/open_positions"),
    "contractPrivateGetOrderListOrderDeals": ({"symbol": "BTC_USDT"}, "GET /api/v1/private/order/deal_details/123"),
    "contractPrivateGetOrderListHistoryOrders": ({}, "GET /api/v1/private/order/get/123"),
    "contractPrivateGetAccountTransferRecord": ({}, "GET /api/v1/private/account/transfer_record"),
}
#: what ccxt's comments have and these recordings have not
MEXC_NEWER = {
    "rows.symbol",
    *("transHash", "updateTime", "netWork"),
}


@needs_recordings
async def test_answers_of_mexc_have_the_shapes_that_were_recorded() -> None:
    answers = recorded("mexc")
    async with Desk(dialect=MEXC, bare=True) as desk:
        await desk.ccxt.transfer("USDT", 5, "spot", "swap")
        desk.venue.deposit(desk.account, "USDT", Decimal(7))
        await desk.order(SPOT, "buy", 0.01, 61_000)
        await desk.order(PERP, "buy", 10, 61_000)
        desk.ccxt.parse_json = json.loads
        for name, (params, path) in MEXC_ANSWERS.items():
            told, known = await getattr(desk.ccxt, name)(params), {}
            for answer in answers[path]:
                known |= kinds(answer.get("data", answer) if isinstance(answer, dict) else answer)
            told = told.get("data", told) if isinstance(told, dict) else told
            assert told, name
            wrong = {field for field, kind in kinds(told).items() if known.get(field) not in (kind, "NoneType") and kind != "NoneType"}
            assert wrong <= MEXC_NEWER, name

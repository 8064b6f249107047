"""Whatever is asked, the test exchange answers or refuses; it never stumbles, and a refusal changes nothing."""

from __future__ import annotations

import inspect
import json
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.clock import ManualClock
from chatbot.exchanges.testserver.dialect import Request, Talk
from chatbot.exchanges.testserver.dialects.binance.speech import BINANCE
from chatbot.exchanges.testserver.dialects.bybit.speech import BYBIT
from chatbot.exchanges.testserver.dialects.mexc.speech import MEXC
from chatbot.exchanges.testserver.harshness import KIND
from chatbot.exchanges.testserver.venue import Venue
from chatbot.exchanges.testserver.words import Reason, Refusal
from tests.exchanges.testserver.desk import NOW

#: what a field may hold; the first few are what it should
NAMES = {
    "symbol": ["BTCUSDT", "ETHUSDT", "USDT", "NOSUCH"],
    "category": ["spot", "linear", "option"],
    "side": ["BUY", "SELL", "Buy", "Sell"],
    "type": ["LIMIT", "MARKET", "MAIN_UMFUTURE", "UMFUTURE_MAIN", "MAIN_MAIN"],
    "orderType": ["Limit", "Market"],
    "timeInForce": ["GTC", "IOC", "GTX", "PostOnly"],
    "interval": ["1h", "60", "1d", "D"],
    "accountType": ["UNIFIED", "FUND"],
    "fromAccountType": ["UNIFIED", "FUND"],
    "toAccountType": ["UNIFIED", "FUND"],
    "marginType": ["CROSSED", "ISOLATED"],
    "setMarginMode": ["REGULAR_MARGIN", "ISOLATED_MARGIN"],
    "dualSidePosition": ["true", "false"],
    "mode": ["0", "3"],
    "positionSide": ["BOTH", "LONG"],
    "positionIdx": ["0", "1"],
    "reduceOnly": ["true", "false"],
    "newOrderRespType": ["ACK", "FULL", "RESULT"],
    "openOnly": ["0", "1"],
    "settleCoin": ["USDT"],
    "asset": ["USDT", "BTC"],
    "coin": ["USDT", "BTC"],
    "symbols": ['["BTCUSDT"]'],
    **{name: ["0.01", "60000", "1"] for name in ("quantity", "qty", "price", "amount", "quoteOrderQty", "buyLeverage", "leverage")},
    **{name: ["1", "1772361000000"] for name in ("limit", "startTime", "endTime", "start", "end", "cursor", "orderId", "size", "fromId")},
    **{name: ["a", "b"] for name in ("newClientOrderId", "origClientOrderId", "orderLinkId", "transferId")},
}
ODD = ["", "NaN", "-1", "0", "1e40", "1e-9", "٣", "[", "{}", "null", "x" * 50, "-0.5", "99999999999999999999"]


def drawn(random: Random) -> dict[str, str]:
    """Return the fields of a question: all right, or some wrong, or some missing."""
    args = {name: random.choice(known) for name, known in NAMES.items()}
    for _ in range(random.choice([0, 0, 4, 12])):
        args[random.choice([*NAMES])] = random.choice(ODD)
    for _ in range(random.choice([0, 0, 4, 12])):
        args.pop(random.choice([*NAMES]), None)
    return args


def asked(dialect: Any, venue: Venue, path: tuple[str, str], args: dict[str, str]) -> object:
    """Ask one path, and return the answer as it would be written; its handlers that wait for a feed have none to wait for."""
    request = Request(method=path[0], host="", path=path[1], query="", body=json.dumps(args), headers={})
    found = dialect.routes[path].handle(Talk(venue=venue, request=request, client=venue.accounts["a"]))
    if inspect.isawaitable(found):
        with pytest.raises(StopIteration) as told:
            found.__await__().send(None)
        found = told.value.value
    return json.dumps(found)


@pytest.mark.parametrize("dialect", [BINANCE, BYBIT, MEXC], ids=lambda dialect: dialect.name)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0))
def test_whatever_is_asked_is_answered_or_refused(dialect: Any, seed: int) -> None:
    """Twenty questions in a row at one account, each with right, wrong and missing fields."""
    venue = Venue(ManualClock(NOW), KIND, dialect.traits)
    account = venue.open_account("a", "s", {"USDT": Decimal(10_000), "BTC": Decimal(1)}, Decimal(5_000))
    paths, random = sorted(dialect.routes), Random(seed)
    for _ in range(20):
        path, args = random.choice(paths), drawn(random)
        before = repr((account.orders, account.held(), account.moved, account.hedge))
        try:
            asked(dialect, venue, path, args)
        except Refusal:
            assert repr((account.orders, account.held(), account.moved, account.hedge)) == before
        assert set(venue.ledger.sums().values()) <= {0}


@pytest.mark.parametrize("dialect", [BINANCE, BYBIT, MEXC], ids=lambda dialect: dialect.name)
def test_every_reason_has_its_words(dialect: Any) -> None:
    for reason in Reason:
        for path in ("/api/v3/order", "/fapi/v1/order", "/sapi/v1/asset/transfer", "/v5/order/create"):
            request = Request(method="POST", host="", path=path, query="", body='{"category": "spot"}', headers={})
            answer = dialect.refused(Refusal(reason, "detail"), request)
            assert "{}" not in json.dumps(answer.body).replace('"result": {}', "").replace('"retExtInfo": {}', "")

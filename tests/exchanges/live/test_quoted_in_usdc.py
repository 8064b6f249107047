"""What an exchange lists against USDC, beside what it lists against USDT: over one line, from one list, and never mixed."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.errors import Unreachable
from chatbot.exchanges.abilities import DepthSource, QuotedInSeveral
from chatbot.exchanges.base import Candle
from tests.exchanges.live.test_ccxt_source import NOW, Stage, needs_player
from tests.exchanges.live.test_evil_answers import MARKS, SPOT, TOUCH, spoil

if TYPE_CHECKING:
    from collections.abc import Callable

D = Decimal
SPOT_LIST, PERP_LIST = "/api/v3/exchangeInfo", "/fapi/v1/exchangeInfo"


def with_usdc(stage: Stage) -> None:
    """List BTC and its perpetual against USDC, a quarter dearer, and USDC itself at 0.8 USDT: ETH is listed against USDT alone."""

    def listed(answer: Any) -> Any:
        btc = next(row for row in answer["symbols"] if row["symbol"] == "BTCUSDT")
        usdc = btc | {"symbol": "BTCUSDC", "quoteAsset": "USDC"}
        if "marginAsset" in btc:
            return answer | {"symbols": [*answer["symbols"], usdc | {"marginAsset": "USDC", "pair": "BTCUSDC"}]}
        return answer | {"symbols": [*answer["symbols"], usdc, btc | {"symbol": "USDCUSDT", "baseAsset": "USDC"}]}

    def priced(rows: Any) -> Any:
        btc = next(row for row in rows if row["symbol"] == "BTCUSDT")
        prices = [field for field in ("bidPrice", "askPrice", "lastPrice", "markPrice") if field in btc]
        dear = btc | {"symbol": "BTCUSDC"} | {field: str(D(btc[field]) * D("1.25")) for field in prices}
        peg = btc | {"symbol": "USDCUSDT"} | {field: {"bidPrice": "0.79", "askPrice": "0.81"}.get(field, "0.8") for field in prices}
        return [*rows, dear, *([peg] if "openTime" in btc else [])]

    for path, change in ((SPOT_LIST, listed), (PERP_LIST, listed), (SPOT, priced), (TOUCH, priced), (MARKS, priced)):
        spoil(stage, path, change)


@needs_player
async def test_each_quote_coin_has_its_own_rules_and_prices_from_one_list() -> None:
    async with Stage("binance") as stage:
        with_usdc(stage)
        usdt, usdc = stage.source, stage.source.quoted_in("USDC")
        assert isinstance(usdt, QuotedInSeveral)
        assert (usdc.name, usdc.quote_asset) == (usdt.name, "USDC")
        assert set(await usdc.markets()) == {"BTC", "BTC-PERP", "USDT"}
        assert {"BTC", "ETH", "BTC-PERP", "USDC"} <= set(await usdt.markets())
        lists = [asked for asked in stage.server.log if "exchangeInfo" in str(asked)]
        here, there = await usdt.quotes(["BTC", "BTC-PERP", "ETH"]), await usdc.quotes(["BTC", "BTC-PERP", "ETH"])
        assert set(there) == {"BTC", "BTC-PERP"}
        assert {name: there[name].price / here[name].price for name in there} == {"BTC": D("1.25"), "BTC-PERP": D("1.25")}
        assert lists == [asked for asked in stage.server.log if "exchangeInfo" in str(asked)], "read once for both"


def perps_of_bybit(stage: Stage) -> None:
    """List bybit's BTCPERP, which is settled in USDC, and BTC in spot against it."""

    def more(path: str, dear: Decimal) -> None:
        told = stage.server.routes[f"GET {path}"]

        def answer(request: Any) -> Any:
            found = told(request)
            rows, is_spot = found["result"]["list"], request.args.get("category") == "spot"
            btc = next((row for row in rows if row["symbol"] == "BTCUSDT"), None)
            if btc is None:
                return found
            prices = {field: str(D(btc[field]) * dear) for field in ("bid1Price", "ask1Price", "lastPrice", "markPrice") if field in btc}
            named = {field: "USDC" for field in ("quoteCoin", "settleCoin") if field in btc}
            return found | {
                "result": found["result"] | {"list": [*rows, btc | named | prices | {"symbol": "BTCUSDC" if is_spot else "BTCPERP"}]}
            }

        stage.server.routes[f"GET {path}"] = answer

    more("/v5/market/instruments-info", D(1))
    more("/v5/market/tickers", D("1.25"))


@needs_player
async def test_contracts_settled_in_usdc_have_names_of_their_own_at_bybit() -> None:
    async with Stage("bybit") as stage:
        perps_of_bybit(stage)
        usdc = stage.source.quoted_in("USDC")
        assert set(await usdc.markets()) == {"BTC", "BTC-PERP"}
        here, there = await stage.source.quotes(["BTC", "BTC-PERP"]), await usdc.quotes(["BTC", "BTC-PERP"])
        assert {name: there[name].price / here[name].price for name in there} == {"BTC": D("1.25"), "BTC-PERP": D("1.25")}
        assert there["BTC-PERP"].funding_rate is not None


@needs_player
async def test_usdt_against_usdc_is_the_listed_market_the_other_way_round() -> None:
    """No exchange lists USDT in USDC: bid, ask and bars are those of USDC in USDT, turned; its book is not told."""
    async with Stage("binance") as stage:
        with_usdc(stage)
        usdc = stage.source.quoted_in("USDC")
        (quote,) = (await usdc.quotes(["USDT"])).values()
        assert (quote.bid, quote.ask) == (1 / D("0.81"), 1 / D("0.79"))
        assert quote.bid < D("1.25") < quote.ask
        hour, end = NOW - timedelta(hours=1), int(NOW.timestamp()) * 1000 - 1
        bar = [end - 3_599_999, "0.8", "1", "0.5", "0.625", "400", end, "300", 9, "0", "0", "0"]
        stage.server.routes["GET /api/v3/klines"] = lambda _: [bar]
        (told,) = await usdc.candles("USDT", "1h", hour, NOW)
        assert told == Candle(at=hour, open=D("1.25"), high=D(2), low=D(1), close=D("1.6"), volume=D(250))
        assert isinstance(usdc, DepthSource)
        assert await usdc.depth("USDT") is None


@needs_player
@pytest.mark.parametrize("told", ["0", "-1", "1e-20", "1e25", "text"])
async def test_a_dollar_that_costs_nothing_thinkable_has_no_price(told: str) -> None:
    async with Stage("binance") as stage:
        with_usdc(stage)
        spoil(stage, SPOT, lambda rows: [one | {"bidPrice": told} if one["symbol"] == "USDCUSDT" else one for one in rows])
        assert set(await stage.source.quoted_in("USDC").quotes(["BTC", "USDT"])) == {"BTC"}


@needs_player
async def test_an_exchange_without_usdc_lists_nothing_against_it_and_everything_else_as_before() -> None:
    async with Stage("binance") as stage:
        assert await stage.source.quoted_in("USDC").markets() == {}
        assert "BTC" in await stage.source.markets()


@needs_player
@pytest.mark.parametrize("cut", [lambda rows: rows[:1], lambda rows: [row for row in rows if row["quoteAsset"] == "USDC"]])
async def test_a_short_list_replaces_neither(cut: Callable[[Any], Any]) -> None:
    async with Stage("binance") as stage:
        with_usdc(stage)
        usdc = stage.source.quoted_in("USDC")
        before = set(await stage.source.markets()), set(await usdc.markets())
        spoil(stage, PERP_LIST, lambda answer: answer | {"symbols": cut(answer["symbols"])})
        stage.clock.advance(3601)
        assert (set(await stage.source.markets()), set(await usdc.markets())) == before


@needs_player
async def test_an_exchange_that_cannot_be_reached_says_so_for_both() -> None:
    async with Stage("binance") as stage:
        stage.fail("exchangeInfo", 500, "", times=20)
        for source in (stage.source, stage.source.quoted_in("USDC")):
            with pytest.raises(Unreachable):
                await source.markets()

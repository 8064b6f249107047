"""What an exchange does by itself: funding, liquidation, delisting, prices of its own; and a door that is shut."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from chatbot.clock import ManualClock, SystemClock
from chatbot.exchanges.base import Side
from chatbot.exchanges.live.ccxt_prices import CcxtSource
from chatbot.exchanges.live.connection import Connection
from chatbot.exchanges.markets.simulated import SimulatedSource
from chatbot.exchanges.testserver.dialects.binance.speech import BINANCE
from chatbot.exchanges.testserver.dialects.mexc.speech import MEXC
from chatbot.exchanges.testserver.harshness import KIND, Harshness
from chatbot.exchanges.testserver.ledger import Wallet
from chatbot.exchanges.testserver.prices import SourceFeed
from chatbot.exchanges.testserver.server import Door, Server, Trespass
from chatbot.exchanges.testserver.words import Call
from tests.exchanges.testserver.desk import KEY, NOW, PERP, SECRET, SPOT, Desk, errors


async def test_funding_is_paid_at_its_hour_and_told() -> None:
    """At 16:00 a long of 0.1 BTC pays 0.01 % of 6,000; the history tells it below zero."""
    async with Desk() as desk:
        await desk.order(PERP, "buy", 0.1, 61_000)
        desk.clock.advance(6 * 3600)
        (paid,) = await desk.ccxt.fetch_funding_history(PERP)
        assert (paid["amount"], paid["datetime"][:16]) == (-0.6, "2026-03-01T16:00")
        desk.venue.settle_funding("BTC-PERP", Decimal("-0.001"))
        assert [one["amount"] for one in await desk.ccxt.fetch_funding_history(PERP)] == [-0.6, 6.0]
        rates = await desk.ccxt.fetch_funding_rate_history(PERP, None, 3)
        assert [(one["datetime"][:13], one["fundingRate"]) for one in rates] == [
            ("2026-03-01T08", 0.0001),
            ("2026-03-01T16", 0.0001),
            ("2026-03-01T16", -0.001),
        ]


async def test_who_lost_the_margin_is_liquidated() -> None:
    """The positions go at the mark, the rest of the maintenance margin to the house; orders on contracts end."""
    async with Desk() as desk:
        await desk.order(PERP, "buy", 1.5, 61_000)
        await desk.order(PERP, "buy", 0.01, 50_000)
        (position,) = await desk.ccxt.fetch_positions()
        line = Decimal(str(position["liquidationPrice"]))
        desk.venue.move("BTC", line + 10)
        assert len(await desk.ccxt.fetch_positions()) == 1
        desk.venue.move("BTC", line - 10)
        assert await desk.ccxt.fetch_positions() == []
        assert await desk.ccxt.fetch_open_orders(PERP) == []
        kinds = [one["incomeType"] for one in await desk.ccxt.fapiPrivateGetIncome()]
        assert kinds == ["COMMISSION", "REALIZED_PNL", "INSURANCE_CLEAR"]
        assert 0 <= (await desk.ccxt.fetch_balance({"type": "swap"}))["USDT"]["total"] < 20
        (forced,) = await desk.ccxt.fapiPrivateGetForceOrders()
        assert (forced["clientOrderId"].partition("-")[0], forced["side"], float(forced["executedQty"])) == ("autoclose", "SELL", 1.5)
        assert sum(one["amount"] * (1 if one["side"] == "buy" else -1) for one in await desk.ccxt.fetch_my_trades(PERP)) == 0


async def test_a_position_is_taken_away_and_a_coin_is_delisted() -> None:
    async with Desk() as desk:
        await desk.order(PERP, "sell", 0.1, 59_000)
        desk.venue.deleverage(desk.account, "BTC-PERP", Decimal("0.04"))
        assert (await desk.ccxt.fetch_positions())[0]["contracts"] == 0.06
        (forced,) = await desk.ccxt.fapiPrivateGetForceOrders({"autoCloseType": "ADL"})
        assert (forced["side"], float(forced["executedQty"])) == ("BUY", 0.04)
        desk.venue.halt("BTC")
        with pytest.raises(errors.ExchangeError, match="Market is closed"):
            await desk.order(SPOT, "buy", 0.01, 61_000)
        desk.venue.delist("BTC-PERP")
        assert await desk.ccxt.fetch_positions() == []
        with pytest.raises(errors.BadSymbol):
            await desk.order(PERP, "buy", 0.01, 61_000)


async def test_money_that_is_lent_stands_beside_the_rest() -> None:
    async with Desk() as desk:
        desk.venue.deposit(desk.account, "BTC", Decimal("0.3"), Wallet.EARN)
        desk.venue.deposit(desk.account, "USDT", Decimal(40), Wallet.FUNDING)
        balance = await desk.ccxt.fetch_balance({"type": "spot"})
        assert (balance["BTC"]["total"], balance["LDBTC"]["total"], balance["USDT"]["total"]) == (0.1, 0.3, 10_000)
        assert (await desk.ccxt.sapiPostAssetGetFundingAsset())[0]["free"] == "40.00000000"


async def test_fees_in_the_coin_of_the_exchange() -> None:
    """With the discount: 0.1 % of 600, a quarter off, in BNB at 550; without enough of it the fee is paid as ever."""
    async with Desk() as desk:
        desk.account.pays_in = "BNB"
        desk.venue.deposit(desk.account, "BNB", Decimal("0.001"))
        order = await desk.order(SPOT, "sell", 0.01, 59_000)
        assert order["fees"] == [{"currency": "BNB", "cost": pytest.approx(order["cost"] * 0.00075 / 550, abs=1e-8)}]
        order = await desk.order(SPOT, "sell", 0.01, 59_000)
        assert [fee["currency"] for fee in order["fees"]] == ["USDT"]


async def order_where_only_reading_is_allowed() -> None:
    async with Desk(door=Door.READING) as desk:
        await desk.ccxt.fetch_balance({"type": "spot"})
        with pytest.raises(errors.DDoSProtection, match="-2015"):
            await desk.order(SPOT, "buy", 0.01, 50_000)
        assert desk.account.orders == []


async def read_where_nothing_private_is_allowed() -> None:
    async with Desk(door=Door.PUBLIC) as desk:
        await desk.ccxt.fetch_order_book(SPOT)
        with pytest.raises(errors.AuthenticationError):
            await desk.ccxt.fetch_balance({"type": "spot"})


async def test_a_door_that_is_shut_fails_who_knocks() -> None:
    """A watched portfolio may read; whoever asks for more is told no, and the test that asked fails when the server closes."""
    with pytest.raises(Trespass, match="POST /api/v3/order"):
        await order_where_only_reading_is_allowed()
    with pytest.raises(Trespass, match="GET /api/v3/account"):
        await read_where_nothing_private_is_allowed()


async def test_a_simulated_market_is_traded_on_as_if_it_were_real() -> None:
    """Our own source of live prices reads from the exchange what the simulated source says: quotes, bars, funding."""
    clock = ManualClock(NOW)
    simulated = SimulatedSource(clock, speed=1.0, start=NOW)
    async with Server(BINANCE, clock, harshness=KIND, feed=SourceFeed(simulated, clock)) as server:
        source = CcxtSource("binance", {"enableRateLimit": False, "timeout_on_exit": 0, **server.options()}, clock=clock)
        clock.advance(120)
        told, quotes = await simulated.quotes(["BTC", "ETH-PERP"]), await source.quotes(["BTC", "ETH-PERP"])
        for name, quote in quotes.items():
            assert (quote.bid, quote.ask, quote.mark) == (told[name].bid, told[name].ask, told[name].mark)
        since = NOW - timedelta(hours=5, minutes=30)
        bars = await source.candles("BTC", "1h", since, NOW)
        assert [(bar.at, bar.close) for bar in bars] == [(bar.at, bar.close) for bar in await simulated.candles("BTC", "1h", since, NOW)]
        assert len(bars) == 5
        rates = await source.funding("BTC-PERP", NOW - timedelta(days=2), NOW)
        assert len(rates) == 6
        before = server.venue.prices["BTC"]
        clock.advance(600)
        await source.quotes(["BTC"])
        assert server.venue.prices["BTC"] != before
        assert server.asked(Call.TOUCH)
        await source.close()


async def test_what_is_traded_in_a_day_is_told_in_money_where_an_exchange_counts_coins_alone() -> None:
    """MEXC's recorded ``quoteVolume`` is null: without it nobody could say how far an order moves the price."""
    clock = ManualClock(NOW)
    async with Server(MEXC, clock, harshness=KIND, feed=SourceFeed(SimulatedSource(clock, speed=1.0, start=NOW), clock)) as server:
        source = CcxtSource("mexc", {"enableRateLimit": False, "timeout_on_exit": 0, **server.options()}, clock=clock)
        quotes = await source.quotes(["BTC", "BTC-PERP"])
        for name, quote in quotes.items():
            assert quote.volume == pytest.approx(server.venue.prices[name].volume, rel=Decimal("0.001")), name
        await source.close()


async def test_an_order_finds_the_prices_of_the_feed() -> None:
    clock = ManualClock(NOW)
    simulated = SimulatedSource(clock, speed=1.0, start=NOW)
    async with Desk(feed=SourceFeed(simulated, clock)) as desk:
        ask = float((await simulated.quotes(["BTC"]))["BTC"].ask)
        order = await desk.order(SPOT, Side.BUY, 0.01, ask * 1.01)
        assert order["average"] == pytest.approx(ask, rel=1e-3)


async def test_the_real_time_will_do_as_well() -> None:
    """Nothing depends on a clock that stands still: a client that tells its own time is let in, and its order rests."""
    clock = SystemClock()
    async with Server(BINANCE, clock, harshness=Harshness(lookup_lag_s=0)) as server:
        server.venue.open_account(KEY, SECRET, {"USDT": Decimal(1_000)})
        given = {"apiKey": KEY, "secret": SECRET, "enableRateLimit": False, "timeout_on_exit": 0, **server.options()}
        connection = Connection("binance", given)
        made = await connection.open()
        order = await made.create_order(SPOT, "limit", "buy", 0.01, 50_000)
        assert [one["id"] for one in await made.fetch_open_orders(SPOT)] == [order["id"]]
        await connection.close()

"""An ordinary day on the test exchange as WEEX: two wallets, orders that answer with an id alone, refusals inside of HTTP 200."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from chatbot.exchanges.testserver.account import Right
from chatbot.exchanges.testserver.dialects.weex.speech import WEEX
from chatbot.exchanges.testserver.harshness import Harshness
from chatbot.exchanges.testserver.ledger import Wallet
from tests.exchanges.testserver.desk import PERP, SPOT, Desk, errors


async def test_rules_prices_and_bars_are_read() -> None:
    """A step of a hundred is told by digits below 0; spot has the latest three hundred bars, whatever time is asked for."""
    async with Desk(dialect=WEEX) as desk:
        venue = desk.venue
        venue.list_market(replace(venue.market("DOGE-PERP"), lot=Decimal(100)))
        markets = await desk.ccxt.load_markets(True)
        assert (markets[PERP]["precision"]["amount"], markets[PERP]["limits"]["cost"]["min"]) == (0.001, None)
        assert markets["DOGE/USDT:USDT"]["precision"]["amount"] == 100
        desk.venue.move("BTC", Decimal(61_000))
        assert "bid" in (await desk.ccxt.fetch_tickers([SPOT, "ETH/USDT"]))[SPOT]
        touch = (await desk.ccxt.fetch_bids_asks([PERP]))[PERP]
        assert touch["bid"] < 61_000 < touch["ask"]
        venue.settle_funding("BTC-PERP", Decimal("0.0007"))
        rate = await desk.ccxt.fetch_funding_rate(PERP)
        assert (rate["fundingRate"], rate["nextFundingRate"], rate["interval"]) == (0.0007, 0.0001, "8h")
        assert rate["nextFundingDatetime"][:16] == "2026-03-01T16:00"
        assert len((await desk.ccxt.fetch_order_book(PERP, 15))["asks"]) == 10
        assert (await desk.ccxt.fetch_ohlcv(SPOT, "1h", None, 3))[-1][4] == 61_000
        assert len(await desk.ccxt.publicGetApiV3MarketKlines({"symbol": "BTCUSDT", "interval": "1h", "startTime": 1})) == 300
        assert [bar[4] for bar in await desk.ccxt.fetch_ohlcv(PERP, "1h", None, 3)][-1] == 61_000
        past = await desk.ccxt.fetch_ohlcv(PERP, "1h", None, 3, {"historical": True})
        assert past[-1][4] == 61_000
        assert len(await desk.ccxt.fetch_funding_rate_history(PERP, None, 3)) == 3
        assert not desk.server.unknown


async def test_an_order_answers_with_its_id_alone_and_is_looked_up() -> None:
    async with Desk(Harshness(level_quote=Decimal(600), levels=2, lookup_lag_s=0, refill_s=1), dialect=WEEX) as desk:
        made = await desk.order(SPOT, "buy", 0.01, 60_100, clientOrderId="one")
        assert (made["id"] is not None, made["filled"]) == (True, None)
        found = await desk.ccxt.fetch_order("", SPOT, {"clientOrderId": "one"})
        assert (found["id"], found["status"], found["filled"]) == (made["id"], "closed", 0.01)
        trades = await desk.ccxt.fetch_my_trades(SPOT)
        assert {trade["fee"]["currency"] for trade in trades} == {"BTC"}, "as ccxt has it: no coin is told"
        assert not any("commissionAsset" in trade["info"] for trade in trades)
        await desk.order(SPOT, "buy", 0.1, 60_100, clientOrderId="part")
        assert (await desk.ccxt.fetch_order("", SPOT, {"clientOrderId": "part"}))["status"] == "partially_filled"
        await desk.order(PERP, "buy", 1, 60_100, clientOrderId="half")
        half = await desk.ccxt.fetch_order("", PERP, {"clientOrderId": "half"})
        assert (half["status"], half["info"]["status"]) == ("closed", "PARTIAL_FILL"), "ccxt has it ended"
        await desk.ccxt.cancel_order("", PERP, {"clientOrderId": "half"})
        assert (await desk.ccxt.fetch_order("", PERP, {"clientOrderId": "half"}))["status"] == "canceled"
        with pytest.raises(errors.InvalidOrder) as refused:
            await desk.ccxt.cancel_order("", PERP, {"clientOrderId": "half"})
        assert "-3200" in str(refused.value)
        with pytest.raises(errors.OrderNotFound):
            await desk.ccxt.cancel_order("", SPOT, {"clientOrderId": "never"})
        with pytest.raises(errors.OrderNotFound):
            await desk.ccxt.fetch_order("", SPOT, {"clientOrderId": "never"})


async def test_two_wallets_and_a_position_without_a_mark() -> None:
    async with Desk(dialect=WEEX) as desk:
        spot, swap = [await desk.ccxt.fetch_balance({"type": kind}) for kind in ("spot", "swap")]
        assert (spot["USDT"]["total"], swap["USDT"]["total"]) == (10_000, 5_000)
        await desk.order(PERP, "sell", 0.1, 59_000)
        desk.venue.move("BTC", Decimal(58_000))
        (position,) = await desk.ccxt.fetch_positions()
        assert (position["side"], position["contracts"], position["markPrice"], position["hedged"]) == ("short", 0.1, None, False)
        row = (await desk.ccxt.fetch_balance({"type": "swap"}))["info"][0]
        assert float(row["unrealizePnl"]) == pytest.approx(200, abs=1)
        assert float(row["balance"]) == pytest.approx(5_000 - 3, abs=1), "without the profit"
        desk.venue.set_leverage(desk.account, "ETH-PERP", Decimal(3))
        assert (await desk.ccxt.fetch_leverage("ETH/USDT:USDT"))["longLeverage"] == 3


async def test_a_long_is_closed_by_name_and_never_beyond_nothing() -> None:
    async with Desk(dialect=WEEX) as desk:
        await desk.order(PERP, "buy", 0.1, 61_000)
        await desk.order(PERP, "sell", 0.3, 59_000, reduceOnly=True)
        assert (desk.account.stake("BTC-PERP").qty, desk.account.orders[-1].qty) == (0, Decimal("0.1")), "cut in silence"
        await desk.order(PERP, "buy", 0.1, 61_000)
        with pytest.raises(errors.BadRequest):
            await desk.order(PERP, "sell", 0.1, 59_000)
        with pytest.raises(errors.BadRequest):
            await desk.order(PERP, "sell", 0.1, 59_000, reduceOnly=True, positionSide="SHORT")


async def test_transfers_are_told_by_both_wallets() -> None:
    async with Desk(dialect=WEEX) as desk:
        desk.venue.transfer(desk.account, Wallet.SPOT, Wallet.FUTURES, "USDT", Decimal(90))
        (record,) = await desk.ccxt.fetch_transfers()
        assert (record["amount"], record["fromAccount"], record["toAccount"]) == (90, "spot", "contract")
        (out,) = [one for one in await desk.ccxt.fetch_ledger("USDT") if one["type"] == "transfer"]
        (came,) = await desk.ccxt.fetch_ledger("USDT", None, None, {"type": "swap"})
        assert (out["amount"], out["direction"], came["amount"], came["direction"]) == (90, "out", 90, "in")
        await desk.order(PERP, "buy", 0.1, 61_000)
        desk.venue.settle_funding("BTC-PERP", Decimal("0.001"))
        (paid,) = await desk.ccxt.fetch_funding_history(PERP)
        assert paid["amount"] == pytest.approx(-6)


async def test_it_knows_its_clients_by_three_things_and_a_time() -> None:
    async with Desk(dialect=WEEX) as desk:
        for name, wrong, code in (("apiKey", "x", "-1049"), ("password", "x", "-1049"), ("secret", "x", "-1047")):
            was = getattr(desk.ccxt, name)
            setattr(desk.ccxt, name, wrong)
            with pytest.raises(errors.AuthenticationError) as told:
                await desk.ccxt.fetch_balance()
            assert code in str(told.value)
            setattr(desk.ccxt, name, was)
        desk.ccxt.options["timeDifference"] = 90_000
        with pytest.raises(errors.BadRequest) as late:
            await desk.ccxt.fetch_balance()
        assert "-1046" in str(late.value)
        desk.ccxt.options["timeDifference"] = 0
        desk.account.rights -= {Right.SPOT}
        with pytest.raises(errors.PermissionDenied):
            await desk.order(SPOT, "buy", 0.01, 60_100)


async def test_refusals_come_in_three_shapes() -> None:
    """Of an order of a contract inside of HTTP 200; what asks too often is told with 429, of which ccxt makes its plainest class."""
    async with Desk(dialect=WEEX) as desk:
        with pytest.raises(errors.InsufficientFunds):
            await desk.order(SPOT, "buy", 10, 60_100)
        with pytest.raises(errors.InsufficientFunds):
            await desk.order(PERP, "buy", 50, 60_100)
        answer = await desk.ccxt.contractPrivatePostCapiV3Order(
            {
                "symbol": "BTCUSDT",
                "side": "BUY",
                "positionSide": "LONG",
                "type": "LIMIT",
                "quantity": "0.0001",
                "price": "1",
                "newClientOrderId": "a",
            }
        )
        assert (answer["success"], answer["errorCode"], answer["clientOrderId"]) == (False, "-1160", "a")
        failed = await desk.ccxt.privateDeleteApiV3Order({"orderId": "7"})
        assert (failed["status"], failed["errorMsg"]) == ("FAILED", "FAILED_ORDER_NOT_FOUND")
        desk.server.limits._harshness = Harshness(limit_share=0.01)
        with pytest.raises(errors.ExchangeError) as many:
            await desk.ccxt.fetch_positions()
        assert type(many.value) is errors.ExchangeError
        assert "429" in str(many.value)

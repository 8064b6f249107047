"""An ordinary day on the test exchange, seen through the real ccxt client: what it reads, what it trades, what is left."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.exchanges.testserver.desk import PERP, SPOT, Desk, errors


async def test_rules_prices_and_bars_are_read() -> None:
    async with Desk() as desk:
        markets = await desk.ccxt.load_markets(True)
        assert {"BTC/USDT", "BTC/USDT:USDT", "DOGE/USDT"} <= set(markets)
        rules = markets[PERP]
        assert (rules["precision"]["amount"], rules["limits"]["cost"]["min"], rules["linear"]) == (0.001, 100, True)
        desk.venue.move("BTC", Decimal(61_000))
        tickers = await desk.ccxt.fetch_tickers([SPOT])
        assert tickers[SPOT]["bid"] < 61_000 < tickers[SPOT]["ask"]
        touch = await desk.ccxt.fetch_bids_asks([PERP])
        assert touch[PERP]["bid"] < 61_000 < touch[PERP]["ask"]
        assert (await desk.ccxt.fetch_tickers([PERP]))[PERP]["last"] == 61_000
        assert (await desk.ccxt.fetch_funding_rates([PERP]))[PERP]["markPrice"] == 61_000
        book = await desk.ccxt.fetch_order_book(SPOT, 5)
        assert [len(book["bids"]), len(book["asks"])] == [5, 5]
        assert book["bids"][0][0] == tickers[SPOT]["bid"]
        bars = await desk.ccxt.fetch_ohlcv(SPOT, "1h", None, 3)
        assert [bar[4] for bar in bars] == [60_000, 60_000, 61_000]
        assert not desk.server.unknown


async def test_a_spot_order_is_taken_and_its_fee_is_paid_in_what_was_bought() -> None:
    async with Desk() as desk:
        order = await desk.order(SPOT, "buy", 0.01, 60_100, clientOrderId="one")
        assert (order["status"], order["filled"], order["clientOrderId"]) == ("closed", 0.01, "one")
        assert order["fee"] == {"cost": 0.00001, "currency": "BTC"}
        balance = await desk.ccxt.fetch_balance({"type": "spot"})
        assert balance["BTC"]["total"] == pytest.approx(0.1 + 0.01 - 0.00001)
        assert balance["USDT"]["total"] == pytest.approx(10_000 - order["cost"])
        assert (await desk.find(SPOT, "one"))["id"] == order["id"]


async def test_a_resting_order_locks_money_and_is_filled_when_the_price_comes() -> None:
    async with Desk() as desk:
        order = await desk.order(SPOT, "buy", 0.01, 59_000, clientOrderId="rests", postOnly=True)
        assert order["status"] == "open"
        balance = await desk.ccxt.fetch_balance({"type": "spot"})
        assert (balance["USDT"]["free"], balance["USDT"]["used"]) == (9_410, 590)
        assert [one["id"] for one in await desk.ccxt.fetch_open_orders(SPOT)] == [order["id"]]
        desk.venue.move("BTC", Decimal(58_900))
        found = await desk.find(SPOT, "rests")
        assert (found["status"], found["filled"], found["average"]) == ("closed", 0.01, 59_000)
        assert await desk.ccxt.fetch_open_orders(SPOT) == []
        trades = await desk.ccxt.fetch_my_trades(SPOT)
        assert [(one["price"], one["amount"], one["takerOrMaker"]) for one in trades] == [(59_000, 0.01, "maker")]


async def test_a_position_is_opened_reduced_and_closed() -> None:
    async with Desk() as desk:
        await desk.ccxt.set_leverage(5, PERP)
        await desk.order(PERP, "sell", 0.05, 59_900, clientOrderId="opens")
        (position,) = await desk.ccxt.fetch_positions()
        assert (position["symbol"], position["side"], position["contracts"], position["hedged"]) == (PERP, "short", 0.05, False)
        # version 3 of the call tells no leverage, unlike the settings of the contract
        assert (position["leverage"], (await desk.ccxt.fetch_leverage(PERP))["longLeverage"]) == (None, 5)
        assert position["liquidationPrice"] > 100_000
        desk.venue.move("BTC", Decimal(58_000))
        balance = await desk.ccxt.fetch_balance({"type": "swap"})
        assert balance["USDT"]["total"] == pytest.approx(5_000 + 0.05 * 1_990, abs=4)
        with pytest.raises(errors.ExchangeError, match="-2022"):
            await desk.order(PERP, "buy", 0.06, 58_100, reduceOnly=True)
        await desk.order(PERP, "buy", 0.05, 58_100, reduceOnly=True)
        assert await desk.ccxt.fetch_positions() == []
        assert {one["incomeType"] for one in await desk.ccxt.fapiPrivateGetIncome()} == {"COMMISSION", "REALIZED_PNL"}


async def test_money_moves_between_the_wallets() -> None:
    async with Desk() as desk:
        sent = await desk.ccxt.transfer("USDT", 250, "spot", "linear")
        assert sent["id"]
        assert (await desk.ccxt.fetch_balance({"type": "swap"}))["USDT"]["total"] == 5_250
        (told,) = (await desk.ccxt.sapiGetAssetTransfer({"type": "MAIN_UMFUTURE"}))["rows"]
        assert (told["asset"], told["amount"], str(told["tranId"])) == ("USDT", "250", sent["id"])


async def test_an_order_is_cancelled_once() -> None:
    async with Desk() as desk:
        order = await desk.order(PERP, "buy", 0.01, 50_000, clientOrderId="waits")
        ended = await desk.ccxt.cancel_order(None, PERP, {"origClientOrderId": "waits"})
        assert (ended["id"], ended["status"]) == (order["id"], "canceled")
        with pytest.raises(errors.OrderNotFound):
            await desk.ccxt.cancel_order(None, PERP, {"origClientOrderId": "waits"})


async def test_modes_are_told_and_changed() -> None:
    async with Desk() as desk:
        assert (await desk.ccxt.fetch_position_mode(PERP))["hedged"] is False
        await desk.ccxt.set_position_mode(True, PERP)
        with pytest.raises(errors.ExchangeError, match="-4061"):
            await desk.order(PERP, "buy", 0.01, 50_000)
        with pytest.raises(errors.ExchangeError, match="-4059"):
            await desk.ccxt.set_position_mode(True, PERP)
        await desk.ccxt.set_margin_mode("isolated", PERP)
        with pytest.raises(errors.ExchangeError, match="-4046"):
            await desk.ccxt.set_margin_mode("isolated", PERP)


async def test_the_key_tells_what_it_may() -> None:
    async with Desk() as desk:
        told = await desk.ccxt.sapiGetAccountApiRestrictions()
        assert (told["enableReading"], told["enableFutures"], told["enableWithdrawals"], told["ipRestrict"]) == (True, True, False, False)

"""An ordinary day on the test exchange as Bybit: one wallet, orders that answer with an id alone, and what ccxt makes of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from chatbot.exchanges.testserver.dialects.bybit.speech import BYBIT
from chatbot.exchanges.testserver.harshness import Harshness
from chatbot.exchanges.testserver.ledger import Wallet
from tests.exchanges.testserver.desk import PERP, SPOT, Desk, errors


async def looked_up(desk: Desk, symbol: str, client_id: str) -> list[dict[str, Any]]:
    """Look an order up as one has to here: among the open ones, then among the closed ones."""
    params = {"orderLinkId": client_id}
    found: list[dict[str, Any]] = await desk.ccxt.fetch_open_orders(symbol, params=params)
    return found or await desk.ccxt.fetch_canceled_and_closed_orders(symbol, params=params)


async def test_rules_prices_and_bars_are_read() -> None:
    async with Desk(dialect=BYBIT) as desk:
        markets = await desk.ccxt.load_markets(True)
        assert (markets[PERP]["precision"]["amount"], markets[PERP]["limits"]["cost"]["min"]) == (0.001, 100)
        desk.venue.move("BTC", Decimal(61_000))
        for symbol in (SPOT, PERP):
            ticker = (await desk.ccxt.fetch_tickers([symbol]))[symbol]
            assert ticker["bid"] < 61_000 < ticker["ask"]
        rate = await desk.ccxt.fetch_funding_rate(PERP)
        assert (rate["fundingRate"], rate["interval"], rate["fundingDatetime"][:16]) == (0.0001, "8h", "2026-03-01T16:00")
        assert len((await desk.ccxt.fetch_order_book(PERP, 5))["asks"]) == 5
        assert [bar[4] for bar in await desk.ccxt.fetch_ohlcv(SPOT, "1h", None, 3)] == [60_000, 60_000, 61_000]
        assert len(await desk.ccxt.fetch_funding_rate_history(PERP, None, 3)) == 3
        assert not desk.server.unknown


async def test_an_order_answers_with_its_id_alone_and_is_looked_up() -> None:
    async with Desk(dialect=BYBIT) as desk:
        made = await desk.order(SPOT, "buy", 0.01, 60_100, clientOrderId="one")
        assert (made["id"] is not None, made["status"], made["filled"]) == (True, None, None)
        (found,) = await looked_up(desk, SPOT, "one")
        assert (found["id"], found["status"], found["filled"]) == (made["id"], "closed", 0.01)
        (trade,) = await desk.ccxt.fetch_my_trades(SPOT)
        assert (trade["fee"]["currency"], trade["fee"]["cost"]) == ("BTC", 0.00001)
        resting = await desk.order(PERP, "buy", 0.01, 50_000, clientOrderId="two")
        assert [one["id"] for one in await desk.ccxt.fetch_open_orders(PERP)] == [resting["id"]]
        await desk.ccxt.cancel_order(resting["id"], PERP)
        assert [one["status"] for one in await looked_up(desk, PERP, "two")] == ["canceled"]
        with pytest.raises(errors.OrderNotFound):
            await desk.ccxt.cancel_order(resting["id"], PERP)


async def test_spot_and_contracts_are_one_wallet() -> None:
    async with Desk(dialect=BYBIT) as desk:
        spot, swap = [await desk.ccxt.fetch_balance({"type": kind}) for kind in ("spot", "swap")]
        assert spot["USDT"]["total"] == swap["USDT"]["total"] == 15_000
        await desk.order(PERP, "sell", 0.1, 59_000)
        desk.venue.move("BTC", Decimal(58_000))
        info = (await desk.ccxt.fetch_balance({"type": "swap"}))["info"]["result"]["list"][0]
        (row,) = [one for one in info["coin"] if one["coin"] == "USDT"]
        assert float(row["equity"]) - float(row["walletBalance"]) == pytest.approx(float(row["unrealisedPnl"]), abs=1e-6)
        assert float(row["unrealisedPnl"]) == pytest.approx(200, abs=1)


async def test_a_position_of_a_contract_that_is_named_is_told_even_when_there_is_none() -> None:
    async with Desk(dialect=BYBIT) as desk:
        assert await desk.ccxt.fetch_positions(None, {"type": "swap"}) == []
        (none,) = await desk.ccxt.fetch_positions([PERP])
        assert (none["contracts"], none["side"]) == (0, None)
        await desk.order(PERP, "buy", 0.05, 61_000)
        (position,) = await desk.ccxt.fetch_positions(None, {"type": "swap"})
        assert (position["contracts"], position["side"], position["leverage"]) == (0.05, "long", 20)


async def test_leverage_that_is_set_already_is_refused() -> None:
    async with Desk(dialect=BYBIT) as desk:
        await desk.ccxt.set_leverage(5, PERP)
        with pytest.raises(errors.BadRequest, match="110043"):
            await desk.ccxt.set_leverage(5, PERP)
        await desk.ccxt.set_position_mode(True, PERP)
        with pytest.raises(errors.ExchangeError, match="10001"):
            await desk.order(PERP, "buy", 0.01, 50_000)


async def test_an_order_that_may_not_take_is_made_and_cancelled() -> None:
    """Nothing is raised: only the look-up tells, with its reason."""
    async with Desk(dialect=BYBIT) as desk:
        await desk.order(PERP, "buy", 0.01, 61_000, clientOrderId="shy", postOnly=True)
        (found,) = await looked_up(desk, PERP, "shy")
        assert (found["status"], found["filled"], found["info"]["rejectReason"]) == ("canceled", 0, "EC_PostOnlyWillTakeLiquidity")


async def test_a_reduction_that_is_too_large_is_cut_in_silence() -> None:
    async with Desk(dialect=BYBIT) as desk:
        await desk.order(PERP, "buy", 0.05, 61_000)
        await desk.order(PERP, "sell", 0.08, 59_000, clientOrderId="cut", reduceOnly=True)
        (found,) = await looked_up(desk, PERP, "cut")
        assert (found["amount"], found["filled"]) == (0.05, 0.05)
        with pytest.raises(errors.InvalidOrder, match="110017"):
            await desk.order(PERP, "sell", 0.01, 59_000, reduceOnly=True)


async def test_spot_that_ended_in_parts_reads_as_closed() -> None:
    """An immediate order that took a part: ``closed`` with less filled than asked on spot, ``canceled`` as a contract."""
    async with Desk(Harshness(level_quote=Decimal(600), levels=2, lookup_lag_s=0), dialect=BYBIT) as desk:
        for symbol, status in ((SPOT, "closed"), (PERP, "canceled")):
            await desk.order(symbol, "buy", 0.05, 60_200, clientOrderId="part", timeInForce="IOC")
            (found,) = await looked_up(desk, symbol, "part")
            assert found["status"] == status
            assert 0 < found["filled"] < 0.05


async def test_what_was_just_filled_is_in_neither_list_for_a_while() -> None:
    async with Desk(Harshness(lookup_lag_s=2), dialect=BYBIT) as desk:
        await desk.order(SPOT, "buy", 0.01, 60_100, clientOrderId="gap")
        assert await looked_up(desk, SPOT, "gap") == []
        desk.clock.advance(2.1)
        assert [one["status"] for one in await looked_up(desk, SPOT, "gap")] == ["closed"]


async def test_a_transfer_has_an_id_that_is_taken_once() -> None:
    async with Desk(dialect=BYBIT) as desk:
        desk.venue.deposit(desk.account, "USDT", Decimal(100), Wallet.FUNDING)
        given = {"transferId": "4244af44-f3b0-4cf6-a743-b56560e987bc"}
        await desk.ccxt.transfer("USDT", 60, "fund", "unified", given)
        assert (await desk.ccxt.fetch_balance({"type": "swap"}))["USDT"]["total"] == 15_060
        with pytest.raises(errors.ExchangeError, match="110072"):
            await desk.ccxt.transfer("USDT", 60, "fund", "unified", given)
        (told,) = await desk.ccxt.fetch_transfers()
        assert (told["amount"], told["id"]) == (60, given["transferId"])


async def test_funding_that_was_paid_is_told_as_a_fee() -> None:
    """Its sign is that of a fee: above zero it was paid."""
    async with Desk(dialect=BYBIT) as desk:
        await desk.order(PERP, "buy", 0.1, 61_000)
        desk.clock.advance(6 * 3600)
        (paid,) = await desk.ccxt.fetch_funding_history(PERP)
        assert (paid["amount"], paid["datetime"][:16]) == (0.6, "2026-03-01T16:00")


async def test_the_key_tells_what_it_may() -> None:
    async with Desk(dialect=BYBIT) as desk:
        told = (await desk.ccxt.private_get_v5_user_query_api())["result"]
        assert (str(told["readOnly"]), told["permissions"]["Wallet"], told["ips"]) == ("0", ["AccountTransfer"], ["*"])


async def test_what_was_taken_away_is_told_as_an_execution_of_its_own_kind() -> None:
    async with Desk(dialect=BYBIT) as desk:
        await desk.order(PERP, "sell", 0.1, 59_000, clientOrderId="mine")
        desk.venue.deleverage(desk.account, "BTC-PERP", Decimal("0.04"))
        rows = (await desk.ccxt.private_get_v5_execution_list({"category": "linear", "symbol": "BTCUSDT"}))["result"]["list"]
        assert sorted((row["execType"], row["execQty"], row["orderLinkId"]) for row in rows) == [
            ("AdlTrade", "0.04", ""),
            ("Trade", "0.1", "mine"),
        ]


async def test_a_long_list_comes_in_pages() -> None:
    """A page that is full says where the next one begins; who reads one page only misses what is older."""
    async with Desk(dialect=BYBIT) as desk:
        for number in range(5):
            await desk.order(PERP, "buy", 0.01, 50_000, clientOrderId=f"o{number}")
        seen: list[str] = []
        cursor = ""
        while cursor or not seen:
            asked = {"category": "linear", "symbol": "BTCUSDT", "limit": 2, "cursor": cursor}
            page = (await desk.ccxt.private_get_v5_order_realtime(asked))["result"]
            seen += [row["orderLinkId"] for row in page["list"]]
            cursor = page["nextPageCursor"]
        assert seen == ["o4", "o3", "o2", "o1", "o0"]


async def test_limits_are_counted_for_each_key() -> None:
    async with Desk(Harshness(limit_share=0.02), dialect=BYBIT) as desk:
        desk.venue.open_account("other", "secret")
        await desk.ccxt.fetch_positions([PERP])
        with pytest.raises(errors.RateLimitExceeded):
            await desk.ccxt.fetch_positions([PERP])
        desk.ccxt.apiKey, desk.ccxt.secret = "other", "secret"
        await desk.ccxt.fetch_positions([PERP])


async def test_coins_in_the_wallet_carry_positions() -> None:
    """0.1 BTC of 6,000 counts nine tenths; it cannot be spent as money, and stands in what the account tells of its margin."""
    async with Desk(dialect=BYBIT) as desk:
        total = (await desk.ccxt.fetch_balance({"type": "swap"}))["info"]["result"]["list"][0]
        assert (float(total["totalEquity"]), float(total["totalMarginBalance"])) == (21_000, 20_400)
        await desk.order(PERP, "sell", 6, 59_000)  # 18,000 of margin, three thousand more than there is of money
        with pytest.raises(errors.InsufficientFunds):
            await desk.order(SPOT, "buy", 0.2, 60_100)
        total = (await desk.ccxt.fetch_balance({"type": "swap"}))["info"]["result"]["list"][0]
        assert float(total["accountIMRate"]) > 0.8
        desk.venue.move("BTC", Decimal(63_400))  # as much as the coins gained, the position lost sixty times
        assert await desk.ccxt.fetch_positions(None, {"type": "swap"}) == []

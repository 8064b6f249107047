"""Traps of FACTS.md at the test exchange: what differs from venue to venue and costs money (``docs/traps.md`` lists them all)."""

from __future__ import annotations

import asyncio
import json
from copy import copy
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from chatbot.errors import AccountUnfit, HedgeMode, KeyRefused, OutcomeUnknown, Rejected, Unreachable
from chatbot.exchanges.base import Direction, OrderStatus, SentTransfer, Side
from chatbot.exchanges.live.private.binance.speech import Binance
from chatbot.exchanges.live.private.dialect import Refusal
from chatbot.exchanges.testserver.account import Right
from chatbot.exchanges.testserver.dialects.mexc.speech import ROUTES
from chatbot.exchanges.testserver.harshness import KIND
from chatbot.exchanges.testserver.ledger import Wallet
from chatbot.exchanges.testserver.server import Door
from tests.exchanges.live.private.test_on_the_test_exchange import joined, order, room

if TYPE_CHECKING:
    from tests.exchanges.live.private.test_on_the_test_exchange import Room

D = Decimal


async def held(place: Room) -> None:
    """Hold a contract."""
    await place.account.place(order("BTC-PERP", immediate=True, qty="0.05"))


@pytest.mark.parametrize("venue", ["binance", "bybit", *(pytest.param(one, marks=pytest.mark.long) for one in ("bingx", "mexc", "weex"))])
async def test_isolated_margin_is_looked_at_and_never_traded(venue: str) -> None:
    """What is free, and where a position is liquidated, is another sum there: its owner changes it first."""
    async with room(venue, KIND) as place:
        await held(place)
        place.theirs.isolated = {"BTC-PERP"}
        account = place.account
        with pytest.raises(AccountUnfit) as unfit:  # Bybit's is the whole account's
            await (account.balances() if venue == "bybit" else account.positions())
        assert unfit.value.why == "isolated_margin"
        account._watch = True
        (position,) = await account.positions()
        assert position.qty == D("0.05")
        balances = await account.balances()
        assert balances.spot["USDT"] + balances.futures_wallet > 149_000


@pytest.mark.parametrize("venue", ["binance", *(pytest.param(one, marks=pytest.mark.long) for one in ("bingx", "mexc"))])
async def test_leverage_is_not_set_where_a_position_is_isolated(venue: str) -> None:
    async with room(venue, KIND) as place:
        await held(place)
        place.theirs.isolated, before = {"BTC-PERP"}, dict(place.theirs.leverage)
        with pytest.raises(AccountUnfit, match="isolated_margin"):
            await place.account.set_leverage("BTC-PERP", D(2))
        assert (place.theirs.leverage, place.theirs.isolated) == (before, {"BTC-PERP"})


async def test_what_positions_bring_with_them_is_set_aside_once_however_many_look() -> None:
    """A check and a plan look at one account at the same time; both find positions that nothing was moved for."""
    async with room("bybit", KIND) as place:
        place.theirs.stake("BTC-PERP").trade(D("0.05"), D(42_000))
        both = await asyncio.gather(place.account.balances(), place.account.balances())
        assert place.journal.positions_brought == D(2_100)
        assert {one.futures_wallet for one in (*both, await place.account.balances())} == {D(2_100)}


async def test_a_contract_is_set_to_cross_margin_with_its_leverage() -> None:
    """FACTS 3: asked for what is set already Binance refuses, which is as good; the setting of other contracts is left alone."""
    async with room("binance", KIND) as place:
        place.theirs.isolated = {"BTC-PERP", "ETH-PERP"}
        for _ in range(2):
            await place.account.set_leverage("BTC-PERP", D(3))
        assert (place.theirs.isolated, place.theirs.leverage) == ({"ETH-PERP"}, {"BTC-PERP": D(3)})


async def test_leverage_that_is_set_already_is_no_trouble() -> None:
    """FACTS 3: Bybit refuses it (110043)."""
    async with room("bybit", KIND) as place:
        for _ in range(2):
            await place.account.set_leverage("BTC-PERP", D(3))
        assert place.theirs.leverage == {"BTC-PERP": D(3)}


@pytest.mark.parametrize("owed", [True, False])
async def test_borrowed_money_is_no_money(owed: bool) -> None:
    """A unified account lends by itself: a debt, or a balance below zero, and nobody can tell what is the person's."""
    async with room("bybit", KIND) as place:
        if owed:
            place.theirs.owed = {"USDT": D(100)}
        else:
            place.server.venue.deposit(place.theirs, "ETH", D("-0.1"))
        for watch in (False, True):
            place.account._watch = watch
            with pytest.raises(AccountUnfit, match="borrowed"):
                await place.account.balances()


async def test_what_is_lent_and_what_else_lies_in_the_futures_account_is_beside() -> None:
    """FACTS 1: staked coins stand among the spot balances under a name of their own; BNB for fees lies in the futures wallet."""
    async with room("binance", KIND) as place:
        place.server.venue.deposit(place.theirs, "BTC", D(2), Wallet.EARN)
        balances = await place.account.balances()
        assert (balances.spot, balances.futures_wallet) == ({"USDT": D(100_000), "BTC": D(1)}, D(50_000))
        assert {where: coins for where, coins in balances.aside.items() if coins} == {"earn": {"BTC": D(2)}}
    assets = [{"asset": "USDT", "walletBalance": "20"}, {"asset": "BNB", "walletBalance": "0.5"}, {"asset": "BTC", "walletBalance": "0"}]

    async def ask(call: Any) -> Any:
        spot = {"balances": [{"asset": "USDT", "free": "1", "locked": "0"}]}
        return spot if call.path == "account" and call.api == "private" else {"totalWalletBalance": "20", "assets": assets}

    wallets = await Binance().wallets(ask, "USDT")
    assert (wallets.futures, wallets.aside["futures"]) == (D(20), {"BNB": D("0.5")})


@pytest.mark.parametrize("venue", ["binance", "bybit", pytest.param("bingx", marks=pytest.mark.long), "mexc"])
async def test_money_in_open_orders_of_the_person_is_held_and_not_free(venue: str) -> None:
    """Both sides: coins that a sale holds, and money that a purchase holds; the orders stay as they are."""
    async with room(venue, KIND, door=Door.TRADING) as place:
        await place.account.place(order("BTC", "theirs-1", side=Side.SELL, qty="0.4", limit="90000"))
        await place.account.place(order("BTC", "theirs-2", qty="0.1", limit="30000"))
        balances = await place.account.balances()
        assert (balances.spot["BTC"], balances.free["BTC"]) == (D(1), D("0.6"))
        assert balances.spot["USDT"] - balances.free["USDT"] == 3000
        assert all(one.open for one in place.theirs.orders)


@pytest.mark.parametrize("venue", ["binance", "bybit", pytest.param("bingx", marks=pytest.mark.long), "mexc"])
async def test_fees_are_told_in_the_coin_that_paid_them(venue: str) -> None:
    """FACTS 2: out of the coin that was bought; out of BNB or MX where its owner chose so; of contracts in the quote."""
    async with room(venue, KIND) as place:
        bought = await place.account.place(order("BTC", "b1-0-1", immediate=True))
        assert set(bought.fees) == {"BTC"}
        assert (await place.account.balances()).spot["BTC"] == 1 + bought.filled - bought.fees["BTC"]
        contract = await place.account.place(order("BTC-PERP", "b1-0-2", immediate=True))
        assert set(contract.fees) == {"USDT"}
        if venue in ("binance", "mexc"):
            place.theirs.pays_in = "BNB"
            place.server.venue.deposit(place.theirs, "BNB", D(5))
            paid = await place.account.place(order("BTC", "b1-0-3", immediate=True))
            assert set(paid.fees) == {"BNB"}
            assert (await place.account.balances()).spot["BNB"] == 5 - paid.fees["BNB"]


@pytest.mark.parametrize("venue", ["binance", "bybit", pytest.param("bingx", marks=pytest.mark.long)])
@pytest.mark.parametrize("instrument", ["BTC", "BTC-PERP"])
async def test_an_amount_between_two_steps_is_refused_and_never_rounded_on_the_way(venue: str, instrument: str) -> None:
    """The exchange would round it in silence: what is booked would not be what was meant."""
    async with room(venue, KIND) as place:
        for wrong in ({"qty": "0.0123456789"}, {"limit": "61000.123456"}):
            with pytest.raises(Rejected, match=r"bad_lot|bad_tick"):
                await place.account.place(order(instrument, "b1-0-1", immediate=True, **wrong))
        assert not place.server.asked("place")


@pytest.mark.parametrize("venue", ["binance", "bybit", pytest.param("bingx", marks=pytest.mark.long)])
@pytest.mark.parametrize("instrument", ["BTC", "BTC-PERP"])
async def test_what_is_worth_less_than_an_order_takes_is_never_sent(venue: str, instrument: str) -> None:
    """FACTS 1: the least value of spot and contracts stands in different fields; on both sides of it."""
    async with room(venue, KIND) as place:
        market = (await place.account.markets())[instrument]
        least = max(market.min_qty, -(-market.min_notional / 50_000 // market.lot) * market.lot)
        assert market.min_notional > 0
        with pytest.raises(Rejected, match="below_minimum"):
            await place.account.place(order(instrument, "b1-0-1", qty=str(least - market.lot or market.lot / 2), limit="50000"))
        assert not place.server.asked("place")
        sent = await place.account.place(order(instrument, "b1-0-2", qty=str(least), limit="50000"))
        assert sent.status is OrderStatus.OPEN


@pytest.mark.parametrize("venue", ["binance", "bybit", pytest.param("bingx", marks=pytest.mark.long)])
async def test_a_contract_of_a_thousand_coins_is_a_thousand_coins_and_no_other_coin(venue: str) -> None:
    """1000PEPEUSDT trades in thousands: quantity and price are of 1000PEPE, which is not the PEPE of the spot wallet."""
    async with room(venue, KIND) as place:
        market = place.server.venue.market("DOGE-PERP")
        place.server.venue.list_market(replace(market, instrument="1000PEPE-PERP"))
        price = place.server.venue.prices["DOGE-PERP"]
        place.server.venue.say("1000PEPE-PERP", price)
        limit = str(price.ask * 2 // market.tick * market.tick)
        sent = await place.account.place(order("1000PEPE-PERP", "b1-0-1", qty="500", limit=limit, immediate=True))
        (position,) = await place.account.positions()
        assert (sent.filled, position.instrument, position.qty) == (500, "1000PEPE-PERP", 500)
        assert "PEPE-PERP" not in await place.account.markets()
        assert position.mark == price.mark


@pytest.mark.parametrize(("venue", "most"), [("binance", 36), ("bybit", 36), ("bingx", 40), ("mexc", 32)])
async def test_a_client_id_is_the_venues_to_take_or_nobodys(venue: str, most: int) -> None:
    """FACTS 2: so many characters at most; without ours ccxt would make up one of its broker's."""
    async with room(venue, KIND) as place:
        longest = "b" * (most - 2)
        await place.account.place(order("BTC", longest, limit="50000"))
        assert joined(place.theirs.orders[-1]) == f"t-{longest}"
        with pytest.raises(Rejected, match="bad_request"):
            await place.account.place(order("BTC", "b" * (most - 1), limit="50000"))
        with pytest.raises(Rejected, match="duplicate_id"):
            await place.account.place(order("BTC", longest, limit="50000"))
        assert len(place.theirs.orders) == 1


@pytest.mark.parametrize("venue", ["binance", "bybit", pytest.param("bingx", marks=pytest.mark.long), "mexc"])
async def test_a_reduction_that_is_too_large_is_refused_before_it_is_cut(venue: str) -> None:
    """Bybit cuts it in silence, and MEXC may."""
    async with room(venue, KIND) as place:
        await held(place)
        with pytest.raises(Rejected, match="reduce_only"):
            await place.account.place(
                order("BTC-PERP", "b1-0-2", side=Side.SELL, qty="0.06", limit="50000", immediate=True, reduce_only=True)
            )
        assert len(place.theirs.orders) == 1


@pytest.mark.parametrize("venue", ["binance", "bybit", pytest.param("bingx", marks=pytest.mark.long), "mexc"])
async def test_an_immediate_order_that_is_filled_in_part_has_ended(venue: str) -> None:
    """FACTS 2: ccxt calls it closed, canceled or expired, by venue; a remainder is never taken for filled."""
    async with room(venue, replace(KIND, levels=1, level_quote=D(600))) as place:
        taken = await place.account.place(order("BTC", "b1-0-1", qty="0.5", immediate=True))
        assert taken.status is OrderStatus.CANCELED
        assert 0 < taken.filled < D("0.5")


async def test_one_transfer_never_stands_for_two_after_a_restart() -> None:
    """Binance takes no id of ours: the second of the same amount, a moment later, never arrived, and the first is not taken for it."""
    async with room("binance", KIND) as place:
        for name in ("b1-0-1", "b1-1-1"):
            place.journal[name] = SentTransfer(direction=Direction.TO_FUTURES, amount=D(100), at=place.clock.now())
            if name == "b1-0-1":
                await place.account.transfer(Direction.TO_FUTURES, D(100), name)
            else:
                place.server.faults.add(call="transfer", fault="reset_before")
                with pytest.raises(OutcomeUnknown):
                    await place.reopened().transfer(Direction.TO_FUTURES, D(100), name)
            place.clock.advance(1)
        place.clock.advance(15)
        assert await place.reopened().find_transfer("b1-0-1")
        assert not await place.reopened().find_transfer("b1-1-1")
        assert (await place.account.balances()).futures_wallet == 50_100


def test_what_cannot_be_changed_while_a_position_is_open_is_about_margin() -> None:
    for code in ("-4047", "-4048"):
        assert Binance().meaning(Refusal(status=400, code=code, text=""))[1] == "isolated_margin"


async def test_bingx_finds_an_order_on_spot_by_its_id_for_two_hours_and_a_contract_for_good() -> None:
    """So that "there is none" is an answer for less than that: later nothing is sent again (``found_for_s``)."""
    async with room("bingx", KIND) as place:
        for number, instrument in enumerate(("BTC", "BTC-PERP")):
            await place.account.place(order(instrument, f"b1-{number}-1", limit="30000"))
        place.clock.advance(place.account.found_for_s)
        assert await place.account.find("BTC", "b1-0-1") is not None
        place.clock.advance(2 * 3600 - place.account.found_for_s + 1)
        assert await place.account.find("BTC", "b1-0-1") is None
        assert await place.account.find("BTC-PERP", "b1-1-1") is not None
        assert len(place.theirs.open_orders) == 2


async def test_ids_in_small_letters_are_ours_all_the_same() -> None:
    """FACTS 2: BingX turns them to small letters, and spot takes no hyphen; two of ours that differ never become one."""
    async with room("bingx", KIND) as place:
        place.account._tag = "T7"
        for number, instrument in (("1-11", "BTC"), ("11-1", "BTC"), ("1-12", "BTC-PERP"), ("11-2", "BTC-PERP")):
            sent = await place.account.place(order(instrument, f"b{number}", limit="50000"))
            found = await place.account.find(instrument, f"b{number}")
            assert found is not None
            assert found.exchange_id == sent.exchange_id
        assert [one.client_id for one in place.theirs.orders] == ["t7_b1_11", "t7_b11_1", "t7_b1_12", "t7_b11_2"]


async def test_a_key_of_bingx_that_only_reads_is_watched_though_it_is_shown_no_transfers() -> None:
    """Its documentation lists transfers, and what changed futures, under rights that such a key has not: that stays unexplained."""
    async with room("bingx", KIND) as place:
        await held(place)
        place.theirs.rights = {Right.READ}
        assert (await place.account.balances()).futures_wallet > 0
        assert len(await place.account.positions()) == 1
        since = place.clock.now() - timedelta(hours=1)
        assert await place.account.history(since, ["BTC", "BTC-PERP"]) == ()
        with pytest.raises(KeyRefused):
            await place.account.place(order("BTC", "b1-0-2"))


async def test_contracts_are_counted_in_contracts_and_told_in_coins() -> None:
    """MEXC: a contract of hundreds of coins, and one of a part of a coin; a fee is held to the coins that were traded, not to contracts."""
    async with room("mexc", replace(KIND, level_quote=D(50_000))) as place:
        market = place.server.venue.market("DOGE-PERP")
        place.server.venue.list_market(replace(market, lot=D(300), min_qty=D(300)))
        price = place.server.venue.prices["DOGE-PERP"]
        limit = str(price.ask * 2 // market.tick * market.tick)
        with pytest.raises(Rejected, match="bad_lot"):
            await place.account.place(order("DOGE-PERP", "b1-0-1", qty="450", limit=limit))
        for name, instrument, qty, at in (("b1-0-2", "DOGE-PERP", "600", limit), ("b1-0-3", "BTC-PERP", "0.004", "61000")):
            taken = await place.account.place(order(instrument, name, qty=qty, limit=at, immediate=True))
            (sent,) = [one for one in place.theirs.orders if one.client_id.endswith(name)]
            assert (taken.filled, sent.filled, taken.average) == (D(qty), D(qty), sent.average)
            assert sum(taken.fees.values()) == sum(one.fee for one in sent.fills) > 0
        assert [json.loads(one.body)["vol"] for one in place.server.asked("place")] == [2, 4]
        assert {one.instrument: one.qty for one in await place.account.positions()} == {"DOGE-PERP": 600, "BTC-PERP": D("0.004")}
        entries = await place.account.history(place.clock.now() - timedelta(hours=1), ["DOGE-PERP", "BTC-PERP"])
        assert {(one.instrument, one.qty) for one in entries} >= {("DOGE-PERP", 600), ("BTC-PERP", D("0.004"))}


async def test_a_contract_without_a_size_is_left_out_by_name() -> None:
    """How many coins one is nobody knows then: neither its rules nor a position in it are told."""
    async with room("mexc", KIND) as place:
        handle = ROUTES["GET", "/api/v1/contract/detail"].handle

        def without(talk: Any) -> Any:
            told = handle(talk)
            return {
                **told,
                "data": [{**row, "contractSize": None if row["baseCoin"] == "ETH" else row["contractSize"]} for row in told["data"]],
            }

        place.server.dialect = replaced(place.server.dialect, without)
        with capture_logs() as written:
            markets = await place.account.markets()
        assert ("ETH-PERP" in markets, "BTC-PERP" in markets, "ETH" in markets) == (False, True, True)
        assert [one["instrument"] for one in written if one["event"] == "instrument_dropped"] == ["ETH-PERP"]
        with pytest.raises(Rejected, match="unknown_instrument"):
            await place.account.place(order("ETH-PERP"))
        place.theirs.stake("ETH-PERP").trade(D(1), D(3000))
        with pytest.raises(Unreachable, match="nobody knows how much"):
            await place.account.positions()


def replaced(dialect: Any, detail: Any) -> Any:
    """Return a dialect that lists its contracts in another way."""
    found = copy(dialect)
    found.routes = {**ROUTES, ("GET", "/api/v1/contract/detail"): replace(ROUTES["GET", "/api/v1/contract/detail"], handle=detail)}
    return found


async def test_an_order_of_a_contract_is_refused_where_the_mode_is_another_meanwhile() -> None:
    """MEXC: a mode that is not named is dual-side, so that a hedge would be opened instead; ours is named with every order."""
    async with room("mexc", KIND) as place:
        await place.account.positions()
        place.theirs.hedge = True
        with pytest.raises(Rejected, match="hedge_mode"):
            await place.account.place(order("BTC-PERP"))
        with pytest.raises(HedgeMode):
            await place.account.positions()
        assert not place.theirs.orders

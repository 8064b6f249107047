"""Everything that goes wrong, as the unmodified ccxt client sees it, beside what has really become of the request."""

from __future__ import annotations

from decimal import Decimal

import pytest

from chatbot.exchanges.testserver.faults import faults_of
from chatbot.exchanges.testserver.harshness import KIND, Harshness
from chatbot.exchanges.testserver.words import Call, State
from tests.exchanges.testserver.desk import PERP, SPOT, Desk, errors

#: fault at an order -> what ccxt raises (None: nothing, and an order without id and status), and whether the order exists
ORDERS = {
    "reset_before": ("ExchangeNotAvailable", False),
    "reset_after": ("ExchangeNotAvailable", True),
    "html_before": (None, False),
    "html_after": (None, True),
    "empty_before": (None, False),
    "empty_after": (None, True),
    "cut_before": (None, False),
    "cut_after": (None, True),
    "bad_gateway_before": ("ExchangeNotAvailable", False),
    "bad_gateway_after": ("ExchangeNotAvailable", True),
    "silence_before": ("RequestTimeout", False),
    "silence_after": ("RequestTimeout", True),
    "late": ("ExchangeNotAvailable", False),
    "late_silence": ("RequestTimeout", False),
    "unknown_before": ("RequestTimeout", False),
    "unknown_after": ("RequestTimeout", True),
    "unknown_late": ("RequestTimeout", False),
    # behind replaced addresses ccxt knows no more than that it is an error; the code is in its text
    "busy": ("ExchangeError", False),
    "rate": ("DDoSProtection", False),
    "ban": ("DDoSProtection", False),
    "skew": ("InvalidNonce", False),
    "revoked": ("DDoSProtection", False),
    "maintenance": ("OnMaintenance", False),
    "hang_up_before": ("ExchangeNotAvailable", False),
    "hang_up_after": ("ExchangeNotAvailable", True),
    "broken_off_before": ("ExchangeError", False),
    "broken_off_after": ("ExchangeError", True),
    # ccxt goes where it is sent, and asks there for what was done here
    "redirect_after": ("InvalidOrder", True),
    "forbidden": ("ExchangeNotAvailable", False),
    "too_many": ("DDoSProtection", False),
    "duplicate_after": ("InvalidOrder", True),
}
#: behind replaced addresses ccxt knows no code of futures
BARE = {"redirect_after", "duplicate_after"}
#: faults whose answer is one, but for its numbers
SPOILED = {"nan", "nothing", "redirect_before", "exponent", "twice", "reversed", "then_rejected", "then_expired"}


def test_the_table_knows_every_fault() -> None:
    assert set(faults_of(Call.PLACE)) == ORDERS.keys() | SPOILED


@pytest.mark.parametrize("symbol", [SPOT, PERP])
async def test_every_fault_at_an_order_is_seen_as_it_is_written_down(symbol: str) -> None:
    """Each fault is told by ccxt in its way, and the order exists or does not: the two do not follow from each other."""
    async with Desk(bare=True) as desk:
        await desk.ccxt.fetch_balance({"type": "spot"})  # after one success a revoked key looks like a rate limit
        for fault, (kind, exists) in ORDERS.items():
            seen = None
            try:
                order = await desk.order_under(fault, symbol)
                assert (order["id"], order["status"]) == (None, None), fault
            except errors.BaseError as error:
                seen = type(error).__name__
            assert seen == ("ExchangeError" if symbol == PERP and fault in BARE else kind), fault
            assert [order.client_id for order in desk.account.orders].count(fault) == exists, fault
        assert not desk.server.faults.left


@pytest.mark.parametrize(("late_s", "exists"), [(4.0, True), (10.5, False)])
async def test_a_late_request_is_judged_by_the_time_it_names(late_s: float, *, exists: bool) -> None:
    """It comes into being although its sender has given up; but not after the window that it names (ccxt: 10 s)."""
    async with Desk(Harshness(late_s=late_s)) as desk:
        desk.server.faults.add(call=Call.PLACE, fault="late")
        with pytest.raises(errors.NetworkError):
            await desk.order(SPOT, "buy", 0.01, 59_000, clientOrderId="slow")
        desk.clock.advance(3.9)
        with pytest.raises(errors.OrderNotFound):
            await desk.find(SPOT, "slow")
        desk.clock.advance(20)
        if exists:
            assert (await desk.find(SPOT, "slow"))["status"] == "open"
        else:
            with pytest.raises(errors.OrderNotFound):
                await desk.find(SPOT, "slow")


async def test_the_same_id_sent_again_too_early_is_filled_twice() -> None:
    """What quarantine is for: look up, not there, send again, and the first one arrives as well; the id was free again."""
    async with Desk(Harshness()) as desk:
        desk.server.faults.add(call=Call.PLACE, fault="late")
        with pytest.raises(errors.NetworkError):
            await desk.order(SPOT, "buy", 0.01, 61_000, clientOrderId="once")
        with pytest.raises(errors.OrderNotFound):
            await desk.find(SPOT, "once")
        await desk.order(SPOT, "buy", 0.01, 61_000, clientOrderId="once")
        desk.clock.advance(6)
        await desk.find(SPOT, "once")
        assert [order.state for order in desk.account.orders] == [State.FILLED, State.FILLED]


async def test_the_look_up_lags_behind_the_order() -> None:
    """An order that was just answered for is not there yet; neither is it among the open ones."""
    async with Desk(Harshness(lookup_lag_s=2)) as desk:
        assert (await desk.order(SPOT, "buy", 0.01, 50_000, clientOrderId="new"))["status"] == "open"
        desk.clock.advance(1.9)
        with pytest.raises(errors.OrderNotFound):
            await desk.find(SPOT, "new")
        assert await desk.ccxt.fetch_open_orders(SPOT) == []
        desk.clock.advance(0.2)
        assert (await desk.find(SPOT, "new"))["status"] == "open"


async def test_a_cancel_that_worked_and_lost_its_answer_is_repeated_by_the_client_and_not_found() -> None:
    """The library below repeats a DELETE on a connection that was kept; so does what it says then mislead."""
    async with Desk() as desk:
        order = await desk.order(SPOT, "buy", 0.01, 50_000, clientOrderId="gone")
        desk.server.faults.add(call=Call.CANCEL, fault="reset_after")
        with pytest.raises(errors.OrderNotFound):
            await desk.ccxt.cancel_order(order["id"], SPOT)
        assert len(desk.server.asked(Call.CANCEL)) == 2
        assert desk.account.orders[0].state is State.CANCELED


async def test_an_answer_that_is_none_reads_as_nothing_there() -> None:
    """Without our guard ccxt takes html for an empty account; with it, it is no answer."""
    async with Desk(bare=True) as desk:
        await desk.order(PERP, "buy", 0.01, 61_000)
        for call in (Call.BALANCES, Call.POSITIONS):
            desk.server.faults.add(call=call, fault="html_before")
        assert "USDT" not in (await desk.ccxt.fetch_balance({"type": "spot"}))["total"]
        assert await desk.ccxt.fetch_positions() == []
    async with Desk() as desk:
        for fault in ("html_before", "empty_before", "cut_before"):
            desk.server.faults.add(call=Call.BALANCES, fault=fault)
            with pytest.raises(errors.BadResponse):
                await desk.ccxt.fetch_balance({"type": "spot"})


async def test_a_field_that_holds_no_number_and_a_list_that_lost_its_rows() -> None:
    async with Desk(bare=True) as desk:
        desk.server.faults.add(call=Call.FUTURES, fault="nan", field="marginBalance")
        balance = await desk.ccxt.fetch_balance({"type": "swap"})
        assert balance["info"]["assets"][0]["marginBalance"] == "NaN"
        assert balance["info"]["totalWalletBalance"] == "5000.00000000"
        desk.server.faults.add(call=Call.BALANCES, fault="nothing")
        assert (await desk.ccxt.fetch_balance({"type": "spot"}))["info"]["balances"] == []
        desk.server.faults.add(call=Call.TOUCH, fault="nan", field="bidPrice")
        row = await desk.ccxt.fapiPublicGetTickerBookTicker({"symbol": "BTCUSDT"})
        assert row["bidPrice"] == "NaN"
        assert Decimal(row["askPrice"]) > 0


async def test_a_thin_book_fills_in_parts() -> None:
    """An order takes what the book holds, the rest waits and comes in parts; what is immediate ends there."""
    async with Desk(Harshness(level_quote=Decimal(600), levels=2, lookup_lag_s=0)) as desk:
        order = await desk.order(SPOT, "buy", 0.05, 60_100, clientOrderId="parts")
        assert (order["status"], order["filled"]) == ("open", 0.01998)
        desk.clock.advance(1.1)
        found = await desk.find(SPOT, "parts")
        assert 0.02 < found["filled"] < 0.05
        ended = await desk.ccxt.cancel_order(order["id"], SPOT)
        assert (ended["status"], ended["filled"]) == ("canceled", found["filled"])
        taken = await desk.order(PERP, "buy", 0.05, 60_100, timeInForce="IOC")
        assert taken["status"] == "expired"
        assert 0 < taken["filled"] < 0.05


async def test_what_ended_without_a_fill_is_forgotten() -> None:
    async with Desk(KIND) as desk:
        order = await desk.order(PERP, "buy", 0.01, 50_000, clientOrderId="old")
        await desk.ccxt.cancel_order(order["id"], PERP)
        assert (await desk.find(PERP, "old"))["status"] == "canceled"
        desk.clock.advance(3 * 86_400)
        with pytest.raises(errors.OrderNotFound):
            await desk.find(PERP, "old")

"""What the test exchange refuses: wrong keys, wrong times, too many requests, orders against the rules."""

from __future__ import annotations

import pytest

from chatbot.exchanges.testserver.account import Right
from chatbot.exchanges.testserver.harshness import Harshness
from tests.exchanges.testserver.desk import PERP, SPOT, Desk, errors


async def test_an_id_is_taken_while_its_order_is_open_and_for_ever_where_a_venue_says_so() -> None:
    async with Desk() as desk:
        await desk.order(SPOT, "buy", 0.01, 50_000, clientOrderId="mine")
        with pytest.raises(errors.InvalidOrder, match="-2010"):
            await desk.order(SPOT, "buy", 0.01, 50_000, clientOrderId="mine")
        await desk.ccxt.cancel_order(None, SPOT, {"origClientOrderId": "mine"})
        await desk.order(SPOT, "buy", 0.01, 50_000, clientOrderId="mine")
    async with Desk(Harshness(reuse_ids=False)) as desk:
        await desk.order(PERP, "buy", 0.01, 61_000, clientOrderId="mine")
        with pytest.raises(errors.ExchangeError, match="-4116"):
            await desk.order(PERP, "buy", 0.01, 61_000, clientOrderId="mine")


async def test_a_clock_that_is_off_is_refused_both_ways() -> None:
    async with Desk() as desk:
        for seconds, text in ((1.5, "ahead"), (-10.5, "outside of the recvWindow")):
            desk.ccxt.milliseconds = lambda off=seconds: int((desk.clock.now().timestamp() + off) * 1000)
            with pytest.raises(errors.InvalidNonce, match=text):
                await desk.ccxt.fetch_balance({"type": "spot"})
        desk.ccxt.options["adjustForTimeDifference"] = True
        await desk.ccxt.load_time_difference()
        await desk.ccxt.fetch_balance({"type": "spot"})


async def test_keys_are_judged() -> None:
    """Key, address and signature; and a right that is missing is told only where it is needed."""
    async with Desk() as desk:
        for change in ({"apiKey": "another"}, {"secret": "another"}):
            before = {name: getattr(desk.ccxt, name) for name in change}
            vars(desk.ccxt).update(change)
            with pytest.raises(errors.AuthenticationError):
                await desk.ccxt.fetch_balance({"type": "spot"})
            vars(desk.ccxt).update(before)
        desk.account.rights.discard(Right.FUTURES)
        with pytest.raises(errors.AuthenticationError):
            await desk.order(PERP, "buy", 0.01, 50_000)
        await desk.order(SPOT, "buy", 0.001, 50_000)
        desk.account.revoked = True
        with pytest.raises(errors.DDoSProtection, match="-2015"):
            await desk.ccxt.fetch_balance({"type": "spot"})
        desk.account.revoked, desk.account.addresses = False, ("10.0.0.1",)
        with pytest.raises(errors.DDoSProtection, match="-2015"):
            await desk.ccxt.fetch_balance({"type": "spot"})


async def test_weights_are_counted_and_who_goes_on_is_banned() -> None:
    async with Desk(Harshness(limit_share=0.01, ban_after=2, ban_s=90)) as desk:
        for weight in ("20", "40", "60"):
            await desk.ccxt.fetch_balance({"type": "spot"})
            assert desk.ccxt.last_response_headers["X-MBX-USED-WEIGHT-1M"] == weight
        for status in ("429", "429", "429", "418"):
            with pytest.raises(errors.DDoSProtection, match=status):
                await desk.ccxt.fetch_balance({"type": "spot"})
        assert desk.ccxt.last_response_headers["Retry-After"] == "91"
        desk.clock.advance(89)
        with pytest.raises(errors.DDoSProtection, match="418"):
            await desk.ccxt.fetch_balance({"type": "spot"})
        desk.clock.advance(2)
        await desk.ccxt.fetch_balance({"type": "spot"})


async def test_what_the_rules_forbid_is_refused() -> None:
    async with Desk(Harshness(round_amounts=False, ignore_unknown=False)) as desk:
        cases = {
            "NOTIONAL": (SPOT, "buy", 0.00005, 50_000),
            "-4164": (PERP, "buy", 0.001, 50_000),
            "insufficient": (SPOT, "sell", 0.2, 60_000),
            "-2019": (PERP, "buy", 5, 60_000),
            "immediately match": (SPOT, "buy", 0.01, 61_000, True),
            "-5022": (PERP, "buy", 0.01, 61_000, True),
        }
        for code, (symbol, side, qty, price, *post) in cases.items():
            with pytest.raises(errors.ExchangeError, match=code):
                await desk.order(symbol, side, qty, price, **({"postOnly": True} if post else {}))
        raw = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": "50000"}
        for change, code in (
            ({"quantity": "0.0100001"}, "LOT_SIZE"),
            ({"price": "50000.001"}, "PRICE_FILTER"),
            ({"colour": "red"}, "-1104"),
        ):
            with pytest.raises(errors.ExchangeError, match=code):
                await desk.ccxt.privatePostOrder({**raw, **change})
        assert desk.account.orders == []


async def test_amounts_are_rounded_and_unknown_fields_ignored_in_silence() -> None:
    async with Desk(Harshness()) as desk:
        raw = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": "50000", "colour": "red"}
        order = await desk.ccxt.privatePostOrder({**raw, "quantity": "0.0100079"})
        assert order["origQty"] == "0.01000000"


async def test_a_question_about_everything_weighs_more() -> None:
    """All open orders on spot weigh 80 of 6,000 a minute, those of one market 6; spot and futures are counted apart."""
    async with Desk() as desk:
        for ask, weight in (
            (desk.ccxt.fetch_open_orders(), "80"),
            (desk.ccxt.fetch_open_orders(SPOT), "86"),
            (desk.ccxt.fetch_open_orders(None, params={"type": "swap"}), "40"),
            (desk.ccxt.fetch_ticker(SPOT), "88"),
            (desk.ccxt.fetch_tickers(), "168"),
            (desk.ccxt.fetch_order_book(SPOT, 500), "193"),
        ):
            await ask
            assert desk.ccxt.last_response_headers["X-MBX-USED-WEIGHT-1M"] == weight


async def test_what_we_stumble_over_ourselves_fails_the_test() -> None:
    """A mistake of ours must not pass for a fault of the venue."""
    desk = Desk()
    await desk.__aenter__()
    del desk.venue.prices["BTC"]
    with pytest.raises(errors.ExchangeNotAvailable):
        await desk.ccxt.fetch_order_book(SPOT)
    with pytest.raises(KeyError, match="BTC"):
        await desk.__aexit__(None, None, None)

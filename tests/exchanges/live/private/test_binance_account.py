"""An account at Binance through the real ccxt client: what is sent, and what its answers are read as (traps of FACTS.md by name)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from chatbot.errors import AccountUnfit, HedgeMode, OutcomeUnknown, Rejected, Unreachable
from chatbot.exchanges.base import Direction, OrderStatus, Side
from tests.exchanges.live.private.wire import (
    KEYS,
    Answer,
    Request,
    desk,
    futures_account,
    perp_order,
    position,
    refused,
    request,
    spot_order,
)

NO_ANSWERS = ["<html>", "", '{"balances": [{"as', "[]", "{}", '"text"', "null"]


def body(sent: Request) -> dict[str, str]:
    """Return what was sent without what differs from one time to the next."""
    return {name: value for name, value in sent.params.items() if name not in ("timestamp", "recvWindow", "signature", "newClientOrderId")}


async def test_balances_are_totals_and_the_futures_wallet_has_no_unrealised_profit() -> None:
    """FACTS 3: what ccxt calls the total of a swap account moves with the price; staked coins are no money that can be traded."""
    balances = await desk().account.balances()
    assert balances.spot == {"USDT": Decimal(5000), "BTC": Decimal("0.05"), "ETH": Decimal("1.5"), "LDO": Decimal(7)}
    assert balances.free == {"USDT": Decimal(5000), "BTC": Decimal("0.05"), "ETH": Decimal("1.2"), "LDO": Decimal(7)}
    assert balances.futures_wallet == Decimal("3000.5")


@pytest.mark.parametrize("path", ["/api/v3/account", "/fapi/v3/account"])
async def test_an_answer_that_is_none_is_never_an_empty_account(path: str) -> None:
    """FACTS 7, faults K2: HTTP 200 with html, an empty body or cut JSON raises nothing in ccxt."""
    room = desk()
    for answer in (*NO_ANSWERS, '{"balances": []}', '{"balances": [{"asset": "BTC", "free": NaN, "locked": "0"}]}'):
        room.wire.fail(f"GET {path}", answer)
        with pytest.raises(Unreachable):
            await room.account.balances()


@pytest.mark.parametrize("name", ["positionAmt", "entryPrice", "markPrice", "liquidationPrice", "notional"])
async def test_what_is_no_number_in_a_position_is_refused(name: str) -> None:
    room = desk()
    for broken in ("NaN", "Infinity", "", None, "1e400", True, {}):
        room.wire.routes["GET /fapi/v3/positionRisk"] = [position(**{name: broken})]
        with pytest.raises(Unreachable):
            await room.account.positions()


async def test_positions_carry_our_names_and_a_whole_leverage() -> None:
    """The newer answer tells no leverage: it is the value divided by the margin put aside."""
    room = desk()
    short = position("ETHUSDT", "-0.4", liquidationPrice="0", leverage="7")
    room.wire.routes["GET /fapi/v3/positionRisk"] = [position(), short, position("LDOUSDT", "0"), position("BTCUSDC", "1")]
    held = {one.instrument: one for one in await room.account.positions()}
    assert set(held) == {"BTC-PERP", "ETH-PERP"}
    btc, eth = held["BTC-PERP"], held["ETH-PERP"]
    assert (btc.qty, btc.entry, btc.mark, btc.leverage) == (Decimal("0.05"), Decimal(41000), Decimal(42000), Decimal(5))
    assert (btc.liquidation, eth.liquidation) == (Decimal("21000.5"), None)
    assert (eth.qty, eth.leverage) == (Decimal("-0.4"), Decimal(7))


async def test_no_positions_are_believed_only_when_no_margin_is_put_aside() -> None:
    room = desk()
    assert await room.account.positions() == ()
    room.wire.routes["GET /fapi/v3/account"] = futures_account(totalPositionInitialMargin="420")
    with pytest.raises(Unreachable):
        await room.account.positions()


async def test_positions_that_cannot_be_read_are_not_none() -> None:
    """FACTS 7: fetch_positions returns [] for all of these."""
    room = desk()
    for answer in ("<html>", "", '[{"symb', '{"a": 1}', "null"):
        room.wire.fail("positionRisk", answer)
        with pytest.raises(Unreachable):
            await room.account.positions()


async def test_hedge_mode_is_told_as_such() -> None:
    """FACTS 3: long and short of one contract side by side are not what a portfolio counts with."""
    room = desk()
    room.wire.routes["GET /fapi/v3/positionRisk"] = [position(positionSide="LONG"), position(qty="-0.05", positionSide="SHORT")]
    with pytest.raises(HedgeMode):
        await room.account.positions()
    room.wire.routes["GET /fapi/v1/positionSide/dual"] = {"dualSidePosition": True}
    with pytest.raises(HedgeMode):
        await room.account.ping()
    room.wire.routes["GET /fapi/v1/positionSide/dual"] = {"dualSidePosition": False}
    room.wire.routes["GET /fapi/v1/multiAssetsMargin"] = {"multiAssetsMargin": True}
    with pytest.raises(AccountUnfit, match="multi_assets"):
        await room.account.ping()
    room.wire.fail("POST /fapi/v1/order", **refused(-4061, "Order's position side does not match user's setting."))
    with pytest.raises(Rejected, match="hedge_mode"):
        await room.account.place(request("BTC-PERP"))


SPOT = {"symbol": "BTCUSDT", "side": "BUY", "newOrderRespType": "FULL", "quantity": "0.01", "price": "42000"}
PERP = {"symbol": "BTCUSDT", "side": "SELL", "newOrderRespType": "RESULT", "quantity": "0.01", "price": "42000", "type": "LIMIT"}


@pytest.mark.parametrize(
    ("instrument", "flags", "sent"),
    [
        ("BTC", {}, {**SPOT, "type": "LIMIT", "timeInForce": "GTC"}),
        ("BTC", {"post_only": True}, {**SPOT, "type": "LIMIT_MAKER"}),
        ("BTC", {"immediate": True}, {**SPOT, "type": "LIMIT", "timeInForce": "IOC"}),
        ("BTC-PERP", {"post_only": True}, {**PERP, "timeInForce": "GTX"}),
        ("BTC-PERP", {"immediate": True, "reduce_only": True}, {**PERP, "timeInForce": "IOC", "reduceOnly": "true"}),
    ],
)
async def test_an_order_is_sent_as_it_was_drafted(instrument: str, flags: dict[str, bool], sent: dict[str, str]) -> None:
    """FACTS 2: post-only is LIMIT_MAKER on spot and GTX on futures; the id is ours, and not the one that ccxt makes up."""
    room, perp = desk(), instrument.endswith("PERP")
    side = Side.SELL if perp else Side.BUY
    room.wire.routes["GET /fapi/v3/positionRisk"] = [position()]
    order = await room.account.place(request(instrument, side, **flags))
    (wired,) = room.wire.of("/fapi/v1/order" if perp else "/api/v3/order")
    assert body(wired) == sent
    assert wired.params["newClientOrderId"] == "t7-b1-0-1"
    assert wired.params["recvWindow"] == "5000"
    assert wired.headers["X-MBX-APIKEY"] == KEYS.api_key
    assert (order.client_id, order.instrument, order.side, order.status) == ("b1-0-1", instrument, side, OrderStatus.OPEN)
    assert (order.qty, order.limit, order.filled, order.average) == (Decimal("0.01"), Decimal(42000), 0, None)


@pytest.mark.parametrize(("qty", "wired"), [("0.00020", "0.0002"), ("100", "100"), ("1E+2", "100"), ("0.00001", "0.00001")])
async def test_amounts_are_written_out_exactly(qty: str, wired: str) -> None:
    room = desk()
    await room.account.place(request(qty=qty, limit="1000000"))
    assert room.wire.of("/api/v3/order")[0].params["quantity"] == wired


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"instrument": "NOSUCH"}, "unknown_instrument"),
        ({"qty": "0.000015"}, "bad_lot"),
        ({"qty": "0"}, "bad_lot"),
        ({"limit": "42000.001"}, "bad_tick"),
        ({"qty": "0.0001"}, "below_minimum"),
        ({"reduce_only": True}, "reduce_only"),
    ],
)
async def test_what_the_rules_forbid_is_refused_before_it_is_sent(changed: dict[str, Any], reason: str) -> None:
    room = desk()
    with pytest.raises(Rejected) as error:
        await room.account.place(request(**changed))
    assert error.value.reason == reason
    assert not room.wire.of("/api/v3/order")


async def test_a_fill_is_told_with_its_fees_in_the_coins_that_they_were_paid_in() -> None:
    """FACTS 2, item 1: fees come out of the bought coin, or out of BNB; the price is that of the trades."""
    room = desk()
    fills = [
        {"price": "41990", "qty": "0.006", "commission": "0.000006", "commissionAsset": "BTC"},
        {"price": "41995", "qty": "0.004", "commission": "0.0002", "commissionAsset": "BNB"},
    ]
    room.wire.routes["POST /api/v3/order"] = lambda sent: spot_order(sent, status="FILLED", filled="0.01", fills=fills)
    order = await room.account.place(request(immediate=True))
    assert (order.status, order.filled, order.average) == (OrderStatus.FILLED, Decimal("0.01"), Decimal(41992))
    assert order.fees == {"BTC": Decimal("0.000006"), "BNB": Decimal("0.0002")}
    assert not room.wire.of("/api/v3/myTrades")


async def test_trades_that_lag_behind_their_order_are_waited_for() -> None:
    """An order that was taken and whose fee is not known yet is found again; it is never booked without its fee."""
    room = desk()
    room.wire.routes["POST /fapi/v1/order"] = lambda sent: perp_order(sent, status="FILLED", filled="0.01")
    room.wire.routes["GET /fapi/v1/userTrades"] = []
    with pytest.raises(OutcomeUnknown):
        await room.account.place(request("BTC-PERP", immediate=True))
    room.wire.routes["GET /fapi/v1/order"] = lambda sent: perp_order(sent, status="FILLED", filled="0.01")
    with pytest.raises(Unreachable):
        await room.account.find("BTC-PERP", "b1-0-1")
    trade = {"orderId": 28, "price": "41990", "qty": "0.01", "commission": "0.2", "commissionAsset": "USDT"}
    room.wire.routes["GET /fapi/v1/userTrades"] = [trade, {**trade, "orderId": 29}]
    found = await room.account.find("BTC-PERP", "b1-0-1")
    assert found is not None
    assert (found.filled, found.average, found.fees) == (Decimal("0.01"), Decimal(41990), {"USDT": Decimal("0.2")})


async def test_an_order_is_none_only_when_the_exchange_says_so() -> None:
    room = desk()
    assert await room.account.find("BTC", "b1-0-1") is None
    room.wire.fail("GET /api/v3/order", **refused(-1121, "Invalid symbol."))
    with pytest.raises(Unreachable):
        await room.account.find("NOSUCH", "b1-0-1")
    for answer in NO_ANSWERS:
        room.wire.fail("GET /api/v3/order", answer)
        with pytest.raises(Unreachable):
            await room.account.find("BTC", "b1-0-1")
    room.wire.routes["GET /api/v3/order"] = lambda sent: spot_order({**sent, "origClientOrderId": "web_of_another"})
    with pytest.raises(Unreachable):
        await room.account.find("BTC", "b1-0-1")


async def test_an_order_of_what_is_not_listed_any_more_is_still_looked_up() -> None:
    """It may have been filled before the delisting: "not listed" is no "never seen"."""
    room = desk()
    room.wire.routes["GET /fapi/v1/order"] = lambda sent: perp_order(sent, status="FILLED", filled="0.01")
    trade = {"orderId": 28, "price": "5", "qty": "0.01", "commission": "0", "commissionAsset": "USDT"}
    room.wire.routes["GET /fapi/v1/userTrades"] = [trade]
    found = await room.account.find("GONE-PERP", "b1-0-1")
    assert found is not None
    assert (found.instrument, found.filled) == ("GONE-PERP", Decimal("0.01"))
    assert room.wire.of("/fapi/v1/order")[0].params["symbol"] == "GONEUSDT"


@pytest.mark.parametrize(
    ("told", "status"),
    [("CANCELED", OrderStatus.CANCELED), ("EXPIRED", OrderStatus.CANCELED), ("EXPIRED_IN_MATCH", OrderStatus.CANCELED)],
)
async def test_what_ended_after_a_partial_fill_is_cancelled(told: str, status: OrderStatus) -> None:
    """FACTS 2: cancelled or IOC after a partial fill."""
    room = desk()
    room.wire.routes["GET /api/v3/order"] = lambda sent: spot_order(sent, status=told, filled="0.004")
    fill = {"orderId": 28, "price": "42000", "qty": "0.004", "commission": "0", "commissionAsset": "BNB"}
    room.wire.routes["GET /api/v3/myTrades"] = [fill]
    found = await room.account.find("BTC", "b1-0-1")
    assert found is not None
    assert (found.status, found.filled) == (status, Decimal("0.004"))


async def test_a_spot_cancellation_is_known_by_the_original_id() -> None:
    """The answer carries an id of its own."""
    room = desk()

    def cancelled(sent: dict[str, str]) -> dict[str, Any]:
        own = sent["origClientOrderId"]
        return spot_order({**sent, "newClientOrderId": "cancel1"}, status="CANCELED", origClientOrderId=own)

    room.wire.routes["DELETE /api/v3/order"] = cancelled
    order = await room.account.cancel("BTC", "b1-0-1")
    assert (order.client_id, order.status) == ("b1-0-1", OrderStatus.CANCELED)


async def test_cancelling_what_has_ended_returns_how_it_ended() -> None:
    """FACTS 7: a DELETE whose answer is lost is repeated by the library itself, and then there is nothing to cancel any more."""
    room = desk()
    room.wire.routes["GET /api/v3/order"] = lambda sent: spot_order(sent, status="CANCELED")
    assert (await room.account.cancel("BTC", "b1-0-1")).status is OrderStatus.CANCELED
    room.wire.routes["GET /api/v3/order"] = Answer(refused(-2013)["body"], 400)
    with pytest.raises(Rejected, match="unknown_order"):
        await room.account.cancel("BTC", "b1-0-1")
    room.wire.fail("DELETE /api/v3/order", "<html>")
    with pytest.raises(OutcomeUnknown):
        await room.account.cancel("BTC", "b1-0-1")


async def test_leverage_may_be_set_twice_and_is_a_whole_number_in_bounds() -> None:
    room = desk()
    for _ in range(2):
        await room.account.set_leverage("BTC-PERP", Decimal(3))
    assert [body(sent) for sent in room.wire.of("/fapi/v1/leverage")] == [{"symbol": "BTCUSDT", "leverage": "3"}] * 2
    for instrument, leverage, reason in (
        ("BTC", 3, "unknown_instrument"),
        ("BTC-PERP", 0, "bad_leverage"),
        ("BTC-PERP", "2.5", "bad_leverage"),
    ):
        with pytest.raises(Rejected, match=reason):
            await room.account.set_leverage(instrument, Decimal(leverage))
    room.wire.fail("leverage", {"leverage": 4, "symbol": "BTCUSDT"})
    with pytest.raises(OutcomeUnknown):
        await room.account.set_leverage("BTC-PERP", Decimal(3))


async def test_a_watched_account_sends_nothing_that_changes_anything() -> None:
    room = desk(watch=True)
    account = room.account
    for attempt in (
        lambda: account.place(request()),
        lambda: account.cancel("BTC", "b1-0-1"),
        lambda: account.transfer(Direction.TO_FUTURES, Decimal(1), "t"),
        lambda: account.set_leverage("BTC-PERP", Decimal(2)),
    ):
        with pytest.raises(Rejected, match="watched"):
            await attempt()
    assert room.wire.sent == []
    await account.balances()
    await account.ping()
    assert {sent.verb for sent in room.wire.sent} == {"GET"}


@pytest.mark.parametrize(
    "broken",
    [
        {"price": "0"},
        {"price": "1e30"},
        {"price": "42000.01"},
        {"commission": "99999999"},
        {"commission": "-99999999"},
        {"commission": "999", "commissionAsset": "USDT"},
    ],
)
async def test_a_trade_that_cannot_be_is_no_answer(broken: dict[str, str]) -> None:
    """A price of 1e30, or a fee of a hundred million, was booked, told as what was paid, and taken off what the buys may spend."""
    room = desk()
    trade = {"price": "41990", "qty": "0.01", "commission": "0.00001", "commissionAsset": "BTC"}
    room.wire.routes["POST /api/v3/order"] = lambda sent: spot_order(sent, status="FILLED", filled="0.01", fills=[{**trade, **broken}])
    with pytest.raises(OutcomeUnknown):
        await room.account.place(request(immediate=True))
    room.wire.routes["GET /api/v3/order"] = lambda sent: spot_order(sent, status="FILLED", filled="0.01")
    room.wire.routes["GET /api/v3/myTrades"] = [{**trade, "orderId": 28}]
    found = await room.account.find("BTC", "b1-0-1")
    assert found is not None
    assert found.average == Decimal(41990)

"""Everything that goes wrong, as the unmodified ccxt client sees it on Bybit, beside what has really become of the request."""

from __future__ import annotations

import pytest

from chatbot.exchanges.testserver.dialects.bybit.speech import BYBIT
from chatbot.exchanges.testserver.faults import faults_of
from chatbot.exchanges.testserver.harshness import Harshness
from chatbot.exchanges.testserver.words import Call
from tests.exchanges.testserver.desk import PERP, SPOT, Desk, errors

#: fault at an order -> what ccxt raises (None: nothing, and an order without an id), and whether the order exists
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
    # an outcome that nobody knows comes as the bare class, like every other unknown code
    "unknown_before": ("ExchangeError", False),
    "unknown_after": ("ExchangeError", True),
    "unknown_late": ("ExchangeError", False),
    "busy": ("ExchangeError", False),
    "maintenance": ("ExchangeError", False),
    "rate": ("RateLimitExceeded", False),
    "ban": ("RateLimitExceeded", False),
    "skew": ("InvalidNonce", False),
    "revoked": ("AuthenticationError", False),
    "hang_up_before": ("ExchangeNotAvailable", False),
    "hang_up_after": ("ExchangeNotAvailable", True),
    "broken_off_before": ("ExchangeError", False),
    "broken_off_after": ("ExchangeError", True),
    # ccxt goes where it is sent, and asks there for what was done here
    "redirect_after": ("InvalidOrder", True),
    "forbidden": ("RateLimitExceeded", False),
    "too_many": ("RateLimitExceeded", False),
    "duplicate_after": ("InvalidOrder", True),
}
SPOILED = {"nan", "nothing", "redirect_before", "exponent", "twice", "reversed", "then_rejected", "then_expired"}


def test_the_table_knows_every_fault() -> None:
    assert set(faults_of(Call.PLACE)) == ORDERS.keys() | SPOILED


@pytest.mark.parametrize("symbol", [SPOT, PERP])
async def test_every_fault_at_an_order_is_seen_as_it_is_written_down(symbol: str) -> None:
    """Each fault is told by ccxt in its way, and the order exists or does not: the two do not follow from each other."""
    async with Desk(dialect=BYBIT, bare=True) as desk:
        for number, (fault, (kind, exists)) in enumerate(ORDERS.items()):
            if number % 10 == 0:
                desk.clock.advance(1)  # more than twenty orders a second are too many
            seen = None
            try:
                order = await desk.order_under(fault, symbol)
                assert order["id"] is None, fault
            except errors.BaseError as error:
                seen = type(error).__name__
            assert seen == kind, fault
            assert [order.client_id for order in desk.account.orders].count(fault) == exists, fault
        assert not desk.server.faults.left


async def test_an_answer_that_is_none_reads_as_nothing_there() -> None:
    async with Desk(dialect=BYBIT, bare=True) as desk:
        await desk.order(PERP, "buy", 0.01, 61_000)
        await desk.order(PERP, "buy", 0.01, 50_000)
        desk.server.faults.add(call=Call.POSITIONS, fault="html_before")
        assert await desk.ccxt.fetch_positions(None, {"type": "swap"}) == []
        desk.server.faults.add(call=Call.FIND, fault="empty_before")
        assert await desk.ccxt.fetch_open_orders(PERP) == []


async def test_what_the_rules_forbid_is_refused() -> None:
    async with Desk(Harshness(round_amounts=False), dialect=BYBIT) as desk:
        cases = {
            "170140": (SPOT, "buy", 0.00005, 50_000),
            "110094": (PERP, "buy", 0.001, 50_000),
            "170131": (SPOT, "sell", 0.2, 60_000),
            "110007": (PERP, "buy", 9, 60_000),
        }
        for code, (symbol, side, qty, price) in cases.items():
            with pytest.raises(errors.ExchangeError, match=code):
                await desk.order(symbol, side, qty, price)
        await desk.order(SPOT, "buy", 0.01, 50_000, clientOrderId="mine")
        with pytest.raises(errors.InvalidOrder, match="170141"):
            await desk.order(SPOT, "buy", 0.01, 50_000, clientOrderId="mine")


async def test_keys_clocks_and_limits_are_judged() -> None:
    async with Desk(Harshness(limit_share=0.1), dialect=BYBIT) as desk:
        for _ in range(5):
            await desk.ccxt.fetch_positions([PERP])
        with pytest.raises(errors.RateLimitExceeded, match="10006"):
            await desk.ccxt.fetch_positions([PERP])
        desk.clock.advance(1)
        await desk.ccxt.fetch_positions([PERP])
        desk.account.addresses = ("10.0.0.1",)
        with pytest.raises(errors.PermissionDenied, match="10010"):
            await desk.ccxt.fetch_positions([PERP])
        desk.account.addresses = ()
        desk.ccxt.secret = "another"
        with pytest.raises(errors.AuthenticationError, match="10004"):
            await desk.ccxt.fetch_positions([PERP])
        desk.ccxt.milliseconds = lambda: int((desk.clock.now().timestamp() - 6) * 1000)
        with pytest.raises(errors.InvalidNonce, match="10002"):
            await desk.ccxt.fetch_positions([PERP])

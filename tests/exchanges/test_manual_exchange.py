"""Holdings that a person types in and trades by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from chatbot.clock import ManualClock
from chatbot.errors import NotEnoughMoney, Rejected
from chatbot.exchanges.base import Direction, OrderRequest, OrderStatus, Side
from chatbot.exchanges.manual import ManualExchange
from chatbot.exchanges.markets.simulated import SimulatedSource
from chatbot.exchanges.paper.account import AccountState


def manual(state: AccountState | None = None) -> tuple[ManualExchange, list[AccountState]]:
    """Return a manual account and what it saves."""
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    saved: list[AccountState] = []

    async def save(after: AccountState) -> None:
        saved.append(after)

    return ManualExchange(SimulatedSource(clock), clock, state or AccountState.opening(Decimal(1000)), save=save), saved


async def test_what_was_typed_in_replaces_what_was_there() -> None:
    exchange, saved = manual()
    await exchange.retype({"BTC": Decimal("0.5"), "USDT": Decimal(20)}, Decimal(300), {"ETH-PERP": (Decimal(-2), Decimal(3000))})
    balances = await exchange.balances()
    assert (dict(balances.spot), balances.futures_wallet) == ({"USDT": Decimal(20), "BTC": Decimal("0.5")}, Decimal(300))
    (position,) = await exchange.positions()
    assert (position.instrument, position.qty, position.entry) == ("ETH-PERP", Decimal(-2), Decimal(3000))
    assert saved[-1] == exchange.state


async def test_nonsense_is_refused_and_changes_nothing() -> None:
    exchange, saved = manual()
    with pytest.raises(Rejected):
        await exchange.retype({"BTC": Decimal(-1)}, Decimal(0), {})
    with pytest.raises(Rejected):
        await exchange.retype({}, Decimal(0), {"BTC-PERP": (Decimal(1), Decimal(0))})
    assert saved == []


async def test_a_trade_counts_as_done_at_its_limit_wherever_the_market_stands() -> None:
    exchange, _ = manual()
    order = await exchange.place(
        OrderRequest(client_id="a", instrument="ETH", side=Side.BUY, qty=Decimal("0.25"), limit=Decimal(2000), post_only=True)
    )
    assert (order.status, order.average, order.fees) == (OrderStatus.FILLED, Decimal(2000), {"USDT": Decimal("0.5")})
    assert (await exchange.balances()).spot == {"USDT": Decimal("499.5"), "ETH": Decimal("0.25")}
    assert await exchange.cancel("ETH", "a") == order


async def test_a_perpetual_without_collateral_is_refused() -> None:
    exchange, _ = manual()
    with pytest.raises(Rejected, match="margin"):
        await exchange.place(OrderRequest(client_id="a", instrument="BTC-PERP", side=Side.BUY, qty=Decimal(1), limit=Decimal(60_000)))
    with pytest.raises(NotEnoughMoney):
        await exchange.transfer(Direction.TO_FUTURES, Decimal(1001), "t")
    assert (await exchange.balances()).futures_wallet == 0

"""Holdings that a person types in and trades by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.clock import ManualClock
from chatbot.errors import NotEnoughMoney, Rejected
from chatbot.exchanges.base import Direction, Holdings, OrderRequest, OrderStatus, Side
from chatbot.exchanges.manual import ManualExchange
from chatbot.exchanges.markets.simulated import SimulatedSource
from chatbot.exchanges.paper.account import AccountState

if TYPE_CHECKING:
    from chatbot.exchanges.abilities import Also


async def nothing(_: object) -> None:
    """Write nothing else."""


def manual(state: AccountState | None = None) -> tuple[ManualExchange, list[AccountState]]:
    """Return a manual account and what it saves."""
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    saved: list[AccountState] = []

    async def save(after: AccountState, also: Also | None = None) -> None:
        if also is not None:
            await also(after)
        saved.append(after)

    return ManualExchange(SimulatedSource(clock), clock, state or AccountState.opening(Decimal(1000)), save=save), saved


async def test_what_was_typed_in_replaces_what_was_there() -> None:
    exchange, saved = manual()
    book = {"ETH-PERP": (Decimal(-2), Decimal(3000))}
    typed = Holdings(spot={"BTC": Decimal("0.5"), "USDT": Decimal(20)}, futures_wallet=Decimal(300), positions=book)
    written: list[object] = []

    async def also(tx: object) -> None:
        written.append(tx)

    await exchange.retype(exchange.holdings, typed, also)
    assert exchange.holdings == typed
    assert written == [exchange.state]
    balances = await exchange.balances()
    assert (dict(balances.spot), balances.futures_wallet) == ({"USDT": Decimal(20), "BTC": Decimal("0.5")}, Decimal(300))
    (position,) = await exchange.positions()
    assert (position.instrument, position.qty, position.entry) == ("ETH-PERP", Decimal(-2), Decimal(3000))
    assert saved[-1] == exchange.state


async def test_nonsense_is_refused_and_changes_nothing() -> None:
    exchange, saved = manual()
    with pytest.raises(Rejected):
        await exchange.retype(exchange.holdings, Holdings(spot={"BTC": Decimal(-1)}), nothing)
    with pytest.raises(Rejected):
        await exchange.retype(exchange.holdings, Holdings(spot={}, positions={"BTC-PERP": (Decimal(1), Decimal(0))}), nothing)
    with pytest.raises(Rejected, match="changed"):
        await exchange.retype(Holdings(spot={"BTC": Decimal(9)}), Holdings(spot={"BTC": Decimal(1)}), nothing)
    with pytest.raises(NotEnoughMoney):
        await exchange.receive({"USDT": Decimal(1), "BTC": Decimal("-0.1")}, nothing)
    assert saved == []


async def test_what_is_written_beside_a_change_fails_with_it() -> None:
    """The flow that explains new amounts, and the amounts, are stored together or not at all."""
    exchange, saved = manual()
    before = exchange.state

    async def fails(_: object) -> None:
        raise OSError

    for change in (exchange.retype(exchange.holdings, Holdings(spot={}), fails), exchange.receive({"USDT": Decimal(5)}, fails)):
        with pytest.raises(OSError):  # noqa: PT011 - the very one
            await change
    assert (exchange.state, saved) == (before, [])


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

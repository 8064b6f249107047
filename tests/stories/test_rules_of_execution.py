"""From a tap in the chat to the orders at the exchange: which come first, how each is priced, and what asking twice does (product 5)."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

import pytest

from chatbot.exchanges.base import OrderStatus, Side, is_perp
from chatbot.model import LegState
from tests.moments import after

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from chatbot.exchanges.paper.account import PaperOrder
    from tests.person import Someone


async def settled(ann: Someone) -> None:
    """Hold Balanced, as its first plan bought it."""
    await ann.settle()


@pytest.fixture
async def ann(tmp_path: Path) -> AsyncIterator[Someone]:
    """Sit down at that portfolio."""
    async with after(settled, tmp_path) as opened:
        yield opened


async def sent(ann: Someone, plan: int) -> list[PaperOrder]:
    """Return the orders of a plan as its exchange numbered them."""
    orders = (await ann.exchange()).state.orders
    return sorted((order for name, order in orders.items() if name.startswith(f"b{plan}-")), key=lambda order: order.number)


def kind_of(order: PaperOrder) -> str:
    """Return which of the three groups of a plan an order belongs to."""
    return "futures" if is_perp(order.request.instrument) else order.request.side


@pytest.mark.long
async def test_a_plan_that_can_wait(ann: Someone) -> None:
    """Sells, then the transfer, then buys, then the futures, which rest, are quoted again and then take; Confirm again sends nothing."""
    await ann.step(40 * 3600)
    await ann.say("/rebalance")
    card = ann.with_button("Confirm")
    plan = await ann.confirm()
    orders = await sent(ann, 2)
    assert [kind for kind, _ in groupby(orders, kind_of)] == [Side.SELL, Side.BUY, "futures"]
    assert len((await ann.exchange()).state.transfers) == 2, "one of the first plan, and one between sells and buys"
    assert all(order.request.limit > 0 for order in orders)
    assert {order.request.client_id for order in orders} == {
        f"b2-{leg.index}-{number}"
        for leg in plan.legs
        for number in range(1, 1 + sum(order.request.client_id.startswith(f"b2-{leg.index}-") for order in orders))
    }
    assert all(leg.state is LegState.FILLED for leg in plan.legs)
    await ann.loopback.tap_old(ann.user, card, "Confirm")
    await ann.handle()
    await ann.work()
    assert await sent(ann, 2) == orders
    resting = {leg.instrument: leg for leg in plan.legs if leg.reduce_only}
    assert resting.keys() == {"BTC-PERP", "ETH-PERP"}
    for name in resting:
        first, *again, last = (order for order in orders if order.request.instrument == name)
        for order in (first, *again):
            assert (order.request.post_only, order.status) == (True, OrderStatus.CANCELED)
        assert len({order.request.limit for order in (first, *again)}) == 1 + len(again), "quoted again at the price of its moment"
        assert {later.at - earlier.at for earlier, later in zip((first, *again), (*again, last), strict=True)} == {timedelta(seconds=20)}
        assert (last.request.immediate, last.request.reduce_only, last.status) == (True, True, OrderStatus.FILLED)
        assert last.value / last.filled > last.request.limit, "a limit is a worst price"
    starts = [order.at for order in orders if kind_of(order) == "futures"]
    assert starts[0] == starts[1], "legs of one kind run side by side"


async def test_a_plan_that_cannot_wait(ann: Someone) -> None:
    """/panic takes at once what the market offers: nothing rests, and what shrinks a position can do nothing else."""
    await ann.say("/panic")
    await ann.tap("Close all futures and stop")
    await ann.work()
    orders = await sent(ann, 2)
    assert {order.request.instrument for order in orders} == {"BTC-PERP", "ETH-PERP"}
    for order in orders:
        request = order.request
        assert (request.immediate, request.post_only, request.reduce_only, request.side) == (True, False, True, Side.SELL)
        assert order.value / order.filled >= request.limit > 0
    assert (await ann.books())["book"] == {}

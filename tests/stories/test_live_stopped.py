"""Stopping real orders: /halt from the shell, /panic and /pause in the chat, in the middle of a plan, with a kill between two steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatbot.exchanges.base import Side
from chatbot.exchanges.testserver.matching import Wish, place
from chatbot.exchanges.testserver.words import Force
from chatbot.halting import Halting
from chatbot.model import PlanState
from tests.stories.at_exchange import EACH, D, agree, at_exchange, at_order, beside, orders_once, theirs, tried, venue, watch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.person import Someone

#: each reads the whole list of an exchange
pytestmark = pytest.mark.long


class Killed(BaseException):
    """The process is gone."""


async def test_a_halt_from_the_shell_stops_a_plan_in_the_middle_and_it_goes_on_only_when_asked(tmp_path: Path) -> None:
    """What was sent is taken back or found; nothing more is sent until the person carries on; each order is there once."""
    async with at_exchange(tmp_path) as (ann, server):
        await tried(ann)
        await ann.say("/targets BTC 35 ETH 30 USDT 35")
        await ann.say("/rebalance")
        before = len(theirs(server).orders)
        at_order(server, 1, Halting(ann.program.db, ann.clock).begin)
        halted = await ann.confirm()
        assert halted.state is PlanState.PARKED
        sent = len(theirs(server).orders)
        assert 1 <= sent - before <= len(halted.legs)
        assert orders_once(server)
        ann.sees("The operator stopped all trading", "I ask you before it goes on")
        assert "Carry on" not in ann.last.buttons
        await ann.step()
        assert len(theirs(server).orders) == sent
        await ann.say("/unhalt")
        await ann.taps("Let trading go on")
        await ann.work()
        await ann.tap("Carry on")
        await ann.work()
        assert (await ann.plan()).state is PlanState.DONE
        assert len(theirs(server).orders) > sent or all(leg.filled for leg in halted.legs)
        assert orders_once(server)


async def test_a_pause_lets_a_plan_end_and_refuses_the_next(tmp_path: Path) -> None:
    async with at_exchange(tmp_path) as (ann, server):
        await tried(ann)
        await ann.say("/targets BTC 35 ETH 30 USDT 35")
        await ann.say("/rebalance")
        person = (await ann.program.access.everybody())[0]
        at_order(server, 1, lambda: ann.program.portfolios.pause(person))
        assert (await ann.confirm()).state is PlanState.DONE
        sent = len(theirs(server).orders)
        await ann.say("/targets BTC 30 ETH 30 USDT 40")
        await ann.say("/rebalance")
        if "Confirm" in ann.last.buttons:
            assert "paused" in (await ann.tap("Confirm")).text.casefold()
        await ann.work()
        assert len(theirs(server).orders) == sent


@pytest.mark.parametrize("exchange", EACH)
async def test_panic_in_the_middle_closes_everything_once_whatever_dies(tmp_path: Path, exchange: str) -> None:
    """Pressed while orders are on their way; the process dies twice before the closing has begun. All is closed, and closed once."""
    async with venue(exchange, futures=D(5_000)) as server:
        async with beside(server, tmp_path) as ann:
            await watch(ann, exchange)
            await agree(ann, order="$7,000")
            short = Wish(client_id="", instrument="BTC-PERP", side=Side.SELL, qty=D("0.1"), limit=None, force=Force.IOC)
            place(server.venue, theirs(server), short)
            await ann.say("/targets BTC 30 ETH 30 USDT 40")
            await ann.say("/rebalance")
            at_order(server, 1, lambda: pressed(ann))
            await dies_at(ann, "looked", ann.confirm)
            loopback = ann.loopback
        async with beside(server, tmp_path, loopback=loopback) as ann:
            await dies_at(ann, "settled", lambda: come_back(ann))
        async with beside(server, tmp_path, loopback=loopback) as ann:
            await come_back(ann)
            assert not theirs(server).held()
            assert orders_once(server)
            own = [order for order in theirs(server).orders if not order.client_id.startswith("auto-")]
            closing = [order for order in own if order.market.instrument == "BTC-PERP"]
            assert sum((order.filled for order in closing), D(0)) == D("0.1")
            sent = len(theirs(server).orders)
            found = await ann.program.portfolios.by_id(await ann.portfolio_id())
            assert found is not None
            assert found.paused
            await come_back(ann)
            assert len(theirs(server).orders) == sent


async def pressed(ann: Someone) -> None:
    """Press /panic, as a finger does, while a plan is under way."""
    await ann.say("/panic")
    await ann.tap("Close all futures and stop")


async def dies_at(ann: Someone, point: str, doing: Callable[[], Awaitable[object]]) -> None:
    """Do something, and die when the closing of a panic comes to a point."""

    def die(passed: str) -> None:
        if passed == point:
            raise Killed(passed)

    ann.program.panic.closing._crash_point = die
    with pytest.raises(Killed):
        await doing()


async def come_back(ann: Someone) -> None:
    """Let the new process do what a start does, and a few minutes of it."""
    for _ in range(3):
        await ann.program.executor.recovery.reconcile()
        await ann.program.panic.closing.reconcile()
        await ann.work()
        await ann.step()

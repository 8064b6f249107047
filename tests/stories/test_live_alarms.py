"""What rings about real money: margin in danger, a short that pays, checks that did not happen; and a kill in the middle of a stop."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.exchanges.base import Side
from chatbot.exchanges.testserver.matching import Wish, place
from chatbot.exchanges.testserver.words import Call, Force
from chatbot.halting import Halting
from chatbot.model import UNSETTLED, LegState, OrderState, PlanState
from chatbot.store import orders
from tests.stories.at_exchange import D, agree, at_exchange, beside, orders_once, theirs, tried, venue, watch
from tests.stories.test_live_hedge import hedged
from tests.stories.test_live_stopped import Killed, come_back, pressed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from chatbot.exchanges.testserver.server import Server
    from tests.person import Someone

#: each reads the whole list of an exchange
pytestmark = pytest.mark.long

INDEX = "BTC-PERP"
first = pytest.mark.parametrize("exchange", ["binance", *(pytest.param(one, marks=pytest.mark.slow) for one in ("bybit", "bingx", "mexc"))])


def count(ann: Someone, words: str) -> int:
    return sum(words in message.text for message in ann.messages)


@pytest.mark.parametrize(
    "trouble", ["busy", pytest.param("unknown_after", marks=pytest.mark.slow), pytest.param("", marks=pytest.mark.slow)]
)
async def test_margin_in_danger_rings_once_and_its_plan_reduces_futures_first(tmp_path: Path, trouble: str) -> None:
    """A short of the person's own, and BTC rises: the exchange's liquidation is near. Confirmed, the plan buys back, and it is over.

    Binance is overloaded meanwhile and says that nothing was done (503, -1008), or that it is not known (503, -1007): nobody is asked.
    """
    async with at_exchange(tmp_path, futures=D(3_000)) as (ann, server):
        await watch(ann)
        await ann.say("/live")
        await ann.say("trade with real money")
        short = Wish(client_id="", instrument=INDEX, side=Side.SELL, qty=D("0.1"), limit=None, force=Force.IOC)
        place(server.venue, theirs(server), short)
        await ann.step()
        assert count(ann, "Your futures margin is in danger") == 0
        server.venue.move("BTC", D(71_000))
        for _ in range(3):
            await ann.step()
        ann.sees("Liquidation is", "away, the limit is")
        if trouble:
            server.faults.add(call=Call.PLACE, fault=trouble, times=2 if trouble == "busy" else 1)
        plan = await ann.confirm()
        assert not server.faults.left
        assert plan.state is PlanState.DONE
        assert any(leg.instrument == INDEX and leg.reduce_only and leg.filled for leg in plan.legs)
        assert orders_once(server)
        assert -theirs(server).stake(INDEX).qty < D("0.1")
        for _ in range(3):
            await ann.step()
        assert count(ann, "Your futures margin is in danger") == 1, "told once"


async def test_a_short_that_pays_a_lot_of_funding_is_told_once(tmp_path: Path) -> None:
    async with hedged(tmp_path) as (ann, server):
        server.venue.prices[INDEX] = replace(server.venue.prices[INDEX], rate=D("-0.0008"))
        for _ in range(10):
            await ann.step(3600)
        assert count(ann, "so the short pays") == 1
        ann.sees("funding is at −0.080% per 8 h")
        paid = sum((one.amount for one in theirs(server).income if one.kind == "FUNDING_FEE"), Decimal(0))
        assert paid < 0, "the exchange took it"


async def test_checks_that_did_not_happen_are_told_when_they_go_on(tmp_path: Path) -> None:
    async with venue() as server:
        async with beside(server, tmp_path) as ann:
            await tried(ann)
            for _ in range(12):
                await ann.step()
            loopback = ann.loopback
        ann.clock.advance(2 * 3600)
        async with beside(server, tmp_path, loopback=loopback) as ann:
            before = ann.newest
            for _ in range(3):
                await ann.step()
            assert "checks were missed between" in ann.since(before)
            assert "LIVE" in ann.since(before)
            assert count(ann, "checks were missed") == 1


async def dies_at(ann: Someone, point: str, then: Callable[[], Awaitable[object]], doing: Callable[[], Awaitable[object]]) -> None:
    """Carry a plan out; when it comes to a point of its execution something happens, and the process is gone."""
    executor = ann.program.executor
    before = executor._deps

    def die(passed: str) -> None:
        if passed.startswith(point):
            raise Killed(passed)

    executor._deps = replace(before, crash_point=die)
    with pytest.raises(Killed):
        await doing()
    await then()


async def holds(ann: Someone, server: Server, *, unknown: int = 0) -> None:
    """Hold that no order is open, none is there twice, that what was booked is what the exchange has, and so much of it is not known."""
    assert orders_once(server)
    assert not theirs(server).open_orders
    newest = await ann.plan()
    for plan in await ann.plans():
        async with ann.program.db.read() as tx:
            attempts = await orders.orders(tx, plan.id)
        assert [one.state for one in attempts if one.state in UNSETTLED] == [OrderState.UNKNOWN] * (unknown if plan.id == newest.id else 0)
        for leg in plan.legs:
            ours = [one.client_id for one in attempts if one.leg_index == leg.index]
            names = (*ours, *(name.replace("-", "_") for name in ours))  # BingX takes no hyphens
            filled = sum((one.filled for one in theirs(server).orders if one.client_id.endswith(names)), D(0)) if names else D(0)
            assert leg.is_transfer or filled == leg.filled, (leg, filled)


@first
@pytest.mark.parametrize("point", ["intended", "acted", "answered"])
async def test_a_kill_during_a_halt_leaves_no_order(tmp_path: Path, exchange: str, point: str) -> None:
    """Before an order is sent, after it, after its answer: the process dies, trading is halted, and the next calls off what is there.

    Of one that shows nowhere nobody knows whether it was sent: it is neither forgotten nor sent again before its person says so.
    """
    async with venue(exchange) as server:
        async with beside(server, tmp_path) as ann:
            await watch(ann, exchange)
            await agree(ann)
            await ann.say("/targets BTC 42 ETH 25 USDT 33")
            await ann.say("/rebalance")
            await dies_at(ann, point, Halting(ann.program.db, ann.clock).begin, ann.confirm)
            loopback = ann.loopback
        async with beside(server, tmp_path, loopback=loopback) as ann:
            await come_back(ann)
            lost = (await ann.plan()).legs
            unknown = sum(leg.state is LegState.UNKNOWN for leg in lost)
            assert bool(unknown) is (point == "intended")
            await holds(ann, server, unknown=unknown)
            assert (await ann.plan()).state is PlanState.PARKED
            ann.sees("The operator stopped all trading", *(["One order may still be open at the exchange"] if unknown else []))
            sent = len(theirs(server).orders)
            await come_back(ann)
            assert len(theirs(server).orders) == sent
            await Halting(ann.program.db, ann.clock).end()
            await ann.work()
            await ann.tap("Carry on")
            await ann.work()
            assert (await ann.plan()).state is PlanState.DONE
            await holds(ann, server)


@first
@pytest.mark.parametrize("point", ["intended", "acted", "answered"])
async def test_a_kill_during_a_panic_leaves_no_order_and_no_position(tmp_path: Path, exchange: str, point: str) -> None:
    """A plan is under way; /panic is pressed when its process has died at a point; the next one calls off, closes, and tells."""
    async with venue(exchange, futures=D(5_000)) as server:
        async with beside(server, tmp_path) as ann:
            await watch(ann, exchange)
            await agree(ann, order="$7,000")
            short = Wish(client_id="", instrument=INDEX, side=Side.SELL, qty=D("0.1"), limit=None, force=Force.IOC)
            place(server.venue, theirs(server), short)
            await ann.say("/targets BTC 30 ETH 30 USDT 40")
            await ann.say("/rebalance")
            await dies_at(ann, point, nothing, ann.confirm)
            loopback = ann.loopback
        async with beside(server, tmp_path, loopback=loopback) as ann:
            await pressed(ann)
            await come_back(ann)
            await come_back(ann)
            await holds(ann, server)
            assert not theirs(server).held()
            found = await ann.program.portfolios.by_id(await ann.portfolio_id())
            assert found is not None
            assert found.paused
            ann.sees("All futures are closed.", "Nothing else is traded until /resume")


async def nothing() -> None:
    """Let nothing happen."""

"""A hedge on real money whose position the exchange, or its person, has closed: it ends, is told once, and nothing opens it again."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from chatbot.exchanges.base import Side
from chatbot.exchanges.testserver.matching import Wish, place
from chatbot.exchanges.testserver.words import Force
from chatbot.model import LegState, PlanState
from chatbot.portfolio.stored import states
from tests.stories.at_exchange import D, agree, at_exchange, theirs, watch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from chatbot.exchanges.testserver.server import Server
    from chatbot.model import OpenHedge
    from tests.person import Someone

#: each reads the whole list of an exchange
pytestmark = pytest.mark.long

INDEX = "BTC-PERP"
OVER = "Cover is over: its position is gone."
first = pytest.mark.parametrize("venue", ["binance", *(pytest.param(one, marks=pytest.mark.slow) for one in ("bybit", "bingx", "mexc"))])
second = pytest.mark.parametrize("venue", ["bybit", *(pytest.param(one, marks=pytest.mark.slow) for one in ("binance", "bingx", "mexc"))])


@asynccontextmanager
async def hedged(folder: Path, venue: str = "binance") -> AsyncIterator[tuple[Someone, Server]]:
    """Sit down with somebody who trades with real money and has a short of BTC against a fall."""
    async with at_exchange(folder, venue, futures=D(5_000)) as (ann, server):
        await watch(ann, venue)
        await agree(ann, order="$7,000")
        await ann.say("/targets BTC 42 ETH 25 USDT 33")
        await ann.say("/rebalance")
        assert (await ann.confirm()).state is PlanState.DONE
        await ann.step()
        await ann.say("/hedge 50 20")
        opened = await ann.confirm()
        assert opened.state is PlanState.DONE
        assert any(leg.instrument == INDEX and leg.state is LegState.FILLED for leg in opened.legs)
        for _ in range(2):
            await ann.step()
        (hedge,) = await hedges(ann)
        assert hedge.qty == stake(server) < 0
        yield ann, server


def stake(server: Server) -> object:
    """Return the position as the exchange keeps it."""
    return theirs(server).stake(INDEX).qty


async def hedges(ann: Someone) -> tuple[OpenHedge, ...]:
    async with ann.program.db.read() as tx:
        return (await states.read(tx, await ann.portfolio_id())).hedges


async def traded_next(ann: Someone) -> set[str]:
    """Ask for a plan, and return the contracts that it trades."""
    before = len(await ann.plans())
    await ann.say("/rebalance")
    if "Skip" in ann.last.buttons:
        await ann.tap("Skip")
    return {leg.instrument for plan in (await ann.plans())[before:] for leg in plan.legs}


def count(ann: Someone, words: str) -> int:
    return sum(words in message.text for message in ann.messages)


async def ends(ann: Someone) -> None:
    """Hold that nothing opens it again, before the next check and after it, and that it is told once."""
    assert INDEX not in await traded_next(ann)
    for _ in range(4):
        await ann.step()
    assert await hedges(ann) == ()
    assert count(ann, OVER) == 1
    assert INDEX not in await traded_next(ann)


@first
async def test_a_liquidated_hedge_ends(tmp_path: Path, venue: str) -> None:
    async with hedged(tmp_path, venue) as (ann, server):
        server.venue.liquidate(theirs(server))
        await ends(ann)
        assert count(ann, "Liquidated") == 1


@second
async def test_a_hedge_that_its_person_closes_in_the_app_of_the_exchange_ends(tmp_path: Path, venue: str) -> None:
    async with hedged(tmp_path, venue) as (ann, server):
        held = -theirs(server).stake(INDEX).qty
        place(server.venue, theirs(server), Wish(client_id="", instrument=INDEX, side=Side.BUY, qty=held, limit=None, force=Force.IOC))
        await ends(ann)


@first
async def test_a_hedge_of_which_the_exchange_takes_a_part_is_as_large_as_the_rest(tmp_path: Path, venue: str) -> None:
    """Auto-deleveraging: what is left protects still, and the part that was taken is not sold again; then the rest is taken as well."""
    async with hedged(tmp_path, venue) as (ann, server):
        part = (-theirs(server).stake(INDEX).qty / 2).quantize(D("0.001"))
        server.venue.deleverage(theirs(server), INDEX, part)
        await ann.step()
        assert count(ann, "Position reduced by the exchange") == 1
        (hedge,) = await hedges(ann)
        assert hedge.qty == stake(server)
        assert INDEX not in await traded_next(ann)
        for _ in range(3):
            await ann.step()
        assert count(ann, OVER) == 0
        server.venue.deleverage(theirs(server), INDEX, D(1))
        await ends(ann)


async def test_a_hedge_whose_fill_came_to_light_after_its_plan_is_a_hedge_and_no_drift(tmp_path: Path) -> None:
    """The answer to its order was lost and lists lag: its person closed the plan, and nothing was booked."""
    async with at_exchange(tmp_path, "binance", futures=D(5_000)) as (ann, server):
        await watch(ann, "binance")
        await agree(ann, order="$7,000")
        await ann.say("/targets BTC 42 ETH 25 USDT 33")
        await ann.say("/rebalance")
        assert (await ann.confirm()).state is PlanState.DONE
        await ann.step()
        await ann.say("/hedge 50 20")
        server.venue.harshness = replace(server.venue.harshness, lookup_lag_s=20_000)
        server.faults.add(call="place", fault="reset_after")
        assert (await ann.confirm()).state is PlanState.PARKED
        await ann.tap("Close it")
        await ann.work()
        assert (await ann.plan()).state is PlanState.DONE
        assert await hedges(ann) == ()
        server.venue.harshness = replace(server.venue.harshness, lookup_lag_s=0)
        before = ann.newest
        await ann.program.executor.comparison.look()
        await ann.work()
        assert ann.since(before).count("the exchange shows other fills than I booked") == 1
        for _ in range(4):
            (hedge,) = await hedges(ann)
            assert hedge.qty == stake(server) != 0
            assert INDEX not in await traded_next(ann)
            await ann.step()
        assert count(ann, OVER) == 0


async def test_an_exchange_that_shows_no_position_for_once_ends_no_hedge(tmp_path: Path) -> None:
    async with hedged(tmp_path) as (ann, server):
        for fault in ("nothing", "html_after", "empty_after"):
            server.faults.add(call="positions", fault=fault)
            await ann.step()
            assert len(await hedges(ann)) == 1, fault
        for _ in range(2):
            await ann.step()
        assert count(ann, OVER) == 0
        assert len(await hedges(ann)) == 1


@second
async def test_a_hedge_whose_contract_is_delivered_ends(tmp_path: Path, venue: str) -> None:
    """The contract is taken off the list and settled at its mark: no order of anybody, and no order of ours."""
    async with hedged(tmp_path, venue) as (ann, server):
        server.venue.delist(INDEX)
        ann.clock.advance(3600)  # the list is read again once an hour
        for _ in range(4):
            await ann.step()
        assert await hedges(ann) == ()
        assert count(ann, OVER) == 1
        assert count(ann, "Contract closed by the exchange") == 1
        assert INDEX not in await traded_next(ann)


@pytest.mark.parametrize(
    ("venue", "mode", "cure"),
    [
        ("binance", "hedge", "change it to one-way mode"),
        pytest.param("binance", "multi_assets", "change it to single-asset mode", marks=pytest.mark.slow),
        pytest.param("bingx", "multi_assets", "change it to single-asset mode", marks=pytest.mark.slow),
        pytest.param("bybit", "hedge", "change it to one-way mode", marks=pytest.mark.slow),
    ],
)
async def test_nothing_is_sent_while_the_account_is_kept_in_a_way_that_futures_cannot_be_traded(
    tmp_path: Path, venue: str, mode: str, cure: str
) -> None:
    """Its person switches it while a card waits: without a position no answer to a look tells; spot legs and money came first."""
    async with at_exchange(tmp_path, venue) as (ann, server):
        await watch(ann, venue)
        await ann.taps("Yes")
        await agree(ann)
        await ann.say("/targets BTC 32 ETH 25 USDT 33 FUTURES 10")
        assert "futures: buy" in await ann.say("/rebalance")
        setattr(theirs(server), mode, True)
        await ann.tap("Confirm")
        await ann.work()
        assert cure in ann.last.text
        assert "Until then I send no orders here." in ann.last.text
        assert not theirs(server).orders
        setattr(theirs(server), mode, False)
        assert (await ann.confirm()).state is PlanState.DONE
        assert stake(server)


async def test_positions_that_somebody_had_before_at_a_venue_with_one_purse_are_in_no_danger(tmp_path: Path) -> None:
    """Their money is the purse: nothing was moved for them, and all of it stands for them. What comes back later goes to the spot money."""
    async with at_exchange(tmp_path, "bybit") as (ann, server):
        account, venue = theirs(server), server.venue
        wish = Wish(client_id="by-hand", instrument=INDEX, side=Side.SELL, qty=D("0.05"), limit=D(50_000), force=Force.IOC)
        place(venue, account, wish)
        assert stake(server) == D("-0.05")
        await watch(ann, "bybit")
        told = await ann.say("/status")
        assert "liquidation 9" in told or "liquidation 10" in told, told
        assert "∞" not in await ann.say("/exposure")
        await agree(ann, order="$6,")
        for _ in range(3):
            await ann.step()
        assert not any("in danger" in message.text for message in ann.messages)
        assert not any("Amounts changed" in message.text for message in ann.messages)

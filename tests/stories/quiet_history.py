"""A balanced portfolio in a market that happened, looked at once a day, with the triggers off that a story is not about."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.clock import ManualClock
from chatbot.execution.pace import Pace
from chatbot.portfolio import states
from chatbot.store import orders
from tests.places import DATA
from tests.stories.chat import chat
from tests.stories.invariants import hold_filled_plan, hold_value

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from chatbot.model import OpenHedge, Plan
    from tests.stories.chat import Chat

#: one look at a working order in a minute: the replay moves by the minute
PACE = Pace(poll_s=60.0, requotes=1)
#: a day's bar, its volatility and the Fear & Greed index are there by then
LOOK = timedelta(minutes=15)
COINS = ("BTC", "ETH", "SOL", "XRP", "BNB", "ADA")
needs_history = pytest.mark.skipif(not DATA.is_dir(), reason=f"no recorded market in {DATA}")


def day(year: int, month: int, number: int) -> datetime:
    """Return when a day is looked at: a quarter of an hour after midnight UTC."""
    return datetime(year, month, number, tzinfo=UTC) + LOOK


@asynccontextmanager
async def opened(folder: Path, begin: datetime, *off: str, preset: str = "Balanced") -> AsyncIterator[Chat]:
    """Open a demo portfolio of 10,000 USDT at ``begin``, switch triggers off, and bring it to its targets."""
    async with chat(folder, clock=ManualClock(begin), pace=PACE, market=f"replay:{DATA}", market_start=begin) as ann:
        await ann.program.betas.refresh(COINS)  # the running program does that beside the chat
        await ann.say("/start")
        await ann.taps("Demo portfolio", "10,000", *([preset] if preset != "Balanced" else []), f"Use {preset}")
        for name in off:
            await ann.say(f"/triggers {name} off")
            ann.sees("off")
        await ann.say("/rebalance")
        await carry_out(ann)
        yield ann


async def carry_out(ann: Chat) -> Plan:
    """Press Confirm on the newest card, and hold the books against what was traded."""
    before = (await ann.exchange()).state
    plan = await ann.confirm()
    async with ann.program.db.read() as tx:
        attempts = await orders.orders(tx, plan.id)
    hold_value(before, (await ann.exchange()).state, plan, attempts)
    await hold_filled_plan(ann, plan)
    return plan


async def look(ann: Chat, at: datetime) -> tuple[int, int]:
    """Let time pass to ``at`` in one step, and check; return the numbers of alerts and plans."""
    tick = await ann.step((at - ann.clock.now()).total_seconds())
    return tick.alerts, tick.plans


async def live_until(ann: Chat, end: datetime) -> datetime | None:
    """Look once a day up to ``end``; stop at the first check that has something to say and return when that was."""
    while ann.clock.now() < end:
        tomorrow = (ann.clock.now() + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0) + LOOK
        if any(await look(ann, min(end, tomorrow))):
            return ann.ticks[-1].at
    return None


async def hedges(ann: Chat) -> tuple[OpenHedge, ...]:
    """Return the hedges of the portfolio."""
    async with ann.program.db.read() as tx:
        return (await states.read(tx, await ann.portfolio_id())).hedges


async def mark(ann: Chat, contract: str) -> Decimal:
    """Return where a contract stands now."""
    found = (await ann.program.source.quotes([contract]))[contract].mark
    assert found is not None
    return found


async def recorded_funding(ann: Chat, hedge: OpenHedge) -> Decimal:
    """Return what the record says that a hedge has earned, each settlement at the close of the hour that it ends."""
    rates = await ann.program.source.funding(hedge.contract, hedge.opened_at, ann.clock.now())
    bars = await ann.program.source.candles(hedge.contract, "1h", hedge.opened_at - timedelta(hours=2), ann.clock.now())
    closes = {bar.at + timedelta(hours=1): bar.close for bar in bars}
    assert len(rates) == 3 * hedge.age_days
    return sum((-hedge.qty * closes[one.at.replace(minute=0, second=0, microsecond=0)] * one.rate for one in rates), Decimal(0))

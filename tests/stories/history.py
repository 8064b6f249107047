"""A person in a market that happened: sets a portfolio up, confirms what is proposed, and waits; what rang, and where it led."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from chatbot.clock import ManualClock
from chatbot.execution.pace import Pace
from chatbot.model import NET, PlanState
from chatbot.portfolio.stored import states
from chatbot.store import orders, tables
from tests.person import someone
from tests.places import DATA
from tests.stories.invariants import hold_filled_plan, hold_value

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from chatbot.model import OpenHedge, Plan
    from tests.person import Someone

#: one look at a working order in a minute: the replay moves by the minute
PACE = Pace(poll_s=60.0, look_s=60.0)
#: readings are taken ten minutes after each block of eight hours; a look a quarter of an hour after it sees all of them
LOOK, EVERY_S = timedelta(minutes=15), 8 * 3600
COINS = ("BTC", "ETH", "SOL", "XRP", "BNB", "ADA")
needs_history = pytest.mark.skipif(not DATA.is_dir(), reason=f"no recorded market in {DATA}")


def day(year: int, month: int, number: int) -> datetime:
    """Return when a day is looked at: a quarter of an hour after midnight UTC."""
    return datetime(year, month, number, tzinfo=UTC) + LOOK


def off(*triggers: str) -> tuple[str, ...]:
    """Return what to say so that a story is not about these triggers."""
    return tuple(f"/triggers {name} off" for name in triggers)


@asynccontextmanager
async def opened(
    folder: Path, begin: datetime, *said: str, preset: str = "Balanced", pace: Pace = PACE, **settings: Any
) -> AsyncIterator[Someone]:
    """Open a demo portfolio of 10,000 USDT at ``begin``, say ``said`` in the chat, and let the first plan be the next card."""
    market = {"market": f"replay:{DATA}", "market_start": begin}
    async with someone(folder, clock=ManualClock(begin), pace=pace, **market, **settings) as ann:
        await ann.program.markets.usual.betas.refresh(COINS)  # the running program does that beside the chat
        await ann.set_up(preset)
        for text in said:
            answer = await ann.say(text)
            assert "off" in answer or not text.endswith(" off"), answer
        await ann.say("/rebalance")
        yield ann


# Looked at once a day, until there is something to say


@asynccontextmanager
async def on_target(folder: Path, begin: datetime, *said: str, preset: str = "Balanced") -> AsyncIterator[Someone]:
    """Open a portfolio and bring it to its targets."""
    async with opened(folder, begin, *said, preset=preset, pace=replace(PACE, requotes=1)) as ann:
        await carry_out(ann)
        yield ann


async def carry_out(ann: Someone) -> Plan:
    """Press Confirm on the newest card, and hold the books against what was traded."""
    before = (await ann.exchange()).state
    plan = await ann.confirm()
    async with ann.program.db.read() as tx:
        attempts = await orders.orders(tx, plan.id)
    hold_value(before, (await ann.exchange()).state, plan, attempts)
    await hold_filled_plan(ann, plan)
    return plan


async def look(ann: Someone, at: datetime) -> tuple[int, int]:
    """Let time pass to ``at`` in one step, and check; return the numbers of alerts and plans."""
    tick = await ann.step((at - ann.clock.now()).total_seconds())
    return tick.alerts, tick.plans


async def live_until(ann: Someone, end: datetime) -> datetime | None:
    """Look once a day up to ``end``; stop at the first check that has something to say and return when that was."""
    while ann.clock.now() < end:
        tomorrow = (ann.clock.now() + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0) + LOOK
        if any(await look(ann, min(end, tomorrow))):
            return ann.turn.ticks[-1].at
    return None


async def hedges(ann: Someone) -> tuple[OpenHedge, ...]:
    """Return the hedges of the portfolio."""
    async with ann.program.db.read() as tx:
        return (await states.read(tx, await ann.portfolio_id())).hedges


async def mark(ann: Someone, contract: str) -> Decimal:
    """Return where a contract stands now."""
    found = (await ann.program.source.quotes([contract]))[contract].mark
    assert found is not None
    return found


async def recorded_funding(ann: Someone, hedge: OpenHedge) -> Decimal:
    """Return what the record says that a hedge has earned, each settlement at the close of the hour that it ends."""
    rates = await ann.program.source.funding(hedge.contract, hedge.opened_at, ann.clock.now())
    bars = await ann.program.source.candles(hedge.contract, "1h", hedge.opened_at - timedelta(hours=2), ann.clock.now())
    closes = {bar.at + timedelta(hours=1): bar.close for bar in bars}
    assert len(rates) == 3 * hedge.age_days
    return sum((-hedge.qty * closes[one.at.replace(minute=0, second=0, microsecond=0)] * one.rate for one in rates), Decimal(0))


# Looked at after every block of eight hours, with a yes to everything


@dataclass(slots=True, kw_only=True)
class Lived:
    """What happened, in order."""

    ann: Someone
    #: (date and hour, what was told: "trigger subject event", suppressed ones with a mark, or "drift LINE")
    told: list[tuple[str, str]] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    #: looks at every plan that was carried out, before time goes on
    also: Callable[[Plan], Awaitable[None]] | None = None
    _seen: int = 0

    async def until(self, end: datetime, *, every_s: int = EVERY_S) -> None:
        """Look after every block of eight hours, or as often as told, and confirm every plan that is shown."""
        while self.ann.clock.now() < end:
            now = self.ann.clock.now().timestamp()
            await self._step(every_s - (now - LOOK.total_seconds()) % every_s)
            portfolio = await self.ann.program.portfolios.by_id(await self.ann.portfolio_id())
            if portfolio is not None and portfolio.window_opened_at is not None:
                await self._step(60)
            if any(plan.state is PlanState.PROPOSED for plan in await self.ann.plans()):
                await self._confirm()

    async def _step(self, seconds: float) -> None:
        tick = await self.ann.step(seconds)
        async with self.ann.program.db.read() as tx:
            rows = select(tables.alerts.c.id, tables.alerts.c.kind, tables.alerts.c.line, tables.alerts.c.body)
            found = (await tx.execute(rows.where(tables.alerts.c.id > self._seen).order_by(tables.alerts.c.id))).all()
        for number, kind, line, body in found:
            self._seen = number
            what = " ".join(part for part in (kind, line, body.get("event", "")) if part)
            self.told.append((f"{tick.at:%m-%d %H}", f"{what} (suppressed)" if body.get("suppressed") else what))

    async def _confirm(self) -> None:
        plan = await self.ann.confirm()
        if plan.state is PlanState.DONE:
            await hold_filled_plan(self.ann, plan)
            self.plans.append(plan)
            if self.also is not None:
                await self.also(plan)

    def said(self, start: str) -> list[tuple[str, str]]:
        """Return what was told about one trigger."""
        return [(when, what) for when, what in self.told if what.startswith(start)]

    def plans_for(self, trigger: str) -> list[Plan]:
        """Return the plans that a trigger asked for."""
        return [plan for plan in self.plans if any(reason.trigger == trigger for reason in plan.reasons)]

    async def net(self) -> tuple[Decimal, Decimal]:
        """Return the net exposure and its effective target now, in thousandths."""
        portfolio = await self.ann.program.portfolios.by_id(await self.ann.portfolio_id())
        assert portfolio is not None
        found = await self.ann.program.evaluator.look(portfolio, fresh=True)
        assert found.figures is not None
        reading = next(line for line in found.figures.limits if line.line == NET)
        return round(reading.weight, 3), round(reading.target, 3)


@asynccontextmanager
async def living(folder: Path, begin: datetime, preset: str, *said: str) -> AsyncIterator[Lived]:
    """Open a portfolio, bring it to its targets, and be ready to confirm every plan that is shown."""
    async with opened(folder, begin, *said, preset=preset, plan_expiry_s=3600) as ann:
        await ann.confirm()
        yield Lived(ann=ann)

"""A person who confirms every plan while recorded months pass: what rang, what was proposed, and where it led."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import select

from chatbot.clock import ManualClock
from chatbot.execution.pace import Pace
from chatbot.model import NET, PlanState
from chatbot.store import tables
from tests.places import DATA
from tests.stories.chat import chat
from tests.stories.invariants import hold_filled_plan

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime
    from decimal import Decimal
    from pathlib import Path

    from chatbot.model import Plan
    from tests.stories.chat import Chat

#: readings are taken ten minutes after each block of eight hours; a look a quarter of an hour after it sees all of them
LOOK_AT_S, EVERY_S = 15 * 60, 8 * 3600


@dataclass(slots=True, kw_only=True)
class Lived:
    """What happened, in order."""

    ann: Chat
    #: (date and hour, what was told: "trigger subject event", suppressed ones with a mark, or "drift LINE")
    told: list[tuple[str, str]] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    _seen: int = 0

    async def until(self, end: datetime, *, every_s: int = EVERY_S) -> None:
        """Look after every block of eight hours, or as often as told, and confirm every plan that is shown."""
        while self.ann.clock.now() < end:
            now = self.ann.clock.now().timestamp()
            await self._step(every_s - (now - LOOK_AT_S) % every_s)
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
async def living(folder: Path, begin: datetime, preset: str, *settings: str, amount: str = "10,000") -> AsyncIterator[Lived]:
    """Open a portfolio in a recorded market, say ``settings`` in the chat, and bring it to its targets."""
    options = {"market": f"replay:{DATA}", "market_start": begin, "plan_expiry_s": 3600}
    async with chat(folder, clock=ManualClock(begin), pace=Pace(poll_s=60.0), **options) as ann:
        await ann.say("/start")
        await ann.taps("Demo portfolio", amount, *([preset] if preset != "Balanced" else []), f"Use {preset}")
        for said in settings:
            await ann.say(said)
        await ann.say("/rebalance")
        await ann.confirm()
        yield Lived(ann=ann)

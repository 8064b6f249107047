"""How fast a played market runs: at real speed while a card waits for its answer, not much faster while a plan is carried out."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from chatbot.errors import contained
from chatbot.model import PlanState
from chatbot.store import plans, portfolios
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from datetime import datetime

    from chatbot.clock import Clock
    from chatbot.exchanges.markets.staging import Staging
    from chatbot.played.stage import Stage
    from chatbot.store.database import Database
    from chatbot.store.plans import Pending

#: market seconds per second while somebody reads a card: its prices age as those of a real market do
REAL: Final = 1.0
#: and while a plan is carried out: its resting quotes, 80 s of the market for each kind of leg, take three seconds of the person's
UNDER_WAY: Final = 30.0
#: a plan that takes longer than so many seconds waits for the market, not for its own pauses: it is sped up, twice as fast after each
#: further so many, so that nobody waits much longer than 20 s
_PATIENCE_S, _DOUBLES_S = 10.0, 2.0
_MOST_DOUBLINGS = 20.0
#: seconds between two looks where nothing was written: a card has run out of time, a plan takes long
_LOOK_S = 1.0
#: a card is made no sooner before and no later after the end of its batching window than so
_EARLY, _LATE = timedelta(seconds=1.5), timedelta(seconds=3)


class Why(StrEnum):
    """What a market is slow for."""

    #: a card is being made
    DRAFT = "draft"
    #: a card waits for its person
    ANSWER = "answer"
    #: a plan is being carried out
    PLAN = "plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Somebody who wants the market no faster than so."""

    why: Why
    #: market seconds per second
    speed: float
    #: the plan's number; 0: it has none yet
    plan: int = 0


_DRAFT: Final = Need(why=Why.DRAFT, speed=REAL)


def slowest(needs: Iterable[Need]) -> Need | None:
    """Return who needs the market slowest, one with a plan before one that is still to get it; None: nobody does."""
    return min(needs, key=lambda need: (need.speed, not need.plan, need.plan), default=None)


def need_of(pending: Pending, now: datetime, lasts: timedelta) -> Need | None:
    """Return what a plan needs at ``now``; ``lasts`` is how long a card waits for its answer.

    One that is carried out by hand waits for weeks, and holds the market no longer than another.
    """
    if pending.state is PlanState.PROPOSED:
        waits = now < min(pending.expires_at, pending.created_at + lasts)
        return Need(why=Why.ANSWER, plan=pending.number, speed=REAL) if waits else None
    worked_s = (now - (pending.decided_at or pending.created_at)).total_seconds()
    doublings = min(_MOST_DOUBLINGS, max(0.0, (worked_s - _PATIENCE_S) / _DOUBLES_S))
    return Need(why=Why.PLAN, plan=pending.number, speed=UNDER_WAY * 2**doublings)


def is_closing(opened_at: datetime, now: datetime, window: timedelta) -> bool:
    """Tell whether a batching window is about to close, so that a card is made of it within seconds."""
    return -_EARLY <= now - (opened_at + window) < _LATE


class Tempo:
    """Keeps a played market as slow as somebody needs it, and what a person wants to happen in it until nobody does."""

    def __init__(self, db: Database, stage: Stage, clock: Clock, *, lasts: timedelta, window: timedelta) -> None:
        """``lasts`` is how long a card waits for its answer, ``window`` how long alerts are gathered for it."""
        self._db, self._stage, self._clock = db, stage, clock
        self._lasts, self._window = lasts, window
        self._drafts = 0
        self._written = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        #: who needs it slow now
        self.need: Need | None = None
        #: what is to happen as soon as nobody needs the market slow, oldest first
        self.waiting: tuple[str, ...] = ()
        db.on_write(self._written.set)

    async def run(self) -> None:
        """Look after every write and every second, until cancelled; a market that runs at real speed needs nobody."""
        while self._stage.full_speed > REAL:
            self._written.clear()
            with contained("market's speed not looked after"):
                await self.look()
            try:
                async with asyncio.timeout(_LOOK_S):
                    await self._written.wait()
            except TimeoutError:
                continue

    @asynccontextmanager
    async def calm(self) -> AsyncIterator[None]:
        """Let the market run at real speed while a card is made: its prices are the market's when it is shown."""
        if self._stage.full_speed <= REAL:
            yield
            return
        self._drafts += 1
        try:
            await self.look()
            yield
        finally:
            self._drafts -= 1
            await self.look()

    async def look(self) -> None:
        """Let the market run as the plans need it now; once none does, let happen what had to wait."""
        async with self._one_at_a_time:
            now = self._clock.now()
            async with self._db.read() as tx:
                pending, windows = await plans.pending(tx), await portfolios.windows(tx)
            needs = [need for one in pending if (need := need_of(one, now, self._lasts)) is not None]
            if self._drafts or any(is_closing(opened, now, self._window) for opened in windows):
                needs.append(_DRAFT)
            self.need = slowest(needs)
            full = self._stage.full_speed
            speed = min(full, self.need.speed) if self.need else full
            if speed != self._stage.speed:
                await self._stage.run(speed)
            while self.waiting and not self._waits_for_a_plan:
                first, *rest = self.waiting
                self.waiting = tuple(rest)
                await self._stage.play(first)

    @property
    def _waits_for_a_plan(self) -> bool:
        return self.need is not None and self.need.plan > 0

    async def play(self, name: str) -> Staging | None:
        """Make something happen and return how; None: the market is slow for a plan, and it will happen after that.

        Raises ``KeyError`` for an unknown name.
        """
        if name not in self._stage.scenes:
            raise KeyError(name)
        if not self._waits_for_a_plan:
            return await self._stage.play(name)
        self.waiting = tuple(dict.fromkeys((*self.waiting, name)))
        return None

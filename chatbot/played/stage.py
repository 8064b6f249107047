"""A played market as the database remembers it: when it began, how it runs, what a person made happen in it."""

from __future__ import annotations

import asyncio
import json
import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from chatbot.exchanges.abilities import Staged
from chatbot.exchanges.markets.markettime import Slow
from chatbot.exchanges.markets.staging import Stageable, Staging
from chatbot.store import accounts
from chatbot.store.codec import to_moment
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from chatbot.clock import Clock
    from chatbot.exchanges.base import PriceSource
    from chatbot.store.database import Database

log = structlog.get_logger()

T = TypeVar("T")
_ORIGIN, _SLOW, _BEGUN, _PLAYED, _SEEN = "market_origin", "market_slow", "market_begun", "market_played", "market_seen"
#: a played market goes on at most so far while its program is not running; then it stands still
_ASLEEP = timedelta(days=60)
_NOT_SLOW = "null"
#: a market is not played for longer, and a clock that was put back stands before its beginning by no more
_LONGEST, _AHEAD = timedelta(days=3650), timedelta(days=1)
#: seconds between two notes of how far the market came
NOTE_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What a restart needs to find the market as it was."""

    #: process time at which the market stood at its start
    origin: datetime
    #: how it runs while somebody has to answer, which outlasts the process
    slow: Slow | None = None
    #: what a person made happen, oldest first
    played: tuple[Staging, ...] = ()

    @property
    def episodes(self) -> tuple[tuple[str, datetime], ...]:
        """Return names and market times."""
        return tuple((one.name, one.at) for one in self.played)


async def remembered(db: Database, now: datetime) -> Remembered:
    """Return what is stored; the first process to ask lets the market begin at ``now``."""
    async with db.transaction() as tx:
        origin, slow, played = [await accounts.meta(tx, key) for key in (_ORIGIN, _SLOW, _PLAYED)]
        begun = _sound(_ORIGIN, origin, lambda text: _likely(to_moment(text), now))
        if begun is None:
            await accounts.set_meta(tx, _ORIGIN, now.isoformat())
    at = now if begun is None else begun
    return Remembered(
        origin=at,
        slow=_sound(_SLOW, slow, lambda text: _slow(json.loads(text))),
        played=_sound(_PLAYED, played, lambda text: tuple(_from_json(one, at) for one in json.loads(text))) or (),
    )


def _sound(fact: str, text: str | None, read: Callable[[str], T]) -> T | None:
    """Return what is read of a stored fact; what is damaged counts as never written, and stops no start."""
    try:
        return None if text is None else read(text)
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError) as error:
        log.warning("what is stored of the market cannot be read and is passed over", fact=fact, error=type(error).__name__)
        return None


def _likely(origin: datetime, now: datetime) -> datetime:
    if not now - _LONGEST <= origin <= now + _AHEAD:
        raise ValueError("no market began then")
    return origin


def _slow(facts: dict[str, Any] | None) -> Slow | None:
    if facts is None:
        return None
    speed = float(facts["speed"])
    if not 0 < speed < math.inf:
        raise ValueError("a market runs forward")
    return Slow(to_moment(facts["since"]), speed)


class Stage:
    """Where a person makes things happen in a played market; everything is written down before anybody sees it."""

    def __init__(self, db: Database, source: PriceSource, clock: Clock, played: tuple[Staging, ...] = ()) -> None:
        self._db, self._source, self._clock = db, source, clock
        self._played = played
        self._one_at_a_time = asyncio.Lock()

    @property
    def scenes(self) -> tuple[str, ...]:
        """Return what can be made to happen; nothing in a market that is recorded or real."""
        return self._source.scenes if isinstance(self._source, Stageable) else ()

    @property
    def last(self) -> Staging | None:
        """Return what was made to happen last."""
        return self._played[-1] if self._played else None

    @property
    def full_speed(self) -> float:
        """Return how fast the market runs when nobody needs it slower, market seconds per second."""
        return self._source.time.speed if isinstance(self._source, Staged) else 1.0

    @property
    def speed(self) -> float:
        """Return how fast it runs now."""
        return self._source.time.running_at if isinstance(self._source, Staged) else 1.0

    async def begin(self) -> None:
        """Let a played market begin with the first portfolio, so that nobody misses what happens in it while setting one up."""
        now = self._clock.now()
        if not isinstance(self._source, Staged):
            return
        async with self._one_at_a_time:
            async with self._db.transaction() as tx:
                if await accounts.meta(tx, _BEGUN) is not None:
                    return
                await accounts.set_meta(tx, _BEGUN, now.isoformat())
                await accounts.set_meta(tx, _ORIGIN, now.isoformat())
                await accounts.set_meta(tx, _SLOW, _NOT_SLOW)
            self._source.begin(now)

    async def run(self, speed: float) -> None:
        """Let a played market run at ``speed`` from now on, at most at its own; a restart finds it running so."""
        if not isinstance(self._source, Staged):
            return
        async with self._one_at_a_time:
            time = self._source.run(speed, self._clock.now())  # at once: every moment counts where it was fast
            async with self._db.transaction() as tx:
                await accounts.set_meta(tx, _ORIGIN, time.origin.isoformat())
                slow = {"since": time.slow.since.isoformat(), "speed": time.slow.speed} if time.slow else None
                await accounts.set_meta(tx, _SLOW, json.dumps(slow))

    async def wake(self) -> None:
        """Let a market that nobody played for long go on from where it was last seen, and not make the years between.

        A month away from a market that runs ten minutes a second would be half a century of it.
        """
        if not isinstance(self._source, Staged):
            return
        now = self._clock.now()
        async with self._db.transaction() as tx:
            end = _sound(_SEEN, await accounts.meta(tx, _SEEN), lambda text: to_moment(text) + _ASLEEP)
            time = self._source.time
            if end is None or not time.start < end < time.at(now):
                return
            moved = now - (end - time.start) / time.speed
            await accounts.set_meta(tx, _ORIGIN, moved.isoformat())
            await accounts.set_meta(tx, _SLOW, _NOT_SLOW)
        self._source.begin(moved)

    async def note(self) -> None:
        """Write down how far the market has come."""
        if isinstance(self._source, Staged):
            async with self._db.transaction() as tx:
                await accounts.set_meta(tx, _SEEN, self._source.market_time(self._clock.now()).isoformat())

    async def play(self, name: str) -> Staging:
        """Make something happen and return how; whoever does has begun the market. Raises ``KeyError`` for an unknown name."""
        if name not in self.scenes or not isinstance(self._source, Stageable):
            raise KeyError(name)
        async with self._one_at_a_time:
            while True:
                staging = self._source.prepare(name)
                played = (*self._played, staging)
                async with self._db.transaction() as tx:
                    await accounts.set_meta(tx, _BEGUN, await accounts.meta(tx, _BEGUN) or self._clock.now().isoformat())
                    await accounts.set_meta(tx, _ORIGIN, staging.origin.isoformat())
                    await accounts.set_meta(tx, _PLAYED, json.dumps([_to_json(one) for one in played]))
                if self._source.play(staging):  # else writing took longer than the notice that was given: once more
                    self._played = played
                    return staging


def _to_json(one: Staging) -> dict[str, str | None]:
    return {"name": one.name, "at": one.at.isoformat(), "moved_to": one.moved_to.isoformat() if one.moved_to else None}


def _from_json(facts: dict[str, str], origin: datetime) -> Staging:
    moved_to = facts.get("moved_to")
    return Staging(name=facts["name"], at=to_moment(facts["at"]), origin=origin, moved_to=to_moment(moved_to) if moved_to else None)

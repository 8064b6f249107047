"""Time as an argument: what tells the time, and what waits."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

#: of a person who has not said where they live; one who lives by UTC has that by its other name
UNKNOWN_ZONE, UTC_ZONE = "UTC", "Etc/UTC"


class Clock(Protocol):
    """Tells aware UTC time and waits; every object that needs either is given one."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds since some moment; they never run backwards, whatever is done to the time of day."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for ``seconds``; a manual clock moves itself instead."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the machine's time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return the seconds that the machine has been up."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait for real."""
        await asyncio.sleep(max(0.0, seconds))


class ManualClock:
    """A clock that stands still until moved: for stories and tests, so that nothing waits for real."""

    def __init__(self, start: datetime) -> None:
        self._now = aware(start)
        self._passed = 0.0

    def now(self) -> datetime:
        """Return the time that was last set."""
        return self._now

    def monotonic(self) -> float:
        """Return the seconds that this clock was moved forward by."""
        return self._passed

    async def sleep(self, seconds: float) -> None:
        """Move the clock forward by ``seconds`` and let other tasks run once."""
        self.advance(seconds)
        await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        """Move the clock forward by ``seconds``."""
        self._now += timedelta(seconds=max(0.0, seconds))
        self._passed += max(0.0, seconds)

    def set(self, moment: datetime) -> None:
        """Put the clock at ``moment``; time never runs backwards."""
        self.advance((aware(moment) - self._now).total_seconds())

    def put(self, moment: datetime) -> None:
        """Put the time of day at ``moment``, backwards too, as a time server does: no time passes."""
        self._now = aware(moment)


def aware(moment: datetime) -> datetime:
    """Return ``moment`` in UTC; a naive time is a programming error and is refused at the door."""
    if moment.tzinfo is None:
        msg = f"naive datetime {moment!r}: give it a time zone"
        raise ValueError(msg)
    return moment.astimezone(UTC)

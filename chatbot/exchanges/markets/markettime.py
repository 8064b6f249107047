"""Market time: what hour it is in a market that was moved to another day or runs faster than ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from chatbot.clock import aware
from chatbot.values import dataclass

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: a year from the ends of the calendar, so that days can be counted from them
_FIRST, _LAST = datetime(2, 1, 1, tzinfo=UTC), datetime(9998, 1, 1, tzinfo=UTC)
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Slow:
    """A stretch that is not over yet, in which a market runs slower than it does otherwise."""

    #: process time at which it began
    since: datetime
    #: market seconds per second meanwhile
    speed: float


@dataclass(frozen=True, slots=True)
class MarketTime:
    """Maps process time to market time: ``start`` at ``origin``, then ``speed`` market seconds per second.

    A stretch that runs slower bends the clock for as long as it lasts; once it is over, ``origin`` is later by what was lost.
    """

    start: datetime
    origin: datetime
    speed: float = 1.0
    slow: Slow | None = None

    def __post_init__(self) -> None:
        """Refuse naive times and a market that stands still or runs backwards."""
        aware(self.start)
        aware(self.origin)
        if not self.speed > 0:
            raise ValueError(f"speed {self.speed!r}: a market runs forward")

    @property
    def running_at(self) -> float:
        """Return how fast it runs now, market seconds per second."""
        return self.speed if self.slow is None else self.slow.speed

    def at(self, now: datetime) -> datetime:
        """Return the market time at process time ``now``; the first or last that a calendar has, where it lies beyond."""
        apart = aware(now) - self._origin_at(now)
        try:
            return self.start + apart * self.speed
        except OverflowError:  # years of absence at an hour a second are millennia of the market
            return _FIRST if apart < timedelta(0) else _LAST

    def back(self, market: datetime) -> datetime:
        """Return the process time at which the market shows ``market``."""
        if self.slow is not None and (late := aware(market) - self.at(self.slow.since)) > timedelta(0):
            return self.slow.since + late / self.slow.speed
        return self.origin + (aware(market) - self.start) / self.speed

    def running(self, speed: float, now: datetime) -> MarketTime:
        """Return the clock that runs at ``speed`` from ``now`` on, at most as fast as its own; what it showed before stays as it was."""
        slow = Slow(now, speed) if speed < self.speed else None
        return replace(self, origin=self._origin_at(now), slow=slow)

    def _origin_at(self, now: datetime) -> datetime:
        """Return where the clock would have begun, had it run at its own speed until ``now``; too early rather than too late.

        So that a market never runs backwards, not by the rounding of a microsecond either.
        """
        if self.slow is None or aware(now) <= self.slow.since:
            return self.origin
        return self.origin + (now - self.slow.since) * (1 - self.slow.speed / self.speed) - timedelta.resolution


def to_ms(moment: datetime) -> int:
    """Return UTC milliseconds, rounded down; exact, unlike a float timestamp."""
    return (aware(moment) - EPOCH) // timedelta(milliseconds=1)


def from_ms(ms: int) -> datetime:
    """Return the aware UTC time of ``ms``."""
    return EPOCH + timedelta(milliseconds=int(ms))

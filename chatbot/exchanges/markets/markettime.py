"""Market time: what hour it is in a market that was moved to another day or runs faster than ours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from chatbot.clock import aware

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: a year from the ends of the calendar, so that days can be counted from them
_FIRST, _LAST = datetime(2, 1, 1, tzinfo=UTC), datetime(9998, 1, 1, tzinfo=UTC)
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class MarketTime:
    """Maps process time to market time: ``start`` at ``origin``, then ``speed`` market seconds per second."""

    start: datetime
    origin: datetime
    speed: float = 1.0

    def __post_init__(self) -> None:
        """Refuse naive times and a market that stands still or runs backwards."""
        aware(self.start)
        aware(self.origin)
        if not self.speed > 0:
            raise ValueError(f"speed {self.speed!r}: a market runs forward")

    def at(self, now: datetime) -> datetime:
        """Return the market time at process time ``now``; the first or last that a calendar has, where it lies beyond."""
        apart = aware(now) - self.origin
        try:
            return self.start + apart * self.speed
        except OverflowError:  # years of absence at an hour a second are millennia of the market
            return _FIRST if apart < timedelta(0) else _LAST

    def back(self, market: datetime) -> datetime:
        """Return the process time at which the market shows ``market``."""
        return self.origin + (aware(market) - self.start) / self.speed


def to_ms(moment: datetime) -> int:
    """Return UTC milliseconds, rounded down; exact, unlike a float timestamp."""
    return (aware(moment) - EPOCH) // timedelta(milliseconds=1)


def from_ms(ms: int) -> datetime:
    """Return the aware UTC time of ``ms``."""
    return EPOCH + timedelta(milliseconds=int(ms))

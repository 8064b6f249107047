"""When a calendar rebalance is due: wall-clock schedules through daylight saving, and missed runs (domain 4)."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chatbot.engine.errors import Refused
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

#: hours after which a missed run is skipped
GRACE_HOURS = {"daily": 6, "weekly": 24, "monthly": 72, "quarterly": 72}
_QUARTER_STARTS = (1, 4, 7, 10)
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A repeating wall-clock time in a named zone."""

    #: daily, weekly, monthly or quarterly (January, April, July, October)
    freq: str
    #: HH:MM local time
    time: str
    #: IANA zone
    tz: str = "UTC"
    #: 0 = Monday to 6; weekly only
    weekday: int | None = None
    #: 1 to 31, the last day of a shorter month; monthly and quarterly only
    day: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What a start-up finds: the run to make now, and the ones that are gone."""

    #: None when nothing is to be run
    run: datetime | None
    #: occurrences since the last one that was done
    missed: int
    #: occurrences that will not be made up for
    skipped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    freq: str
    at: time
    zone: ZoneInfo
    weekday: int
    day: int


def _rule(spec: Schedule) -> _Rule:
    """Check a schedule. Raises ``Refused``: bad_schedule."""
    clock = _CLOCK.fullmatch(spec.time)
    try:
        zone = ZoneInfo(spec.tz)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Refused("bad_schedule", "tz") from None
    if clock is None or spec.freq not in GRACE_HOURS:
        raise Refused("bad_schedule", "time" if clock is None else "freq")
    if spec.freq == "weekly" and (spec.weekday is None or not 0 <= spec.weekday <= 6):
        raise Refused("bad_schedule", "weekday")
    if spec.freq in ("monthly", "quarterly") and (spec.day is None or not 1 <= spec.day <= 31):
        raise Refused("bad_schedule", "day")
    at = time(int(clock[1]), int(clock[2]))
    return _Rule(freq=spec.freq, at=at, zone=zone, weekday=spec.weekday or 0, day=spec.day or 1)


def _dates(rule: _Rule, first: date) -> Iterator[date]:
    """Yield the local dates of the schedule from ``first`` on."""
    if rule.freq == "daily":
        while True:
            yield first
            first += _DAY
    if rule.freq == "weekly":
        first += timedelta(days=(rule.weekday - first.weekday()) % 7)
        while True:
            yield first
            first += 7 * _DAY
    year, month = first.year, first.month
    while True:
        if rule.freq == "monthly" or month in _QUARTER_STARTS:
            found = date(year, month, min(rule.day, monthrange(year, month)[1]))
            if found >= first:
                yield found
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def _instant(rule: _Rule, on: date) -> datetime:
    """Return the UTC instant of a local date.

    ``fold=0`` means the offset before a forward jump (02:30 becomes 03:30) and the first of two equal times.
    """
    return datetime.combine(on, rule.at, rule.zone).replace(fold=0).astimezone(UTC)


def occurrences(spec: Schedule, after: datetime) -> Iterator[datetime]:
    """Yield the instants strictly after ``after``, strictly increasing, in UTC (domain 4).

    A local date that a zone drops altogether falls on the instant of the next one and is not run twice. Raises
    ``Refused``: bad_schedule.
    """
    rule = _rule(spec)
    last = _aware(after)
    # two days of slack: a zone's offset and a jump over a date line
    first = (last - 2 * _DAY).date()
    for on in _dates(rule, first):
        instant = _instant(rule, on)
        if instant > last:
            last = instant
            yield instant


def next_run(spec: Schedule, after: datetime) -> datetime:
    """Return the first instant strictly after ``after``, in UTC. Raises ``Refused``: bad_schedule."""
    return next(occurrences(spec, after))


def local_date(spec: Schedule, instant: datetime) -> date:
    """Return the local date of a run: with the plan's name it is the key under which a run happens once."""
    return instant.astimezone(_rule(spec).zone).date()


def due_run(spec: Schedule, last_done: datetime, now: datetime, grace_hours: float | None = None) -> Due:
    """Look for runs in (last_done, now]: only the latest is made up for, and only within the grace, inclusive (domain 4).

    ``grace_hours`` None takes the default of the frequency. Raises ``Refused``: bad_schedule, bad_parameter.
    """
    hours = GRACE_HOURS.get(spec.freq, 0) if grace_hours is None else grace_hours
    if hours < 0:
        raise Refused("bad_parameter", "grace_hours")
    missed, latest = 0, None
    for instant in occurrences(spec, last_done):
        if instant > _aware(now):
            break
        missed, latest = missed + 1, instant
    run = latest if latest is not None and now - latest <= timedelta(hours=hours) else None
    return Due(run=run, missed=missed, skipped=missed - (run is not None))


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise Refused("bad_parameter", "time without zone")
    return moment.astimezone(UTC)

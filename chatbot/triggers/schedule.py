"""The calendar trigger: which scheduled run is due now, which are gone, when the next one comes, and what became of the last (domain 4)."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from chatbot.engine import schedules
from chatbot.model import Cause, Outcome, Reason
from chatbot.portfolio.states import ScheduleMark
from chatbot.values import dataclass

if TYPE_CHECKING:
    from datetime import datetime

    from chatbot.model import ScheduleRule

REASON = Reason(trigger=Cause.SCHEDULE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Occurrences that have passed and are not settled yet; there is at least one."""

    #: the run to make now; None when the grace of all of them is over
    run: datetime | None
    #: those that will not be made up for, oldest first
    skipped: tuple[datetime, ...]


def spec(rule: ScheduleRule) -> schedules.Schedule:
    """Return the rule in the terms of the engine."""
    return schedules.Schedule(freq=rule.freq, time=rule.time, tz=rule.zone, weekday=rule.weekday, day=rule.day)


def pending(rule: ScheduleRule | None, mark: ScheduleMark, now: datetime) -> Pending | None:
    """Return what has come due since the rule was set and the last run; only the latest is run, and only within its grace."""
    if rule is None:
        return None
    begun = _begun(rule, mark)
    passed = tuple(takewhile(lambda instant: instant <= now, schedules.occurrences(spec(rule), begun)))
    run = schedules.due_run(spec(rule), begun, now).run
    return Pending(run=run, skipped=passed[:-1] if run else passed) if passed else None


def upcoming(rule: ScheduleRule | None, mark: ScheduleMark, now: datetime) -> datetime | None:
    """Return the next run after ``now``; None without a schedule."""
    return schedules.next_run(spec(rule), max(now, _begun(rule, mark))) if rule else None


def _begun(rule: ScheduleRule, mark: ScheduleMark) -> datetime:
    """Return after which moment occurrences count: those of a local date that has had its run, in whatever zone, are passed over."""
    begun = max(rule.set_at, mark.settled) if mark.settled else rule.set_at
    if mark.date:
        for instant in schedules.occurrences(spec(rule), begun):
            if schedules.local_date(spec(rule), instant).isoformat() > mark.date:
                break
            begun = instant
    return begun


def settled(rule: ScheduleRule, mark: ScheduleMark, due: Pending, outcome: Outcome, now: datetime) -> ScheduleMark:
    """Return how far the calendar has come once the pending run is settled, so that it never happens again."""
    date = schedules.local_date(spec(rule), due.run).isoformat() if due.run else mark.date
    return ScheduleMark(settled=now, date=date, at=due.run or due.skipped[-1], outcome=outcome)

"""The calendar trigger: which scheduled run is due now, which are gone, when the next one comes, and what became of the last (domain 4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from chatbot.alerts import quiet_hours as quiet
from chatbot.engine import schedules
from chatbot.model import Reason
from chatbot.store import journal, portfolios

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.model import Person, Portfolio, ScheduleRule
    from chatbot.store.database import Tx

#: key of the calendar among the trigger states of a portfolio
STATE = "schedule"
REASON = Reason(trigger="schedule")
#: what became of a run: a plan; a word, because the person only wants to know; no order worth its fees; every line inside its band
PLANNED, TOLD, NOTHING, INSIDE, SKIPPED = "planned", "told", "nothing", "inside", "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How far a portfolio has come on its calendar."""

    #: occurrences up to here are settled; None before the first
    settled: datetime | None = None
    #: local date of the last run, the key under which a run happens once; empty before the first
    date: str = ""
    #: the last occurrence that was settled, and what became of it
    at: datetime | None = None
    outcome: str = ""


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


def mark_of(states: Mapping[str, Mapping[str, Any]]) -> Mark:
    """Read how far the calendar has come from the trigger states of a portfolio."""
    stored = states.get(STATE, {})
    settled, at = (datetime.fromisoformat(stored[name]) if stored.get(name) else None for name in ("settled", "at"))
    return Mark(settled=settled, date=stored.get("date", ""), at=at, outcome=stored.get("outcome", ""))


def pending(rule: ScheduleRule | None, mark: Mark, now: datetime) -> Pending | None:
    """Return what has come due since the rule was set and the last run; only the latest is run, and only within its grace."""
    if rule is None:
        return None
    begun = _begun(rule, mark)
    passed = tuple(takewhile(lambda instant: instant <= now, schedules.occurrences(spec(rule), begun)))
    run = schedules.due_run(spec(rule), begun, now).run
    return Pending(run=run, skipped=passed[:-1] if run else passed) if passed else None


def upcoming(rule: ScheduleRule | None, mark: Mark, now: datetime) -> datetime | None:
    """Return the next run after ``now``; None without a schedule."""
    return schedules.next_run(spec(rule), max(now, _begun(rule, mark))) if rule else None


def _begun(rule: ScheduleRule, mark: Mark) -> datetime:
    """Return after which moment occurrences count: those of a local date that has had its run, in whatever zone, are passed over."""
    begun = max(rule.set_at, mark.settled) if mark.settled else rule.set_at
    if mark.date:
        for instant in schedules.occurrences(spec(rule), begun):
            if schedules.local_date(spec(rule), instant).isoformat() > mark.date:
                break
            begun = instant
    return begun


async def settle(tx: Tx, portfolio: Portfolio, person: Person, due: Pending, outcome: str, now: datetime) -> None:
    """Write down what became of the pending run, so that it never happens again, and report those that nobody made up for."""
    rule = portfolio.strategy.schedule
    if rule is None:
        return
    before = mark_of(await portfolios.states(tx, portfolio.id))
    date = schedules.local_date(spec(rule), due.run).isoformat() if due.run else before.date
    at = due.run or due.skipped[-1]
    body = {"settled": now.isoformat(), "date": date, "at": at.isoformat(), "outcome": outcome}
    await portfolios.save_state(tx, portfolio.id, STATE, body)
    if due.skipped:
        facts = {"count": len(due.skipped), "latest": due.skipped[-1].isoformat()}
        await _tell(tx, portfolio, person, "schedule_skipped", facts, now)


async def tell_due(tx: Tx, portfolio: Portfolio, person: Person, now: datetime) -> None:
    """Ring for a run of somebody who only wants to know."""
    await _tell(tx, portfolio, person, "schedule_due", {}, now)


async def _tell(tx: Tx, portfolio: Portfolio, person: Person, kind: str, facts: Mapping[str, Any], now: datetime) -> None:
    alert = await journal.add_alert(tx, portfolio.id, kind, "", dict(facts), now)
    told = {"portfolio_id": portfolio.id, **facts}
    await quiet.post(tx, person, kind, told, key=f"alert-{alert}", now=now, silent=kind == "schedule_skipped")

"""Schedules through daylight saving, date lines and missed runs: domain appendix C, 36 and 37."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.engine.errors import Refused
from chatbot.engine.schedules import GRACE_HOURS, Schedule, due_run, local_date, next_run, occurrences
from tests.engine.strategies import quick

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kolkata",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
    "America/Havana",
)
moments = st.datetimes(datetime(2009, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    """Draw any schedule, the awkward hours as often as the rest."""
    hour = draw(st.sampled_from((0, 1, 2, 3, 23)) | st.integers(0, 23))
    return Schedule(
        freq=draw(st.sampled_from(sorted(GRACE_HOURS))),
        time=f"{hour:02d}:{draw(st.sampled_from((0, 15, 30, 59))):02d}",
        tz=draw(st.sampled_from(ZONES)),
        weekday=draw(st.integers(0, 6)),
        day=draw(st.integers(1, 31)),
    )


@quick
@given(schedules(), moments)
def test_c36_runs_come_once_per_local_period(spec: Schedule, after: datetime) -> None:
    """Runs strictly increase, no two share a local date, and each one's next run is the following one."""
    found = list(islice(occurrences(spec, after), 8))
    assert found[0] > after
    assert all(a < b for a, b in pairwise(found))
    assert len({local_date(spec, run) for run in found}) == len(found)
    assert all(next_run(spec, a) == b for a, b in pairwise(found))
    if spec.tz != "Pacific/Apia":  # the zone that dropped a date: what was due then comes a day later
        on = [local_date(spec, run) for run in found]
        assert spec.freq != "weekly" or {day.weekday() for day in on} == {spec.weekday}
        if spec.freq in ("monthly", "quarterly") and spec.day is not None:
            assert all(day.day == min(spec.day, monthrange(day.year, day.month)[1]) for day in on)
    longest = {"daily": 3, "weekly": 9, "monthly": 33, "quarterly": 94}[spec.freq]
    assert all(b - a < timedelta(days=longest) for a, b in pairwise(found))


@pytest.mark.parametrize(
    ("zone", "year", "runs"),
    [("Europe/Berlin", 2023, 365), ("Europe/Berlin", 2024, 366), ("Pacific/Apia", 2011, 364), ("America/Sao_Paulo", 2017, 365)],
)
def test_c36_a_year_has_its_days(zone: str, year: int, runs: int) -> None:
    """Daily gives a run per calendar day; a zone that dropped a date has one fewer."""
    first, last = datetime(year, 1, 1, tzinfo=ZoneInfo(zone)), datetime(year + 1, 1, 1, tzinfo=ZoneInfo(zone))
    spec = Schedule(freq="daily", time="00:30", tz=zone)
    before = first.astimezone(UTC) - timedelta(seconds=1)
    assert len(list(takewhile(lambda run: run < last.astimezone(UTC), occurrences(spec, before)))) == runs


@quick
@given(schedules(), moments, st.integers(0, 5_000_000), st.integers(0, 80))
def test_c37_at_most_the_latest_missed_run_is_made_up_for(spec: Schedule, done: datetime, away_s: int, grace: int) -> None:
    """Run and skipped make up what was missed; the run is the latest and inside its grace."""
    now = done + timedelta(seconds=away_s)
    found = due_run(spec, done, now, grace)
    assert found.skipped + (found.run is not None) == found.missed
    if found.run is not None:
        assert done < found.run <= now
        assert now - found.run <= timedelta(hours=grace)
        assert next_run(spec, found.run) > now


def test_the_last_day_of_a_month_is_found() -> None:
    """Day 31 falls on the last day of shorter months; quarters begin in January."""
    spec = Schedule(freq="monthly", time="00:00", day=31)
    runs = list(islice(occurrences(spec, datetime(2024, 1, 31, tzinfo=UTC)), 3))
    assert [(r.month, r.day) for r in runs] == [(2, 29), (3, 31), (4, 30)]
    quarterly = Schedule(freq="quarterly", time="00:00", day=31)
    runs = list(islice(occurrences(quarterly, datetime(2024, 1, 31, tzinfo=UTC)), 3))
    assert [(r.month, r.day) for r in runs] == [(4, 30), (7, 31), (10, 31)]


def test_the_grace_is_inclusive() -> None:
    """Exactly six hours late a daily run is still made; a second later it is skipped."""
    spec, done = Schedule(freq="daily", time="08:00"), datetime(2024, 5, 1, 8, tzinfo=UTC)
    now = datetime(2024, 5, 2, 14, tzinfo=UTC)
    assert due_run(spec, done, now).run == datetime(2024, 5, 2, 8, tzinfo=UTC)
    assert due_run(spec, done, now + timedelta(seconds=1)).run is None


@pytest.mark.parametrize(
    "spec",
    [
        Schedule(freq="hourly", time="08:00"),
        Schedule(freq="daily", time="24:00"),
        Schedule(freq="daily", time="8:00"),
        Schedule(freq="daily", time="08:00", tz="Mars/Base"),
        Schedule(freq="daily", time="08:00", tz=""),
        Schedule(freq="weekly", time="08:00"),
        Schedule(freq="weekly", time="08:00", weekday=7),
        Schedule(freq="monthly", time="08:00"),
        Schedule(freq="quarterly", time="08:00", day=0),
    ],
)
def test_a_bad_schedule_is_refused(spec: Schedule) -> None:
    """Unknown frequencies, times, zones and days are refused."""
    with pytest.raises(Refused, match="bad_schedule"):
        next_run(spec, datetime(2024, 1, 1, tzinfo=UTC))

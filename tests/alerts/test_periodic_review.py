"""The review that comes by itself: at its hour, once, on the person's clock, and not where nobody asked for it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.alerts.periodic_review import days_back, last_time
from chatbot.i18n import Catalogue
from chatbot.model import AlertSettings, Rhythm, Role
from chatbot.store import accounts, portfolios
from handlers.commands import alerts
from tests.moments import after
from tests.places import LOCALE
from tests.portfolio.lively_market import LivelyMarket

if TYPE_CHECKING:
    from pathlib import Path

    from tests.person import Someone

CATALOGUE = Catalogue(LOCALE)
moments = st.datetimes(min_value=datetime(2024, 1, 1), max_value=datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


@given(moments, st.sampled_from((Rhythm.WEEK, Rhythm.MONTH)), st.sampled_from(("UTC", "America/New_York", "Asia/Kolkata", "Europe/Madrid")))
def test_the_last_time_was_a_monday_or_a_first_at_its_hour(now: datetime, rhythm: Rhythm, zone: str) -> None:
    """Never in the future, never longer ago than its rhythm, on the clock of the person, summer and winter."""
    at = last_time(AlertSettings(review=rhythm, review_at="18:30"), zone, now)
    assert at is not None
    local = at.astimezone(ZoneInfo(zone))
    assert at <= now
    assert now - at <= timedelta(days=7 if rhythm is Rhythm.WEEK else 31, hours=2)
    assert (local.hour, local.minute) == (18, 30)
    assert local.weekday() == 0 if rhythm is Rhythm.WEEK else local.day == 1


def test_an_hour_that_comes_twice_is_one_time() -> None:
    """Half past one in New York on the first of November 2026: summer's is the one, so that the second is not told again."""
    settings = AlertSettings(review=Rhythm.MONTH, review_at="01:30")
    first = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    for minutes in (0, 30, 60, 119):
        at = last_time(settings, "America/New_York", first + timedelta(minutes=minutes))
        assert at is not None
        assert at.astimezone(UTC) == first
    before = last_time(settings, "America/New_York", first - timedelta(minutes=1))
    assert before is not None
    assert before.date().isoformat() == "2026-10-01"


def test_an_hour_that_a_clock_skips_is_not_lost() -> None:
    """Midnight of each Monday of a year comes once, in zones that change at midnight, by half an hour, or far from everybody."""
    for zone in ("Africa/Cairo", "America/Asuncion", "Pacific/Chatham", "Australia/Lord_Howe", "Pacific/Apia"):
        settings = AlertSettings(review=Rhythm.WEEK, review_at="00:00")
        times = {last_time(settings, zone, datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=6 * turn)) for turn in range(4 * 365)}
        assert len({at.date() for at in times if at is not None}) == len(times) == 53, zone


@pytest.mark.parametrize(
    ("sent", "days"),
    [((2024, 3, 1), 29), ((2025, 3, 1), 28), ((2026, 1, 1), 31), ((2026, 5, 1), 30), ((2026, 5, 2), 31)],
    ids=["leap February", "February", "over New Year", "April", "a day late"],
)
def test_a_month_is_the_whole_month_before(sent: tuple[int, int, int], days: int) -> None:
    """Of 28 to 31 days: none of it is left out, and nothing of the one before is told again."""
    assert days_back(Rhythm.MONTH, date(*sent)) == days
    assert days_back(Rhythm.WEEK, date(*sent)) == 7


def test_who_wants_none_has_no_hour() -> None:
    """It is off until somebody chooses it."""
    assert last_time(AlertSettings(), "UTC", datetime(2026, 1, 5, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("language", "typed", "rhythm", "at"),
    [
        ("en", "review weekly 18:00", Rhythm.WEEK, "18:00"),
        ("en", "review monthly", Rhythm.MONTH, "09:00"),
        ("en", "review weekly at 6pm", Rhythm.WEEK, "18:00"),
        ("es", "balance semanal a las 9 de la noche", Rhythm.WEEK, "21:00"),
        ("ru", "обзор ежемесячно в 8 вечера", Rhythm.MONTH, "20:00"),
        ("en", "review off", Rhythm.OFF, "09:00"),
    ],
)
def test_it_is_chosen_in_words(language: str, typed: str, rhythm: Rhythm, at: str) -> None:
    """Beside everything else that /alerts takes."""
    settings, problems = alerts.read(typed, CATALOGUE.words(language), AlertSettings())
    assert problems == ()
    assert (settings.review, settings.review_at) == (rhythm, at)


def test_what_is_no_rhythm_is_answered() -> None:
    """With what to write."""
    _, (problem,) = alerts.read("review sometimes", CATALOGUE.words("en"), AlertSettings())
    assert "review weekly 9:00" in problem.msgid


async def begun(ann: Someone) -> None:
    """Carry out the first plan on a Monday, and wait till the Sunday after it."""
    await ann.set_up()
    await ann.step()
    await ann.confirm()
    for _ in range(6):
        await ann.step(86_400.0)


async def two(ann: Someone) -> None:
    """Two portfolios since a Monday, of which the second is paused, and a review each Monday at six."""
    await begun(ann)
    await ann.say("/start")
    await ann.taps("Keep both", "Demo portfolio", "10,000", "Use Balanced")
    await ann.say("/alerts review weekly 18:00")


@pytest.mark.long
async def test_each_portfolio_has_its_own_and_one_that_is_paused_none(tmp_path: Path) -> None:
    """Told by name; nobody looks at a paused one, so there is nothing to tell; and who is blocked is told nothing."""
    async with after(two, tmp_path, source=LivelyMarket) as ann:
        seen = ann.newest
        await ann.step(86_400.0 + 9 * 3600.0)
        assert ann.since(seen).count("Your week") + ann.since(seen).count("Not enough data yet") == 2
        async with ann.program.db.transaction() as tx:
            await portfolios.pause(tx, (2,))
        seen = ann.newest
        await ann.step(7 * 86_400.0)
        assert ann.since(seen).count("Your week") == 1
        async with ann.program.db.transaction() as tx:
            await accounts.change_person(tx, ann.user.id, role=Role.BLOCKED)
        seen = ann.newest
        await ann.step(7 * 86_400.0)
        assert "Your week" not in ann.since(seen)


@pytest.mark.long
async def test_it_comes_once_at_its_hour_with_its_picture(tmp_path: Path) -> None:
    """On Monday at six in the evening, not before, not again, and not once it is off."""
    async with after(begun, tmp_path, source=LivelyMarket) as ann:
        assert "A review comes every Monday at 18:00" in await ann.say("/alerts review weekly 18:00")
        seen = ann.newest
        await ann.step(86_400.0)
        assert "Your week" not in ann.since(seen), "it is Monday morning"
        await ann.step(9 * 3600.0)
        told = ann.sees("Your week")
        assert told.attachment is not None
        assert "Hold" in told.text
        assert "1 plan carried out" in told.text
        seen = ann.newest
        await ann.step(3600.0)
        assert "Your week" not in ann.since(seen)
        await ann.say("/alerts review off")
        seen = ann.newest
        for _ in range(8):
            await ann.step(86_400.0)
        assert "Your week" not in ann.since(seen)


@pytest.mark.long
async def test_after_an_outage_it_comes_once_and_not_at_night(tmp_path: Path) -> None:
    """The bot was away from Sunday to Monday at 23:00: quiet hours hold it until the morning, and after more than a day it is left out."""
    async with after(begun, tmp_path, source=LivelyMarket) as ann:
        await ann.say("/alerts review weekly 18:00")
        await ann.say("/alerts quiet 22:00 07:00")
        seen = ann.newest
        await ann.step(86_400.0 + 14 * 3600.0)
        assert "Your week" not in ann.since(seen)
        await ann.step(8.5 * 3600.0)
        assert ann.since(seen).count("Your week") == 1
        await ann.step(3600.0)
        assert ann.since(seen).count("Your week") == 1
        seen = ann.newest
        await ann.step(7 * 86_400.0 + 12 * 3600.0)
        assert "Your week" not in ann.since(seen), "it is Tuesday evening"

"""/schedule in the chat: by taps, in words, in other languages, with everything that is wrong told in one answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from handlers.commands.schedule import read
from tests.handlers.views.test_everywhere import CATALOGUE
from tests.moments import after
from tests.person import ANN, Someone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from typing import Any

    from chatbot.model import ScheduleRule

EN = CATALOGUE.words("en")


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Someone]:
    async with after(Someone.set_up, tmp_path) as opened:
        yield opened


async def rule_of(chat: Someone) -> ScheduleRule | None:
    """Return the schedule that is stored."""
    portfolio = await chat.program.portfolios.by_id(1)
    assert portfolio is not None
    return portfolio.strategy.schedule


async def test_taps_set_change_and_end_a_schedule(chat: Someone) -> None:
    """Every tap shows what is set now and when the next run comes; the room's clock stands at Monday, 5 January 2026, 09:00."""
    assert "Off: nothing is rebalanced by the calendar" in await chat.say("/schedule")
    for label, said in (
        ("Weekly", ("Weekly · Monday · 09:00 · UTC", "12 Jan 2026, 09:00")),
        ("Thu", ("Weekly · Thursday · 09:00 · UTC", "8 Jan 2026, 09:00")),
        ("18:00", ("Weekly · Thursday · 18:00 · UTC", "8 Jan 2026, 18:00")),
        ("Monthly", ("Monthly · day 1 · 18:00 · UTC", "1 Feb 2026, 18:00")),
        ("31", ("Monthly · day 31 · 18:00 · UTC", "31 Jan 2026, 18:00", "In a shorter month it runs on the last day.")),
        ("Quarterly", ("Quarterly · day 31", "31 Jan 2026, 18:00")),
        ("☐ Only when outside a band", ("It acts only when a line is outside its band.",)),
        ("☑ Only when outside a band", ("It acts even when every line is inside its band.",)),
        ("Daily", ("Daily · 18:00 · UTC", "5 Jan 2026, 18:00")),
        ("Off", ("Off: nothing is rebalanced by the calendar",)),
    ):
        await chat.tap(label)
        text = chat.loopback.last(ANN.id).text
        assert all(part in text for part in said), (label, text)
    assert await rule_of(chat) is None


async def test_an_old_button_of_a_schedule_that_is_off_changes_nothing(chat: Someone) -> None:
    """It only shows that there is none."""
    await chat.say("/schedule weekly")
    old = chat.with_button("Thu")
    await chat.say("/schedule off")
    await chat.tap("Thu", on=old)
    assert await rule_of(chat) is None


async def test_words_change_only_what_they_say(chat: Someone) -> None:
    """/schedule 21:45 keeps the day, and the switch is kept when the time changes."""
    await chat.say("/schedule weekly fri 9:05 outside")
    assert "Weekly · Friday · 21:45" in await chat.say("/schedule 21:45")
    rule = await rule_of(chat)
    assert rule is not None
    assert (rule.freq, rule.weekday, rule.time, rule.only_outside) == ("weekly", 4, "21:45", True)


async def test_a_drift_that_a_run_waits_for_stands_on_the_page_until_another_is_said(chat: Someone) -> None:
    """It is kept when the time changes, and ends with the switch for the bands."""
    said = "It acts only when a line is at least 2.5 points off its target."
    assert said in await chat.say("/schedule weekly mon 9:30 only if drift >= 2.5")
    assert said in await chat.say("/schedule 21:45")
    await chat.tap("☐ Only when outside a band")
    chat.sees("It acts only when a line is outside its band.")
    assert said in await chat.say("/schedule only if drift is 2.5 points")
    await chat.say("/schedule always")
    chat.sees("It acts even when every line is inside its band.")


async def test_a_new_strategy_and_new_weights_keep_the_schedule(chat: Someone) -> None:
    """When is not what."""
    await chat.say("/schedule monthly 31 00:00")
    before = await rule_of(chat)
    await chat.say("/targets BTC 40 ETH 30 USDT 30")
    assert await rule_of(chat) == before
    await chat.say("/targets")
    await chat.tap("Conservative")
    await chat.tap("Use it")
    assert await rule_of(chat) == before


async def test_a_new_time_zone_takes_the_schedule_along(chat: Someone) -> None:
    """09:30 stays 09:30, now by the clock on the person's wall."""
    await chat.say("/schedule daily 09:30")
    await chat.say("/settings")
    await chat.tap("Time zone")
    await chat.say("Asia/Kolkata")
    page = await chat.say("/schedule")
    assert "Daily · 09:30 · Asia/Kolkata" in page
    assert "Next scheduled run: 6 Jan 2026, 09:30." in page


async def test_everything_that_is_wrong_comes_back_in_one_answer_and_nothing_is_changed(chat: Someone) -> None:
    """Five mistakes, one message, an example that works."""
    answer = await chat.say("/schedule daily mon 25:00 32 <b>soon</b> weekly")
    for part in (
        "“25:00” is not a time of day",
        "“32” is not a day of the month",
        "I don't understand “<b>soon</b>”",
        "“weekly” contradicts",
        "A day of the week goes only with a weekly schedule.",
        "/schedule weekly mon 09:30",
    ):
        assert part in answer, answer
    assert await rule_of(chat) is None


@pytest.mark.parametrize(
    ("text", "language", "meant"),
    [
        ("weekly mon 09:30", "en", {"freq": "weekly", "weekday": 0, "time": "09:30"}),
        ("monthly 31 00:00", "en", {"freq": "monthly", "day": 31, "time": "00:00"}),
        ("Quarterly LAST 9:30", "en", {"freq": "quarterly", "day": 31, "time": "09:30"}),
        ("daily, 23:59 always", "en", {"freq": "daily", "time": "23:59", "only_outside": False}),
        (", daily", "en", {"freq": "daily"}),
        ("weekly , fri ; 9:30", "en", {"freq": "weekly", "weekday": 4, "time": "09:30"}),
        ("off", "ru", {"freq": "off"}),
        ("semanal miercoles 09:30", "es", {"freq": "weekly", "weekday": 2, "time": "09:30"}),
        ("semanal mié", "es", {"freq": "weekly", "weekday": 2}),
        ("еженедельно пт 18:00 вне", "ru", {"freq": "weekly", "weekday": 4, "time": "18:00", "only_outside": True}),
        ("ежемесячно последний", "ru", {"freq": "monthly", "day": 31}),
    ],
)
def test_words_are_read_in_english_and_in_the_persons_language(text: str, language: str, meant: dict[str, Any]) -> None:
    """Accents and capitals do not matter."""
    assert read(text, CATALOGUE.words(language), None) == (meant, ())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("09:30", "Say how often"),
        ("daily 24:01", "is not a time of day"),
        ("daily 09:60", "is not a time of day"),
        ("daily 9:5", "is not a time of day"),
        ("monthly 0", "is not a day of the month"),
        ("monthly -1", "is not a day of the month"),
        ("monthly " + "9" * 500, "is not a day of the month"),
        ("daily 15th", "A day of the month goes only"),
        ("monthly fri", "A day of the week goes only"),
        ("hourly", "is not possible"),
        ("\u202e🚀 daily", "I don't understand"),
        ("§ daily", "I don't understand"),
        ("daily " * 9, "too much for a schedule"),
        ("daily weekly", "contradicts"),
    ],
)
def test_each_mistake_is_told(text: str, told: str) -> None:
    """A sentence for each, and never a crash."""
    _, problems = read(text, EN, None)
    assert any(told in problem.msgid for problem in problems), problems


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "100 every monday", {"invest": 100, "freq": "weekly", "weekday": 0}),
        ("en", "$100 weekly mon 09:30", {"invest": 100, "freq": "weekly", "weekday": 0, "time": "09:30"}),
        ("en", "every friday at 9pm 20 USDT", {"invest": 20, "freq": "weekly", "weekday": 4, "time": "21:00"}),
        ("en", "invest 1,000 dollars monthly 15", {"invest": 1000, "freq": "monthly", "day": 15}),
        ("es", "100 cada lunes", {"invest": 100, "freq": "weekly", "weekday": 0}),
        ("ru", "по 100 долларов каждый понедельник", {"invest": 100, "freq": "weekly", "weekday": 0}),
        ("en", "31 monthly", {"freq": "monthly", "day": 31}),
        ("en", "rebalance weekly", {"invest": None, "freq": "weekly"}),
    ],
)
def test_a_regular_amount_is_read_from_what_stands_beside_it(language: str, text: str, expected: dict[str, Any]) -> None:
    """A number of dollars, or one that stands first and is no day."""
    assert read(text, CATALOGUE.words(language), None) == (expected, ())


@pytest.mark.parametrize("text", ["$0 weekly", "-$5 weekly", "weekly 500"])
def test_what_may_be_no_amount_is_refused(text: str) -> None:
    """Nothing, less than nothing, and a bare number behind the rest, which may be a day gone wrong."""
    assert read(text, EN, None)[1]

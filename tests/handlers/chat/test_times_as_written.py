"""Times of day, schedules and quiet hours as people write them, in three languages: what each is read as, or what is answered."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.errors import UserError
from chatbot.i18n import Catalogue
from chatbot.model import AlertKind, AlertSettings, Ring
from chatbot.model.alerts import ALWAYS
from handlers.chat import clocks
from handlers.commands import alerts, schedule
from tests.handlers.chat.speakers import OPERATORS, with_portfolios
from tests.person import someone
from tests.places import LOCALE

if TYPE_CHECKING:
    from pathlib import Path

CATALOGUE = Catalogue(LOCALE)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

TIMES = [
    *(
        (typed, "09:30")
        for typed in ("9:30", "09:30", "9.30", "9h30", "9:30 am", "9:30am", "9:30 A.M.", "0930", "９：３０", "9:30:00", "9:30h")
    ),
    *(
        (typed, "09:00")
        for typed in ("9h", "9 h", "9 am", "9am", "at 9", "a las 9", "9 o'clock", "9 horas", "9 часов", "9ч", "в 9", "9 утра")
    ),
    *((typed, "09:00") for typed in ("9 de la mañana", "9 de la manana", "9 in the morning", "A LAS 9", "В 9 утра")),
    *(
        (typed, "21:00")
        for typed in ("9 pm", "9PM", "9 p.m.", "21h", "2100", "21:00", "9 вечера", "в 9 вечера", "9 de la noche", "a las 9 pm")
    ),
    *((typed, "12:00") for typed in ("noon", "12pm", "12 p.m.", "mediodía", "mediodia", "полдень", "12 дня", "12:00 pm")),
    *((typed, "00:00") for typed in ("midnight", "12am", "medianoche", "полночь", "12 ночи", "12 de la noche", "24:00", "00:00")),
    *((typed, "14:00") for typed in ("2 дня", "2 de la tarde", "2 in the afternoon", "2pm", "14.00")),
    *((typed, "02:00") for typed in ("2 ночи", "2 de la madrugada", "2am")),
    *(
        (typed, "07:30")
        for typed in (
            "half past seven",
            "half past 7",
            "a las 7 y media",
            "siete y media",
            "полвосьмого",
            "в половине восьмого",
            "7-30",
            "7ч30",
        )
    ),
    *((typed, "07:30") for typed in ("siete y media de la mañana", "7 часов 30 минут", "7 30 am", "7 h 30", "полвосьмого утра")),
    *((typed, "19:30") for typed in ("half past 7 pm", "7 y media de la tarde", "полвосьмого вечера", "19-30", "19 ч 30 мин", "1930h")),
    *(
        (typed, "07:45")
        for typed in ("quarter to 8", "a quarter to eight", "8 menos cuarto", "a las ocho menos cuarto", "без четверти восемь")
    ),
    *((typed, "07:15") for typed in ("quarter past 7", "siete y cuarto", "четверть восьмого")),
    *((typed, "07:00") for typed in ("at seven", "a las siete", "в семь", "seven am", "семь утра", "7 o clock")),
    *((typed, "19:00") for typed in ("siete de la tarde", "в семь вечера", "seven in the evening", "7 веч.")),
    *((typed, "13:00") for typed in ("в час дня", "a la una de la tarde", "one pm")),
    *((typed, "00:30") for typed in ("полпервого ночи", "12 y media de la noche", "half past twelve at night")),
    *((typed, "12:00") for typed in ("al mediodía", "medio día", "12 noon", "mid-day")),
    *((typed, "00:00") for typed in ("a medianoche", "media noche", "12 midnight", "в полночь")),
    ("11 ночи", "23:00"),
    ("12:30 am", "00:30"),
    ("16:00 pm", "16:00"),
    *(
        (typed, "")
        for typed in (
            "25:00",
            "24:01",
            "9:60",
            "9:5",
            "13am",
            "9,30",
            "-9:30",
            "9",
            "1930 x",
            "noonish",
            "",
            "🚀",
            "9" * 500,
            "morning",
            "ночью",
            "half past 25",
        )
    ),
]

SCHEDULES = [
    ("en", "once a week on friday", "weekly fri"),
    ("en", "every 3 months", "quarterly"),
    ("es", "una vez al mes", "monthly"),
    ("ru", "раз в неделю", "weekly"),
    ("ru", "раз в месяц 5-го", "monthly 5"),
    ("en", "daily 9", "daily 09:00"),
    ("en", "every day at 9", "daily 09:00"),
    ("en", "daily at 9:30 am", "daily 09:30"),
    ("en", "dialy 9:30", "daily 09:30"),
    ("en", "daily midnight", "daily 00:00"),
    ("en", "weekly on Mondays at 9pm", "weekly mon 21:00"),
    ("en", "every monday at 9", "weekly mon 09:00"),
    ("en", "mon 9:30", "weekly mon 09:30"),
    ("en", "Mondays", "weekly mon"),
    ("en", "weekly wed 9", "weekly wed 09:00"),
    ("en", "weekly thrusday", "weekly thu"),
    ("en", "weekly tuesdey 9:30", "weekly tue 09:30"),
    ("en", "monthly on the 15th at 9", "monthly 15 09:00"),
    ("en", "monthly 15 9:00", "monthly 15 09:00"),
    ("en", "every month on the 1st at noon", "monthly 1 12:00"),
    ("en", "every quarter", "quarterly"),
    ("en", "never", "off"),
    ("es", "diario a las 9", "daily 09:00"),
    ("es", "todos los días a las 9 de la noche", "daily 21:00"),
    ("es", "cada lunes a las 9:30", "weekly mon 09:30"),
    ("es", "semanal los miércoles a las 9", "weekly wed 09:00"),
    ("es", "semanal mié 21h30", "weekly wed 21:30"),
    ("es", "mensual el 15 a las 9:00", "monthly 15 09:00"),
    ("es", "cada mes el 1 a mediodía", "monthly 1 12:00"),
    ("es", "nunca", "off"),
    ("ru", "ежедневно в 9", "daily 09:00"),
    ("ru", "каждый день в 9 вечера", "daily 21:00"),
    ("ru", "каждый понедельник в 9:30", "weekly mon 09:30"),
    ("ru", "по понедельникам в 9", "weekly mon 09:00"),
    ("ru", "еженедельно в среду в 18:00", "weekly wed 18:00"),
    ("ru", "каждую пятницу 9 утра", "weekly fri 09:00"),
    ("ru", "ежемесячно 15-го в 9", "monthly 15 09:00"),
    ("ru", "ежемесячно 15 числа в 9:00", "monthly 15 09:00"),
    ("ru", "выкл", "off"),
    # the other languages' days, a word that ends it
    ("en", "cada lunes a las 9", "weekly mon 09:00"),
    ("en", "каждый понедельник в 9", "weekly mon 09:00"),
    ("ru", "todos los viernes", "weekly fri"),
    ("es", "по пятницам в 17:00", "weekly fri 17:00"),
    ("en", "stop", "off"),
    # in words
    ("en", "every day at half past seven", "daily 07:30"),
    ("es", "diario a las 7 y media", "daily 07:30"),
    ("ru", "каждый день в полвосьмого", "daily 07:30"),
    ("ru", "ежедневно в семь утра", "daily 07:00"),
    ("en", "first of the month", "monthly 1"),
    ("es", "el primero de cada mes", "monthly 1"),
    ("ru", "первого числа", "monthly 1"),
    ("ru", "1 числа каждого месяца", "monthly 1"),
    ("en", "end of month", "monthly 31"),
    ("es", "último día del mes", "monthly 31"),
    ("ru", "последний день месяца в полдень", "monthly 31 12:00"),
    ("ru", "стоп", "off"),
]
BAD_SCHEDULES = [
    ("en", "yearly", "“yearly” is not possible"),
    ("es", "una vez al año", "“una vez al año” is not possible"),
    ("ru", "раз в год", "“раз в год” is not possible"),
    ("ru", "пять раз в месяц", "“пять раз в месяц” is not possible"),
    ("en", "four times a week", "“four times a week” is not possible"),
    ("en", "daily if btc falls", "wait for a line to be outside its band, or off its target"),
    ("en", "weekly 7am only if drift < 3", "wait for a line to be outside its band, or off its target"),
    ("en", "weekly only if drift is below 3", "wait for a line to be outside its band, or off its target"),
    ("en", "weekly only if drift >= 3 and 4", "wait for a line to be outside its band, or off its target"),
    ("en", "weekly only if drift >= $3", "wait for a line to be outside its band, or off its target"),
    ("es", "semanal solo si la desviación es menor que 3", "wait for a line to be outside its band, or off its target"),
    ("ru", "ежедневно если отклонение меньше 3", "wait for a line to be outside its band, or off its target"),
    ("en", "weekly only if drift >= 0", "A drift is between 0.1 and 50 points."),
    ("en", "weekly only if drift >= 99999999999999999999", "is too large"),
    ("en", "weekly only if drift >= 3.4.5", "“3.4.5” is not a number."),
    ("en", "biweekly", "“biweekly” is not possible"),
    ("en", "every 2 weeks", "“every 2 weeks” is not possible"),
    ("en", "every other day at 9", "“every other day” is not possible"),
    ("en", "twice a week", "“twice a week” is not possible"),
    ("en", "fortnightly", "“fortnightly” is not possible"),
    ("es", "cada dos semanas", "“cada dos semanas” is not possible"),
    ("es", "quincenal", "“quincenal” is not possible"),
    ("ru", "раз в две недели", "“раз в две недели” is not possible"),
    ("ru", "через день", "“через день” is not possible"),
    ("en", "weekdays at 9", "I don't understand “weekdays” here."),
    ("en", "mon-fri 9:00", "I don't understand “mon-fri” here."),
    ("en", "daily 25:00", "“25:00” is not a time of day. Write it like 09:30."),
    ("es", "diario los lunes", "A day of the week goes only"),
    ("ru", "в 9", "Say how often: daily, weekly, monthly, quarterly or off."),
    ("en", "15 9:00", "Say how often"),
    ("en", "weekly 1", "A day of the month goes only with a monthly or quarterly schedule."),
    ("en", "daily mon", "A day of the week goes only with a weekly schedule."),
    ("en", "daily 9:30 UTC", "I don't understand “UTC” here."),
    ("en", "hourly", "“hourly” is not possible: a schedule is daily, weekly, monthly or quarterly."),
    ("en", "monthly 32", "“32” is not a day of the month"),
]

QUIET = [
    *(
        ("en", typed, "22:00 08:00")
        for typed in ("quiet 22:00 8:00", "quiet 22:00-8:00", "quiet 22-8", "quiet 22 8", "quiet 22h-8h", "QUIET 22–8")
    ),
    *(
        ("en", typed, "22:00 08:00")
        for typed in ("quiet from 22 to 8", "quiet 10pm to 8am", "quiet 10 pm – 8 am", "quiet between 22:00 and 08:00")
    ),
    *(("en", typed, "22:00 08:00") for typed in ("quiet 2200 0800", "quiet from 10pm until 8 in the morning", "quiet 22.00 8.00")),
    *(
        ("es", typed, "22:00 08:00")
        for typed in ("silencio de 22 a 8", "silencio 22-8", "silencio de 10 de la noche a 8 de la mañana", "silencio 22h a 8h")
    ),
    *(("ru", typed, "22:00 08:00") for typed in ("тихо с 22 до 8", "тихо 22-8", "тихо с 10 вечера до 8 утра", "тихо 22:00–08:00")),
    *(
        ("en", typed, "22:00 08:00")
        for typed in (
            "quiet hours 22 to 8",
            "silence from 22 to 8",
            "do not disturb 22-8",
            "mute 10pm-8am",
            "22-8",
            "from ten pm to eight am",
        )
    ),
    *(("es", typed, "22:00 08:00") for typed in ("horas de silencio 22-8", "no molestar de 22 a 8", "silencio de diez de la noche a ocho")),
    *(
        ("ru", typed, "22:00 08:00")
        for typed in ("тихие часы 22-8", "не беспокоить с 22 до 8", "с 22 до 8", "тихо с десяти вечера до восьми утра")
    ),
    *((language, typed, "") for language, typed in (("en", "no quiet hours"), ("es", "sin silencio"), ("ru", "без тихих часов"))),
    ("en", "quiet midnight 8", "00:00 08:00"),
    ("en", "quiet 22:00–24:00", "22:00 00:00"),
    ("en", "quiet off", ""),
    ("es", "silencio no", ""),
]
BAD_QUIET = [
    ("en", "quiet 25 8", "“25” is not a time of day."),
    ("en", "quiet 22", "Say from when to when it is quiet"),
    ("en", "quiet 8 8", "Say from when to when it is quiet"),
    ("en", "trnd off", "“trnd” is not a kind of alert. Did you mean trend?"),
    ("ru", "тихо ночью", "“ночью” is not a time of day."),
]


@pytest.mark.parametrize(("typed", "time"), TIMES)
def test_a_time_of_day_is_found_in_what_people_write(typed: str, time: str) -> None:
    """By its colon, point or h, by am and pm, by the part of the day, by its name; what is no time is refused."""
    if time:
        assert clocks.read(clocks.spelled(typed)) == time
    else:
        with pytest.raises(UserError, match="is not a time of day"):
            clocks.read(clocks.spelled(typed))


def rule(text: str) -> dict[str, object]:
    """Read ``weekly mon 09:30`` as it stands."""
    found: dict[str, object] = {}
    for word in text.split():
        if word in DAYS:
            found["weekday"] = DAYS.index(word)
        elif word.isdecimal():
            found["day"] = int(word)
        else:
            found["time" if ":" in word else "freq"] = word
    return found


@pytest.mark.parametrize(("language", "typed", "meant"), SCHEDULES)
def test_a_schedule_is_read_as_it_was_meant(language: str, typed: str, meant: str) -> None:
    """How often, which day and what time, in sentences and with slips."""
    assert schedule.read(typed, CATALOGUE.words(language), None) == (rule(meant), ())


@pytest.mark.parametrize(
    ("language", "typed", "often"),
    [
        ("en", "daily only if outside a band", "daily"),
        ("en", "weekly when something has drifted", "weekly"),
        ("en", "monthly outside", "monthly"),
        ("es", "diario solo si hay desviación", "daily"),
        ("es", "semanal cuando esté fuera de la banda", "weekly"),
        ("ru", "ежедневно только если вне полосы", "daily"),
    ],
)
def test_a_schedule_may_wait_for_a_band_to_be_left(language: str, typed: str, often: str) -> None:
    """Said as a sentence or in one word; nothing of the sentence is taken for a day."""
    assert schedule.read(typed, CATALOGUE.words(language), None) == ({"freq": often, "only_outside": True}, ())


@pytest.mark.parametrize(
    ("language", "typed", "least"),
    [
        ("en", "weekly only if drift >= 3", "0.03"),
        ("en", "weekly only when the drift is 2.5 points or more", "0.025"),
        ("en", "weekly if drift > 3%", "0.03"),
        ("es", "semanal solo si la desviación es de 3 puntos o más", "0.03"),
        ("es", "semanal si desviación >= 2,5", "0.025"),
        ("ru", "еженедельно только если отклонение 3 п.п. или больше", "0.03"),
        ("ru", "еженедельно если дрейф >= 1,5", "0.015"),
    ],
)
def test_a_schedule_may_wait_for_a_drift(language: str, typed: str, least: str) -> None:
    """In points of the portfolio."""
    assert schedule.read(typed, CATALOGUE.words(language), None) == ({"freq": "weekly", "least": Decimal(least)}, ())


@pytest.mark.parametrize(("language", "typed", "told"), BAD_SCHEDULES)
def test_a_schedule_that_can_not_be_read_is_answered(language: str, typed: str, told: str) -> None:
    """With what is wrong, and nothing guessed: a number alone is an hour only where no day can be meant."""
    problems = schedule.read(typed, CATALOGUE.words(language), None)[1]
    assert any(told in str(problem) for problem in problems), problems


@pytest.mark.parametrize(("language", "typed", "ends"), QUIET)
def test_quiet_hours_are_read_as_they_were_meant(language: str, typed: str, ends: str) -> None:
    """With words between, with a dash, in twelve hours or twenty-four; a bare number is a full hour here."""
    before = AlertSettings(quiet_from="01:00", quiet_to="02:00")
    settings, problems = alerts.read(typed, CATALOGUE.words(language), before)
    assert problems == ()
    assert f"{settings.quiet_from} {settings.quiet_to}".strip() == ends


@pytest.mark.parametrize(
    ("language", "typed"), [("en", "everything silent"), ("en", "all silent"), ("es", "todo callado"), ("ru", "все беззвучно")]
)
def test_all_kinds_are_set_at_once_but_those_that_always_ring(language: str, typed: str) -> None:
    """One word for all of them; what must be heard is left out of it."""
    settings, problems = alerts.read(typed, CATALOGUE.words(language), AlertSettings())
    assert problems == ()
    assert {kind: settings.ring(kind) for kind in AlertKind} == {kind: Ring.ON if kind in ALWAYS else Ring.SILENT for kind in AlertKind}


@pytest.mark.parametrize(
    ("language", "typed"), [("en", "remind every 6h"), ("en", "reminder 6"), ("es", "recordar cada 6h"), ("ru", "напоминай каждые 6 ч")]
)
def test_a_reminder_is_called_by_several_names(language: str, typed: str) -> None:
    """As people call it."""
    settings, problems = alerts.read(typed, CATALOGUE.words(language), AlertSettings())
    assert (settings.reminder_h, problems) == (6, ())


@pytest.mark.parametrize(("language", "typed", "told"), BAD_QUIET)
def test_quiet_hours_that_can_not_be_read_are_answered(language: str, typed: str, told: str) -> None:
    """And what was set stays."""
    problems = alerts.read(typed, CATALOGUE.words(language), AlertSettings())[1]
    assert any(told in str(problem) for problem in problems), problems


CHAT = [
    ("en", "/schedule every monday at 9pm", ("Weekly · Monday · 21:00",)),
    ("en", "/schedule daily 25:00", ("“25:00” is not a time of day. Write it like 09:30.",)),
    ("en", "/alerts quiet 10pm-7am", ("Quiet hours 22:00–07:00",)),
    ("en", "/alerts quiet soon", ("“soon” is not a time of day",)),
    ("es", "/schedule cada lunes a las 9 de la noche", ("lunes", "21:00")),
    ("es", "/alerts silencio de 22 a 8", ("22:00–08:00",)),
    ("en", "/alerts do not disturb 22-7", ("Quiet hours 22:00–07:00",)),
    ("es", "/schedule diario a las 7 y media", ("7:30",)),
    ("ru", "/schedule каждый день в полвосьмого", ("7:30",)),
    ("ru", "/schedule каждый день в 9 вечера", ("21:00",)),
    ("ru", "/alerts тихо с 22 до 8", ("22:00–08:00",)),
]


@pytest.mark.long
async def test_times_are_taken_in_the_chat(tmp_path: Path) -> None:
    """In three languages, with what is set now in the answer."""
    async with someone(tmp_path, fear_greed_url="", operator_ids=OPERATORS) as ann:
        people = await with_portfolios(ann)
        for language, typed, told in CHAT:
            answer = await people[language].say(typed)
            assert all(part in answer for part in told), answer

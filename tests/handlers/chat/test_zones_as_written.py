"""Time zones as people write them, in three languages: which one is meant, which several may be, or what is answered."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from chatbot import i18n
from handlers.chat import places
from handlers.views.common import zone_name
from tests.handlers.chat.speakers import OPERATORS, with_portfolios
from tests.person import someone

if TYPE_CHECKING:
    from pathlib import Path

#: a winter's day in the north: nine in the morning, UTC
NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
MADRID, MOSCOW, NEW_YORK, SAO_PAULO = "Europe/Madrid", "Europe/Moscow", "America/New_York", "America/Sao_Paulo"

#: the one zone that is meant
ZONES = [
    ("ru", "москва +2", "Etc/GMT-5"),
    ("ru", "мск-1", "Etc/GMT-2"),
    ("en", "Moscow+4", "Etc/GMT-7"),
    *(
        ("en", typed, MADRID)
        for typed in ("Europe/Madrid", "europe/madrid", "Europe Madrid", "madrid", "MADRID", "Madrid, Spain", "Madrid (Spain)")
    ),
    *(("es", typed, MADRID) for typed in ("madrid", "Madrid, España", "hora de Madrid", "Barcelona", "en Sevilla")),
    *(("ru", typed, MADRID) for typed in ("Мадрид", "мадрид, испания", "Барселона")),
    *(("ru", typed, MOSCOW) for typed in ("москва", "Москва, Россия", "мск", "МСК", "Санкт-Петербург", "питер", "московское время", "MSK")),
    *(("es", typed, MOSCOW) for typed in ("moscú", "Moscu", "San Petersburgo")),
    *(("en", typed, NEW_YORK) for typed in ("new york", "New_York", "NYC", "Boston", "EST", "edt")),
    *((language, typed, NEW_YORK) for language, typed in (("es", "Nueva York"), ("ru", "Нью-Йорк"), ("ru", "нью йорк"))),
    *(("en", typed, SAO_PAULO) for typed in ("Sao Paulo", "São Paulo", "America/Sao Paulo", "Rio de Janeiro", "BRT")),
    ("ru", "Киев", "Europe/Kyiv"),
    ("en", "Kiev", "Europe/Kyiv"),
    ("en", "Kyiv", "Europe/Kyiv"),
    ("es", "Ciudad de México", "America/Mexico_City"),
    ("es", "Bogotá", "America/Bogota"),
    ("es", "bogota, colombia", "America/Bogota"),
    ("es", "Buenos Aires", "America/Argentina/Buenos_Aires"),
    ("es", "Argentina", "America/Argentina/Buenos_Aires"),
    ("ru", "Екатеринбург", "Asia/Yekaterinburg"),
    ("ru", "мск+2", "Etc/GMT-5"),
    ("en", "mumbai", "Asia/Kolkata"),
    ("en", "Calcutta", "Asia/Kolkata"),
    ("en", "India", "Asia/Kolkata"),
    ("en", "London UK", "Europe/London"),
    ("en", "Germany", "Europe/Berlin"),
    ("es", "Alemania", "Europe/Berlin"),
    ("ru", "Германия", "Europe/Berlin"),
    ("en", "Zürich", "Europe/Zurich"),
    ("en", "JST", "Asia/Tokyo"),
    ("en", "CET", "CET"),
    ("en", "US/Pacific", "US/Pacific"),
    *(("en", typed, "Etc/GMT-2") for typed in ("+2 GMT", "2 UTC", "UTC plus 2", "utc +2 hours")),
    ("es", "UTC menos 5", "Etc/GMT+5"),
    ("ru", "+3 часа", "Etc/GMT-3"),
    ("ru", "гмт+3", "Etc/GMT-3"),
    *(("en", typed, "Europe/Kyiv") for typed in ("Kyiv (UTC+2)", "utc+2 (Kyiv)", "UTC+2:00 Kyiv")),
    ("en", "IST (India)", "Asia/Kolkata"),
    ("en", "BST London", "Europe/London"),
    ("en", "I live in Madrid", MADRID),
    ("en", "UTC+2 Nowhereville", "Etc/GMT-2"),
    *(("en", typed, "UTC") for typed in ("UTC", "gmt", "Z", "UTC+0", "+00:00", "UTC±0")),
    *(("en", typed, "Etc/GMT-2") for typed in ("GMT+2", "gmt +2", "UTC +2", "UTC+02:00", "+2", "+0200", "+2h", "GMT 2", "Etc/GMT-2")),
    *(("en", typed, "Etc/GMT+3") for typed in ("UTC-3", "UTC−3", "utc–3", "-3", "- 3", "-03:00")),
    *(("en", typed, "Asia/Kolkata") for typed in ("+5:30", "+0530", "UTC+5.5", "+5,5", "UTC+5h30", "GMT+5.30")),
    ("en", "UTC+5:45", "Asia/Kathmandu"),
    ("en", "UTC+14", "Etc/GMT-14"),
    ("en", "10:02", "Etc/GMT-1"),
    *(("en", typed, "Etc/GMT-1") for typed in ("10am", "10:02 am", "it's 10 am here", "it is 10 in the morning")),
    ("es", "son las 10 de la mañana", "Etc/GMT-1"),
    ("ru", "сейчас 10 утра", "Etc/GMT-1"),
    *(("en", typed, "Etc/GMT+5") for typed in ("five hours behind UTC", "5 hours behind gmt", "utc minus five", "5h behind UTC")),
    ("en", "3 hours ahead of UTC", "Etc/GMT-3"),
    ("es", "UTC menos tres", "Etc/GMT+3"),
    *(("ru", typed, "Etc/GMT-6") for typed in ("+3 к москве", "москва +3", "3 часа к москве", "мск плюс три")),
    ("ru", "-1 от москвы", "Etc/GMT-2"),
    ("en", "HK", "Asia/Hong_Kong"),
    ("en", "cebu", "Asia/Manila"),
    ("es", "hora del este", NEW_YORK),
    ("ru", "владик", "Asia/Vladivostok"),
    ("es", "03:58", "Etc/GMT+5"),
    ("en", "it is 5:30 here", "America/St_Johns"),
    *(("ru", typed, "Asia/Omsk") for typed in ("Омск (МСК+3)", "Омск МСК+3", "омск +6", "UTC+6 Омск")),
    *(("ru", typed, MOSCOW) for typed in ("+3 мск", "мск (+3)", "UTC+3 Москва")),
    ("en", "New York -5", NEW_YORK),
    ("en", "New York (UTC-4)", NEW_YORK),
]
#: a city and what it lies in: the region is respected, whoever has a larger city of that name
IN_REGIONS = [
    *(("en", typed, "America/Toronto") for typed in ("london, ontario", "London Ontario", "London, ON", "london ontario canada")),
    *(("en", typed, "Europe/London") for typed in ("london", "london, uk", "London, England", "boston uk", "perth, scotland")),
    *(("en", typed, "America/Chicago") for typed in ("paris texas", "Paris, TX", "paris tx", "Paris, TX, USA", "birmingham al")),
    *(("en", typed, "America/Chicago") for typed in ("Birmingham, Alabama", "odessa tx", "Madrid, Iowa", "new york, texas")),
    *(("en", typed, NEW_YORK) for typed in ("cambridge ma", "Cambridge, Massachusetts", "london, ohio", "rome ny", "athens, ga")),
    *(("en", typed, NEW_YORK) for typed in ("portland maine", "portland, me", "melbourne, florida", "st. petersburg, fl", "lebanon pa")),
    *(("en", typed, NEW_YORK) for typed in ("berlin, new hampshire", "panama city florida", "columbus ohio", "georgia usa")),
    *(("en", typed, "America/Los_Angeles") for typed in ("portland or", "Portland, Oregon", "seattle washington", "washington state")),
    *(("en", typed, "America/Halifax") for typed in ("sydney, nova scotia", "sydney ns")),
    *(("en", typed, "America/Vancouver") for typed in ("victoria bc", "vancouver bc", "vancouver, canada")),
    *(("en", typed, "Australia/Perth") for typed in ("perth wa", "perth", "perth australia")),
    ("en", "cambridge uk", "Europe/London"),
    ("en", "hyderabad pakistan", "Asia/Karachi"),
    ("en", "toronto, on", "America/Toronto"),
    ("en", "new york city", NEW_YORK),
    ("en", "panama city", "America/Panama"),
    *(("es", typed, "America/Caracas") for typed in ("valencia venezuela", "Mérida, Venezuela", "barcelona venezuela")),
    *(("es", typed, MADRID) for typed in ("córdoba, españa", "cartagena, españa", "toledo españa", "santiago, españa", "león españa")),
    *(("es", typed, "America/Mexico_City") for typed in ("guadalajara mexico", "león, méxico")),
    ("es", "cordoba argentina", "America/Argentina/Cordoba"),
    ("es", "san juan puerto rico", "America/Puerto_Rico"),
    ("es", "londres, ontario", "America/Toronto"),
    ("es", "granada nicaragua", "America/Managua"),
    *(("ru", typed, NEW_YORK) for typed in ("санкт-петербург, флорида", "мельбурн флорида")),
    *(("ru", typed, "America/Chicago") for typed in ("париж, техас", "одесса техас")),
    ("ru", "лондон онтарио", "America/Toronto"),
    ("ru", "лондон, англия", "Europe/London"),
    ("ru", "перт австралия", "Australia/Perth"),
]
#: several zones that may be meant, or that are near what was written
SEVERAL = [
    ("en", "CT", ("America/Chicago", NEW_YORK), True),
    ("ru", "ОМСК+1", ("Etc/GMT-7", "Asia/Omsk"), False),
    ("ru", "Питер+2", ("Etc/GMT-5", MOSCOW), False),
    ("ru", "+2 мск", ("Etc/GMT-5", MOSCOW), False),
    ("en", "London+3", ("Etc/GMT-3", "Europe/London"), False),
    ("en", "UTC+5 London", ("Etc/GMT-5", "Europe/London"), False),
    ("en", "10:30", ("Australia/Lord_Howe",), False),
    *(("en", typed, (NEW_YORK,), False) for typed in ("help me", "HELP ME", "show me", "tell me!", "status pa", "hello, me")),
    *(("es", typed, ("America/Chicago",), False) for typed in ("compra la", "vende la")),
    ("es", "en la", ("America/Los_Angeles",), False),
    ("en", "smallville kansas", ("America/Denver", "America/Chicago"), True),
    ("en", "IST", ("Europe/Dublin", "Asia/Jerusalem", "Asia/Kolkata"), True),
    ("en", "BST", ("Europe/London", "Asia/Dhaka"), True),
    ("en", "CST", ("America/Chicago", "Asia/Shanghai"), True),
    ("en", "5:30", ("America/St_Johns", "Asia/Kolkata"), True),
    ("es", "San Juan", ("America/Puerto_Rico", "America/Argentina/San_Juan"), True),
    ("es", "España", ("Atlantic/Canary", MADRID), True),
    ("ru", "Испания", ("Atlantic/Canary", MADRID), True),
    ("en", "Brazil", ("America/Rio_Branco", "America/Manaus", SAO_PAULO, "America/Noronha"), True),
    ("en", "birmingham", ("America/Chicago", "Europe/London"), True),
    ("en", "cambridge", (NEW_YORK, "Europe/London"), True),
    ("en", "portland", ("America/Los_Angeles", NEW_YORK), True),
    ("en", "athens georgia", (NEW_YORK, "Asia/Tbilisi"), True),
    ("en", "moscow idaho", ("America/Los_Angeles", "America/Boise"), True),
    ("en", "london ky", ("America/Chicago", NEW_YORK), True),
    ("en", "springfield, il", ("America/Chicago", "Asia/Jerusalem"), True),
    ("es", "valencia", ("America/Caracas", MADRID), True),
    ("ru", "москва, айдахо", ("America/Los_Angeles", "America/Boise"), True),
    ("en", "london, lincolnville", ("Europe/London",), False),
    ("en", "jamaica queens", ("America/Jamaica",), False),
    ("en", "2 hours behind Madrid", (MADRID,), False),
    ("ru", "+3 куда-нибудь", ("Etc/GMT-3",), False),
    ("en", "Madird", (MADRID, "Atlantic/Madeira"), False),
    ("en", "Londn", ("Europe/London",), False),
    ("es", "Barselona", (MADRID,), False),
    ("ru", "в Москве", (MOSCOW,), False),
    ("en", "sao paolo", (SAO_PAULO,), False),
]
#: nothing that is a zone; True: an offset that nobody keeps
NONE = [
    *(("en", typed, False) for typed in ("hello", "asdfgh", "2", "", "🚀", "x", "25:00", "Factory", "localtime", "BTC 40", "\u202e")),
    *(("ru", typed, False) for typed in ("три часа", "часа три")),
    ("es", "son las 10:30", True),
    *(("en", typed, True) for typed in ("it's 10:30", "UTC+1:30", "UTC+15", "UTC-13", "UTC+5:20", "UTC+5.50", "+25", "02:24")),
]


@pytest.mark.parametrize(("language", "typed", "zone"), ZONES)
def test_a_zone_is_found_by_what_people_call_it(language: str, typed: str, zone: str) -> None:
    """Cities, countries, offsets, abbreviations, or what the clock shows."""
    assert places.read(typed, language, NOW) == places.Found((zone,), is_named=True)


@pytest.mark.parametrize(("language", "typed", "zone"), IN_REGIONS)
def test_a_region_is_respected(language: str, typed: str, zone: str) -> None:
    """States, provinces and countries behind a city, with a comma or without."""
    assert places.read(typed, language, NOW) == places.Found((zone,), is_named=True)


@pytest.mark.parametrize("country", ["Canada", "Venezuela", "Spain", "Russia", "Brazil"])
def test_a_city_is_never_read_outside_what_is_named_behind_it(country: str) -> None:
    """London, Canada is no London that is not in Canada, and so are all places that people know."""
    inside = {places.clock_of(zone, NOW) for zone in i18n.places("en")[country]}
    for zone in ("London", "Paris", "Moscow", "Sydney", "Lima", "Boston", "Mumbai", "Madrid", "Toronto", "Sao Paulo"):
        found = places.read(f"{zone}, {country}", "en", NOW)
        assert found.zones
        assert all(places.clock_of(one, NOW) in inside for one in found.zones), (zone, found)


@pytest.mark.parametrize(("language", "typed", "zones", "is_named"), SEVERAL)
def test_what_may_be_several_zones_is_not_guessed(language: str, typed: str, zones: tuple[str, ...], *, is_named: bool) -> None:
    """Abbreviations of several places, countries with several times, slips."""
    assert places.read(typed, language, NOW) == places.Found(zones, is_named=is_named)


@pytest.mark.parametrize(("language", "typed", "is_named"), NONE)
def test_what_is_no_zone_is_none(language: str, typed: str, *, is_named: bool) -> None:
    """A word that is near nothing, or an offset that no clock on earth shows."""
    assert places.read(typed, language, NOW) == places.Found((), is_named=is_named)


def test_every_country_is_a_zone_or_a_question_that_fits_under_a_message() -> None:
    """The largest has eleven times; each place's own name leads to it."""
    for name in ("Russia", "United States", "Australia", "Canada", "Antarctica"):
        found = places.read(name, "en", NOW)
        assert 1 < len(found.zones) <= 12
        assert found.is_named


def test_an_offset_is_called_as_people_call_it() -> None:
    """The zones' own names count to the west; people count to the east."""
    assert [zone_name(zone) for zone in ("Etc/GMT-2", "Etc/GMT+11", "Etc/GMT", MADRID)] == ["UTC+2", "UTC−11", "Etc/GMT", MADRID]


CHAT = [
    ("en", "madrid", ("Time zone: Europe/Madrid (it is 10:00 there)",), ()),
    ("en", "GMT+2", ("Time zone: UTC+2 (it is 11:00 there)", "An offset knows no summer time"), ()),
    ("en", "IST", ("Which one is yours?",), ("Dublin, 09:00", "Jerusalem, 11:00", "Kolkata, 14:30")),
    ("en", "Madird", ("I don't know that place. Did you mean one of these?",), ("Madrid, 10:00", "Madeira, 09:00")),
    ("en", "hello", ("“hello” is not a time zone. Write a city, like Madrid, or an offset, like UTC+2.",), ()),
    ("en", "UTC+1:30", ("No place is at “UTC+1:30”.",), ()),
    ("en", "london, ontario", ("Time zone: America/Toronto (it is 04:00 there)",), ()),
    ("en", "birmingham", ("Which one is yours?",), ("Chicago, 03:00", "London, 09:00")),
    ("en", "london, lincolnville", ("Did you mean one of these?",), ("London, 09:00",)),
    ("es", "moscú", ("Europe/Moscow",), ()),
    ("es", "España", ("¿Cuál es la tuya?",), ("Canarias, 9:00", "Madrid, 10:00")),
    ("ru", "москва", ("Europe/Moscow",), ()),
    ("ru", "мск+2", ("UTC+5",), ()),
    ("ru", "в Москве", ("Может быть",), ("Москва, 12:00",)),
]


@pytest.mark.long
async def test_the_zone_is_asked_for_and_taken_in_the_chat(tmp_path: Path) -> None:
    """In three languages; a tap on what was asked back takes it, and the schedule goes by it."""
    async with someone(tmp_path, fear_greed_url="", operator_ids=OPERATORS) as ann:
        people = await with_portfolios(ann)
        for language, typed, told, buttons in CHAT:
            one = people[language]
            await one.say("/settings")
            await one.tap(one.last.buttons[1])
            answer = await one.say(typed)
            assert all(part in answer for part in told), answer
            assert one.last.buttons[: len(buttons)] == buttons
        await ann.say("/schedule daily 08:00")
        await ann.say("/settings")
        await ann.tap("Time zone")
        await ann.say("IST")
        await ann.tap("Kolkata, 14:30")
        ann.sees("Asia/Kolkata")
        portfolio = await ann.program.portfolios.by_id(await ann.portfolio_id())
        assert portfolio is not None
        assert portfolio.strategy.schedule is not None
        assert portfolio.strategy.schedule.zone == "Asia/Kolkata"

"""The time zone: asked with one tap right after /start, typed as well; until it is known no time of day is told as the person's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from chatbot.clock import UNKNOWN_ZONE
from chatbot.i18n import Catalogue, zones
from handlers.chat import places
from tests.handlers.views.view_examples import every_view
from tests.moments import after
from tests.places import LOCALE
from tests.portfolio.still_market import StillMarket

if TYPE_CHECKING:
    from pathlib import Path

    from chatbot.model import Person
    from tests.person import Someone

#: a time of day that does not say that it is UTC's
_BARE = re.compile(r"(?<![\d:])\d{1,2}:\d{2}(?![\d:])(?! UTC)")
#: these show what a person has typed, beside the zone that it is kept in, or ask about it
_TYPED = (
    "person.schedule",
    "person.alert_settings",
    "portfolio.start.created asks",
    "portfolio.start.watched",
    "plan.real_money.watching in place of another",
)


async def begins(ann: Someone) -> None:
    """Open a portfolio; nobody has said where Ann lives."""
    await ann.set_up()


async def person(ann: Someone) -> Person:
    """Return who is asked."""
    return next(one for one in await ann.program.access.everybody() if one.id == ann.user.id)


async def test_one_tap_after_start_sets_the_zone(tmp_path: Path) -> None:
    """It is 9:00 UTC: London first for English; the tap is answered with the time there, and /status tells times as theirs."""
    async with after(begins, tmp_path, source=StillMarket) as ann:
        page = ann.with_button("09:00 London")
        assert "Is it 09:00 for you? Tap the clock that is yours, or send your city." in page.text
        assert {"04:00 New York", "01:00 Los Angeles", "14:30 Kolkata"} <= set(page.buttons)
        await ann.tap("04:00 New York")
        assert (await person(ann)).zone == "America/New_York"
        await ann.say("/settings")
        ann.sees("Time zone: America/New_York (it is 04:00 there)", "Amounts are in US dollars")
        assert {"How I answer", "Alerts", "Schedule"} <= set(ann.last.buttons)
        await ann.say("/start")
        await ann.taps("Keep both", "Demo portfolio", "10,000", "Use Balanced")
        assert not any("Is it" in message.text for message in ann.messages), "asked once"


@pytest.mark.parametrize(("text", "zone"), [("Madrid", "Europe/Madrid"), ("UTC+5", "Etc/GMT-5"), ("UTC", "Etc/UTC")])
async def test_the_city_can_be_typed_instead(tmp_path: Path, text: str, zone: str) -> None:
    """Without any dialog; a command without its slash is still one, and afterwards a city is a text like any other."""
    async with after(begins, tmp_path, source=StillMarket) as ann:
        assert "Did you mean" in await ann.say("statsu")
        assert "I did not understand that" in await ann.say("BTC -1"), "it was an hour west of UTC"
        await ann.say("/settings")
        ann.sees("Time zone: not known yet, so times of day are in UTC (it is 09:00 UTC).")
        assert "(it is" in await ann.say(text)
        assert (await person(ann)).zone == zone
        assert "there)" not in await ann.say("Lisbon")


async def test_a_place_in_a_sentence_is_asked_about(tmp_path: Path) -> None:
    """Who asks what time it is in Tokyo need not live there; +500 may be money."""
    async with after(begins, tmp_path, source=StillMarket) as ann:
        for text in ("what time is it in tokyo", "price in tokyo", "compra en panama", "i am in london", "+500"):
            assert "Which one is yours?" in await ann.say(text), text
            assert (await person(ann)).zone == UNKNOWN_ZONE, text
        await ann.say("i am in london")
        await ann.tap("London, 09:00")
        assert (await person(ann)).zone == "Europe/London"


async def test_what_only_ends_like_a_region_sets_no_zone(tmp_path: Path) -> None:
    """Seen in a chat: "help me" put its person into Maine, and "compra la" into Louisiana."""
    async with after(begins, tmp_path, source=StillMarket) as ann:
        for text in ("help me", "HELP ME", "show me", "sell all al", "status pa", "compra la"):
            await ann.say(text)
            assert (await person(ann)).zone == UNKNOWN_ZONE, text


async def test_a_short_word_that_is_a_place_too_is_asked_about(tmp_path: Path) -> None:
    """Nobody moves to Nice by finding something nice."""
    async with after(begins, tmp_path, source=StillMarket) as ann:
        assert "Which one is yours?" in await ann.say("nice")
        assert (await person(ann)).zone == UNKNOWN_ZONE
        await ann.tap("Paris, 10:00")
        assert (await person(ann)).zone == "Europe/Paris"


@pytest.mark.long
@pytest.mark.parametrize("language", ["en", "es", "ru"])
def test_no_message_tells_a_bare_time_of_day_to_somebody_without_a_zone(language: str) -> None:
    """Every view there is, in three languages: each time of day says that it is UTC's."""
    words = Catalogue(LOCALE).words(language, UNKNOWN_ZONE)
    for name, view in every_view().items():
        if not name.startswith(_TYPED):
            text = re.sub(r"<[^>]*>", "", view(words).text)
            assert not _BARE.search(text), (name, text)


@pytest.mark.parametrize("code", ["", "en", "en-GB", "es", "es-AR", "pt-br", "ru", "tr", "zh-hans", "ar", "id", "xx"])
def test_likely_zones_exist_and_are_few(code: str) -> None:
    """One to four, each a zone, each once."""
    found = places.likely(code)
    assert 1 <= len(found) <= 4
    assert len(set(found)) == len(found)
    assert all(zone in zones() and ZoneInfo(zone) for zone in found)

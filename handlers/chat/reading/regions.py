"""Regions that people name behind a city: states, provinces and their abbreviations. London, Ontario is not London."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.phrases.spelling import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

_EAST, _CENTRAL, _MOUNTAIN, _WEST = "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"
#: zones, and the names of regions that keep them, in the three languages of the bot
_REGIONS: Mapping[str, str] = {
    _EAST: "connecticut|ct|delaware|de|district of columbia|d.c.|florida|fl|флорида|georgia|ga|джорджия|maine|me|мэн|maryland|md"
    "|massachusetts|ma|массачусетс|new hampshire|nh|new jersey|nj|nueva jersey|нью-джерси"
    "|new york|ny|nueva york|нью-йорк|north carolina|nc|carolina del norte"
    "|ohio|oh|огайо"
    "|pennsylvania|pa|pensilvania|пенсильвания|rhode island|ri|south carolina|sc|carolina del sur|vermont|vt|virginia|va|вирджиния"
    "|west virginia|wv",
    _CENTRAL: "alabama|al|алабама|arkansas|ar|illinois|il|иллинойс|iowa|ia|айова|louisiana|la|luisiana|луизиана|minnesota|mn|миннесота"
    "|mississippi|ms|misisipi|missouri|mo|миссури|oklahoma|ok|texas|tx|техас|tejas|wisconsin|wi",
    _MOUNTAIN: "colorado|co|колорадо|montana|mt|new mexico|nm|nuevo mexico|utah|ut|юта|wyoming|wy",
    _WEST: "california|ca|калифорния|nevada|nv|невада|washington state|washington|wa",
    f"{_WEST} America/Boise": "oregon|or|орегон",
    f"America/Boise {_WEST}": "idaho|айдахо|id",
    f"{_CENTRAL} {_EAST}": "tennessee|tn|kentucky|ky|кентукки|indiana|in|индиана",
    f"{_CENTRAL} {_MOUNTAIN}": "kansas|ks|канзас|nebraska|ne|north dakota|nd|south dakota|sd",
    f"America/Detroit {_CENTRAL}": "michigan|mi|мичиган",
    "America/Phoenix": "arizona|az|аризона",
    "America/Anchorage America/Adak": "alaska|ak|аляска",
    "Pacific/Honolulu": "hawaii|hi",
    "America/Puerto_Rico": "puerto rico|pr|пуэрто-рико",
    "America/Toronto": "ontario|on|ont|онтарио|quebec|qc|квебек",
    "America/Vancouver": "british columbia|bc|b.c.|columbia britanica|британская колумбия",
    "America/Edmonton": "alberta|ab|альберта",
    "America/Regina": "saskatchewan|sk",
    "America/Winnipeg": "manitoba|mb|манитоба",
    "America/Halifax": "nova scotia|ns|nueva escocia|новая шотландия|prince edward island|pei|new brunswick|nb",
    "America/St_Johns": "newfoundland|nl",
    "Australia/Sydney": "new south wales|nsw|act",
    "Australia/Melbourne": "victoria|vic",
    "Australia/Brisbane": "queensland|qld",
    "Australia/Adelaide": "south australia",
    "Australia/Perth": "western australia|wa",
    "Australia/Hobart": "tasmania|tas|тасмания",
    "Australia/Darwin": "northern territory",
    "America/Mazatlan": "baja california sur|sinaloa",
    "America/Tijuana": "baja california",
    "Europe/London": "lincolnshire|yorkshire|kent|essex|devon|cornwall|northern ireland",
    "Europe/Madrid": "galicia|cataluña|catalonia|andalucia|andalusia|каталония|андалусия",
}
#: abbreviations of states that are those of countries too
_COUNTRIES = {"ca": "canada", "de": "germany", "in": "india", "il": "israel", "ar": "argentina", "co": "colombia", "id": "indonesia"}
#: abbreviations that are words: they are a region only behind a comma, in capitals, or behind a city that is known
WORDS = frozenset({"in", "or", "me", "hi", "la", "de", "ok", "oh", "on", "al", "so"})
#: countries whose names are those of regions as well
_ALSO = {"georgia": "Asia/Tbilisi"}


def _by_name() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for zones, names in _REGIONS.items():
        for name in names.split("|"):
            said = plain(name.replace("-", " ").rstrip("."))
            found[said] = (*found.get(said, ()), *zones.split())
    return found


_NAMES = _by_name()


def zones_of(region: str, known: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the zones of a region; none where it is none. ``known`` has those of countries, by their names in plain letters."""
    said = plain(region.replace("-", " ").strip(" ."))
    zones = _NAMES.get(said, ())
    if not zones:
        return ()
    return (*zones, *known.get(_COUNTRIES.get(said, ""), ()), *((_ALSO[said],) if _ALSO.get(said) else ()))

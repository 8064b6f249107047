"""Time zones as people write them: cities, countries, offsets, abbreviations, the zones' own names, or what their clock shows."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from chatbot import i18n
from chatbot.phrases import spelling
from chatbot.values import dataclass
from handlers.chat import clocks, guesses
from handlers.chat.reading import numerals, regions

if TYPE_CHECKING:
    from collections.abc import Mapping

#: large cities that no time zone is named after, in the three languages of the bot
_CITIES = {
    "Europe/Madrid": "barcelona|барселона|valencia|валенсия|sevilla|seville|севилья|bilbao|malaga|zaragoza|сарагоса|малага",
    "Europe/Moscow": "saint petersburg|st petersburg|san petersburgo|санкт-петербург|петербург|питер|спб|kazan|казань|сочи|sochi"
    "|нижний новгород|ростов-на-дону|ростов|краснодар|воронеж|московское",
    "Asia/Yekaterinburg": "екб|пермь|челябинск|уфа|тюмень|perm|ufa|chelyabinsk",
    "Europe/Kyiv": "киевское|ukraine|ucrania|украина|харьков|kharkiv|одесса|odesa|odessa|львов|lviv|днепр",
    "Europe/Minsk": "гомель|брест",
    "Asia/Almaty": "алма-ата|astana|астана|shymkent|шымкент",
    "Europe/Berlin": "munich|múnich|мюнхен|hamburg|hamburgo|гамбург|frankfurt|франкфурт|cologne|colonia|кёльн|dusseldorf|stuttgart",
    "Europe/Rome": "milan|milán|милан|naples|nápoles|неаполь|turin|turín|турин|florence|florencia|флоренция",
    "Europe/Paris": "lyon|лион|marseille|marsella|марсель|nice|niza|ницца|toulouse",
    "Europe/Zurich": "geneva|ginebra|женева|bern|berna|берн|basel|basilea",
    "Europe/London": "scotland|escocia|шотландия|wales|gales|great britain|gran bretaña|britain|британия|manchester"
    "|манчестер|birmingham|edinburgh|edimburgo|эдинбург|glasgow|liverpool|england|inglaterra|англия|uk",
    "Europe/Lisbon": "porto|oporto|порту",
    "Europe/Warsaw": "krakow|cracovia|краков|gdansk|гданьск|wroclaw|вроцлав",
    "Europe/Amsterdam": "holland|holanda|голландия|rotterdam|роттердам|the hague|la haya|гаага",
    "Europe/Istanbul": "ankara|анкара|antalya|анталья|izmir|измир|estambul",
    "America/New_York": "del este|este|florida|флорида|dc|washington dc|eastern|philly|boston|бостон|washington"
    "|вашингтон|miami|майами|atlanta|атланта|philadelphia|filadelfia|orlando|nyc|ny",
    "America/Chicago": "del centro|texas|техас|central|houston|хьюстон|dallas|даллас|austin|остин|minneapolis|st louis|kansas city"
    "|new orleans|nueva orleans",
    "America/Los_Angeles": "del pacífico|silicon valley|sf|portland|портленд|pacific|sacramento|san francisco|сан-франциско|seattle"
    "|сиэтл|san diego|сан-диего|las vegas|лас-вегас|la|california|калифорния",
    "America/Sao_Paulo": "rio de janeiro|rio|río de janeiro|рио-де-жанейро|рио|brasilia|бразилиа|belo horizonte|curitiba|porto alegre",
    "America/Mexico_City": "cdmx|df|d.f.|ciudad de méxico|мехико|guadalajara|гвадалахара|puebla|queretaro",
    "America/Bogota": "medellin|медельин|cali|cartagena",
    "America/Argentina/Buenos_Aires": "bs as|caba|rosario|la plata|mar del plata",
    "America/Guayaquil": "quito|кито",
    "America/Caracas": "maracaibo",
    "America/Toronto": "ottawa|оттава|montreal|монреаль|quebec",
    "Asia/Kolkata": "delhi|new delhi|nueva delhi|дели|нью-дели|mumbai|bombay|мумбаи|bangalore|bengaluru|бангалор|chennai|hyderabad|goa|гоа",
    "Asia/Shanghai": "beijing|peking|pekín|пекин|shenzhen|шэньчжэнь|guangzhou|гуанчжоу|hangzhou|chengdu",
    "Asia/Tokyo": "osaka|осака|kyoto|киото",
    "Asia/Dubai": "abu dhabi|абу-даби|sharjah",
    "Asia/Ho_Chi_Minh": "hanoi|ханой|saigon|сайгон|da nang|дананг|нячанг",
    "Asia/Jerusalem": "tel aviv|тель-авив|haifa|хайфа",
    "Asia/Makassar": "bali|бали|denpasar",
    "Asia/Bangkok": "phuket|пхукет|pattaya|паттайя|chiang mai",
    "Africa/Johannesburg": "cape town|ciudad del cabo|кейптаун|pretoria|durban",
    "Asia/Karachi": "islamabad|исламабад|lahore",
    "Asia/Tbilisi": "batumi|батуми|грузия|tiflis",
    "Atlantic/Canary": "tenerife|тенерифе|las palmas|gran canaria|islas canarias|canary islands|канарские острова|канары",
    "Asia/Vladivostok": "владик|хабаровск|khabarovsk",
    "Asia/Nicosia": "limassol|limasol|лимассол|лимасол|paphos|пафос|larnaca|ларнака|cyprus|chipre|кипр",
    "Europe/Prague": "czech republic|república checa|чешская республика|brno|брно",
    "Asia/Novosibirsk": "нск|новосиб",
    "Asia/Manila": "cebu|davao",
    "Asia/Hong_Kong": "hk",
    "Asia/Seoul": "korea|corea|корея|busan",
    "Pacific/Honolulu": "hawaii|hawái|гавайи",
    "America/Denver": "mountain",
    "CET": "central european|centroeuropea|центральноевропейское",
    "America/Costa_Rica": "san josé costa rica",
}
#: places of one name
_NAMESAKES = {
    "san juan": "America/Puerto_Rico America/Argentina/San_Juan",
    "san jose": "America/Costa_Rica America/Los_Angeles",
    "georgia": "Asia/Tbilisi America/New_York",
    "cordoba": "Europe/Madrid America/Argentina/Cordoba",
    "birmingham": "Europe/London America/Chicago",
    "cambridge": "Europe/London America/New_York",
    "portland": "America/Los_Angeles America/New_York",
    "портленд": "America/Los_Angeles America/New_York",
    "merida": "America/Merida Europe/Madrid America/Caracas",
    "cartagena": "America/Bogota Europe/Madrid",
    "leon": "Europe/Madrid America/Mexico_City",
    "toledo": "Europe/Madrid America/New_York",
    "granada": "Europe/Madrid America/Managua",
    "valencia": "Europe/Madrid America/Caracas",
    "валенсия": "Europe/Madrid America/Caracas",
    "santiago": "America/Santiago Europe/Madrid",
}
#: what countries are called beside their names, by the English one
_COUNTRIES = {
    "United States": "usa|us|сша|eeuu|ee.uu.|ee uu|america|américa|америка",
    "Türkiye": "turkey",
    "United Arab Emirates": "uae|оаэ|emiratos|эмираты|eau",
}
#: abbreviations; one that means several places is asked about
_ABBREVIATIONS = {
    "utc": "UTC",
    "gmt": "UTC",
    "z": "UTC",
    "zulu": "UTC",
    "гринвич": "UTC",
    "cet": "CET",
    "cest": "CET",
    "eet": "EET",
    "eest": "EET",
    "wet": "WET",
    "west": "WET",
    "msk": "Europe/Moscow",
    "мск": "Europe/Moscow",
    "trt": "Europe/Istanbul",
    "bst": "Europe/London Asia/Dhaka",
    "ist": "Asia/Kolkata Asia/Jerusalem Europe/Dublin",
    "est": "America/New_York",
    "edt": "America/New_York",
    "et": "America/New_York",
    "ct": "America/Chicago America/New_York",
    "cst": "America/Chicago Asia/Shanghai",
    "cdt": "America/Chicago",
    "mst": "America/Denver America/Phoenix",
    "mdt": "America/Denver",
    "pst": "America/Los_Angeles",
    "pdt": "America/Los_Angeles",
    "pt": "America/Los_Angeles",
    "ast": "America/Halifax Asia/Riyadh",
    "brt": "America/Sao_Paulo",
    "art": "America/Argentina/Buenos_Aires",
    "clt": "America/Santiago",
    "cot": "America/Bogota",
    "pet": "America/Lima",
    "vet": "America/Caracas",
    "jst": "Asia/Tokyo",
    "kst": "Asia/Seoul",
    "hkt": "Asia/Hong_Kong",
    "sgt": "Asia/Singapore",
    "wib": "Asia/Jakarta",
    "ict": "Asia/Bangkok",
    "pkt": "Asia/Karachi",
    "gst": "Asia/Dubai",
    "aest": "Australia/Sydney Australia/Brisbane",
    "aedt": "Australia/Sydney",
    "awst": "Australia/Perth",
    "nzst": "Pacific/Auckland",
    "nzdt": "Pacific/Auckland",
    "sast": "Africa/Johannesburg",
    "eat": "Africa/Nairobi",
    "wat": "Africa/Lagos",
}
#: zones that people know, the best known first
_FAME = dict.fromkeys(
    [
        *_CITIES,
        *(zone for zones in _ABBREVIATIONS.values() for zone in zones.split()),
        *("Europe/Samara", "Asia/Krasnoyarsk", "Asia/Irkutsk", "Asia/Yakutsk", "Asia/Vladivostok", "Asia/Kamchatka"),
        *("America/Manaus", "America/Rio_Branco", "America/Cancun", "America/Tijuana", "Pacific/Honolulu"),
    ]
)
_RANK = {zone: at for at, zone in enumerate(_FAME)}
#: places at whose clocks a part of an hour is kept, minutes before UTC
_PARTS = {
    -570: "Pacific/Marquesas",
    -210: "America/St_Johns",
    210: "Asia/Tehran",
    270: "Asia/Kabul",
    330: "Asia/Kolkata",
    345: "Asia/Kathmandu",
    390: "Asia/Yangon",
    525: "Australia/Eucla",
    570: "Australia/Darwin",
    630: "Australia/Lord_Howe",
    765: "Pacific/Chatham",
}
_OFFSET = re.compile(
    r"(?:(?<![^\W\d_])(?P<from>utc|gmt|z|гмт|msk|мск)\s*(?P<bare>[+-])?|(?P<sign>[+-]))\s*(?P<hours>\d{1,2})"
    r"(?:[:.h]?(?P<minutes>\d{2})|[.,](?P<half>5))?(?![\d:]|[.,h]\d)"
)
_HOURS = r"(?:hours?|hrs?|horas?|h|часа|часов|час|ч)"
#: so many hours beside Moscow, and on one side or the other of Greenwich
_BESIDE = (
    (re.compile(rf"^([+-]?)\s*(\d{{1,2}})\s*{_HOURS}?\s*(?:к|от|from|de|con)\s+(?:москв[еы]|мск|moscow|moscú)$"), "msk{0:+}"),
    (re.compile(rf"^()(\d{{1,2}})\s*{_HOURS}?\s*(?:ahead of|before|por delante de|впереди) (?:utc|gmt)$"), "utc{0:+}"),
    (re.compile(rf"^()(\d{{1,2}})\s*{_HOURS}?\s*(?:behind|after|por detrás de|detrás de|позади) (?:utc|gmt)$"), "utc-{0}"),
)
#: said in words, or the other way round
_SPELLED = (
    (re.compile(r"^(?:по\s+)?(?:москв[аы]|москве|moscow(?: time)?|moscú|moscu)\s*(?=[+-]\s*\d)"), "msk"),
    (re.compile(r"\s*\b(?:plus|más|mas|плюс)\s*"), " +"),
    (re.compile(r"\s*\b(?:minus|menos|минус)\s*"), " -"),
    (re.compile(rf"(?<=\d)\s*{_HOURS}\b"), ""),
    (re.compile(r"^([+-]?\s*\d{1,2}(?::\d{2})?)\s*(utc|gmt|гмт)$"), r"\2\1"),
)
_CLOCK = re.compile(r"(\d{1,2})[:.](\d{2})")
#: what is said around the time that a clock shows
_IT_IS = re.compile(
    r"(?i)(?<!\w)(?:it['’]?s|it is|its|now|here|for me|time|son(?: las)?|es(?: la)?|ahora|aqu[ií]|hora|сейчас|у меня|время|здесь)(?!\w)"
)
#: what tells that a time of day is meant, and no distance: 3 часа may be both
_OF_DAY = re.compile(r"(?i)\d ?[ap]\.? ?m\b|\d:\d|утра|вечера|дня|ночи|(?:de|por) la (?:ma[ñn]ana|tarde|noche)|in the|noon|midnight")
#: how far something is, which is not understood beside a place's name
_DISTANCE = re.compile(rf"(?i)\d|(?<!\w)(?:{_HOURS}|behind|ahead|before|after|detrás|delante|раньше|позже)(?!\w)")
#: what is said around a place
_AROUND = re.compile(
    r"\b(?:time ?zone|time|local|in|at|near|zona horaria|hora(?: de)?|en|de|часовой пояс|время|по|в|город|г\.)(?!\w)|[()!?]|\.$",
    re.IGNORECASE,
)
#: what may stand behind a place's name
_SAYS_NOTHING = ("city", "country", "area", "region", "ciudad", "país", "pais", "область", "страна")
#: what is longer names no place
_LONGEST = 200
_DAY_MIN, _HOUR_MIN, _QUARTER_MIN, _OFF_MIN = 1440, 60, 15, 7
_EAST_MIN, _WEST_MIN = 14 * 60, -12 * 60
_MOST = 12


#: where people with a Telegram in a language mostly live, largest first; by the whole code, then by the language alone
_LIKELY = {
    "en-gb": "Europe/London",
    "en-us": "America/New_York America/Chicago America/Denver America/Los_Angeles",
    "en": "Europe/London America/New_York America/Los_Angeles Asia/Kolkata",
    "es-mx": "America/Mexico_City America/Tijuana",
    "es-ar": "America/Buenos_Aires",
    "es": "Europe/Madrid America/Mexico_City America/Bogota America/Buenos_Aires",
    "pt-br": "America/Sao_Paulo America/Manaus",
    "pt": "Europe/Lisbon America/Sao_Paulo",
    "ru": "Europe/Moscow Asia/Yekaterinburg Asia/Almaty Asia/Novosibirsk",
    "uk": "Europe/Kyiv",
    "tr": "Europe/Istanbul",
    "zh-hant": "Asia/Taipei Asia/Hong_Kong",
    "zh": "Asia/Shanghai Asia/Singapore",
    "ar": "Asia/Riyadh Africa/Cairo Asia/Dubai Africa/Casablanca",
    "id": "Asia/Jakarta Asia/Makassar Asia/Jayapura",
    "fa": "Asia/Tehran",
    "de": "Europe/Berlin",
    "fr": "Europe/Paris Africa/Algiers",
    "it": "Europe/Rome",
    "hi": "Asia/Kolkata",
    "vi": "Asia/Ho_Chi_Minh",
    "ja": "Asia/Tokyo",
    "ko": "Asia/Seoul",
}


def likely(code: str) -> tuple[str, ...]:
    """Return the zones that somebody with this language in Telegram (``pt-br``) probably lives in, at most four, likeliest first."""
    code = code.casefold().replace("_", "-")
    stem = code.partition("-")[0]
    found = f"{_LIKELY.get(code, '')} {_LIKELY.get(stem, '')}".split() or _LIKELY["en"].split()
    return tuple(dict.fromkeys(found))[:4]


@dataclass(frozen=True, slots=True)
class Found:
    """Time zones that may be meant, the likeliest first."""

    zones: tuple[str, ...] = ()
    #: one of them is meant; else they are only near what was written
    is_named: bool = False


def read(text: str, language: str, now: datetime) -> Found:
    """Return the time zones that a person may mean; ``now`` tells how late it is where."""
    said = (
        " ".join(unicodedata.normalize("NFKC", text[:_LONGEST]).split())
        .replace("\u2212", "-")
        .replace("–", "-")
        .replace("±", "+")
        .replace("_", " ")
        .strip(" .!?")
    )
    said = numerals.whole(said)
    offset = said.casefold()
    for pattern, form in _BESIDE:
        if (beside := pattern.fullmatch(offset)) is not None:
            offset = form.format(int(f"{beside[1]}{beside[2]}"))
    for pattern, instead in _SPELLED:
        offset = pattern.sub(instead, offset)
    found = _offset(offset.strip(), now)
    if found is None and _OF_DAY.search(said):
        found = _offset(_IT_IS.sub(" ", clocks.spelled(said)).strip(" ,.!"), now, is_clock=_IT_IS.search(said) is not None)
    if found is not None:
        return found
    zones, is_sure = _named(said, language, now)
    if zones:
        beside = None if said.casefold() in _own_names() else _OFFSET.search(offset)
        return _beside(Found(_told_apart(zones, now), is_named=is_sure), beside, now)
    if (of_none := _OFFSET.search(offset)) is not None:  # UTC+2 of a place that is not known; "BTC -1" may be anything
        return replace(_offset(of_none[0], now) or Found(), is_named=bool(of_none["from"]))
    known = _known(language)
    near = guesses.all_meant(_bare(said), {name: name for name in known})
    return Found(tuple(dict.fromkeys(zone for name in near for zone in _told_apart(known[name], now)[:2])))


def says_nothing_else(text: str, language: str) -> bool:
    """Tell whether a text is a place or an offset and nothing besides: "what time is it in Tokyo" names a place too."""
    said = " ".join(unicodedata.normalize("NFKC", text[:_LONGEST]).split())
    if any(map(str.isdigit, said)):
        return re.fullmatch(r"[+-]?\d{3,}", said) is None  # +500 may be money
    return "," in said or bool(_called(_bare(said), language))


def _bare(said: str) -> str:
    return " ".join(_AROUND.sub(" ", said).split()) or said


def _named(said: str, language: str, now: datetime) -> tuple[tuple[str, ...], bool]:
    """Return the zones that a name means, and whether all of it is understood.

    The last of its parts is where the others lie: Madrid, Spain is in both, and London, Ontario is in Ontario.
    """
    bare = _bare(said)
    for word in (said, bare, bare.replace(" ", "/", 1)):
        if zones := _called(word, language):
            return zones, word == said or word not in regions.WORDS
    if zones := regions.zones_of(bare, _known(language)):
        return zones, bare.casefold() not in regions.WORDS
    without = _OFFSET.sub(" ", said.casefold())
    if zones := _called(_bare(without), language):
        return zones, _DISTANCE.search(without) is None
    parts = [one.strip() for one in re.split(r"[,;()]", without) if one.strip()]
    if len(parts) == 1:
        parts = _apart(parts[0], language)
    found: tuple[str, ...] = ()
    is_sure = _DISTANCE.search(without) is None
    region = parts[-1].casefold() if parts else ""  # help me is no place in Maine, nor is status pa one in Pennsylvania
    may_be_unknown = region not in regions.WORDS and (len(region) > len("pa") or re.search(r"[,;(]", said) is not None)
    for at, part in reversed(list(enumerate(parts))):
        zones = () if at == 0 and len(parts) > 1 and found else _lying_in(part, language, is_first=at == 0)
        zones = zones or _called(_bare(part), language) or _called(_bare(part).replace(".", ""), language)
        is_sure &= bool(zones) or (at == 0 and bool(found) and may_be_unknown)
        found = _both(zones, found, now) or found or zones
    return found, is_sure


def _lying_in(part: str, language: str, *, is_first: bool) -> tuple[str, ...]:
    """Return the zones of a region or a country behind a place."""
    return () if is_first else regions.zones_of(part, _known(language))


def _apart(said: str, language: str) -> list[str]:
    """Take a place and what it lies in apart where only spaces are between them: paris texas, manchester new hampshire."""
    parts: list[str] = []
    place = said
    while (at := _region_at(place, language)) is not None:
        parts.insert(0, place[at:].strip())
        place = place[:at].strip()
    if parts:
        return [place, *parts]
    head, _, tail = _bare(said).rpartition(" ")
    return [head, tail] if head and tail not in _SAYS_NOTHING else [head or tail]


def _region_at(said: str, language: str) -> int | None:
    """Return where a region or a place begins that stands behind another, the longest; None where there is none."""
    if _called(_bare(said), language):
        return None
    for space in list(re.finditer(r"\s+", said))[-3:]:
        place, region = said[: space.start()], said[space.end() :]
        is_region = bool(regions.zones_of(region, _known(language)))
        if is_region and region in regions.WORDS and not _called(_bare(place), language):
            continue  # a word, and no abbreviation
        if is_region or _called(_bare(region), language):
            return space.start()
    return None


def _both(place: tuple[str, ...], region: tuple[str, ...], now: datetime) -> tuple[str, ...]:
    """Return the zones of a place that are those of a region, by their clocks."""
    clocks = {clock_of(zone, now) for zone in region}
    return tuple(zone for zone in place if clock_of(zone, now) in clocks)


def _called(word: str, language: str) -> tuple[str, ...]:
    """Return the zones of an abbreviation, a place, or a zone's own name."""
    short = _ABBREVIATIONS.get(word.casefold(), "") or _NAMESAKES.get(_plain(word), "")
    own = _own_names().get(word.casefold())
    return tuple(short.split()) or _known(language).get(_plain(word), ()) or ((own,) if own else ())


def _plain(place: str) -> str:
    return spelling.plain(place.replace("-", " "))


@lru_cache(maxsize=1)
def _own_names() -> Mapping[str, str]:
    return {name.replace("_", " ").casefold(): name for name in i18n.zones()}


@lru_cache(maxsize=8)
def _known(language: str) -> Mapping[str, tuple[str, ...]]:
    """Return zones by names of places in plain letters."""
    found = {_plain(said): zones for said, zones in i18n.places(language).items()}
    found |= {said: found[_plain(country)] for country, sayings in _COUNTRIES.items() for said in sayings.split("|")}
    return found | {_plain(said): (zone,) for zone, cities in _CITIES.items() for said in cities.split("|")}


def _beside(found: Found, offset: re.Match[str] | None, now: datetime) -> Found:
    """Return the zones of a place that keep the offset beside it: Kyiv (UTC+2); else what may be meant: Moscow time and two hours."""
    if offset is None:
        return found
    minutes, first = timedelta(minutes=_minutes(offset)), clock_of(found.zones[0], now)[0] or timedelta()
    if agree := tuple(zone for zone in found.zones if minutes in clock_of(zone, now)):
        return replace(found, zones=agree)
    meant = fixed(int((minutes if offset["from"] else first + minutes).total_seconds()) // 60)
    return Found(tuple(zone for zone in (meant, *found.zones) if zone))


def _minutes(offset: re.Match[str]) -> int:
    """Return how far ahead of UTC an offset is, minutes."""
    minutes = int(offset["hours"]) * 60 + (30 if offset["half"] else int(offset["minutes"] or 0))
    signed = -minutes if "-" in (offset["sign"], offset["bare"]) else minutes
    return signed + (180 if offset["from"] in ("msk", "мск") else 0)


def _offset(said: str, now: datetime, *, is_clock: bool = False) -> Found | None:
    """Return the zone of an offset, or of a clock that shows what was written; None where it is neither."""
    clock = _CLOCK.fullmatch(said)
    if clock is not None and int(clock[1]) < 24 and int(clock[2]) < 60:
        shown = int(clock[1]) * 60 + int(clock[2])
        ahead = (shown - now.hour * 60 - now.minute + _OFF_MIN) % _DAY_MIN // _QUARTER_MIN * _QUARTER_MIN
        east = ahead <= _EAST_MIN and fixed(ahead)
        there = east or fixed(ahead - _DAY_MIN)
        zones = (there, "" if is_clock else _PARTS.get(shown, ""))  # 5:30 may be an offset too
        return Found(tuple(dict.fromkeys(zone for zone in zones if zone)), is_named=bool(there) or not zones[1])
    found = _OFFSET.fullmatch(said)
    if found is None:
        return None
    zone = fixed(_minutes(found))
    return Found((zone,) if zone else (), is_named=True)


def fixed(minutes: int) -> str:
    """Return the zone that is so many minutes ahead of UTC; empty where there is none."""
    if minutes % _HOUR_MIN:
        return _PARTS.get(minutes, "")
    hours = minutes // _HOUR_MIN
    if not _WEST_MIN <= minutes <= _EAST_MIN:
        return ""
    return f"Etc/GMT{-hours:+d}" if hours else "UTC"  # the names of these zones count to the west


def _told_apart(zones: tuple[str, ...], now: datetime) -> tuple[str, ...]:
    """Return one zone of those that keep the same time all year, the best known one, from west to east."""
    kept: dict[tuple[timedelta | None, ...], str] = {}
    for zone in sorted(zones, key=lambda zone: (_RANK.get(zone, len(_RANK)), zone)):
        kept.setdefault(clock_of(zone, now), zone)
    return tuple(zone for _, zone in sorted(kept.items(), key=lambda item: item[0][0] or timedelta()))[:_MOST]


@lru_cache(maxsize=1000)
def clock_of(zone: str, now: datetime) -> tuple[timedelta | None, ...]:
    """Return what tells the clocks of two zones apart: how far they are from UTC over a year."""
    return tuple((now + timedelta(days=days)).astimezone(ZoneInfo(zone)).utcoffset() for days in (0, 91, 182, 273))

"""Words in the person's language: catalogues read from .po files, and numbers, money and times as CLDR writes them."""

from __future__ import annotations

import gettext
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from babel import Locale, dates, numbers
from babel.core import get_global
from babel.messages.pofile import read_po

from chatbot.clock import UNKNOWN_ZONE, aware

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LOCALE: Final = Path(__file__).resolve().parent.parent / "locale"
SOURCE: Final = "en"
DOMAIN: Final = "chatbot"
#: begins whatever is said in a language from right to left, as an Arabic letter that nobody sees (ALM, UAX 9): by it a text that is put
#: together of many parts knows its direction, whatever else is quoted in it
SAID: Final = "\u061c"
#: what stands for the last translator until somebody whose language it is has read a catalogue and signs with their name
_NOBODY: Final = frozenset({None, "", "FULL NAME <EMAIL@ADDRESS>"})
#: en alone means the United States to CLDR, with 2:05 PM and the month first; the world reads 14:05
_DATES_OF: Final = {"en": "en_GB"}
#: currencies that are written as money; anything else (USDT, BTC) is a number and its code
_FIAT: Final = frozenset({"USD", "EUR", "GBP", "BRL", "RUB", "TRY", "CNY", "IDR", "MXN", "ARS", "AED", "SAR", "JPY", "INR"})
#: time zones that are named after a place
_CONTINENTS: Final = frozenset(
    {"Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"}
)
_AGE_STEPS: Final = ((120, 1, "second"), (7200, 60, "minute"), (172_800, 3600, "hour"), (float("inf"), 86_400, "day"))


def N_(msgid: str) -> str:  # noqa: N802 - the name that gettext tools know
    """Mark a string for the catalogues without translating it here."""
    return msgid


class Plural(NamedTuple):
    """A sentence with a {count}, to be given to :meth:`Words.n`."""

    one: str
    many: str


def NN_(singular: str, plural: str) -> Plural:  # noqa: N802 - as N_
    """Mark the two forms of a sentence with a {count} for the catalogues."""
    return Plural(singular, plural)


@dataclass(frozen=True, slots=True)
class _Texts:
    """One language's strings: translations by msgid, and which plural form a count takes."""

    single: Mapping[str, str]
    plural: Mapping[str, tuple[str, ...]]
    form_of: Callable[[int], int]
    #: somebody whose language it is has read it
    is_signed: bool


class Catalogue:
    """Every language the bot speaks: a folder with ``<language>/LC_MESSAGES/chatbot.po``; each file is read when first needed.

    How a new one is begun stands in ``scripts/catalogues.py``.
    """

    def __init__(self, folder: Path) -> None:
        #: where they lie, each beside the phrases that are understood in its language
        self.folder = folder
        self._texts: dict[str, _Texts] = {}
        found = sorted(path.parent.parent.name for path in folder.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))
        #: catalogue languages, the source language first
        self.languages: tuple[str, ...] = (SOURCE, *(name for name in found if name != SOURCE))

    def match(self, code: str | None) -> str:
        """Return the catalogue language nearest to a Telegram language code such as ``pt-br``; English where none is near."""
        wanted = (code or "").replace("-", "_").lower()
        exact = {name.lower(): name for name in self.languages}
        if wanted in exact:
            return exact[wanted]
        stem = wanted.split("_", maxsplit=1)[0]
        return next((name for key, name in exact.items() if stem and key.split("_", maxsplit=1)[0] == stem), SOURCE)

    def words(self, language: str, zone: str = UNKNOWN_ZONE, currency: str = "USD", *, rate: Decimal = Decimal(1)) -> Words:
        """Return the words of a language; an unknown language is English, an unknown zone UTC, which every time of day then says.

        ``rate`` is what one unit of the quote stablecoin is worth in ``currency``: money is multiplied by it before it is shown.
        """
        name = language if language in self.languages else SOURCE
        return Words(
            language=name,
            currency=currency,
            rate=rate,
            zone=_zone(zone),
            is_placed=zone != UNKNOWN_ZONE,
            texts=self._load(name),
            locale=Locale.parse(name),
            dates=Locale.parse(_DATES_OF.get(name, name)),
        )

    def own_name(self, language: str) -> str:
        """Return what a language calls itself: Español, Русский; of an unknown one English, which is then spoken."""
        locale = Locale.parse(language if language in self.languages else SOURCE)
        name = str(locale.get_display_name(locale))
        return name[:1].upper() + name[1:]

    def _load(self, language: str) -> _Texts:
        if language not in self._texts:
            path = self.folder / language / "LC_MESSAGES" / f"{DOMAIN}.po"
            self._texts[language] = _read(path) if path.exists() else _Texts({}, {}, _english_form, is_signed=True)
        return self._texts[language]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Says things in one language, one time zone and one currency; answers plain text, so views escape it."""

    language: str
    currency: str
    #: units of ``currency`` per unit of the quote stablecoin
    rate: Decimal
    zone: tzinfo
    #: the zone is the person's own; else a time of day says that it is UTC's
    is_placed: bool
    texts: _Texts = field(repr=False)
    locale: Locale = field(repr=False)
    #: locale of dates and times
    dates: Locale = field(repr=False)

    @property
    def tag(self) -> str:
        """The language as a page names it: ``pt-BR``."""
        return self.language.replace("_", "-")

    @property
    def direction(self) -> str:
        """Where a line leads to: ``ltr`` or ``rtl``."""
        return str(self.locale.text_direction)

    @property
    def is_signed(self) -> bool:
        """Tell whether somebody whose language it is has read it all: their name stands in the catalogue as its last translator."""
        return self.texts.is_signed

    def t(self, msgid: str, **params: object) -> str:
        """Translate ``msgid`` and fill its ``{placeholders}``; a string without a translation is shown in English."""
        text = self.texts.single.get(msgid, msgid)
        return text.format(**params) if params else text

    def bare(self, msgid: str) -> str:
        """Translate a word as somebody types it, or as a page shows it that says the direction itself: without a mark."""
        return self.t(msgid).removeprefix(SAID)

    def n(self, singular: str, plural: str, count: int, **params: object) -> str:
        """Translate with the plural form of ``count``, which fills ``{count}``."""
        forms = self.texts.plural.get(singular, (singular, plural))
        form = self.texts.form_of(count) if singular in self.texts.plural else _english_form(count)
        return forms[form].format(count=self.number(count), **params)

    def number(self, value: Decimal | float, digits: int = 0) -> str:
        """Write a number with exactly ``digits`` decimals."""
        return _written(_rounded(value, digits), _pattern(digits), self.locale)

    def signed(self, value: Decimal | float, digits: int = 1) -> str:
        """Write a number with its sign, plus included; what rounds to zero has none."""
        rounded = _rounded(value, digits)
        plus = f"+{_pattern(digits)};-{_pattern(digits)}" if rounded else _pattern(digits)
        return _written(rounded, plus, self.locale)

    def percent(self, value: Decimal | float, digits: int = 1) -> str:
        """Write a fraction as per cent: 0.462 is 46.2%."""
        rounded = _rounded(Decimal(str(value)) * 100, digits) / 100
        return _written(rounded, self._percent_pattern(digits), self.locale)

    def signed_percent(self, value: Decimal | float, digits: int = 1) -> str:
        """Write a fraction as per cent with its sign."""
        rounded = _rounded(Decimal(str(value)) * 100, digits) / 100
        plain = self._percent_pattern(digits)
        return _written(rounded, f"+{plain};-{plain}" if rounded else plain, self.locale)

    def points(self, fraction: Decimal, digits: int = 1) -> str:
        """Write a fraction of V in percentage points without a sign or unit: 0.05 is 5.0."""
        return self.number(fraction * 100, digits)

    def signed_points(self, fraction: Decimal, digits: int = 1) -> str:
        """Write a signed fraction of V in percentage points: 0.062 is +6.2."""
        return self.signed(fraction * 100, digits)

    def money(self, value: Decimal, digits: int = 2) -> str:
        """Write an amount of the quote stablecoin in the person's currency."""
        amount = value * self.rate
        if self.currency not in _FIAT:
            return f"{self.quantity(amount) if self.currency == 'BTC' else self.number(amount, digits)} {self.currency}"
        pattern = re.sub(r"0\.0+|0(?=[^,.#0]|$)", _zeros(digits), self.locale.currency_formats["standard"].pattern)
        return _written(_rounded(amount, digits), pattern, self.locale, self.currency)

    def signed_money(self, value: Decimal) -> str:
        """Write an amount with its sign, where it is not nothing."""
        told = self.money(value)
        return f"+{told}" if value > 0 and told != self.money(Decimal(0)) else told

    def price(self, value: Decimal) -> str:
        """Write a price with its step: two decimals, and more where six significant figures need them."""
        digits = 2 if not value else max(2, min(10, 5 - value.adjusted()))
        return self._trimmed(value, digits, least=2)

    def quantity(self, value: Decimal) -> str:
        """Write an amount of coins: at most eight decimals and no zeros behind."""
        return self._trimmed(value, 8, least=0)

    def date(self, moment: datetime) -> str:
        """Write the day in the person's zone: 24 Nov 2026."""
        return _unmarked(str(dates.format_date(self._local(moment), format="medium", locale=self.dates)))

    def month(self, number: int) -> str:
        """Write a month where it stands alone, from 1, in short: Nov."""
        return str(dates.get_month_names("abbreviated", context="stand-alone", locale=self.dates)[number])

    def month_of(self, year: int, number: int) -> str:
        """Write a month of a year: Nov 2026, 2026年11月."""
        return _unmarked(str(dates.format_skeleton("yMMM", datetime(year, number, 1, tzinfo=self.zone), locale=self.dates)))

    def time(self, moment: datetime) -> str:
        """Write the time of day in the person's zone: 14:05, in Arabic too, as it is typed; 14:05 UTC where that is not known."""
        told = str(dates.format_skeleton("Hm", self._local(moment), locale=self.dates))
        return told if self.is_placed else f"{told} UTC"

    def moment(self, moment: datetime) -> str:
        """Write day and time in the person's zone: 24 Nov 2026, 14:05."""
        return str(self.dates.datetime_formats["medium"].format(self.time(moment), self.date(moment)))

    def when(self, moment: datetime, now: datetime) -> str:
        """Write the time of day, with its day where that is not the day of ``now``."""
        return self.time(moment) if self._local(moment).date() == self._local(now).date() else self.moment(moment)

    def age(self, seconds: float) -> str:
        """Write a length of time in its largest sensible unit: 4 sec, 3 min."""
        return self._span(seconds, "short")

    def span(self, seconds: float) -> str:
        """Write a length of time in full: 5 minutes."""
        return self._span(seconds, "long")

    def _span(self, seconds: float, length: str) -> str:
        _, unit_s, unit = next(step for step in _AGE_STEPS if seconds < step[0])
        whole = timedelta(seconds=max(0.0, seconds) // unit_s * unit_s)
        # As long as in CLDR, which leaves out a long form that is the short one: units.format_unit writes "3 day" for it.
        told = dates.format_timedelta(whole, granularity=unit, threshold=float("inf"), format=length, locale=self.locale)  # type: ignore[arg-type]
        return str(told)

    def _local(self, moment: datetime) -> datetime:
        return aware(moment).astimezone(self.zone)

    def _percent_pattern(self, digits: int) -> str:
        pattern = str(self.locale.percent_formats[None].pattern)
        return pattern.replace("#,##0", _pattern(digits))

    def _trimmed(self, value: Decimal, digits: int, *, least: int) -> str:
        rounded = _rounded(value, digits)
        exponent = rounded.normalize().as_tuple().exponent
        return self.number(rounded, max(least, -exponent if isinstance(exponent, int) else 0))


def _read(path: Path) -> _Texts:
    """Read one .po file; fuzzy entries do not count as translated."""
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.parent.parent.name)
    mark = SAID if catalogue.locale is not None and catalogue.locale.text_direction == "rtl" else ""
    single: dict[str, str] = {}
    plural: dict[str, tuple[str, ...]] = {}
    for message in catalogue:
        if not message.id or message.fuzzy:
            continue
        if isinstance(message.id, str):
            if message.string:
                single[message.id] = mark + str(message.string)
        elif message.string and all(message.string):
            plural[message.id[0]] = tuple(mark + form for form in message.string)
    return _Texts(single, plural, gettext.c2py(catalogue.plural_expr), is_signed=catalogue.last_translator not in _NOBODY)


@lru_cache(maxsize=8)
def places(language: str) -> Mapping[str, tuple[str, ...]]:
    """Return the time zones of every city and country that CLDR knows, by their names in English and in ``language``."""
    found: dict[str, set[str]] = {}
    for name in zones():
        if _is_place(name):
            found.setdefault(name.rpartition("/")[2].replace("_", " "), set()).add(_current(name))
    for locale in {Locale.parse(SOURCE), Locale.parse(language)}:
        for name, said in locale.time_zones.items():
            if "city" in said and _is_place(name):
                found.setdefault(said["city"], set()).add(_current(name))
        for code, theirs in get_global("territory_zones").items():
            if code in locale.territories:
                found.setdefault(locale.territories[code], set()).update(_current(zone) for zone in theirs)
    return {said: tuple(sorted(theirs)) for said, theirs in found.items()}


class Calendar(NamedTuple):
    """What a language calls days and months, wide and short, and how it writes dates; names with their numbers, Monday 0 and January 1."""

    days: tuple[tuple[str, int], ...]
    months: tuple[tuple[str, int], ...]
    #: patterns of CLDR: a day, a month of a year, a year
    patterns: tuple[str, ...]


@lru_cache(maxsize=16)
def calendar_of(language: str) -> Calendar:
    """Return the days and months of a language."""
    locale = Locale.parse(language)
    ways = [(context, width) for context in ("format", "stand-alone") for width in ("wide", "abbreviated")]
    days, months = (
        tuple((str(name), at) for context, width in ways for at, name in named[context][width].items())
        for named in (locale.days, locale.months)
    )
    skeletons = (locale.datetime_skeletons[name] for name in ("yMMM", "y") if name in locale.datetime_skeletons)
    return Calendar(days, months, tuple(_unmarked(str(one.pattern)) for one in (locale.date_formats["medium"], *skeletons)))


def city(zone: str, language: str) -> str:
    """Return the city that a time zone is named after, in ``language``."""
    known = Locale.parse(language).time_zones
    older = (old for old, new in get_global("zone_aliases").items() if new == zone)
    said = (known[name]["city"] for name in (zone, *older) if "city" in known.get(name, ()))
    return str(next(said, zone.rpartition("/")[2].replace("_", " ")))


@lru_cache(maxsize=1)
def zones() -> frozenset[str]:
    """Return the names of all time zones that somebody can live in."""
    return frozenset(available_timezones() - {"Factory", "localtime", "posixrules"})


def _is_place(zone: str) -> bool:
    return zone.partition("/")[0] in _CONTINENTS and zone in zones()


def _current(zone: str) -> str:
    """Return the name that a time zone has today: Asia/Calcutta is Asia/Kolkata."""
    return str(get_global("zone_aliases").get(zone, zone))


def _english_form(count: int) -> int:
    return 0 if count == 1 else 1


def _zeros(digits: int) -> str:
    return "0." + "0" * digits if digits else "0"


def _pattern(digits: int) -> str:
    return "#,##" + _zeros(digits)


#: a pattern read once; a table of figures asks for the same few again and again
_parsed = lru_cache(maxsize=128)(numbers.parse_pattern)


@lru_cache(maxsize=4096)
def _written(value: Decimal, pattern: str, locale: Locale, currency: str | None = None) -> str:
    """Return a number as a CLDR pattern writes it; a card that is made to fit is written several times, with the same figures.

    It has the real minus sign (U+2212) in every language: many have a hyphen, which a line may break after.
    """
    written = _parsed(pattern).apply(value, locale, currency=currency, currency_digits=False)
    return _unmarked(str(written)).replace("-", "−")


def _unmarked(text: str) -> str:
    """Drop the marks of CLDR for text from right to left: they put 24/11/2026 and 5 US$ in order by turning them around."""
    return text.replace("\u200f", "").replace("\u200e", "")


def _rounded(value: Decimal | float, digits: int) -> Decimal:
    """Round half to even and turn minus zero into zero."""
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    return exact.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN) + 0


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC

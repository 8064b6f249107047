"""Periods as people write them: 2025, March 2025, 1.3.2025 - 31.5.2025, last year, del 1 de enero al 31 de marzo de 2025, с марта 2025."""

from __future__ import annotations

import calendar
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from chatbot.errors import UserError
from chatbot.i18n import N_
from chatbot.phrases.spelling import plain
from handlers.chat.numbers import shown

if TYPE_CHECKING:
    from collections.abc import Callable

_TWO, _QUARTER_MONTHS, _YEAR_MONTHS = 2, 3, 12
#: how the months begin in English, Spanish and Russian, in plain letters
_STEMS: Final = (
    ("jan", "ene", "янв"),
    ("feb", "фев"),
    ("mar", "мар"),
    ("apr", "abr", "апр"),
    ("may", "маи", "мая"),
    ("jun", "июн"),
    ("jul", "июл"),
    ("aug", "ago", "авг"),
    ("sep", "set", "сен"),
    ("oct", "окт"),
    ("nov", "ноя"),
    ("dec", "dic", "дек"),
)
_MONTH_OF: Final = {stem: at for at, stems in enumerate(_STEMS, start=1) for stem in stems}
_NAME = rf"(?P<name>(?:{'|'.join(_MONTH_OF)})[^\W\d_]*)\.?"
_YEAR = r"(?P<y>20\d\d)"
_QUARTER = r"(?:q(?P<q>[1-4])|(?P<qq>[1-4])[^\W\d_-]*[ -]?(?:quarter|trimestre|квартал\w*)|(?P<qt>[1-4])t|t(?P<tq>[1-4]))"
#: every way to write a day, a month, a quarter or a year; the first that fits counts
_DATES: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?<!\d){_YEAR}(?P<iso>[-./])(?P<m>\d{{1,2}})(?P=iso)(?P<d>\d{{1,2}})(?!\d)",
        rf"(?<!\d)(?P<d>\d{{1,2}})(?P<sep>[-./])(?P<m>\d{{1,2}})(?P=sep){_YEAR}(?!\d)",
        rf"(?<!\d){_YEAR}[-./](?P<m>\d{{1,2}})(?![\d./-]*\d)",
        rf"(?<!\d)(?P<m>\d{{1,2}})[-./]{_YEAR}(?!\d)",
        rf"(?<!\w){_QUARTER}[ -]*{_YEAR}?(?!\d)",
        rf"(?<!\d){_YEAR}[ -]*{_QUARTER}(?!\w)",
        rf"(?<!\d)(?P<d>\d{{1,2}})(?:st|nd|rd|th|º|o|-?го|-?е)? ?{_NAME},? ?{_YEAR}?(?!\d)",
        rf"(?<!\w){_NAME} (?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?:,? {_YEAR})?(?!\d)",
        rf"(?<!\w){_NAME},? ?{_YEAR}?(?!\d)",
        rf"(?<!\d){_YEAR}(?!\d)",
    )
)
#: days of one month: 1 to 31 December, December 1-31, del 1 al 31 de diciembre, с 1 по 31 декабря
_TO_DAY = r"\s*(?:[-–—]|(?<=\s)(?:to|till|until|and|al?|y|по|до|и)(?=\s))\s*"
_DAYS_BEFORE = re.compile(rf"(?<![\d./-])(\d{{1,2}})(?:st|nd|rd|th|-?го)?({_TO_DAY})(?=\d{{1,2}}(?:st|nd|rd|th|-?го)? ?{_NAME})")
_DAYS_BEHIND = re.compile(rf"(?<!\w){_NAME} (\d{{1,2}})({_TO_DAY})(?=\d{{1,2}}(?![\d./-]|\w| ?{_NAME.replace('?P<name>', '?:')}))")
#: what says nothing, or only where one date ends and the other begins
_NOISE = re.compile(
    r"(?<!\w)(?:for|the|of|year|in|from|to|and|until|till|through|between|report|since|onwards?"
    r"|de|del|desde|hasta|al|a|el|la|ano|en|por|para|entre|y|informe"
    r"|с|со|по|до|за|год|года|году|г|и|от|между|начиная|отчет)(?!\w)\.?|[-–—,.;:()]+"
)
_OPEN_END = re.compile(r"(?<!\w)(?:since|from|desde|с|со|от|начиная)(?!\w)")


class NoPeriod(UserError):
    """A text that names no period at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Days from the first to the last, both included."""

    first: date
    last: date

    @property
    def year(self) -> int | None:
        """Return the year that it is; None where it is something else."""
        whole = (self.first, self.last) == (date(self.first.year, 1, 1), date(self.first.year, 12, 31))
        return self.first.year if whole else None

    @property
    def code(self) -> str:
        """Return it in the fewest letters, for a button and a file's name; empty: everything."""
        return "" if self.is_everything else str(self.year or f"{self.first:%Y%m%d}-{self.last:%Y%m%d}")

    @property
    def is_everything(self) -> bool:
        """Tell whether it begins before anything can have happened."""
        return self.first == date.min


def year(number: int) -> Period:
    """Return a whole year."""
    return Period(first=date(number, 1, 1), last=date(number, 12, 31))


def everything(today: date) -> Period:
    """Return all days up to now."""
    return Period(first=date.min, last=today)


def coded(code: str, today: date) -> Period:
    """Read back what :attr:`Period.code` wrote."""
    first, _, last = code.partition("-")
    if last:
        return Period(first=date.fromisoformat(first), last=date.fromisoformat(last))
    return year(int(code)) if code else everything(today)


def read(text: str, today: date) -> Period:
    """Return the period that a text names. Raises :class:`UserError` with what to write, :class:`NoPeriod` for what names none."""
    seen = "".join(char for char in unicodedata.normalize("NFKC", text) if unicodedata.category(char) != "Cf")  # marks that nobody sees
    said = re.sub(r"\b(\d{1,2}) (?:de|of) ", r"\1 ", plain(seen))
    said = re.sub(r"([^\W\d_]{3,})\.? (?:de|del|of) (?=20\d\d)", r"\1 ", said)
    if (named := _NAMED.get(said) or _NAMED.get(_NOISE.sub(" ", said).strip())) is not None:
        return named(today)
    if (packed := re.fullmatch(r"(20\d\d) ?[-–—] ?(20\d\d)", said)) is not None:
        return _checked(Period(first=year(int(packed[1])).first, last=year(int(packed[2])).last), text, today)
    said = _DAYS_BEHIND.sub(r"\g<name> \2\3\g<name> ", _DAYS_BEFORE.sub(r"\1 \g<name>\2", said))
    found, rest = _dates(said, text, today)
    if not found or len(found) > _TWO or _NOISE.sub("", rest).strip():
        raise NoPeriod(
            N_("“{text}” is not a period I can read. Write it like 2025, March 2025 or 2025-01-01 to 2025-03-31."), text=shown(text)
        )
    last = found[-1].last if len(found) == _TWO or not _OPEN_END.search(said) else max(today, found[0].first)
    return _checked(Period(first=found[0].first, last=last), text, today)


def _checked(period: Period, text: str, today: date) -> Period:
    if period.last < period.first:
        raise UserError(N_("“{text}” ends before it begins."), text=shown(text))
    if period.first > today:
        raise UserError(N_("“{text}” has not begun yet."), text=shown(text))
    return period


def _dates(said: str, text: str, today: date) -> tuple[list[Period], str]:
    """Return the dates of a text in their order, and the text without them; one without a year has that of the other, or the last one."""
    places: list[tuple[int, re.Match[str]]] = []
    rest = said
    for pattern in _DATES:
        while (match := pattern.search(rest)) is not None:
            places.append((match.start(), match))
            rest = rest[: match.start()] + " " * (match.end() - match.start()) + rest[match.end() :]
    matches = [match for _, match in sorted(places, key=lambda place: place[0])]
    told = [int(match["y"]) for match in matches if match["y"]]
    return [_date(match, int(match["y"] or 0) or (told[-1] if told else 0), text, today) for match in matches], rest


def _date(match: re.Match[str], in_year: int, text: str, today: date) -> Period:
    parts = match.groupdict()
    quarter = next((int(parts[name]) for name in ("q", "qq", "qt", "tq") if parts.get(name)), 0)
    month = _month(parts)
    if parts.get("sep") == "/" and parts.get("m"):
        day, other = int(parts["d"]), int(parts["m"])
        if day != other and max(day, other) <= _YEAR_MONTHS:
            raise UserError(N_("“{text}” reads two ways. Write the day like 2025-03-31."), text=shown(text))
        if other > _YEAR_MONTHS:
            parts, month = {**parts, "d": str(other)}, day
    if not in_year:
        first_month = quarter * _QUARTER_MONTHS - 2 if quarter else month
        in_year = today.year - (first_month > today.month)
    try:
        return _span(in_year, month, int(parts.get("d") or 0), quarter)
    except ValueError as wrong:
        raise UserError(N_("“{text}” names a day that does not exist."), text=shown(text)) from wrong


def _month(parts: dict[str, str | None]) -> int:
    if parts.get("m"):
        return int(parts["m"] or 0)
    name = parts.get("name")
    return _MONTH_OF[name[:3]] if name else 0


def _span(in_year: int, month: int, day: int, quarter: int) -> Period:
    """Return a day, a month, a quarter or a year; raises ``ValueError`` where there is none such."""
    if quarter:
        last = quarter * _QUARTER_MONTHS
        return Period(first=date(in_year, last - 2, 1), last=_month_end(in_year, last))
    if day:
        return Period(first=date(in_year, month, day), last=date(in_year, month, day))
    return Period(first=date(in_year, month, 1), last=_month_end(in_year, month)) if month else year(in_year)


def _month_end(in_year: int, month: int) -> date:
    return date(in_year, month, calendar.monthrange(in_year, month)[1]) if 1 <= month <= _YEAR_MONTHS else date(in_year, month, 1)


def _this_month(today: date) -> Period:
    return Period(first=today.replace(day=1), last=_month_end(today.year, today.month))


def _last_month(today: date) -> Period:
    return _this_month(today.replace(day=1) - timedelta(days=1))


def _today(today: date) -> Period:
    return Period(first=today, last=today)


def _yesterday(today: date) -> Period:
    return Period(first=today - timedelta(days=1), last=today - timedelta(days=1))


def _so_far(today: date) -> Period:
    return Period(first=today.replace(month=1, day=1), last=today)


def _this_year(today: date) -> Period:
    return year(today.year)


def _last_year(today: date) -> Period:
    return year(today.year - 1)


#: periods by their names, in plain letters and without what says nothing
_NAMED: Final[dict[str, Callable[[date], Period]]] = {
    **dict.fromkeys(("all", "everything", "all time", "todo", "todos", "все", "всё", "всё время", "все время"), everything),
    **dict.fromkeys(("this year", "this", "current year", "este ano", "este", "этот год", "этот", "этого года", "этого"), _this_year),
    **dict.fromkeys(
        ("last year", "last", "previous year", "ano pasado", "el ano pasado", "прошлыи год", "прошлыи", "прошлого"), _last_year
    ),
    **dict.fromkeys(("today", "hoy", "сегодня"), _today),
    **dict.fromkeys(("yesterday", "ayer", "вчера"), _yesterday),
    **dict.fromkeys(("year to date", "ytd", "en lo que va de ano", "lo que va de ano", "с начала года"), _so_far),
    **dict.fromkeys(("this month", "este mes", "этот месяц"), _this_month),
    **dict.fromkeys(("last month", "previous month", "mes pasado", "el mes pasado", "прошлыи месяц"), _last_month),
}

"""What somebody wants to have tested, as they write it: ``aggressive 1y``, ``mine last 18 months``, ``2021``; all of it optional."""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from chatbot.backtest.past import HOUR
from chatbot.backtest.prepare import EARLIEST, Span
from chatbot.errors import UserError
from chatbot.i18n import N_
from chatbot.phrases import spelling
from chatbot.portfolio import strategies
from chatbot.values import dataclass
from handlers.chat import guesses
from handlers.chat.numbers import shown
from handlers.chat.reading import numerals
from handlers.commands import report_period
from handlers.views.common import preset_name
from handlers.views.past.backtest import ALL, OWN, USUAL_PERIOD, Wish

if TYPE_CHECKING:
    from chatbot.i18n import Words

#: what the portfolio's own strategy is called, in plain letters
_OWN: Final = ("own", "mine", "my", "yours", "my own", "current", "mia", "mio", "propia", "actual", "моя", "свою", "своя", "текущая")
#: how units of time begin, in plain letters, by the letter that stands for them in a code; the first that fits counts
_UNITS: Final = (
    ("y", ("year", "yr", "y", "ano", "год", "лет", "г", "л")),
    ("w", ("week", "w", "seman", "недел", "нед", "н")),
    ("d", ("day", "d", "dia", "ден", "дн", "сут", "д")),
    ("m", ("month", "mo", "m", "mes", "месяц", "мес", "м")),
)
_NAMED: Final = {
    **dict.fromkeys(("half a year", "half year", "medio ano", "полгода", "пол года"), "6m"),
    **dict.fromkeys(("a year", "year", "un ano", "ano", "год"), "1y"),
}
_LENGTH = re.compile(r"(?P<count>\d{1,5}) ?(?P<unit>[^\W\d_]+)\.?")
#: what says nothing about how long
_NOISE = re.compile(
    r"(?<!\w)(?:for|over|the|last|past|previous|strategy|backtest|de|los|las|el|la|ultimos|ultimas|ultimo|durante|estrategia"
    r"|за|последние|последнии|последних|стратегия)(?!\w)"
)
_CODE = re.compile(r"(\d{1,5})([dwmy])")
#: more than this names no strategy and no period
_MOST_CHARS: Final = 100
_MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True)
class _Named:
    """A strategy that a text names, and what is left of the text."""

    strategy: str
    rest: str


def read(text: str, words: Words, today: date) -> Wish:
    """Return what a text asks for; what it leaves out is the portfolio's own strategy, and a year. Raises :class:`UserError`."""
    said = spelling.plain(unicodedata.normalize("NFKC", text))
    if len(said) > _MOST_CHARS:
        raise _not_understood(text)
    named = _strategy(said, words, text)
    rest = " ".join(named.rest.split()).strip(" ,.;:-")
    return Wish(strategy=named.strategy, period=_period(rest, text, today) if rest else USUAL_PERIOD)


def _strategy(said: str, words: Words, text: str) -> _Named:
    """Return the strategy that a text names, by the whole words of its name, or by one that is nearly so."""
    called = {spelling.plain(name): preset for preset in strategies.preset_names() for name in (preset, preset_name(words, preset))}
    exactly = called | dict.fromkeys(_OWN, OWN)
    found: dict[str, None] = {}
    rest = said
    for name in sorted(exactly, key=len, reverse=True):
        pattern = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
        if pattern.search(rest):
            found[exactly[name]] = None
            rest = pattern.sub(" ", rest)
    if not found:
        for word in re.findall(r"[^\W\d_]{5,}", rest):
            if (near := guesses.meant(word, called)) is not None:
                found[near] = None
                rest = rest.replace(word, " ", 1)
    if len(found) > 1:
        raise UserError(N_("“{text}” names two strategies. One at a time, please."), text=shown(text))
    return _Named(next(iter(found), OWN), rest)


def _period(said: str, text: str, today: date) -> str:
    """Return the code of a period from day to day, or of a length; last year is the one before this, and 1y the last twelve months."""
    try:
        return report_period.read(said, today).code or ALL
    except report_period.NoPeriod:
        bare = " ".join(_NOISE.sub(" ", said).split())
    if not bare:
        return USUAL_PERIOD
    if length := _length(bare):
        return length
    try:
        return report_period.read(bare, today).code or ALL
    except report_period.NoPeriod:
        raise _not_understood(text) from None


def first_of(text: str, today: date) -> date | None:
    """Return the first of the days that end today, where a text says how many there are: last 30 days; None: it says no length."""
    code = _length(" ".join(_NOISE.sub(" ", spelling.plain(unicodedata.normalize("NFKC", text[:_MOST_CHARS]))).split()))
    length = _CODE.fullmatch(code)
    begin = _before(datetime.combine(today, time(), tzinfo=UTC), int(length[1]), length[2]) if length is not None else None
    return None if begin is None else min(begin.date() + timedelta(days=1), today)


def _length(bare: str) -> str:
    """Return the code of how long a text without noise says it is; empty: it says no length."""
    if named := _NAMED.get(bare):
        return named
    length = _LENGTH.fullmatch(numerals.as_figures(bare))
    units = (letter for letter, stems in _UNITS if length is not None and any(_is_unit(length["unit"], stem) for stem in stems))
    letter = next(units, "")
    return f"{int(length['count'])}{letter}" if length is not None and letter and int(length["count"]) else ""


def _is_unit(word: str, stem: str) -> bool:
    return word == stem if len(stem) == 1 else word.startswith(stem)


def _not_understood(text: str) -> UserError:
    told = N_("“{text}”: I look for a strategy and a period. Write it like /backtest aggressive 1y, /backtest 2021 or /backtest all.")
    return UserError(told, text=shown(text))


def span(code: str, now: datetime) -> Span:
    """Return the days that a code stands for, in UTC, as the market's ``now`` has them; raises ``ValueError`` for what is none."""
    if code == ALL:
        return Span(begin=None, end=None)
    if (length := _CODE.fullmatch(code)) is not None:
        return Span(begin=_before(now - HOUR, int(length[1]), length[2]), end=None)  # back from the last midnight that has a price
    period = report_period.coded(code, now.date())
    return Span(begin=_midnight(period.first), end=min(now, _midnight(period.last) + timedelta(days=1)))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _before(now: datetime, count: int, unit: str) -> datetime:
    """Return midnight so long before ``now``; nothing is older than history."""
    today = _midnight(now.date())
    if unit in "dw":
        days = count * (7 if unit == "w" else 1)
        return today - timedelta(days=min(days, (today - EARLIEST).days)) if today > EARLIEST else today
    months = min(count * (_MONTHS_A_YEAR if unit == "y" else 1), _MONTHS_A_YEAR * (today.year - 1))
    year, month = divmod(today.year * _MONTHS_A_YEAR + today.month - 1 - months, _MONTHS_A_YEAR)
    day = min(today.day, monthrange(year, month + 1)[1])
    return max(EARLIEST, today.replace(year=year, month=month + 1, day=day)) if today > EARLIEST else today

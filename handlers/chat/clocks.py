"""Times of day as people write them: 9:30, 9.30, 9h, 9 pm, noon, a las 9 de la noche, в 9 вечера."""

from __future__ import annotations

import re
import unicodedata
from functools import partial

from chatbot.errors import UserError
from chatbot.i18n import N_
from handlers.chat import numbers
from handlers.chat.reading import numerals

_NOON, _DAY_H, _DAY_MIN, _LAST = 12, 24, 60, "24:00"
#: written as others: 12:00, 00:00
_NAMED = tuple(
    (re.compile(rf"(?i)(?<![\w:])(?:(?:12 |al? (?:la )?)(?={said}))?(?:{said})(?!\w)"), clock)
    for said, clock in (
        (r"noon|mid-?day|medio ?d[ií]a|полдень|полудня|полудню", "12:00"),
        (r"mid-?night|media ?noche|полночь|полуночи", "00:00"),
    )
)
_MORNING = r"a\.? ?m\b\.?|(?:de|por) la (?:ma[nñ]ana|madrugada)|in the (?:early )?morning|утра"
_EVENING = r"p\.? ?m\b\.?|(?:de|por) la (?:tarde|noche)|in the (?:afternoon|evening)|дня|вечера|веч\b\.?"
_NIGHT = r"ночи|at night"
_AT = r"(?:at|a las?|las|@|в|во|к)"
_HOUR = r"(?P<h>\d{1,2})"
#: a quarter and a half of an hour, in words: written with a colon, those that lead to the next hour too
_PARTS = tuple(
    (re.compile(rf"(?i)(?<![\w:.,+-]){said}(?![\w:])"), minutes)
    for said, minutes in (
        (rf"half(?: past)? {_HOUR}", 30),
        (rf"(?:a )?quarter past {_HOUR}", 15),
        (rf"(?:a )?quarter to {_HOUR}", -15),
        (rf"{_HOUR} y media", 30),
        (rf"{_HOUR} y cuarto", 15),
        (rf"{_HOUR} menos cuarto", -15),
        (rf"без четверти {_HOUR}", -15),
        (rf"(?:половин[аеу] |пол-?){_HOUR}-го", -30),
        (rf"четверть {_HOUR}-го", -45),
    )
)
#: hours of which half has gone, in Russian: полвосьмого is half past seven
_HALF_GONE = {
    word: str(hour)
    for hour, word in enumerate(
        "первого второго третьего четвёртого пятого шестого седьмого восьмого девятого десятого одиннадцатого двенадцатого".split(),  # noqa: SIM905 - words
        start=1,
    )
} | {"четвертого": "4"}
_GONE = re.compile(rf"(?i)(?<!\w)(?P<part>пол-?|половин[аеу] |четверть )(?P<hour>{'|'.join(_HALF_GONE)})(?!\w)")
#: minutes in words, or behind a dash that no span of hours has
_MINUTES = re.compile(
    r"(?i)(?<![\w:.,+-])(\d{1,2}) ?(?:h|hours?|horas?|ч(?:ас(?:а|ов)?)?)\.? ?(?:y |and )?(\d{2})"
    r" ?(?:min(?:utes|utos)?|мин(?:ут\w*)?)?\.?(?![\w:])"
    r"|(?<![\w:.,+-])(\d{1,2})-([3-5]\d)(?![\w:])|(?<![\w:.,+-])(\d{1,2}) ([0-5]\d)(?= ?[ap]\.? ?m\b)"
)
#: a number is a time by what stands before it, between its parts or behind it
_TIME = re.compile(
    rf"(?i)(?<![\w:.,+-])(?P<at>{_AT} )?(?P<h>\d{{1,2}})(?:[:.h](?P<m>\d{{2}})(?::\d{{2}})?(?!\d))?"
    rf" ?(?:(?P<unit>h(?:rs?|s|oras?)?|ч(?:ас(?:а|ов)?)?|uhr|o'?clock)\b\.?)?"
    rf" ?(?:(?P<am>{_MORNING})|(?P<pm>{_EVENING})|(?P<night>{_NIGHT}))?(?![\w:])"
)
_PACKED = re.compile(r"(?<![\w:.])([01]\d|2[0-3])([0-5]\d)h?(?![\w:])")
_SPAN = re.compile(r"(?<=[\dmhч])\s*[-–—]+\s*(?=\d)(?![3-5]\d)")
#: an hour with its word alone: one in the afternoon, в час дня
_ONE = re.compile(r"(?i)(?<!\w)час(?= (?:дня|ночи)(?!\w))")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")
_BARE = re.compile(r"\d{1,2}")


def spelled(text: str) -> str:
    """Write every time of day in a text as HH:MM; what is none stays as it is."""
    said = _ONE.sub("1", numerals.whole(unicodedata.normalize("NFKC", text)))
    said = _GONE.sub(lambda match: f"{match['part']}{_HALF_GONE[match['hour'].casefold()]}-го", said)
    for pattern, clock in _NAMED:
        said = pattern.sub(clock, said)
    for part, minutes in _PARTS:
        said = part.sub(partial(_past, minutes), said)
    said = _MINUTES.sub(lambda match: ":".join(part for part in match.groups() if part), said)
    return _PACKED.sub(r"\1:\2", _TIME.sub(_spelled, re.sub(r"(?i)(\d) o clock\b", r"\1 o'clock", said)))


def _past(minutes: int, found: re.Match[str]) -> str:
    """Return what is so many minutes past an hour, or before it; twelve hours or twenty-four are told apart by what stands behind."""
    at = int(found["h"]) * _DAY_MIN + minutes
    return f"{at // _DAY_MIN if at >= 0 else _NOON - 1}:{at % _DAY_MIN:02}"


def _spelled(found: re.Match[str]) -> str:
    hour, minutes = int(found["h"]), found["m"] or "00"
    marked = any(found[part] for part in ("m", "unit", "am", "pm", "night"))
    if not (marked or found["at"]) or f"{hour:02}:{minutes}" > _LAST or int(minutes) >= _DAY_MIN or (found["am"] and hour > _NOON):
        return found[0]
    if found["pm"]:
        late = "noche" in found["pm"].casefold() and hour == _NOON
        hour = 0 if late else hour + _NOON if hour < _NOON else hour
    elif found["am"]:
        hour %= _NOON
    elif found["night"]:
        hour = hour + _NOON if _NOON > hour >= 6 else hour % _NOON if hour <= _NOON else hour
    return f"{hour % _DAY_H:02}:{minutes}"


def apart(text: str) -> str:
    """Write the ends of a span of time apart: 22-8, 10pm–7am."""
    return _SPAN.sub(" ", text)


def read(word: str, *, bare: bool = False) -> str:
    """Return a time of day as HH:MM; ``bare``: a number alone is a full hour. Raises :class:`UserError`."""
    clock = _CLOCK.fullmatch(word)
    hour, minutes = (int(clock[1]), int(clock[2])) if clock is not None else (-1, 0)
    if bare and _BARE.fullmatch(word):
        hour = int(word)
    if not 0 <= hour <= _DAY_H or minutes >= _DAY_MIN or (hour == _DAY_H and minutes):
        raise UserError(N_("“{text}” is not a time of day. Write it like 09:30."), text=numbers.shown(word))
    return f"{hour % _DAY_H:02}:{minutes:02}"

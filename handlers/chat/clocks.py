"""Times of day as people write them: 9:30, 9.30, 9h, 9 pm, noon, a las 9 de la noche, в 9 вечера."""

from __future__ import annotations

import re
import unicodedata

from chatbot.errors import UserError
from chatbot.i18n import N_
from handlers.chat import numbers
from handlers.chat.guesses import plain

_NOON, _DAY_H, _DAY_MIN, _LAST = 12, 24, 60, "24:00"
#: written as others: 12:00, 00:00
_NAMED = {"noon": "12:00", "midday": "12:00", "mediodia": "12:00", "полдень": "12:00"} | dict.fromkeys(
    ("midnight", "medianoche", "полночь"), "00:00"
)
_MORNING = r"a\.? ?m\b\.?|(?:de|por) la (?:ma[nñ]ana|madrugada)|in the morning|утра"
_EVENING = r"p\.? ?m\b\.?|(?:de|por) la (?:tarde|noche)|in the (?:afternoon|evening)|дня|вечера"
_NIGHT = r"ночи|at night"
_AT = r"(?:at|a las?|las|@|в|во|к)"
#: a number is a time by what stands before it, between its parts or behind it
_TIME = re.compile(
    rf"(?i)(?<![\w:.,+-])(?P<at>{_AT} )?(?P<h>\d{{1,2}})(?:[:.h](?P<m>\d{{2}})(?::\d{{2}})?(?!\d))?"
    rf" ?(?:(?P<unit>h(?:rs?|s|oras?)?|ч(?:ас(?:а|ов)?)?|uhr|o'?clock)\b\.?)?"
    rf" ?(?:(?P<am>{_MORNING})|(?P<pm>{_EVENING})|(?P<night>{_NIGHT}))?(?![\w:])"
)
_PACKED = re.compile(r"(?<![\w:.])([01]\d|2[0-3])([0-5]\d)(?![\w:])")
_SPAN = re.compile(r"(?<=[\dmhч])\s*[-–—]+\s*(?=\d)")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")
_BARE = re.compile(r"\d{1,2}")


def spelled(text: str) -> str:
    """Write every time of day in a text as HH:MM; what is none stays as it is."""
    named = re.sub(r"\b(\w+)\b", lambda word: _NAMED.get(plain(word[1]), word[1]), unicodedata.normalize("NFKC", text))
    return _PACKED.sub(r"\1:\2", _TIME.sub(_spelled, named))


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

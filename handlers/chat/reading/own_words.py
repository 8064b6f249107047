"""What people type in a language of their own, in the English words that every reader knows: bugün is today, 每周一 every Monday.

The words come from the catalogue, so that a new language brings its own in its one file; days, months and dates come from CLDR. A text is
first read as it is: only where that is not understood are its words looked up, so a coin or a label is never taken for another word.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeVar

from chatbot.errors import UserError
from chatbot.i18n import SOURCE, calendar_of
from chatbot.phrases.spelling import compared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sized

    from chatbot.i18n import Words

T = TypeVar("T")


def W_(sayings: str) -> str:  # noqa: N802 - as N_
    """Mark words that are typed, with commas between the ways to say one thing, for the catalogues."""
    return sayings


#: by the word that the readers know, the ways to say it, msgids
MEANT: Final = {
    # how much, and of what
    "all": W_("all, everything, all of it"),
    "max": W_("max, maximum"),
    "none": W_("none, nothing, not any"),
    "half": W_("half, a half"),
    "quarter": W_("quarter, a quarter"),
    "the rest": W_("the rest, the remainder"),
    "equally": W_("equally, evenly, in equal parts"),
    "each": W_("each of them, apiece"),
    "and": W_("and, plus, as well as"),
    "about": W_("about, around, approximately"),
    "have": W_("I have, I hold, I own, my"),
    "coins": W_("coins, coin, units"),
    "thousand": W_("thousand, thousands"),
    "million": W_("million, millions"),
    "btc": W_("bitcoin, bitcoins"),
    "eth": W_("ether, ethereum"),
    "usd": W_("dollars, dollar, bucks"),
    "cash": W_("cash, money"),
    "stables": W_("stablecoins, stables"),
    "alts": W_("altcoins, alts"),
    # what is done with it
    "invest": W_("invest, put in"),
    "keep": W_("keep out, set aside, do not sell"),
    "give back": W_("give back, release"),
    "sold all": W_("sold all of, no more"),
    "long": W_("long, long position"),
    "short": W_("short, short position"),
    "futures": W_("futures, futures account, futures wallet"),
    "closed": W_("closed, liquidated"),
    "close": W_("close, cancel, remove"),
    "cover": W_("cover, protect"),
    "loss": W_("loss, losses, of the loss"),
    "falls": W_("falls, drops, a fall of"),
    "at": W_("at the price of, entry price"),
    # how often
    "daily": W_("daily, every day, each day, once a day"),
    "weekly": W_("weekly, every week, each week, once a week"),
    "monthly": W_("monthly, every month, each month, once a month"),
    "quarterly": W_("quarterly, every quarter, every three months"),
    "monthly 1": W_("on the first of the month, at the beginning of the month"),
    "monthly last": W_("on the last day of the month, at the end of the month"),
    "every": W_("every, each, on that day"),
    "on": W_("on, switch on, turn on"),
    "off": W_("off, switch off, turn off, stop, never"),
    "if": W_("if, only if, when"),
    "outside": W_("outside, outside its band"),
    "drift": W_("drift, off its target"),
    "points": W_("points, percentage points"),
    "or more": W_("or more, at least"),
    # times of day
    "h": W_("hours, hour, o'clock"),
    "min": W_("minutes, minute"),
    "at time": W_("at the time of, at"),
    "am": W_("in the morning, before noon"),
    "pm": W_("in the afternoon, in the evening"),
    "at night": W_("at night, late in the evening"),
    "noon": W_("noon, midday"),
    "midnight": W_("midnight, twelve at night"),
    "quiet": W_("quiet hours, do not disturb, silence"),
    "remind": W_("remind me, reminder"),
    # days and spans of them
    "today": W_("today, this day"),
    "yesterday": W_("yesterday, the day before today"),
    "this month": W_("this month, the current month"),
    "last month": W_("last month, the previous month"),
    "this year": W_("this year, the current year"),
    "last year": W_("last year, the previous year"),
    "all time": W_("all time, since the beginning"),
    "year to date": W_("year to date, since the beginning of the year"),
    "last": W_("last, past, the last"),
    "day": W_("days, day"),
    "weeks": W_("weeks, week"),
    "months": W_("months, month"),
    "years": W_("years, year"),
    "half a year": W_("half a year, half year"),
    "since": W_("since, starting from"),
    "from": W_("from, beginning with"),
    "to": W_("to, until, up to"),
    "mine": W_("mine, my own, my strategy"),
}
#: the same for counts that English has no word for
_COUNTS: Final = {Decimal(10_000): W_("ten thousand, tens of thousands"), Decimal(100_000_000): W_("hundred million, hundreds of millions")}
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS: Final = tuple(name.casefold() for name, _ in calendar_of(SOURCE).months[:12])
_SIGN: Final = "\u3400-\u9fff\uf900-\ufaff"
_WORD: Final = re.compile(rf"[{_SIGN}]|(?:(?![{_SIGN}])[^\W\d_])+")
#: the Arabic one: every Monday has none
_ARTICLE: Final = "ال"
#: the hour behind its word: jam 9
_HOUR_BEHIND: Final = re.compile(r"(?<![\w:])(?<!\d )h (?=\d)")
#: between words that belong together
_BETWEEN: Final = re.compile(r"[ '’-]?")
_LONGEST: Final = 8
#: an ending behind an apostrophe: 500'ü, BTC'yi, 22:00'den
_ENDING: Final = re.compile(r"(?<=[\w%])['’ʼ][^\W\d_]{1,6}(?!\w)")
#: the part of the day stands before its hour in some languages
_PART_FIRST: Final = re.compile(r"(?<!\w)(am|pm|at night)((?: at)? \d{1,2}(?:[:.]\d\d)?(?: ?h(?: \d\d(?: min)?)?)?)(?![\w:.]*\d| ?h\b)")
#: a short number and what multiplies it: with three digits behind a mark it would be read in two ways
_COUNTED: Final = re.compile(r"(?<![\d.,])(\d{1,6}(?:[.,]\d{1,2})?) ×(\d+)(?!\d)")
_FIELD: Final = re.compile(r"(?P<y>y+)|(?P<m>[ML]+)|(?P<d>d+)")


def either(text: str, words: Words, read: Callable[[str], T], problems: Callable[[T], Sized] | None = None) -> T:
    """Read a text as it is, or in English words where only that is understood; what is wrong with it is told as it was typed.

    ``read`` raises :class:`UserError` for what it does not understand, or returns something in which ``problems`` finds what is wrong.
    """
    try:
        first = read(text)
    except UserError:
        said = in_english(text, words)
        again = _understood(said, read, problems) if said != text else None
        if again is None:
            raise
        return again
    if problems is None or not len(problems(first)):
        return first
    said = in_english(text, words)
    again = _understood(said, read, problems) if said != text else None
    return first if again is None else again


def _understood(said: str, read: Callable[[str], T], problems: Callable[[T], Sized] | None) -> T | None:
    try:
        found = read(said)
    except UserError:
        return None
    return found if problems is None or not len(problems(found)) else None


def in_english(text: str, words: Words) -> str:
    """Return a text with what the person's language calls things in English words; what it does not know stays as it is."""
    if words.language == SOURCE:
        return text
    known = _known(words.language, tuple((meant, words.t(sayings)) for meant, sayings in _lists()))
    said = "".join(char for char in unicodedata.normalize("NFC", text) if unicodedata.category(char) != "Mn")
    for pattern, dated in _dates(words.language):
        said = pattern.sub(dated, said)
    said = re.sub(r" {2,}", " ", _translated(_ENDING.sub("", said), known)).strip()
    said = _COUNTED.sub(lambda match: f"{Decimal(match[1].replace(',', '.')) * int(match[2]):f}", said)
    said = _HOUR_BEHIND.sub("at ", said.replace("at time", "at"))
    return _PART_FIRST.sub(lambda match: f"{match[2].strip()} {match[1]}", said)


def _lists() -> Iterator[tuple[str, str]]:
    yield from MEANT.items()
    yield from ((f"×{count}", sayings) for count, sayings in _COUNTS.items())


@lru_cache(maxsize=16)
def _known(language: str, lists: tuple[tuple[str, str], ...]) -> Mapping[tuple[str, ...], str]:
    """Return what is said in a language by its plain words, each with what it means in English; the catalogue's before CLDR's."""
    calendar = calendar_of(language)
    days = {_words(name): _DAYS[at] for name, at in calendar.days}
    days |= {(day[0].removeprefix(_ARTICLE), *day[1:]): meant for day, meant in days.items()}
    begun: dict[str, set[str]] = {}
    for day, meant in days.items():
        begun.setdefault(day[0], set()).add(meant)
    days |= {(word,): next(iter(meant)) for word, meant in begun.items() if len(meant) == 1}  # segunda-feira is segunda too
    months = {_words(name): _MONTHS[at - 1] for name, at in calendar.months if not re.search(r"\d", name)}
    found = days | months
    typed = [(_words(said), meant) for meant, sayings in lists for said in sayings.split(",")]
    found |= dict(reversed(typed))  # of two that are called the same, the first
    each = [said for said, meant in typed if meant == "every"]
    return {(*one, *day): f"every {meant}" for one in each for day, meant in found.items() if meant in _DAYS} | found


def _words(said: str) -> tuple[str, ...]:
    return tuple(compared(word[0]) for word in _WORD.finditer(said))


def _translated(text: str, known: Mapping[tuple[str, ...], str]) -> str:
    found, shouts = list(_WORD.finditer(text)), text.isupper()
    told, end, at = "", 0, 0
    while at < len(found):
        count = 0 if not shouts and _is_ticker(found[at][0]) else _longest(text, found, at, known)
        if count:
            meant = known[tuple(compared(word[0]) for word in found[at : at + count])]
            told += f"{text[end : found[at].start()]} {meant} "
            end = found[at + count - 1].end()
            end += meant in (*_DAYS, *_MONTHS) and text[end : end + 1] == "."  # of what is written short: mar.
        at += count or 1
    return told + text[end:]


def _longest(text: str, found: list[re.Match[str]], first: int, known: Mapping[tuple[str, ...], str]) -> int:
    """Return how many words from a place on are one entry; 0 for none."""
    last, longest = first, 0
    said: list[str] = []
    while last < len(found) and len(said) < _LONGEST:
        if said and _BETWEEN.fullmatch(text[found[last - 1].end() : found[last].start()]) is None:
            break
        said.append(compared(found[last][0]))
        last += 1
        longest = len(said) if tuple(said) in known else longest
    return longest


def _is_ticker(word: str) -> bool:
    return len(word) > 1 and word.isascii() and word.isupper()


@lru_cache(maxsize=16)
def _dates(language: str) -> tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]:
    """Return how a language writes dates in numbers alone, with the order of their parts, and what each is from the year on."""
    calendar = calendar_of(language)
    found = [(re.compile(shape), _dated) for pattern in calendar.patterns if (shape := _shape(pattern))]
    months = {name: _MONTHS[at - 1] for name, at in calendar.months if re.search(r"\d", name)}
    named = [(re.compile(rf"(?<!\d){name}"), lambda _, month=month: f" {month} ") for name, month in months.items()]
    return (*found, *named)


def _shape(pattern: str) -> str:
    """Return the expression for dates of a CLDR pattern; empty where it has words, or nothing but numbers that could be anything."""
    if re.search(r"[ML]{3}|[^yMLd\W]|'", re.sub(rf"[{_SIGN}]", "", pattern)) or re.fullmatch(r"y+", pattern):
        return ""
    digits = {"y": r"(?P<y>20\d\d)", "m": r"(?P<m>\d{1,2})", "d": r"(?P<d>\d{1,2})"}
    parts, end = "", 0
    for field in _FIELD.finditer(pattern):
        parts += re.escape(pattern[end : field.start()]) + digits[str(field.lastgroup)]
        end = field.end()
    return rf"(?<![\d/.-]){parts}{re.escape(pattern[end:])}(?![\d/])"


def _dated(match: re.Match[str]) -> str:
    parts = match.groupdict()
    return " " + "-".join(f"{int(parts[name]):02}" for name in ("y", "m", "d") if parts.get(name)) + " "

"""What people of three languages type, one file a place, written by none who wrote the readers: each with its reading or its sentence."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.errors import UserError
from chatbot.i18n import Catalogue
from chatbot.portfolio import strategies
from handlers.chat import names, parsing, places
from handlers.chat.amounts import understood
from handlers.chat.reading import characters, sums
from handlers.commands import invest, schedule
from handlers.views.common import decimal_sign
from handlers.views.portfolio.strategy import lines_called
from tests.places import LOCALE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from handlers.chat.amounts import Typed

CATALOGUE = Catalogue(LOCALE)
WRITTEN = Path(__file__).parent / "written"
LISTED = ("BTC", "ETH", "SOL", "XRP", "BNB", "ADA", "DOGE", "LTC", "LINK", "AVAX", "TRX", "USDC", "BTC-PERP", "ETH-PERP")
BALANCED = strategies.preset("balanced", LISTED)
NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
LANGUAGES = ("en", "es", "ru")


def _digits(zero: str) -> Callable[[str], str]:
    return lambda text: re.sub(r"[0-9]", lambda digit: chr(ord(zero) + int(digit[0])), text)


#: what the same looks like from other keyboards, phones and tables
KEYBOARDS: Mapping[str, Callable[[str], str]] = {
    "no zero before the mark": lambda text: re.sub(r"(?<![\d.,])0(?=[.,]\d)", "", text),
    "full-width digits": _digits("０"),
    "arabic digits": _digits("٠"),
    "spaces that hold together": lambda text: text.replace(" ", "\xa0"),
    "thin spaces": lambda text: text.replace(" ", "\u202f"),
    "two spaces": lambda text: re.sub(r"(?<!\d) | (?!\d)", "  ", text),
    "spaces around": lambda text: f"  {text} ",
    "letters in pieces": lambda text: unicodedata.normalize("NFD", text),
    "a sign that nobody sees": lambda text: f"\u200b{text}",
    "from right to left": lambda text: f"\u200f{text}\u200e",
    "another minus": lambda text: text.replace("-", "\u2212"),
    "large letters": str.upper,
    "a full stop": lambda text: f"{text}.",
    "a cry": lambda text: f"{text}!",
}


def holdings(typed: str, language: str) -> str:
    """Read what is held, in the answer to "type in my holdings"."""
    read = understood(typed, LISTED, "USDT", decimal_sign(CATALOGUE.words(language)))
    return told_of(read, read.problems or strategies.nothing_held(read.holdings))


def moved(typed: str, language: str) -> str:
    """Read what is said to come in, behind /deposit."""
    try:
        sums.refuse_the_other_way(typed, comes=True)
    except UserError as problem:
        return refused(problem)
    read = sums.moved(typed, LISTED, "USDT", decimal_sign(CATALOGUE.words(language)))
    return told_of(read, read.problems)


def kept(typed: str, language: str) -> str:
    """Read what is to be kept out, behind /keep."""
    read = sums.kept(typed, LISTED, "USDT", decimal_sign(CATALOGUE.words(language)))
    return told_of(read, read.problems)


def invested(typed: str, language: str) -> str:
    """Read how much is to be invested, behind /invest."""
    try:
        wish = invest.wish_in(typed, CATALOGUE.words(language), LISTED, "USDT")
    except UserError as problem:
        return refused(problem)
    return "all" if wish is None else plain(wish)


def weights(typed: str, language: str) -> str:
    """Read own weights, behind /targets."""
    parsed = parsing.pairs(typed, known(language))
    strategy, problems = strategies.own_weights(parsed.values, LISTED, BALANCED) if not parsed.problems else (None, parsed.problems)
    return refused(*problems) if strategy is None else in_line({line: weight * 100 for line, weight in strategy.weights.items() if weight})


def bands(typed: str, language: str) -> str:
    """Read widths, behind /bands."""
    rules, problems = parsing.bands(typed, known(language))
    if problems or strategies.own_bands(rules, BALANCED)[1]:
        return refused(*(problems or strategies.own_bands(rules, BALANCED)[1]))
    return ", ".join(
        f"{line} {plain(rule.abs_pp)}" if rule.abs_pp is not None else f"{line} {plain((rule.rel or Decimal(0)) * 100)}%"
        for line, rule in rules.items()
    )


def times(typed: str, language: str) -> str:
    """Read how often and when, behind /schedule."""
    changes, problems = schedule.read(typed, CATALOGUE.words(language), None)
    return refused(*problems) if problems else ", ".join(f"{what} {value}" for what, value in sorted(changes.items()))


def zones(typed: str, language: str) -> str:
    """Read a time zone, in the answer to its question."""
    found = places.read(typed, language, NOW)
    shown = ", ".join(found.zones[:3]) or "none"
    return shown if found.is_named and len(found.zones) == 1 else f"? {shown}"


PLACES: Mapping[str, Callable[[str, str], str]] = {
    "holdings": holdings,
    "amounts": moved,
    "keep": kept,
    "invest": invested,
    "weights": weights,
    "bands": bands,
    "times": times,
    "zones": zones,
}


def known(language: str) -> names.Names:
    """Return what may have a weight."""
    return names.of_lines(LISTED, lines_called(CATALOGUE.words(language)))


def told_of(read: Typed, problems: tuple[UserError, ...]) -> str:
    """Return amounts in one line, with what else they may be."""
    if problems:
        return refused(*problems)
    other = f" or {in_line(read.otherwise)}" if read.otherwise and read.otherwise != read.holdings else ""
    return ", ".join([*(f"all {coin}" for coin in read.every), *([in_line(read.holdings)] if read.holdings else [])]) + other


def refused(*problems: UserError) -> str:
    """Return the first sentence of an answer."""
    return f"! {problems[0]}"


def in_line(qtys: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {plain(qty)}" for name, qty in qtys.items())


def plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def rows(place: str) -> list[tuple[str, str, str]]:
    """Return the table of a place: language, what is typed, and what it is read as."""
    table = (WRITTEN / f"{place}.txt").read_text("utf-8").splitlines()
    found = [re.fullmatch(r"(en|es|ru)¦(.*)¦(.+)", line) for line in table]
    return [(row[1], row[2].replace(r"\n", "\n").replace(r"\t", "\t"), row[3]) for row in found if row is not None]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("place", PLACES)
def test_what_strangers_write_is_read_or_answered(place: str, language: str) -> None:
    """Each input of the table, told together where several differ."""
    read = PLACES[place]
    got = {typed: (read(typed, language), meant) for spoken, typed, meant in rows(place) if spoken == language}
    assert {typed: one for typed, one in got.items() if one[0] != one[1]} == {}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("place", PLACES)
def test_another_keyboard_changes_no_reading(place: str, language: str) -> None:
    """Whatever writes it, it is read so or refused: one keyboard an input, in turn; never as anything else, and mostly the same."""
    read, refused_now, wrong = PLACES[place], 0, {}
    understood_ones = [(typed, meant) for spoken, typed, meant in rows(place) if spoken == language and meant[0] not in "!?"]
    for (typed, meant), written in zip(understood_ones, cycle(KEYBOARDS.values()), strict=False):
        got = read(characters.plain(written(typed)), language)
        refused_now += got[0] in "!?"
        if got != meant and got[0] not in "!?":
            wrong[written(typed)] = (got, meant)
    assert wrong == {}
    assert refused_now * 50 <= len(understood_ones), f"{refused_now} of {len(understood_ones)} are refused"


def test_every_place_has_sixty_inputs_in_each_language() -> None:
    """Counted; and none is there twice."""
    for place in PLACES:
        table = rows(place)
        counted = Counter(language for language, _, _ in table)
        assert all(counted[language] >= 60 for language in LANGUAGES), (place, counted)
        assert len({(language, typed) for language, typed, _ in table}) == len(table), place

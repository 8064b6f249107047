"""Sentences in eight languages, each with what it means: the tables stand in ``sentences``, a file a language."""

from __future__ import annotations

import tomllib
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from chatbot.i18n import Catalogue
from chatbot.phrases import lexicon
from chatbot.phrases.lexicon import AND, CALLED, FILE, NOISE, Lexicon
from chatbot.phrases.meanings import ALWAYS, CASH, COIN, COINS, EXPLAINS, MEANINGS, NEAR, NOT, NUMBER, SHARE, TERM
from chatbot.phrases.spelling import tokens
from chatbot.phrases.understand import MOST_WORDS, hear, nearest, understand
from handlers.chat import names
from handlers.chat.reading import characters, sentences
from handlers.command_list import COMMANDS
from tests.places import LOCALE

if TYPE_CHECKING:
    from collections.abc import Iterator

LANGUAGES = Catalogue(LOCALE).languages
LISTED = names.of_coins(("BTC", "ETH", "SOL", "ADA", "XRP", "DOGE", "BNB", "USDC", "LINK", "DOT", "AVAX", "LTC", "ONE", "NOT", "NEAR"))
#: sentences that must be understood, and as many that must not be
MOST, LEAST = 40, 15
#: what a sentence has beside its words
OF_FIGURES = {NUMBER, SHARE, COIN, COINS, CASH}


def rows(language: str) -> Iterator[tuple[str, str]]:
    """Yield the sentences of a language, each with what it means."""
    path = LOCALE.parent / "tests" / "phrases" / "sentences" / f"{language}.txt"
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            said, _, meant = line.rpartition(" | ")
            yield said, meant


def meaning_of(said: str, language: str) -> str:
    """Return what a sentence means, as the tables write it."""
    meant, heard = sentences.read(characters.plain(said), LOCALE, language, LISTED)
    if meant is None:
        return "no" if heard.refuses else "-"
    return f"/{meant.command} {meant.behind}".strip() + ("" if meant.reads else " ?")


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_mean_what_stands_beside_them(language: str) -> None:
    found = list(rows(language))
    wrong = [(said, meant, got) for said, meant in found if (got := meaning_of(said, language)) != meant]
    assert not wrong, wrong
    least = MOST if language in ("en", "es", "ru") else LEAST
    nothing = sum(meant in ("-", "no") for _, meant in found)
    assert nothing >= least
    assert len(found) - nothing >= least


@pytest.mark.long
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_said_not_to_be_done_never_becomes_a_command_that_acts(language: str) -> None:
    """Every word for not, before and behind every sentence of the table that would act."""
    stored = _stored(language)
    refusals = [one.strip() for one in stored["words"][NOT].split(",")]
    acts = [said for said, meant in rows(language) if meant.endswith(" ?")]
    assert len(acts) >= 7
    for said in acts:
        for refusal in refusals:
            for both in (f"{refusal} {said}", f"{said} {refusal}"):
                assert not meaning_of(both, language).endswith(" ?"), both


def _stored(language: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = tomllib.loads((LOCALE / language / FILE).read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_list_has_every_word_that_meanings_are_made_of_and_none_twice(language: str) -> None:
    """A word that nothing is made of is a slip, and one that stands under two meanings has only the second."""
    stored = _stored(language)["words"]
    sayings = {
        (tuple(token.plain for token in tokens(said)), "*" in said, meaning) for meaning, all_ in stored.items() for said in all_.split(",")
    }
    assert [said for said, count in Counter(said[:2] for said in sayings).items() if count > 1] == []
    used = {word for one in MEANINGS for word in one.needs | one.may} | EXPLAINS
    has = {one for meaning in stored for one in meaning.split(AND)} - {NOISE}
    assert used - has <= OF_FIGURES
    assert {one for one in has - used if not one.startswith(TERM)} == set()


def test_every_meaning_is_a_command_that_exists() -> None:
    commands = {command.name for command in COMMANDS}
    assert {one.command for one in MEANINGS} <= commands
    assert {one for near in NEAR.values() for one in near} | set(ALWAYS) <= commands
    assert NEAR.keys() <= {word for one in MEANINGS for word in one.needs | one.may}


def test_a_sentence_is_one_of_the_person_or_of_english() -> None:
    """Who has the bot in Turkish may write English; what is both is read in their own language."""
    assert meaning_of("how am I doing", "tr") == "/status"
    assert meaning_of("sat", "tr") == "-"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("how am i dooing", "/status"),
        ("rebalnace", "/rebalance ?"),
        ("wihtdraw 200", "/withdraw 200 ?"),
        ("telling everything", "-"),
        ("put ２５０ in", "/invest 250 ?"),
        ("SELL EVERYTHING", "/panic ?"),
        ("why did you sell NOT", "/why NOT"),
        ("invest €500", "/invest €500 ?"),
        (" ".join(["please"] * MOST_WORDS) + " rebalance", "-"),
    ],
)
def test_slips_are_read_and_what_is_nearly_a_word_is_not(said: str, meant: str) -> None:
    """One letter may be wrong, but not the first, and a coin that is called like a word is written in capitals."""
    assert meaning_of(said, "en") == meant


class _Counted(dict):  # type: ignore[type-arg]
    """Counts how often it is asked."""

    asked = 0

    def __contains__(self, key: object) -> bool:
        self.asked += 1
        return super().__contains__(key)

    def get(self, key: object, default: object = None) -> object:
        self.asked += 1
        return super().get(key, default)


@pytest.mark.parametrize("said", ["rebalance", "qwertyuiop " * MOST_WORDS, "я" * 300, "投" * 300])
def test_reading_a_sentence_takes_a_bounded_number_of_looks(said: str) -> None:
    """Not how long it takes, which the machine decides: how often a list is asked, however long the text and its words are."""
    words = lexicon.of(LOCALE, "en")
    exact, begun, slips = _Counted(words.exact), _Counted(words.begun), _Counted(words.slips)
    hear(said, Lexicon(exact=exact, begun=begun, slips=slips, times=words.times), lambda _: None, frozenset())
    assert 0 < exact.asked + begun.asked + slips.asked <= 40 * MOST_WORDS


def test_the_nearest_commands_are_three() -> None:
    for said, first in (("sell my eth for me quickly maybe", "targets"), ("qwerty", "status"), ("if btc drops tell bob", "hedge")):
        found = nearest(hear(said, lexicon.of(LOCALE, "en"), LISTED.find, frozenset()))
        assert len(found) == 3
        assert found[0] == first, (said, found)


def test_a_language_without_a_list_understands_english_alone() -> None:
    assert lexicon.of(LOCALE, "xx") == Lexicon()
    assert understand(hear("how am I doing", lexicon.of(LOCALE, "xx"), LISTED.find, frozenset())) is None
    assert CALLED not in AND

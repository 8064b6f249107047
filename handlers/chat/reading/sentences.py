"""A sentence without a command, heard in the person's language and in English, with its numbers in digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.i18n import SOURCE
from chatbot.phrases import lexicon
from chatbot.phrases.understand import Heard, Understood, hear, understand
from handlers.chat import numbers
from handlers.chat.names import MONEY, in_one_word
from handlers.chat.reading import numerals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from handlers.chat.names import Names

_CASH = frozenset(MONEY)
#: what is longer is no sentence that could be understood
_MOST_SIGNS = 300


def read(text: str, folder: Path, language: str, names: Names) -> tuple[Understood | None, Heard]:
    """Return what a text means, and its words in the person's language; ``folder`` has the lists of words, and ``names`` the coins."""
    first: Heard | None = None
    for words, said in _ways(text[:_MOST_SIGNS], folder, language, names):
        heard = hear(said, words, names.find, _CASH)
        first = first or heard
        meaning = understand(heard)
        if meaning is not None:
            return meaning, heard
    return None, first or Heard(said=frozenset())


def _ways(text: str, folder: Path, language: str, names: Names) -> Iterator[tuple[lexicon.Lexicon, str]]:
    """Yield the lists of each language with the text in digits, and then as it is: "un plan" is no 1 plan."""
    in_digits = numerals.in_digits(numbers.in_decimals(in_one_word(text)), names)
    for one in dict.fromkeys((language, SOURCE)):
        for said in dict.fromkeys((in_digits, text)):
            yield lexicon.of(folder, one), said

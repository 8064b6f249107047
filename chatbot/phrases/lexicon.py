"""The words of one language and what each means here, read from ``locale/<language>/phrases.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from chatbot.phrases.spelling import tokens
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

#: the file beside a language's catalogue
FILE: Final = "phrases.toml"
#: a word of fewer letters is taken as it is written: one slip in it makes another word
_LEAST_FOR_SLIP: Final = 5
#: an entry of several words has at most so many
_LONGEST: Final = 6
#: says nothing: please, my, the
NOISE: Final = "noise"
#: between what a word means that means two things: Turkish says "if it falls" in one
AND: Final = " "
#: before the name of the coin that a word stands for
CALLED: Final = "="


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """What each word or few words mean; words in their plain form, as :func:`tokens` compares them."""

    #: entries of one or several words, by their words
    exact: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    #: beginnings of words: rebalanc*
    begun: Mapping[str, str] = field(default_factory=dict)
    #: words with a letter left out -> what they mean; None where that is two things. Empty where one letter turns a meaning round
    slips: Mapping[str, str | None] = field(default_factory=dict)
    #: what multiplies a number, by the word: "k", "m"
    times: Mapping[str, str] = field(default_factory=dict)

    def at(self, words: tuple[str, ...], first: int) -> tuple[str, int]:
        """Return what the words that begin at a place mean, and how many they are: the longest entry; empty and 1 for none."""
        for count in range(min(_LONGEST, len(words) - first), 0, -1):
            meaning = self.exact.get(words[first : first + count])
            if meaning is not None:
                return meaning, count
        return self._alone(words[first]), 1

    def _alone(self, word: str) -> str:
        for end in range(len(word), 1, -1):
            if word[:end] in self.begun:
                return self.begun[word[:end]]
        return ""

    def slipped(self, word: str) -> str:
        """Return what a word means of which one letter is wrong, missing, too many or swapped; empty where that is not one thing."""
        if len(word) < _LEAST_FOR_SLIP or not self.slips:
            return ""
        near = {self.slips[one] for one in _without_a_letter(word) if one in self.slips}
        return (near.pop() or "") if len(near) == 1 else ""


@lru_cache(maxsize=16)
def of(folder: Path, language: str) -> Lexicon:
    """Return the words of a language; without its file none."""
    path = folder / language / FILE
    return _read(path.read_text(encoding="utf-8")) if path.exists() else Lexicon()


def _read(text: str) -> Lexicon:
    """Read a file: under ``[words]`` meanings with their words and commas between; the same for coins, and what multiplies a number."""
    stored = tomllib.loads(text)
    exact: dict[tuple[str, ...], str] = {}
    begun: dict[str, str] = {}
    coins = {f"{CALLED}{coin}": sayings for coin, sayings in stored.get("coins", {}).items()}
    for meaning, sayings in {**stored["words"], **coins}.items():
        for said in sayings.split(","):
            words = tuple(token.plain for token in tokens(said))
            if said.strip().endswith("*"):
                begun[words[0]] = meaning
            elif words:
                exact[words] = meaning
    times = {tokens(one)[0].plain: factor for factor, said in stored.get("times", {}).items() for one in said.split(",")}
    return Lexicon(exact=exact, begun=begun, slips=_slips(exact) if stored.get("slips", True) else {}, times=times)


def _slips(exact: Mapping[tuple[str, ...], str]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for (word, *more), meaning in exact.items():
        if more or len(word) < _LEAST_FOR_SLIP or meaning == NOISE:
            continue
        for one in _without_a_letter(word):
            found[one] = meaning if found.get(one, meaning) == meaning else None
    return found


def _without_a_letter(word: str) -> Iterator[str]:
    """Yield a word and what is left of it without one of its letters: two words that share one of these are a slip apart.

    The first letter is hardly ever a slip, and makes another word: telling is no selling.
    """
    yield word
    for at in range(1, len(word)):
        yield word[:at] + word[at + 1 :]

"""A sentence and what it means: a command with what is written behind it, a word to explain, a refusal, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatbot.phrases.lexicon import AND, CALLED, NOISE
from chatbot.phrases.meanings import (
    ALWAYS,
    CASH,
    COIN,
    COINS,
    EXPLAINS,
    FALLS,
    HOW_OFTEN,
    MEANINGS,
    NEAR,
    NOT,
    NUMBER,
    NUMBERS,
    SHARE,
    TERM,
    Meaning,
)
from chatbot.phrases.spelling import Token, compared, tokens
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chatbot.phrases.lexicon import Lexicon

#: a sentence of more words is a story, and tells more than one thing
MOST_WORDS: Final = 24
#: so many commands are named where nothing is understood
_NEAREST: Final = 3
#: the coin by which everything else is told
_INDEX: Final = "BTC"
_TIMES_TEN_THOUSAND: Final = "0k"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The words of a sentence by what they mean, and its figures as they were written."""

    said: frozenset[str]
    number: str = ""
    money: str = ""
    coins: tuple[str, ...] = ()
    #: a word was in no list, so that the sentence may mean anything
    is_strange: bool = False

    @property
    def refuses(self) -> bool:
        """Tell whether something is said not to be done."""
        return NOT in self.said


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """What a sentence means."""

    #: a command's name
    command: str
    #: what is written behind it
    behind: str = ""
    #: it only shows something
    reads: bool = False
    #: the word of the field that is asked about; with the command ``help``
    term: str = ""


class _Draft:
    """A sentence that is being read from its first word to its last."""

    def __init__(self) -> None:
        self.said: set[str] = set()
        self.numbers: list[str] = []
        self.units: list[str] = []
        self.coins: list[str] = []
        self.is_strange = False

    def heard(self) -> Heard:
        kinds = [(NUMBER, NUMBERS, self.numbers), (COIN, COINS, self.coins)]
        found = {one if len(theirs) == 1 else several for one, several, theirs in kinds if theirs}
        cash = {CASH} if self.units else set()
        number = self.numbers[0] if self.numbers else ""
        return Heard(
            said=frozenset(self.said | found | cash),
            number=number,
            money=" ".join((number, *self.units)),
            coins=tuple(self.coins),
            is_strange=self.is_strange or len(self.units) > 1,
        )


def hear(text: str, lexicon: Lexicon, coin_of: Callable[[str], str | None], cash: frozenset[str]) -> Heard:
    """Take a sentence apart with the words of one language. ``coin_of`` names a coin by any of its names, and ``cash`` are dollars."""
    found = tokens(text)
    draft = _Draft()
    draft.is_strange = len(found) > MOST_WORDS
    found, at = found[:MOST_WORDS], 0
    plain = tuple(token.plain for token in found)
    shouts = text.isupper()
    while at < len(found):
        at += _take(draft, found, plain, at, lexicon, lambda word: _named(word, coin_of, cash), shouts=shouts)
    return draft.heard()


def _named(word: str, coin_of: Callable[[str], str | None], cash: frozenset[str]) -> tuple[str, bool] | None:
    name = coin_of(word)
    return None if name is None else (name, name in cash)


def _take(
    draft: _Draft,
    found: Sequence[Token],
    plain: tuple[str, ...],
    at: int,
    lexicon: Lexicon,
    named: Callable[[str], tuple[str, bool] | None],
    *,
    shouts: bool,
) -> int:
    """Take the word at a place, or several that belong together; return how many they were."""
    token = found[at]
    if token.is_number:
        return _take_number(draft, found, at, lexicon)
    if token.plain in ("%", "٪") or token.is_ending:
        draft.said |= {SHARE} if not token.is_ending else set()
        return 1
    is_ticker = not shouts and len(token.written) > 1 and token.written.isascii() and token.written.isupper()
    coin = named(token.written) if is_ticker else None
    meaning, count = ("", 1) if coin is not None else lexicon.at(plain, at)
    if meaning.startswith(CALLED):
        coin = named(meaning.removeprefix(CALLED))
    elif coin is None and not meaning:
        coin = named(token.written) or (named(token.before_apostrophe) if token.before_apostrophe else None)
    if coin is not None:
        name, is_cash = coin
        kept = draft.units if is_cash else draft.coins
        if name not in kept:
            kept.append(name)
        return count
    meaning = meaning or _without_ending(token, lexicon) or lexicon.slipped(token.plain)
    draft.is_strange = draft.is_strange or not meaning
    draft.said |= set(meaning.split(AND)) - {NOISE, ""}
    return count


def _without_ending(token: Token, lexicon: Lexicon) -> str:
    """Return what a word means that has an ending behind an apostrophe: hedge'i."""
    return lexicon.at((compared(token.before_apostrophe),), 0)[0] if token.before_apostrophe else ""


def _take_number(draft: _Draft, found: Sequence[Token], at: int, lexicon: Lexicon) -> int:
    """Take a number with what multiplies it: 10 thousand is 10k, and five ten-thousands 50k."""
    number = found[at].written
    times = lexicon.times.get(found[at + 1].plain) if at + 1 < len(found) else None
    if times == _TIMES_TEN_THOUSAND and not number[-3:].isdecimal() and any(sign in number for sign in ".,"):
        draft.is_strange = True  # one and a half ten-thousands would need arithmetic, which is the command's
    draft.numbers += [number + times] if times else [number]
    return 2 if times else 1


def understand(heard: Heard) -> Understood | None:
    """Return what a sentence means; None where a word of it is unknown, or its words mean nothing together, or two things."""
    if heard.is_strange or not heard.said:
        return None
    term = _term(heard)
    if term:
        return Understood(command="help", behind=term, reads=True, term=term)
    meaning = _best(heard.said)
    if meaning is None or (heard.refuses and not meaning.reads):
        return None
    if FALLS in meaning.needs and heard.coins not in ((), (_INDEX,)):
        return None  # what another coin does says nothing about the rest
    coin = heard.coins[0] if len(heard.coins) == 1 else ""
    return Understood(
        command=meaning.command, behind=meaning.behind.format(number=heard.number, money=heard.money, coin=coin), reads=meaning.reads
    )


def _term(heard: Heard) -> str:
    """Return the word of the field that is asked about; empty where none is, or more is said than that."""
    terms = [one for one in heard.said if one.startswith(TERM) or one in _ALSO_TERMS]
    rest = heard.said - set(terms)
    asks = rest & {"what", "why", "mean"}
    return terms[0].removeprefix(TERM) if len(terms) == 1 and asks and rest <= EXPLAINS else ""


#: words that are used of other things as well, and explained when they are asked about alone
_ALSO_TERMS: Final = frozenset({"rebalance", "hedge", "futures", "liquidation"})


def _best(said: frozenset[str]) -> Meaning | None:
    """Return the meaning that takes every word of a sentence and needs most of them."""
    fitting = [one for one in MEANINGS if one.needs <= said <= one.needs | one.may]
    return max(fitting, key=lambda one: len(one.needs), default=None)


def nearest(heard: Heard) -> tuple[str, ...]:
    """Return the commands that are nearest to the words of a sentence, three of them."""
    votes: dict[str, int] = {}
    for word in sorted(heard.said - _WEAK or heard.said):
        for place, command in enumerate(NEAR.get(word.removeprefix(TERM), ())):
            votes[command] = votes.get(command, 0) + _NEAREST - place
    ranked = sorted(votes, key=lambda one: -votes[one])
    return tuple(dict.fromkeys((*ranked, *ALWAYS)))[:_NEAREST]


#: said beside anything, so that they tell less of what is meant
_WEAK: Final = frozenset({COIN, "portfolio", CASH, *HOW_OFTEN})

"""Reading what a person typed: holdings, target weights, bands; all problems of one input told together."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from chatbot.engine.cash import CASH_COINS, DOLLARS
from chatbot.engine.exact import wide
from chatbot.errors import UserError
from chatbot.i18n import N_
from chatbot.model import ALT, STABLE, BandRule
from chatbot.portfolio.strategies import EVERY
from handlers.chat import numbers
from handlers.chat.names import ANY, in_one_word, unlisted
from handlers.chat.names import MONEY as MONEY_NAMES
from handlers.chat.numbers import MONEY, SHARE, number, shown
from handlers.chat.reading import numerals, prices, shares
from handlers.chat.reading.typed_lists import ALL, NOISE, segments

if TYPE_CHECKING:
    from handlers.chat.names import Names
    from handlers.chat.reading.typed_lists import Token

MAX_LINES = 20
#: per cent
_WHOLE = Decimal(100)
_ALL_WORDS = (
    *("all", "every", "each", "everything", "rest", "others", "todo", "toda", "todos", "todas", "resto", "demás", "otras"),
    *("все", "всё", "всем", "каждая", "остальные", "остальное", "остальных", "прочие"),
    *("everywhere", "todos", "cada una", "всех", "каждой", "каждую", "везде"),
)
#: the same in two words
_ALL_LINES = re.compile(
    r"(?i)(?<!\w)(?:(?:all|every|each)(?: the)? (?:lines?|of them)|todas las l[ií]neas|las demás|cada (?:una|l[ií]nea)"
    r"|все (?:строки|линии)|по(?= \d))(?!\w)"
)
#: said around a width and its line, where it names no coin
_AROUND_WIDTH = re.compile(
    r"(?i)(?:(?<!\w)|(?<=%))(?:(?:i want|set|make|put|widen|narrow)(?: it)?|within|to|for|at|of (?:its |the )?target|bands?|width"
    r"|(?<=%)\s?relativ[eoa]s?|pon(?:er)?|para|con|banda|al|del? objetivo|quiero|ampl[ií]a|estrecha|(?<![\d%] )a(?= \d)"
    r"|от цели|для|поставь|сделай|полоса|коридор|ширина|хочу|расширь|сузь|до(?= \d)|(?<=todas )a|(?<=todos )a)(?!\w)"
)
#: what says that a width is in points, as a bare number is
_POINTS = re.compile(
    r"(?i)(?<!\w)(\d[\d.,]{0,20})\s*(percentage points?|points?|p\.?p\.?|pts?\.?|puntos?(?: porcentuales)?"
    r"|процентн\w+ пункт\w*|пункт\w*|п\. ?п\.?|пп)(?!\w)"
)
_HALF = re.compile(r"(?i)\W*(half(?: of (?:it|them))?|(?:la )?mitad|половин\w+)\W*")
_WIDTH = re.compile(r"(?:±|\+/?-)\s?[\d.,]+")
_LOST = N_("I don't understand “{text}” here.")
_IS_BAND = N_("“{text}” is the width of a band. Send it with /bands, like /bands BTC 5.")
#: names of cash: money, of which nobody writes thousandths
_CASH = CASH_COINS | {STABLE, "CASH"}
#: from one number to another
_SPAN = re.compile(
    r"(?i)(?:\b(?P<from>from|between|desde|de|entre|от|с)\s+)?(?<![\w.,])\d[\d.,]*\s+(?P<to>to|and|a|y|hasta|до|и)\s+\d[\d.,]*(?=\s|$)"
)
_FAR_APART = 3
#: what stands above a list and before its colon: that these are held
_LABEL = re.compile(
    r"(?im)(^|[,;]\s{0,3})(?:(?:my|mis?|tus?|мой|мои)\s+)?(?:portfolio|holdings|coins|bag|stack|wallet|spot|balance|cartera|portafolio|tenencias"
    r"|monedas|saldo|портфель|монеты|спот|кошел[её]к|баланс)\s*[:=–—-]\s*"
)
#: that there is nothing besides
_NO_MORE = re.compile(
    r"(?i)[,;.]?\s{0,3}(?:(?<!\w)(?:and|y|и)\s{1,3})?(?<!\w)(?:nothing (?:else|more)|that['’]?s (?:all|it)|nada más|eso es todo"
    r"|больше ничего(?: нет)?|это вс[её])(?!\w)"
)
#: dollars that lie in a coin: 1000 dollars in USDT
_DOLLARS_IN = re.compile(
    r"(?i)((?<![\w.,])\d[\d.,]*(?: ?(?:k|mil|тыс\.?))?) ?(?:usd|dollars?|d[oó]lares|долл\w*|баксов)"
    r"\s+(?:in|en|в)\s+(?=(?:usd[tc]|dai)(?!\w))"
)
_SIGNED = r"(?:(?:US)?[$€]\s?\d[\d.,]{0,20}k?|\d[\d.,]{0,20}k?\s?(?:US)?[$€])"
#: what an amount is worth, behind it: 0.5 BTC = 30000 USDT
_WORTH = re.compile(
    r"(?i)(?P<held>(?<![\w.,])\d[\d.,]{0,20}\s?(?P<coin>[^\W\d_]\w{1,10})|(?<!\w)(?P<named>[^\W\d_]\w{1,10})[ :=]{1,3}\d[\d.,]{0,20})"
    rf"\s*=\s*(?:{_SIGNED}|\d[\d.,' ]{{0,20}}k?\s?(?:usd[tc]?|dollars?|d[oó]lares|долл\w*|баксов)(?!\w))"
)
_AND_BEHIND_MONEY = re.compile(rf"(?i)(?<![\w.,])({_SIGNED})\s+(?:and|y|и)\s+(?=[\d.,])")
_AND_BEFORE_MONEY = re.compile(rf"(?i)\s+(?:and|y|и)\s+(?={_SIGNED}(?![\w]))")
#: 1 BTC.2 ETH
_DOT_BETWEEN = re.compile(r"(?<![\w.,])\d[\d.,]{0,20}\s?(?P<one>[^\W\d_]{2,10})\.\d[\d.,]{0,20}\s?(?P<other>[^\W\d_]{2,10})")
#: a bare number in a coin: what of it is there, or so many of it
_INTO = re.compile(r"(?i)(?<![\w.,$€£])\d(?:[\d.,']{0,30}\d)?(?:k|к)?\s+(?:in|into|en|в)\s+(?P<coin>[^\W\d_]\w*)")
_NAME = re.compile(r"(?=.*[^\W\d_])[\w/-]{1,20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What could be read, and everything that could not."""

    values: dict[str, Decimal] = field(default_factory=dict)
    problems: tuple[UserError, ...] = ()
    #: what could be read beside the problems, for telling what is wrong with it too
    beside: dict[str, Decimal] = field(default_factory=dict)
    #: of holdings: all of them as they are where their marks mean the opposite; empty where nothing else can be meant
    otherwise: dict[str, Decimal] = field(default_factory=dict)
    #: of which all is meant
    every: tuple[str, ...] = ()

    def unknown(self, names: Names) -> tuple[object, ...]:
        """Return what could not be read, and what is called by no name that is known."""
        return (*self.problems, *(name for name in self.values if names.find(name) is None))


@dataclass(slots=True)
class _Draft:
    """What has been read so far."""

    #: what a number without a name is of
    alone: str = ""
    #: name -> number, as it was written
    pairs: list[tuple[str, str]] = field(default_factory=list)
    problems: list[UserError] = field(default_factory=list)


def pairs(text: str, names: Names = ANY) -> Parsed:
    """Read shares: ``BTC 40 ETH 30``, ``40% BTC, 30% ETH``, one pair a line, or in words (:mod:`handlers.chat.reading.shares`).

    A number with a sign of money is refused: $50 of BTC is not 50 % of it. So is one with the sign of a band.
    """
    if widths := [UserError(_IS_BAND, text=shown(found[0])) for found in _WIDTH.finditer(text)]:
        return Parsed(problems=tuple(widths))
    plain, left_over = shares.plainly(in_one_word(text), names)
    parsed = _values(_paired(plain, names), SHARE)
    return _with_the_rest(parsed, left_over) if left_over and not parsed.problems else parsed


def _with_the_rest(parsed: Parsed, name: str) -> Parsed:
    """Give a name what the others leave of 100."""
    with wide():
        taken = sum(parsed.values.values(), Decimal(0))
    if name in parsed.values:
        return Parsed(problems=(UserError(N_("{name} is listed twice."), name=shown(name)),))
    if taken >= _WHOLE:
        told = N_("Nothing is left for {name}: the others add up to {total}% already.")
        return Parsed(problems=(UserError(told, name=shown(name), total=f"{taken:f}"),))
    return Parsed(values={**parsed.values, name: _WHOLE - taken})


def members(text: str, names: Names) -> tuple[str, ...] | None:
    """Read which coins ALT stands for: ``ALT SOL XRP DOGE``, the line and then coins alone; what names nothing is left as it was written.

    None: a text says something else, for instance a weight.
    """
    said = [token for part in segments(text.replace(":", " ").replace("=", " "), names) for token in part]
    if len(said) < 2 or said[0].name != ALT or any(token.is_number for token in said):
        return None
    return tuple(token.name or token.text.upper() for token in said[1:])


def holdings(text: str, decimal: str, names: Names = ANY, *, every: bool = False) -> Parsed:
    """Read amounts of coins: ``0.5 BTC, 4 ETH``, ``BTC 0.5 ETH 4``, bullets, tables, what the bot wrote itself; ``$500`` alone is cash.

    Prices beside them are left out (:mod:`handlers.chat.reading.prices`). ``every``: :data:`ALL` is a number too.

    What a mark means is told by the other numbers of the message (0.5 shows a point), else by ``decimal``, the sign of the person's
    language. Where it is neither shown nor usual in all the world, :attr:`Parsed.otherwise` has the amounts with the other meaning.
    """
    text = in_one_word(text)
    if (into := _INTO.search(text)) is not None and (coin := names.find(into["coin"])) is not None and coin not in MONEY_NAMES:
        told = N_("“{text}” could be dollars or a number of coins. Write how many coins it is, like 0.5 {coin}.")
        return Parsed(problems=(UserError(told, text=shown(into[0]), coin=coin),))
    if (dot := _DOT_BETWEEN.search(text)) is not None and names.find(dot["one"]) and names.find(dot["other"]):
        told = N_("“{text}” may end one amount or begin a fraction. Write a comma and a space between two amounts.")
        return Parsed(problems=(UserError(told, text=shown(dot[0])),))
    if (span := _SPAN.search(text)) is not None and _is_span(span, names, decimal):
        return Parsed(problems=(UserError(N_("“{text}” is a range. Write one number."), text=shown(span[0])),))
    text, doubtful_prices = prices.without(_LABEL.sub(r"\1", _NO_MORE.sub("", text)), names, decimal)
    if doubtful_prices:
        return Parsed(problems=doubtful_prices)
    draft = _paired(_with_money(numerals.in_digits(text, names), names), names)
    if every:
        return _with_all(draft, decimal)
    return _amounts(draft, decimal)


def _with_money(text: str, names: Names) -> str:
    """Return a list in which money that is named beside coins stands apart: $500 and 0.5 BTC, 1000 dollars in USDT."""
    said = _WORTH.sub(
        lambda match: match["held"] if names.find(match["coin"] or match["named"]) not in (None, *MONEY_NAMES) else match[0], text
    )
    return _AND_BEFORE_MONEY.sub("; ", _AND_BEHIND_MONEY.sub(r"\1; ", _DOLLARS_IN.sub(r"\1 ", said)))


def _with_all(draft: _Draft, decimal: str) -> Parsed:
    """Read a list in which all of a coin may be meant."""
    every = tuple(name for name, said in draft.pairs if said == ALL)
    draft.pairs = [(name, said) for name, said in draft.pairs if said != ALL]
    read = _amounts(draft, decimal) if draft.pairs or draft.problems or not every else Parsed()
    twice = [name for at, name in enumerate(every) if name in read.values or name in every[:at]]
    if twice or read.problems:
        found = [UserError(N_("{name} is listed twice."), name=shown(name)) for name in dict.fromkeys(twice)]
        return Parsed(problems=(*read.problems, *found), beside=read.beside)
    return replace(read, every=every)


def _amounts(draft: _Draft, decimal: str) -> Parsed:
    """Read the amounts of a list, both ways where two can be meant."""
    evident = numbers.decimal_sign_of(said for name, said in draft.pairs if name not in _CASH)
    read = _values(draft, evident or decimal)
    doubtful = any(name not in _CASH and numbers.is_twofold(said) for name, said in draft.pairs)
    if read.problems or evident or not doubtful or not _asks(draft, decimal):
        return read
    other = _values(draft, "," if decimal == "." else ".")
    return read if other.problems else Parsed(values=read.values, otherwise=other.values)


def _is_span(span: re.Match[str], names: Names, decimal: str) -> bool:
    """Tell whether it runs from one number to another: said so, or with a word that says nothing else and names no coin.

    In Spanish 0,4 a 0,6 is one, and 0,5 a 60000 a price: it is told by how far apart they are.
    """
    if span["to"] == "a" and decimal == ",":
        low, high = (number(said, decimal) for said in re.findall(r"\d(?:[\d.,]*\d)?", span[0])[:2])
        return low < high < _FAR_APART * low
    return bool(span["from"]) or (span["to"].casefold() in ("to", "hasta", "до") and names.find(span["to"]) is None)


def _asks(draft: _Draft, decimal: str) -> bool:
    """Tell whether a number reads two ways although a point begins a fraction wherever coins are traded, and for this person too."""
    return any("," in said or decimal != "." for name, said in draft.pairs if name not in _CASH and numbers.is_twofold(said))


def bands(text: str, names: Names = ANY) -> tuple[dict[str, BandRule], tuple[UserError, ...]]:
    """Read ``BTC 5 ALT 10%``: a bare number is points of the portfolio, one with a per cent sign a share of the line's own target.

    A width alone, or of ``all``, is meant for every line (:data:`EVERY`).
    """
    if (part := _HALF.fullmatch(text)) is not None:  # of what it is now
        return {}, (UserError(_LOST, text=shown(part[1])),)
    known = names.also(dict.fromkeys(_ALL_WORDS, EVERY))
    said = _AROUND_WIDTH.sub(
        lambda word: word[0] if known.find(word[0]) and word[0].casefold() != "a" else " ",
        numerals.in_digits(_ALL_LINES.sub("all", text), known),
    )
    draft = _paired(_POINTS.sub(lambda width: width[0] if known.find(width[2]) else width[1], said), known, alone=EVERY)
    parsed = _values(draft, SHARE)
    relative = {name for name, said in draft.pairs if "%" in said}
    rules = {name: BandRule(rel=value / 100) if name in relative else BandRule(abs_pp=value) for name, value in parsed.values.items()}
    return rules, parsed.problems


def _paired(text: str, names: Names, *, alone: str = "") -> _Draft:
    """Find out which number belongs to which name; a number on its own belongs to ``alone``, or to the coin of its sign."""
    draft = _Draft(alone)
    for part in _whole(segments(text, names)):
        _pair_up(_once_each(part), draft)
    return draft


def _whole(parts: list[list[Token]]) -> list[list[Token]]:
    """Put names and numbers together that stand on lines of their own."""
    found: list[list[Token]] = []
    at_end = False  # of a pair that was put together: a third line is its value
    for part in parts:
        before = found[-1] if found else []
        is_half = bool(before) and all(token.is_number == before[0].is_number for token in before)
        is_other = is_half and (part[0].is_number != before[0].is_number or part[0].name == before[0].name != "")
        if len(part) == 1 and (is_other or (at_end and numbers.currency_of(part[0].text) and part[0].is_number)):
            before += part
            at_end = part[0].is_number
        else:
            found.append([*part])
            at_end = False
    return found


def _once_each(part: list[Token]) -> list[Token]:
    """Leave out a name that repeats the one before it: BTC Bitcoin 0.5."""
    return [*part[:1], *(token for before, token in pairwise(part) if not token.name or token.name != before.name)]


def _pair_up(part: list[Token], draft: _Draft) -> None:
    if not _alternates(part):
        part = [token for token in part if token.text not in NOISE]
    if not _alternates(part) or 2 * sum(not token.is_number for token in part) > len(part) > 1:  # words that name nothing are told apart
        lost = [token for token in part if not (token.is_number or token.name)]
        draft.problems += [UserError(_LOST, text=shown(token.text)) for token in lost]
        part = [token for token in part if token not in lost]
    if len(part) == 3 and _alternates(part) and part[2].name == "USD":  # BTC 500 USD
        part = [part[0], replace(part[1], text=f"{part[1].text} {part[2].name}")]
    if len(part) == 3 and part[0].name == part[2].name != "":  # BTC: 0.5 BTC
        part = part[:2]
    is_alone = all(token.is_number for token in part)
    while part:
        first, second = part[0], part[1] if len(part) > 1 else None
        if second is not None and first.is_number != second.is_number:
            _pair(*((second, first.text) if first.is_number else (first, second.text)), draft)
            part = part[2:]
        else:
            _single(first, draft, is_alone=is_alone)
            part = part[1:]


def _alternates(part: list[Token]) -> bool:
    return all(before.is_number != after.is_number for before, after in pairwise(part))


def _pair(token: Token, said: str, draft: _Draft) -> None:
    name = token.name or unlisted(token.text)
    if not token.name and numbers.is_foreign(token.text):
        draft.problems.append(UserError(numbers.NOT_DOLLARS, text=shown(f"{said} {token.text}")))
        return
    if not token.name and not _NAME.fullmatch(name):
        draft.problems.append(UserError(N_("“{text}” is not the name of a coin."), text=shown(token.text)))
        return
    draft.pairs.append((name, said))


def _single(token: Token, draft: _Draft, *, is_alone: bool) -> None:
    """Take a number without a name where it needs none: $500 names its own; anything else lacks its other half."""
    currency = numbers.currency_of(token.text)
    name = currency or draft.alone
    if not token.is_number:
        missing = UserError(N_("There is no number after {name}."), name=shown(token.text))
        draft.problems.append(missing if token.name else UserError(_LOST, text=shown(token.text)))
    elif numbers.is_foreign(token.text):
        draft.problems.append(UserError(numbers.NOT_DOLLARS, text=shown(token.text)))
    elif is_alone and name:
        draft.pairs.append((name, token.text))
    elif currency:
        told = N_("“{text}” stands next to an amount. Leave it out if that is only its value, or write it as cash, like USDT 2500.")
        draft.problems.append(UserError(told, text=shown(token.text)))
    else:
        draft.problems.append(UserError(N_("There is no name next to “{text}”."), text=shown(token.text)))


def _values(draft: _Draft, decimal: str) -> Parsed:
    """Read every number; ``decimal`` as in :func:`handlers.chat.numbers.number`."""
    values: dict[str, Decimal] = {}
    problems = list(draft.problems)
    for name, said in draft.pairs:
        try:
            value = number(*((said, SHARE) if decimal == SHARE else _amount(name, said, decimal)))
        except UserError as problem:
            problems.append(problem)
        else:
            _take(name, value, values, problems)
    if not draft.pairs and not problems:
        problems.append(UserError(N_("There is nothing to read. Write it like this: BTC 40 ETH 30 ALT 20 USDT 10")))
    if len(draft.pairs) > MAX_LINES:
        too_many = UserError(N_("That is too much at once: at most {count} names, each with its number."), count=MAX_LINES)
        return Parsed(problems=(too_many,))
    return Parsed(problems=tuple(_distinct(problems)), beside=values) if problems else Parsed(values=values)


def _amount(name: str, said: str, decimal: str) -> tuple[str, str]:
    """Return an amount without the sign of its own coin, and how its marks are read: nobody writes thousandths of cash."""
    currency = numbers.currency_of(said)
    is_own = currency and (currency == name or (currency in DOLLARS and name in DOLLARS | {STABLE, "CASH"}))
    return numbers.without_sign(said) if is_own else said, MONEY if name in _CASH else decimal


def _take(name: str, value: Decimal, values: dict[str, Decimal], problems: list[UserError]) -> None:
    if value < 0:
        problems.append(UserError(N_("{name} is negative; only 0 or more makes sense."), name=shown(name)))
    elif name in values:
        problems.append(UserError(N_("{name} is listed twice."), name=shown(name)))
    else:
        values[name] = value


def _distinct(problems: list[UserError]) -> list[UserError]:
    seen: dict[str, UserError] = {}
    for problem in problems:
        seen.setdefault(str(problem), problem)
    return list(seen.values())

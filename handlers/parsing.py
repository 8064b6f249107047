"""Reading what a person typed: amounts, holdings, target weights, bands; all problems of one input told together."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from chatbot.errors import UserError
from chatbot.i18n import N_
from chatbot.model import BandRule

#: smallest and largest amount of a paper portfolio, quote
MIN_AMOUNT, MAX_AMOUNT = Decimal(100), Decimal(1_000_000_000)
MAX_LINES = 20
_MONEY_WORDS = re.compile(r"(?i)usdt|usdc|usd|eur|rub|[$€£¥₽]")
_NUMBER = re.compile(r"[+-]?\d[\d.,' _]*\d|[+-]?\d")
_COIN = re.compile(r"[A-Z0-9]{2,10}")
_SHOWN = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What could be read, and everything that could not."""

    values: dict[str, Decimal] = field(default_factory=dict)
    problems: tuple[UserError, ...] = ()


def shown(text: str) -> str:
    """Return a short, harmless excerpt of what a person typed, for an answer that quotes it."""
    clean = "".join(c for c in text if unicodedata.category(c)[0] != "C").strip()
    return clean if len(clean) <= _SHOWN else clean[: _SHOWN - 1] + "…"


def number(text: str) -> Decimal:
    """Read a number the way people write it: 1,000.50 · 1.000,50 · 1 000,5 · 10k · $250; raises :class:`UserError`."""
    bare = unicodedata.normalize("NFKC", _MONEY_WORDS.sub("", text)).replace("\u2212", "-").strip().rstrip("%").strip()
    factor = Decimal(1)
    if bare[-1:] in ("k", "K", "к", "К"):
        bare, factor = bare[:-1].strip(), Decimal(1000)
    if not _NUMBER.fullmatch(bare):
        raise UserError(N_("“{text}” is not a number. Write it like 2500 or 2,500.50."), text=shown(text))
    try:
        return Decimal(_plain(re.sub(r"[ '_]", "", bare))) * factor
    except InvalidOperation:
        raise UserError(N_("“{text}” is not a number. Write it like 2500 or 2,500.50."), text=shown(text)) from None


def _plain(digits: str) -> str:
    """Return digits with a decimal point only: the last mark is the decimal one unless it groups thousands."""
    marks = [c for c in digits if c in ".,"]
    if not marks:
        return digits
    last = marks[-1]
    tail = len(digits) - digits.rindex(last) - 1
    repeated = marks.count(last) > 1
    if len(set(marks)) == 1 and (repeated or (tail == 3 and not digits.lstrip("+-").startswith("0"))):
        return digits.replace(last, "")
    other = "," if last == "." else "."
    return digits.replace(other, "").replace(last, ".")


def amount(text: str) -> Decimal:
    """Read a start amount; raises :class:`UserError` with the range when it is outside."""
    value = number(text)
    if not MIN_AMOUNT <= value <= MAX_AMOUNT:
        raise UserError(
            N_("The amount must be between {low} and {high}; you wrote {text}."),
            low=f"{MIN_AMOUNT:,}",
            high=f"{MAX_AMOUNT:,}",
            text=shown(text),
        )
    return value


def pairs(text: str) -> Parsed:
    """Read ``BTC 40 ETH 30``, ``BTC=40%, ETH: 30`` or one pair a line: names with their numbers, in order."""
    tokens = [token for token in re.split(r"[\s=:;|]+|,\s+|,$", unicodedata.normalize("NFKC", text.strip())) if token]
    values: dict[str, Decimal] = {}
    problems: list[UserError] = []
    name: str | None = None
    for token in tokens[: 4 * MAX_LINES]:
        if name is None:
            name = token.strip("%").upper()
            if not _COIN.fullmatch(name):
                problems.append(UserError(N_("“{text}” is not the name of a coin."), text=shown(token)))
            continue
        try:
            value = number(token)
        except UserError as problem:
            problems.append(problem)
        else:
            _take(name, value, values, problems)
        name = None
    if name is not None:
        problems.append(UserError(N_("{name} has no number behind it."), name=shown(name)))
    if not tokens:
        problems.append(UserError(N_("There is nothing to read. Write it like this: BTC 40 ETH 30 ALT 20 USDT 10")))
    return Parsed(values=values, problems=tuple(_distinct(problems)))


def bands(text: str) -> tuple[dict[str, BandRule], tuple[UserError, ...]]:
    """Read ``BTC 5 ALT 10%``: a bare number is points of the portfolio, one with a per cent sign a share of the line's own target."""
    relative = {name.upper() for name, _ in re.findall(r"(\w+)[\s=:]+([\d.,]+)\s*%", text)}
    parsed = pairs(re.sub(r"\s+%", "%", text))
    rules = {name: BandRule(rel=value / 100) if name in relative else BandRule(abs_pp=value) for name, value in parsed.values.items()}
    return rules, parsed.problems


def _take(name: str, value: Decimal, values: dict[str, Decimal], problems: list[UserError]) -> None:
    if value < 0:
        problems.append(UserError(N_("{name} is negative; only 0 or more makes sense."), name=shown(name)))
    elif name in values:
        problems.append(UserError(N_("{name} is there twice."), name=shown(name)))
    elif _COIN.fullmatch(name):
        values[name] = value


def _distinct(problems: list[UserError]) -> list[UserError]:
    seen: dict[str, UserError] = {}
    for problem in problems:
        seen.setdefault(str(problem), problem)
    return list(seen.values())

"""Reading what a person typed: amounts, holdings, target weights, bands; all problems of one input told together."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from decimal import Decimal

from chatbot.engine.exact import wide
from chatbot.errors import UserError
from chatbot.i18n import N_
from chatbot.model import BandRule

#: smallest and largest amount of a paper portfolio, quote
MIN_AMOUNT, MAX_AMOUNT = Decimal(100), Decimal(1_000_000_000)
#: no portfolio and no amount of a coin is larger than this
MAX_NUMBER = Decimal(10) ** 15
MAX_LINES = 20
_DIGITS_MAX = 40
_MONEY_WORDS = re.compile(r"(?i)usdt|usdc|usd|us(?=\$)|eur|rub|[$€£¥₽]")
_NUMBER = re.compile(r"[+-]?\d[\d.,' _]*\d|[+-]?\d")
#: whole part with thousands in groups; the groups of the Indian count have two digits
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:(?P<mark>[.,])(?:\d{2,3}(?P=mark))*\d{3})")
#: thousands apart by spaces, inside a longer text
_SPACED = re.compile(r"(?<![\w.,])\d{1,3}(?: \d{3})+(?!\w)")
_COIN = re.compile(r"(?=.*[A-Z])[A-Z0-9]{2,10}")
_SHOWN = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What could be read, and everything that could not."""

    values: dict[str, Decimal] = field(default_factory=dict)
    problems: tuple[UserError, ...] = ()


def shown(text: str) -> str:
    """Return a short, harmless excerpt of what a person typed, for an answer that quotes it."""
    clean = " ".join("".join(c for c in text if c.isspace() or unicodedata.category(c)[0] != "C").split())
    return clean if len(clean) <= _SHOWN else clean[: _SHOWN - 1] + "…"


def whole(word: str) -> int | None:
    """Read a whole number once, as it will be kept; None where it is none, or longer than any that is meant."""
    bare = unicodedata.normalize("NFKC", word).strip()
    return int(bare) if re.fullmatch(r"[+-]?\d{1,6}", bare) else None


def number(text: str, decimal: str = "") -> Decimal:
    """Read a number the way people write it: 1,000.50 · 1.000,50 · 1 000,5 · 10k · $250; raises :class:`UserError`.

    ``decimal`` is the decimal sign of the person's language: it tells 1.500 (one and a half) from 1.500 (fifteen hundred).
    Without it such a mark groups thousands.
    """
    bare = unicodedata.normalize("NFKC", _MONEY_WORDS.sub("", text)).replace("\u2212", "-").strip().rstrip("%").strip()
    factor = Decimal(1)
    if bare[-1:] in ("k", "K", "к", "К"):
        bare, factor = bare[:-1].strip(), Decimal(1000)
    bare = "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in bare)
    digits = _plain(re.sub(r"[ '_]", "", bare), decimal) if _NUMBER.fullmatch(bare) and len(bare) <= _DIGITS_MAX else None
    if digits is None:
        raise UserError(N_("“{text}” is not a number. Write it like 2500 or 2,500.50."), text=shown(text))
    with wide():  # exactly what was typed, however many digits
        value = Decimal(digits) * factor
    if abs(value) > MAX_NUMBER:
        raise UserError(N_("“{text}” is too large."), text=shown(text))
    return value


def _plain(digits: str, decimal: str) -> str | None:
    """Return digits with a decimal point only; None where the marks make no sense, such as 1,2,3."""
    marks = [char for char in digits if char in ".,"]
    whole, fraction = digits, ""
    if marks and (len(set(marks)) > 1 or (len(marks) == 1 and not _groups(digits, marks[0], decimal))):
        whole, _, fraction = digits.rpartition(marks[-1])
    grouped = _GROUPED.fullmatch(whole)
    if any(char in ".," for char in whole) and (grouped is None or (fraction and grouped["mark"] == marks[-1])):
        return None
    return re.sub(r"[.,]", "", whole) + (f".{fraction}" if fraction else "")


def _groups(digits: str, mark: str, decimal: str) -> bool:
    """Tell whether the only mark of a number groups its thousands."""
    return mark != decimal and _GROUPED.fullmatch(digits) is not None and not digits.lstrip("+-").startswith("0")


def amount(text: str, decimal: str = "") -> Decimal:
    """Read a start amount; raises :class:`UserError` with the range when it is outside."""
    value = number(text, decimal)
    if not MIN_AMOUNT <= value <= MAX_AMOUNT:
        raise UserError(
            N_("The amount must be between {low} and {high}; you wrote {text}."),
            low=MIN_AMOUNT,
            high=MAX_AMOUNT,
            text=shown(text),
        )
    return value


def pairs(text: str, decimal: str = "", *, money: bool = False) -> Parsed:
    """Read ``BTC 40 ETH 30``, ``BTC=40%, ETH: 30`` or one pair a line: names with their numbers, in order.

    A number with a sign of ``money`` is refused where shares are meant: $50 of BTC is not 50 % of it.
    """
    tokens = _tokens(text)
    values: dict[str, Decimal] = {}
    problems: list[UserError] = []
    for name, *rest in zip(tokens[::2], tokens[1::2], strict=False):
        coin = name.strip("%").upper()
        if not _COIN.fullmatch(coin):
            problems.append(UserError(N_("“{text}” is not the name of a coin."), text=shown(name)))
        try:
            value = number(rest[0], decimal)
            if not money and _MONEY_WORDS.search(rest[0]):
                raise UserError(N_("“{text}” is an amount of money. Write a share of the portfolio, like 40."), text=shown(rest[0]))  # noqa: TRY301 - told with the others
        except UserError as problem:
            problems.append(problem)
        else:
            _take(coin, value, values, problems)
    if len(tokens) % 2:
        problems.append(UserError(N_("{name} has no number behind it."), name=shown(tokens[-1])))
    if not tokens:
        problems.append(UserError(N_("There is nothing to read. Write it like this: BTC 40 ETH 30 ALT 20 USDT 10")))
    if len(tokens) > 2 * MAX_LINES:
        problems = [UserError(N_("That is too much at once: at most {count} names, each with its number."), count=MAX_LINES)]
    return Parsed(values={} if problems else values, problems=tuple(_distinct(problems)))


def _tokens(text: str) -> list[str]:
    """Split into names and numbers; spaces between thousands and before a per cent sign hold a number together."""
    plain = unicodedata.normalize("NFKC", text.strip())
    whole = _SPACED.sub(lambda match: match[0].replace(" ", ""), re.sub(r"\s+%", "%", plain))
    return [token for token in re.split(r"[\s=:;|]+|,\s+|,$", whole) if token]


def bands(text: str, decimal: str = "") -> tuple[dict[str, BandRule], tuple[UserError, ...]]:
    """Read ``BTC 5 ALT 10%``: a bare number is points of the portfolio, one with a per cent sign a share of the line's own target."""
    parsed, tokens = pairs(text, decimal), _tokens(text)
    relative = {name.strip("%").upper() for name, value in zip(tokens[::2], tokens[1::2], strict=False) if value.endswith("%")}
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

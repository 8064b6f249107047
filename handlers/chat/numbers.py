"""Numbers as people write them: thousands in groups, either decimal sign, other digits, 10k and 2 млн; and what else they could mean."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.exact import wide
from chatbot.errors import UserError
from chatbot.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Iterable

#: smallest and largest amount of a paper portfolio, quote
MIN_AMOUNT, MAX_AMOUNT = Decimal(100), Decimal(1_000_000_000)
#: no portfolio and no amount of a coin is larger than this
MAX_NUMBER = Decimal(10) ** 15
#: decimal signs of what is read: in money three digits behind a mark are thousands, a share has no thousands
MONEY, SHARE = "", ".,"
#: signs and words of money, with what each means; beside them the signs of three coins
CURRENCIES = {"us$": "USD", "$": "USD", "usd": "USD", "usdt": "USDT", "usdc": "USDC", "₮": "USDT", "€": "EUR", "eur": "EUR", "£": "GBP"} | {
    "gbp": "GBP",
    "¥": "JPY",
    "₽": "RUB",
    "rub": "RUB",
    "₹": "INR",
    "₺": "TRY",
    "₿": "BTC",
    "ξ": "ETH",
}
#: what people call money in words, as patterns; dollars of other countries are none
_WORDS = {
    "USD": r"d[oó]lar(?:es)?(?: (?:americanos|estadounidenses)(?!\w))?"
    r"|(?:(?<!\w)us )?dollars?|bucks?|(?<!\w)pavos?(?!\w)|долл\w*(?: сша(?!\w))?|бакс\w*",
    "EUR": r"euros?|евро",
    "RUB": r"руб\w*|(?<!\w)р(?!\w)",
    "UAH": r"грив[ен]\w*",
    "KZT": r"(?<!\w)тенге(?!\w)",
    "MXN": r"pesos?|песо",
    "BRL": r"reais|real",
    "OTHER": r"(?<!\w)(?!us)[a-z]{1,2}\$",
}
_DOLLARS = ("USD", "USDT", "USDC")
_DIGITS_MAX = 40
_MONEY = re.compile(
    "(?i)"
    + "|".join(f"(?P<{code}>{words})" for code, words in _WORDS.items())
    + "|"
    + "|".join(sorted(map(re.escape, CURRENCIES), key=len, reverse=True))
)
NOT_DOLLARS = N_("“{text}” is not in dollars. Amounts here are in US dollars: write it like 2500 or $2500.")
#: thousands may be apart by spaces and apostrophes, in groups of three at the end; the Indian count has two digits before
_NUMBER = re.compile(r"[+-]?(?:\d{1,3}(?:[ '_]\d{2,3})*[ '_]\d{3}(?:[.,]\d+)?|\d[\d.,]*\d|\d)")
#: whole part with thousands in groups; the groups of the Indian count have two digits
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:(?P<mark>[.,])(?:\d{2,3}(?P=mark))*\d{3})")
#: one mark with three digits behind it: thousands to some, thousandths to others
_TWOFOLD = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")
_TIMES = {
    Decimal(1_000): (
        *("k", "к", "тыс", "тысяч", "тысячи", "тысяча", "тысячу", "тыщ", "тыщи", "косарь", "косаря", "косарей"),
        *("mil", "thousand", "thousands", "grand"),
    ),
    Decimal(1_000_000): (
        *("m", "м", "kk", "кк", "mln", "млн", "mio", "лям", "ляма", "лямов", "million", "millions", "millón", "millones"),
        *("миллион", "миллиона", "миллионов"),
    ),
    Decimal(1_000_000_000): ("b", "bn", "млрд"),
}
#: words that multiply a number, by how much
FACTORS = {word: factor for factor, words in _TIMES.items() for word in words}
_FACTOR = re.compile(rf"(?i)(?<=[\d\s])({'|'.join(sorted(map(re.escape, FACTORS), key=len, reverse=True))})\.?$")
#: apostrophes that group thousands, and the marks and signs of Arabic numbers
MARKS = str.maketrans({"\u2212": "-", "’": "'", "ʼ": "'", "٫": ".", "٬": ",", "،": ",", "٪": "%"})
#: what stands between a sign and its number: the money has gone from there, or per cent stands first, as in Turkish
_SIGN_APART, _PER_CENT_FIRST = re.compile(r"(?<=^[+-])\s+(?=[\d.,])"), re.compile(r"(?:^|(?<=^[+-]))%\s?(?=[\d.,])")
_SHOWN = 24


#: fractions that are written with one sign, or as one number over another, and end after a few digits
_FRACTIONS = {
    "½": ".5",
    "¼": ".25",
    "¾": ".75",
    "⅛": ".125",
    "⅜": ".375",
    "⅝": ".625",
    "⅞": ".875",
    "⅕": ".2",
    "⅖": ".4",
    "⅗": ".6",
    "⅘": ".8",
}
_OVER = re.compile(r"(?<![\d/.,])(?:(\d{1,3}) )?(1/2|1/4|3/4)(?![\d/]|[.,]\d)")


def in_decimals(text: str) -> str:
    """Return a text with ½ and 1/2 as 0.5, and 1½ as 1.5; a third has no end, and stays."""
    signs = "".join(_FRACTIONS)
    plain = re.sub(rf"(?<![\d.,])(?:(\d+) ?)?([{signs}])", lambda match: f"{match[1] or 0}{_FRACTIONS[match[2]]}", text)
    return _OVER.sub(lambda match: f"{match[1] or 0}{ {'1/2': '.5', '1/4': '.25', '3/4': '.75'}[match[2]] }", plain)


def shown(text: str) -> str:
    """Return a short, harmless excerpt of what a person typed, for an answer that quotes it."""
    clean = " ".join("".join(c for c in text if c.isspace() or unicodedata.category(c)[0] != "C").split())
    return clean if len(clean) <= _SHOWN else clean[: _SHOWN - 1] + "…"


def trimmed(text: str, ends: str = " ,;.!") -> str:
    """Return a text without what stands around it; a mark before a digit begins a fraction: .5 is no 5."""
    bare = text.strip(ends)
    begun = text[: text.find(bare)]
    return begun[-1] + bare if bare[:1].isdecimal() and begun[-1:] and begun[-1] in ".," else bare


def whole(word: str) -> int | None:
    """Read a whole number once, as it will be kept; None where it is none, or longer than any that is meant."""
    bare = unicodedata.normalize("NFKC", word).strip()
    return int(bare) if re.fullmatch(r"[+-]?\d{1,6}", bare) else None


def number(text: str, decimal: str = MONEY) -> Decimal:
    """Read a number the way people write it: 1,000.50 · 1.000,50 · 1 000,5 · .5 · 10k · 2 млн · $250; raises :class:`UserError`.

    ``decimal`` has the signs that begin a fraction where one mark stands before three digits: the one of the person's language for amounts
    of coins, where 1.500 is one and a half to some and fifteen hundred to others; none for ``MONEY`` (fifteen hundred), both for a
    ``SHARE`` (one and a half). In any other number its shape tells.
    """
    bare, factor = _bare(text)
    digits = _plain(re.sub(r"[ '_]", "", bare), decimal) if _NUMBER.fullmatch(bare) and len(bare) <= _DIGITS_MAX else None
    if digits is None:
        raise UserError(N_("“{text}” is not a number. Write it like 2500 or 2,500.50."), text=shown(text))
    _refuse_signs(text, decimal)
    with wide():  # exactly what was typed, however many digits
        value = Decimal(digits) * factor
    if abs(value) > MAX_NUMBER:
        raise UserError(N_("“{text}” is too large."), text=shown(text))
    return value


def currency_of(text: str) -> str:
    """Return the currency or coin whose sign a number has; empty where it has none."""
    found = _MONEY.search(text)
    return (found.lastgroup or CURRENCIES[found[0].lower()]) if found else ""


def is_foreign(text: str) -> bool:
    """Tell whether a text names money that no exchange lists, by its sign or in words: roubles, £500."""
    return currency_of(text) not in ("", "EUR", "BTC", "ETH", *_DOLLARS)


def is_in_another_dollar(text: str, quote: str) -> bool:
    """Tell whether an amount is said to be of another dollar than ``quote``; one of just any dollars is not."""
    return currency_of(text) in set(_DOLLARS) - {"USD", quote}


def without_sign(text: str) -> str:
    """Return a number without its sign of money."""
    return _MONEY.sub("", text).strip()


def _refuse_signs(text: str, decimal: str) -> None:
    """Raise :class:`UserError` for a sign that a number of this kind cannot have."""
    currency, is_share = currency_of(text), "%" in unicodedata.normalize("NFKC", text).translate(MARKS)
    if decimal == SHARE and currency:
        plain = without_sign(text)
        raise UserError(N_("“{text}” is an amount of money. Write the number alone, like {plain}."), text=shown(text), plain=shown(plain))
    if decimal == MONEY and currency and currency not in _DOLLARS:
        raise UserError(NOT_DOLLARS, text=shown(text))
    if decimal == MONEY and is_share:
        raise UserError(N_("“{text}” is a share. Write an amount of money, like 2500."), text=shown(text))
    if decimal not in (MONEY, SHARE) and (currency or is_share):
        raise UserError(N_("“{text}” is not an amount of coins. Write how many coins it is, like 0.5."), text=shown(text))


def is_twofold(text: str) -> bool:
    """Tell whether a number reads two ways, a thousandfold apart, for want of any other sign: 1.234, but not 0.234 nor 1.2345."""
    return _TWOFOLD.fullmatch(re.sub(r"[ '_]", "", _bare(text)[0])) is not None


def decimal_sign_of(texts: Iterable[str]) -> str:
    """Return the decimal sign that the numbers of one message agree on beyond doubt, as 0.5 shows a point; else an empty string."""
    found = {sign for text in texts if (sign := _sign(re.sub(r"[ '_]", "", _bare(text)[0])))}
    return found.pop() if len(found) == 1 else ""


def _sign(digits: str) -> str:
    marks = [char for char in digits if char in ".,"]
    if not marks or _TWOFOLD.fullmatch(digits):
        return ""
    if len(marks) > 1 and len(set(marks)) == 1:  # only thousands come more than once
        return "," if marks[0] == "." else "."
    return marks[-1]


def _bare(text: str) -> tuple[str, Decimal]:
    """Return digits and marks without what stands around them, and what they are multiplied by."""
    bare = unicodedata.normalize("NFKC", _MONEY.sub("", text)).translate(MARKS)
    bare = bare.strip(" ~≈?!:=").rstrip("%.,").strip()
    bare = _SIGN_APART.sub("", bare) if _MONEY.search(text) else _PER_CENT_FIRST.sub("", bare)
    factor = Decimal(1)
    if times := _FACTOR.search(bare):
        bare, factor = bare[: times.start()].strip(), FACTORS[times[1].lower()]
    bare = "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in bare)
    return re.sub(r"^([+-]?)(?=[.,]\d)", r"\g<1>0", bare), factor


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
    return mark not in decimal and _GROUPED.fullmatch(digits) is not None and not digits.lstrip("+-").startswith("0")


def amount(text: str) -> Decimal:
    """Read a start amount; raises :class:`UserError` with the range when it is outside."""
    value = number(text, MONEY)
    if not MIN_AMOUNT <= value <= MAX_AMOUNT:
        raise UserError(
            N_("The amount must be between {low} and {high}; you wrote {text}."),
            low=MIN_AMOUNT,
            high=MAX_AMOUNT,
            text=shown(text),
        )
    return value

"""Prices that people write beside how much they hold: 0.5 BTC at 60000 is half a bitcoin, and nothing of a coin called AT."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chatbot.errors import UserError
from chatbot.i18n import N_
from handlers.chat.numbers import shown

if TYPE_CHECKING:
    from handlers.chat.names import Names

_TIMES = r"(?:(?:k|к|m|mil|тыс\.?|thousand)\b)"
_MONEY = r"(?:us\$|[$€£]|(?:usdt?|usdc|eur|dollars?|d[oó]lares|долл\w*|евро|euros?)\b)"
#: a number with its money, which is none where another number follows: at 60000 USDT 500
_NUMBER = (
    rf"{_MONEY}?\s?(?:\d{{1,3}}(?:[ ']\d{{3}})+(?![\d.,]*\d)|\d(?:[\d.,]*\d)?)\s?{_TIMES}?(?!\w)(?!\s?%)"
    rf"(?:\s?{_MONEY}(?!\s*[\d$€£]))?"
)
_EACH = r"(?:\s*(?:each|apiece|(?:per|a|por|за)\s+(?:coin|unit|moneda|unidad|штуку|монету|1|btc|eth)|cada un[oa]|/\s?(?:btc|eth|coin))\b)?"
_KIND = r"(?:avg|average|mean|entry|unit|buy|buying|purchase|средн\w+|закупочн\w+)\.?"
_PRICE = (
    rf"(?:{_KIND}\s+)?(?:price|rate|cost basis|costs?)|{_KIND}|worth|valued|precio(?:\s+(?:medio|de compra))?|coste|costo|valor"
    r"|(?:средн\w+\s+|закупочн\w+\s+)?(?:цен[аеуы]|курсу?|стоимост\w+)|сто[ия]т\w*"
)
_AT = r"@|(?:at|for|a|por|по|за)\b"
_BOUGHT = r"(?:bought|purchased|paid|comprad\w+|compr[eé]\w*|pagu[eé]|купи\w+|куплен\w*|покупа\w+)"
_PRICED = re.compile(
    rf"(?i)(?:(?<![\w.,-]){_BOUGHT}\s+)?(?P<said>(?<!\w)(?:{_PRICE})\b|(?:@|(?<!\w)(?:{_AT}))(?:\s*(?:an?|the|un|el|la)\b)?(?:\s*\b(?:{_PRICE})\b)?)"
    rf"[\s:=]*(?:(?:of|de|is|was|about|around)\s+)?[~≈]?\s?{_NUMBER}{_EACH}"
)
#: said before an amount of coins, as in a sentence
_GOT = re.compile(rf"(?i)(?<![\w.,]){_BOUGHT}\s+(?=[\d.,]*\d\s*[^\W\d]|[^\W\d_]\w*\s+[\d.,]*\d)")
#: bought, a price, or money: no coin is meant
_PLAIN = re.compile(rf"(?i)(?<!\w){_BOUGHT}(?!\w)|(?<!\w)(?:{_PRICE})(?!\w)|{_MONEY}")
_END = re.compile(r"[;\n]|,(?=\s)")
_WORD = re.compile(r"[^\W\d_]\w*|(?<=\d)[^\W\d_]+")


def without(text: str, names: Names, decimal: str) -> tuple[str, tuple[UserError, ...]]:
    """Return a list of amounts without the prices in it, and what may be a price or a coin of that name; ``decimal`` as in parsing.

    A word like "at" is a price where a coin stands before it. Where the exchange lists a coin of that name, it is asked about, and is
    the coin in large letters in an item of its own.
    """
    found: list[UserError] = []

    def left_out(match: re.Match[str]) -> str:
        before, said = text[: match.start()], match["said"].split()[0]
        if not _is_price(said, before, names):
            return match[0]
        if names.find(said) is not None and not _PLAIN.search(f"{_END.split(before)[-1]} {match[0]}"):
            if not _is_doubtful(said, before, names, decimal):
                return match[0]
            told = N_(
                "“{text}” may be a price, or an amount of {name}. Leave a price out; write a coin on a line of its own, in capital letters."
            )
            found.append(UserError(told, text=shown(match[0].strip()), name=names.find(said)))
        return " "

    plain = _PRICED.sub(left_out, text)
    if plain != text and not any(char.isalnum() for char in plain) and not found:
        found.append(UserError(N_("“{text}” is only a price. Write how much you hold, like 0.5 BTC."), text=shown(text.strip())))
    return _GOT.sub(" ", plain), tuple(found)


def _is_price(said: str, before: str, names: Names) -> bool:
    """Tell whether a price can be meant: by a word that says nothing else, or by one that stands behind a coin."""
    return len(said) > len("por") or said == "@" or _names_one(before, names)


def _names_one(text: str, names: Names) -> bool:
    return any(names.find(word) is not None for word in _WORD.findall(text))


def _is_doubtful(said: str, before: str, names: Names, decimal: str) -> bool:
    """Tell whether a listed coin's name may be such a word: in small letters behind a coin, in large ones in the same item of the list.

    In English "a" is none, so it is the coin where the others are written in small letters too, or A where they are in large ones.
    """
    item = _END.split(before)[-1]
    coins = [word for word in _WORD.findall(item) if names.find(word) is not None]
    if said.casefold() == "a" and decimal == ".":
        return any(said.isupper() != coin.isupper() for coin in coins)
    return bool(coins and re.search(r"\d", item)) or (said.islower() and _names_one(before, names))

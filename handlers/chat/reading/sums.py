"""Sums that come, go, or are kept out, as people write them: 500, 0.1 BTC, all ADA, todo mi BTC, вложить 500; and what no sum is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chatbot.errors import UserError
from chatbot.i18n import N_
from handlers.chat import amounts, names, numbers
from handlers.chat.amounts import Typed
from handlers.chat.reading import numerals
from handlers.chat.reading.typed_lists import ALL

if TYPE_CHECKING:
    from collections.abc import Collection
    from decimal import Decimal

    from handlers.chat.names import Names

_OF = r"(?:\s+(?:of|it|them|in|the|my|mine|el|la|los|las|mi|mis|de|del|en|мо\w+|сво\w+|в)\b)*"
_EVERY = (
    r"all (?:there is|i have)|lo que (?:hay|tengo)|вс[её],? что (?:у меня )?есть"
    r"|all|everything|whole|entire|max|maximum|tod[oa]s?|máximo|вс[её]|вся|всю|весь|всех|всего|максимум"
)
#: all of it, with what belongs to that
_ALL = re.compile(rf"(?i)(?<!\w)(?:the\s+)?(?:{_EVERY})(?!\w){_OF}(?!\w)")
#: one all for several coins: all ADA and SOL
_AND_ALL = re.compile(
    rf"(?i)({ALL}\s*(?P<first>[^\W\d_]\w*))\s*(?:,|&|\+|(?<!\w)(?:and|y|и)(?!\w))\s*(?P<next>[^\W\d_]\w*)(?!\w)(?!\s*[:=]?\s*[\d{ALL}])"
)
#: half of what there is, or a share of it: how much that is nobody has written
_SHARE = re.compile(
    r"(?i)(?<!\w)(?:(?<!and a )half|a third|a quarter|most|part|some)\s+(?:of\s+)?(?!an?\b|of\b|million|thousand)"
    r"(?:(?:the|my|it)\b\s*)?[^\W\d_]\w*"
    r"|(?<!\w)(?:la\s+)?mitad(?!\s+de\s+una?\b)(?:\s+del?\b)?(?:\s+(?:mis?|el|la|los)\b)?(?:\s+[^\W\d_]\w*)?"
    r"|(?<!\w)(?<!с )(?:половин|треть|четверть|часть)\w*(?:\s+(?:мо\w+|сво\w+))?(?:\s+[^\W\d_]\w*)?|(?<!\w)half$"
)
#: what is to be left, and not what is to be taken
_LEFT = re.compile(r"(?i)(?:(?:but|except(?: for)?|apart from|leaving|(?<!al )menos|excepto|salvo|кроме)\s+[\d.,]*\d(?:\s*[^\W\d_]\w*)?)")
#: a bare number in something: money that is to become it, or so many of it
_INTO = re.compile(r"(?i)(?<![\w.,$€£])(?P<number>\d(?:[\d.,' ]{0,30}\d)?)\s*(?:in|into|to|on|en|a|в|на)\s+(?P<coin>[^\W\d_]\w*)")
#: what is said around a sum and changes nothing about it
_AROUND = re.compile(
    r"(?i)(?<!\w)(?:please|i want to|i['’]d like to"
    r"|now|today|just|only|another|more|extra|about|around|of it|of them|i|i['’]ve|we|have|start(?:ing)?(?: with)?"
    r"|in (?:cash|usdt?)|(?:from|to) (?:my |the )?(?:bank|card|salary|wages?|account|wallet)|salary"
    r"|(?:de|desde|a) (?:mi |la |el )?(?:banco|tarjeta|sueldo|cuenta)|en efectivo|sueldo|tengo|empez\w+(?: con)?"
    r"|(?:с|со|на|из) (?:мо\w+ )?(?:карт\w+|банк\w*|зарплат\w+|сч[её]т\w*)|зарплата|наличными|у меня|есть|начать с|начн[её]м с"
    r"|invest(?:ed)?|deposit(?:ed)?|withdr[ae]w|(?:put|add|send|sent|paid|take|took|pull)(?:ed)?(?:\s+(?:in|out))?|transferred|added"
    r"|keep|hold|hodl|reserve|save|set aside|leave|at least|out|aside|(?:do not|don['’]?t|never)\s+(?:sell|touch|trade)"
    r"|por favor|quiero|quisiera|ahora|hoy|otros|otras|unos|unas|aprox\.?|más"
    r"|invertir|invierte|invert[íi]|ingres\w+|deposit[aeoóé]\w*|retir\w+|añad\w+"
    r"|sac(?:ar|o|a|ó|ado)|saqué|met(?:er|o|í|ido)|he(?= \w+[aií]do\b)|acabo de"
    r"|guard\w+|apart[aeoé]\w*|reserv\w+|al menos|no\s+(?:vend\w+|toc\w+|toques)"
    r"|пожалуйста|хочу|инвестир\w+|сейчас|сегодня|ещё|еще|около|примерно|влож\w+|вклад\w+|внес\w+|внёс|внест\w+|пополн\w+(?: на)?"
    r"|выве\w+|вывод\w*|снять|снял\w*|добав\w+|(?:за)?кин\w+|полож\w+|перев[её]\w+"
    r"|отлож\w+|остав\w+|сохран\w+|держ\w+|придерж\w+|не меньше|не\s+(?:прода\w+|трога\w+))(?!\w)"
)
#: all that is kept of a coin is given back
_BACK = re.compile(
    r"(?i)(?<!\w)(?:give\s+back|release|return|free|no|none of|nothing of|without|devolver|devuelve|libera\w*|nada de|sin"
    r"|верн\w+|вернуть|нисколько|ничего|без)"
    rf"(?:\s+{ALL})?{_OF}\s+(?P<coin>[^\W\d_]\w*)(?!\s*[:=]?\s*[\d{ALL}])|(?P<last>[^\W\d_]\w*)\s+(?:none|nothing|nada|back|нет|ничего)(?!\w)"
)
#: that nothing is to be kept
_NOTHING = re.compile(r"(?i)\W*(?:nothing|none|no|nada|ningun[oa]|ничего|нисколько|0)\W*")
_SO_MANY = r"\d*[.,]?\d[\d.,]*"
#: by how much what is kept changes: how much is kept in all is not known by that
_CHANGE = re.compile(
    r"(?i)(?<!\w)(?:another|extra|add(?:ed)?|otr[oa]s?|añad\w+|ещё|еще|добав\w+)"
    rf"\s+{_SO_MANY}(?:\s*[^\W\d_]\w*)?|(?:^|[,;])\s*\+\s*{_SO_MANY}(?:\s*[^\W\d_]\w*)?"
    rf"|(?<![\w.,]){_SO_MANY}(?:\s*[^\W\d_]\w*)?\s+(?:more|extra|less|back|más|menos|больше|меньше|назад)(?!\w)"
    r"|(?<!\w)(?:give(?: back)?|return|release|devolver|devuelve|libera\w*|верн\w+)"
    rf"\s+{_SO_MANY}(?:\s*[^\W\d_]\w*)?"
)
#: what is said behind an amount in Europe: 10.000,-
_NO_CENTS = re.compile(r"(?<=\d)[.,]-(?!\d)|(?<=\d)-ish(?!\w)")
#: said of a sum, by what else could be meant: coins have amounts of their own, and money alone has none
_A_PART = N_("“{text}” is a part of it. Write how much that is, like 0.2 BTC.")
_A_PART_OF_MONEY = N_("“{text}” is a part of it. Write how much money that is, like 500, or all.")
_NO_MONEY = N_("“{text}” is not an amount of money. Write one, like 500, or all.")
_WHICH = UserError(N_("Say which coin, like all BTC."))
#: words that say which way it goes; money from a bank or to one goes both ways
_LEAVES = re.compile(
    r"(?i)(?<!\w)(?:withdr[ae]w\w*|take|took|pull(?:ed)?|cash(?:ed)? out|retir\w+|sac(?:ar|o|a|ó|ado)|saqué"
    r"|выве\w+|вывод\w*|снять|снял\w*|снима\w+|забра\w+)(?!\w)"
)
_COMES = re.compile(
    r"(?i)(?<!\w)(?:deposit\w*|put|add(?:ed)?|invest(?:ed)?|invert\w+|ingres\w+|añad\w+|met(?:er|o|í|ido)"
    r"|влож\w+|внес\w+|внёс|внест\w+|пополн\w+|добав\w+|закин\w+|полож\w+)(?!\w)"
)
_BANK = re.compile(
    r"(?i)(?<!\w)(?:bank|card|salary|wages?|account|banco|tarjeta|sueldo|cuenta|карт\w+|банк\w*|зарплат\w+|сч[её]т\w*)(?!\w)"
)


def refuse_the_other_way(text: str, *, comes: bool) -> None:
    """Refuse a sum that is said to go the other way than it would be noted. Raises :class:`UserError`."""
    other = (_LEAVES if comes else _COMES).search(text)
    if other is None or _BANK.search(text) is not None:
        return
    leaves = N_("“{text}” is about money that goes out. Send that with /withdraw, like /withdraw 500.")
    arrives = N_("“{text}” is about money that comes in. Send that with /deposit, like /deposit 500.")
    raise UserError(leaves if comes else arrives, text=numbers.shown(other[0]))


def refuse_what_chooses(text: str, instruments: Collection[str]) -> None:
    """Refuse money that is to become a coin that is named: new money goes where it is missing. Raises :class:`UserError`."""
    into, known = _INTO.search(names.in_one_word(text)), names.of_coins(instruments)
    if into is not None and (coin := known.find(into["coin"])) is not None and coin not in names.MONEY:
        told = N_("I put the money where it is missing most, so no coin can be chosen. Write the amount alone, like /invest {number}.")
        raise UserError(told, number=into["number"].strip())


def moved(text: str, instruments: Collection[str], quote: str, decimal: str, *, all_is: str = "") -> Typed:
    """Read a sum that comes or goes: money, or coins with their amounts, or all of a coin; a number alone is of the quote coin.

    ``all_is`` is the coin that "all" alone is of, where there can be but one: then a part of it is told as a part of that.
    """
    return _read(text, instruments, quote, decimal, bare=True, all_is=all_is)


def start_amount(text: str) -> Decimal:
    """Read what a paper portfolio starts with; raises :class:`UserError`."""
    plain = numbers.trimmed(_AROUND.sub(" ", _NO_CENTS.sub("", numerals.in_digits(numbers.in_decimals(text)))), " ,;.!=:")
    return numbers.amount(plain or text)


def kept(text: str, instruments: Collection[str], quote: str, decimal: str) -> Typed:
    """Read what is to be kept out of a portfolio: amounts of coins, or all of them; 0 of what is given back."""
    known = names.of_coins(instruments)
    if _NOTHING.fullmatch(text):
        return Typed(problems=(UserError(N_("Say which coin to give back, like BTC 0.")),))
    if (change := _CHANGE.search(text)) is not None:
        told = N_("“{text}” says by how much it changes. Write how much is kept out in all, like 0.2 BTC.")
        return Typed(problems=(UserError(told, text=numbers.shown(change[0].strip(" ,;"))),))
    plain = _BACK.sub(
        lambda match: f" {match['coin'] or match['last']} 0 " if known.find(match["coin"] or match["last"]) else match[0],
        _every(text, known),
    )
    return _read(plain, instruments, quote, decimal, bare=False)


def _read(text: str, instruments: Collection[str], quote: str, decimal: str, *, bare: bool, all_is: str = "") -> Typed:
    known = names.of_coins(instruments)
    if (problem := _no_sum(text, known, of_money=bool(all_is))) is not None:
        return Typed(problems=(problem,))
    said = _NO_CENTS.sub("", _every(names.in_one_word(text), known))
    plain = _and_all(numbers.trimmed(_AROUND.sub(lambda match: match[0] if known.find(match[0]) else " ", said)), known)
    if plain == ALL:
        return Typed(every=(all_is,)) if all_is else Typed(problems=(_WHICH,))
    if bare and not _says_something(numerals.in_digits(plain, known), known):
        told = _NO_MONEY if all_is else N_("“{text}” is not an amount. Write one above 0, like 500 or 0.1 BTC.")
        return Typed(problems=(UserError(told, text=numbers.shown(text.strip())),))
    alone: UserError | None = None
    if bare:
        in_digits = numerals.in_digits(plain, known)
        try:
            if not numbers.is_in_another_dollar(in_digits, quote):
                return Typed(holdings={quote: numbers.number(in_digits)})
        except UserError as mistake:  # it may be about coins
            said = text if ALL in plain else plain
            alone = mistake if in_digits == said else UserError(mistake.msgid, text=numbers.shown(said))
    read = amounts.understood(plain or text, instruments, quote, decimal, every=True)
    if alone is not None and (not _names_anything(plain) or (read.problems and (_is_money(plain, known) or not _has_words(plain)))):
        return Typed(problems=(alone,))
    return Typed(problems=(_WHICH,)) if any(ALL in str(problem) for problem in read.problems) else read


def _every(text: str, known: Names) -> str:
    """Write all of it in one sign; where a coin is called so, it is the coin."""
    return _ALL.sub(lambda match: match[0] if known.find(match[0].split()[0]) else f" {ALL} ", text)


def _and_all(text: str, known: Names) -> str:
    """Write one all of several coins before each of them."""

    def each(match: re.Match[str]) -> str:
        return f"{match[1]}, {ALL} {match['next']}" if known.find(match["next"]) and known.find(match["first"]) else match[0]

    before = ""
    while before != text:
        before, text = text, _AND_ALL.sub(each, text)
    return text


def _no_sum(text: str, known: Names, *, of_money: bool) -> UserError | None:
    """Return why a text says no sum: a share of what there is, what is to be left of it, or a number that may be money or coins."""
    if (left := _LEFT.search(text)) is not None:
        return UserError(N_("“{text}” says what is left over. Write how much you mean, like 0.2 BTC."), text=numbers.shown(left[0]))
    share = _SHARE.search(text)
    if share is not None:
        return UserError(_A_PART_OF_MONEY if of_money else _A_PART, text=numbers.shown(share[0]))
    into = _INTO.search(text)
    coin = known.find(into["coin"]) if into is not None else None
    if into is not None and coin is not None and coin not in names.MONEY:
        told = N_("“{text}” could be dollars or a number of coins. Write ${number}, or {number} {coin}.")
        return UserError(told, text=numbers.shown(into[0]), number=into["number"], coin=coin)
    return None


def _says_something(text: str, known: Names) -> bool:
    """Tell whether there is a number in a text, or the name of a coin."""
    return any(char.isdecimal() or char == ALL for char in text) or any(known.find(word) for word in re.findall(r"[^\W\d_]\w*", text))


def _names_anything(text: str) -> bool:
    """Tell whether a text has letters, or the sign of a coin."""
    return any(map(str.isalpha, text)) or numbers.currency_of(text) in ("BTC", "ETH")


def _has_words(text: str) -> bool:
    """Tell whether something in a text begins with a letter; 1e9 is no number, and no name either."""
    return re.search(r"(?<!\w)[^\W\d_]", text) is not None


def _is_money(text: str, known: Names) -> bool:
    """Tell whether a text names a currency, and no coin: what is wrong with it is about the money."""
    words = re.findall(r"[^\W\d_]\w*", text)
    return bool(numbers.currency_of(text)) and not any((name := known.find(word)) and name not in names.MONEY for word in words)

"""A list as people write it, taken apart into names and numbers: bullets, tables, sentences, what was copied from elsewhere."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from chatbot.values import dataclass
from handlers.chat import numbers

if TYPE_CHECKING:
    from handlers.chat.names import Names

#: in place of a number: all of it
ALL = "∞"
_SIGN = "[" + re.escape("".join(sign for sign in numbers.CURRENCIES if len(sign) == 1) + "Ξ") + "]"
_MONEY = rf"(?:(?:US)?{_SIGN} ?-?[\d.,][\d.,' ]*|[\d.,][\d.,' ]* ?(?:(?:US)?{_SIGN}|(?:USD|EUR|USDT)\b))"
#: what stands behind an amount to say what it is worth, as the bot writes it: ≈ $500, ≈ —, ($500)
_WORTH = re.compile(rf"(?i)≈ ?(?:{_MONEY}|—)|\( ?[≈~=]? ?{_MONEY}\)")
#: thousands apart by spaces, inside a longer text
_SPACED = re.compile(r"(?<![\w.,])\d{1,3}(?: \d{3})+(?!\w)")
_BULLET = re.compile(r"^\s*(?:[•‣▪◦●○■□*·–—>✓✔+]+\s*|-+(?=\s|[^\W\d])\s*)+")
_ENUMERATED = re.compile(
    r"(?m)^[^\S\n]{0,20}[(#]?(?:\d{1,2}|[a-zа-я])\)\s{0,3}|(?<!\S)(?:(?:\d{1,2}|[a-zа-я])\)|#\d{1,2}\b|№ ?\d{1,2}\b)\s{0,3}"
)
_ENCLOSED = re.compile(r"(?<=\S)([^\S\n]*)\(([^()\n]*)\)|\(([^()\n]{3,})\)")
_ENUMERATED_LINE = re.compile(r"^\s*\d{1,2}\.(?:\s+|(?=[^\W\d]))")
#: a digit on a key, at the beginning of a line; 1.-, 1º; a digit in a circle
_KEYCAP = re.compile(
    r"(?m)^[^\S\n]{0,20}(?:\d\ufe0f?\u20e3|\U0001f51f|\d{1,2}(?:\.?-(?!\d)|[ºª°][.)]?)(?=\s))|[\u2460-\u249b\u2776-\u2793]"
)
#: a line that says what all of it is worth
_TOTAL = re.compile(
    rf"(?im)^[^\w\n]{{0,20}}(?:(?:grand )?total|sum|overall|altogether|en total|suma|valor total|итого|всего|сумма)"
    rf"\s*[:=≈~-]*\s*{_MONEY}\s*$"
)
_LONG_TIMES = "|".join(word for word in numbers.FACTORS if len(word) > 2)
#: 10 k; where a coin is called so, it is the coin
_SHORT_TIMES = re.compile(r"(?i)(?<=\d) (kk?|кк?)(?!\w)")
#: written before the number is looked at: what belongs to it
_JOINED = (
    (re.compile(r"(?i)(?<=\d)\s*(?:%|per ?cent\b|pct\b|por ?ciento\b|процент\w*)"), "%"),
    (re.compile(rf"(?i)(?<=\d)\s+({_LONG_TIMES})\b\.?"), r"\1"),
    (re.compile(r"(?<!\S)%\s?([\d.,]+)(?!\S)"), r"\1%"),
    (re.compile(rf"({_SIGN})\s+(?=[\d.,])"), r"\1"),
    (re.compile(rf"(?<=\d)\s+({_SIGN})(?![.,]?\d|\w)"), r"\1"),
    (_SPACED, lambda match: match[0].replace(" ", "")),
)
#: ends of a pair, wherever they stand
_END = re.compile(r"[;\n]|,(?=\s|$)|(?<=[^\d\s;:=|]),|,(?=[^\W\d])|\.(?=\s|$)")
#: what may stand between a name and its number
_BETWEEN = re.compile(r"[\s|=:×→]+|(?<!\S)[-–—+&·/>]+(?!\S)|(?<=[\w%])[–—]|->|=>|\.{2,}|(?<=\w)&(?=\w)|(?<=[^\W\d_])\+(?=[\d.,])")
_TIMES = "|".join(numbers.FACTORS)
_NUMBER = re.compile(rf"(?i)(?:US)?{_SIGN}?[+-]?(?:US)?{_SIGN}?[.,]?\d[\d.,'_]*(?:{_TIMES})?\.?%?{_SIGN}?")
_AMERICAN = re.compile(r"(?i)^us\$")
_GLUED = re.compile(r"([+-]?[.,]?\d[\d.,'_]*%?)([^\W\d_].*)|(.*[^\W\d_])-?([.,]?\d[\d.,'_]*%?)")
#: words that name nothing where they are no names themselves: 0.5 BTC and 4 ETH
NOISE = frozenset(
    (
        *("and", "plus", "also", "of", "i", "have", "hold", "own", "my", "the", "in", "x", "got", "ve", "coins", "coin", "tokens"),
        *("y", "e", "el", "los", "las", "de", "en", "más", "mas", "tengo", "mis", "son", "monedas", "moneda"),
        *("и", "а", "в", "ещё", "у", "меня", "есть", "монет", "монеты", "штук", "штуки", "штука", "шт"),
        *("only", "just", "solo", "sólo", "solamente", "только", "всего"),
        *("about", "approximately", "approx", "around", "roughly", "circa", "ca", "nearly"),
        *("please", "pls", "thanks", "thx", "por", "favor", "gracias", "пожалуйста", "спасибо"),
        *("on", "wallet", "ledger", "trezor", "binance", "bybit", "kraken", "coinbase", "metamask", "мой", "мои", "mi", "на"),
        # over the columns of an exchange's page; what is locked in orders is an amount of its own
        *("available", "total", "balance", "free", "amount", "quantity", "estimated", "trc20", "erc20", "bep20"),
        *(
            "account",
            "cuenta",
            "счёте",
            "счете",
            "disponible",
            "disponibles",
            "saldo",
            "cantidad",
            "estimado",
            "unidades",
            "доступно",
            "баланс",
            "итого",
            "количество",
        ),
        *("unos", "unas", "aprox", "aproximadamente", "casi", "около", "примерно", "приблизительно"),
    )
)


@dataclass(frozen=True, slots=True)
class Token:
    """A name or a number."""

    #: as it was written
    text: str
    #: what it names; empty where it names nothing that is known
    name: str = ""
    is_number: bool = False


def segments(text: str, names: Names) -> list[list[Token]]:
    """Return what was written, line by line and comma by comma, each with its names and numbers; headings are left out."""
    lines = [_line(line, names) for line in _prepared(text).split("\n")]
    if any(token.is_number for line in lines for part in line for token in part):
        lines = [line for line in lines if not _is_heading(line)]
    return [part for line in lines for part in line if part]


def _prepared(text: str) -> str:
    """Take away what only looks: quotes, brackets, emoji, what amounts are worth."""
    plain = unicodedata.normalize("NFKC", _KEYCAP.sub(" ", _in_columns(numbers.in_decimals(text)))).translate(numbers.MARKS)
    plain = "".join(char for char in plain if char == "\n" or unicodedata.category(char) not in ("Cf", "Cc", "Mn"))
    plain = "".join(" " if unicodedata.category(char) == "So" else char for char in plain)
    plain = re.sub(r"""[“”„«»"`´{}\[\]]|(?<!\d)'|'(?!\d)""", " ", _TOTAL.sub("", plain))
    plain = re.sub(r"\*|(?<![^\W_])_+|_+(?![^\W_])", " ", plain)  # marks of bold and slanted letters
    return re.sub(r"[()≈~±]|\+/?-(?=\s?[\d.,])", " ", _ENUMERATED.sub(" ", _ENCLOSED.sub(r" \2\3 ", _WORTH.sub(" ", plain))))


def _in_columns(text: str) -> str:
    """Return a table's columns apart: 4 and 500 beside each other are no 4 500."""
    return re.sub(r"[\t\v\f]", " | ", re.sub(r"\r\n?|[\u2028\u2029]", "\n", text))


def _line(line: str, names: Names) -> list[list[Token]]:
    bare = _ENUMERATED_LINE.sub("", _BULLET.sub("", line))
    bare = _SHORT_TIMES.sub(lambda times: times[0] if names.find(times[1]) else times[1], bare)
    for pattern, instead in _JOINED:
        bare = pattern.sub(instead, bare)
    return [_tokens(part, names) for part in _END.split(bare)]


def _tokens(text: str, names: Names) -> list[Token]:
    words = [word.rstrip(".") if word[:1].isalpha() else word for word in (word.strip("!?") for word in _BETWEEN.split(text))]
    said = (token for word in words if word for token in _token(word, names))
    return [token for token in said if token.name or token.text.casefold() not in NOISE]


def _token(word: str, names: Names) -> list[Token]:
    """Return what one word is: a name, a number, or one of each without a space between them."""
    name = names.find(word)
    if name is not None and not _is_plain(word):
        return [Token(word, name)]
    glued = _GLUED.fullmatch(word)
    if glued is not None and not names.any:
        amount, name = (glued[1], glued[2]) if glued[1] else (glued[4], glued[3])
        if found := names.find(name):
            pair = [Token(name, found), Token(amount, is_number=True)]
            return pair[::-1] if glued[1] else pair
    if "/" in word and re.search(r"\d/[^\W\d]|[^\W\d]/\d", word):
        return [token for part in word.split("/") if part for token in _token(part, names)]
    letters = sum(char.isalpha() for char in word)
    is_number = word == ALL or (
        _AMERICAN.sub("$", word).lstrip("+-.,$€£¥₽₹₺₿Ξ₮")[:1].isdecimal()
        and not (letters > 1 and word.isalnum() and not _NUMBER.fullmatch(word))
    )
    return [Token(word, is_number=is_number)]


def _is_plain(word: str) -> bool:
    """Tell whether a word is digits and marks alone: it is a number even where a coin is called so."""
    return not any(char.isalpha() for char in word)


def _is_heading(line: list[list[Token]]) -> bool:
    """Tell whether a line has neither a number nor a known name, or is a sentence."""
    tokens = [token for part in line for token in part]
    return not any(token.is_number for token in tokens) and (len(tokens) > 3 or not any(token.name for token in tokens))

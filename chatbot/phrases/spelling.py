"""Words as they are compared: without accents, case and apostrophes; a Chinese sign is a word of its own."""

from __future__ import annotations

import re
import unicodedata

from chatbot.values import dataclass

#: letters that are written in two ways, or look alike on another keyboard
_SAME = str.maketrans({"ı": "i", "ى": "ي", "ة": "ه", "ک": "ك", "ی": "ي", "ـ": None})
_SIGN = "\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(
    r"(?P<number>[-+]?(?:us\$|[$₮€£¥₽₹₺])?\s?(?:\d{1,3}(?:[ '_]\d{3})+(?:[.,]\d+)?|\d[\d.,]*\d|[.,]?\d+)(?!\d))(?P<money>\s?[$₮€£¥₽₹₺])?"
    rf"|(?P<sign>[{_SIGN}])"
    r"|(?P<share>[%٪％])"
    rf"|(?P<word>(?:(?![{_SIGN}])[^\W\d_])+(?:['’ʼ`](?:(?![{_SIGN}])[^\W\d_])+)*)",
    re.IGNORECASE,
)
_APOSTROPHE = re.compile(r"['’ʼ`]")


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a number or a per cent sign of a sentence."""

    #: as it was written
    written: str
    #: as it is compared; empty for a number
    plain: str
    #: it stands behind an apostrophe behind digits, as Turkish endings do: 500'ü
    is_ending: bool = False

    @property
    def is_number(self) -> bool:
        """Tell whether this is a number, with the sign of its money if it has one."""
        return not self.plain

    @property
    def before_apostrophe(self) -> str:
        """Return what stands before the apostrophe in a word: BTC'yi is BTC; empty without one."""
        return _APOSTROPHE.split(self.written, maxsplit=1)[0] if _APOSTROPHE.search(self.written) else ""


def plain(text: str) -> str:
    """Return words in small letters without accents and marks and with single spaces: São Paulo is sao paulo."""
    bare = "".join(char for char in unicodedata.normalize("NFKD", text.casefold()) if unicodedata.category(char) not in ("Mn", "Cf"))
    return " ".join(bare.split())


def tokens(text: str) -> tuple[Token, ...]:
    """Take a text apart; what is neither a word nor a number says nothing here."""
    found: list[Token] = []
    for match in _WORD.finditer(text):
        written = match[0].strip()
        if match.lastgroup in ("number", "money"):
            found.append(Token(written, ""))
        else:
            glued = match.start() > 0 and _APOSTROPHE.fullmatch(text[match.start() - 1]) is not None
            found.append(Token(written, compared(written), is_ending=glued and bool(found) and found[-1].is_number))
    return tuple(found)


def compared(word: str) -> str:
    """Return a word as it is compared with those of the lists."""
    return _APOSTROPHE.sub("", plain(word)).translate(_SAME)

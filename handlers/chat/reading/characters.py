"""What keyboards, tables and phones put into a text beside what is meant: hidden signs, other spaces, digits and marks."""

from __future__ import annotations

import re
import unicodedata

#: all that a line has between words, but for the tab of a table
_SPACE = re.compile(r"[^\S\n\t\r]")
#: several spaces say no more than one, but between digits: there they are columns, and 4 and 500 no 4 500
_SPACES = re.compile(r"(?<!\d) {2,}| {2,}(?!\d)")
#: marks of Arabic and Chinese keyboards; the wide ones have the same places as the narrow ones, further up
_WIDE = {0xFEE0 + narrow: narrow for narrow in range(0x21, 0x7F)}
_MARKS = str.maketrans(
    {0xFEE0 + narrow: narrow for narrow in range(0x21, 0x7F)} | {"\u2212": "-", "٪": "%", "؛": ";", "؟": "?", "。": ". "}
)
#: what parts the items of a list there, often without a space; between digits it may be within one number, but for a mark of lists alone
_PARTS = re.compile(r"[，،](?!\d)|(?<!\d)[，،]|、")
#: per cent before its number, as Turkish writes it: %50, −%50
_PER_CENT_FIRST = re.compile(r"(?<![^\s(:=+\-/,;])%(\d(?:[\d.,]*\d)?)(?!\d|\s?%(?!\d))")


def plain(text: str) -> str:
    """Return a text with its letters in one piece, one kind of space, mark and digit, and nothing that cannot be seen; %50 is 50%."""
    seen = "".join(char for char in unicodedata.normalize("NFC", text) if unicodedata.category(char) != "Cf")
    digits = "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in seen)
    marked = _PARTS.sub(", ", digits).translate(_MARKS)
    return _PER_CENT_FIRST.sub(r"\1%", _SPACES.sub(" ", _SPACE.sub(" ", marked))).strip()

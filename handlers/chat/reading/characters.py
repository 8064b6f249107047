"""What keyboards, tables and phones put into a text beside what is meant: hidden signs, other spaces, other digits."""

from __future__ import annotations

import re
import unicodedata

#: all that a line has between words, but for the tab of a table
_SPACE = re.compile(r"[^\S\n\t\r]")
#: several spaces say no more than one, but between digits: there they are columns, and 4 and 500 no 4 500
_SPACES = re.compile(r"(?<!\d) {2,}| {2,}(?!\d)")
_MINUS = str.maketrans({"\u2212": "-"})


def plain(text: str) -> str:
    """Return a text with its letters in one piece, one kind of space, of minus and of digits, and nothing that cannot be seen."""
    seen = "".join(char for char in unicodedata.normalize("NFC", text) if unicodedata.category(char) != "Cf")
    digits = "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in seen)
    return _SPACES.sub(" ", _SPACE.sub(" ", digits)).translate(_MINUS).strip()

"""Text from right to left with what runs the other way in it: signs, numbers, coins and commands keep their order, lines their side.

A message in Arabic is full of what is written from left to right. Left to itself, "+6.2" shows its sign behind it, "/status" its slash, and
a line that begins with a coin stands at the left. The marks that mend it (Unicode's isolates, UAX 9) are invisible and have no width.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from chatbot.i18n import SAID

if TYPE_CHECKING:
    from re import Match

#: a mark that counts as a letter of Arabic; beginnings of what runs from left to right, or as its first letter does; their end
RLM, LRI, FSI, PDI = "\u200f", "\u2066", "\u2068", "\u2069"
_RTL: Final = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
_OF_RTL: Final = re.compile(f"[{_RTL}]")
#: marks, but for those that somebody typed in what is copied, or sent once more by a button: it stays to the character
_MARKS: Final = re.compile("(<code>.*?</code>)|[\u200e\u200f\u2066-\u2069]", re.DOTALL)
_TAG: Final = re.compile(r"<[^>]*>")
_LETTER: Final = rf"(?:(?![{_RTL}])[\w∞])"
#: a word or number with its signs, several that an arrow or a space which does not break holds together
_RUN: Final = rf"[/+−±≈≤≥$€£@#.\-]*{_LETTER}(?:(?:[.,:/–'’@+\-−×%$€?=#]|\u00a0|\u202f| → )*{_LETTER})*(?:\u00a0?[%$€£₽])*"
#: what is kept whole, then what runs from left to right, then the signs that look or point the other way in Arabic
_PARTS: Final = re.compile(rf"(?P<code>[+−±≈]?<code>.*?</code>)|(?P<tag><[^>]*>|&\w+;)|(?P<run>{_RUN})|(?P<sign>[→,;](?=\s))", re.DOTALL)
_SIGNS: Final = {"→": "←", ",": "،", ";": "؛"}
#: a number, or a word that begins with a letter: it comes out right without a mark
_SAFE: Final = re.compile(r"\d+(?:[.,:/]\d+)*|(?!\d)\w+(?:[./:+\-']\w+)*")
_BLOCK: Final = re.compile(r"(<pre>.*?</pre>)", re.DOTALL)
#: the end of a line, but for those inside of what is copied: a mark before a command would keep it from being one
_END: Final = re.compile(r"\n(?![^<]*</code>)")


def is_rtl(text: str) -> bool:
    """Tell whether a text is said in a language from right to left, whatever it quotes: by a sentence in it, or its mark."""
    return SAID in text or _TAG.sub("", text).startswith(RLM)


def directed(text: str) -> str:
    """Return a message, HTML or plain, with marks where it is one from right to left; given it again, the same."""
    if not is_rtl(text):
        return text
    blocks = _BLOCK.split(_MARKS.sub(lambda found: found[1] or "", text.replace(SAID, "")))
    marked = "".join(_PARTS.sub(_in_table if block.startswith("<pre>") else _in_text, block) for block in blocks)
    first, *lines = _END.split(marked)
    return "\n".join((_marked(first), *map(_begun, lines)))


def _in_text(found: Match[str]) -> str:
    part = found[0]
    if found["tag"] or "\n" in part:
        return part
    if found["sign"]:
        return _SIGNS[part]
    return part if _SAFE.fullmatch(_TAG.sub("", part)) else _isolated(part)


def _in_table(found: Match[str]) -> str:
    """Isolate every cell: the spaces between two would else run as the cells do, and the columns change places."""
    return _isolated(found[0]) if found["run"] else found[0]


def _isolated(part: str) -> str:
    return f"{FSI if _OF_RTL.search(part) else LRI}{part}{PDI}"


def _begun(line: str) -> str:
    """Begin a line at the right, whatever its first word is, also where a client looks into an isolate for its first letter."""
    bare = _TAG.sub("", line)
    first = next((kind for kind in map(unicodedata.bidirectional, bare) if kind in ("L", "R", "AL", "LRI", "FSI")), "L")
    return line if not bare.strip() or first in ("R", "AL") or "\n" in line else _marked(line)


def _marked(line: str) -> str:
    before = "<pre>" if line.startswith("<pre>") else ""
    return f"{before}{RLM}{line.removeprefix(before)}"

"""The signs between parts of a message in Chinese, which is put together of sentences and lists as every other one is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from re import Match

_LETTER: Final = r"[\u3400-\u9fff\uff09\u201d]"
#: a full stop, comma or colon that only a sentence in Chinese has
_CHINESE: Final = re.compile("[。，：；]")
#: what is copied; a sign that has a Chinese letter before or behind it; a space behind a sign that brings its own
_SIGNS: Final = re.compile(
    rf"(?P<code><code>.*?</code>|<pre>.*?</pre>)|(?P<before>{_LETTER}(?:</\w+>)*)(?P<sign>[,;:.])(?: |(?=\n|$))"
    rf"|(?P<comma>[,;]) (?=(?:<\w+>)*{_LETTER})|(?P<own>[。，：；！？])(?P<tags>(?:</?\w+>)*) ",
    re.DOTALL,
)
_FULL: Final = {",": "，", ";": "；", ":": "：", ".": "。"}


def punctuated(text: str) -> str:
    """Return a message, HTML, with full-width signs and no spaces around them where it is one in Chinese; any other stays as it is."""
    return text if text.isascii() or not _CHINESE.search(text) else _SIGNS.sub(_full, text)


def _full(found: Match[str]) -> str:
    if found["code"]:
        return found[0]
    if found["own"]:
        return f"{found['own']}{found['tags']}"
    return f"{found['before'] or ''}{_FULL[found['sign'] or found['comma']]}"

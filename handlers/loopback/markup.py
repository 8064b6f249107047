"""Telegram's HTML, parsed as strictly as the server does: text and entities, or a refusal.

Offsets of entities count UTF-16 units, as in the Bot API; offsets in refusals count bytes of the text that was sent. One rule is
stricter than Telegram's: a bare ``&`` is refused, since with us it always means that somebody forgot to escape.
"""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from chatbot.values import dataclass
from handlers.loopback.refusals import Refused, bad

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Telegram's tags and the entity each stands for.
TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "a": "text_link",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "tg-time": "date_time",
    "tg-emoji": "custom_emoji",
}
_ENTITY = re.compile(r"&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|lt|gt|amp|quot);")
_TAG_NAME = re.compile(r"[^\s>]*")
_END_TAG = re.compile(r"</([^\s>]*)\s*>")
_ATTRIBUTE = re.compile(r"""\s*([^\s=>/"']*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9.\-]+)(?=[\s>])))?""")
_COMMAND = re.compile(r"(?<![\w/<>@.])/[A-Za-z0-9_]{1,32}(?:@\w{3,32})?(?![\w/])")
_OPAQUE = ("pre", "code")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A stretch of text that looks or acts differently."""

    #: Telegram's type: bold, pre, text_link, ...
    type: str
    #: First UTF-16 unit.
    offset: int
    #: UTF-16 units.
    length: int
    #: Of a text_link.
    url: str | None = None
    #: Of a pre block.
    language: str | None = None
    #: Of a date_time.
    unix_time: int | None = None
    #: Of a date_time: how it is written.
    date_time_format: str | None = None

    def to_json(self) -> dict[str, object]:
        """Return the entity as the Bot API writes it."""
        facts = {
            "url": self.url,
            "language": self.language,
            "unix_time": self.unix_time,
            "date_time_format": self.date_time_format,
        }
        return {"type": self.type, "offset": self.offset, "length": self.length, **{k: v for k, v in facts.items() if v is not None}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Formatted:
    """Plain text with its entities, as a reader gets it."""

    text: str
    entities: tuple[Entity, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    """A start tag that waits for its end tag."""

    name: str
    attributes: dict[str, str]
    offset: int


def units(text: str) -> int:
    """Return the length of ``text`` in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def parse_html(source: str) -> Formatted:
    """Return text and entities of ``source``; refuses what Telegram refuses, in its words."""
    try:
        return _trimmed(*_parsed(source))
    except Refused:
        raise
    except ValueError as error:
        raise bad(f"can't parse entities: {error}") from None


def plain(source: str) -> Formatted:
    """Return ``source`` as it is, trimmed, without markup."""
    return _trimmed(source, [])


def _parsed(source: str) -> tuple[str, list[Entity]]:
    out: list[str] = []
    offset = 0
    entities: list[Entity] = []
    waiting: list[_Open] = []
    position = 0
    while position < len(source):
        if source[position] != "<":
            piece, position = _characters(source, position)
            out.append(piece)
            offset += units(piece)
        elif source.startswith("</", position):
            opened, position = _end_tag(source, position, waiting)
            if offset > opened.offset:
                entities.append(_entity(opened, offset))
        else:
            name, attributes, position = _start_tag(source, position)
            waiting.append(_Open(name=name, attributes=attributes, offset=offset))
    if waiting:
        raise ValueError(f'Can\'t find end tag corresponding to start tag "{waiting[-1].name}"')
    return "".join(out), _nested(entities)


def _at(source: str, position: int) -> str:
    return f"at byte offset {len(source[:position].encode())}"


def _characters(source: str, position: int) -> tuple[str, int]:
    """Return the text up to the next tag or entity, or one decoded entity, and where to go on."""
    if source[position] == "&":
        found = _ENTITY.match(source, position)
        if found is None:
            raise ValueError(f"Unescaped character '&' {_at(source, position)}")
        return html.unescape(found.group()), found.end()
    stop = min((i for i in (source.find("<", position), source.find("&", position)) if i >= 0), default=len(source))
    return source[position:stop], stop


def _start_tag(source: str, begin: int) -> tuple[str, dict[str, str], int]:
    found = _TAG_NAME.match(source, begin + 1)
    end = found.end() if found else begin + 1
    name = source[begin + 1 : end].lower()
    if end >= len(source):
        raise ValueError(f"Unclosed start tag {_at(source, begin)}")
    if name not in TAGS:
        raise ValueError(f'Unsupported start tag "{name}" {_at(source, begin)}')
    attributes, end = _attributes(source, begin, end, name)
    if name == "span" and attributes.get("class") != "tg-spoiler":
        raise ValueError(f'Tag "span" must have class "tg-spoiler" {_at(source, begin)}')
    return name, attributes, end


def _attributes(source: str, begin: int, position: int, name: str) -> tuple[dict[str, str], int]:
    attributes: dict[str, str] = {}
    while True:
        while position < len(source) and source[position].isspace():
            position += 1
        if source.startswith(">", position):
            return attributes, position + 1
        found = _ATTRIBUTE.match(source, position)
        if found is None or not found.group(1):
            raise ValueError(f'Empty attribute name in the tag "{name}" {_at(source, begin)}')
        value = next((v for v in found.groups()[1:] if v is not None), "")
        attributes[found.group(1).lower()] = html.unescape(value)
        position = found.end()


def _end_tag(source: str, begin: int, waiting: list[_Open]) -> tuple[_Open, int]:
    if not waiting:
        raise ValueError(f"Unexpected end tag {_at(source, begin)}")
    found = _END_TAG.match(source, begin)
    if found is None:
        raise ValueError(f"Unclosed end tag {_at(source, begin)}")
    name = found.group(1)
    opened = waiting.pop()
    if name and name != opened.name:
        raise ValueError(f'Unmatched end tag {_at(source, begin)}, expected "</{opened.name}>", found "</{name}>"')
    return opened, found.end()


def _entity(opened: _Open, end: int) -> Entity:
    """Return the entity between a start tag and ``end``."""
    attributes = opened.attributes
    kind = TAGS[opened.name]
    if kind == "blockquote" and "expandable" in attributes:
        kind = "expandable_blockquote"
    language = None
    if kind == "code" and attributes.get("class", "").startswith("language-"):
        language = attributes["class"].removeprefix("language-")
    unix = attributes.get("unix", "")
    return Entity(
        type=kind,
        offset=opened.offset,
        length=end - opened.offset,
        url=attributes.get("href") if kind == "text_link" else None,
        language=language,
        unix_time=int(unix) if kind == "date_time" and unix.isdecimal() else None,
        date_time_format=attributes.get("format") if kind == "date_time" else None,
    )


def _nested(entities: list[Entity]) -> list[Entity]:
    """Return the entities in order, without what stands inside code; ``<pre><code class=...>`` names a language."""
    ordered = sorted(entities, key=lambda e: (e.offset, -e.length, e.type != "pre"))
    kept: list[Entity] = []
    for entity in ordered:
        around = next((k for k in kept if k.type in _OPAQUE and _inside(entity, k)), None)
        if around is None:
            kept.append(entity if entity.type == "pre" else replace(entity, language=None))
        elif around.type == "pre" and entity.language and entity.length == around.length:
            kept[kept.index(around)] = replace(around, language=entity.language)
    return [e for e in kept if e.type != "text_link" or e.url]


def _inside(inner: Entity, outer: Entity) -> bool:
    return outer.offset <= inner.offset and inner.offset + inner.length <= outer.offset + outer.length


def _trimmed(text: str, entities: list[Entity]) -> Formatted:
    """Return ``text`` without white space around it, entities moved along, commands found."""
    shift = units(text[: len(text) - len(text.lstrip())])
    short = text.strip()
    end = units(short)
    moved = [e for e in (_moved(e, shift, end) for e in entities) if e.length > 0]
    found = [c for c in _commands(short) if not any(_overlaps(c, e) for e in moved if e.type in (*_OPAQUE, "text_link"))]
    return Formatted(text=short, entities=tuple(sorted([*moved, *found], key=lambda e: (e.offset, -e.length))))


def _moved(entity: Entity, shift: int, end: int) -> Entity:
    first = min(max(0, entity.offset - shift), end)
    last = min(max(0, entity.offset + entity.length - shift), end)
    return replace(entity, offset=first, length=last - first)


def _commands(text: str) -> Iterator[Entity]:
    for found in _COMMAND.finditer(text):
        yield Entity(type="bot_command", offset=units(text[: found.start()]), length=units(found.group()))


def _overlaps(one: Entity, other: Entity) -> bool:
    return one.offset < other.offset + other.length and other.offset < one.offset + one.length

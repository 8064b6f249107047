"""One call of the Bot API: its parameters and uploaded files, read with Telegram's care."""

from __future__ import annotations

import json
from dataclasses import field
from typing import TYPE_CHECKING

from chatbot.values import dataclass
from handlers.loopback.keyboards import checked_keyboard
from handlers.loopback.markup import Entity, Formatted, parse_html, plain
from handlers.loopback.pictures import photo_size, picture_type
from handlers.loopback.refusals import bad
from handlers.loopback.values import Attachment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handlers.loopback.keyboards import Keyboard

#: Characters after parsing.
TEXT_MAX = 4096
#: Characters after parsing.
CAPTION_MAX = 1024
_SOURCE_BYTES_MAX = 32_768
_UPLOAD_BYTES_MAX = 50 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that came with a call."""

    #: File name.
    name: str
    #: The bytes.
    data: bytes
    #: Media type as the sender gave it.
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A method's name, parameters and files."""

    #: sendMessage, ...
    method: str
    #: As the client gave them, decoded.
    params: Mapping[str, object] = field(default_factory=dict)
    #: By the name of the part.
    files: Mapping[str, Upload] = field(default_factory=dict)

    def number(self, name: str, default: int | None = None) -> int:
        """Return a whole number; refuses a missing one unless there is a default."""
        value = self.params.get(name, default)
        if isinstance(value, float) or value is None or not str(value).lstrip("-").isdecimal():
            raise bad(f"invalid {name} specified")
        return int(str(value))

    def words(self, name: str, default: str = "") -> str:
        """Return a string."""
        return str(self.params.get(name, default))

    def flag(self, name: str) -> bool:
        """Return a yes or no."""
        return self.params.get(name) in {True, "true", "True"}

    def keyboard(self) -> Keyboard:
        """Return the checked inline keyboard."""
        return checked_keyboard(_decoded(self.params.get("reply_markup")))

    def text(self) -> Formatted:
        """Return the text; refuses an empty or too long one."""
        formatted = formatted_text(self.words("text"), self.params.get("parse_mode"), self.params.get("entities"))
        if not formatted.text:
            raise bad("message text is empty")
        if len(formatted.text) > TEXT_MAX:
            raise bad("message is too long")
        return formatted

    def caption(self, holder: Mapping[str, object] | None = None) -> Formatted:
        """Return the caption, perhaps empty, from the call or from the media object in it; refuses a too long one."""
        facts = self.params if holder is None else holder
        formatted = formatted_text(str(facts.get("caption") or ""), facts.get("parse_mode"), facts.get("caption_entities"))
        if len(formatted.text) > CAPTION_MAX:
            raise bad("message caption is too long")
        return formatted

    def media(self) -> Mapping[str, object]:
        """Return the media object of editMessageMedia."""
        media = _decoded(self.params.get("media"))
        if not isinstance(media, dict):
            raise bad("media is not specified")
        return media

    def attachment(self, kind: str, reference: object, known: Mapping[str, Attachment], file_id: str) -> Attachment:
        """Return the photo or document that ``reference`` names: an upload of this call, or a file that is known."""
        name = str(reference).removeprefix("attach://") if reference is not None else kind
        upload = self.files.get(name)
        if upload is None:
            if name not in known:
                raise bad("wrong file identifier/HTTP URL specified" if reference else f"there is no {kind} in the request")
            if known[name].kind != kind:
                raise bad(f"can't use file of type {known[name].kind.title()} as {kind.title()}")
            return known[name]
        return _stored(kind, upload, file_id)


def formatted_text(source: str, mode: object, entities: object = None) -> Formatted:
    """Return the text as a reader gets it; the modes known here are HTML and none."""
    if len(source.encode()) > _SOURCE_BYTES_MAX:
        raise bad("message is too long")
    if mode is None or mode == "":
        listed = _decoded(entities)
        bare = plain(source)
        return Formatted(text=bare.text, entities=tuple(_entity(e) for e in listed)) if isinstance(listed, list) and listed else bare
    if str(mode).lower() != "html":
        raise bad("unsupported parse_mode")
    return parse_html(source)


def _entity(facts: Mapping[str, object]) -> Entity:
    return Entity(
        type=str(facts["type"]),
        offset=int(str(facts["offset"])),
        length=int(str(facts["length"])),
        url=str(facts["url"]) if facts.get("url") else None,
        language=str(facts["language"]) if facts.get("language") else None,
    )


def _stored(kind: str, upload: Upload, file_id: str) -> Attachment:
    if not upload.data:
        raise bad("file must be non-empty")
    if len(upload.data) > _UPLOAD_BYTES_MAX:
        raise bad("file is too big")
    if kind != "photo":
        return Attachment(kind=kind, file_id=file_id, name=upload.name, media_type=upload.media_type, data=upload.data)
    width, height = photo_size(upload.data)
    media_type = picture_type(upload.data)
    return Attachment(kind=kind, file_id=file_id, name=upload.name, media_type=media_type, data=upload.data, width=width, height=height)


def _decoded(value: object) -> object:
    """Return ``value``, read from JSON when the client sent it as a string."""
    if not isinstance(value, str):
        return value
    try:
        decoded: object = json.loads(value)
    except ValueError:
        raise bad("can't parse JSON object") from None
    return decoded

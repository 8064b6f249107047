"""What is read of an update: a few fields of four kinds, each held against its type; everything else is not looked at.

What Telegram may send grows with every version, so its shape is nobody's promise. Whatever is not needed here never reaches the library,
which would fail at it, nor a handler.
"""

from __future__ import annotations

import re
from typing import Any, TypeAlias

Json: TypeAlias = "dict[str, Any]"

_ID_MAX = 2**63
#: Telegram counts updates in 31 bits; with a larger number asked for, no sound update would ever come again
_UPDATE_MAX = 2**32
#: characters of a first or last name, and of a message
_NAME_MAX, _TEXT_MAX = 64, 4096
#: seconds since 1970 that a date may be: up to the year 2200
_DATE_MAX = 7_258_118_400
_CHATS = frozenset({"private", "group", "supergroup", "channel"})
#: what makes a message second-hand, in the fields of older versions too: it was forwarded, or another bot has chosen its words
_SECOND_HAND = (
    *("forward_origin", "forward_date", "forward_from", "forward_from_chat", "forward_sender_name", "is_automatic_forward"),
    *("via_bot", "sender_business_bot"),
)
#: the name of a field, as it stands in the text of an update
_FIELD = re.compile(r'"\w+"\s*:')


class Unreadable(ValueError):
    """An update whose needed fields are missing or are of another type."""


def update_id(raw: object) -> int | None:
    """Return the number of an update; None where it has none that could be one."""
    number = raw.get("update_id") if isinstance(raw, dict) else None
    return number if _is_id(number) and number is not None and 0 <= number < _UPDATE_MAX else None


def storable(text: str) -> str:
    """Return text that every database takes and every chat: half a surrogate becomes a question mark, and a NUL nothing."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def without_names(text: str) -> str:
    """Return the raw text of an update, whole or cut off, without the names of its fields: what is left are its values."""
    return _FIELD.sub("", text)


def reduced(raw: Json) -> Json | None:
    """Return the update with what is read of it, sound; None for a kind that is not served. Raises :class:`Unreadable`."""
    for kind, read in _KINDS.items():
        if raw.get(kind) is not None:
            return {"update_id": update_id(raw), kind: read(_object(raw, kind))}
    return None


def _message(raw: Json) -> Json:
    found: Json = {
        "message_id": _number(raw, "message_id"),
        "date": _date(raw.get("date")) or 1,
        "chat": _chat(_object(raw, "chat")),
    }
    if raw.get("from") is not None:
        found["from"] = _user(_object(raw, "from"))
    if isinstance(text := raw.get("text"), str):
        found["text"] = storable(text[:_TEXT_MAX])
        found["entities"] = _commands(raw.get("entities"), found["text"])
    if isinstance(caption := raw.get("caption"), str):
        found["caption"] = storable(caption[:_TEXT_MAX])
    if any(raw.get(name) for name in _SECOND_HAND):
        found["forward_origin"] = {"type": "hidden_user", "date": 1, "sender_user_name": ""}
    if isinstance(raw.get("photo"), list) and raw["photo"]:
        found["photo"] = [{"file_id": "-", "file_unique_id": "-", "width": 1, "height": 1}]
    return found


def _written(raw: Json) -> Json:
    """Return what somebody wrote; in a private chat, whose number is that person's own, it is nobody else."""
    found = _message(raw)
    chat, writer = found["chat"], found.get("from")
    if chat["type"] == "private" and (writer is None or writer["id"] != chat["id"]):
        raise Unreadable("written in the private chat of somebody else")
    return found


def _tap(raw: Json) -> Json:
    found: Json = {"id": _string(raw, "id"), "from": _user(_object(raw, "from")), "chat_instance": "-"}
    if isinstance(raw.get("data"), str):
        found["data"] = storable(raw["data"])
    if isinstance(raw.get("message"), dict):
        try:
            message = _message(raw["message"])
        except Unreadable:
            return found  # a button whose message cannot be read is answered like one whose message is not shown
        if message["chat"]["type"] == "private" and message["chat"]["id"] != found["from"]["id"]:
            return found  # as is one in the private chat of somebody else
        gone = _date(raw["message"].get("date")) is None
        found["message"] = {**message, "date": 0} if gone else message
    return found


def _membership(raw: Json) -> Json:
    chat, user, new = _chat(_object(raw, "chat")), _user(_object(raw, "from")), _string(_object(raw, "new_chat_member"), "status")
    member = {"status": "left"} if new in ("left", "kicked") else {"status": "member"}
    who = {**member, "user": {"id": 1, "is_bot": True, "first_name": ""}}
    return {"chat": chat, "from": user, "date": 1, "old_chat_member": who, "new_chat_member": who}


_KINDS = {"message": _written, "edited_message": _written, "callback_query": _tap, "my_chat_member": _membership}


def _chat(raw: Json) -> Json:
    kind = raw.get("type")
    if not isinstance(kind, str) or kind not in _CHATS:
        raise Unreadable("chat of an unknown type")
    return {"id": _number(raw, "id"), "type": kind}


def _user(raw: Json) -> Json:
    found: Json = {"id": _number(raw, "id"), "is_bot": raw.get("is_bot") is True, "first_name": ""}
    if found["id"] <= 0:
        raise Unreadable("a person without a number")
    for name in ("first_name", "last_name", "username", "language_code"):
        if isinstance(raw.get(name), str):
            found[name] = _name(raw[name])
    return found


def _name(raw: str) -> str:
    """Return a name that stays in its line and reads as it is written, with what breaks lines or turns the writing around left out."""
    printable = "".join(char if char.isprintable() else " " if char.isspace() else "" for char in raw[: 2 * _NAME_MAX])
    return " ".join(printable.split())[:_NAME_MAX]


def _commands(raw: object, text: str) -> list[Json]:
    """Return the command that the text begins with; nothing else is made of what is marked in it."""
    if not isinstance(raw, list) or not text.startswith("/"):
        return []
    length = next((mark["length"] for mark in raw if _begins(mark)), 0)
    # The length counts UTF-16 units, and a command is written in ASCII.
    return [{"type": "bot_command", "offset": 0, "length": length}] if 2 <= length <= len(text) and text[:length].isascii() else []


def _begins(mark: object) -> bool:
    return isinstance(mark, dict) and mark.get("type") == "bot_command" and _is_id(mark.get("length")) and mark.get("offset") in (0, 0.0)


def _object(raw: Json, name: str) -> Json:
    value = raw.get(name)
    if not isinstance(value, dict):
        raise Unreadable(f"{name} is no object")
    return value


def _number(raw: Json, name: str) -> int:
    value = raw.get(name)
    if not isinstance(value, int) or not _is_id(value):
        raise Unreadable(f"{name} is no number")
    return value


def _string(raw: Json, name: str) -> str:
    value = raw.get(name)
    if not isinstance(value, str) or not value:
        raise Unreadable(f"{name} is no text")
    return storable(value)


def _date(value: Any) -> int | None:  # noqa: ANN401 - whatever came
    return value if _is_id(value) and 0 < value < _DATE_MAX else None


def _is_id(value: Any) -> bool:  # noqa: ANN401 - whatever came
    return isinstance(value, int) and not isinstance(value, bool) and -_ID_MAX < value < _ID_MAX


#: a command alone is no key: it may be written down, so that it is still obeyed after a kill
_WRITTEN = ("message", "edited_message")
_BARE_COMMAND = re.compile(r"/[a-z]{1,20}")


def hushed(sound: Json) -> tuple[Json, str]:
    """Return an update without the words in it, and those words; a bare command stays. Give it what :func:`reduced` returned.

    Its text is empty, as none is that comes from Telegram: whoever reads it later knows that there were words.
    """
    words, kept = said(sound), dict(sound)
    if not words or _BARE_COMMAND.fullmatch(words):
        return kept, ""
    for kind in _WRITTEN:
        if kind in kept:
            kept[kind] = {name: value for name, value in kept[kind].items() if name not in ("entities", "caption")} | {"text": ""}
    return kept, words


def said(sound: Json) -> str:
    """Return what somebody wrote, or wrote below a picture or file; empty where nobody wrote anything."""
    return next((sound[kind].get("text") or sound[kind].get("caption", "") for kind in _WRITTEN if kind in sound), "")


def whose(sound: Json) -> int | None:
    """Return the number of who wrote or tapped, or of the chat where that is nobody; None where neither is told."""
    said_by = writer(sound)
    return said_by if said_by is not None else next((sound[kind]["chat"]["id"] for kind in _WRITTEN if kind in sound), None)


def writer(sound: Json) -> int | None:
    """Return the number of who wrote or tapped; None where it is nobody."""
    return next((sound[kind]["from"]["id"] for kind in _KINDS if "from" in sound.get(kind, {})), None)

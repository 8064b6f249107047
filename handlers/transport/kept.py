"""What is written down of an update, and what is not: words that may be a key stay out of the text that is stored."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import structlog
from telegram import Update

from chatbot.keyring import CHAT_DIALOG, asked_of
from chatbot.model import share_of
from chatbot.store import accounts
from chatbot.values import dataclass
from handlers.chat.typed_keys import is_like_one
from handlers.transport import shape

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from telegram import Bot

    from chatbot.store.database import Tx

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is written down of an update."""

    number: int
    #: what is read of it; None: nothing can be done with it
    sound: dict[str, Any] | None
    #: what is stored: that as JSON, or the raw text of what cannot be read
    text: str
    #: what was said and is not stored; empty: nothing
    whispered: str = ""

    @property
    def share(self) -> int | None:
        """Which share of the people it belongs to; None where nobody can be told."""
        whose = None if self.sound is None else shape.whose(self.sound)
        return None if whose is None else share_of(whose)


async def keep(tx: Tx, raw: Collection[tuple[int, str]], now: datetime) -> list[Kept]:
    """Return what is to be written down of updates, given by number and text.

    What is read of them, and nothing else that came with it. What is like a key is left out, and in a chat that is being asked for one
    all text is. The raw text of one that cannot be read is kept, so that it can be looked at, unless it may be a key.
    """
    read = [(number, text, sound_of(number, text)) for number, text in raw]
    writers = {writer for _, _, sound in read if sound is not None and (writer := shape.writer(sound)) is not None}
    asked = await asked_of(tx, writers, now) if writers else frozenset[int]()
    unread = any(sound is None for _, _, sound in read) and bool(await accounts.dialogs(tx, CHAT_DIALOG))
    return [
        _unread(number, text, anybody=unread) if sound is None else _read(number, sound, asked=shape.writer(sound) in asked)
        for number, text, sound in read
    ]


def _read(number: int, sound: dict[str, Any], *, asked: bool) -> Kept:
    whispered = ""
    if asked or is_like_one(shape.said(sound)):
        sound, whispered = shape.hushed(sound)
    return Kept(number=number, sound=sound, text=json.dumps(sound), whispered=whispered)


def _unread(number: int, text: str, *, anybody: bool) -> Kept:
    """Return what is kept of what cannot be read: whose it is cannot be told, so nothing while ``anybody`` is asked for a key."""
    may_be_a_key = anybody or is_like_one(shape.without_names(text))
    return Kept(number=number, sound=None, text=json.dumps({"update_id": number}) if may_be_a_key else text)


def parse(number: int, text: str, bot: Bot) -> Update | None:
    """Return what is read of an update; None where nothing is, or where it cannot be read, which is logged."""
    return made_of(number, sound_of(number, text), bot)


def sound_of(number: int, text: str) -> dict[str, Any] | None:
    """Return what is needed of an update's text; None as :func:`parse`."""
    try:
        return shape.reduced(json.loads(text))
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one update, the others must be read
        _tell_unread(number, error)
        return None


def made_of(number: int, sound: dict[str, Any] | None, bot: Bot) -> Update | None:
    """Return the library's own value of what :func:`sound_of` returned; None as :func:`parse`."""
    try:
        return None if sound is None else Update.de_json(sound, bot)
    except Exception as error:  # noqa: BLE001 - as above
        _tell_unread(number, error)
        return None


def _tell_unread(number: int, error: Exception) -> None:
    log.error("update cannot be read and is passed over", update_id=number, error=repr(error)[:200])

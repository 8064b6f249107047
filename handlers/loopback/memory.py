"""Keeps one person's chat in a folder, so that a demo that is started again still shows it."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog

from handlers.loopback.markup import Entity
from handlers.loopback.values import Attachment, Message, TelegramUser

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from handlers.loopback.loopback import Loopback
    from handlers.loopback.seat import Seat

log = structlog.get_logger()

#: the newest messages that are kept, with their pictures
_KEPT_MAX = 300
#: a chat in which much happens is written this often
_PAUSE_S = 1.0
_FILE = "chat.json"


@asynccontextmanager
async def kept(loopback: Loopback, seat: Seat, folder: Path) -> AsyncIterator[None]:
    """Show the chat of the last time, and write it down while it goes on; a kill loses its last second."""
    language, messages = await asyncio.to_thread(load, folder)
    seat.user = replace(seat.user, language=language or seat.user.language)
    loopback.restore(seat.user, messages)

    def write() -> None:
        save(folder, seat.user.language, loopback.chat(seat.user.id))

    try:
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(_follow(loopback, write))
            yield
            writing.cancel()
    finally:
        _written(write)


async def _follow(loopback: Loopback, write: Callable[[], None]) -> None:
    """Write after every change, but not more often than once in a while."""
    while True:
        with loopback.subscribed() as news:
            while not news.cut and await news.queue.get() is not None:
                await asyncio.sleep(_PAUSE_S)
                while not news.queue.empty():
                    news.queue.get_nowait()
                _written(write)


def _written(write: Callable[[], None]) -> None:
    """Write, if the disk lets us: without its copy the chat goes on all the same."""
    try:
        write()
    except OSError as error:
        log.warning("chat not kept", error=error.strerror)


def load(folder: Path) -> tuple[str | None, list[Message]]:
    """Return the app's language and the messages, oldest first; nothing when there is no chat, or one of another version."""
    try:
        facts = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        language = str(facts["language"])
        language.encode()  # half a surrogate, from a page of an older version, would be told to no page
        return language, [_message(fact, folder) for fact in facts["messages"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None, []


def _write(path: Path, data: bytes) -> None:
    """Write a file that nobody else on the machine may read."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_bytes(data)


def save(folder: Path, language: str, messages: Sequence[Message]) -> None:
    """Write the newest messages and their files; what is read meanwhile is the old chat or the new one, whole."""
    newest = messages[-_KEPT_MAX:]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.stat().st_mode & 0o077:  # a chat of an older version, or of a shell that shares what it makes
        folder.chmod(0o700)
    wanted = {one.attachment.file_id: one.attachment.data for one in newest if one.attachment}
    for file_id in wanted.keys() - {path.stem for path in folder.glob("*.bin")}:
        _write(folder / f"{file_id}.bin", wanted[file_id])
    draft = folder / f"{_FILE}.new"
    _write(draft, json.dumps({"language": language, "messages": [_facts(one) for one in newest]}).encode())
    draft.replace(folder / _FILE)
    for path in folder.glob("*.bin"):
        if path.stem not in wanted:
            path.unlink()


def _facts(message: Message) -> dict[str, Any]:
    """Return a message as JSON values, without the bytes of its attachment."""
    facts = asdict(replace(message, attachment=replace(message.attachment, data=b"") if message.attachment else None))
    if message.attachment:
        del facts["attachment"]["data"]
    return facts | {
        "sent_at": message.sent_at.isoformat(),
        "edited_at": message.edited_at.isoformat() if message.edited_at else None,
    }


def _message(facts: dict[str, Any], folder: Path) -> Message:
    sender, attachment, edited_at = facts["sender"], facts["attachment"], facts["edited_at"]
    known = {
        "sender": TelegramUser(**sender) if sender else None,
        "sent_at": datetime.fromisoformat(facts["sent_at"]),
        "edited_at": datetime.fromisoformat(edited_at) if edited_at else None,
        "entities": tuple(Entity(**fact) for fact in facts["entities"]),
        "keyboard": tuple(tuple(row) for row in facts["keyboard"]),
        "attachment": Attachment(**attachment, data=(folder / f"{attachment['file_id']}.bin").read_bytes()) if attachment else None,
    }
    return Message(**{**facts, **known})

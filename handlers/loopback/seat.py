"""One person's seat at the loopback, in plain values: what the demo page shows and does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from handlers.loopback.values import TelegramUser

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from handlers.loopback.loopback import Loopback
    from handlers.loopback.values import Change, Message

#: Messages that a page gets when it opens.
_SHOWN_MAX = 300


class Seat:
    """The chat of one simulated person, as JSON; gives the web server everything it needs and hides Telegram from it."""

    def __init__(self, loopback: Loopback, user: TelegramUser | None = None) -> None:
        self._loopback = loopback
        self.user = user or TelegramUser(id=1001, name="You")
        loopback.know(self.user)

    def snapshot(self) -> dict[str, object]:
        """Return everything that the page shows when it opens."""
        messages = [message_facts(m) for m in self._loopback.chat(self.user.id)[-_SHOWN_MAX:]]
        return {"type": "snapshot", "messages": messages, "language": self.user.language, **self._menu()}

    async def changes(self) -> AsyncIterator[dict[str, object]]:
        """Yield the snapshot, then every change after it; ends when the reader lags too far behind."""
        with self._loopback.subscribed() as listener:
            yield self.snapshot()
            while (change := await listener.queue.get()) is not None:
                if change.chat_id in (0, self.user.id):
                    yield self._facts(change)

    async def say(self, text: str) -> None:
        """Write to the bot; ValueError when there is nothing in it."""
        await self._loopback.text(self.user, text)

    async def tap(self, message_id: int, data: str) -> str | None:
        """Tap a button by its callback data and return the tap's id; LookupError when it is gone."""
        query = await self._loopback.tap(self.user, message_id, data)
        return query.id if query else None

    async def speak(self, language: str) -> dict[str, object]:
        """Set the language of the person's app and return the menu in it."""
        self.user = replace(self.user, language=language)
        return {"type": "menu", "language": language, **self._menu()}

    def file(self, file_id: str) -> tuple[str, str, bytes] | None:
        """Return media type, name and bytes of a photo or document."""
        found = self._loopback.file(file_id)
        return (found.media_type, found.name, found.data) if found else None

    def _menu(self) -> dict[str, object]:
        commands = [{"command": c.command, "description": c.description} for c in self._loopback.menu(self.user)]
        return {"name": self._loopback.name, "description": self._loopback.description(self.user), "commands": commands}

    def _facts(self, change: Change) -> dict[str, object]:
        if change.message is not None:
            return {"type": "message", "message": message_facts(change.message)}
        if change.query is not None and change.query.answer is not None:
            answer = change.query.answer
            return {"type": "answered", "query": change.query.id, "text": answer.text, "alert": answer.alert}
        if change.kind == "deleted":
            return {"type": "deleted", "id": change.message_id}
        return {"type": "menu", **self._menu()} if change.kind == "menu" else {"type": change.kind}


def message_facts(message: Message) -> dict[str, object]:
    """Return one message as the page draws it."""
    facts: dict[str, object] = {
        "id": message.id,
        "mine": message.sender is not None,
        "at": message.sent_at.isoformat(),
        "edited": message.edited_at.isoformat() if message.edited_at else None,
        "text": message.text,
        "entities": [entity.to_json() for entity in message.entities],
        "keyboard": [[_button_facts(button) for button in row] for row in message.keyboard],
    }
    attachment = message.attachment
    if attachment and attachment.kind == "photo":
        facts["photo"] = {"id": attachment.file_id, "width": attachment.width, "height": attachment.height}
    elif attachment:
        facts["document"] = {"id": attachment.file_id, "name": attachment.name, "bytes": len(attachment.data)}
    return facts


def _button_facts(button: Mapping[str, object]) -> dict[str, object]:
    copy = button.get("copy_text")
    facts = {
        "text": button["text"],
        "data": button.get("callback_data"),
        "url": button.get("url"),
        "copy": copy.get("text") if isinstance(copy, dict) else None,
        "style": button.get("style"),
    }
    return {key: value for key, value in facts.items() if value is not None}

"""What is typed while a chat is asked for a key: it is in memory only, apart from the update, and read at most once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from telegram.error import TelegramError

if TYPE_CHECKING:
    from telegram import Update

    from handlers.chat.context import Context

log = structlog.get_logger()

WHISPERS = "whispers"


class Whispers:
    """Texts by the number of their update, until the update was handled; they show nowhere."""

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}

    def note(self, update_id: int, text: str) -> None:
        """Keep a text aside."""
        self._texts[update_id] = text

    def __contains__(self, update_id: int) -> bool:
        """Tell whether a text was kept aside."""
        return update_id in self._texts

    def take(self, update_id: int) -> str:
        """Return a text and forget it; empty where there is none, as after a restart."""
        return self._texts.pop(update_id, "")


def heard(context: Context, update_id: int) -> str:
    """Return what was typed in an update whose text was kept aside, once."""
    whispers: Whispers = context.bot_data[WHISPERS]
    return whispers.take(update_id)


def was_whispered(context: Context, update_id: int) -> bool:
    """Tell whether the text of an update was kept aside, and not heard yet."""
    return update_id in context.bot_data[WHISPERS]


async def unsay(update: Update, context: Context) -> bool:
    """Delete a person's message that may hold a key; False where Telegram will not."""
    message = update.effective_message
    if message is None:
        return False
    try:
        return await context.bot.delete_message(message.chat_id, message.message_id)
    except TelegramError as refusal:
        log.warning("a message that may hold a key could not be deleted", error=type(refusal).__name__)
        return False

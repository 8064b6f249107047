"""What is typed and may be a key, asked for or not: it is in memory only, apart from the update, and read at most once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import structlog
from telegram.error import TelegramError

if TYPE_CHECKING:
    from telegram import Update

    from handlers.chat.context import Context

log = structlog.get_logger()

WHISPERS = "whispers"
#: one half of a key: letters and digits, longer than any word beside it
_HALF = re.compile(r"(?<![\w-])[A-Za-z0-9_-]{12,256}(?![\w-])")
#: the address of a wallet, or the number of a transfer, as a chain writes it: everybody may see it
_ON_CHAIN = re.compile(r"0[xX](?:[0-9a-fA-F]{40}|[0-9a-fA-F]{64})")
#: so long is each half at every exchange, and a half that comes alone, the secret one, at those whose keys are taken
_SURELY: Final = 16
_ALONE: Final = 36


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


def halves(text: str) -> list[str]:
    """Return what may be halves of a key in a text, in its order, each once."""
    return list(dict.fromkeys(_HALF.findall(text)))


def is_like_one(text: str) -> bool:
    """Tell whether a text is most likely a key: two long words, or one very long one, of letters and digits both."""
    found = [one for one in halves(text) if not one.isalpha() and not one.isdecimal() and not _ON_CHAIN.fullmatch(one)]
    return sum(len(one) >= _SURELY for one in found) >= 2 or any(len(one) >= _ALONE for one in found)


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

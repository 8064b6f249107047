"""What is typed and may be a key, asked for or not: it is in memory only, apart from the update, and read at most once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import structlog
from telegram.error import TelegramError

from handlers.chat.reading import chain_words

if TYPE_CHECKING:
    from telegram import Update

    from handlers.chat.context import Context

log = structlog.get_logger()

WHISPERS = "whispers"
#: one half of a key: letters and digits, longer than any word beside it
_HALF = re.compile(r"(?<![\w-])[A-Za-z0-9_-]{12,256}(?![\w-])")
#: how a key begins that was made with a program of one's own, which Binance takes too
_PEM = "PRIVATE KEY-----"
#: what joins the words of a link, and the groups of a number
_JOINS = re.compile(r"[-_]")
#: so long is each half at every exchange, and the secret half, which may come alone: 32 at MEXC, 36 at Bybit, 64 at Binance and WEEX
_SURELY: Final = 16
_ALONE: Final = 32


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


def can_be_heard(context: Context, update_id: int) -> bool:
    """Tell whether the text of an update was kept aside, and not heard yet."""
    return update_id in context.bot_data[WHISPERS]


def was_whispered(context: Context, update: Update) -> bool:
    """Tell whether the text of an update was kept aside, by an earlier process too, which can be heard no more."""
    message = update.effective_message
    return can_be_heard(context, update.update_id) or (message is not None and message.text == "")


def halves(text: str) -> list[str]:
    """Return what may be halves of a key in a text, in its order, each once."""
    return list(dict.fromkeys(_HALF.findall(text)))


def is_like_one(text: str) -> bool:
    """Tell whether a text may be a key: two long words, or one very long one, as chance writes them and no chain shows to everybody."""
    found = [len(one) for one in halves(text) if _is_random(one) and not chain_words.is_public(one)]
    return sum(length >= _SURELY for length in found) >= 2 or any(length >= _ALONE for length in found) or _PEM in text


def _is_random(word: str) -> bool:
    """Tell whether a word has a long piece as chance writes it: the pieces of a link's name are short, or are words."""
    longest = max(_JOINS.split(word), key=len)
    if longest.isalpha():
        return len(longest) >= _ALONE and not (longest.islower() or longest.isupper() or longest.istitle())
    return len(longest) >= _SURELY and not longest.isdecimal()


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

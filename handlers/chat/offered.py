"""A command that was offered because of a slip: it stands in the message above its button, and the button carries a word for it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from telegram import Message, Update
from telegram.error import TelegramError

from handlers.buttons import word_for

if TYPE_CHECKING:
    from handlers.chat.context import Context


def _read(text: str, word: str) -> str | None:
    """Return the command in a text that the word is for."""
    length = int(word.partition("-")[0]) if word.partition("-")[0].isdecimal() else 0
    begun = (text[at : at + length] for at, sign in enumerate(text) if sign == "/")
    return next((one for one in begun if word_for(one) == word), None)


async def typed(update: Update, context: Context) -> Update | None:
    """Return an update in which the person has written the offered command, and ready the context for it; None where it cannot be read.

    It is about the message that offered it, so that a second tap is the same text once more. The question loses its buttons.
    """
    query = update.callback_query
    if query is None or not isinstance(query.message, Message):
        return None
    command = _read(query.message.text or "", context.tapped.arg)
    if command is None:
        return None
    with suppress(TelegramError):  # buttons that stay do no harm
        await query.message.edit_reply_markup()
    context.rest = command.partition(" ")[2]
    context.args = context.rest.split()
    asked = query.message
    written = Message(asked.message_id, asked.date, asked.chat, from_user=query.from_user, text=command)
    written.set_bot(context.bot)
    return Update(update.update_id, message=written)

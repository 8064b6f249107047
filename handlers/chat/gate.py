"""The door of the chat: private chats only, known people only, edited messages ignored; a dialog never swallows a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telegram.error import TelegramError
from telegram.ext import ApplicationHandlerStop

from chatbot.access import Gate
from handlers.chat.context import Context, answer, reply
from handlers.views.person import access

if TYPE_CHECKING:
    from telegram import Update

    from chatbot.access import Entry


async def gate(update: Update, context: Context) -> None:
    """Let the update through with its person, or answer it here and stop."""
    if update.my_chat_member is not None:
        await membership(update, context)
        raise ApplicationHandlerStop
    user, chat = update.effective_user, update.effective_chat
    if update.edited_message is not None or user is None or chat is None or user.is_bot:
        raise ApplicationHandlerStop
    if chat.type != chat.PRIVATE:
        await _refuse_group(update, context)
        raise ApplicationHandlerStop
    program = context.program
    language = program.catalogue.match(user.language_code)
    text = update.effective_message.text or "" if update.message and update.effective_message else ""
    entry = await program.access.enter(user.id, chat.id, user.full_name, language, text)
    context.person = entry.person
    if entry.gate == Gate.OPEN:
        return
    await _answer_outside(update, context, entry)
    raise ApplicationHandlerStop


async def _answer_outside(update: Update, context: Context, entry: Entry) -> None:
    """Tell somebody who may not come in how they could; a blocked person gets no answer."""
    await answer(update, context)
    if entry.gate != Gate.BLOCKED:
        await reply(update, context, access.outside(context.words, entry.gate))


async def _refuse_group(update: Update, context: Context) -> None:
    """Say once that groups are not served, and leave."""
    chat, user = update.effective_chat, update.effective_user
    await answer(update, context)
    if chat is None or user is None or update.message is None:
        return
    words = context.program.catalogue.words(context.program.catalogue.match(user.language_code))
    await context.bot.send_message(chat.id, access.no_groups(words).text)
    try:
        await context.bot.leave_chat(chat.id)
    except TelegramError:
        return  # not being able to leave is no reason to answer again


async def membership(update: Update, context: Context) -> None:
    """Note that somebody blocked the bot, so that nothing is sent to them until they write again."""
    change = update.my_chat_member
    if change is None or change.chat.type != change.chat.PRIVATE:
        return
    await context.program.access.reached(change.from_user.id, reachable=change.new_chat_member.status not in ("kicked", "left"))

"""The door of the chat: private chats only, known people only; what was edited or forwarded is answered and does not act.

It fails closed: whatever goes wrong in it, the update ends here.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import structlog
from telegram.error import RetryAfter, TelegramError
from telegram.ext import ApplicationHandlerStop

from chatbot.access import Gate
from handlers.chat.context import Context, answer, reply
from handlers.chat.trouble import broken, words_outside
from handlers.chat.typed_keys import heard, unsay, was_whispered
from handlers.transport import menu
from handlers.transport.rate_limit import newest_of, pause_s
from handlers.transport.updates import answering
from handlers.views import problems
from handlers.views.person import access, keys

if TYPE_CHECKING:
    from telegram import Chat, Message, Update, User

    from chatbot.access import Entry
    from chatbot.i18n import Words


log = structlog.get_logger()


async def gate(update: Update, context: Context) -> None:
    """Let the update through with its person, or answer it here and stop; a gate that breaks stops it too.

    Whoever is not let in keeps nobody waiting: their answers are tried once, whatever Telegram says of their chats. As many strangers as
    chats are served at once would keep everybody else out for as long as each of them may not be written to.
    """
    patient = answering.set(False)
    try:
        if await _judge(update, context):
            context.let_in = True
            return
    except Exception as error:  # noqa: BLE001 - whatever it was, nobody walks past a broken gate
        await broken(update, context, error, words_outside(update, context))
    finally:
        answering.reset(patient)
    raise ApplicationHandlerStop


async def _judge(update: Update, context: Context) -> bool:
    """Tell whether the handlers may see an update; what they may not see is answered here."""
    user, chat = update.effective_user, update.effective_chat
    if update.my_chat_member is not None:
        await membership(update, context)
    elif user is None or user.is_bot:
        pass
    elif chat is None:
        await _tap_without_message(update, context, user)
    elif chat.type != chat.PRIVATE:
        await _refuse_group(update, context)
    elif update.message is not None or update.callback_query is not None or update.edited_message is not None:
        return await _admit(update, context, user, chat)
    return False


async def _admit(update: Update, context: Context, user: User, chat: Chat) -> bool:
    """Tell whether somebody in their private chat may come in with this."""
    if update.effective_message is not None:
        newest_of(context.bot).note(chat.id, update.effective_message.message_id)
    second_hand = _is_second_hand(update)
    entry = await _enter(context, user, chat, "" if second_hand or update.message is None else update.message.text or "")
    if entry.gate is not Gate.OPEN:
        if update.edited_message is None:
            await _answer_outside(update, context, entry)
        return False
    if second_hand:
        answering.set(True)
        await _answer_second_hand(update, context)
    return not second_hand


async def _enter(context: Context, user: User, chat: Chat, text: str) -> Entry:
    """Look up who this is; whoever becomes operator, or is none any more, gets the menu of what they are."""
    program = context.program
    # The library has no name at all, not even an empty one, for whoever hides their first name.
    name = user.full_name or user.last_name or ""
    entry = await program.access.enter(user.id, chat.id, name, program.catalogue.match(user.language_code), text)
    context.person = entry.person
    if entry.new_role:
        await menu.publish_for(context, entry.person.id)
    return entry


def _is_second_hand(update: Update) -> bool:
    """Tell whether the words were not written for this moment: edited, forwarded from elsewhere, or another bot's."""
    message = update.message
    return update.edited_message is not None or (message is not None and (message.forward_origin is not None or _forwarded(message)))


def _forwarded(message: Message) -> bool:
    """Tell whether a message was forwarded, by the fields of older versions of the Bot API, which some servers still send."""
    return any(name.startswith("forward_") or name == "is_automatic_forward" for name in message.api_kwargs)


async def _answer_second_hand(update: Update, context: Context) -> None:
    """Say that nothing was done; pictures, places and the like that change by themselves are let go."""
    edited = update.edited_message
    if was_whispered(context, update):
        heard(context, update.update_id)
        await reply(update, context, keys.unasked(context.words, deleted=await unsay(update, context)))
    elif edited is None:
        await reply(update, context, problems.forwarded(context.words))
    elif edited.text:
        await reply(update, context, problems.edited(context.words))


async def _answer_outside(update: Update, context: Context, entry: Entry) -> None:
    """Tell somebody who may not come in how they could; a blocked person gets no answer."""
    await answer(update, context)
    if was_whispered(context, update):
        await unsay(update, context)
    if entry.gate is not Gate.BLOCKED:
        try:
            await reply(update, context, access.outside(context.words, entry.gate))
        except RetryAfter as wait:
            log.info("somebody outside writes faster than they may be answered", wait_s=pause_s(wait, 0))


async def _tap_without_message(update: Update, context: Context, user: User) -> None:
    """Answer a tap whose message Telegram does not show us: it could have been made anywhere, so it does nothing."""
    if update.callback_query is None:
        return
    person = await context.program.access.known(user.id)
    if person is None or not person.is_let_in:
        await answer(update, context)
        return
    context.person = person
    await answer(update, context, problems.tap_without_message(context.words), alert=True)


async def _refuse_group(update: Update, context: Context) -> None:
    """Say that groups are not served, and leave, whether or not it could be said."""
    chat = update.effective_chat
    await answer(update, context)
    if chat is not None and (update.message is not None or update.callback_query is not None):
        await _leave(context, chat, words_outside(update, context))


async def _leave(context: Context, chat: Chat, words: Words) -> None:
    with suppress(TelegramError):  # where the bot may not write it does not stay either
        await context.bot.send_message(chat.id, access.no_groups(words).text)
    with suppress(TelegramError):  # not being able to leave is no reason to answer again
        await context.bot.leave_chat(chat.id)


async def membership(update: Update, context: Context) -> None:
    """Note that somebody blocked the bot, so that nothing is sent to them until they write again; leave the groups it was put into."""
    change = update.my_chat_member
    if change is None:
        return
    inside = change.new_chat_member.status not in ("kicked", "left")
    if change.chat.type == change.chat.PRIVATE:
        await context.program.access.reached(change.from_user.id, reachable=inside)
    elif inside:
        await _leave(context, change.chat, words_outside(update, context))

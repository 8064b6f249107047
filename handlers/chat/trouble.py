"""What a person is told when handling their update failed: an id for the operator, never silence, and never a traceback."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import structlog
from telegram.constants import ParseMode
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError

from chatbot.model import MessageKind
from chatbot.store import messages
from chatbot.store.portfolios import PORTFOLIO
from handlers.chat.context import answer, mark_above, reply
from handlers.views import problems

if TYPE_CHECKING:
    from telegram import Update

    from chatbot.errors import Damaged
    from chatbot.i18n import Words
    from handlers.chat.context import Context

log = structlog.get_logger()


def words_outside(update: Update, context: Context) -> Words:
    """Return the words of somebody whom the gate has not let in: in the language of their Telegram."""
    catalogue, user = context.program.catalogue, update.effective_user
    return catalogue.words(catalogue.match(user.language_code if user else None))


async def broken(update: Update, context: Context, error: BaseException, words: Words) -> None:
    """Log a failure that we must fix and tell the person its id; nobody is told who cannot be reached."""
    if isinstance(error, Forbidden):
        return  # the person blocked the bot; the gate notes it
    error_id = secrets.token_hex(3)
    log.error("update failed", error_id=error_id, update_id=update.update_id, exc_info=error)
    offline = isinstance(error, (NetworkError, RetryAfter)) and not isinstance(error, BadRequest)
    chat = update.effective_chat
    if chat is None or chat.type != chat.PRIVATE:
        return
    if offline:
        await _tell_later(context, chat.id, update.update_id)
        return
    try:
        await answer(update, context)
        await context.bot.send_message(chat.id, problems.failure(words, error_id).text, parse_mode=ParseMode.HTML)
    except TelegramError as trouble:
        log.warning("could not tell about a failure", error_id=error_id, error=type(trouble).__name__)


async def damaged(update: Update, context: Context, trouble: Damaged) -> None:
    """Log that a stored row of a person cannot be read, and tell them what it is of, and who can repair it."""
    error_id = secrets.token_hex(3)
    log.error("a stored row cannot be read", error_id=error_id, update_id=update.update_id, portfolio=context.about, exc_info=trouble)
    await answer(update, context)
    title = None if trouble.part == PORTFOLIO else await mark_above(context)
    await reply(update, context, problems.damaged(context.words, trouble, error_id, title))


async def _tell_later(context: Context, chat_id: int, update_id: int) -> None:
    """Have the outbox, which waits as long as it takes, tell somebody let in that they were not answered; once for all that was lost."""
    if not context.let_in:
        return
    now = context.program.clock.now()
    async with context.program.db.transaction() as tx:
        await messages.merge(tx, chat_id, MessageKind.ANSWER_LOST, now, now)
        await messages.post(
            tx, chat_id=chat_id, kind=MessageKind.ANSWER_LOST, facts={"at": now.isoformat()}, key=f"lost-{chat_id}-{update_id}", now=now
        )

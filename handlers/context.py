"""What a handler is given: the person, their words, the program, and one way to show a view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from telegram import InputMediaPhoto, Message, Update
from telegram.constants import ParseMode
from telegram.error import BadRequest
from telegram.ext import Application, CallbackContext, ContextTypes, ExtBot

from chatbot.errors import InternalError
from handlers.buttons import Signer, markup
from handlers.pictures import draw
from handlers.views.common import MAX_CAPTION, visible_length
from handlers.views.problems import no_portfolio

if TYPE_CHECKING:
    from chatbot.app import Program
    from chatbot.i18n import Words
    from chatbot.model import Person, Portfolio
    from handlers.buttons import Tap
    from handlers.views.common import View

PROGRAM = "program"
Bot: TypeAlias = "Application[Any, Context, Any, Any, Any, Any]"


class Context(CallbackContext[ExtBot[None], dict[Any, Any], dict[Any, Any], dict[str, Any]]):
    """Carries the person whom the gate let in; a new one is made for every update."""

    person: Person
    #: what was tapped; only in the handlers of buttons
    tapped: Tap
    #: the tap has been answered
    answered: bool = False

    @property
    def program(self) -> Program:
        """Return the running program."""
        found: Program = self.bot_data[PROGRAM]
        return found

    @property
    def words(self) -> Words:
        """Return the person's language, zone and currency."""
        return words_for(self.program, self.person)

    @property
    def rest(self) -> str:
        """Return what was typed behind the command."""
        return " ".join(self.args or ())

    async def portfolio(self) -> Portfolio | None:
        """Return the portfolio that the person's commands speak of."""
        return await self.program.portfolios.current(self.person)


CONTEXT = ContextTypes(context=Context, bot_data=dict)


def words_for(program: Program, person: Person) -> Words:
    """Return the words of one person."""
    return program.catalogue.words(person.language, person.zone, person.currency)


async def reply(update: Update, context: Context, view: View) -> Message:  # noqa: ARG001 - called like show and answer
    """Show a view as a new message."""
    keyboard = markup(view.keyboard, Signer(context.program.button_key), context.person, context.program.clock.now())
    chat_id = context.person.chat_id
    if view.picture is not None:
        photo = await draw(view.picture)
        if visible_length(view.text) <= MAX_CAPTION:
            return await context.bot.send_photo(chat_id, photo, caption=view.text, parse_mode=ParseMode.HTML, reply_markup=keyboard)
        await context.bot.send_photo(chat_id, photo)  # the text is too long for a caption and follows with the buttons
    return await context.bot.send_message(chat_id, view.text, parse_mode=ParseMode.HTML, reply_markup=keyboard)


async def need_portfolio(update: Update, context: Context) -> Portfolio | None:
    """Return the current portfolio, or say how to get one."""
    portfolio = await context.portfolio()
    if portfolio is None:
        await show(update, context, no_portfolio(context.words))
    return portfolio


async def show(update: Update, context: Context, view: View) -> Message:
    """Show a view in place of the message whose button was tapped, or as a new message after a command."""
    query = update.callback_query
    if query is None or not isinstance(query.message, Message):
        return await reply(update, context, view)
    try:
        return await _edit(query.message, context, view)
    except BadRequest as refusal:
        if "not modified" in str(refusal).lower():
            return query.message
        if "message to edit not found" in str(refusal).lower() or "can't be edited" in str(refusal).lower():
            return await reply(update, context, view)
        raise


async def _edit(message: Message, context: Context, view: View) -> Message:
    """Edit ``message`` into ``view``; text cannot take the place of a picture, so it becomes its caption or a message of its own."""
    keyboard = markup(view.keyboard, Signer(context.program.button_key), context.person, context.program.clock.now())
    if view.picture is not None and visible_length(view.text) <= MAX_CAPTION:
        media = InputMediaPhoto(await draw(view.picture), caption=view.text, parse_mode=ParseMode.HTML)
        edited = await message.edit_media(media, reply_markup=keyboard)
    elif message.photo and visible_length(view.text) > MAX_CAPTION:
        return await context.bot.send_message(message.chat_id, view.text, parse_mode=ParseMode.HTML, reply_markup=keyboard)
    elif message.photo:
        edited = await message.edit_caption(view.text, parse_mode=ParseMode.HTML, reply_markup=keyboard)
    else:
        edited = await message.edit_text(view.text, parse_mode=ParseMode.HTML, reply_markup=keyboard)
    if not isinstance(edited, Message):
        raise InternalError("Telegram edited a message that is not in this chat")
    return edited


async def answer(update: Update, context: Context, text: str = "", *, alert: bool = False) -> None:
    """Answer a tap once, so that its button stops spinning; a tap that is too old to answer is let go."""
    if update.callback_query is None or context.answered:
        return
    context.answered = True
    try:
        await update.callback_query.answer(text[:200] or None, show_alert=alert)
    except BadRequest as refusal:
        if "query is too old" not in str(refusal).lower():
            raise

"""What a handler is given: the person, their words, the program, and one way to show a view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import structlog
from telegram import InlineKeyboardMarkup, Message, Update
from telegram.constants import ParseMode
from telegram.error import BadRequest, TelegramError
from telegram.ext import Application, CallbackContext, ContextTypes, ExtBot

from chatbot.charts.direction import directed
from chatbot.errors import ShutOut, UserError
from chatbot.i18n import N_
from chatbot.portfolio.revision import shown_as
from chatbot.store import accounts
from handlers.buttons import Signer, changed_by, markup
from handlers.chat import sending
from handlers.views.common import DOT, decimal_sign, head, joined, mark, named, played
from handlers.views.problems import closed, mistake, mistakes, no_portfolio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telegram import InputFile

    from chatbot.app import Program
    from chatbot.i18n import Catalogue, Words
    from chatbot.model import Mode, Person, Plan, Portfolio
    from handlers.buttons import Tap
    from handlers.views.common import Html, View

log = structlog.get_logger()

PROGRAM = "program"
#: what a dialog keeps of what was answered in it; one without only waits for a first answer
_ANSWERS = frozenset({"mode", "to", "readings"})
#: characters that Telegram shows in answer to a tap
_TOAST = 200
Bot: TypeAlias = "Application[Any, Context, Any, Any, Any, Any]"


class Context(CallbackContext[ExtBot[None], dict[Any, Any], dict[Any, Any], dict[str, Any]]):
    """Carries the person whom the gate let in; a new one is made for every update."""

    person: Person
    #: what was tapped; only in the handlers of buttons
    tapped: Tap
    #: the gate let this update through; without it no handler does anything
    let_in: bool = False
    #: the tap has been answered
    answered: bool = False
    #: number of the portfolio that this update is about, and with it every button of the answer: the one that the tapped button or the open
    #: dialog names, else the current one once it was asked for; None: it is about none
    about: int | None = None
    #: the kind of portfolio that is being set up; None: none is
    setting_up: Mode | None = None
    #: what was typed behind the command, in its lines
    rest: str = ""

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
    def decimal(self) -> str:
        """Return the person's decimal sign, for reading what they type."""
        return decimal_sign(self.words)

    async def dialog(self) -> tuple[str, dict[str, Any]] | None:
        """Return the dialog that the person is in, and what was said so far."""
        async with self.program.db.read() as tx:
            return await accounts.dialog(tx, self.person.id)

    async def enter(self, name: str, data: dict[str, Any]) -> None:
        """Open a dialog, or note how far it is; another one that was open is left, which is told where answers are lost with it.

        What is typed goes to the portfolio that ``data`` names, if it names one, whatever is the current one by then.
        """
        async with self.program.db.transaction() as tx:
            before = await accounts.dialog(tx, self.person.id)
            await accounts.set_dialog(tx, self.person.id, name, data)
        if before is not None and before[0] != name and before[1].keys() & _ANSWERS:
            await self.tell_dialog_left()

    async def tell_dialog_left(self) -> None:
        """Tell the person that a question is not waited for any more."""
        left = UserError(N_("I closed the dialog you had open. Nothing was changed; send its command to start over."))
        await self.bot.send_message(self.person.chat_id, mistake(self.words, left).text, parse_mode=ParseMode.HTML)

    async def leave(self, name: str) -> None:
        """Close a dialog if it is the one that is open: its question is no longer on the screen."""
        async with self.program.db.transaction() as tx:
            before = await accounts.dialog(tx, self.person.id)
            if before is not None and before[0] == name:
                await accounts.clear_dialog(tx, self.person.id)

    async def portfolio(self) -> Portfolio | None:
        """Return the portfolio that this update is about, open or closed: the one that is named, else the person's current one."""
        if self.about is None:
            found = await self.program.portfolios.current(self.person)
        else:
            found = await self.program.portfolios.by_id(self.about)
        if found is None or found.person_id != self.person.id:
            return None
        self.about = found.id
        return found

    async def portfolio_of(self, plan: Plan | None) -> Portfolio | None:
        """Return the portfolio of a plan of this person; what is answered is about it from now on."""
        if plan is None:
            return None
        self.about = plan.portfolio_id
        return await self.portfolio()


CONTEXT = ContextTypes(context=Context, bot_data=dict)


def words_for(program: Program, person: Person) -> Words:
    """Return the words of one person."""
    return words_in(program.catalogue, person)


def words_in(catalogue: Catalogue, person: Person) -> Words:
    """Return the words of one person in a catalogue."""
    return catalogue.words(person.language, person.zone, person.currency)


async def reply(update: Update, context: Context, view: View, *, silent: bool = False) -> Message:
    """Show a view as a new message; its text alone where Telegram does not take the markup.

    Raises :class:`ShutOut` for somebody who was blocked while their command was under way.
    """
    del update
    return await _sent(context, view, silent=silent)


async def _sent(context: Context, view: View, *, silent: bool = False) -> Message:
    await _still_in(context)
    chat_id, keyboard = context.person.chat_id, await _keyboard(context, view)
    try:
        return await sending.send(context.bot, chat_id, view, keyboard, silent=silent)
    except BadRequest as refusal:
        if not sending.markup_refused(refusal):
            raise
        log.error("markup refused", error=str(refusal), text=view.text[:200])  # noqa: TRY400 - Telegram's sentence says it all
        return await sending.send(context.bot, chat_id, view, keyboard, plain=True, silent=silent)


async def refuse(update: Update, context: Context, found: Sequence[UserError], example: str = "") -> None:
    """Tell everything that is wrong with what was typed, under the mark of the portfolio that it was typed for, if it was for one."""
    await reply(update, context, mistakes(context.words, found, example, await mark_above(context)))


async def mark_above(context: Context) -> Html | None:
    """Return the first line of what is said about the portfolio that this update is about, or about the one that is being set up."""
    portfolio, mode = await told_of(context), context.setting_up
    if portfolio is not None:
        return head(context.words, portfolio)
    return joined(DOT, (mark(mode), played(context.words, mode, context.program.source.name))) if mode is not None else None


async def told_of(context: Context) -> Portfolio | None:
    """Return the portfolio that has turned out to be what this update is about; None where it is about none, or none was asked for yet."""
    return await context.portfolio() if context.about is not None else None


async def need_portfolio(update: Update, context: Context, *, to_read: bool = False) -> Portfolio | None:
    """Return the portfolio that this update is about, or say how to get one. One that is closed can be had only ``to_read`` its history."""
    portfolio = await context.portfolio()
    if portfolio is None:
        await show(update, context, no_portfolio(context.words))
    elif not (portfolio.is_open or to_read):
        await show(update, context, closed(context.words, portfolio))
        return None
    return portfolio


async def show(update: Update, context: Context, view: View, *, keeps_picture: bool = False) -> Message:
    """Show a view in place of the message whose button was tapped, or as a new message after a command.

    A message cannot lose its picture. Where the view has none and the old one is not of the same thing (``keeps_picture``), the view comes
    as a new message, without a sound, and the old one goes.
    """
    query = update.callback_query
    if query is None or not isinstance(query.message, Message):
        return await reply(update, context, view)
    if query.message.photo and view.picture is None and not keeps_picture:
        sent = await reply(update, context, view, silent=True)
        await sending.take_away(context.bot, query.message)
        return sent
    return await redraw(context, query.message, view)


async def redraw(context: Context, message: Message, view: View) -> Message:
    """Show a view in place of a message that was sent before, whatever is tapped or written meanwhile; a new one where that one is gone.

    Raises :class:`ShutOut` as :func:`reply` does.
    """
    await _still_in(context)
    try:
        edited = await _edit(message, context, view)
    except BadRequest as refusal:
        if sending.nothing_changed(refusal):
            return message
        if not sending.message_gone(refusal):
            raise
        edited = None
    if edited is not None:
        return edited
    return await _sent(context, view)


async def _still_in(context: Context) -> None:
    """Say nothing to somebody who has been blocked since the gate let them in."""
    if context.let_in and not await context.program.access.is_open(context.person.id):
        raise ShutOut


async def _edit(message: Message, context: Context, view: View) -> Message | None:
    keyboard, pictured = await _keyboard(context, view), bool(message.photo)
    try:
        return await sending.edit(context.bot, message.chat_id, message.message_id, view, keyboard, has_picture=pictured)
    except BadRequest as refusal:
        if not sending.markup_refused(refusal):
            raise
        log.error("markup refused", error=str(refusal), text=view.text[:200])  # noqa: TRY400 - Telegram's sentence says it all
        return await sending.edit(context.bot, message.chat_id, message.message_id, view, keyboard, plain=True, has_picture=pictured)


async def _keyboard(context: Context, view: View) -> InlineKeyboardMarkup | None:
    """Seal a view's buttons: they are about the portfolio that the view is about, and change it only while it is as it is now."""
    signer, now = Signer(context.program.button_key), context.program.clock.now()
    words = await words_of_pages(context.program, view, context.about)
    return markup(view.keyboard, signer, context.person, now, about=context.about, words=words)


async def words_of_pages(program: Program, view: View, about: int | None) -> dict[int, str]:
    """Return what a view shows of each portfolio that its buttons change, as a word for their seal."""
    found = [await program.portfolios.by_id(number) for number in sorted(changed_by(view.keyboard, about))]
    return {portfolio.id: shown_as(portfolio) for portfolio in found if portfolio is not None}


async def _with_name(context: Context, text: str) -> str:
    """Begin what is told of a portfolio with its name, as soon as its person has two, unless Telegram's window has no room for it."""
    portfolio = await told_of(context)
    if portfolio is None or not portfolio.is_one_of_several:
        return text
    told = f"{named(context.words, portfolio)}: {text}"
    return told if len(told) <= _TOAST else text


async def send_file(context: Context, file: InputFile, view: View) -> None:
    """Send a file with a view as its caption and buttons. Raises :class:`ShutOut` as :func:`reply` does."""
    await _still_in(context)
    keyboard = await _keyboard(context, view)
    await context.bot.send_document(context.person.chat_id, file, caption=view.text, parse_mode=ParseMode.HTML, reply_markup=keyboard)


async def answer(update: Update, context: Context, text: str = "", *, alert: bool = False) -> None:
    """Answer a tap once, so that its button stops spinning.

    An answer that did not arrive never stops what the tap does; what it had to say comes as a message instead.
    """
    query = update.callback_query
    if query is None or context.answered:
        return
    context.answered = True
    text = directed(await _with_name(context, text)) if text else ""
    try:
        await query.answer(text[:_TOAST] or None, show_alert=alert)
    except TelegramError as refusal:
        log.info("tap could not be answered", error=str(refusal))
        if alert and text and isinstance(refusal, BadRequest):
            await context.bot.send_message(context.person.chat_id, text)

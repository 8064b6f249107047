"""/privacy: everything that is stored about a person, as a file or deleted for good."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from telegram import InputFile
from telegram.constants import ParseMode

from chatbot.portfolio.manage import UnderWay
from chatbot.portfolio.revision import all_shown_as
from chatbot.store import privacy as store
from handlers.chat.context import answer, show
from handlers.views.person import portfolios as portfolio_views
from handlers.views.person import privacy as views

if TYPE_CHECKING:
    from telegram import Update

    from handlers.chat.context import Context


async def privacy(update: Update, context: Context) -> None:
    """Say what is stored, and offer both."""
    context.about = None
    await show(update, context, views.privacy(context.words))


async def export(update: Update, context: Context) -> None:
    """Send every row about the person as one file."""
    del update
    context.about = None
    async with context.program.db.read() as tx:
        found = await store.export_person(tx, context.person.id)
    file = InputFile(json.dumps(found, indent=1, ensure_ascii=False).encode(), filename="ballast-my-data.json")
    caption = views.caption(context.words).text
    await context.bot.send_document(context.person.chat_id, file, caption=caption, parse_mode=ParseMode.HTML)


async def offer(update: Update, context: Context) -> None:
    """Say what goes, and ask once."""
    context.about = None
    theirs = await context.program.portfolios.of(context.person)
    await show(update, context, views.offer(context.words, theirs, all_shown_as(theirs)))


async def forget(update: Update, context: Context) -> None:
    """Delete it, if it is what was shown; the answer is the last thing that goes to this chat."""
    context.about = None
    if context.tapped.arg != all_shown_as(await context.program.portfolios.of(context.person)):
        await answer(update, context, views.other_portfolios(context.words), alert=True)
        await offer(update, context)
        return
    outcome = await context.program.portfolios.forget(context.person, context.program.settings.operators)
    if isinstance(outcome, UnderWay):
        await show(update, context, portfolio_views.must_end(context.words, outcome))
        return
    context.program.backtests.forget(context.person.id)
    context.let_in = False  # whom nobody knows is told nothing more but this
    await show(update, context, views.forgotten(context.words))

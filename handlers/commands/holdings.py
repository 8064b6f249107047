"""Correcting the amounts of a portfolio that its person trades by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.model import Mode
from chatbot.portfolio.manage import OF_PORTFOLIO
from handlers.chat import amounts
from handlers.chat.context import need_portfolio, reply, show
from handlers.commands.status import status
from handlers.views import problems
from handlers.views.portfolio import start

if TYPE_CHECKING:
    from typing import Any

    from telegram import Update

    from handlers.chat.context import Context

DIALOG = "holdings"


async def correct(update: Update, context: Context) -> None:
    """Ask what is really held now."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None or portfolio.mode != Mode.MANUAL:
        return
    await context.enter(DIALOG, {OF_PORTFOLIO: portfolio.id})
    await show(update, context, start.holdings_prompt(context.words, portfolio, back="status"))


async def typed(update: Update, context: Context, text: str, _data: dict[str, Any]) -> None:
    """Take the amounts; what is wrong with them is told at once, and the dialog stays open."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    read = (await amounts.read(context, text)).sure()
    if read.problems:
        await reply(update, context, problems.mistakes(context.words, read.problems, start.HOLDINGS_EXAMPLE))
        return
    await context.program.portfolios.correct(portfolio, read.holdings)
    await context.leave(DIALOG)
    await status(update, context)

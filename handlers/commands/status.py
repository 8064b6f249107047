"""/status: how the portfolio stands now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.chat.context import need_portfolio, show
from handlers.views import problems
from handlers.views.portfolio import status as views

if TYPE_CHECKING:
    from telegram import Update

    from handlers.chat.context import Context


async def status(update: Update, context: Context) -> None:
    """Show the status; Refresh fetches prices again."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    report = await context.program.reports.status(context.person, portfolio, fresh=update.callback_query is not None)
    await show(update, context, views.status(context.words, report, context.program.clock.now()))


async def coins(update: Update, context: Context) -> None:
    """Show what each coin is worth."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    report = await context.program.reports.status(context.person, portfolio)
    if report.check.figures is None:
        await show(update, context, problems.cannot_evaluate(context.words, portfolio, report.check.problems))
        return
    await show(update, context, views.coins(context.words, report, report.check.figures, context.program.clock.now()))

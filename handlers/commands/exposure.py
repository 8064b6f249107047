"""/exposure: what the portfolio really has at stake, spot and futures together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.chat.context import need_portfolio, show
from handlers.views.portfolio import exposure as views

if TYPE_CHECKING:
    from telegram import Update

    from handlers.chat.context import Context


async def exposure(update: Update, context: Context) -> None:
    """Show the exposure; Refresh fetches prices again."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    report = await context.program.reports.exposure(portfolio, fresh=update.callback_query is not None)
    await show(update, context, views.exposure(context.words, report, context.program.clock.now()))

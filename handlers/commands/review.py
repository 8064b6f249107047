"""/review: what trading brought, against holding, monthly and bands alone, and by trigger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.chat.context import need_portfolio, show
from handlers.views.past import review as views

if TYPE_CHECKING:
    from telegram import Update

    from handlers.chat.context import Context


async def review(update: Update, context: Context) -> None:
    """Show the review with its picture."""
    portfolio = await need_portfolio(update, context, to_read=True)
    if portfolio is not None:
        await show(update, context, views.review(context.words, await context.program.reviews.review(portfolio, context.words.zone)))


async def scorecard(update: Update, context: Context) -> None:
    """Show what each trigger brought."""
    portfolio = await need_portfolio(update, context, to_read=True)
    if portfolio is not None:
        await show(update, context, views.scorecard(context.words, await context.program.reviews.review(portfolio, context.words.zone)))

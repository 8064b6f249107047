"""/review: what trading brought, against holding, monthly and bands alone, and by trigger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.chat.context import need_portfolio, show
from handlers.views.past import over_time
from handlers.views.past import review as views

if TYPE_CHECKING:
    from collections.abc import Callable

    from telegram import Update

    from chatbot.i18n import Words
    from chatbot.reports.review.review import Review
    from handlers.chat.context import Context
    from handlers.views.common import View


async def review(update: Update, context: Context) -> None:
    """Show the review with its picture."""
    await _show(update, context, views.review)


async def scorecard(update: Update, context: Context) -> None:
    """Show what each trigger brought."""
    await _show(update, context, views.scorecard)


async def more(update: Update, context: Context) -> None:
    """Show each trigger by itself."""
    await _show(update, context, views.more)


async def months(update: Update, context: Context) -> None:
    """Show what each month returned."""
    await _show(update, context, over_time.months)


async def weights(update: Update, context: Context) -> None:
    """Show what each line was of the value."""
    await _show(update, context, over_time.weights)


async def _show(update: Update, context: Context, view: Callable[[Words, Review], View]) -> None:
    portfolio = await need_portfolio(update, context, to_read=True)
    if portfolio is not None:
        await show(update, context, view(context.words, await context.program.reviews.review(portfolio, context.words.zone)))

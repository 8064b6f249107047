"""/pause and /resume: all of a person's portfolios, or the one that a button names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.chat.context import need_portfolio, show
from handlers.commands.portfolios import show_list
from handlers.views import problems
from handlers.views.person import pause as views
from handlers.views.portfolio import status

if TYPE_CHECKING:
    from telegram import Update

    from chatbot.model import PortfolioRow
    from handlers.chat.context import Context


async def pause(update: Update, context: Context) -> None:
    """Stop everything, or the one portfolio that a button names; a plan under way is finished."""
    rows = await _set(update, context, paused=True)
    if rows:
        await _show_activity(update, context, rows)


async def resume(update: Update, context: Context) -> None:
    """Let everything go on, or the one portfolio that a button names; a snooze ends with it."""
    rows = await _set(update, context, paused=False)
    if not rows:
        return
    if update.callback_query is None or context.tapped.arg or rows[0].after_panic:
        await _show_activity(update, context, rows)
        return
    report = await context.program.reports.status(context.person, rows[0].portfolio)
    await show(update, context, status.status(context.words, report, context.program.clock.now()))


async def _set(update: Update, context: Context, *, paused: bool) -> tuple[PortfolioRow, ...]:
    """Pause or resume, and return what is to be shown: all after a command or in a list of all, else the one that was tapped."""
    only = None
    if update.callback_query is not None:
        portfolio = await need_portfolio(update, context)
        if portfolio is None:
            return ()
        only = portfolio.id
    use_case = context.program.portfolios.pause if paused else context.program.portfolios.resume
    rows = await use_case(context.person, only)
    if not rows:
        await show(update, context, problems.no_portfolio(context.words))
    return rows if only is None or context.tapped.arg else tuple(row for row in rows if row.portfolio.id == only)


async def _show_activity(update: Update, context: Context, rows: tuple[PortfolioRow, ...]) -> None:
    if update.callback_query is not None and context.tapped.arg == views.FROM_LIST:
        await show_list(update, context)
        return
    context.about = None if len(rows) > 1 else rows[0].portfolio.id
    await show(update, context, views.activity(context.words, rows))

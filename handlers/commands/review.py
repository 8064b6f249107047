"""/review: what trading brought, against holding, monthly and bands alone, and by trigger."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chatbot.backtest.result import by_the_month, without_triggers
from chatbot.model import Cause, Reason
from chatbot.portfolio.amounts.daily_marks import in_coins
from chatbot.portfolio.manage import UnderWay
from handlers.chat.context import need_portfolio, show
from handlers.commands.rebalance import answer_proposal
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


async def try_way(update: Update, context: Context) -> None:
    """Open a portfolio on paper beside the one that is told of, looked after in the way that did better; its first plan waits."""
    portfolio = await need_portfolio(update, context, to_read=True)
    if portfolio is None:
        return
    program, words, way = context.program, context.words, context.tapped.arg
    told = await program.reviews.review(portfolio, words.zone)
    if told.series is None or told.best is None or not told.best.is_strong or told.best.way != way:
        await show(update, context, views.review(words, told))  # it says what is so now
        return
    plain = without_triggers(told.compared.strategy if told.compared is not None else portfolio.strategy)
    now = program.clock.now()
    strategy = by_the_month(plain, program.evaluator.market_time(portfolio, now), str(words.zone)) if way == "monthly" else plain
    opened = await program.portfolios.open(
        context.person, program.mode, strategy, in_coins(told.series.points[-1].mark, portfolio.quote), quote=portfolio.quote
    )
    if isinstance(opened, UnderWay):
        return
    context.person = replace(context.person, portfolio_id=opened.id)
    context.about = opened.id
    await show(update, context, views.tried(words, portfolio, opened, way))
    proposal = await program.rebalancing.propose(opened, (Reason(trigger=Cause.START),))
    await answer_proposal(update, context, opened, proposal, new_message=True)


async def _show(update: Update, context: Context, view: Callable[[Words, Review], View]) -> None:
    portfolio = await need_portfolio(update, context, to_read=True)
    if portfolio is not None:
        await show(update, context, view(context.words, await context.program.reviews.review(portfolio, context.words.zone)))

"""The answer to "what happened to this coin?": stored with its time and price; only "true" lets plans go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.model.life import LeapWhy
from chatbot.portfolio.lives import levels
from handlers.chat.context import answer, need_portfolio, show
from handlers.views.plan import progress
from handlers.views.portfolio import leaps

if TYPE_CHECKING:
    from telegram import Update

    from handlers.chat.context import Context


async def leap(update: Update, context: Context) -> None:
    """Take what a person says of the leap that the button names."""
    number, why, mark = context.tapped.args
    program = context.program
    context.about = int(number)
    if await context.portfolio() is None:
        await answer(update, context, progress.not_yours(context.words), alert=True)
        return
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    asked = program.markets.leap(portfolio, mark)
    if asked is None:
        await answer(update, context, leaps.over(context.words), alert=True)
        return
    said = LeapWhy(why)
    await levels.answer(program.db, portfolio, asked, said, program.evaluator.market_time(portfolio, program.clock.now()))
    program.roster.forget(portfolio.id)
    await show(update, context, leaps.answered(context.words, portfolio, asked, said))

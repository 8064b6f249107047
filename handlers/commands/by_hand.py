"""A plan that was carried out by hand at other amounts than its card says: what is held now is asked for, and believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatbot.model import PlanState
from chatbot.plans import outcomes
from chatbot.portfolio.flows import NoEntry
from chatbot.portfolio.manage import OF_PORTFOLIO
from handlers.chat.context import answer, refuse, reply
from handlers.chat.reading import own_words
from handlers.chat.reading.corrections import corrections
from handlers.commands.rebalance import too_late
from handlers.views.common import View, esc
from handlers.views.plan import by_hand as views
from handlers.views.plan import progress
from handlers.views.portfolio.flows import correct_example, no_entry

if TYPE_CHECKING:
    from telegram import Update

    from handlers.chat.context import Context

DIALOG = views.DIALOG


async def otherwise(update: Update, context: Context) -> None:
    """Ask for the amounts that are held where they differ from what the card leads to."""
    plan = await context.program.rebalancing.owned_plan(int(context.tapped.arg), context.person.id)
    portfolio = await context.portfolio_of(plan)
    if plan is None or portfolio is None:
        await answer(update, context, progress.not_yours(context.words), alert=True)
    elif plan.state is not PlanState.PROPOSED:
        await too_late(update, context, plan)
    else:
        await context.enter(DIALOG, {OF_PORTFOLIO: portfolio.id, "plan": plan.id})
        await reply(update, context, views.prompt(context.words, portfolio, plan))


async def typed(update: Update, context: Context, text: str, data: dict[str, Any]) -> None:
    """Take them: the plan is noted as done, with what was really done of each leg."""
    asked = await context.program.rebalancing.owned_plan(int(data["plan"]), context.person.id)
    about = await context.portfolio_of(asked)
    if about is None:
        await reply(update, context, View(esc(progress.not_yours(context.words))))
        return
    markets = await context.program.markets.of(about).source.markets()
    known, quote = markets, about.quote
    read, found = own_words.either(text, context.words, lambda said: corrections(said, known, quote, context.decimal), lambda got: got[1])
    if found:
        await refuse(update, context, found, correct_example(about))
        return
    outcome = await context.program.rebalancing.confirm_otherwise(int(data["plan"]), context.person.id, read)
    if isinstance(outcome, NoEntry):
        portfolio = await context.portfolio()
        if portfolio is not None:
            await reply(update, context, no_entry(context.words, portfolio, outcome.contract))
        return
    await context.leave(DIALOG)
    plan = outcome.plan if isinstance(outcome, outcomes.Confirmed | outcomes.Late) else None
    portfolio = await context.portfolio_of(plan)
    if plan is None or portfolio is None:
        await reply(update, context, View(esc(progress.not_yours(context.words))))
    elif isinstance(outcome, outcomes.Late):
        await reply(update, context, View(esc(progress.late_text(context.words, plan, replanned=False))))
    else:
        await reply(update, context, views.noted(context.words, portfolio, plan))

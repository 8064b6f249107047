"""Correcting the amounts of a portfolio that its person trades by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.model import Mode
from chatbot.portfolio.flows import Corrected, NoEntry
from chatbot.portfolio.manage import OF_PORTFOLIO
from handlers.chat import amounts
from handlers.chat.context import need_portfolio, refuse, reply, show
from handlers.chat.reading import own_words
from handlers.chat.reading.corrections import corrections
from handlers.commands import untargeted
from handlers.views.portfolio import flows

if TYPE_CHECKING:
    from typing import Any

    from telegram import Update

    from chatbot.i18n import Words
    from chatbot.model import Portfolio
    from chatbot.portfolio.flows import Overtaken
    from handlers.chat.context import Context
    from handlers.views.common import View

DIALOG = flows.HOLDINGS


async def correct(update: Update, context: Context) -> None:
    """Ask what is really held now."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None or portfolio.mode != Mode.MANUAL:
        return
    await context.enter(DIALOG, {OF_PORTFOLIO: portfolio.id})
    await show(update, context, flows.correct_prompt(context.words, portfolio))


async def typed(update: Update, context: Context, text: str, _data: dict[str, Any]) -> None:
    """Take the amounts that differ; what is wrong with them is told at once, and the dialog stays open."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    known, quote = await amounts.nameable(context, portfolio), portfolio.quote
    read, found = own_words.either(text, context.words, lambda said: corrections(said, known, quote, context.decimal), lambda got: got[1])
    if found:
        await refuse(update, context, found, flows.correct_example(portfolio))
        return
    outcome = await context.program.flows.correct(portfolio, read)
    if not isinstance(outcome, NoEntry):
        await context.leave(DIALOG)
    await reply(update, context, _told(context.words, portfolio, outcome))
    if isinstance(outcome, Corrected):
        await untargeted.ask(update, context, portfolio)


def _told(words: Words, portfolio: Portfolio, outcome: Corrected | Overtaken | NoEntry | None) -> View:
    match outcome:
        case Corrected():
            return flows.corrected(words, portfolio, outcome)
        case NoEntry(contract=contract):
            return flows.no_entry(words, portfolio, contract)
        case _:
            return flows.unchanged(words, portfolio)

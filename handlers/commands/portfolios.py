"""/portfolios: all of a person's portfolios beside each other; switch, rename, close, open again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chatbot.portfolio.manage import OF_PORTFOLIO, UnderWay, under_way
from chatbot.store import plans
from handlers.chat.context import answer, need_portfolio, show
from handlers.views import problems
from handlers.views.common import preset_labels
from handlers.views.person import portfolios as views

if TYPE_CHECKING:
    from typing import Any

    from telegram import Update

    from chatbot.model import Portfolio
    from handlers.chat.context import Context

DIALOG = "rename"


async def portfolios(update: Update, context: Context) -> None:
    """List them."""
    await context.leave(DIALOG)
    await show_list(update, context)


async def show_list(update: Update, context: Context) -> None:
    """Show them as they are now."""
    context.about = None  # each button names its own
    rows = await context.program.reports.portfolios(context.person)
    if not rows:
        await show(update, context, problems.no_portfolio(context.words))
        return
    view = views.portfolios(context.words, rows, context.person.portfolio_id, context.program.clock.now())
    await show(update, context, view)


async def switch(update: Update, context: Context) -> None:
    """Let commands speak of another portfolio."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    found, left = await context.program.portfolios.switch(context.person, portfolio.id)
    if found is not None and found.is_open:
        context.person = replace(context.person, portfolio_id=found.id)
    if left:
        await context.tell_dialog_left()
    await show_list(update, context)


async def rename(update: Update, context: Context) -> None:
    """Ask for a name."""
    portfolio = await need_portfolio(update, context)
    if portfolio is not None:
        await context.enter(DIALOG, {OF_PORTFOLIO: portfolio.id})
        await show(update, context, views.rename_prompt(context.words, portfolio))


async def typed(update: Update, context: Context, text: str, data: dict[str, Any]) -> None:
    """Take the name that was typed; what is wrong with it is told, and the question stays."""
    del data
    portfolio = await need_portfolio(update, context)
    if portfolio is not None:
        catalogue = context.program.catalogue
        labels = {label: preset for language in catalogue.languages for label, preset in preset_labels(catalogue.words(language)).items()}
        await context.program.portfolios.rename(context.person, portfolio.id, text, labels)
        await context.leave(DIALOG)
        await show_list(update, context)


async def close(update: Update, context: Context) -> None:
    """Say what closing means, and ask."""
    portfolio = await need_portfolio(update, context)
    if portfolio is not None:
        async with context.program.db.read() as tx:
            busy, plan = await under_way(tx, portfolio), await plans.open_plan(tx, portfolio.id)
        await show(update, context, views.must_end(context.words, busy) if busy else views.close_offer(context.words, portfolio, plan))


async def close_yes(update: Update, context: Context) -> None:
    """Close it."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    outcome = await context.program.portfolios.close(context.person, portfolio.id)
    if isinstance(outcome, UnderWay):
        await show(update, context, views.must_end(context.words, outcome))
        return
    current = await _current(context)
    context.about = None
    await show(update, context, views.was_closed(context.words, outcome or portfolio, current))


async def _current(context: Context) -> Portfolio | None:
    """Return the portfolio that commands speak of from now on."""
    context.person = await context.program.access.known(context.person.id) or context.person
    return await context.program.portfolios.current(context.person)


async def closed(update: Update, context: Context) -> None:
    """List the closed ones."""
    context.about = None
    await show(update, context, views.closed_list(context.words, await context.program.reports.portfolios(context.person)))


async def reopen(update: Update, context: Context) -> None:
    """Open a closed portfolio again; it is paused until its person says otherwise."""
    portfolio = await need_portfolio(update, context, to_read=True)
    if portfolio is None:
        return
    opened = await context.program.portfolios.reopen(context.person, portfolio.id)
    await _current(context)
    if opened is not None and opened.paused:
        await answer(update, context, context.words.t("It is open again, and paused until you resume it."))
    await show_list(update, context)

"""/triggers: show them, switch and tune them by buttons or in words; everything that is wrong with the words is told at once."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.triggers.registry import TRIGGERS
from chatbot.model import Cause
from chatbot.portfolio import strategies
from handlers.chat.context import need_portfolio, refuse, show
from handlers.commands import trigger_text
from handlers.views.trigger import page

if TYPE_CHECKING:
    from telegram import Update

    from chatbot.model import Portfolio, Strategy
    from handlers.chat.context import Context


async def triggers(update: Update, context: Context) -> None:
    """Show every trigger, or take ``/triggers volatility 2.5``."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    if update.callback_query is not None or not context.args:
        await _show(update, context, portfolio)
        return
    asked = trigger_text.read(context.rest, context.words, portfolio.strategy)
    if asked.problems:
        await refuse(update, context, asked.problems, page.EXAMPLE)
        return
    await _change(update, context, portfolio, asked.strategy, asked.trigger)


async def trigger(update: Update, context: Context) -> None:
    """Show one trigger in full."""
    portfolio = await need_portfolio(update, context)
    if portfolio is not None:
        await _show(update, context, portfolio, Cause(context.tapped.arg))


async def turn(update: Update, context: Context) -> None:
    """Switch a trigger on or off, to what the button said, so that a second tap changes nothing."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    name, on, *from_list = context.tapped.args
    if name in TRIGGERS:
        changed = strategies.switched(portfolio.strategy, Cause(name), on=on == "1")
        await _change(update, context, portfolio, changed, None if from_list else Cause(name))


async def knob(update: Update, context: Context) -> None:
    """Turn one knob to what the button said; the limit takes the end along where it would otherwise pass it."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    name, what, value = Cause(context.tapped.args[0]), *context.tapped.args[1:]
    strategy = portfolio.strategy
    strategy = strategies.with_mode(strategy, name, value) if what == "mode" else _turned(strategy, name, what, Decimal(value))
    await _change(update, context, portfolio, strategy, name)


def _turned(strategy: Strategy, name: Cause, what: str, value: Decimal) -> Strategy:
    trigger_ = TRIGGERS[name]
    params = {**strategy.setting(name).params, what: value}
    if trigger_.problems(params) == (trigger_.leave,):
        other = trigger_.leave if what == trigger_.enter else trigger_.enter
        params[other] = value
    return strategies.tuned(strategy, name, params) if not trigger_.problems(params) else strategy


async def about(update: Update, context: Context) -> None:
    """Explain every trigger."""
    await show(update, context, page.about(context.words))


async def _change(update: Update, context: Context, portfolio: Portfolio, strategy: Strategy, name: Cause | None) -> None:
    changed = portfolio
    if strategy != portfolio.strategy:
        changed = await context.program.portfolios.change(portfolio, strategy=strategy)
    await _show(update, context, changed, name)


async def _show(update: Update, context: Context, portfolio: Portfolio, name: Cause | None = None) -> None:
    report = await context.program.reports.status(context.person, portfolio)
    view = page.details(context.words, report, name) if name is not None and name in TRIGGERS else page.overview(context.words, report)
    await show(update, context, view)

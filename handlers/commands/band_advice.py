"""Recommended bands: shown line by line, used with one tap."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.model import BandRule
from handlers.chat.context import answer, need_portfolio, show
from handlers.views.portfolio import band_advice
from handlers.views.portfolio import strategy as strategy_views

if TYPE_CHECKING:
    from telegram import Update

    from chatbot.model import Portfolio
    from handlers.chat.context import Context


async def advice(update: Update, context: Context) -> None:
    """Show the recommended bands; the button carries the limit on tracking."""
    portfolio = await need_portfolio(update, context)
    if portfolio is not None:
        await recommend(update, context, portfolio, context.tapped.arg)


async def recommend(update: Update, context: Context, portfolio: Portfolio, budget: str = "") -> None:
    """Show the band that costs least for each line; ``budget``: or the widest that strays no further in a year, in per cent."""
    await show(update, context, band_advice.recommended(context.words, await context.program.adviser.bands(portfolio, _fraction(budget))))


def _fraction(budget: str) -> Decimal | None:
    return Decimal(budget) / 100 if budget else None


async def use_band(update: Update, context: Context) -> None:
    """Give one line the band that the button said."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    line, points, budget = context.tapped.arg.rsplit(":", 2)
    strategy = portfolio.strategy
    if line in strategy.bands:
        rule = BandRule(abs_pp=Decimal(points))
        portfolio = await context.program.portfolios.change(portfolio, strategy=replace(strategy, bands={**strategy.bands, line: rule}))
        await answer(update, context, band_advice.used_toast(context.words, line, Decimal(points)))
    else:
        await answer(update, context, band_advice.gone_toast(context.words), alert=True)
    await recommend(update, context, portfolio, budget)


async def use_bands(update: Update, context: Context) -> None:
    """Give every line its recommended band; lines without one keep theirs."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    found = await context.program.adviser.bands(portfolio, _fraction(context.tapped.arg))
    if found.problems:
        await show(update, context, band_advice.recommended(context.words, found))
        return
    strategy = replace(portfolio.strategy, bands={**portfolio.strategy.bands, **found.rules})
    changed = await context.program.portfolios.change(portfolio, strategy=strategy)
    await show(update, context, strategy_views.bands(context.words, changed))

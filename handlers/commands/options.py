"""Options of a strategy that are off by default: the turnover limit of one plan, and the tilt."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from handlers.chat.context import need_portfolio, show
from handlers.views.portfolio import options as views

if TYPE_CHECKING:
    from typing import Any

    from telegram import Update

    from handlers.chat.context import Context


async def options(update: Update, context: Context) -> None:
    """Show the options."""
    await _show(update, context)


async def budget(update: Update, context: Context) -> None:
    """Limit what one plan trades, or lift the limit."""
    share = _chosen(context, views.BUDGETS)
    await _show(update, context, turnover_budget=share or None)


async def tilt(update: Update, context: Context) -> None:
    """Switch the tilt on or off; without futures in the targets it can only go off."""
    await _show(update, context, tilt=_chosen(context, views.KAPPAS))


def _chosen(context: Context, offered: tuple[int, ...]) -> Decimal:
    """Return the choice as a fraction; anything that is not offered counts as off."""
    return next((Decimal(percent) / 100 for percent in offered if str(percent) == context.tapped.arg), Decimal(0))


async def _show(update: Update, context: Context, **changes: Any) -> None:  # noqa: ANN401 - fields of Strategy
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    if "tilt" in changes and not views.offers_tilt(portfolio.strategy):
        changes["tilt"] = Decimal(0)
    if changes:
        portfolio = await context.program.portfolios.change(portfolio, strategy=replace(portfolio.strategy, **changes))
    await show(update, context, views.options(context.words, portfolio, await context.program.reports.tilts(portfolio)))

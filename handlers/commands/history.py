"""/history and /why: what was done, what was seen, and why nothing was done."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from telegram import InputFile
from telegram.constants import ParseMode

from chatbot.exchanges.base import asset_of
from chatbot.model import HeldBack
from chatbot.store import plans, portfolios
from chatbot.store.codec import as_far
from handlers.chat import names
from handlers.chat.context import answer, need_portfolio, show
from handlers.views.plan import history as views
from handlers.views.plan import progress
from handlers.views.portfolio import why as why_views

if TYPE_CHECKING:
    from telegram import Update

    from chatbot.model import Check, Plan, Portfolio, PortfolioFigures
    from handlers.chat.context import Context

#: plans that are looked through for the last one that traded a coin
_SEARCHED = 50
#: plans in one CSV file
_CSV_PLANS = 1000


async def history(update: Update, context: Context) -> None:
    """List plans, newest first; the button's argument is the id to go on before."""
    portfolio = await need_portfolio(update, context, to_read=True)
    if portfolio is None:
        return
    before = int(context.tapped.arg) if update.callback_query is not None and context.tapped.arg else None
    async with context.program.db.read() as tx:
        found, damaged = await plans.readable(tx, portfolio.id, limit=views.PAGE_SIZE + 1, before_id=before)
    more, older = len(found) + len(damaged) > views.PAGE_SIZE, before is not None
    await show(update, context, views.history(context.words, portfolio, found, damaged, more=more, is_older=older))


async def plan(update: Update, context: Context) -> None:
    """Open one plan in full."""
    number, origin, at = (*context.tapped.args, *("", "0")[len(context.tapped.args) - 1 :])
    found = await context.program.rebalancing.owned_plan(int(number), context.person.id)
    portfolio = await context.portfolio_of(found)
    if found is None or portfolio is None:
        await answer(update, context, progress.not_yours(context.words), alert=True)
        return
    await show(update, context, views.plan_in_full(context.words, portfolio, found, at=int(at), origin=origin))


async def csv(update: Update, context: Context) -> None:
    """Send every leg of every plan as a file."""
    portfolio = await need_portfolio(update, context, to_read=True)
    if portfolio is None:
        return
    async with context.program.db.read() as tx:
        found = await plans.plans(tx, portfolio.id, limit=_CSV_PLANS)
    file = InputFile(views.history_csv(found).encode(), filename=f"ballast-{portfolio.id}.csv")
    caption = views.csv_caption(context.words, portfolio)
    await context.bot.send_document(context.person.chat_id, file, caption=caption, parse_mode=ParseMode.HTML)


async def why(update: Update, context: Context) -> None:
    """Explain the last check: what each line read, and why the bot did or did not act; ``/why ETH`` shows the last plan that traded it."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    if context.rest and update.callback_query is None:
        last_trade = await _traded(context, portfolio, names.unlisted(context.rest))
        if last_trade is not None:
            await show(update, context, views.plan_in_full(context.words, portfolio, last_trade))
            return
    now = context.program.clock.now()
    report = await context.program.reports.status(context.person, portfolio)
    async with context.program.db.read() as tx:
        last = await as_far(portfolios.check(tx, portfolio.id), [])  # the report names it
    figures, swept = report.check.figures, context.program.monitor.last
    at = last.at if last else now
    if last is not None and last.held_back is HeldBack.INSIDE and swept is not None and not portfolio.paused:
        at = max(at, swept.at)  # the screen has passed over it since
    fired = () if portfolio.paused else report.check.fired
    seen = replace(report.check, at=at, held_back=_held_back(portfolio, last, figures), fired=fired)
    await show(update, context, why_views.why(context.words, report, seen if last or report.check.figures else None, now))


async def _traded(context: Context, portfolio: Portfolio, coin: str) -> Plan | None:
    """Return the last plan that bought or sold a coin or its contract; None where none of the last ones did."""
    async with context.program.db.read() as tx:
        found, _ = await plans.readable(tx, portfolio.id, limit=_SEARCHED)
    return next((plan for plan in found if any(leg.filled and asset_of(leg.instrument) == coin for leg in plan.legs)), None)


async def why_all(update: Update, context: Context) -> None:
    """Show every limit, the nearest first."""
    portfolio = await need_portfolio(update, context)
    if portfolio is not None:
        report = await context.program.reports.status(context.person, portfolio)
        await show(update, context, why_views.everything(context.words, report, report.check.figures))


def _held_back(portfolio: Portfolio, last: Check | None, figures: PortfolioFigures | None) -> HeldBack:
    """Return what the last check came to.

    The screen passes over whoever is inside; what it saw are the prices of the last fetch, which are the ones read here.
    """
    if portfolio.paused:
        return HeldBack.PAUSED
    if last is None or last.held_back is HeldBack.INSIDE:
        return HeldBack.NONE if figures is not None and any(line.breach for line in figures.limits) else HeldBack.INSIDE
    return last.held_back or (HeldBack.NONE if last.fired else HeldBack.PLANNED)

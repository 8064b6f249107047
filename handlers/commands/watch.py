"""A portfolio on the account of a key, watched: which others stay beside it, whether futures are used, and the strategy it begins with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chatbot.errors import UserError
from chatbot.exchanges.base import traded
from chatbot.model import FUTURES, REFUSING, Mode
from chatbot.portfolio import strategies
from chatbot.portfolio.manage import UnderWay
from handlers.chat.context import need_portfolio, show
from handlers.commands.start import zone_question
from handlers.views import problems
from handlers.views.person import keys as key_views
from handlers.views.plan import real_money as views
from handlers.views.portfolio import start as start_views

if TYPE_CHECKING:
    from telegram import Update

    from chatbot.model import ExchangeKey, PortfolioFigures
    from handlers.chat.context import Context


async def watch(update: Update, context: Context) -> None:
    """Open a portfolio on the account of a key: its targets are what is there now, and it only tells."""
    context.about = None
    program = context.program
    number, _, over = context.tapped.arg.partition(":")
    found = next((one for one in await program.keyring.of(context.person) if str(one.id) == number), None)
    if found is not None and not found.account:  # an earlier version did not ask whose account it is
        found = await program.keyring.look(context.person, found.id)
    if found is None or found.is_lost or not REFUSING.isdisjoint(found.report.problems):
        await show(update, context, key_views.gone(context.words))
    elif not (program.settings.is_live_market or found.is_test):
        await show(update, context, views.made_up(context.words, found.exchange))
    elif not await _asks_first(update, context, found, over):
        await _open(update, context, found, over)


async def _asks_first(update: Update, context: Context, key: ExchangeKey, over: str) -> bool:
    """Ask what becomes of the portfolios that are open; False where that was answered, there is none, or one stands on this account."""
    there = [one for one in await context.program.portfolios.of(context.person) if one.is_open]
    if over or not there or any(one.key_id == key.id or (key.account and one.account == key.account) for one in there):
        return False
    await show(update, context, start_views.replace_or_keep(context.words, there, "watch", f"{key.id}:"))
    return True


async def _open(update: Update, context: Context, key: ExchangeKey, over: str) -> None:
    program = context.program
    base = strategies.preset("balanced", traded(await (await program.markets.open(key.exchange)).source.markets()))
    replaces = int(over) if over.isdecimal() else None
    try:
        opened = await program.portfolios.open(context.person, Mode.LIVE, base, {}, key=key, replaces=replaces)
    except UserError as problem:
        await show(update, context, problems.mistakes(context.words, (problem,)))
        return
    if isinstance(opened, UnderWay):
        await show(update, context, start_views.not_replaced(context.words, opened))
        return
    context.person, context.about = replace(context.person, portfolio_id=opened.id), opened.id
    figures = (await program.evaluator.look(opened, fresh=True)).figures
    if figures is not None:
        kept = strategies.as_held(figures.values, base, net=figures.futures_net)
        opened = await program.portfolios.change(opened, strategy=kept)
    replaced = await program.portfolios.by_id(replaces) if replaces is not None else None
    value, asks = (None, True) if figures is None else (figures.value, not _has_futures(figures))
    clock = zone_question(update, context)
    await show(update, context, views.watching(context.words, opened, value, replaced=replaced, clock=clock, asks=asks))


def _has_futures(figures: PortfolioFigures) -> bool:
    """Tell whether an account has something of futures, so that nobody need be asked whether they are used."""
    return any(figures.book.values()) or bool(figures.values.get(FUTURES))


async def futures(update: Update, context: Context) -> None:
    """Take whether somebody uses futures on a watched account, and show its strategy with the others."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    if context.tapped.arg == "no":
        without = strategies.without_futures(portfolio.strategy)
        portfolio = await context.program.portfolios.change(portfolio, strategy=without)
    await show(update, context, start_views.watched(context.words, portfolio, clock=zone_question(update, context)))

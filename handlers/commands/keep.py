"""/keep: a quantity that is held but is no part of the portfolio."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.portfolio.manage import OF_PORTFOLIO
from handlers.chat import amounts
from handlers.chat.context import need_portfolio, refuse, reply, show
from handlers.chat.reading import own_words, sums
from handlers.commands import flows
from handlers.views.portfolio import flows as flow_views
from handlers.views.portfolio import keep as views

if TYPE_CHECKING:
    from collections.abc import Mapping

    from telegram import Update

    from chatbot.errors import UserError
    from chatbot.model import Portfolio
    from handlers.chat.context import Context
    from handlers.views.common import View

#: waits for a tap alone: what is typed goes elsewhere
DIALOG = "keep"


async def keep(update: Update, context: Context) -> None:
    """Show what is kept out, or take ``/keep 0.2 BTC``, ``/keep all ADA``, ``/keep BTC 0``."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    if update.callback_query is not None or not context.args:
        await _show(update, context, portfolio)
        return
    typed = await _read(context, portfolio, context.rest)
    if readings := typed.readings:
        stored = {seal: {name: str(qty) for name, qty in one.items()} for seal, one in readings.items()}
        await context.enter(DIALOG, {OF_PORTFOLIO: portfolio.id, "readings": stored})
        prices = await amounts.prices(context, typed.holdings)
        await reply(update, context, flow_views.which(context.words, portfolio, readings, prices, flow_views.KEEP_AS))
        return
    read = typed.sure()
    await _keep(update, context, portfolio, {**dict.fromkeys(read.every), **read.holdings}, read.problems)


async def instead(context: Context, behind: str) -> View | None:
    """Return why what a sentence wants kept out cannot be, with what can; None where it can, or where the command itself will tell."""
    portfolio = await context.portfolio()
    if portfolio is None or not portfolio.is_open:
        return None
    typed = await _read(context, portfolio, behind)
    wishes = {**dict.fromkeys(typed.every), **typed.holdings}
    if typed.problems or typed.readings or len(wishes) != 1:
        return None
    ((asset, wish),) = wishes.items()
    found, others = await context.program.reserve.instead(portfolio, asset, wish)
    return views.cannot(context.words, portfolio, found, asset, others) if found else None


async def _read(context: Context, portfolio: Portfolio, text: str) -> amounts.Typed:
    exchange = await context.program.accounts.exchange(portfolio.id)
    coins = {*await exchange.markets(), *(await exchange.balances()).spot, *portfolio.strategy.kept}
    quote, decimal = exchange.quote_asset, context.decimal
    return own_words.either(text, context.words, lambda said: sums.kept(said, coins, quote, decimal), lambda got: got.problems)


async def keep_as(update: Update, context: Context) -> None:
    """Keep what was typed out, as the tapped button reads it."""
    portfolio = await need_portfolio(update, context)
    chosen = await flows.tapped_reading(update, context, portfolio, DIALOG)
    if portfolio is not None and chosen is not None:
        await _keep(update, context, portfolio, chosen[0], ())
        await context.leave(DIALOG)


async def give_back(update: Update, context: Context) -> None:
    """Give back what is kept out of the tapped coin."""
    portfolio = await need_portfolio(update, context)
    coins = list(portfolio.strategy.kept) if portfolio is not None else []
    at = context.tapped.arg
    if portfolio is not None and at.isdecimal() and int(at) < len(coins):
        await _keep(update, context, portfolio, {coins[int(at)]: Decimal(0)}, ())


async def _keep(
    update: Update, context: Context, portfolio: Portfolio, wished: Mapping[str, Decimal | None], found: tuple[UserError, ...]
) -> None:
    changed = None
    if not found:
        changed, found = await context.program.reserve.keep(portfolio, wished)
    if changed is None:
        await refuse(update, context, found, views.EXAMPLE)
        return
    await _show(update, context, changed, changed=True)


async def _show(update: Update, context: Context, portfolio: Portfolio, *, changed: bool = False) -> None:
    figures = (await context.program.evaluator.look(portfolio, patient=True)).figures if portfolio.strategy.kept else None
    await show(update, context, views.kept(context.words, portfolio, figures, changed=changed))

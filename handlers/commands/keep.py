"""/keep: a quantity that is held but is no part of the portfolio."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.portfolio.manage import OF_PORTFOLIO
from handlers.chat import amounts, names
from handlers.chat.context import need_portfolio, reply, show
from handlers.commands import flows
from handlers.views import problems
from handlers.views.portfolio import flows as flow_views
from handlers.views.portfolio import keep as views

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from telegram import Update

    from chatbot.errors import UserError
    from chatbot.model import Portfolio
    from handlers.chat.context import Context

#: waits for a tap alone: what is typed goes elsewhere
DIALOG = "keep"
#: how people say "all of it", in the languages of the bot
_ALL = r"(?i:all|everything|whole|todo|toda|todos|todas|вс[её]|весь|всю)"
_ALL_FIRST = re.compile(rf"(?<!\S){_ALL}\s+(?:of\s+)?(?:my\s+)?([^\s,;]+)")
_ALL_LAST = re.compile(rf"([^\s,;]+)\s+{_ALL}(?![^\s,;])")


async def keep(update: Update, context: Context) -> None:
    """Show what is kept out, or take ``/keep 0.2 BTC``, ``/keep all ADA``, ``/keep BTC 0``."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    if update.callback_query is not None or not context.args:
        await _show(update, context, portfolio)
        return
    exchange = await context.program.accounts.exchange(portfolio.id)
    coins = {*await exchange.markets(), *(await exchange.balances()).spot, *portfolio.strategy.kept}
    typed = amounts.understood(context.rest.strip(" ,;"), coins, exchange.quote_asset, context.decimal)
    if readings := typed.readings:
        stored = {seal: {name: str(qty) for name, qty in one.items()} for seal, one in readings.items()}
        await context.enter(DIALOG, {OF_PORTFOLIO: portfolio.id, "readings": stored})
        prices = await amounts.prices(context, typed.holdings)
        await reply(update, context, flow_views.which(context.words, portfolio, readings, prices, flow_views.KEEP_AS))
        return
    wishes, found = wishes_in(context.rest, coins, exchange.quote_asset, context.decimal)
    await _keep(update, context, portfolio, wishes, found)


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


def wishes_in(text: str, coins: Collection[str], quote_asset: str, decimal: str) -> tuple[dict[str, Decimal | None], tuple[UserError, ...]]:
    """Read how much of which coin is to be kept out; None: all of it. ``coins`` are those that may be named."""
    known = names.of_coins(coins)
    every: dict[str, Decimal | None] = {}
    for pattern in (_ALL_FIRST, _ALL_LAST):
        every |= dict.fromkeys(known.find(match[1]) or match[1].upper() for match in pattern.finditer(text))
        text = pattern.sub(" ", text)
    if not text.strip(" ,;") and every:
        return every, ()
    read = amounts.understood(text.strip(" ,;"), coins, quote_asset, decimal).sure()
    return {**every, **read.holdings}, read.problems


async def _keep(
    update: Update, context: Context, portfolio: Portfolio, wishes: Mapping[str, Decimal | None], found: tuple[UserError, ...]
) -> None:
    changed = None
    if not found:
        changed, found = await context.program.reserve.keep(portfolio, wishes)
    if changed is None:
        await reply(update, context, problems.mistakes(context.words, found, views.EXAMPLE))
        return
    await _show(update, context, changed, changed=True)


async def _show(update: Update, context: Context, portfolio: Portfolio, *, changed: bool = False) -> None:
    figures = (await context.program.evaluator.look(portfolio, patient=True)).figures if portfolio.strategy.kept else None
    await show(update, context, views.kept(context.words, portfolio, figures, changed=changed))

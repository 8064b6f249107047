"""Coins that are held and have no target: the question, and its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.model import Cause, Reason
from chatbot.portfolio import strategies, valuation
from chatbot.store import plans
from handlers.chat.context import need_portfolio, refuse, reply, show
from handlers.commands.rebalance import answer_proposal
from handlers.views.portfolio import strategy as strategy_views
from handlers.views.portfolio import untargeted as views

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telegram import Update

    from chatbot.errors import UserError
    from chatbot.model import Portfolio
    from handlers.chat.context import Context


async def coins_of(context: Context, portfolio: Portfolio) -> tuple[str, ...]:
    """Return the coins that are held and have no target."""
    exchange = await context.program.accounts.exchange(portfolio.id)
    return valuation.without_target((await exchange.balances()).spot, portfolio.strategy)


async def ask(update: Update, context: Context, portfolio: Portfolio) -> None:
    """Ask in a message of its own about what has come in without a target; nothing where all have one."""
    if coins := await coins_of(context, portfolio):
        await reply(update, context, views.question(context.words, portfolio, coins))


async def aim(update: Update, context: Context) -> None:
    """Sell the tapped coin over the plan, or keep it out; what is left is asked about next."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    answer, _, sealed = context.tapped.arg.partition(":")
    coins = await coins_of(context, portfolio)
    meant = [one for one in coins if sealed in (views.seal(one), views.ALL)]
    changed: Portfolio | None = portfolio
    found: Sequence[UserError] = ()
    if meant and answer == views.KEEP:
        changed, found = await context.program.reserve.keep(portfolio, dict.fromkeys(meant))
    elif meant:
        changed = await context.program.portfolios.change(portfolio, strategy=strategies.sold_off(portfolio.strategy, meant))
    if changed is None:
        await refuse(update, context, found)
        return
    await _go_on(update, context, changed, [one for one in coins if one not in meant])


async def _go_on(update: Update, context: Context, portfolio: Portfolio, left: Sequence[str]) -> None:
    """Ask about the next coin, or show the targets, and for a new portfolio its first plan."""
    if left:
        await show(update, context, views.question(context.words, portfolio, left))
        return
    await show(update, context, strategy_views.changed(context.words, portfolio))
    async with context.program.db.read() as tx:
        is_new = not await plans.plans(tx, portfolio.id, limit=1)
    if is_new:
        proposal = await context.program.rebalancing.propose(portfolio, (Reason(trigger=Cause.START),))
        await answer_proposal(update, context, portfolio, proposal, new_message=True)

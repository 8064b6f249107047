"""/invest: money is put where it is missing most, and nothing is sold."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING

from chatbot.errors import UserError
from chatbot.i18n import N_
from chatbot.model import FlowKind
from chatbot.plans import new_money
from chatbot.plans.outcomes import NothingToDo
from chatbot.portfolio.manage import OF_PORTFOLIO
from chatbot.store import halt
from handlers.chat import amounts
from handlers.chat.context import need_portfolio, reply, show
from handlers.chat.reading import own_words, sums
from handlers.commands import flows, schedule
from handlers.commands.rebalance import answer_proposal
from handlers.views.common import decimal_sign
from handlers.views.person import schedule as schedule_views
from handlers.views.portfolio import invest as views

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    from telegram import Update

    from chatbot.i18n import Words
    from chatbot.model import Portfolio
    from handlers.chat.context import Context

DIALOG = views.DIALOG
_CENT = Decimal("0.01")


async def invest(update: Update, context: Context) -> None:
    """Plan to invest money that is there: asked for, or named behind the command."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    if context.rest:
        await _take(update, context, portfolio, context.rest)
        return
    await _refuse_stopped(context, portfolio)
    free = new_money.money_there(await context.program.evaluator.look(portfolio, patient=True))
    await context.enter(DIALOG, {OF_PORTFOLIO: portfolio.id})
    await show(update, context, views.prompt(context.words, portfolio, free))


async def typed(update: Update, context: Context, text: str, _: dict[str, Any]) -> None:
    """Take the amount that was typed after the question."""
    portfolio = await need_portfolio(update, context)
    if portfolio is not None:
        await _take(update, context, portfolio, text)


async def there(update: Update, context: Context) -> None:
    """Plan to invest the money of the tapped button, which has come in already."""
    portfolio = await need_portfolio(update, context)
    if portfolio is not None:
        await _refuse_stopped(context, portfolio)
        await _plan(update, context, portfolio, Decimal(context.tapped.arg))


async def deposited(update: Update, context: Context) -> None:
    """Note the money of the tapped button as a deposit of now, and plan to invest it."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    await _refuse_stopped(context, portfolio)
    amount = Decimal(context.tapped.arg)
    moved = await context.program.flows.move(portfolio, FlowKind.DEPOSIT, {portfolio.quote: amount}, said_in=flows.asked_in(update))
    if not await flows.told(update, context, portfolio, moved):
        return
    await _plan(update, context, portfolio, amount)


def wish_in(text: str, words: Words, instruments: Collection[str], quote: str) -> Decimal | None:
    """Read how much is to be invested; None: all that there is. Raises :class:`UserError`."""
    changes, found = schedule.read(text, words, None)
    if changes.get("invest") and changes.get("freq", schedule_views.OFF) != schedule_views.OFF and not found:
        raise UserError(N_("A regular amount goes into the schedule. Write it like /schedule 500 monthly."))
    sums.refuse_the_other_way(text, comes=True)
    sums.refuse_what_chooses(text, instruments)
    read = sums.moved(text, instruments, quote, decimal_sign(words), all_is=quote)
    if {*flows.above_0(read), *read.every} != {quote}:
        raise UserError(N_("I invest {quote}. Write an amount of it, like 500."), quote=quote)
    return read.holdings.get(quote)


async def _take(update: Update, context: Context, portfolio: Portfolio, text: str) -> None:
    """Invest what a text says. Raises :class:`UserError`."""
    known = await amounts.nameable(context, portfolio)
    wish = own_words.either(text, context.words, lambda said: wish_in(said, context.words, known, portfolio.quote))
    await _refuse_stopped(context, portfolio)
    amount = await _all_there(context, portfolio) if wish is None else wish
    await context.leave(DIALOG)
    await _plan(update, context, portfolio, amount)


async def _all_there(context: Context, portfolio: Portfolio) -> Decimal:
    """Return all that can be invested, in whole cents. Raises :class:`UserError`."""
    there = new_money.money_there(await context.program.evaluator.look(portfolio, fresh=True)).quantize(_CENT, ROUND_DOWN)
    if not there:
        raise UserError(N_("There is no {quote} to invest: it is invested, or kept out."), quote=portfolio.quote)
    return there


async def _refuse_stopped(context: Context, portfolio: Portfolio) -> None:
    """Refuse while nothing can be bought. Raises :class:`UserError`."""
    if portfolio.paused:
        raise UserError(N_("This portfolio is paused, so nothing is bought. /resume first, then send this again."))
    async with context.program.db.read() as tx:
        if await halt.since(tx) is not None:
            raise UserError(N_("Trading is stopped by the operator, so nothing is bought. Send this again when it goes on."))


async def _plan(update: Update, context: Context, portfolio: Portfolio, amount: Decimal) -> None:
    evaluation = await context.program.evaluator.look(portfolio, fresh=True)
    free = new_money.money_there(evaluation)
    if evaluation.snapshot is not None and amount > free:
        await reply(update, context, views.too_much(context.words, portfolio, amount, free))
        return
    proposal = await context.program.rebalancing.propose_from(evaluation, (new_money.reason(amount),))
    if isinstance(proposal, NothingToDo):
        await reply(update, context, views.stays(context.words, portfolio, amount, proposal.left_out))
        return
    await answer_proposal(update, context, portfolio, proposal, new_message=True)

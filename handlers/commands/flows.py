"""/deposit and /withdraw, and the answers to what a correction of amounts was: everything here can be taken back."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.errors import UserError
from chatbot.i18n import N_
from chatbot.model import Flow, FlowKind
from chatbot.portfolio.flows import Corrected, Overtaken, TooLittle
from chatbot.portfolio.manage import OF_PORTFOLIO
from handlers.chat import amounts
from handlers.chat.context import answer, need_portfolio, reply, show
from handlers.chat.reading import own_words, sums
from handlers.commands import rebalance, untargeted
from handlers.views.plan import by_hand as by_hand_views
from handlers.views.plan import progress
from handlers.views.portfolio import flows as views

if TYPE_CHECKING:
    from typing import Any

    from telegram import Update

    from chatbot.model import Portfolio
    from chatbot.portfolio.flows import Moved
    from handlers.chat.context import Context

DIALOG = views.FLOW


async def deposit(update: Update, context: Context) -> None:
    """Let money or coins come in: asked for, or named behind the command."""
    await _begin(update, context, FlowKind.DEPOSIT)


async def withdraw(update: Update, context: Context) -> None:
    """Let money or coins leave."""
    await _begin(update, context, FlowKind.WITHDRAWAL)


async def _begin(update: Update, context: Context, kind: FlowKind) -> None:
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    if context.rest:
        await _move(update, context, portfolio, kind, context.rest)
        return
    await context.enter(DIALOG, {OF_PORTFOLIO: portfolio.id, "kind": kind.value})
    await show(update, context, views.prompt(context.words, portfolio, kind))


async def typed(update: Update, context: Context, text: str, data: dict[str, Any]) -> None:
    """Take what was typed after the question."""
    portfolio = await need_portfolio(update, context)
    if portfolio is not None:
        await _move(update, context, portfolio, FlowKind(data.get("kind", FlowKind.DEPOSIT)), text)


async def _move(update: Update, context: Context, portfolio: Portfolio, kind: FlowKind, text: str) -> None:
    if (earlier := await context.program.flows.said(portfolio, asked_in(update))) is not None:
        await told(update, context, portfolio, earlier)  # this text has come again
        return
    sums.refuse_the_other_way(text, comes=kind is FlowKind.DEPOSIT)
    read = await _typed_in(context, portfolio, text)
    if readings := read.readings:
        stored = {seal: {name: str(qty) for name, qty in one.items()} for seal, one in readings.items()}
        await context.enter(DIALOG, {OF_PORTFOLIO: portfolio.id, "kind": kind.value, "readings": stored})
        prices = await amounts.prices(context, next(iter(readings.values())))
        await reply(update, context, views.which(context.words, portfolio, readings, prices, views.MOVE_AS))
        return
    qtys = {**above_0(read), **await _all_of(context, portfolio, read, kind)}
    moved = await context.program.flows.move(portfolio, kind, qtys, said_in=asked_in(update))
    await context.leave(DIALOG)
    await told(update, context, portfolio, moved)


def asked_in(update: Update) -> int:
    """Return the number of the message that an update is about: what was typed, or what stands above the tapped button."""
    return update.effective_message.message_id if update.effective_message is not None else 0


async def flow_as(update: Update, context: Context) -> None:
    """Let in or out what was typed, as the tapped button reads it; once."""
    portfolio = await need_portfolio(update, context)
    chosen = await tapped_reading(update, context, portfolio, DIALOG)
    if portfolio is None or chosen is None:
        return
    qtys, data = chosen
    moved = await context.program.flows.move(portfolio, FlowKind(data["kind"]), qtys, said_in=asked_in(update))
    await context.leave(DIALOG)
    await told(update, context, portfolio, moved)


async def tapped_reading(
    update: Update, context: Context, portfolio: Portfolio | None, dialog: str
) -> tuple[dict[str, Decimal], dict[str, Any]] | None:
    """Return the amounts of the reading that was tapped, and what the dialog knows besides; None, and it is told, once that is left."""
    found = await context.dialog()
    if portfolio is None:
        return None
    data = found[1] if found is not None and found[0] == dialog and found[1].get(OF_PORTFOLIO) == portfolio.id else {}
    chosen = data.get("readings", {}).get(context.tapped.arg)
    if chosen is None:
        await answer(update, context, views.overtaken(context.words), alert=True)
        return None
    return {name: Decimal(qty) for name, qty in chosen.items()}, data


async def told(update: Update, context: Context, portfolio: Portfolio, moved: Moved) -> bool:
    """Say what came of letting something in or out; return whether it came or went."""
    if moved is None or isinstance(moved, Overtaken):
        await reply(update, context, views.not_ours(context.words, portfolio))
        return False
    await _told(update, context, portfolio, moved)
    return not isinstance(moved, TooLittle)


async def _all_of(context: Context, portfolio: Portfolio, read: amounts.Typed, kind: FlowKind) -> dict[str, Decimal]:
    """Return how much is free of the coins of which all goes. Raises :class:`UserError`."""
    if read.every and kind is not FlowKind.WITHDRAWAL:
        raise UserError(N_("Write an amount above 0, like 500 or 0.1 BTC."))
    free = (await (await context.program.accounts.exchange(portfolio.id)).balances()).free if read.every else {}
    for coin in read.every:
        if not free.get(coin):
            raise UserError(N_("You have no {name} to take out."), name=coin)
    return {coin: free[coin] for coin in read.every}


def above_0(read: amounts.Typed) -> dict[str, Decimal]:
    """Return the amounts that are written, beyond doubt and above 0. Raises :class:`UserError`."""
    typed = read.sure()
    if typed.problems:
        raise typed.problems[0]
    if any(qty <= 0 for qty in typed.holdings.values()) or not (typed.holdings or typed.every):
        raise UserError(N_("Write an amount above 0, like 500 or 0.1 BTC."))
    return typed.holdings


async def _typed_in(context: Context, portfolio: Portfolio, text: str) -> amounts.Typed:
    known = await amounts.nameable(context, portfolio)
    return own_words.either(
        text, context.words, lambda said: sums.moved(said, known, portfolio.quote, context.decimal), lambda got: got.problems
    )


async def _told(update: Update, context: Context, portfolio: Portfolio, moved: Flow | TooLittle) -> None:
    if isinstance(moved, TooLittle):
        await show(update, context, views.too_little(context.words, portfolio, moved))
    else:
        await show(update, context, views.moved(context.words, portfolio, moved))
        await untargeted.ask(update, context, portfolio)


async def was_deposit(update: Update, context: Context) -> None:
    """Leave a correction what it was taken for: money from outside."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    number = int(context.tapped.arg)
    there = await context.program.flows.at_exchange(portfolio, number)
    latest = there if isinstance(there, Corrected) else await context.program.flows.last_correction(portfolio, number)
    if latest is None:
        await answer(update, context, views.overtaken(context.words), alert=True)
        return
    await show(update, context, views.corrected(context.words, portfolio, latest, answered=True))


async def was_trade(update: Update, context: Context) -> None:
    """Take a correction for a trade."""
    portfolio = await need_portfolio(update, context)
    if portfolio is not None:
        outcome = await context.program.flows.was_trade(portfolio, int(context.tapped.arg))
        await _answered(update, context, portfolio, outcome)


async def undo(update: Update, context: Context) -> None:
    """Take the last change of amounts back."""
    portfolio = await need_portfolio(update, context)
    if portfolio is not None:
        outcome = await context.program.flows.undo(portfolio, int(context.tapped.arg))
        await _answered(update, context, portfolio, outcome)


async def undo_plan(update: Update, context: Context) -> None:
    """Take back that a plan was noted as done, and show its card again."""
    plan = await context.program.rebalancing.owned_plan(int(context.tapped.arg), context.person.id)
    portfolio = await context.portfolio_of(plan)
    if plan is None or portfolio is None:
        await answer(update, context, progress.not_yours(context.words), alert=True)
        return
    outcome = await context.program.flows.undo_plan(portfolio, plan.id)
    if isinstance(outcome, Corrected):
        await answer(update, context, progress.taken_back_toast(context.words, plan))
        if asked_in(update) == plan.message_id:
            await rebalance.card(update, context)
        else:  # the card itself is drawn again where it stands
            await show(update, context, by_hand_views.taken_back(context.words, portfolio, plan))
    else:
        await _answered(update, context, portfolio, outcome)


async def _answered(
    update: Update, context: Context, portfolio: Portfolio, outcome: Corrected | Flow | Overtaken | TooLittle | None
) -> None:
    match outcome:
        case Corrected():
            await show(update, context, views.corrected(context.words, portfolio, outcome, answered=True))
        case Flow():
            await _told(update, context, portfolio, outcome)
        case TooLittle():
            await answer(update, context, views.too_little_toast(context.words, outcome), alert=True)
        case Overtaken(since=since):
            await answer(update, context, views.overtaken(context.words, since), alert=True)
        case _:
            await answer(update, context, views.overtaken(context.words), alert=True)

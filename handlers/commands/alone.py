"""Acting by itself with real money: /mode auto asks for a sentence of its own, after one plan that was confirmed by hand."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.model import AnswerMode, AutoLimits
from chatbot.portfolio.manage import OF_PORTFOLIO
from chatbot.portfolio.revision import revision_of
from handlers.chat.context import need_portfolio, reply, show
from handlers.commands import live
from handlers.views.plan import alone as views
from handlers.views.plan import autonomy, real_money

if TYPE_CHECKING:
    from typing import Any

    from telegram import Update

    from chatbot.model import Portfolio
    from handlers.chat.context import Context

DIALOG = views.DIALOG
_SHARE, _ORDER = Decimal("0.1"), Decimal("0.05")


async def ask(update: Update, context: Context, portfolio: Portfolio, limits: AutoLimits | None) -> None:
    """Say what it means with these limits, None for what is proposed, and ask for the sentence; or why that is too early."""
    terms = portfolio.live
    if terms is None or not await _may_agree(update, context, portfolio):
        return
    figures = (await context.program.evaluator.look(portfolio, fresh=True)).figures
    if figures is None or figures.value <= 0:
        await show(update, context, real_money.unknown_value(context.words, portfolio))
        return
    proposed = AutoLimits(trade=min(terms.limits.order, autonomy.rounded(figures.value * _ORDER)), share=min(_SHARE, terms.limits.turnover))
    limits = limits or portfolio.answering.limits or proposed
    await context.enter(DIALOG, {OF_PORTFOLIO: portfolio.id, "limits": autonomy.limits_arg(limits), "revision": revision_of(portfolio)})
    await show(update, context, views.consent(context.words, portfolio, terms, limits, figures.value))


async def _may_agree(update: Update, context: Context, portfolio: Portfolio) -> bool:
    """Tell whether it may be agreed to now; why not is shown: no plan has traded, something is stopped, or the key is unfit."""
    if portfolio.live is None or not live.may_trade(context, portfolio):
        await show(update, context, real_money.not_allowed(context.words, portfolio))
    elif not portfolio.live.is_tried:
        await show(update, context, views.not_yet(context.words, portfolio))
    elif portfolio.paused or await context.program.halting.standing() is not None:
        await show(update, context, views.stopped(context.words, portfolio))
    else:
        return await live.is_fit(update, context, portfolio)
    return False


async def typed(update: Update, context: Context, text: str, data: dict[str, Any]) -> None:
    """Take the sentence: anything else keeps asking, and so does whatever has changed since it was asked for."""
    portfolio = await need_portfolio(update, context)
    await context.leave(DIALOG)
    if portfolio is None:
        return
    if not live.is_said(text, views.SENTENCE, context):
        await reply(update, context, views.not_agreed(context.words, portfolio))
    elif await _may_agree(update, context, portfolio):
        await _agree(update, context, portfolio, data)


async def _agree(update: Update, context: Context, portfolio: Portfolio, data: dict[str, Any]) -> None:
    """Write the consent down, unless something has changed while the exchange was asked about the key."""
    program, limits = context.program, autonomy.limits_of(data["limits"])
    async with program.db.transaction() as tx:
        latest = await program.portfolios.fresh(tx, portfolio.id)
        if latest is None or latest.live is None or latest.paused or revision_of(latest) != data["revision"]:
            agreed = None
        else:
            agreed = await program.portfolios.change_in(
                tx,
                latest,
                live=replace(latest.live, auto_since=program.clock.now()),
                answer=AnswerMode.AUTO,
                answering=replace(latest.answering, limits=limits),
                window_opened_at=None,
            )
    if agreed is None:
        await reply(update, context, views.changed(context.words, portfolio))
        return
    program.portfolios.tell_changed(portfolio.id)
    await reply(update, context, views.agreed(context.words, agreed, limits))

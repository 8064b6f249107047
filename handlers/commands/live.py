"""/live, which lets a portfolio on a real account trade with real money, by a consent that is typed."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.errors import UserError
from chatbot.i18n import N_
from chatbot.model import UNDER_WAY, AnswerMode, LiveLimits, LiveTerms, Mode, PlanState, Portfolio
from chatbot.portfolio.manage import OF_PORTFOLIO
from chatbot.portfolio.revision import revision_of
from chatbot.store import plans
from handlers.chat import numbers
from handlers.chat.context import answer, need_portfolio, refuse, reply, show
from handlers.views.person import keys as key_views
from handlers.views.plan import real_money as views

if TYPE_CHECKING:
    from typing import Any

    from telegram import Update

    from handlers.chat.context import Context

DIALOG = "live"
#: the largest order that is proposed, as a share of the value
_ORDER = Decimal("0.1")
#: the smallest largest order: the least that venues take is 5 to 10
_LEAST = Decimal(20)


async def live(update: Update, context: Context) -> None:
    """Say what trading with real money means and ask for the consent; once it is given, show the limits, or change them."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    if portfolio.mode is not Mode.LIVE:
        await show(update, context, views.no_account(context.words, portfolio, can_connect=context.program.keyring.is_open))
    elif portfolio.live is not None:
        await _terms(update, context, portfolio, portfolio.live)
    elif not may_trade(context, portfolio):
        await show(update, context, views.not_allowed(context.words, portfolio))
    elif await is_fit(update, context, portfolio):
        await _ask(update, context, portfolio)


async def is_fit(update: Update, context: Context, portfolio: Portfolio) -> bool:
    """Ask the exchange about the key now; what speaks against trading with it is shown, each with its cure."""
    key = await context.program.keyring.look(context.person, portfolio.key_id or 0)
    if key is None or key.is_lost:
        await show(update, context, key_views.gone(context.words))
        return False
    unfit = key.report.unfit(futures=bool(portfolio.strategy.contracts))
    # what an exchange does not say of a key is found out with its first order: it is refused there, and nothing was traded
    if unfit or not key.report.reads or key.report.trades_spot is False:
        await show(update, context, key_views.unfit(context.words, key, unfit))
        return False
    return True


async def _ask(update: Update, context: Context, portfolio: Portfolio) -> None:
    figures = (await context.program.evaluator.look(portfolio, fresh=True)).figures
    if figures is None or figures.value <= 0:
        await show(update, context, views.unknown_value(context.words, portfolio))
        return
    limits = LiveLimits(order=max(_LEAST, (figures.value * _ORDER).quantize(Decimal(1))))
    if update.callback_query is None and context.args:
        try:
            limits = read_limits(context.args, limits)
        except UserError as problem:
            await refuse(update, context, (problem,), views.EXAMPLE)
            return
    await _ask_for(update, context, portfolio, limits, figures.value)


async def _ask_for(update: Update, context: Context, portfolio: Portfolio, limits: LiveLimits, value: Decimal) -> None:
    data = {"order": str(limits.order), "turnover": str(limits.turnover), "loss": str(limits.loss), "revision": revision_of(portfolio)}
    await context.enter(DIALOG, {OF_PORTFOLIO: portfolio.id, **data})
    await show(update, context, views.consent(context.words, portfolio, limits, value))


async def typed(update: Update, context: Context, text: str, data: dict[str, Any]) -> None:
    """Take the sentence: anything else keeps watching, and so does a key that has become unfit since it was asked for."""
    portfolio = await need_portfolio(update, context)
    await context.leave(DIALOG)
    if portfolio is None:
        return
    if not is_said(text, views.sentence(portfolio), context):
        await reply(update, context, views.not_agreed(context.words, portfolio))
    elif portfolio.mode is not Mode.LIVE or not may_trade(context, portfolio):
        await reply(update, context, views.not_allowed(context.words, portfolio))
    elif await is_fit(update, context, portfolio):
        await _agree(update, context, portfolio, data)


async def _agree(update: Update, context: Context, portfolio: Portfolio, data: dict[str, Any]) -> None:
    """Write the consent down, unless something has changed while the exchange was asked; larger limits are a new one on the same terms."""
    program, limits = context.program, LiveLimits(**{name: Decimal(data[name]) for name in ("order", "turnover", "loss")})
    async with program.db.transaction() as tx:
        latest = await program.portfolios.fresh(tx, portfolio.id)
        agreed = None
        if latest is not None and revision_of(latest) == data["revision"]:
            before = latest.live or LiveTerms(since=program.clock.now(), limits=limits)
            terms = replace(before, since=program.clock.now(), limits=limits, auto_since=None, rests_on=latest.stands_on)
            agreed = await program.portfolios.change_in(tx, latest, live=terms, answer=AnswerMode.ASK)
    if agreed is None:
        await reply(update, context, views.changed(context.words, portfolio))
        return
    program.portfolios.tell_changed(portfolio.id)
    program.accounts.forget(portfolio.id)
    await reply(update, context, views.agreed(context.words, agreed, limits))


def is_said(text: str, sentence: str, context: Context) -> bool:
    """Tell whether a text is the sentence, in English or the person's language: capitals, spaces and the stop at its end do not matter."""
    return _plain(text) in {_plain(sentence), _plain(context.words.bare(sentence))}


def may_trade(context: Context, portfolio: Portfolio) -> bool:
    """Tell whether the operator lets this portfolio trade: a test account needs no permission, no real money is in it."""
    return context.program.settings.allow_live or portfolio.is_test


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip(" .!\"'“”«»").casefold()


async def _terms(update: Update, context: Context, portfolio: Portfolio, terms: LiveTerms) -> None:
    """Show what was agreed to, or take other limits: smaller ones hold from the next order on, larger ones are agreed to again."""
    if update.callback_query is None and context.args:
        try:
            limits = read_limits(context.args, terms.limits)
        except UserError as problem:
            await refuse(update, context, (problem,), views.EXAMPLE)
            return
        if larger(limits, terms.limits):
            figures = (await context.program.evaluator.look(portfolio, fresh=True)).figures
            if figures is None:
                await reply(update, context, views.unknown_value(context.words, portfolio))
            else:
                await _ask_for(update, context, portfolio, limits, figures.value)
            return
        async with context.program.db.transaction() as tx:
            portfolio = await context.program.portfolios.change_terms(tx, portfolio, limits)
        context.program.portfolios.tell_changed(portfolio.id)
    await show(update, context, views.terms(context.words, portfolio))


def larger(limits: LiveLimits, now: LiveLimits) -> bool:
    """Tell whether a limit lets more through than the one that was agreed to."""
    return limits.order > now.order or limits.turnover > now.turnover or limits.loss > now.loss


def read_limits(typed: list[str], now: LiveLimits) -> LiveLimits:
    """Read the largest order, then what may be traded and lost in a day, in per cent; raises :class:`UserError`."""
    words = re.sub(r"\s+%", "%", unicodedata.normalize("NFKC", " ".join(typed))).split()
    if not 1 <= len(words) <= 3 or any(not word.endswith("%") for word in words[1:]):
        raise UserError(N_("Write the largest order, then the most to trade and to lose in a day, in %."))
    order = numbers.number(words[0])
    shares = [numbers.number(word, numbers.SHARE) for word in words[1:]]
    if not _LEAST <= order <= numbers.MAX_AMOUNT or any(not 1 <= share <= 100 for share in shares):
        raise UserError(N_("An order may be 20 or more, and a share between 1% and 100%."))
    given = dict(zip(("turnover", "loss"), (share / 100 for share in shares), strict=False))
    return LiveLimits(**{"turnover": now.turnover, "loss": now.loss, **given}, order=order)


async def off(update: Update, context: Context) -> None:
    """Only watch again, at once; a plan under way is stopped first, so that no order of it is left there."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    async with context.program.db.read() as tx:
        plan = await plans.open_plan(tx, portfolio.id)
    if plan is not None and plan.state in (*UNDER_WAY, PlanState.PARKED):
        await answer(update, context, views.stop_first(context.words, plan), alert=True)
        return
    changed = await context.program.portfolios.change(portfolio, live=None, answer=AnswerMode.NOTIFY)
    context.program.accounts.forget(portfolio.id)
    await show(update, context, views.watching_again(context.words, changed))

"""/mode: how real a portfolio is, whether it asks, tells or acts by itself inside limits, and what an unanswered plan becomes."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.planner.smallest_trade import MIN_TRADE
from chatbot.errors import UserError
from chatbot.i18n import N_
from chatbot.model import AnswerMode, AutoLimits, Mode, Unanswered
from chatbot.model.answering import LONGEST_MIN
from chatbot.phrases import spelling
from chatbot.plans import autonomy as answering
from handlers.chat import numbers
from handlers.chat.context import answer, need_portfolio, refuse, reply, show
from handlers.chat.reading import numerals, own_words
from handlers.commands import alone
from handlers.views.person import settings as control_views
from handlers.views.plan import autonomy as views
from handlers.views.plan import progress

if TYPE_CHECKING:
    from telegram import Update

    from chatbot.i18n import Words
    from chatbot.model import Portfolio
    from handlers.chat.context import Context

#: what is written, msgids: words with commas between them; the longest that fits counts ("auto off" is no "auto")
ANSWERS: dict[AnswerMode | Unanswered, tuple[str, ...]] = {
    AnswerMode.ASK: (N_("ask"), N_("ask me, always ask, auto off, not alone")),
    AnswerMode.NOTIFY: (N_("notify"), N_("tell"), N_("only tell me, tell me, just tell me, only tell, only notify, notify only")),
    AnswerMode.AUTO: (N_("auto"), N_("automatic, automatically, act alone, act by yourself")),
    Unanswered.EXPIRE: (N_("expire"),),
    Unanswered.REMIND: (N_("remind"),),
    Unanswered.REDUCE: (N_("reduce"),),
}
#: after 30 minutes, as a button says it; half an hour
_SPAN = re.compile(
    r"(?i)(?:(?:after|in|tras|después de|через)\s+)?(?P<count>\d[\d.,]{0,9})\s*"
    r"(?:m|min(?:s|utes?|utos?)?|мин\w*|(?P<hours>h|hrs?|hours?|horas?|ч|час\w*))?\.?"
)
#: of what is written for one way to answer
_MOST_WORDS = 4
_SHARE, _ORDER = Decimal("0.1"), Decimal("0.05")


async def mode(update: Update, context: Context) -> None:
    """Show it, or take ``/mode auto 500 10%``, ``/mode ask``, ``/mode reduce 30``."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    if update.callback_query is not None or not context.args:
        await _show(update, context, portfolio)
        return
    try:
        meant, rest = way_meant(context.args, context.words)
        await _take(update, context, portfolio, meant, rest)
    except UserError as problem:
        await refuse(update, context, (problem,), views.EXAMPLE)


async def _take(update: Update, context: Context, portfolio: Portfolio, meant: AnswerMode | Unanswered, rest: list[str]) -> None:
    """Do what was written; acting alone is asked about once more, with everything that it means."""
    if meant is AnswerMode.AUTO:
        await _ask_consent(update, context, portfolio, read_limits(rest) if rest else None)
    elif isinstance(meant, AnswerMode):
        await _answer(update, context, portfolio, meant)
    else:
        minutes = portfolio.answering.after_min
        if meant is Unanswered.REDUCE and rest:
            minutes = own_words.either(" ".join(rest), context.words, lambda said: read_minutes(said.split()))
        await _leave(update, context, portfolio, meant, minutes)


def way_meant(typed: list[str], words: Words) -> tuple[AnswerMode | Unanswered, list[str]]:
    """Return what a text begins with, in English or the person's language, and the rest of it. Raises :class:`UserError`."""
    called = {
        spelling.plain(said): meant
        for meant, labels in ANSWERS.items()
        for label in labels
        for said in f"{label}, {words.t(label)}".split(",")
    }
    for count in range(min(_MOST_WORDS, len(typed)), 0, -1):
        if (meant := called.get(spelling.plain(" ".join(typed[:count])))) is not None:
            return meant, typed[count:]
    raise UserError(N_("“{text}” is not a way to answer: ask, tell, auto, expire, remind or reduce."), text=numbers.shown(typed[0]))


def read_limits(typed: list[str]) -> AutoLimits:
    """Read the largest value of an order and of a day; a day with a per cent sign is a share of the value. Raises :class:`UserError`."""
    typed = unicodedata.normalize("NFKC", numerals.as_figures(" ".join(typed))).split()
    if len(typed) != 2:
        raise UserError(N_("Write two limits: the largest order, and the most in a day, as an amount or in %."))
    is_share = typed[1].endswith("%")
    trade, day = numbers.number(typed[0]), numbers.number(typed[1], numbers.SHARE if is_share else numbers.MONEY)
    if is_share:
        if not 1 <= day <= 100:
            raise UserError(N_("The share of a day must be between 1% and 100%."))
        limits = AutoLimits(trade=trade, share=day / 100)
    else:
        limits = AutoLimits(trade=trade, turnover=day)
    if not MIN_TRADE <= trade <= numbers.MAX_AMOUNT or (limits.turnover is not None and not trade <= limits.turnover <= numbers.MAX_AMOUNT):
        raise UserError(N_("An order may be 10 or more, and a day no less than one order."))
    return views.limits_of(views.limits_arg(limits))  # as precisely as a button carries it


def read_minutes(typed: list[str]) -> int:
    """Read after how many minutes a plan is reduced; raises :class:`UserError`."""
    span = _SPAN.fullmatch(unicodedata.normalize("NFKC", numerals.as_figures(" ".join(typed))))
    minutes = numbers.number(span["count"], numbers.SHARE) * (60 if span["hours"] else 1) if span is not None else None
    if minutes is None or not 1 <= minutes <= LONGEST_MIN or minutes != int(minutes):
        raise UserError(N_("Say after how many minutes, from 1 to 1440."))
    return int(minutes)


async def answers(update: Update, context: Context) -> None:
    """Choose between asking and only telling, for the current portfolio or the one of the card."""
    chosen, _, number = context.tapped.arg.partition(":")
    context.about = int(number) if number else context.about
    if number and await context.portfolio() is None:
        await answer(update, context, progress.not_yours(context.words), alert=True)
        return
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    if chosen == AnswerMode.AUTO:
        await _ask_consent(update, context, portfolio, None)
    else:
        await _answer(update, context, portfolio, AnswerMode(chosen), new=bool(number))


async def _answer(update: Update, context: Context, portfolio: Portfolio, chosen: AnswerMode, *, new: bool = False) -> None:
    changed = await context.program.portfolios.change(portfolio, answer=chosen, window_opened_at=None)
    await (reply if new else show)(update, context, control_views.mode(context.words, changed))


async def auto(update: Update, context: Context) -> None:
    """Show what acting alone means with other limits."""
    portfolio = await need_portfolio(update, context)
    if portfolio is not None:
        await _ask_consent(update, context, portfolio, views.limits_of(context.tapped.arg))


async def auto_yes(update: Update, context: Context) -> None:
    """Take the consent to the limits that the button names."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    if portfolio.mode is Mode.LIVE or not answering.may_act(portfolio):  # with real money it is typed
        await _ask_consent(update, context, portfolio, views.limits_of(context.tapped.arg))
        return
    limits = replace(portfolio.answering, limits=views.limits_of(context.tapped.arg))
    changed = await context.program.portfolios.change(portfolio, answer=AnswerMode.AUTO, answering=limits, window_opened_at=None)
    await _show(update, context, changed)


async def _ask_consent(update: Update, context: Context, portfolio: Portfolio, limits: AutoLimits | None) -> None:
    if portfolio.live is not None:
        await alone.ask(update, context, portfolio, limits)
        return
    if not answering.may_act(portfolio):
        await show(update, context, views.not_alone(context.words, portfolio))
        return
    figures = (await context.program.reports.status(context.person, portfolio)).check.figures
    value = figures.value if figures is not None else None
    proposed = AutoLimits(trade=views.rounded((value or numbers.MIN_AMOUNT) * _ORDER), share=_SHARE)
    await show(update, context, views.consent(context.words, portfolio, limits or portfolio.answering.limits or proposed, value))


async def unanswered(update: Update, context: Context) -> None:
    """Choose what becomes of a plan that nobody answers."""
    portfolio = await need_portfolio(update, context)
    if portfolio is not None:
        chosen, _, minutes = context.tapped.arg.partition(":")
        await _leave(update, context, portfolio, Unanswered(chosen), int(minutes or portfolio.answering.after_min))


async def _leave(update: Update, context: Context, portfolio: Portfolio, chosen: Unanswered, minutes: int) -> None:
    if chosen is Unanswered.REDUCE and not answering.may_act(portfolio):
        await show(update, context, views.not_alone(context.words, portfolio))
        return
    settings = replace(portfolio.answering, unanswered=chosen, after_min=minutes)
    await _show(update, context, await context.program.portfolios.change(portfolio, answering=settings))


async def _show(update: Update, context: Context, portfolio: Portfolio) -> None:
    await show(update, context, control_views.mode(context.words, portfolio))

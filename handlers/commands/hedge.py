"""/hedge: what is open and what could be; ``/hedge 30`` for a fall of 30 %, ``/hedge 50 20`` straight to a card, ``/hedge close``."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.errors import UserError
from chatbot.i18n import N_
from chatbot.model import COVER
from chatbot.model.hedge import HEDGE_KINDS, LITERAL, HedgeWish
from chatbot.phrases import spelling
from chatbot.plans.outcomes import Proposed
from chatbot.portfolio import strategies
from handlers.chat import guesses, numbers
from handlers.chat.context import answer, need_portfolio, refuse, reply, show
from handlers.chat.reading import numerals, own_words
from handlers.commands.rebalance import answer_proposal
from handlers.views.hedge import offer, shocks
from handlers.views.hedge import words as hedge_words
from handlers.views.plan import progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telegram import Update

    from chatbot.i18n import Words
    from chatbot.model import Portfolio
    from chatbot.model.hedge_report import HedgeReport
    from chatbot.plans.outcomes import Proposal
    from handlers.chat.context import Context

#: per cent: all of the loss, and a fall after which something is left
_MOST_COVERAGE, _MOST_DROP = Decimal(100), Decimal(90)
_CLOSE = N_("close")
_CLOSES = frozenset(
    ("close", "end", "stop", "off", "remove", "cancel", "cerrar", "cierra", "quitar", "закрыть", "закрой", "снять", "убрать")
)
#: between the two numbers and around them; by their plain letters
_FILLERS = frozenset(
    (
        *(
            "cover",
            "hedge",
            "of",
            "the",
            "my",
            "loss",
            "losses",
            "by",
            "a",
            "an",
            "for",
            "drop",
            "drops",
            "fall",
            "falls",
            "percent",
            "btc",
            "bitcoin",
        ),
        *("cubrir", "cubre", "de", "la", "el", "perdida", "un", "una", "cae", "caida", "baja", "por", "ciento"),
        *("покрыть", "закрои", "потерь", "убытка", "на", "упадет", "падает", "падении", "процентов", "биткоин"),
    )
)
_IF = frozenset(("if", "when", "si", "cuando", "если", "при", "когда"))
_HALF = frozenset(("half", "mitad", "половину", "половина", "0.5"))
_HALF_SIGN = re.compile(r"½|(?<![\d/])1/2(?![\d/])")


async def hedge(update: Update, context: Context) -> None:
    """Show hedges, or go straight to the card of a cover or of the end of one."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    said = "" if update.callback_query is not None else _said(context)
    typed = said.split()
    if not typed:
        report = await context.program.hedging.overview(portfolio, fresh=update.callback_query is not None)
        asked = update.callback_query is not None and context.tapped.arg == offer.ALL_THE_SAME
        await _show(update, context, portfolio, report, asked=asked)
    elif _closes(typed[0], context.words):
        await _close(update, context, portfolio, _kind(context.words, typed[1:]))
    elif fall := _fall(said):
        drop = _share(fall, _MOST_DROP)
        await _show(update, context, portfolio, await context.program.hedging.overview(portfolio, drop=drop), asked=False)
    else:
        wish, found = read(said)
        if wish is None:
            await refuse(update, context, found, offer.EXAMPLE)
            return
        if await _offered_without_futures(update, context, portfolio, wish):
            return
        await _open(update, context, portfolio, wish)


def _said(context: Context) -> str:
    """Return what was typed, in English words where only that can be read."""

    def readable(text: str) -> str:
        if not _closes((text.split() or [""])[0], context.words) and not _fall(text) and (found := read(text)[1]):
            raise found[0]
        return text

    try:
        return own_words.either(context.rest, context.words, readable) if context.rest else ""
    except UserError:
        return context.rest


def _fall(text: str) -> str:
    """Return the only number of a text: how far BTC falls; empty where there is none, or several."""
    typed = _numbers(text)
    return typed[0] if len(typed) == 1 and typed[0][:1].isdigit() else ""


def _closes(word: str, words: Words) -> bool:
    return spelling.plain(word) in {*_CLOSES, spelling.plain(words.t(_CLOSE))}


async def _show(update: Update, context: Context, portfolio: Portfolio, report: HedgeReport, *, asked: bool) -> None:
    """Show what a fall would cost and what a hedge would change; to who uses no futures what that is, unless they ``asked`` nonetheless."""
    unused = _uses_none(portfolio, report) and not asked
    await show(update, context, (offer.without_futures if unused else offer.hedge)(context.words, report))


def _kind(words: Words, typed: Sequence[str]) -> str:
    """Return the kind of hedge that is named behind "close"; empty where none is: then it is asked which, if there are several."""
    called = {spelling.plain(said): kind for kind in HEDGE_KINDS for said in (kind, _named(words, kind))}
    return guesses.meant(" ".join(typed), called) or ""


def _numbers(text: str) -> list[str]:
    """Return what is no mere word of "cover 50% if btc falls 20%": the cover first, though it may be said last."""
    figures = numerals.as_figures(_HALF_SIGN.sub("50%", text))
    typed = re.sub(r"(?<=[\d%])\s*/\s*(?=\d)", " ", figures).split()
    said = ["50%" if spelling.plain(one) in _HALF else one for one in typed if spelling.plain(one) not in _FILLERS]
    behind = next((at for at, one in enumerate(said) if spelling.plain(one) in _IF), None)
    said = [one for one in said if spelling.plain(one) not in _IF]
    return said[::-1] if behind == 0 and len(said) == 2 else said


async def _offered_without_futures(update: Update, context: Context, portfolio: Portfolio, wish: HedgeWish) -> bool:
    """Say to who uses no futures what a hedge is before there is a card of one; the hedge that was typed is one tap further."""
    report = await context.program.hedging.overview(portfolio)
    if not _uses_none(portfolio, report):
        return False
    await show(update, context, offer.without_futures(context.words, report, wish))
    return True


def _uses_none(portfolio: Portfolio, report: HedgeReport) -> bool:
    return strategies.is_without_futures(portfolio.strategy) and report.rotation is not None and not report.open


def read(text: str) -> tuple[HedgeWish | None, tuple[UserError, ...]]:
    """Read how much of the loss and which fall, in per cent; all that is wrong comes back together."""
    typed = _numbers(text)
    if len(typed) != 2:
        return None, (UserError(N_("Say two numbers: how many per cent of the loss to cover, and how many per cent BTC may fall.")),)
    found: list[UserError] = []
    shares: list[Decimal] = []
    for word, most in zip(typed, (_MOST_COVERAGE, _MOST_DROP), strict=True):
        try:
            shares.append(_share(word, most))
        except UserError as problem:
            found.append(problem)
    if found:
        return None, tuple(found)
    return HedgeWish(kind=COVER, size=LITERAL, coverage=shares[0], drop=shares[1]), ()


def _share(word: str, most: Decimal) -> Decimal:
    """Read per cent as a fraction; raises :class:`UserError`."""
    value = numbers.number(word, numbers.SHARE)
    if not 1 <= value <= most or value != round(value, 1):
        raise UserError(N_("“{text}” must be between 1 and {most}, with one decimal at most."), text=numbers.shown(word), most=most)
    return value / 100


async def _open(update: Update, context: Context, portfolio: Portfolio, wish: HedgeWish, said: str = "") -> None:
    wish = await context.program.hedging.resolved(portfolio, wish)
    await _answer(update, context, portfolio, await context.program.rebalancing.open_hedge(portfolio, wish), said)


async def _answer(update: Update, context: Context, portfolio: Portfolio, proposal: Proposal, said: str) -> None:
    """Show the card, and where prices have moved since the button that led to it what that one ``said`` a fall would cost."""
    lead = ""
    if said and isinstance(proposal, Proposed):
        lead = offer.moved(context.words, Decimal(said), proposal.plan.after.in_fall)
    await answer_proposal(update, context, portfolio, proposal, new_message=True, lead=lead)


async def hedge_open(update: Update, context: Context) -> None:
    """Plan the hedge of a button; on a card that waits it takes the card's place."""
    portfolio = await need_portfolio(update, context)
    if portfolio is not None:
        await _open(update, context, portfolio, hedge_words.wish_of(context.tapped.arg), ":".join(context.tapped.args[6:]))


async def hedge_close(update: Update, context: Context) -> None:
    """Plan the end of a hedge."""
    portfolio = await need_portfolio(update, context)
    if portfolio is not None:
        kind, _, said = context.tapped.arg.partition(":")
        await _close(update, context, portfolio, kind, said)


async def _close(update: Update, context: Context, portfolio: Portfolio, kind: str, said: str = "") -> None:
    """Close the hedge that is meant; where several are open and none is named, ask which."""
    report = await context.program.hedging.overview(portfolio)
    there = [one.hedge for one in report.open if kind in ("", one.hedge.kind, _named(context.words, one.hedge.kind))]
    if not there:
        await reply(update, context, offer.nothing_left(context.words, portfolio))
    elif len(there) > 1:
        await show(update, context, offer.which(context.words, report))
    elif not there[0].settled and not there[0].closed:
        await answer(update, context, context.words.t("Its plan is being carried out."), alert=True)
        await reply(update, context, offer.hedge(context.words, report))
    else:
        await _answer(update, context, portfolio, await context.program.rebalancing.close_hedge(portfolio, there[0]), said)


def _named(words: Words, kind: str) -> str:
    return hedge_words.name(words, kind).casefold()


async def hedge_table(update: Update, context: Context) -> None:
    """Show the table of shocks of a hedge, as text and as a picture."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        await answer(update, context, progress.not_yours(context.words), alert=True)
        return
    arg = context.tapped.arg
    stressed = arg.endswith(":x")
    report = await context.program.hedging.shocks(portfolio, hedge_words.wish_of(arg), stressed=stressed)
    await show(update, context, shocks.shocks(context.words, report))

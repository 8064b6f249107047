"""Explaining a word of the field: /help drift, a button, or "what is drift?"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.errors import Unreachable
from chatbot.phrases import spelling
from handlers.chat import guesses
from handlers.chat.context import show
from handlers.views.person import terms as views

if TYPE_CHECKING:
    from telegram import Update

    from chatbot.model.hedge_report import HedgeReport
    from chatbot.model.report import ExposureReport
    from handlers.chat.context import Context


async def term(update: Update, context: Context) -> None:
    """Explain the word of the tapped button, or list them all."""
    await explain(update, context, context.tapped.arg)


def named(context: Context, said: str) -> str:
    """Return the word that is named, in English or in the person's language; empty where none is."""
    called = {spelling.plain(way): name for name, one in views.TERMS.items() for way in (name, one.name, context.words.t(one.name))}
    return guesses.meant(said, called) or ""


async def explain(update: Update, context: Context, name: str) -> None:
    """Explain a word with the figures of the portfolio that there is; what cannot be read now is left out."""
    if name not in views.TERMS:
        await show(update, context, views.every(context.words))
        return
    report, fall = await _own(context, name)
    await show(update, context, views.term(context.words, name, report, fall))


async def _own(context: Context, name: str) -> tuple[ExposureReport | None, HedgeReport | None]:
    portfolio = await context.portfolio()
    if portfolio is None or not portfolio.is_open:
        return None, None
    try:
        report = await context.program.reports.exposure(portfolio)
        fall = await context.program.hedging.overview(portfolio) if name == "hedge" else None
    except Unreachable:
        return None, None
    return report, fall if fall is not None and fall.rotation is not None else None

"""/report: what happened to the money in a period, what it realised and cost, as a file."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING

from telegram import InputFile

from chatbot.reports.tax import entries
from chatbot.reports.tax.books import books, within
from chatbot.reports.tax.files import Format, written
from handlers.chat.context import need_portfolio, send_file, show
from handlers.chat.reading import own_words
from handlers.commands import backtest_words, report_period
from handlers.views.past import report as views

if TYPE_CHECKING:
    from datetime import date

    from telegram import Update

    from chatbot.i18n import Words
    from chatbot.model import Portfolio
    from chatbot.reports.tax.books import Books
    from handlers.chat.context import Context
    from handlers.commands.report_period import Period


async def report(update: Update, context: Context) -> None:
    """List the years, or send the file of the period behind the command."""
    portfolio = await need_portfolio(update, context, to_read=True)
    if portfolio is None:
        return
    told = await _books(context, portfolio)
    if not context.rest or update.callback_query is not None:
        await show(update, context, views.overview(context.words, portfolio, told))
        return
    period = own_words.either(context.rest, context.words, lambda said: _period(said, _today(context)))
    await _send(context, portfolio, told, period, Format.OURS)


async def report_as(update: Update, context: Context) -> None:
    """Send the file that a button names: who reads it, and the period."""
    portfolio = await need_portfolio(update, context, to_read=True)
    if portfolio is None:
        return
    to, code = views.told_by(context.tapped.arg)
    await _send(context, portfolio, await _books(context, portfolio), report_period.coded(code, _today(context)), to)


async def _books(context: Context, portfolio: Portfolio) -> Books:
    async with context.program.db.read() as tx:
        told = await entries.read(tx, portfolio)
    return await asyncio.to_thread(books, told, context.words.zone)  # tens of thousands of fills take seconds


async def _send(context: Context, portfolio: Portfolio, told: Books, period: Period, to: Format) -> None:
    theirs = await asyncio.to_thread(within, told, period.first, period.last, context.words.zone)
    view = views.caption(context.words, portfolio, theirs, _named(context.words, period), period.code, to)
    of = "" if to is Format.OURS else f"-{to.value}"
    text = await asyncio.to_thread(written, theirs, to)
    # a spreadsheet reads coins in other scripts only behind the mark that says so, which trackers are spared
    coding = "utf-8" if text.isascii() or to is not Format.OURS else "utf-8-sig"
    file = InputFile(text.encode(coding), filename=f"ballast-{portfolio.id}{of}-{period.code or 'all'}.csv")
    await send_file(context, file, view)


def _period(text: str, today: date) -> Period:
    """Return the days that a text names, or so many up to today. Raises :class:`UserError`."""
    try:
        return report_period.read(text, today)
    except report_period.NoPeriod:
        if (first := backtest_words.first_of(text, today)) is None:
            raise
    return report_period.Period(first=first, last=today)


def _today(context: Context) -> date:
    return context.program.clock.now().astimezone(context.words.zone).date()


def _named(words: Words, period: Period) -> str:
    """Return what a person calls a period; empty: everything."""
    if period.is_everything:
        return ""
    if period.year is not None:
        return str(period.year)
    ends = [words.date(datetime(day.year, day.month, day.day, tzinfo=words.zone)) for day in (period.first, period.last)]
    return " – ".join(dict.fromkeys(ends))

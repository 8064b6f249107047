"""/schedule: show it, change it by buttons or in words; everything that is wrong with the words is told at once."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chatbot.errors import UserError
from chatbot.i18n import N_
from chatbot.model import ScheduleRule
from handlers.chat import numbers
from handlers.chat.context import need_portfolio, reply, show
from handlers.views import problems
from handlers.views.person import schedule as views

if TYPE_CHECKING:
    from datetime import datetime

    from telegram import Update

    from chatbot.i18n import Words
    from chatbot.model import Portfolio
    from handlers.chat.context import Context

#: what a schedule starts with when nothing else is said
_TIME = "09:00"
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")
_LAST_DAY = 31
_MOST_WORDS = 8
_DATED = ("monthly", "quarterly")


async def schedule(update: Update, context: Context) -> None:
    """Show the schedule, or take ``/schedule weekly mon 09:30``."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    if update.callback_query is not None or not context.args:
        await _show(update, context, portfolio)
        return
    present, now = portfolio.strategy.schedule, context.program.clock.now()
    changes, found = read(context.rest, context.words, present)
    if found:
        await reply(update, context, problems.mistakes(context.words, found, views.EXAMPLE))
        return
    await _change(update, context, portfolio, changed(present, changes, context.person.zone, now))


async def schedule_set(update: Update, context: Context) -> None:
    """Change one thing by a tap; a button of a schedule that is off by now only shows that."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    what, _, value = context.tapped.arg.partition(":")
    changes: dict[str, Any] = {"only_outside": value == "1"} if what == "only" else {what: int(value) if value.isdigit() else value}
    present = portfolio.strategy.schedule
    if present is None and what != "freq":
        await _show(update, context, portfolio)
        return
    await _change(update, context, portfolio, changed(present, changes, context.person.zone, context.program.clock.now()))


def changed(present: ScheduleRule | None, changes: dict[str, Any], zone: str, now: datetime) -> ScheduleRule | None:
    """Return the schedule with the changes, in the person's zone and counting from now on; None where it is switched off."""
    if changes.get("freq") == views.OFF:
        return None
    base = present or ScheduleRule(freq="daily", time=_TIME, zone=zone, set_at=now)
    rule = replace(base, zone=zone, **changes)
    return rule if replace(base, only_outside=rule.only_outside) == rule else replace(rule, set_at=now)


async def _change(update: Update, context: Context, portfolio: Portfolio, rule: ScheduleRule | None) -> None:
    strategy = replace(portfolio.strategy, schedule=rule)
    await _show(update, context, await context.program.portfolios.change(portfolio, strategy=strategy))


async def _show(update: Update, context: Context, portfolio: Portfolio) -> None:
    upcoming, mark = await context.program.reports.calendar(portfolio)
    await show(update, context, views.schedule(context.words, portfolio, upcoming, mark))


def read(text: str, words: Words, present: ScheduleRule | None) -> tuple[dict[str, Any], tuple[UserError, ...]]:
    """Read how often, which day and what time, in English or the person's language; all that is wrong comes back together.

    What is not said stays as it is ``present``ly, or as a new schedule begins.
    """
    known = _vocabulary(words)
    changes: dict[str, Any] = {}
    found: list[UserError] = []
    typed = unicodedata.normalize("NFKC", text).split()
    if len(typed) > _MOST_WORDS:
        return {}, (UserError(N_("That is too much for a schedule: say how often, which day and what time.")),)
    for word in (one.strip(",;") for one in typed):
        try:
            what, value = known.get(_plain(word)) or _number(word)
        except UserError as problem:
            found.append(problem)
            continue
        if what in changes:
            found.append(UserError(N_("“{text}” contradicts what you wrote before it."), text=numbers.shown(word)))
        changes.setdefault(what, value)
    return changes, (*found, *_misfits(changes, present))


def _misfits(changes: dict[str, Any], present: ScheduleRule | None) -> list[UserError]:
    """Return what does not go together."""
    freq = changes.get("freq") or (present.freq if present else "")
    if not freq:
        return [UserError(N_("Say how often: daily, weekly, monthly, quarterly or off."))]
    found = []
    if "weekday" in changes and freq != "weekly":
        found.append(UserError(N_("A day of the week goes only with a weekly schedule.")))
    if "day" in changes and freq not in _DATED:
        found.append(UserError(N_("A day of the month goes only with a monthly or quarterly schedule.")))
    return found


def _number(word: str) -> tuple[str, Any]:
    """Read a time of day or a day of the month; raises :class:`UserError`."""
    clock = _CLOCK.fullmatch(word)
    if clock is not None and int(clock[1]) < 24 and int(clock[2]) < 60:
        return "time", f"{int(clock[1]):02}:{int(clock[2]):02}"
    if ":" in word:
        raise UserError(N_("“{text}” is not a time of day. Write it like 09:30."), text=numbers.shown(word))
    if not re.fullmatch(r"[+-]?\d+", word):
        raise UserError(N_("I don't understand “{text}” here."), text=numbers.shown(word))
    day = numbers.whole(word)
    if day is None or not 1 <= day <= _LAST_DAY:
        raise UserError(N_("“{text}” is not a day of the month; it must be between 1 and 31."), text=numbers.shown(word))
    return "day", day


def _vocabulary(words: Words) -> dict[str, tuple[str, Any]]:
    """Return what may be said, in English and in the person's language."""
    labels: list[tuple[str, tuple[str, Any]]] = [(label, ("freq", name)) for name, label in views.FREQUENCIES.items()]
    labels += [(name, ("weekday", at)) for names in (views.WEEKDAYS, views.WEEKDAYS_SHORT) for at, name in enumerate(names)]
    labels += [(N_("last"), ("day", _LAST_DAY)), (N_("outside"), ("only_outside", True)), (N_("always"), ("only_outside", False))]
    return {_plain(said): meant for label, meant in labels for said in (label, words.t(label))}


def _plain(word: str) -> str:
    """Return a word in small letters without accents: mié is mie."""
    return "".join(char for char in unicodedata.normalize("NFKD", word.casefold()) if unicodedata.category(char) != "Mn")

"""A person's portfolios beside each other: the list, another name, what closing means, and those that are closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.i18n import N_
from chatbot.model import AnswerMode, Mode, PlanState
from chatbot.portfolio.names import LONGEST
from handlers.buttons import Style
from handlers.views.common import DASH, DOT, View, bold, button, head, joined, named, page, say
from handlers.views.person.pause import FROM_LIST

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from chatbot.i18n import Words
    from chatbot.model import Plan, Portfolio, PortfolioRow
    from chatbot.portfolio.manage import UnderWay
    from handlers.buttons import Button
    from handlers.views.common import Html

#: closed ones that are listed; the newest
MOST_CLOSED = 20
CURRENT = "✓"
_ANSWERS = {AnswerMode.ASK: N_("asks"), AnswerMode.NOTIFY: N_("only tells"), AnswerMode.AUTO: N_("acts by itself")}
_PLANS = {
    PlanState.PROPOSED: N_("plan {number} waits for your answer"),
    PlanState.CONFIRMED: N_("plan {number} is being carried out"),
    PlanState.RUNNING: N_("plan {number} is being carried out"),
    PlanState.PARKED: N_("plan {number} stopped half-way"),
}


def portfolios(words: Words, rows: Sequence[PortfolioRow], current: int | None, now: datetime) -> View:
    """List the open portfolios with value and state; a tap on one makes it the current one, and the buttons below are about that."""
    there = [row for row in rows if row.portfolio.is_open]
    closed = len(rows) - len(there)
    told = [line for row in there for line in _row(words, row, now, is_current=row.portfolio.id == current)]
    which = (
        say(words, "Commands are about the one marked {sign}. Tap another one to switch.", sign=CURRENT)
        if any(row.portfolio.id != current for row in there)
        else None
    )
    none = None if there else say(words, "No portfolio is open. /start sets one up.")
    count = say(words, "Closed: {count}", count=closed) if closed else None
    chosen = next((row.portfolio for row in there if row.portfolio.id == current), None)
    last = [button(words.t("Status"), "status"), button(words.t("New portfolio"), "start_new")]
    if closed:
        last.append(button(words.t("Closed: {count}", count=closed), "closed"))
    actions = (_actions(words, chosen),) if chosen is not None else ()
    return View(page(*told, none, "", which, count), (*_switches(words, there, current), *actions, tuple(last)))


def _row(words: Words, row: PortfolioRow, now: datetime, *, is_current: bool) -> tuple[Html, Html]:
    portfolio = row.portfolio
    value = bold(words.money(row.value)) if row.value is not None else DASH
    title = head(words, portfolio, value, name=True)
    plan = words.t(_PLANS[row.plan.state], number=row.plan.number) if row.plan is not None else None
    state = joined(DOT, (_activity(words, portfolio, now), words.t(_ANSWERS[portfolio.answer]), plan))
    return joined(" ", (title, CURRENT if is_current else None)), joined("", ("   ", state))


def _activity(words: Words, portfolio: Portfolio, now: datetime) -> Html:
    if portfolio.paused:
        return bold(words.t("paused"))
    if portfolio.snoozed_until is not None and portfolio.snoozed_until > now:
        return say(words, "quiet until {time}", time=words.moment(portfolio.snoozed_until))
    return say(words, "active")


def _switches(words: Words, rows: Sequence[PortfolioRow], current: int | None) -> tuple[tuple[Button, ...], ...]:
    if all(row.portfolio.id == current for row in rows):
        return ()
    names = [(row.portfolio, named(words, row.portfolio)) for row in rows]
    taps = [button(f"{CURRENT} {name}" if one.id == current else name, "switch", of=one) for one, name in names]
    return tuple(tuple(taps[at : at + 2]) for at in range(0, len(taps), 2))


def _actions(words: Words, portfolio: Portfolio) -> tuple[Button, ...]:
    pause = button(words.t("Resume"), "resume", FROM_LIST, of=portfolio)
    if not portfolio.paused:
        pause = button(words.t("Pause"), "pause", FROM_LIST, of=portfolio)
    return (button(words.t("Rename"), "rename", of=portfolio), pause, button(words.t("Close"), "close", of=portfolio))


def rename_prompt(words: Words, portfolio: Portfolio) -> View:
    """Ask for another name."""
    text = page(
        head(words, portfolio, name=True),
        say(words, "What should it be called? Send a name of up to {most} characters.", most=LONGEST),
    )
    return View(text, ((button(words.t("Back"), "portfolios"),),))


def close_offer(words: Words, portfolio: Portfolio, plan: Plan | None) -> View:
    """Say what closing means, and ask once; a ``plan`` that waits for an answer ends with it."""
    back = button(words.t("Back"), "portfolios")
    waiting = say(words, "Plan {number} waits for your answer, and ends unanswered.", number=plan.number) if plan is not None else None
    by_hand = None if portfolio.mode is Mode.MANUAL else say(words, "What it holds stays as it is, futures and hedges too.")
    text = page(
        head(words, portfolio, name=True),
        bold(words.t("Close this portfolio?")),
        say(words, "It stops: no checks, no alerts, no plans. It sells nothing, and its history can still be read."),
        by_hand,
        waiting,
    )
    yes = button(words.t("Close {name}", name=named(words, portfolio)), "close_yes", style=Style.DANGER, of=portfolio)
    return View(text, ((yes,), (back,)))


def must_end(words: Words, busy: UnderWay) -> View:
    """Say what must end before a portfolio can be closed: a plan that is under way, or the closing of its futures after /panic."""
    title, back = head(words, busy.portfolio, name=True), button(words.t("Back"), "portfolios")
    if (plan := busy.plan) is None:
        told = say(words, "You pressed /panic, and its futures are not closed yet. The portfolio can be closed when that is done.")
        return View(page(title, told), ((back,),))
    told = say(words, "Plan {number} is not finished. The portfolio can be closed when it has ended.", number=plan.number)
    return View(page(title, told), ((button(words.t("Plan {number}", number=plan.number), "card", plan.id, of=busy.portfolio), back),))


def was_closed(words: Words, portfolio: Portfolio, current: Portfolio | None) -> View:
    """Say that a portfolio is closed, and which one commands speak of now."""
    now = say(words, "Commands are about {name} now.", name=bold(named(words, current))) if current is not None else None
    text = page(
        head(words, portfolio),
        say(words, "It does nothing any more. Nothing was sold, and its history can be read under /portfolios."),
        now,
    )
    return View(text, ((button(words.t("Portfolios"), "portfolios"),),))


def closed_list(words: Words, rows: Sequence[PortfolioRow]) -> View:
    """List the closed portfolios, newest first, each with its history and the way back."""
    closed = sorted((row.portfolio for row in rows if row.portfolio.closed_at is not None), key=lambda one: one.id, reverse=True)
    shown = closed[:MOST_CLOSED]
    lines = [head(words, one, say(words, "since {time}", time=words.moment(one.closed_at))) for one in shown if one.closed_at is not None]
    taps = tuple(
        (
            button(words.t("{name}: history", name=named(words, one)), "history", of=one),
            button(words.t("Open {name} again", name=named(words, one)), "reopen", of=one),
        )
        for one in shown
    )
    none = None if shown else say(words, "No portfolio is closed.")
    return View(page(*lines, none), (*taps, (button(words.t("Back"), "portfolios"),)))

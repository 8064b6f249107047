"""Who is paused and who goes on: the answer to /pause and /resume."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chatbot.model import UNDER_WAY
from handlers.buttons import Style
from handlers.views.common import DOT, View, bold, button, head, joined, labelled, named, page, say
from handlers.views.plan import panic, progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatbot.i18n import Words
    from chatbot.model import Plan, Portfolio, PortfolioRow
    from handlers.buttons import Button, Keyboard
    from handlers.views.common import Html

#: where a button that pauses or resumes one portfolio stands, which is shown again: in the list of all, or under the answer about all
FROM_LIST, FROM_ALL = "list", "all"


def activity(words: Words, rows: Sequence[PortfolioRow]) -> View:
    """Answer ``/pause`` and ``/resume``: what is paused and what goes on, with a button for each; plans under way are named."""
    several = len(rows) > 1
    states = [bold(words.t("paused") if row.portfolio.paused else words.t("active")) for row in rows]
    lines = [head(words, row.portfolio, state) for row, state in zip(rows, states, strict=True)]
    paused = [row for row in rows if row.portfolio.paused]
    told = say(words, "No checks, no alerts, no plans of my own until /resume.") if paused else say(words, "Checks and alerts go on.")
    if paused and len(paused) < len(rows):
        told = say(words, "What is paused has no checks, no alerts and no plans of my own until /resume.")
    running = _running(paused)
    finishes = [_finishes(words, portfolio, plan, several=several) for portfolio, plan in running]
    after = [_after_panic(words, row.portfolio, several=several) for row in rows if row.after_panic and not row.portfolio.paused]
    return View(page(*lines, told, *finishes, *after), _activity_buttons(words, rows, running))


def _after_panic(words: Words, portfolio: Portfolio, *, several: bool) -> Html:
    return joined(": ", (bold(named(words, portfolio)), panic.resumed(words))) if several else panic.resumed(words)


def _running(rows: Sequence[PortfolioRow]) -> list[tuple[Portfolio, Plan]]:
    return [(row.portfolio, row.plan) for row in rows if row.plan is not None and row.plan.state in UNDER_WAY]


def _activity_buttons(words: Words, rows: Sequence[PortfolioRow], running: Sequence[tuple[Portfolio, Plan]]) -> Keyboard:
    if len(rows) == 1:
        one = rows[0].portfolio
        resume = button(words.t("Resume"), "resume", "", Style.PRIMARY, of=one)
        status = button(words.t("Status"), "status", of=one)
        stop = tuple((progress.stop_button(words, plan),) for _, plan in running)
        return (*stop, (resume, status)) if one.paused else ((status, button(words.t("Pause"), "pause", of=one)),)
    taps = [
        button(words.t("Resume {name}", name=named(words, row.portfolio)), "resume", FROM_ALL, of=row.portfolio)
        if row.portfolio.paused
        else button(words.t("Pause {name}", name=named(words, row.portfolio)), "pause", FROM_ALL, of=row.portfolio)
        for row in rows
    ]
    stops = [_stop_button(words, portfolio, plan) for portfolio, plan in running]
    return (*((stop,) for stop in stops), *((tap,) for tap in taps), (button(words.t("Portfolios"), "portfolios"),))


def _stop_button(words: Words, portfolio: Portfolio, plan: Plan) -> Button:
    """Return the tap that stops a plan; beside plans of other portfolios, which count from 1 too, it says whose it is."""
    stop = progress.stop_button(words, plan)
    return replace(stop, label=labelled(f"{stop.label}{DOT}{named(words, portfolio)}"))


def _finishes(words: Words, portfolio: Portfolio, plan: Plan, *, several: bool) -> Html:
    """Say that a plan which was confirmed before the pause is carried out."""
    told = say(words, "Plan {number} is already on its way and will be finished, unless you stop it.", number=plan.number)
    return joined(": ", (bold(named(words, portfolio)), told)) if several else told

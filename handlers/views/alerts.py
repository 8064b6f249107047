"""Alerts: what was crossed, with the numbers, and the buttons that answer it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.model import Reason
from handlers.buttons import Style
from handlers.views.common import View, button, head, named, page, say
from handlers.views.plan import drift_sentence
from handlers.views.problems import cannot_evaluate_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from chatbot.i18n import Words
    from chatbot.model import LineReading, Portfolio, Problem
    from handlers.buttons import Keyboard


def drift_alert(words: Words, portfolio: Portfolio, lines: Sequence[LineReading]) -> View:
    """Tell which lines have left their bands, the net exposure among them."""
    told = [
        drift_sentence(words, Reason(trigger="drift", line=line.line, weight=line.weight, target=line.target, band=line.band))
        for line in lines
    ]
    return View(page(head(portfolio, named(words, portfolio)), *told), _alert_buttons(words, portfolio))


def _alert_buttons(words: Words, portfolio: Portfolio) -> Keyboard:
    see = button(words.t("See the plan"), "rebalance", "", Style.PRIMARY)
    return ((see, button(words.t("Why?"), "why")), (button(words.t("Snooze 1 h"), "snooze", portfolio.id),))


def problem_alert(words: Words, portfolio: Portfolio, problems: Sequence[Problem]) -> View:
    """Tell that a portfolio has not been evaluated for a while, and why."""
    text = page(
        head(portfolio, named(words, portfolio)),
        cannot_evaluate_line(words, problems),
        say(words, "Until this ends there are no alerts about drift, and no plans. I keep trying."),
    )
    return View(text, ((button(words.t("Status"), "status"), button(words.t("Snooze 1 h"), "snooze", portfolio.id)),))


def snoozed(words: Words, portfolio: Portfolio, until: datetime) -> View:
    """Answer Snooze."""
    text = page(
        head(portfolio),
        say(words, "No alerts until {time}. Checks go on; /resume ends the silence.", time=words.time(until)),
    )
    return View(text, ((button(words.t("Ring again now"), "resume"), button(words.t("Status"), "status")),))

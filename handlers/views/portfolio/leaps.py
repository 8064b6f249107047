"""A price that is many times what it was: the question, and what follows from each answer."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.i18n import N_
from chatbot.model import Mode
from chatbot.model.life import LeapWhy
from handlers.buttons import Style
from handlers.views.common import View, bold, button, coin, head, page, say
from handlers.views.portfolio.ways_out import standing_rows

if TYPE_CHECKING:
    from chatbot.i18n import Words
    from chatbot.model import Portfolio
    from chatbot.model.life import Leap
    from handlers.buttons import Button

_LABELS = {
    LeapWhy.TRUE: N_("The price is true"),
    LeapWhy.RENAMED: N_("Renamed"),
    LeapWhy.REDENOMINATED: N_("Redenominated"),
    LeapWhy.WRITTEN_OFF: N_("Worthless"),
}
#: what to do before plans go on
_NEXT = {
    LeapWhy.RENAMED: N_("If it has a new name, it must stand in your amounts and targets under that name."),
    LeapWhy.REDENOMINATED: N_("If one new coin stands for many old ones, your amount must be the new one."),
    LeapWhy.WRITTEN_OFF: N_("If it is worth nothing any more, it must leave your amounts and targets."),
}


def times_of(words: Words, leap: Leap) -> str:
    """Return how many times its old price a coin costs, with two figures that count: 12, 0.0012."""
    return words.quantity(Decimal(f"{leap.after / leap.before:.2g}"))


def question(words: Words, portfolio: Portfolio, leap: Leap) -> View:
    """Ask what happened to a coin that is held."""
    facts = {
        "coin": bold(coin(leap.asset)),
        "before": words.price(leap.before),
        "after": bold(words.price(leap.after)),
        "times": times_of(words, leap),
    }
    text = page(
        head(words, portfolio, name=True),
        say(words, "{coin} went from {before} to {after} within a day: {times} times as much. What happened?", **facts),
        say(words, "Until you say so, this portfolio makes no plans and no alerts about drift."),
    )
    answers = [_answer(words, portfolio, leap, why) for why in LeapWhy]
    return View(text, (tuple(answers[:1]), tuple(answers[1:])))


def _answer(words: Words, portfolio: Portfolio, leap: Leap, why: LeapWhy) -> Button:
    style = Style.PRIMARY if why is LeapWhy.TRUE else Style.PLAIN
    return button(words.t(_LABELS[why]), "leap", f"{portfolio.id}:{why}:{leap.mark}", style)


def answered(words: Words, portfolio: Portfolio, leap: Leap, why: LeapWhy) -> View:
    """Say what follows from an answer."""
    facts = {"coin": bold(coin(leap.asset)), "price": words.price(leap.after)}
    if why is LeapWhy.TRUE:
        text = page(head(words, portfolio, name=True), say(words, "{coin} counts at {price}. Checks and plans go on.", **facts))
        return View(text, ((button(words.t("Status"), "status"), button(words.t("Why?"), "why")),))
    correct = ((button(words.t("Correct amounts"), "correct"),),) if portfolio.mode is Mode.MANUAL else ()
    label = words.t(_LABELS[LeapWhy.TRUE])
    text = page(
        head(words, portfolio, name=True),
        say(words, "Noted. This portfolio still makes no plans, so nothing is traded at a price that is not yours."),
        say(words, _NEXT[why]),
        say(words, "Once the amounts fit, press “{label}”, and plans go on.", label=label),
    )
    return View(text, (*standing_rows(words, (leap.asset,)), *correct, (_answer(words, portfolio, leap, LeapWhy.TRUE),)))


def over(words: Words) -> str:
    """Answer a late tap, in Telegram's little window."""
    return words.t("That question no longer matters: the price is back, or a newer question has replaced it.")

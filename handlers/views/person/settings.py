"""The mode, the settings, help."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from chatbot import i18n
from chatbot.i18n import N_
from chatbot.model import AnswerMode, Mode
from chatbot.plans.autonomy import may_act
from handlers.command_list import GROUPS, Group, visible_to
from handlers.views.common import View, bold, button, code, esc, head, joined, mark, page, say, zone_name
from handlers.views.plan import autonomy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from chatbot.i18n import Words
    from chatbot.model import Person, Portfolio
    from handlers.buttons import Button, Keyboard
    from handlers.views.common import Html

ZONES = (
    "UTC",
    "Europe/London",
    "Europe/Madrid",
    "Europe/Moscow",
    "America/New_York",
    "America/Mexico_City",
    "Asia/Dubai",
    "Asia/Singapore",
)
_MODES = {
    Mode.DEMO: N_("a simulated market; no real money moves"),
    Mode.PAPER: N_("real public prices, simulated fills, no real money"),
    Mode.MANUAL: N_("your own holdings, typed in; you trade by hand"),
    Mode.LIVE: N_("real orders with real money"),
}
_WATCHED = N_("a real account that I only look at; you trade by hand")
_TEST = N_("a test account at an exchange; no real money moves")
_ANSWERS = {
    AnswerMode.ASK: N_("I show a plan and wait for your Confirm."),
    AnswerMode.NOTIFY: N_("I only tell you; a plan is made when you ask for one."),
    AnswerMode.AUTO: N_("I act by myself inside the limits you set."),
}
_BY_HAND = N_("I show a plan, and you trade it.")


def mode(words: Words, portfolio: Portfolio) -> View:
    """Show how real the portfolio is and what a trigger does, with the ways a trigger may answer."""
    limits = portfolio.answering.limits if portfolio.answer is AnswerMode.AUTO else None
    text = page(
        joined(" — ", (head(words, portfolio), words.t(_how_real(portfolio)))),
        "",
        say(words, "When a line leaves its band:"),
        bold(words.t(_BY_HAND if portfolio.is_by_hand and portfolio.answer is AnswerMode.ASK else _ANSWERS[portfolio.answer])),
        say(words, "Your limits: {limits}.", limits=autonomy.limits_text(words, limits)) if limits is not None else None,
        autonomy.unanswered_text(words, portfolio) if portfolio.answer is not AnswerMode.NOTIFY else None,
    )
    labels = [(AnswerMode.ASK, words.t("Ask me")), (AnswerMode.NOTIFY, words.t("Only tell me"))]
    if may_act(portfolio) or portfolio.live is not None:
        labels.append((AnswerMode.AUTO, words.t("Act by yourself")))
    choices = tuple(button(f"✓ {label}" if answer is portfolio.answer else label, "answer", answer.value) for answer, label in labels)
    last = (button(words.t("Alerts"), "alerts"), button(words.t("New portfolio"), "start_new"), button(words.t("Status"), "status"))
    waiting = autonomy.unanswered_rows(words, portfolio) if portfolio.answer is not AnswerMode.NOTIFY else ()
    return View(text, (choices, *waiting, last))


def _how_real(portfolio: Portfolio) -> str:
    if portfolio.is_test:
        return _TEST
    return _WATCHED if portfolio.is_watched else _MODES[portfolio.mode]


def settings(words: Words, person: Person, language_name: str, now: datetime) -> View:
    """Show the person's settings, each with its button."""
    text = page(
        bold(words.t("Settings")),
        joined(" ", (say(words, "Language:"), bold(language_name))),
        None if words.is_signed else say(words, "No native speaker has checked this translation yet."),
        _zone_line(words, person, now),
        say(words, "An offset knows no summer time; a city does.") if zone_name(person.zone) != person.zone else None,
        say(words, "Amounts are in US dollars: the coin a portfolio is kept in, USDT or USDC, counts as one."),
    )
    first = (button(words.t("Language"), "languages", "settings"), button(words.t("Time zone"), "zones"))
    links = (button(words.t("How I answer"), "mode"), button(words.t("Alerts"), "alerts"), button(words.t("Schedule"), "schedule"))
    return View(text, (first, links, (button(words.t("Status"), "status"),)))


def _zone_line(words: Words, person: Person, now: datetime) -> Html:
    if not words.is_placed:
        return say(words, "Time zone: not known yet, so times of day are in UTC (it is {time}).", time=words.time(now))
    return joined(" ", (say(words, "Time zone:"), bold(zone_name(person.zone)), say(words, "(it is {time} there)", time=words.time(now))))


def zone_ask(words: Words, zones: Sequence[str], now: datetime) -> tuple[Html, Keyboard]:
    """Ask what a person's clock shows, with the likely zones as buttons, the likeliest first; any other is typed."""
    first, *_ = zones
    ask = say(words, "Is it {time} for you? Tap the clock that is yours, or send your city.", time=bold(_there(words, first, now)))
    labels = [f"{_there(words, zone, now)} {_place(words, zone)}" for zone in zones]
    return ask, _in_twos([button(label, "zone", zone) for label, zone in zip(labels, zones, strict=True)])


def _there(words: Words, zone: str, now: datetime) -> str:
    return replace(words, zone=ZoneInfo(zone), is_placed=True).time(now)


def _place(words: Words, zone: str) -> str:
    return i18n.city(zone, words.language) if zone_name(zone) == zone else zone_name(zone)


def zone_choice(words: Words, person: Person) -> View:
    """Offer a few time zones and ask for any other by city, offset or name."""
    text = page(
        say(words, "Which time zone are you in? Tap one, or send your city, or an offset like {example}.", example=code("UTC+2")),
    )
    buttons = [button(f"✓ {zone}" if words.is_placed and zone == zone_name(person.zone) else zone, "zone", zone) for zone in ZONES]
    return View(text, (*_in_twos(buttons), (button(words.t("Back"), "settings"),)))


def zone_question(words: Words, zones: Sequence[str], now: datetime, *, is_named: bool) -> View:
    """Ask which of several zones is meant, by their cities and what their clocks show; not ``is_named``: they are only near."""
    ask = say(words, "Which one is yours?") if is_named else say(words, "I don't know that place. Did you mean one of these?")
    buttons = [button(f"{_place(words, zone)}, {_there(words, zone, now)}", "zone", zone) for zone in zones]
    return View(page(ask), (*_in_twos(buttons), (button(words.t("Back"), "settings"),)))


def _in_twos(buttons: Sequence[Button]) -> Keyboard:
    return tuple(tuple(buttons[at : at + 2]) for at in range(0, len(buttons), 2))


def help_page(words: Words, group: str = "", *, operator: bool = False) -> View:
    """List the commands of one group, with a button for each other group."""
    commands = visible_to(operator=operator)
    groups = list(dict.fromkeys(command.group for command in commands))
    chosen = Group(group) if group in {known.value for known in groups} else Group.PORTFOLIO
    lines = [joined(" — ", (esc(f"/{command.name}"), words.t(command.description))) for command in commands if command.group is chosen]
    text = page(
        bold(words.t(GROUPS[chosen])),
        *lines,
        "",
        say(
            words,
            "Every message about money starts with its mode: {marks}.",
            marks=joined(", ", (*map(mark, Mode), mark(Mode.LIVE, watched=True), bold("TEST"))),
        ),
    )
    buttons = tuple(
        button(f"✓ {words.t(GROUPS[known])}" if known is chosen else words.t(GROUPS[known]), "help", known.value)
        for known in sorted(groups, key=list(GROUPS).index)
    )
    about = (button(words.t("How the triggers work"), "about_triggers"), button(words.t("What words mean"), "term"))
    return View(text, (buttons[:2], buttons[2:], about) if len(buttons) > 2 else (buttons, about))

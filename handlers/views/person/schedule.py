"""The schedule: when a rebalance comes whatever the bands say, the next run, what became of the last, and the ways to change it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.i18n import N_
from chatbot.model import AnswerMode, Outcome
from handlers.buttons import Style
from handlers.views.common import DOT, View, bold, button, code, esc, head, joined, page, say, zone_name

if TYPE_CHECKING:
    from datetime import datetime

    from chatbot.i18n import Words
    from chatbot.model import Portfolio, ScheduleRule
    from chatbot.portfolio.states import ScheduleMark
    from handlers.buttons import Button, Keyboard
    from handlers.views.common import Html

EXAMPLE, INVEST_EXAMPLE = "/schedule weekly mon 09:30", "/schedule $100 weekly mon"
DRIFT_EXAMPLE = "/schedule weekly mon only if drift >= 3"
OFF = "off"
#: how often, with what is written on the button
FREQUENCIES = {
    OFF: N_("Off"),
    "daily": N_("Daily"),
    "weekly": N_("Weekly"),
    "monthly": N_("Monthly"),
    "quarterly": N_("Quarterly"),
}
#: from Monday on
WEEKDAYS = (N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"), N_("Sunday"))
WEEKDAYS_SHORT = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))
_DAYS = (1, 5, 10, 15, 20, 25, 31)
_TIMES = ("00:00", "06:00", "09:00", "12:00", "18:00", "21:00")
#: a month that has no such day takes its last one
_SHORTEST_MONTH = 28
_ANSWERS = {
    AnswerMode.ASK: N_("At that time I show a plan and wait for your Confirm."),
    AnswerMode.AUTO: N_("At that time I act by myself inside your limits, and ask above them."),
    AnswerMode.NOTIFY: N_("At that time I only tell you; a plan is made when you ask for one."),
}
_BY_HAND = N_("At that time I show a plan, and you trade it.")
_OUTCOMES = {
    Outcome.PLANNED: N_("a plan was made"),
    Outcome.TOLD: N_("you were told"),
    Outcome.NOTHING: N_("nothing to do"),
    Outcome.INSIDE: N_("no line was far enough off its target"),
    Outcome.SKIPPED: N_("missed"),
}


def schedule(words: Words, portfolio: Portfolio, upcoming: datetime | None, mark: ScheduleMark) -> View:
    """Show the schedule with its next run, and one tap for each way to change it."""
    rule = portfolio.strategy.schedule
    off = say(words, "Off: nothing is rebalanced by the calendar. Bands, triggers and you yourself can still ask for a plan.")
    text = page(
        head(words, portfolio, say(words, "Schedule")),
        *(_running(words, portfolio, rule, upcoming) if rule else [off]),
        _last_line(words, mark),
        "",
        say(words, "Tap, or write it: {example}", example=code(EXAMPLE)),
        say(words, "To act only on a drift: {example}", example=code(DRIFT_EXAMPLE)) if rule is None or rule.invest is None else None,
        say(words, "To invest regularly: {example}", example=code(INVEST_EXAMPLE)),
    )
    return View(text, (*_frequencies(words, rule), *_choices(words, rule), (button(words.t("Status"), "status"),)))


def _running(words: Words, portfolio: Portfolio, rule: ScheduleRule, upcoming: datetime | None) -> list[Html | None]:
    invests = say(words, "It invests that much of your cash where it is missing most, and sells nothing.")
    only = say(words, "It acts only when a line is outside its band.")
    always = say(words, "It acts even when every line is inside its band.")
    if rule.least is not None:
        points = words.number(rule.least * 100, 1)
        always = say(words, "It acts only when a line is at least {points} points off its target.", points=points)
    paused = say(words, "Nothing runs while the portfolio is paused.") if portfolio.paused else None
    short = rule.freq in ("monthly", "quarterly") and rule.day > _SHORTEST_MONTH
    return [
        bold(rule_text(words, rule)),
        say(words, "In a shorter month it runs on the last day.") if short else None,
        next_run_line(words, upcoming),
        invests if rule.invest is not None else only if rule.only_outside else always,
        say(words, _BY_HAND if portfolio.is_by_hand and portfolio.answer is AnswerMode.ASK else _ANSWERS[portfolio.answer]),
        paused,
    ]


def rule_text(words: Words, rule: ScheduleRule) -> Html:
    """Return a schedule in a few words: how often, on which day, when, in which zone."""
    day = ""
    if rule.freq == "weekly":
        day = words.t(WEEKDAYS[rule.weekday])
    elif rule.freq in ("monthly", "quarterly"):
        day = words.t("day {day}", day=rule.day)
    amount = words.t("invest {amount}", amount=words.money(rule.invest)) if rule.invest is not None else ""
    return joined(DOT, (words.t(FREQUENCIES[rule.freq]), day, rule.time, zone_name(rule.zone), amount))


def next_run_line(words: Words, upcoming: datetime | None) -> Html | None:
    """Return when the next run comes, in the person's zone; None without a schedule."""
    return say(words, "Next scheduled run: {moment}.", moment=words.moment(upcoming)) if upcoming is not None else None


def _last_line(words: Words, mark: ScheduleMark) -> Html | None:
    if mark.at is None or mark.outcome not in _OUTCOMES:
        return None
    return say(words, "Last run: {moment}, {outcome}.", moment=words.moment(mark.at), outcome=words.t(_OUTCOMES[mark.outcome]))


def _frequencies(words: Words, rule: ScheduleRule | None) -> Keyboard:
    chosen = rule.freq if rule else OFF
    every = [_choice(words.t(label), "freq", name, chosen=name == chosen) for name, label in FREQUENCIES.items()]
    return tuple(every[:3]), tuple(every[3:])


def _choices(words: Words, rule: ScheduleRule | None) -> Keyboard:
    """Return the rows that only a schedule has: its day, its time, and the switch for the bands."""
    if rule is None:
        return ()
    rows: list[tuple[Button, ...]] = []
    if rule.freq == "weekly":
        days = [_choice(words.t(name), "weekday", at, chosen=at == rule.weekday) for at, name in enumerate(WEEKDAYS_SHORT)]
        rows += [tuple(days[:4]), tuple(days[4:])]
    elif rule.freq != "daily":
        rows.append(tuple(_choice(str(day), "day", day, chosen=day == rule.day) for day in _DAYS))
    times = [_choice(time, "time", time, chosen=time == rule.time) for time in _TIMES]
    rows += [tuple(times[:3]), tuple(times[3:])]
    if rule.invest is not None:
        return (*rows, (button(words.t("Rebalance instead of investing"), "schedule_set", "invest:"),))
    box = "☑" if rule.only_outside else "☐"
    rows.append((button(f"{box} {words.t('Only when outside a band')}", "schedule_set", f"only:{int(not rule.only_outside)}"),))
    return tuple(rows)


def _choice(label: str, what: str, value: object, *, chosen: bool) -> Button:
    return button(f"✓ {label}" if chosen else label, "schedule_set", f"{what}:{value}")


def due(words: Words, portfolio: Portfolio) -> View:
    """Ring for a scheduled run of somebody who only wants to know."""
    rule = portfolio.strategy.schedule
    amount = rule.invest if rule is not None else None
    told = say(words, "It is time for the scheduled rebalance, and there are orders worth sending.")
    if amount is not None:
        told = say(words, "It is time to invest {amount}, as the schedule says.", amount=words.money(amount))
    text = page(head(words, portfolio, name=True), told)
    asked = ("rebalance", "") if amount is None else ("invest_now", f"{amount:f}")
    see = button(words.t("See the plan"), *asked, Style.PRIMARY)
    return View(text, ((see, button(words.t("Why?"), "why")), (button(words.t("Schedule"), "schedule"),)))


def skipped(words: Words, portfolio: Portfolio, count: int, latest: datetime) -> View:
    """Report scheduled runs that did not happen and will not be made up for."""
    lead = words.n("{count} scheduled run did not happen", "{count} scheduled runs did not happen", count)
    text = page(
        head(words, portfolio, name=True),
        say(words, "{lead}; the latest was due on {moment}.", lead=lead, moment=words.moment(latest)),
        esc(words.t("It is too late to catch up on it.")),
    )
    return View(text, ((button(words.t("Plan now"), "rebalance"), button(words.t("Schedule"), "schedule")),))

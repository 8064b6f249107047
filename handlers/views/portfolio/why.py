"""Why the bot acts or does nothing: three sentences, and behind them every limit, the nearest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatbot.i18n import N_
from chatbot.model import HeldBack
from handlers.views.common import Html, View, bold, button, esc, head, joined, line_name, page, say
from handlers.views.person import halt
from handlers.views.person.schedule import next_run_line
from handlers.views.plan.card import open_plan_line
from handlers.views.problems import cannot_evaluate_line, damaged_line
from handlers.views.tables import MOVED, moved_line
from handlers.views.trigger import lines as standing
from handlers.views.trigger import signals
from handlers.views.trigger.lines import Limit, Nearness

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from chatbot.i18n import Words
    from chatbot.model import Check, LineReading, PortfolioFigures, StatusReport

_HELD_BACK = {
    HeldBack.INSIDE: N_("Nothing to do."),
    HeldBack.FIRED_BEFORE: N_("You have been told about this; I ring again when it is a point worse, or after it has been well inside."),
    HeldBack.PAUSED: N_("The portfolio is paused, so I do nothing until /resume."),
    HeldBack.SNOOZED: N_("I say nothing, because you asked for silence."),
    HeldBack.WINDOW_OPEN: N_("A limit was crossed; I wait a moment for others, so that all of them make one plan."),
    HeldBack.QUIET_HOURS: N_("A limit was crossed in your quiet hours; its plan is made when they end."),
    HeldBack.HALTED: N_("A plan is wanted; I make it and carry it out when trading goes on."),
    HeldBack.PLAN_OPEN: N_("I propose nothing new while a plan is open."),
    HeldBack.NO_ORDERS: N_("I propose nothing: no order would be worth its fees."),
    HeldBack.PLANNED: N_("This check made a plan."),
    HeldBack.SCHEDULE_TOLD: N_("The time of your schedule has come, and you were told."),
    HeldBack.NO_DATA: N_("I can't evaluate the portfolio; every check tries again."),
}
#: a plan that waits or runs does not explain these
_BEFORE_THE_PLAN: Final = frozenset({HeldBack.PAUSED, HeldBack.SNOOZED, HeldBack.HALTED, HeldBack.NO_DATA})
#: lines and coins that the whole page names
_MOST_LIMITS: Final = 24


def why(words: Words, report: StatusReport, check: Check | None, now: datetime) -> View:
    """Say in three sentences what the bot does or why it does nothing, the nearest limit, and how fresh the data is.

    ``check`` is None when there has been none.
    """
    portfolio = report.portfolio
    buttons = (
        (button(words.t("All triggers"), "why_all"),),
        (button(words.t("Status"), "status"), button(words.t("Refresh"), "why")),
    )
    title, broken = head(words, portfolio), damaged_line(words, report.damaged)
    if check is None:
        none_yet = say(words, "There has been no check yet; the first one comes soon.")
        return View(page(title, broken, halt.line(words, report.halted_since, now), none_yet), buttons)
    return View(page(title, broken, *_sentences(words, report, check, now)), buttons)


def _sentences(words: Words, report: StatusReport, check: Check, now: datetime) -> list[Html | None]:
    halted, fresh = halt.line(words, report.halted_since, now), _fresh(words, report, check, now)
    if check.figures is None:
        back = HeldBack.PAUSED if report.portfolio.paused else HeldBack.NO_DATA
        return [halted, cannot_evaluate_line(words, check.problems), None if halted else say(words, _HELD_BACK[back]), fresh]
    acts = halted or _acts(words, report, check, now)
    lines, seen = _limits(words, check.figures), standing.ranked(words, report)
    signal = seen[0] if seen else None
    if acts is None and lines and lines[0].nearness is Nearness.QUIET:
        told = N_("Nothing to do: the nearest limit is {limit}.")
        if signal is not None and signal.nearness is Nearness.QUIET and signal.share > lines[0].share:
            told = N_("Nothing to do: the nearest of the bands is {limit}.")
        nearest = say(words, told, limit=lines[0].short)
        return [nearest, signal.short if signal else None, fresh]
    crossed = bool(lines) and lines[0].nearness is Nearness.CROSSED
    idle = say(words, "A limit is crossed; the next check acts on it.") if crossed else say(words, _HELD_BACK[HeldBack.INSIDE])
    return [acts or idle, _nearest(words, lines[0] if lines else None, signal), fresh]


def _nearest(words: Words, line: Limit | None, signal: Limit | None) -> Html | None:
    """Say what is furthest outside its band, else what holds something down, else which line is nearest to its limit."""
    if line is not None and line.nearness is Nearness.CROSSED:
        return say(words, "Furthest outside is {limit}.", limit=line.short)
    if signal is not None and (line is None or signal.nearness is Nearness.ACTIVE):
        return signal.short
    return say(words, "The nearest limit is {limit}.", limit=line.short) if line is not None else None


def _acts(words: Words, report: StatusReport, check: Check, now: datetime) -> Html | None:
    """Say what the bot does, or what keeps it from acting; None where there is nothing to do."""
    until = report.portfolio.snoozed_until
    if check.held_back is HeldBack.SNOOZED and until is not None and now < until:
        return say(words, "I say nothing, because you asked for silence until {moment}.", moment=words.moment(until))
    if report.open_plan is not None and check.held_back not in _BEFORE_THE_PLAN:
        return open_plan_line(words, report.open_plan, now)
    if check.fired:
        names = bold(", ".join(signals.told_name(words, line) for line in check.fired))
        return say(words, "This check raised an alert about {lines}.", lines=names)
    if check.held_back is HeldBack.INSIDE or check.held_back not in _HELD_BACK:
        return None
    return say(words, _HELD_BACK[check.held_back])


def _fresh(words: Words, report: StatusReport, check: Check, now: datetime) -> Html:
    """Say when the last check was, and how old what it rests on is where that is older than it seems."""
    parts: list[object] = [say(words, "Last check {age} ago", age=words.age((now - check.at).total_seconds()))]
    if check.prices and check.figures is not None and not check.problems:
        parts.append(words.n("its price is fresh", "all {count} prices fresh", check.prices))
        parts += standing.old_readings(words, report)
    return Html(f"{joined(', ', parts)}.")


def everything(words: Words, report: StatusReport, figures: PortfolioFigures | None) -> View:
    """Show every limit, the nearest first, with what holds a target down and what would end it."""
    found = standing.ranked(words, report)
    limits = sorted([*(_limits(words, figures) if figures is not None else ()), *found], key=lambda limit: limit.rank)
    text = page(
        head(words, report.portfolio, say(words, "All triggers")),
        *(line for limit in limits[:_MOST_LIMITS] for line in limit.lines),
        *standing.rest(words, report),
        moved_line(words, figures) if figures is not None else None,
        _hedges(words, report),
        next_run_line(words, report.next_run),
    )
    first = (button(words.t("Change triggers"), "triggers"), button(words.t("Change bands"), "bands"))
    return View(text, (first, (button(words.t("Back"), "why"),)))


def _hedges(words: Words, report: StatusReport) -> Html | None:
    count = len([hedge for hedge in report.hedges if not hedge.closed])
    return esc(words.n("{count} hedge is open", "{count} hedges are open", count)) if count else None


def _limits(words: Words, figures: PortfolioFigures) -> list[Limit]:
    """Return how far each line and the net exposure are from their limits, the nearest first."""
    return sorted((_limit(words, line, line.band) for line in figures.limits if line.band), key=lambda limit: limit.rank)


def _limit(words: Words, line: LineReading, band: Decimal) -> Limit:
    share, off, limit = abs(line.drift) / band, words.points(abs(line.drift)), words.points(band)
    told = say(words, "{line}: {drift} of {band} points", line=_marked(words, line), drift=off, band=limit)
    facts = {"line": bold(line_name(words, line.line)), "drift": bold(off), "band": limit}
    if line.breach:
        return Limit(Nearness.CROSSED, share, say(words, "{line}, {drift} points off with a limit of {band}", **facts), (bold(told),))
    return Limit(Nearness.QUIET, share, say(words, "{line}, {drift} of {band} points", **facts), (told,))


def _marked(words: Words, line: LineReading) -> str:
    return line_name(words, line.line) + (MOVED if line.base is not None else "")

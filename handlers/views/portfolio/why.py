"""Why the last check did, or did not, act: the nearest limit, what held it back, how fresh the figures were."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.i18n import N_
from chatbot.model import HeldBack, PlanState
from handlers.views.common import View, bold, button, esc, head, joined, line_name, page, say
from handlers.views.person import halt
from handlers.views.person.schedule import next_run_line
from handlers.views.plan.autonomy import answer_by
from handlers.views.plan.card import closed_text
from handlers.views.problems import cannot_evaluate_line
from handlers.views.tables import MOVED, exposure_line, futures_line, moved_line
from handlers.views.trigger import lines as standing
from handlers.views.trigger.signals import told_name

if TYPE_CHECKING:
    from datetime import datetime

    from chatbot.i18n import Words
    from chatbot.model import Check, LineReading, PortfolioFigures, StatusReport
    from handlers.views.common import Html

_HELD_BACK = {
    HeldBack.INSIDE: N_("Nothing to do: every line is inside its band."),
    HeldBack.FIRED_BEFORE: N_(
        "You have been told about this crossing. I ring again when it is a point worse, or after it has been well inside."
    ),
    HeldBack.PAUSED: N_("Nothing was done, because the portfolio is paused. /resume starts it again."),
    HeldBack.SNOOZED: N_("Nothing was said, because you asked for silence."),
    HeldBack.WINDOW_OPEN: N_("A crossing was seen; I wait a moment for others, so that all of them make one plan."),
    HeldBack.QUIET_HOURS: N_("A crossing was seen in your quiet hours; its plan is made when they end."),
    HeldBack.HALTED: N_("A plan is wanted; I make it and carry it out when trading goes on."),
    HeldBack.PLAN_OPEN: N_("Nothing new was proposed, because a plan is open already."),
    HeldBack.NO_ORDERS: N_("Nothing was proposed: no order would be worth its fees."),
    HeldBack.PLANNED: N_("This check made a plan."),
    HeldBack.SCHEDULE_TOLD: N_("The time of your schedule had come, and you were told."),
    HeldBack.NO_DATA: N_("Nothing was done, because the portfolio could not be evaluated. Every check tries again."),
}


def why(words: Words, report: StatusReport, check: Check | None, now: datetime) -> View:
    """Explain the last check and what every trigger sees; ``check`` is None when there has been none."""
    portfolio = report.portfolio
    first = (button(words.t("Status"), "status"), button(words.t("Bands"), "bands"), button(words.t("Triggers"), "triggers"))
    buttons = (first, (button(words.t("Refresh"), "why"),))
    if check is None:
        none_yet = say(words, "There has been no check yet; the first one comes within a minute.")
        return View(page(head(words, portfolio), halt.line(words, report.halted_since, now), none_yet), buttons)
    figures, triggers = check.figures, standing.why_lines(words, report)
    text = page(
        head(words, portfolio),
        halt.line(words, report.halted_since, now),
        _held_back(words, report, check, now),
        _open_plan(words, report),
        *([_fired(words, check.fired)] if check.fired else []),
        *([cannot_evaluate_line(words, check.problems)] if check.problems else []),
        *(_distances(words, figures) if figures is not None else []),
        *(["", *triggers] if triggers else []),
        *(["", moved_line(words, figures), exposure_line(words, figures), futures_line(words, figures)] if figures is not None else []),
        _hedges(words, report),
        "",
        _when(words, check, now),
        next_run_line(words, report.next_run),
    )
    return View(text, buttons)


def _held_back(words: Words, report: StatusReport, check: Check, now: datetime) -> Html | None:
    until = report.portfolio.snoozed_until
    if check.held_back is HeldBack.SNOOZED and until is not None and now < until:
        return say(words, "Nothing was said, because you asked for silence until {moment}.", moment=words.moment(until))
    return say(words, _HELD_BACK[check.held_back]) if check.held_back in _HELD_BACK else None


def _open_plan(words: Words, report: StatusReport) -> Html | None:
    """Say what must happen to the open plan before another one is made."""
    plan = report.open_plan
    if plan is None:
        return None
    if plan.is_by_hand:
        return esc(closed_text(words, plan))
    if plan.state is not PlanState.PROPOSED:
        return say(words, "Plan {number} is being carried out.", number=plan.number)
    return say(words, "Plan {number} waits for your answer until {time}.", number=plan.number, time=words.time(answer_by(plan)))


def _hedges(words: Words, report: StatusReport) -> Html | None:
    count = len([hedge for hedge in report.hedges if not hedge.closed])
    return esc(words.n("{count} hedge is open", "{count} hedges are open", count)) if count else None


def _fired(words: Words, lines: tuple[str, ...]) -> Html:
    return say(words, "This check raised an alert about {lines}.", lines=bold(", ".join(told_name(words, line) for line in lines)))


def _distances(words: Words, figures: PortfolioFigures) -> list[Html]:
    """Return how far each line and the net exposure are from their limits, nearest first."""
    banded = [line for line in figures.limits if line.band]
    ranked = sorted(banded, key=lambda line: -abs(line.drift) / (line.band or 1))
    lines = [esc("")]
    if ranked:
        lines.append(_nearest(words, ranked[0]))
    lines += [_distance(words, line) for line in ranked[1:12]]
    return lines


def _marked(words: Words, line: LineReading) -> str:
    return line_name(words, line.line) + (MOVED if line.base is not None else "")


def _nearest(words: Words, line: LineReading) -> Html:
    facts = {
        "line": bold(_marked(words, line)),
        "drift": bold(words.points(abs(line.drift))),
        "band": words.points(line.band or abs(line.drift)),
    }
    if line.breach:
        return say(words, "Furthest outside: {line}, {drift} points from target with a limit of {band}.", **facts)
    return say(words, "The nearest limit is {line}: {drift} of {band} points.", **facts)


def _distance(words: Words, line: LineReading) -> Html:
    facts = {
        "line": _marked(words, line),
        "drift": words.points(abs(line.drift)),
        "band": words.points(line.band or abs(line.drift)),
    }
    return say(words, "{line}: {drift} of {band} points", **facts)


def _when(words: Words, check: Check, now: datetime) -> Html:
    last = say(words, "Last check {age} ago.", age=words.age((now - check.at).total_seconds()))
    count = check.prices if check.figures is not None and not check.problems else 0
    fresh = esc(words.n("The price it needed was fresh.", "All {count} prices it needed were fresh.", count)) if count else None
    return joined(" ", (last, fresh))

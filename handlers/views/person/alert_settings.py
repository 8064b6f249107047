"""What a person wants to hear: each kind of alert on, silent or off, quiet hours, reminders; and the digest of what was held back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.i18n import N_
from chatbot.model import AlertKind, Rhythm, Ring
from chatbot.model.alerts import ALWAYS
from handlers.buttons import Style
from handlers.views.common import DOT, View, bold, button, code, esc, head, joined, page, say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from chatbot.i18n import Words
    from chatbot.model import AlertSettings, Portfolio
    from handlers.buttons import Button, Keyboard
    from handlers.views.common import Html

EXAMPLE = "/alerts trend silent quiet 22:00 8:00"
KINDS = {
    AlertKind.DRIFT: N_("Drift"),
    AlertKind.VOLATILITY: N_("Volatility"),
    AlertKind.TREND: N_("Trend"),
    AlertKind.FUNDING: N_("Funding"),
    AlertKind.SENTIMENT: N_("Sentiment"),
    AlertKind.SCHEDULE: N_("Schedule"),
    AlertKind.HEDGE: N_("Hedge"),
    AlertKind.DEPEG: N_("Off-peg stablecoin"),
    AlertKind.COIN: N_("Halted coin"),
    AlertKind.UNREACHABLE: N_("Exchange unreachable"),
    AlertKind.MISSED: N_("Missed checks"),
    AlertKind.LIQUIDATION: N_("Liquidation distance"),
    AlertKind.FAILED_LEG: N_("Failed leg"),
}
RINGS = {Ring.ON: N_("on"), Ring.SILENT: N_("silent"), Ring.OFF: N_("off")}
#: how often a review comes by itself
RHYTHMS = {Rhythm.WEEK: N_("Weekly"), Rhythm.MONTH: N_("Monthly")}
_AFTER = {Ring.ON: Ring.SILENT, Ring.SILENT: Ring.OFF, Ring.OFF: Ring.ON}
QUIET = (("22:00", "07:00"), ("22:00", "08:00"), ("23:00", "08:00"), ("00:00", "09:00"))
REMINDERS = (0, 4, 12, 24)
#: alerts told one by one in a digest; the rest is counted
_MOST = 15


def alerts(words: Words, settings: AlertSettings) -> View:
    """Show what rings how, and one tap for each way to change it."""
    chosen = [joined(" — ", (words.t(label), bold(_state(words, settings, kind)))) for kind, label in KINDS.items()]
    told = N_("A line outside its band, margin in danger, a stablecoin off its dollar and an outage ring again after {span}.")
    reminder = say(words, told, span=bold(words.span(settings.reminder_h * 3600)))
    text = page(
        bold(words.t("Alerts")),
        *chosen,
        "",
        _quiet_line(words, settings),
        reminder if settings.reminder_h else say(words, "An alert that lasts does not ring again until it gets worse."),
        say(words, "A signal that leads to no plan comes without a sound; one event rings once, for all your portfolios."),
        _review_line(words, settings),
        "",
        say(words, "Tap, or write it: {example}", example=code(EXAMPLE)),
    )
    return View(
        text, (*_kind_rows(words, settings), *_quiet_rows(words, settings), _reminder_row(words, settings), _review_row(words, settings))
    )


def _state(words: Words, settings: AlertSettings, kind: AlertKind) -> str:
    return words.t("always") if kind in ALWAYS else words.t(RINGS[settings.ring(kind)])


def _quiet_line(words: Words, settings: AlertSettings) -> Html:
    if not settings.quiet_from:
        return say(words, "No quiet hours.")
    hours = bold(f"{settings.quiet_from}–{settings.quiet_to}")
    return say(words, "Quiet hours {hours}: alerts wait for one message at their end. Margin, failed legs and errors ring.", hours=hours)


def _kind_rows(words: Words, settings: AlertSettings) -> Keyboard:
    """Return a button for each kind that can be changed: a tap leads to the next of on, silent, off."""
    buttons = [
        button(f"{words.t(label)}: {_state(words, settings, kind)}", "ring", f"{kind}:{_AFTER[settings.ring(kind)]}")
        for kind, label in KINDS.items()
        if kind not in ALWAYS
    ]
    return tuple(tuple(buttons[at : at + 2]) for at in range(0, len(buttons), 2))


def _quiet_rows(words: Words, settings: AlertSettings) -> Keyboard:
    present = (settings.quiet_from, settings.quiet_to)
    hours = [button(_chosen(f"{begin}–{end}", chosen=present == (begin, end)), "quiet", f"{begin}-{end}") for begin, end in QUIET]
    off = button(_chosen(words.t("No quiet hours"), chosen=not settings.quiet_from), "quiet", "off")
    return (tuple(hours[:2]), tuple(hours[2:]), (off,))


def _reminder_row(words: Words, settings: AlertSettings) -> tuple[Button, ...]:
    labels = [words.t("No reminder"), *(words.t("{count} h", count=hours) for hours in REMINDERS[1:])]
    return tuple(
        button(_chosen(label, chosen=settings.reminder_h == hours), "reminder", hours)
        for label, hours in zip(labels, REMINDERS, strict=True)
    )


def _review_line(words: Words, settings: AlertSettings) -> Html:
    """Say when a review comes by itself, and how to choose another hour."""
    if settings.review is Rhythm.OFF:
        return say(words, "No review comes by itself.")
    at, example = bold(settings.review_at), code("/alerts review weekly 18:00")
    if settings.review is Rhythm.WEEK:
        return say(words, "A review comes every Monday at {at}. Another hour: {example}", at=at, example=example)
    return say(words, "A review comes on the first of each month at {at}. Another hour: {example}", at=at, example=example)


def _review_row(words: Words, settings: AlertSettings) -> tuple[Button, ...]:
    labels = {Rhythm.OFF: words.t("No review"), **{rhythm: words.t(label) for rhythm, label in RHYTHMS.items()}}
    return tuple(
        button(_chosen(label, chosen=settings.review is rhythm), "review_by_itself", rhythm.value) for rhythm, label in labels.items()
    )


def _chosen(label: str, *, chosen: bool) -> str:
    return f"✓ {label}" if chosen else label


def digest(words: Words, items: Sequence[tuple[datetime, Html]], *, several: bool = False) -> View:
    """Tell in one message what was held back in the quiet hours, oldest first; ``several``: of more than one portfolio."""
    lines = [joined(DOT, (words.time(at), told)) for at, told in items[:_MOST]]
    more = esc(words.n("and {count} more", "and {count} more", len(items) - _MOST)) if len(items) > _MOST else None
    text = page(bold(words.t("In your quiet hours")), *lines, more)
    if several:
        return View(text, ((button(words.t("Portfolios"), "portfolios", "", Style.PRIMARY),),))
    return View(text, ((button(words.t("Status"), "status", "", Style.PRIMARY), button(words.t("Why?"), "why")),))


def snooze_choice(words: Words, portfolio: Portfolio, what: str) -> View:
    """Ask for how long to keep quiet about a portfolio; ``what`` is plan or portfolio with its id, as the buttons carry it."""
    kind, _, number = what.partition(":")
    action, back = ("snooze_plan", button(words.t("Back to the plan"), "card", number)) if kind == "plan" else ("snooze", None)
    text = page(
        head(words, portfolio),
        say(words, "How long should I stay quiet? Margin in danger, failed legs and errors still ring."),
        say(words, "The plan is skipped then.") if kind == "plan" else None,
    )
    spans = (
        button(words.t("1 hour"), action, f"{number}:1"),
        button(words.t("4 hours"), action, f"{number}:4"),
        button(words.t("Until 8 in the morning"), action, f"{number}:morning"),
    )
    return View(text, (spans[:2], spans[2:], (back or button(words.t("Status"), "status"),)))

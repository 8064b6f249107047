"""The operator's stop of all trading in words: to the operator, to everybody concerned, and on whatever it keeps waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.i18n import NN_
from handlers.buttons import Style
from handlers.views.common import View, bold, button, esc, page, say, say_n

if TYPE_CHECKING:
    from datetime import datetime

    from chatbot.halting import Halted, LetGo
    from chatbot.i18n import Words
    from chatbot.model import Plan
    from handlers.views.common import Html

_PARKED = NN_(
    "{count} plan under way stops; its owner is asked before it goes on.",
    "{count} plans under way stop; their owners are asked before they go on.",
)
_CANCELLED = NN_("{count} open order is being cancelled.", "{count} open orders are being cancelled.")
_ASKING = NN_("{count} stopped plan asks its owner first.", "{count} stopped plans ask their owners first.")


def halted(words: Words, found: Halted) -> View:
    """Answer ``/halt``: what was stopped, and the way back."""
    lead = (
        bold(words.t("Trading is stopped for everybody."))
        if found.is_new
        else bold(words.t("Trading has been stopped already, since {time}.", time=words.moment(found.since)))
    )
    text = page(
        lead,
        say_n(words, _PARKED, found.plans) if found.plans else say(words, "No plan is under way."),
        say_n(words, _CANCELLED, found.orders) if found.orders else None,
        say(words, "Until you let it go on, nothing is sent to an exchange but cancellations. Checks and alerts go on; everybody is told."),
    )
    return View(text, ((button(words.t("Let trading go on…"), "unhalt"),),))


def question(words: Words, found: Halted) -> View:
    """Ask the operator once before trading goes on; the button speaks of this halt alone."""
    text = page(
        bold(words.t("Trading has been stopped since {time}. Let it go on?", time=words.moment(found.since))),
        say_n(words, _ASKING, found.plans) if found.plans else None,
    )
    return View(text, ((button(words.t("Let trading go on"), "unhalt_yes", int(found.since.timestamp()), Style.DANGER),),))


def not_halted(words: Words) -> View:
    """Answer ``/unhalt`` where nothing is stopped."""
    return View(page(say(words, "Trading is not stopped. /halt stops it for everybody.")))


def let_go(words: Words, found: LetGo) -> View:
    """Answer the operator who let trading go on."""
    text = page(
        bold(words.t("Trading goes on.")),
        say_n(words, _ASKING, found.plans) if found.plans else None,
        say(words, "Everybody is told."),
    )
    return View(text)


def other_halt(words: Words, since: datetime) -> str:
    """Answer a button of an earlier stop, at most 200 characters."""
    return words.t("That stop has ended; this one began at {time}. Send /unhalt to end it.", time=words.moment(since))


def told(words: Words, since: datetime) -> View:
    """Tell everybody concerned that trading is stopped."""
    text = page(
        bold(words.t("Trading has been stopped by the operator since {time}.", time=words.time(since))),
        say(words, "Nothing is bought or sold; open orders are cancelled. I'll tell you when it goes on."),
    )
    return View(text, ((button(words.t("Status"), "status"),),))


def told_over(words: Words, since: datetime, at: datetime) -> View:
    """Tell everybody concerned that trading goes on."""
    text = page(
        bold(words.t("Trading resumed at {time}.", time=words.time(at))),
        say(words, "The operator had stopped it at {time}. A plan that was stopped asks you before it goes on.", time=words.moment(since)),
    )
    return View(text, ((button(words.t("Status"), "status"),),))


def restored(words: Words, made_at: datetime) -> View:
    """Tell everybody concerned that the bot has forgotten what happened after a copy was made, and that trading is stopped for it."""
    text = page(
        bold(words.t("I had to go back to my records of {time}.", time=words.moment(made_at))),
        say(words, "What you or I did after that is missing from them: look at /status, and correct what is wrong."),
        say(words, "Trading is stopped until the operator has looked. Buttons of older messages no longer work."),
    )
    return View(text, ((button(words.t("Status"), "status"),),))


def line(words: Words, since: datetime | None, now: datetime) -> Html | None:
    """Return the line of /status and /why about a stop; None where there is none."""
    if since is None:
        return None
    return bold(words.t("Trading has been stopped by the operator since {time}.", time=words.when(since, now)))


def lead(words: Words, plan: Plan, since: datetime | None) -> str:
    """Return what is said before a card that cannot be confirmed for now; empty where it can."""
    if since is None:
        return ""
    time = words.when(since, plan.created_at)
    return words.t("Trading has been stopped by the operator since {time}. Confirm works when it goes on.", time=time)


def refused(words: Words, plan: Plan, since: datetime, now: datetime) -> str:
    """Answer a tap that would trade, at most 200 characters."""
    return words.t(
        "Trading has been stopped by the operator since {time}, so nothing of plan {number} was sent. I'll tell you when it goes on.",
        number=plan.number,
        time=words.when(since, now),
    )


def parked_lines(words: Words, since: datetime | None, *, unsettled: bool) -> list[Html]:
    """Say why a plan has stopped, and what comes next."""
    first = (
        say(
            words,
            "The operator stopped all trading at {time}. What was filled stays filled. I ask you before it goes on.",
            time=words.moment(since),
        )
        if since is not None
        else say(words, "The operator has let trading go on. Carry on with what is left, at today's prices, or leave it?")
    )
    told_unsettled = say(words, "One order may still be open at the exchange. I keep trying to cancel it.")
    return [first, *([told_unsettled] if unsettled else []), esc("")]

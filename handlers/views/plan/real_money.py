"""Limits of real money in words: why a plan is not carried out, or was stopped on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatbot.i18n import N_
from chatbot.model import LiveStop
from handlers.buttons import Style
from handlers.views.common import View, bold, button, head, page, say

if TYPE_CHECKING:
    from decimal import Decimal

    from chatbot.i18n import Words
    from chatbot.model import Breach, Portfolio
    from handlers.views.common import Html

_OVER: Final = {
    LiveStop.OFF: N_("Nothing was sent: whoever hosts me does not allow trading with real money."),
    LiveStop.WATCHED: N_("Nothing was sent: this portfolio is only watched now."),
    LiveStop.FIRST: N_("Nothing was sent: the plan trades {amount}, and a first plan with real money at most {limit}."),
    LiveStop.ORDER: N_("Nothing was sent: the largest order is {amount}, and your limit for one is {limit}."),
    LiveStop.TURNOVER: N_("Nothing was sent: {amount} would be traded today, and your limit for a day is {limit}."),
}
#: of a plan that stopped half-way
_STOPPED: Final = {
    LiveStop.OFF: N_("Whoever hosts me does not allow trading with real money any more, so nothing more is sent."),
    LiveStop.WATCHED: N_("This portfolio is only watched now, so nothing more is sent."),
    LiveStop.FIRST: N_("It would have traded more than a first plan with real money may, so nothing more is sent."),
    LiveStop.ORDER: N_("An order would have been over your limit for one, so nothing more is sent."),
    LiveStop.TURNOVER: N_("It would have traded more today than your limit, so nothing more is sent."),
}


def over_limits(words: Words, breach: Breach) -> str:
    """Return the answer to a Confirm that goes beyond what was agreed to."""
    numbers = {"amount": words.money(breach.amount, 0), "limit": words.money(breach.limit, 0)}
    return words.t(_OVER[breach.why], **(numbers if breach.limit else {}))


def stopped(words: Words, why: str) -> Html | None:
    """Return why a plan with real money stopped half-way; None where limits have nothing to do with it."""
    return say(words, _STOPPED[LiveStop(why)]) if why in set(LiveStop) else None


def loss(words: Words, portfolio: Portfolio, lost: Decimal) -> View:
    """Tell that a portfolio was paused because of what it lost today."""
    limit = portfolio.live.limits.loss if portfolio.live is not None else lost
    text = page(
        head(words, portfolio, name=True),
        bold(words.t("Paused: it has lost {lost} today.", lost=words.percent(lost))),
        say(words, "Your limit for a day is {limit}. Nothing is traded until you let it go on.", limit=words.percent(limit)),
        say(words, "Your positions stay as they are. /panic closes the futures."),
    )
    return View(text, ((button(words.t("Status"), "status"), button(words.t("Resume"), "resume", "", Style.PRIMARY)),))

"""A plan that was carried out by hand at other amounts than its card says."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.i18n import N_
from chatbot.model import LegState
from handlers.buttons import Style
from handlers.views.common import View, button, code, coin, esc, head, leave, page, say
from handlers.views.plan.costs import as_shown
from handlers.views.plan.progress import taken_back_toast
from handlers.views.portfolio.flows import correct_example

if TYPE_CHECKING:
    from chatbot.i18n import Words
    from chatbot.model import Plan, Portfolio
    from chatbot.plans.outcomes import SeenInPart

#: the question what is held after a plan
DIALOG = "otherwise"
#: so many legs are told one by one
_MOST = 24


def prompt(words: Words, portfolio: Portfolio, plan: Plan) -> View:
    """Ask what is held now where it differs from what the card leads to."""
    text = page(
        head(words, portfolio, say(words, "Plan {number}", number=plan.number)),
        say(words, "Write what you hold now, only where it differs from what the plan leads to:"),
        code(correct_example(portfolio)),
        say(words, "Everything else counts as done as planned. An order that you left out altogether can be switched off under “Edit”."),
    )
    return View(text, ((leave(words.t("Back to the plan"), DIALOG, "card", plan.id),),))


def noted(words: Words, portfolio: Portfolio, plan: Plan) -> View:
    """Say that it is noted; what the amounts do not explain is asked in a message of its own."""
    title = head(words, portfolio, say(words, "Plan {number}", number=plan.number))
    rows = ((button(words.t("Result"), "card", plan.id), button(words.t("Undo"), "plan_undo", plan.id)),)
    return View(page(title, say(words, "Noted as done with your amounts.")), rows)


def seen_in_part(words: Words, portfolio: Portfolio, found: SeenInPart) -> View:
    """Show what an exchange shows of a plan, and ask whether that is all of it."""
    told = []
    for planned, leg in zip(found.plan.legs, found.legs, strict=True):
        if planned.state is not LegState.DROPPED and not planned.is_transfer:
            done = leg.qty if leg.state is LegState.FILLED else Decimal(0)
            facts = {"coin": coin(leg.instrument), "done": words.quantity(done), "planned": words.quantity(planned.qty)}
            line = N_("{coin}: sold {done} of {planned}") if leg.side == "sell" else N_("{coin}: bought {done} of {planned}")
            told.append(say(words, line, **facts))
    text = page(
        head(words, portfolio, say(words, "Plan {number}", number=found.plan.number)),
        say(words, "Your exchange shows this of the plan so far:"),
        *told[:_MOST],
        say(words, "Is that all of it?"),
    )
    is_all = button(words.t("That is all"), "hand_all", as_shown(found.plan), Style.SUCCESS)
    again = button(words.t("Look again"), "confirm", as_shown(found.plan))
    return View(text, ((is_all, again), (button(words.t("Back to the plan"), "card", found.plan.id),)))


def nothing_seen(words: Words) -> str:
    """Answer All done where the exchange shows no trade of the plan, at most 200 characters."""
    return words.t("Your exchange shows no trade of this plan yet. If you have just traded, press again in a few seconds.")


def not_looked(words: Words) -> str:
    """Answer All done where the exchange cannot be asked, at most 200 characters."""
    return words.t("I can't reach your exchange just now, so nothing was noted. Press again in a minute.")


def taken_back(words: Words, portfolio: Portfolio, plan: Plan) -> View:
    """Say that the answer was taken back; the card waits where it stands."""
    text = page(head(words, portfolio), esc(taken_back_toast(words, plan)))
    return View(text, ((button(words.t("Back to the plan"), "card", plan.id),),))

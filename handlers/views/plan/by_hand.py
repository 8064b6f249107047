"""A plan that was carried out by hand at other amounts than its card says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.views.common import View, button, code, esc, head, page, say
from handlers.views.plan.progress import taken_back_toast
from handlers.views.portfolio.flows import correct_example

if TYPE_CHECKING:
    from chatbot.i18n import Words
    from chatbot.model import Plan, Portfolio


def prompt(words: Words, portfolio: Portfolio, plan: Plan) -> View:
    """Ask what is held now where it differs from what the card leads to."""
    text = page(
        head(words, portfolio, say(words, "Plan {number}", number=plan.number)),
        say(words, "Write what you hold now, only where it differs from what the plan leads to:"),
        code(correct_example(portfolio)),
        say(words, "Everything else counts as done as planned. An order that you left out altogether can be switched off under “Edit”."),
    )
    return View(text, ((button(words.t("Back to the plan"), "card", plan.id),),))


def noted(words: Words, portfolio: Portfolio, plan: Plan) -> View:
    """Say that it is noted; what the amounts do not explain is asked in a message of its own."""
    title = head(words, portfolio, say(words, "Plan {number}", number=plan.number))
    rows = ((button(words.t("Result"), "card", plan.id), button(words.t("Undo"), "plan_undo", plan.id)),)
    return View(page(title, say(words, "Noted as done with your amounts.")), rows)


def taken_back(words: Words, portfolio: Portfolio, plan: Plan) -> View:
    """Say that the answer was taken back; the card waits where it stands."""
    text = page(head(words, portfolio), esc(taken_back_toast(words, plan)))
    return View(text, ((button(words.t("Back to the plan"), "card", plan.id),),))

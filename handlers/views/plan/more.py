"""Everything about a plan that its card has no room for: all reasons, legs and omissions, both tables, what holding its futures costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.i18n import N_
from chatbot.reports.tax.books import known
from handlers.views.common import View, button, joined, pages, say
from handlers.views.hedge import card as hedges
from handlers.views.past.report import signed
from handlers.views.plan.card import card_picture, joined_line, legs_block, reason_lines, result_table, title
from handlers.views.plan.costs import costs_lines
from handlers.views.plan.legs import left_out_text
from handlers.views.portfolio import lives
from handlers.views.tables import beside_lines, exposure_change

if TYPE_CHECKING:
    from chatbot.i18n import Words
    from chatbot.model import Plan, Portfolio
    from chatbot.reports.tax.expected import Expected
    from handlers.views.common import Html


def more(words: Words, portfolio: Portfolio, plan: Plan, page: int = 0, realised: Expected | None = None) -> View:
    """Show one page of everything about a plan, each as long as the caption of its picture may be.

    ``realised`` is what it would realise; None: it is over.
    """
    found = pages([*_everything(words, portfolio, plan), *_realised(words, realised)], title(words, portfolio, plan))
    at = max(0, min(page, len(found) - 1))
    back = button(words.t("Back to the plan"), "card", plan.id)
    on = (button(words.t("More"), "more", f"{plan.id}:{at + 1}"),) if at + 1 < len(found) else ()
    return View(found[at], ((*on, back),), card_picture(words, plan))


def _everything(words: Words, portfolio: Portfolio, plan: Plan) -> list[Html]:
    return [
        *hedges.card_lines(words, plan),
        *reason_lines(words, plan),
        *filter(None, (joined_line(words, portfolio, plan),)),
        result_table(words, plan),
        exposure_change(words, plan.before, plan.after),
        *costs_lines(words, plan),
        *legs_block(words, plan.legs),
        *(joined(" ", (say(words, "Left out:"), left_out_text(words, left))) for left in plan.left_out),
        *beside_lines(words, plan.before),
        *lives.standing_lines(words, plan.before, plan.created_at),
    ]


def _realised(words: Words, told: Expected | None) -> list[Html]:
    """Say what a plan would realise, coins and futures apart, and what of it nobody knows."""
    if told is None:
        return []
    if not told.realises:
        return [say(words, "It would realise nothing: it sells nothing.")]
    found = [
        say(words, "It would realise {amount} (first in, first out, after fees)", amount=signed(words, known((told.coins, told.futures))))
    ]
    if told.coins and told.futures:
        found.append(say(words, "Of that, futures {amount}", amount=words.signed_money(told.futures)))
    if told.unknown:
        text = N_("It would sell coins for {amount} whose cost is unknown: that is not in it.")
        found.append(say(words, text, amount=words.money(told.unknown)))
    if told.unknown_futures:
        found.append(say(words, "The entry of a position is unknown: what it would realise is not in it."))
    return found

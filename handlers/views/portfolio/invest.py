"""/invest in words: the question, more than there is, and money that stays where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.model import LeftOutWhy
from handlers.views.common import View, bold, button, code, head, joined, leave, page, say
from handlers.views.plan.legs import left_out_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from chatbot.i18n import Words
    from chatbot.model import LeftOut, Portfolio
    from handlers.buttons import Keyboard
    from handlers.views.common import Html


#: the question how much is invested
DIALOG = "invest"


def prompt(words: Words, portfolio: Portfolio, there: Decimal) -> View:
    """Ask how much is to be invested."""
    text = page(
        head(words, portfolio),
        bold(words.t("How much should I invest?")),
        say(words, "There is {amount} to invest. Write an amount, like {example}.", amount=words.money(there), example=code("500")),
        say(words, "I plan to buy where most is missing, and to sell nothing. You see the plan first."),
    )
    return View(text, ((leave(words.t("Back"), DIALOG, "status"),),))


def too_much(words: Words, portfolio: Portfolio, amount: Decimal, there: Decimal) -> View:
    """Say that there is less, and offer to note the money as a deposit."""
    text = page(
        head(words, portfolio),
        say(words, "There is only {there} to invest, not {amount}.", there=words.money(there), amount=words.money(amount)),
        _came_in(words, amount),
    )
    return View(text, _deposits(words, amount))


def _came_in(words: Words, amount: Decimal) -> Html:
    return say(words, "If {amount} came in just now, I can note the deposit and plan to invest it.", amount=words.money(amount))


def _deposits(words: Words, amount: Decimal) -> Keyboard:
    label = words.t("Deposit {amount} and invest it", amount=words.money(amount))
    return (button(label, "invest_new", f"{amount:f}"),), (button(words.t("Status"), "status"),)


def stays(words: Words, portfolio: Portfolio, amount: Decimal, left_out: Sequence[LeftOut]) -> View:
    """Say why nothing is bought with it."""
    title = (head(words, portfolio), bold(words.t("The money stays as it is.")))
    if 2 * sum(one.amount or 0 for one in left_out) < amount and all(one.why is LeftOutWhy.BELOW_MINIMUM for one in left_out):
        why = say(words, "Without it, your cash would be furthest below its target: the money is missing there most.")
        return View(page(*title, why, _came_in(words, amount)), _deposits(words, amount))
    small = any(one.why is LeftOutWhy.BELOW_MINIMUM for one in left_out)
    little = say(words, "{amount} is too little: each order would be smaller than the exchange takes.", amount=words.money(amount))
    why = little if small else say(words, "Nothing can be bought with it now.")
    undone = [joined(" ", (say(words, "Left out:"), left_out_text(words, left))) for left in left_out[:8]]
    return View(page(*title, why, *undone), ((button(words.t("Status"), "status"),),))

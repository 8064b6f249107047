"""The tour of the demo: six taps, each with what it shows and why."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from chatbot.i18n import N_
from chatbot.values import dataclass
from handlers.buttons import Style
from handlers.views.common import View, bold, button, page, say

if TYPE_CHECKING:
    from chatbot.i18n import Words

#: what its portfolio begins with, quote
AMOUNT: Final = Decimal(10_000)
#: what is made to happen in the market
SCENE: Final = "alts_fall"
#: of the button that ends it
END: Final = "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One tap; ``text`` and ``label`` are msgids."""

    text: str
    label: str
    #: the page that the tap shows; empty where it does something in the demo
    page: str = ""


STEPS: Final = (
    Step(
        text=N_("I open a demo portfolio of {amount} in a simulated market, where no real money moves."),
        label=N_("Open the portfolio"),
    ),
    Step(
        text=N_("The card above is a plan: what I would trade, and what it costs. Press Confirm on it, then look at your portfolio."),
        label=N_("Show my portfolio"),
        page="status",
    ),
    Step(
        text=N_("Each line stands beside its target, with how far it has drifted. Now let something happen in the market."),
        label=N_("Let ALT coins crash"),
    ),
    Step(
        text=N_(
            "ALT falls, once a plan under way is done. An alert comes by itself and becomes a card: press Confirm there, or ask me why."
        ),
        label=N_("Ask why"),
        page="why",
    ),
    Step(
        text=N_("A card that is carried out becomes its result, with what was paid. Every plan stays in the history."),
        label=N_("Show the history"),
        page="history",
    ),
    Step(
        text=N_("The review compares what trading brought with doing nothing."),
        label=N_("Show the review"),
        page="review",
    ),
)


def step(words: Words, number: int) -> View:
    """Show a step, from 1, with the tap that goes on and the one that ends the tour; behind the last one what else there is."""
    if number > len(STEPS):
        told = say(words, "That was the tour. Write what you want to know in your own words; /help has everything else.")
        return View(page(told), ((button(words.t("Help"), "help"),),))
    one = STEPS[number - 1]
    title = bold(words.t("Tour, {number} of {count}", number=number, count=len(STEPS)))
    end = button(words.t("End the tour"), "tour", END)
    return View(
        page(title, say(words, one.text, amount=words.money(AMOUNT, 0))),
        ((button(words.t(one.label), "tour", number, Style.PRIMARY),), (end,)),
    )


def ended(words: Words) -> View:
    """Say that the tour is over before its end."""
    return View(page(say(words, "The tour is over. /help has everything else.")), ((button(words.t("Help"), "help"),),))

"""Acting by itself with real money, in words: what it means, the sentence that agrees to it, and why it has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatbot.i18n import N_
from chatbot.model import AloneEnded
from handlers.buttons import Style
from handlers.views.common import View, bold, button, code, head, leave, page, say
from handlers.views.plan.autonomy import limit_rows, limits_arg, limits_of, limits_text
from handlers.views.plan.real_money import as_before, limits_lines

if TYPE_CHECKING:
    from decimal import Decimal

    from chatbot.i18n import Words
    from chatbot.model import AutoLimits, LiveTerms, Portfolio

#: the question for that sentence
DIALOG: Final = "alone"
#: what is typed to agree; no part of the sentence for real money, so that neither can be taken for the other
SENTENCE: Final = N_("trade without asking me")
EXAMPLE: Final = "/mode auto 500 10%"
_ENDED: Final = {
    AloneEnded.PAUSED: N_("You stopped it, so I no longer act by myself here. Once it goes on, I ask before each plan."),
    AloneEnded.HALTED: N_("All trading was halted, so I no longer act by myself here. Once it goes on, I ask before each plan."),
    AloneEnded.RESTORED: N_("The database is a copy from an earlier day, so real money needs your consent again: /live."),
    AloneEnded.KEY: N_("Something is wrong with the key, so I no longer act by myself here. I ask before each plan. What it is: /keys."),
}


def not_yet(words: Words, portfolio: Portfolio) -> View:
    """Say that a plan must be confirmed by hand first."""
    text = page(
        head(words, portfolio),
        say(words, "Not yet: at an exchange I act by myself only after a plan that you have confirmed has traded."),
    )
    return View(text, ((button(words.t("Rebalance"), "rebalance", "", Style.PRIMARY), button(words.t("Back"), "mode")),))


def stopped(words: Words, portfolio: Portfolio) -> View:
    """Say that nobody agrees to it while the portfolio, or all trading, is stopped."""
    text = page(head(words, portfolio), say(words, "Not while trading is stopped. Ask me again once it goes on."))
    return View(text, ((button(words.t("Status"), "status"), button(words.t("Back"), "mode")),))


def consent(words: Words, portfolio: Portfolio, terms: LiveTerms, limits: AutoLimits, value: Decimal) -> View:
    """Say what acting alone with real money means, and ask for the sentence; its limits can be changed first."""
    limits = limits_of(limits_arg(limits))  # what is shown is what the dialog keeps
    text = page(
        head(words, portfolio, name=True),
        bold(words.t("Act by myself on this test account?") if portfolio.is_test else words.t("Act by myself with real money?")),
        say(
            words,
            "When a trigger asks for a plan, I send its orders without asking you: {limits}.",
            limits=bold(limits_text(words, limits)),
        ),
        say(words, "Above that I ask, and always before a trend, a hedge, or an order whose cost is high or unknown."),
        "",
        say(words, "What holds in any case:"),
        *limits_lines(words, terms.limits),
        "",
        say(words, "It ends at once with one tap, a pause, /panic, a halt, other limits, the loss of a day, or trouble with the key."),
        say(words, "Choose, or write other limits: {example}", example=code(EXAMPLE)),
        "",
        say(words, "To agree, type: {sentence}", sentence=code(words.t(SENTENCE))),
        say(words, "Anything else, and I keep asking."),
    )
    return View(text, (*limit_rows(words, limits, value), (leave(words.t("Back"), DIALOG, "mode"),)))


def not_agreed(words: Words, portfolio: Portfolio) -> View:
    """Say that the sentence was another one, and nothing has changed."""
    told = say(words, "That was not the sentence, so I keep asking before each plan.")
    return as_before(words, portfolio, told, button(words.t("How I answer"), "mode"))


def changed(words: Words, portfolio: Portfolio) -> View:
    """Say that what the question showed has changed since."""
    told = say(words, "Something has changed since I asked, so I keep asking before each plan.")
    return as_before(words, portfolio, told, button(words.t("How I answer"), "mode"))


def agreed(words: Words, portfolio: Portfolio, limits: AutoLimits) -> View:
    """Say that the bot acts alone from now on."""
    text = page(
        head(words, portfolio, name=True),
        bold(words.t("From now on I act by myself on this test account."))
        if portfolio.is_test
        else bold(words.t("From now on I act by myself here, with real money.")),
        say(words, "Your limits: {limits}.", limits=limits_text(words, limits)),
    )
    return View(
        text,
        ((button(words.t("Ask me from now on"), "answer", f"ask:{portfolio.id}", Style.DANGER),), (button(words.t("Status"), "status"),)),
    )


def ended(words: Words, portfolio: Portfolio, why: AloneEnded) -> View:
    """Tell that the bot asks again."""
    text = page(head(words, portfolio, name=True), say(words, _ENDED[why]))
    return View(text, ((button(words.t("Status"), "status"), button(words.t("How I answer"), "mode")),))

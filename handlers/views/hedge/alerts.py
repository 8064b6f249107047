"""What rings about open hedges: one that is over, and a short that pays a lot of funding."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from handlers.buttons import Style
from handlers.views.common import DOT, View, bold, button, esc, head, joined, page, say
from handlers.views.hedge.words import WHY_OVER, name, paid, won

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from chatbot.i18n import Words
    from chatbot.model import Portfolio


def over(words: Words, portfolio: Portfolio, facts: Mapping[str, Any]) -> View:
    """Tell that a hedge has done its work, why, and what it came to."""
    kind = str(facts["hedge"])
    if "price" not in facts:
        return _gone(words, portfolio, kind)
    text = page(
        head(words, portfolio, say(words, "Hedges")),
        say(words, "{name} is over: {why}.", name=bold(name(words, kind)), why=words.t(WHY_OVER[str(facts["why"])])),
        say(words, "BTC was at {price} when it was opened, {low} at its lowest, and is at {mark} now.", **_prices(words, facts)),
        joined(DOT, (won(words, Decimal(str(facts["result"]))), paid(words, Decimal(str(facts["funding"]))))),
        say(words, "Your targets are what they were without it. The next plan closes its short."),
    )
    return View(text, ((button(words.t("Close the hedge"), "hedge_close", kind, Style.PRIMARY), button(words.t("Hedges"), "hedge")),))


def _gone(words: Words, portfolio: Portfolio, kind: str) -> View:
    """Tell that a hedge has ended because its position is not there any more."""
    text = page(
        head(words, portfolio, say(words, "Hedges")),
        say(words, "{name} is over: {why}.", name=bold(name(words, kind)), why=words.t(WHY_OVER["gone"])),
        say(words, "It was liquidated or closed, but not by one of my plans. I won't open it again."),
        say(words, "Your targets are what they were without it. /hedge opens a new one."),
    )
    return View(text, ((button(words.t("Hedges"), "hedge"), button(words.t("Status"), "status")),))


def _prices(words: Words, facts: Mapping[str, Any]) -> dict[str, str]:
    return {key: words.price(Decimal(str(facts[key]))) for key in ("price", "low", "mark")}


def funding(words: Words, portfolio: Portfolio, facts: Mapping[str, Any]) -> View:
    """Tell that a hedge's short pays a lot of funding."""
    kind, rate = str(facts["hedge"]), Decimal(str(facts["rate"]))
    text = page(
        head(words, portfolio, say(words, "Hedges")),
        say(
            words,
            "{name}: funding is at {rate} per 8 h, so the short pays.",
            name=bold(name(words, kind)),
            rate=words.signed_percent(rate, 3),
        ),
        esc(words.t("That does not close it. /hedge shows what it has paid so far.")),
    )
    return View(text, ((button(words.t("Hedges"), "hedge"), button(words.t("Close the hedge"), "hedge_close", kind)),))

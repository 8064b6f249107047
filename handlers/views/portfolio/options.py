"""What a person may switch on besides targets and bands: a limit on what one plan trades, and the tilt; each with its honest sentence."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.triggers.tilt import LASTS
from chatbot.i18n import N_
from chatbot.model import Phase
from handlers.views.common import View, bold, button, coin, esc, head, page, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatbot.i18n import Words
    from chatbot.model import OpenTilt, Portfolio, Reason, Strategy
    from handlers.buttons import Button, Keyboard
    from handlers.views.common import Html

#: offered choices, per cent
BUDGETS, KAPPAS = (0, 5, 10, 20), (0, 25, 50)
_TILTED = {
    (Phase.BEGIN, True): N_("{coin}: a futures short of {size} of the value bets that it comes back (tilt). This adds risk."),
    (Phase.BEGIN, False): N_("{coin}: a futures long of {size} of the value bets that it comes back (tilt). This adds risk."),
    (Phase.END, True): N_("{coin}: the tilt is over, its futures short of {size} of the value is closed."),
    (Phase.END, False): N_("{coin}: the tilt is over, its futures long of {size} of the value is closed."),
}
_STANDING = {
    True: N_("{coin}: short {size} of the value, until {date} at the latest."),
    False: N_("{coin}: long {size} of the value, until {date} at the latest."),
}


def options(words: Words, portfolio: Portfolio, tilts: Sequence[OpenTilt]) -> View:
    """Show both options as they are set, what each does and costs, and their choices."""
    strategy = portfolio.strategy
    text = page(
        head(words, portfolio, say(words, "How a plan trades")),
        say(words, "Limit for one plan: {share}", share=bold(budget_text(words, strategy))),
        say(
            words,
            "A plan stops there, and lines may stay outside their bands until the next. Volatility cuts and futures are not held up.",
        ),
        "",
        say(words, "Tilt: {share}", share=bold(_tilt_text(words, strategy))),
        say(
            words,
            "When a coin leaves its band, I also bet that it comes back, with futures of this share of its drift: "
            "more risk, no proven edge.",
        ),
        say(
            words,
            "Only coins without futures in your targets. It ends with the next plan once the coin is back, or after 7 days, or in danger.",
        ),
        *([] if offers_tilt(strategy) else [say(words, "Your targets hold no futures, so there is nothing to back a tilt with.")]),
        *(_standing(words, tilt) for tilt in tilts if tilt.placed),
    )
    return View(text, (*_rows(words, strategy), (button(words.t("Bands"), "bands"), button(words.t("Status"), "status"))))


def offers_tilt(strategy: Strategy) -> bool:
    """Tell whether the strategy has collateral that a tilt can stand on."""
    return bool(strategy.contracts)


def budget_text(words: Words, strategy: Strategy) -> str:
    """Say how much one plan may trade."""
    budget = strategy.turnover_budget
    return words.t("none") if budget is None else words.t("{share} of the value", share=words.percent(budget, 0))


def _tilt_text(words: Words, strategy: Strategy) -> str:
    return words.t("{share} of the drift", share=words.percent(strategy.tilt, 0)) if strategy.tilt else words.t("off")


def _standing(words: Words, one: OpenTilt) -> Html:
    size = words.percent(abs(one.weight))
    return say(words, _STANDING[one.weight < 0], coin=bold(coin(one.asset)), size=size, date=words.date(one.since + LASTS))


def _rows(words: Words, strategy: Strategy) -> Keyboard:
    budgets = tuple(_choice(words, "budget", percent, words.t("No limit")) for percent in BUDGETS)
    tilts = tuple(_choice(words, "tilt", percent, words.t("No tilt")) for percent in KAPPAS)
    return (budgets, tilts) if offers_tilt(strategy) or strategy.tilt else (budgets,)


def _choice(words: Words, action: str, percent: int, none: str) -> Button:
    if not percent:
        return button(none, action, "0")
    share = words.percent(Decimal(percent) / 100, 0)
    return button(words.t("Tilt {share}", share=share) if action == "tilt" else share, action, percent)


def tilt_sentence(words: Words, reason: Reason) -> Html:
    """Say which bet a plan opens or closes; a size that is not known says nothing."""
    template = _TILTED.get((reason.event, (reason.size or Decimal(0)) < 0))
    if template is None or reason.size is None:
        return esc("")
    return say(words, template, coin=bold(coin(reason.line)), size=bold(words.percent(abs(reason.size))))

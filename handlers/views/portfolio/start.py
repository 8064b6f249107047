"""The first minute: what this is, which kind of portfolio, how much, which strategy, done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.i18n import N_
from chatbot.model import Mode
from handlers.buttons import Style
from handlers.views.common import DOT, View, bold, button, captioned, clip, code, esc, head, joined, mark, page, preset_name, say
from handlers.views.portfolio.strategy import members_line, rules_lines, strategy_picture, strategy_table
from handlers.views.trigger.signals import switched_on_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from chatbot.i18n import Words
    from chatbot.model import Portfolio, Strategy
    from handlers.views.common import Html

AMOUNTS = (1_000, 10_000, 100_000)
HOLDINGS_EXAMPLE = "BTC 0.5, ETH 4, SOL 60, USDT 2500"
_ABOUT = {
    "conservative": N_("Half in BTC and ETH, a wide band: few trades, the calmest of the three."),
    "balanced": N_("BTC and ETH as much as other coins, a tenth in cash, a tenth in futures."),
    "aggressive": N_("Half in other coins, little cash, a narrow band: the most trades, the deepest falls."),
    "custom": N_("Your own weights."),
}


def welcome(words: Words, *, demo: bool = False) -> View:
    """Say in three lines what this is, and offer the ways to begin."""
    text = page(
        bold("Ballast"),
        say(words, "I keep a crypto portfolio in balance over spot and futures."),
        say(words, "I watch how far it has drifted, say why it matters, and propose one plan."),
        say(words, "Nothing is traded before you press Confirm."),
        "",
        _kinds(words, demo=demo),
        say(words, "With typed-in holdings you trade by hand and I do the sums."),
    )
    mode = Mode.DEMO if demo else Mode.PAPER
    paper = words.t("Demo portfolio") if demo else words.t("Paper portfolio")
    return View(
        text,
        (
            (button(paper, "start_mode", mode.value, Style.PRIMARY),),
            (button(words.t("Type in my holdings"), "start_mode", Mode.MANUAL.value),),
            (button("🌐 English · Español · Русский", "languages", "start"),),
        ),
    )


def _kinds(words: Words, *, demo: bool) -> Html:
    if demo:
        return say(words, "The demo portfolio lives in a simulated market; no real money moves.")
    return say(words, "A paper portfolio trades with simulated money at market prices.")


def already_started(words: Words, portfolio: Portfolio) -> View:
    """Answer ``/start`` when there is a portfolio: it stays, unless the person says otherwise."""
    text = page(
        head(portfolio, preset_name(words, portfolio.name)),
        say(words, "You have this portfolio already. /status shows it."),
        say(words, "You can set up a new one beside it; the new one becomes the current one."),
    )
    return View(text, ((button(words.t("Status"), "status", "", Style.PRIMARY), button(words.t("New portfolio"), "start_new")),))


def amount_choice(words: Words, mode: Mode) -> View:
    """Ask how much simulated money to start with."""
    text = page(
        joined(DOT, (mark(mode), say(words, "start amount"))),
        say(words, "How much simulated money should it start with? Tap an amount, or type one."),
    )
    amounts = tuple(button(words.number(amount), "amount", amount) for amount in AMOUNTS)
    return View(text, (amounts, (button(words.t("Back"), "start"),)))


def holdings_prompt(words: Words, *, back: str = "start") -> View:
    """Ask for the holdings of a manual portfolio."""
    text = page(
        joined(DOT, (mark(Mode.MANUAL), say(words, "your holdings"))),
        say(words, "Send what you hold, each coin with its amount, for example:"),
        code(HOLDINGS_EXAMPLE),
        "",
        say(words, "I never ask for keys here: you trade by hand."),
    )
    return View(text, ((button(words.t("Back"), back),),))


def holdings_review(words: Words, holdings: Mapping[str, Decimal]) -> View:
    """Show what was understood of typed-in holdings before going on."""
    rows = [joined(" ", ("•", code(words.quantity(amount)), clip(asset, 12))) for asset, amount in list(holdings.items())[:30]]
    text = page(
        joined(DOT, (mark(Mode.MANUAL), say(words, "your holdings"))), *rows, "", say(words, "Is this right? If not, just send it again.")
    )
    return View(text, ((button(words.t("That is right"), "holdings_ok", "", Style.PRIMARY), button(words.t("Back"), "start")),))


def strategy_choice(words: Words, mode: Mode, strategies: Sequence[Strategy], shown: Strategy) -> View:
    """Show one strategy with its picture, and the others as buttons."""
    text = page(
        joined(DOT, (mark(mode), say(words, "strategy"))),
        joined("\n", (bold(preset_name(words, shown.preset)), _about(words, shown))),
        strategy_table(words, shown),
        members_line(words, shown),
        *rules_lines(words, shown),
        switched_on_line(words, shown),
        "",
        say(words, "Compare the others with the buttons. Everything can be changed later."),
    )
    others = tuple(
        button(preset_name(words, other.preset), "show_preset", other.preset) for other in strategies if other.preset != shown.preset
    )
    use = button(words.t("Use {name}", name=preset_name(words, shown.preset)), "choose", shown.preset, Style.PRIMARY)
    return captioned(
        text, ((use,), others, (button(words.t("Own weights"), "custom"), button(words.t("Back"), "start"))), strategy_picture(words, shown)
    )


def _about(words: Words, strategy: Strategy) -> str:
    return words.t(_ABOUT.get(strategy.preset, _ABOUT["custom"]))


def custom_prompt(words: Words, mode: Mode, *, back: str = "start_strategy") -> View:
    """Ask for own weights."""
    text = page(
        joined(DOT, (mark(mode), say(words, "own weights"))),
        say(words, "Send every line with its weight in per cent; together they make 100. For example:"),
        code("BTC 40 ETH 30 ALT 20 USDT 10"),
        "",
        say(words, "ALT stands for all other coins, USDT for stablecoins, FUTURES for money in the futures account."),
    )
    return View(text, ((button(words.t("Back"), back),),))


def created(words: Words, portfolio: Portfolio, amount: Decimal | None = None) -> View:
    """Say that the portfolio stands, and what comes next."""
    worth = joined(" ", (say(words, "It starts with"), bold(words.money(amount, 0)))) if amount is not None else None
    text = page(
        head(portfolio, preset_name(words, portfolio.name), bold(words.t("ready"))),
        worth,
        say(words, "I check it from now on and ring only when a line leaves its band."),
        say(words, "The first plan brings it to its targets."),
    )
    first = button(words.t("First plan"), "rebalance", "", Style.PRIMARY)
    return View(
        text, ((first, button(words.t("Status"), "status")), (button(words.t("Settings"), "settings"), button(words.t("Help"), "help")))
    )


def language_choice(words: Words, languages: Mapping[str, str], back: str) -> View:
    """Offer the languages by their own names; ``back`` is the action that follows."""
    buttons = [
        button(f"✓ {name}" if language == words.language else name, "language", f"{language}:{back}")
        for language, name in languages.items()
    ]
    rows = tuple(tuple(buttons[at : at + 3]) for at in range(0, len(buttons), 3))
    return View(page(esc(words.t("Which language do you prefer?"))), (*rows, (button(words.t("Back"), back),)))

"""What is kept out of a portfolio, and how to give it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.buttons import Style, word_for
from handlers.views.common import View, bold, button, code, error, head, page, say
from handlers.views.portfolio.strategy import kept_line, kept_quantity
from handlers.views.tables import beside_lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from chatbot.errors import UserError
    from chatbot.i18n import Words
    from chatbot.model import Portfolio, PortfolioFigures
    from handlers.views.common import Html

EXAMPLE, _ALL = "/keep 0.2 BTC", "/keep all ADA"
#: coins that get a button
_MOST = 8


def kept(words: Words, portfolio: Portfolio, figures: PortfolioFigures | None, *, changed: bool = False) -> View:
    """Show what is kept out, with its value where it is known, and one tap for each coin that gives it back."""
    reserve = portfolio.strategy.kept
    text = page(
        head(words, portfolio, say(words, "kept out"), bold(words.t("changed")) if changed else None),
        *(_lines(words, portfolio, figures) if reserve else [say(words, "Nothing is kept out.")]),
        say(words, "What is kept out is never traded and is in no weight. It stands below the table in /status.") if reserve else None,
        "",
        say(words, "To keep some out: {example}. All of a coin, now and later: {every}.", example=code(EXAMPLE), every=code(_ALL)),
        say(words, "To give it back: {example}", example=code("/keep BTC 0")) if reserve else None,
    )
    # its place says which coin is meant: the button acts only while the list is as it was shown
    back = tuple((button(_label(words, asset, wish), "keep_none", at),) for at, (asset, wish) in enumerate(list(reserve.items())[:_MOST]))
    plan = button(words.t("Plan now"), "rebalance", "", Style.PRIMARY)
    return View(text, (*back, ((plan, button(words.t("Status"), "status")) if changed else (button(words.t("Status"), "status"),))))


def _lines(words: Words, portfolio: Portfolio, figures: PortfolioFigures | None) -> list[Html]:
    if figures is not None and figures.kept:
        return beside_lines(words, figures)
    line = kept_line(words, portfolio.strategy)
    return [line] if line is not None else []


def _label(words: Words, asset: str, wish: Decimal | None) -> str:
    return words.t("Give back {what}", what=kept_quantity(words, asset, wish))


def cannot(words: Words, portfolio: Portfolio, found: Sequence[UserError], asset: str, others: Sequence[Decimal | None]) -> View:
    """Say why a coin cannot be kept out as it was wished, and offer what can be done: other quantities of it, and other targets."""
    commands = [f"/keep all {asset}" if qty is None else f"/keep {qty:f} {asset}" for qty in others]
    text = page(
        head(words, portfolio),
        *(error(words, problem) for problem in found),
        say(words, "Nothing was changed. This can be done:") if commands else None,
        *(code(command) for command in commands),
    )
    offered = [button(command, "say_here", word_for(command)) for command in commands]
    return View(text, (*((one,) for one in offered), (button(words.t("Targets"), "targets"), button(words.t("Help"), "help"))))

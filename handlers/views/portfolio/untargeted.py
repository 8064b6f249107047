"""Coins that are held and to which the targets give nothing: what shall become of them is asked, never guessed (domain 2.3)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from handlers.buttons import Style
from handlers.views.common import View, bold, button, clip, head, page, say
from handlers.views.portfolio.strategy import strategy_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatbot.i18n import Words
    from chatbot.model import Portfolio
    from handlers.buttons import Keyboard
    from handlers.views.common import Html

#: answers to the question, about one coin or about all
SELL, KEEP, ALL = "sell", "keep", "all"
#: coins that get buttons at once; the next ones are asked about afterwards
_MOST = 4


def seal(asset: str) -> str:
    """Return a short word for a coin, as long for every name."""
    return hashlib.blake2s(asset.encode(), digest_size=5).hexdigest()


def question(words: Words, portfolio: Portfolio, coins: Sequence[str]) -> View:
    """Ask what shall become of coins that are held and have no target."""
    shown, named = list(coins[:_MOST]), _names(coins)
    text = page(
        head(words, portfolio, name=True),
        strategy_table(words, portfolio.strategy),
        say(words, "You hold {coins}, and your targets leave them out. What should happen to them?", coins=bold(named))
        if len(coins) > 1
        else say(words, "You hold {coin}, and your targets leave it out. What should happen to it?", coin=bold(named)),
        say(words, "Until you say so, I make no plans for this portfolio."),
    )
    rows: Keyboard = tuple(
        (
            button(words.t("Sell {coin}", coin=clip(asset, 12)), "aim", f"{SELL}:{seal(asset)}"),
            button(words.t("Keep {coin} out", coin=clip(asset, 12)), "aim", f"{KEEP}:{seal(asset)}"),
        )
        for asset in shown
    )
    if len(coins) > 1:
        rows = (
            *rows,
            (button(words.t("Sell them all"), "aim", f"{SELL}:{ALL}"), button(words.t("Keep them all out"), "aim", f"{KEEP}:{ALL}")),
        )
    return View(text, (*rows, (button(words.t("Other weights"), "preset", "custom", Style.PRIMARY), button(words.t("Status"), "status"))))


def line(words: Words, coins: Sequence[str]) -> Html | None:
    """Say in /status that coins have no target; None where all have one."""
    if not coins:
        return None
    return say(words, "Without a target, so nothing is planned: {coins}", coins=bold(_names(coins)))


def _names(coins: Sequence[str]) -> str:
    """Name the coins, so that an answer about all of them is about what was read."""
    return ", ".join(clip(asset, 12) for asset in coins)

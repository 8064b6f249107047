"""What is stored about a person, in words: what there is, what a deletion takes with it, and that it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.buttons import Style
from handlers.views.common import View, bold, button, joined, named, page, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatbot.i18n import Words
    from chatbot.model import Portfolio


def privacy(words: Words) -> View:
    """Say what is stored and who can see it."""
    text = page(
        bold(words.t("What I know of you")),
        say(
            words,
            "Your Telegram number, name and language, your settings, your exchange keys (encrypted), "
            "your portfolios with plans, orders and values.",
        ),
        say(words, "What you type is forgotten as soon as I have answered. Whoever hosts me can read my database; other people cannot."),
    )
    mine = button(words.t("My data as a file"), "my_data")
    return View(text, ((mine,), (button(words.t("Delete everything…"), "forget"),)))


def caption(words: Words) -> View:
    """Stand under the file."""
    return View(say(words, "Everything I have stored about you, table by table."))


def offer(words: Words, theirs: Sequence[Portfolio], shown: str) -> View:
    """Say what goes, and what does not, and ask once; the button is about what was ``shown``, told by a word."""
    names = joined(", ", [named(words, one) for one in theirs])
    text = page(
        bold(words.t("Delete everything I know of you?")),
        say(words, "Portfolios that go, with all their plans and history: {names}", names=names) if theirs else None,
        say(words, "Nothing is sold: coins, futures and orders at an exchange stay as they are, and nobody watches them any more."),
        say(words, "It cannot be undone. Copies of my database that its host has made before still hold it."),
    )
    yes = button(words.t("Delete everything"), "forget_yes", shown, style=Style.DANGER)
    return View(text, ((yes,), (button(words.t("Back"), "privacy"),)))


def other_portfolios(words: Words) -> str:
    """Answer a button that was shown for other portfolios than there are now."""
    return words.t("Nothing was deleted: your portfolios are not those that were shown. Here they are as of now.")


def forgotten(words: Words) -> View:
    """Say that it is done."""
    text = page(
        bold(words.t("Everything I knew of you is deleted.")),
        say(words, "The messages in this chat are yours to delete. If you write to me again, I do not know you."),
    )
    return View(text)

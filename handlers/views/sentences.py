"""Answers to what is written without a command: what was understood and is asked about, and what was not, with the nearest commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.buttons import Style, word_for
from handlers.command_list import COMMANDS, SHOWN_BY_BUTTON
from handlers.views.common import View, bold, button, code, esc, head, joined, page, say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatbot.i18n import Words
    from chatbot.model import Portfolio
    from handlers.buttons import Button
    from handlers.views.common import Html

_DESCRIPTIONS = {command.name: command.description for command in COMMANDS}


def asked(words: Words, name: str, behind: str, portfolio: Portfolio | None) -> View:
    """Name the command that a sentence was understood as, and ask; the button sends what stands there, word for word."""
    command = f"/{name} {behind}".strip()
    text = page(
        head(words, portfolio) if portfolio is not None else None,
        say(words, "I understood: {what}", what=bold(words.t(_DESCRIPTIONS[name]))),
        code(command),
        say(words, "Nothing happens before you tap the button."),
    )
    action = "say_here" if behind else "say"
    return View(text, ((button(command, action, word_for(command), style=Style.PRIMARY), button(words.t("Help"), "help")),))


def not_understood(words: Words, nearest: Iterable[str]) -> View:
    """Answer a sentence that means nothing here, with the commands that are nearest to it."""
    return _offered(words, say(words, "I did not understand that. These commands come nearest:"), nearest)


def refused(words: Words, nearest: Iterable[str]) -> View:
    """Answer a sentence that says what is not to be done: nothing was, and these say or decide what is."""
    return _offered(words, say(words, "I did nothing and changed nothing. One of these may help:"), nearest)


def only_text(words: Words) -> View:
    """Answer a voice note, a picture, a file or a sticker."""
    told = say(
        words, "I can only read text: no voice notes, pictures, files or stickers. Write what you want to know, like “how am I doing?”."
    )
    return View(page(told), ((button(words.t("Status"), "status"), button(words.t("Help"), "help")),))


def _offered(words: Words, lead: Html, nearest: Iterable[str]) -> View:
    names = tuple(nearest)
    lines = [joined(" — ", (esc(f"/{name}"), words.t(_DESCRIPTIONS[name]))) for name in names]
    return View(page(lead, *lines), (tuple(_opening(name) for name in names),))


def _opening(name: str) -> Button:
    """Return the button that opens a page, or sends a command that does more than that."""
    command = f"/{name}"
    return button(command, name) if name in SHOWN_BY_BUTTON else button(command, "say", word_for(command))

"""/help, /cancel, and whatever is no command: a short hint, never silence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chatbot.errors import UserError
from chatbot.i18n import N_
from chatbot.keyring import is_waiting
from chatbot.model import Role
from chatbot.phrases import spelling
from chatbot.portfolio.manage import OF_PORTFOLIO
from chatbot.store import accounts
from handlers.chat import guesses
from handlers.chat.context import reply, show
from handlers.chat.reading import characters
from handlers.chat.typed_keys import was_whispered
from handlers.command_list import ALSO_CALLED, ANSWER_WORDS, COMMANDS, SHOWN_BY_BUTTON, TAKE_WORDS, TITLES, visible_to
from handlers.commands import (
    alone,
    by_hand,
    flows,
    holdings,
    invest,
    keys,
    live,
    lives,
    portfolios,
    sentences,
    settings,
    start,
    strategy,
    terms,
)
from handlers.views import problems
from handlers.views.person import settings as views
from handlers.views.sentences import only_text

if TYPE_CHECKING:
    from telegram import Update

    from handlers.chat.context import Context
    from handlers.views.common import View

#: a sentence longer than a few words means a command only where its first word is one
_SHORT, _NEAR, _SURE = 2, 0.8, 1.0
#: a command and what is written behind it, without a space or with one too many: /deposit500, / deposit
_GLUED, _SLASH = re.compile(r"^(/?[^\W\d_]+)(?=\d)"), re.compile(r"^/\s+")
#: who takes the text that a dialog waits for
DIALOGS = {
    start.DIALOG: start.typed,
    strategy.DIALOG: strategy.typed,
    settings.DIALOG: settings.typed,
    holdings.DIALOG: holdings.typed,
    flows.DIALOG: flows.typed,
    invest.DIALOG: invest.typed,
    by_hand.DIALOG: by_hand.typed,
    lives.DIALOG: lives.typed,
    portfolios.DIALOG: portfolios.typed,
    live.DIALOG: live.typed,
    alone.DIALOG: alone.typed,
}
#: those in which a yes may be the name of something, or a word that is asked for
_NAMES = frozenset({portfolios.DIALOG, lives.DIALOG, live.DIALOG, alone.DIALOG})


async def help_(update: Update, context: Context) -> None:
    """List the commands of a group, or explain a word: ``/help drift``."""
    if context.rest and update.callback_query is None:
        await terms.explain(update, context, terms.named(context, context.rest))
        return
    group = context.tapped.arg if update.callback_query is not None else ""
    await show(update, context, views.help_page(context.words, group, operator=context.person.role == Role.OPERATOR))


async def cancel(update: Update, context: Context) -> None:
    """Leave whatever dialog is open."""
    async with context.program.db.transaction() as tx:
        left = await accounts.clear_dialog(tx, context.person.id)
    await reply(update, context, problems.cancelled(context.words, left or ""))


async def text(update: Update, context: Context) -> str:
    """Give a text to the dialog that waits for it, or answer what it means; return the command that answers it at once, if one does."""
    raw = (update.message.text or "") if update.message else ""
    typed, dialog = characters.plain(raw), await context.dialog()
    if dialog is not None and dialog[0] == keys.DIALOG and not raw and is_waiting(dialog[1], context.program.clock.now()):
        await keys.typed(update, context, dialog[1])
    elif was_whispered(context, update):
        await keys.unheard(update, context)
    elif dialog is None or dialog[0] not in DIALOGS or (dialog[0] != portfolios.DIALOG and _is_command(typed)):
        if not await settings.answered(update, context, typed):
            return await _without_dialog(update, context, typed)
    elif dialog[0] not in _NAMES and (told := _answers(context, typed, asked=True)) is not None:
        await reply(update, context, told)
    elif raw:
        return await _to_dialog(update, context, raw, dialog)
    else:
        raise UserError(N_("I can only read text here, no pictures, files or voice. Write it, or leave with /cancel."))
    return ""


async def _to_dialog(update: Update, context: Context, raw: str, dialog: tuple[str, dict[str, Any]]) -> str:
    """Give a text to a dialog; return the command that answers it at once, if one does.

    What the dialog refuses may be a slip of a command, or a sentence: nothing that a dialog reads is like one.
    """
    (name, data), typed = dialog, characters.plain(raw)
    context.about = data.get(OF_PORTFOLIO)
    try:
        await DIALOGS[name](update, context, raw if name == portfolios.DIALOG else typed, data)
    except UserError:
        meaning, heard = await sentences.read(context, typed)
        meant = await _meant(context, typed) if typed.strip(" .!?").isalpha() else None
        if meant is None and (command := sentences.answers(context, meaning)):
            return command
        meant = meant or await sentences.told(context, meaning, heard)
        if meant is None:
            raise
        await reply(update, context, meant)
    return ""


async def _without_dialog(update: Update, context: Context, typed: str) -> str:
    """Answer what nothing waits for; return the command that answers it at once, if one does."""
    if not typed:
        await reply(update, context, only_text(context.words))
        return ""
    told = _answers(context, typed) or (await _meant(context, typed) if " " not in typed else None)  # one word may be a slip of a command
    if told is None:
        meaning, heard = await sentences.read(context, typed)
        if command := sentences.answers(context, meaning):
            return command
        told = await sentences.told(context, meaning, heard) or await _meant(context, typed) or sentences.strange(context, heard)
    await reply(update, context, told)
    return ""


async def unknown_command(update: Update, context: Context) -> None:
    """Answer a command that does not exist with the one that was probably meant."""
    typed = (update.message.text or "").strip() if update.message else ""
    name = typed.split()[0][1:33] if typed else ""
    await reply(update, context, await _meant(context, typed) or problems.unknown_command(context.words, name))


def _is_command(typed: str) -> bool:
    """Tell whether a text is the name of a command: nothing that a dialog asks for is called so, but for a portfolio."""
    return typed.strip(" .!?").casefold() in {command.name for command in COMMANDS}


def _needed(rest: str, *, slash: bool) -> float:
    """Return how near the first word must be to a command: the more is said without a slash, the nearer."""
    if slash or not rest:
        return guesses.ALIKE
    return _SURE if rest.count(" ") > _SHORT else _NEAR


def _command(said: str, called: dict[str, str], needed: float) -> str | None:
    """Return the command that is called nearly so; what acts must be nearer than what only shows something: "what" is no /halt.

    And no more than a letter longer or shorter: "health" is no /halt either.
    """
    name = guesses.meant(said, called, needed)
    if name in SHOWN_BY_BUTTON:
        return name
    slips = {word: command for word, command in called.items() if abs(len(word) - len(said)) <= 1}
    return guesses.meant(said, slips, max(needed, _NEAR))


def _answers(context: Context, typed: str, *, asked: bool = False) -> View | None:
    """Return what is said of a yes or a no that is typed: nothing is ever confirmed by it."""
    sayings = f"{ANSWER_WORDS}, {context.words.t(ANSWER_WORDS)}"
    is_one = spelling.plain(typed).strip(" .!?¡¿👍") in {spelling.plain(said) for said in sayings.split(",")}
    return problems.no_button(context.words, asked=asked) if is_one else None


def _first_said(typed: str, called: dict[str, str]) -> tuple[str, str]:
    """Return what a text begins with and the rest: several words where a command is called so, as in "top up 500"."""
    said = typed.split(" ")
    counts = (count for count in (3, 2) if spelling.plain(" ".join(said[:count])) in called)
    count = next(counts, 1)
    return " ".join(said[:count]), " ".join(said[count:])


async def _meant(context: Context, typed: str) -> View | None:
    """Return the offer of the command that was probably meant; None where nothing is near."""
    words = context.words
    commands = {command.name for command in visible_to(operator=context.person.role == Role.OPERATOR)}
    called = {
        spelling.plain(said).strip("?¿"): name for name, title in TITLES.items() for said in (title, words.t(title)) if name in commands
    }
    other = ((name, said) for name, sayings in ALSO_CALLED.items() for said in f"{sayings}, {words.t(sayings)}".split(","))
    called |= {spelling.plain(said): name for name, said in other if name in commands}
    called |= {name: name for name in commands}
    typed = _SLASH.sub("/", _GLUED.sub(r"\1 ", typed.strip()))
    first, rest = _first_said(typed, called)
    bare = typed.strip(" /.!?¿")
    whole = _command(bare, called, _SURE if rest else guesses.ALIKE) or called.get(guesses.other_layout(bare))
    if whole is not None:
        return problems.command_meant(words, whole)
    name = _command(first.strip("/").partition("@")[0], called, _needed(rest, slash=first.startswith("/")))
    if name is None:
        return None
    rest = rest.strip() if name in TAKE_WORDS else ""
    return problems.command_meant(words, name, rest, await context.portfolio() if rest else None)

"""/broadcast, with which the operator writes to everybody: shown first, sent after one tap, paused and taken back with another."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chatbot.errors import UserError
from chatbot.i18n import N_
from chatbot.model import Role
from chatbot.operation.broadcast import Stage
from handlers.chat.context import answer, reply, show
from handlers.views.person import access
from handlers.views.person import broadcast as views

if TYPE_CHECKING:
    from collections.abc import Collection

    from telegram import Update

    from handlers.chat.context import Context

#: characters of one text: with the line above it a message holds it whole
_LONGEST = 3500


async def broadcast(update: Update, context: Context) -> None:
    """Show what would be sent, with one button that sends it; without a text show how far the last one is."""
    if context.person.role != Role.OPERATOR:
        await reply(update, context, access.operator_only(context.words))
        return
    # as it was written: what is read elsewhere has its dashes and spaces made plain
    written = ((update.message.text or "") if update.message else "").split(maxsplit=1)
    texts = read("".join(written[1:]), context.program.catalogue.languages)
    if not texts:
        await standing(update, context)
        return
    found = await context.program.broadcasts.draft(context.person.id, texts)
    if found is None:
        await reply(update, context, access.operator_only(context.words))
        return
    await reply(update, context, views.progress(context.words, found))


async def standing(update: Update, context: Context) -> None:
    """Show how far the last broadcast is, or how one is written."""
    if context.person.role != Role.OPERATOR:
        await answer(update, context, access.operator_only(context.words).text, alert=True)
        return
    found = await context.program.broadcasts.standing()
    is_shown = found is not None and found.broadcast.stage is not Stage.DRAFT
    await show(update, context, views.progress(context.words, found) if found is not None and is_shown else views.usage(context.words))


async def move(update: Update, context: Context) -> None:
    """Send, pause, carry on or take back the broadcast that the button spoke of."""
    to, _, number = context.tapped.arg.partition(":")
    found = await context.program.broadcasts.move(context.person.id, int(number), Stage(to))
    if found is None:
        await answer(update, context, views.moved_on(context.words), alert=True)
        return
    await show(update, context, views.progress(context.words, found))


def read(text: str, languages: Collection[str]) -> dict[str, str]:
    """Return what was written by language: a line that begins with a language's code and a colon begins its text; "" is everybody else's.

    Raises :class:`UserError` where a text is too long to be sent whole, or one language has two.
    """
    codes = "|".join(map(re.escape, sorted(languages)))
    parts = re.split(rf"^[ \t]*({codes}):", text, flags=re.MULTILINE | re.IGNORECASE)
    named = list(zip((code.lower() for code in parts[1::2]), parts[2::2], strict=True))
    known = {code.lower(): code for code in languages}
    if len({code for code, _ in named}) < len(named):
        raise UserError(N_("One language has two texts. Begin each text with its own code, for instance en:"))
    found = {"": parts[0].strip(), **{known[code]: said.strip() for code, said in named}}
    if any(len(said) > _LONGEST for said in found.values()):
        raise UserError(N_("That is too long for one message: at most {most} characters for each language."), most=_LONGEST)
    return {code: said for code, said in found.items() if said}

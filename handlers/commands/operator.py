"""What only the operator may do: let people in, keep people out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.model import Role
from handlers.chat.context import answer, reply, show
from handlers.views.person import access

if TYPE_CHECKING:
    from telegram import Update

    from handlers.chat.context import Context


async def users(update: Update, context: Context) -> None:
    """List everybody who ever wrote to the bot."""
    if context.person.role != Role.OPERATOR:
        await reply(update, context, access.operator_only(context.words))
        return
    await show(update, context, access.users(context.words, await context.program.access.everybody()))


async def approve(update: Update, context: Context) -> None:
    """Let somebody in."""
    await _decide(update, context, Role.MEMBER)


async def block(update: Update, context: Context) -> None:
    """Keep somebody out."""
    await _decide(update, context, Role.BLOCKED)


async def _decide(update: Update, context: Context, role: Role) -> None:
    person = await context.program.access.decide(context.person, int(context.tapped.arg), role)
    if person is None:
        await answer(update, context, access.operator_only(context.words).text, alert=True)
        return
    await show(update, context, access.access_decided(context.words, person))

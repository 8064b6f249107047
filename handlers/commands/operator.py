"""What only the operator may do: let people in, keep people out, stop all trading and let it go on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chatbot.halting import LetGo, OtherHalt
from chatbot.model import Role
from handlers.chat.context import answer, reply, show
from handlers.views.person import access
from handlers.views.person import halt as views
from handlers.views.person.health import health as health_view

if TYPE_CHECKING:
    from telegram import Update

    from handlers.chat.context import Context


async def users(update: Update, context: Context) -> None:
    """List everybody who ever wrote to the bot, a page at a time."""
    if context.person.role != Role.OPERATOR:
        await reply(update, context, access.operator_only(context.words))
        return
    number = int(context.tapped.arg or 0) if update.callback_query is not None else 0
    people, count = await context.program.access.page(number)
    if not people and number:  # they were fewer meanwhile
        number, (people, count) = 0, await context.program.access.page(0)
    await show(update, context, access.users(context.words, people, count, number))


async def health(update: Update, context: Context) -> None:
    """Tell how every part of the program stands."""
    if context.person.role != Role.OPERATOR:
        await reply(update, context, access.operator_only(context.words))
        return
    await show(update, context, health_view(context.words, await context.program.health(), context.program.clock.now()))


async def approve(update: Update, context: Context) -> None:
    """Let somebody in."""
    await _decide(update, context, Role.MEMBER)


async def block(update: Update, context: Context) -> None:
    """Keep somebody out."""
    await _decide(update, context, Role.BLOCKED)


async def halt(update: Update, context: Context) -> None:
    """Stop all trading of everybody at once: it is an emergency, so nothing is asked first."""
    found = await context.program.halting.begin(context.person.id)
    words = context.words
    await reply(update, context, access.operator_only(words) if found is None else views.halted(words, found))


async def unhalt(update: Update, context: Context) -> None:
    """Ask once before trading goes on."""
    if context.person.role != Role.OPERATOR:
        await reply(update, context, access.operator_only(context.words))
        return
    found = await context.program.halting.standing()
    await show(update, context, views.not_halted(context.words) if found is None else views.question(context.words, found))


async def unhalt_yes(update: Update, context: Context) -> None:
    """Let trading go on: the stop that the button spoke of, and no other."""
    since = datetime.fromtimestamp(int(context.tapped.arg), UTC)
    words, outcome = context.words, await context.program.halting.end(context.person.id, since=since)
    match outcome:
        case None:
            await answer(update, context, access.operator_only(words).text, alert=True)
        case OtherHalt(since=later):
            await answer(update, context, views.other_halt(words, later), alert=True)
        case LetGo(since=None):
            await show(update, context, views.not_halted(words))
        case _:
            await show(update, context, views.let_go(words, outcome))


async def _decide(update: Update, context: Context, role: Role) -> None:
    """Decide about somebody who still is what the button showed them as; else what was decided meanwhile stands."""
    number, _, shown = context.tapped.arg.partition(":")
    person = await context.program.access.decide(context.person, int(number), role, shown)
    if person is None:
        await answer(update, context, access.operator_only(context.words).text, alert=True)
        return
    if person.role is not role:
        await answer(update, context, access.decided_otherwise(context.words, person), alert=True)
    await show(update, context, access.access_decided(context.words, person))

"""The tour of the demo: each tap shows the real thing, by the way that its own command or button goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.chat.context import reply, show
from handlers.commands import start
from handlers.views.person import tour as views

if TYPE_CHECKING:
    from telegram import Update

    from handlers.chat.context import Context

_OPENS, _PLAYS = 1, 3


async def tour(update: Update, context: Context) -> str:
    """Do what the tapped step says, or return the page that it shows; the bare button begins the tour."""
    number = int(context.tapped.arg or 0)
    if context.tapped.arg == views.END:
        await show(update, context, views.ended(context.words))
    elif not number:
        await show(update, context, views.step(context.words, 1))
    elif number == _OPENS:
        if await context.portfolio() is None:
            await start.open_usual(update, context)
        await reply(update, context, views.step(context.words, number + 1))
    elif number == _PLAYS:
        if views.SCENE in context.program.stage.scenes:
            await context.program.tempo.play(views.SCENE)
        await show(update, context, views.step(context.words, number + 1))
    else:
        return views.STEPS[number - 1].page if number <= len(views.STEPS) else ""
    return ""


async def go_on(update: Update, context: Context, number: int) -> None:
    """Show what comes after the step whose page was shown."""
    await reply(update, context, views.step(context.words, number + 1))

"""/settings: in which language and time zone the bot speaks to one person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot import i18n
from chatbot.clock import UNKNOWN_ZONE
from chatbot.errors import UserError
from chatbot.i18n import N_
from handlers.chat import numbers, places
from handlers.chat.context import reply, show
from handlers.commands.start import welcome
from handlers.transport import menu
from handlers.views.person import settings as views
from handlers.views.portfolio import start

if TYPE_CHECKING:
    from typing import Any

    from telegram import Update

    from handlers.chat.context import Context

DIALOG = "zone"
#: a word of so few letters may be meant as something else than a place
_SHORT = 4


async def settings(update: Update, context: Context) -> None:
    """Show the person's settings."""
    await context.leave(DIALOG)
    catalogue, person = context.program.catalogue, context.person
    await show(update, context, views.settings(context.words, person, catalogue.own_name(person.language), context.program.clock.now()))


async def languages(update: Update, context: Context) -> None:
    """Offer the languages."""
    catalogue = context.program.catalogue
    names = {language: catalogue.own_name(language) for language in catalogue.languages}
    await show(update, context, start.language_choice(context.words, names, context.tapped.arg or "settings"))


async def language(update: Update, context: Context) -> None:
    """Change the language, of the menu too, and go back to where the person came from."""
    chosen, back = context.tapped.args
    context.person = await context.program.access.speak(context.person, context.program.catalogue.match(chosen))
    await menu.publish_for(context, context.person.id)
    if back == "start":
        await show(update, context, welcome(context))
    else:
        await settings(update, context)


async def zones(update: Update, context: Context) -> None:
    """Offer time zones, and wait for a name."""
    await context.enter(DIALOG, {})
    await show(update, context, views.zone_choice(context.words, context.person))


async def zone(update: Update, context: Context) -> None:
    """Take a tapped zone."""
    if context.tapped.arg in i18n.zones():
        await _live_in(update, context, context.tapped.arg)


async def typed(update: Update, context: Context, text: str, data: dict[str, Any]) -> None:
    """Take a typed place, offset or zone; where several may be meant, ask which."""
    del data
    now = context.program.clock.now()
    found = places.read(text, context.person.language, now)
    if found.is_named and len(found.zones) == 1:
        await _live_in(update, context, found.zones[0])
    elif found.zones:
        await reply(update, context, views.zone_question(context.words, found.zones, now, is_named=found.is_named))
    elif found.is_named:
        raise UserError(N_("No place is at “{text}”. Write a city, like Madrid, or an offset, like UTC+2."), text=numbers.shown(text))
    else:
        raise UserError(N_("“{text}” is not a time zone. Write a city, like Madrid, or an offset, like UTC+2."), text=numbers.shown(text))


async def answered(update: Update, context: Context, text: str) -> bool:
    """Take a place or an offset from somebody who was asked for it at /start and has not answered; False where it is none."""
    if context.words.is_placed:
        return False
    now = context.program.clock.now()
    found = places.read(text, context.person.language, now)
    if not found.is_named or not found.zones:
        return False
    is_short = text.strip().isalpha() and len(text.strip()) <= _SHORT and found.zones != (UNKNOWN_ZONE,)  # "nice" is a city too
    if is_short or not places.says_nothing_else(text, context.person.language):
        await reply(update, context, views.zone_question(context.words, found.zones, now, is_named=True))
    else:
        await typed(update, context, text, {})
    return True


async def _live_in(update: Update, context: Context, name: str) -> None:
    await context.leave(DIALOG)
    context.person = await context.program.access.live_in(context.person, name)
    await context.program.portfolios.move_zone(context.person)
    await settings(update, context)

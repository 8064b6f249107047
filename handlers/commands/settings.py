"""/settings: in which language and time zone the bot speaks to one person."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

from chatbot.errors import UserError
from chatbot.i18n import N_
from handlers.chat import numbers
from handlers.chat.context import show
from handlers.transport import menu
from handlers.views.person import settings as views
from handlers.views.portfolio import start

if TYPE_CHECKING:
    from typing import Any

    from telegram import Update

    from handlers.chat.context import Context

DIALOG = "zone"


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
        await show(update, context, start.welcome(context.words, demo=context.program.mode == "demo"))
    else:
        await settings(update, context)


async def zones(update: Update, context: Context) -> None:
    """Offer time zones, and wait for a name."""
    await context.enter(DIALOG, {})
    await show(update, context, views.zone_choice(context.words, context.person))


async def zone(update: Update, context: Context) -> None:
    """Take a tapped zone."""
    await _take_zone(update, context, context.tapped.arg)


async def typed(update: Update, context: Context, text: str, data: dict[str, Any]) -> None:
    """Take a typed zone."""
    del data
    await _take_zone(update, context, text)


async def _take_zone(update: Update, context: Context, text: str) -> None:
    known = {name.lower(): name for name in available_timezones()}
    name = known.get(text.strip().replace(" ", "_").lower())
    if name is None:
        raise UserError(N_("“{text}” is not a time zone. Write it like Europe/Madrid."), text=numbers.shown(text))
    ZoneInfo(name)
    await context.leave(DIALOG)
    context.person = await context.program.access.live_in(context.person, name)
    await context.program.portfolios.move_zone(context.person)
    await settings(update, context)

"""The "/" menu: the commands in every language, and in the language that a person has chosen here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telegram import BotCommand, BotCommandScopeAllPrivateChats, BotCommandScopeChat

from chatbot.model import Role
from handlers.command_list import visible_to

if TYPE_CHECKING:
    from telegram.ext import ExtBot

    from chatbot.app import Program
    from chatbot.i18n import Words
    from chatbot.model import Person


async def publish(bot: ExtBot[None], program: Program) -> None:
    """Publish the menu for all private chats: once without a language, and once in each."""
    scope = BotCommandScopeAllPrivateChats()
    await bot.set_my_commands(_commands(program.catalogue.words("en"), operator=False), scope=scope)
    for language in program.catalogue.languages:
        await bot.set_my_commands(_commands(program.catalogue.words(language), operator=False), scope=scope, language_code=language)


async def publish_for(bot: ExtBot[None], program: Program, person: Person) -> None:
    """Publish the menu of one chat, in the language chosen here, with the operator's commands for an operator."""
    words = program.catalogue.words(person.language)
    await bot.set_my_commands(_commands(words, operator=person.role == Role.OPERATOR), scope=BotCommandScopeChat(person.chat_id))


def _commands(words: Words, *, operator: bool) -> list[BotCommand]:
    return [BotCommand(command.name, words.t(command.description)) for command in visible_to(operator=operator)]

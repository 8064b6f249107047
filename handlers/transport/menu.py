"""The "/" menu: the commands in every language, and for a chat in the language chosen here and for what its person may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import structlog
from telegram import BotCommand, BotCommandScopeAllPrivateChats, BotCommandScopeChat
from telegram.error import Forbidden, TelegramError

from chatbot.model import Role
from chatbot.store import accounts
from handlers.command_list import visible_to

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from telegram.ext import ExtBot

    from chatbot.app import Program
    from chatbot.i18n import Words
    from handlers.chat.context import Context

log = structlog.get_logger()

#: where the bot keeps its :class:`Menus`
MENUS = "menus"
#: seconds between two looks for menus that are still to be published, longer after each vain one
_PAUSES_S = (30.0, 60.0, 300.0, 900.0, 3600.0)


class Menus:
    """What is still to be published; a bot without a menu works, so a failure is logged and tried again later."""

    def __init__(self, bot: ExtBot[None], program: Program) -> None:
        self._bot = bot
        self._program = program
        self._everybody = True
        self._people: set[int] = set()

    @property
    def pending(self) -> bool:
        """Tell whether a menu is still to be published."""
        return self._everybody or bool(self._people)

    async def publish(self) -> None:
        """Publish the menu of all private chats, of each operator, and of who is none any more."""
        async with self._program.db.read() as tx:
            operators = await accounts.people(tx, Role.OPERATOR)
        self._people |= {person.id for person in (*operators, *self._program.access.dismissed)}
        await self.catch_up()

    async def publish_for(self, person_id: int) -> None:
        """Publish the menu of one person's chat, in their language and for their role."""
        self._people.add(person_id)
        await self.catch_up(only=person_id)

    async def catch_up(self, only: int | None = None) -> None:
        """Publish what is still to be published; what fails stays for later."""
        if self._everybody and only is None:
            self._everybody = not await self._tried(self._for_everybody)
        for person_id in sorted(self._people) if only is None else (only,):

            async def one(person_id: int = person_id) -> None:
                await self._for_person(person_id)

            if await self._tried(one):
                self._people.discard(person_id)

    async def tend(self) -> NoReturn:
        """Publish, and try again now and then what has failed, until cancelled."""
        await self._tried(self.publish)
        vain = 0
        while True:
            await self._program.clock.sleep(_PAUSES_S[min(vain, len(_PAUSES_S) - 1)])
            if self.pending:
                await self.catch_up()
                vain = vain + 1 if self.pending else 0

    async def _tried(self, publish: Callable[[], Awaitable[None]]) -> bool:
        try:
            await publish()
        except Forbidden:
            return True  # nobody is there to see it
        except TelegramError as trouble:
            log.warning("a command menu was not published, it is tried again later", error=type(trouble).__name__)
            return False
        except Exception:  # a strange answer must end neither the start nor a command
            log.exception("a command menu was not published, it is tried again later")
            return False
        return True

    async def _for_everybody(self) -> None:
        """Publish for all private chats: once without a language, and once in each."""
        scope, catalogue = BotCommandScopeAllPrivateChats(), self._program.catalogue
        await self._bot.set_my_commands(_commands(catalogue.words("en"), operator=False), scope=scope)
        for language in catalogue.languages:
            code = language.partition("_")[0]  # Telegram knows no countries: pt_BR is pt
            await self._bot.set_my_commands(_commands(catalogue.words(language), operator=False), scope=scope, language_code=code)

    async def _for_person(self, person_id: int) -> None:
        person = await self._program.access.known(person_id)
        if person is not None:
            commands = _commands(self._program.catalogue.words(person.language), operator=person.role is Role.OPERATOR)
            await self._bot.set_my_commands(commands, scope=BotCommandScopeChat(person.chat_id))


async def publish_for(context: Context, person_id: int) -> None:
    """Publish the menu of one person's chat; a failure is tried again later and never stops what else was asked for."""
    menus = context.bot_data.setdefault(MENUS, Menus(context.bot, context.program))
    await menus.publish_for(person_id)


def _commands(words: Words, *, operator: bool) -> list[BotCommand]:
    return [BotCommand(command.name, words.bare(command.description)) for command in visible_to(operator=operator)]

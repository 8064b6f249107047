"""Bringing the bot up and down: patient with a server that is not there yet, quick to stop, and nothing lost in between."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from telegram.error import InvalidToken, TelegramError

from chatbot.errors import SettingError
from handlers.transport import menu
from handlers.transport.polling import poll
from handlers.transport.rate_limit import pause_s
from handlers.transport.updates import InOrder, restore
from handlers.views import problems

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from telegram import Update

    from chatbot.app import Program
    from handlers.chat.context import Bot


log = structlog.get_logger()

#: the longest pause between two tries to reach Telegram at start
_PAUSE_S_MAX = 30.0
#: a stop that takes longer is cut short: everything that matters is in the database
_STOP_S = 5.0


@asynccontextmanager
async def running(program: Program, bot: Bot) -> AsyncIterator[None]:
    """Poll for updates inside the block; unfinished updates of an earlier process are handled first."""
    try:
        await _reach(program, bot)
        await bot.start()
        menus = menu.Menus(bot.bot, program)
        bot.bot_data[menu.MENUS] = menus
        restored = await restore(program.db, bot.update_queue, bot.bot, partial(_give_up, program, bot))
        asked = asyncio.Event()
        tasks: set[asyncio.Task[Any]] = {bot.create_task(poll(bot, asked), name="polling")}
        log.info("bot ready", username=bot.bot.username, restored=restored)
        try:
            await asked.wait()
            # Every language is read for the menus, and each takes a call: nobody who has written waits for that.
            tasks.add(bot.create_task(menus.tend(), name="menus"))
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=1)
    finally:
        await _stop(bot)


async def _reach(program: Program, bot: Bot) -> None:
    """Ask Telegram who we are, for as long as it takes, and have it send nothing elsewhere; a wrong token is told at once."""
    tries = 0
    while True:
        try:
            await bot.initialize()
            await _learn_name(bot)
            await bot.bot.delete_webhook()
        except InvalidToken:
            raise SettingError("CHATBOT_TELEGRAM_TOKEN", "Telegram does not know this token; copy it again from BotFather") from None
        except Exception as trouble:  # noqa: BLE001 - refusals, a proxy's page, an answer of another shape: all may pass
            asked = pause_s(trouble, tries) if isinstance(trouble, TelegramError) else None
            pause = min(_PAUSE_S_MAX if asked is None else asked, _PAUSE_S_MAX)
            tries += 1
            log.warning("Telegram cannot be reached yet", error=type(trouble).__name__, again_in_s=pause)
            await program.clock.sleep(pause)
        else:
            return


async def _learn_name(bot: Bot) -> None:
    """Ask again who we are where the answer named nobody, as a proxy's does: the library asks once. Raises where it still does."""
    if not _has_name(bot):
        await bot.bot.get_me()
        if not _has_name(bot):
            raise TelegramError("getMe named nobody")


def _has_name(bot: Bot) -> bool:
    return isinstance(bot.bot.bot.id, int) and isinstance(bot.bot.bot.username, str)


async def _give_up(program: Program, bot: Bot, update: Update) -> None:
    """Tell somebody that their message could not be handled; the log line has the same id."""
    chat, user = update.effective_chat, update.effective_user
    if chat is None or user is None or chat.type != chat.PRIVATE:
        return
    view = problems.failure(program.catalogue.words(program.catalogue.match(user.language_code)), f"update-{update.update_id}")
    try:
        await bot.bot.send_message(chat.id, view.text, parse_mode="HTML")
    except TelegramError as trouble:
        log.warning("could not tell about an update given up", update_id=update.update_id, error=type(trouble).__name__)


async def _stop(bot: Bot) -> None:
    """Finish what is being handled, but not for long, and close the connections."""
    try:
        async with asyncio.timeout(_STOP_S):
            if bot.running:
                await bot.stop()
    except TimeoutError:
        log.warning("stopped in mid-work; the next start goes on")
        if isinstance(bot.update_processor, InOrder):
            await bot.update_processor.abandon()
    await bot.shutdown()

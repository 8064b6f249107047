"""Bringing the bot up and down: patient with a server that is not there yet, quick to stop, and nothing lost in between."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError

from chatbot.errors import SettingError
from handlers import menu
from handlers.updates import restore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from chatbot.app import Program
    from handlers.context import Bot

log = structlog.get_logger()

UPDATES = ["message", "edited_message", "callback_query", "my_chat_member"]
#: pauses between tries to reach Telegram at start; the last one is repeated
_PAUSES_S = (1.0, 2.0, 5.0, 10.0, 30.0)
#: a stop that takes longer is cut short: everything that matters is in the database
_STOP_S = 5.0


@asynccontextmanager
async def running(program: Program, bot: Bot) -> AsyncIterator[None]:
    """Poll for updates inside the block; unfinished updates of an earlier process are handled first."""
    await _initialize(program, bot)
    restored = await restore(program.db, bot.update_queue, bot.bot)
    await _publish_menu(program, bot)
    await bot.start()
    if bot.updater is None:
        raise SettingError("CHATBOT_TELEGRAM_TOKEN", "the bot was built without polling")
    await bot.updater.start_polling(allowed_updates=UPDATES, bootstrap_retries=-1, error_callback=_polling_failed)
    log.info("bot ready", username=bot.bot.username, restored=restored)
    try:
        yield
    finally:
        try:
            async with asyncio.timeout(_STOP_S):
                await bot.updater.stop()
                await bot.stop()
        except (TimeoutError, TelegramError) as trouble:
            log.warning("stopped in mid-work; the next start goes on", error=str(trouble))
        await bot.shutdown()


async def _initialize(program: Program, bot: Bot) -> None:
    """Ask Telegram who we are, for as long as it takes; a wrong token is told at once."""
    tries = 0
    while True:
        try:
            await bot.initialize()
        except InvalidToken:
            raise SettingError("CHATBOT_TELEGRAM_TOKEN", "Telegram does not know this token; copy it again from BotFather") from None
        except (NetworkError, RetryAfter) as trouble:
            pause = _PAUSES_S[min(tries, len(_PAUSES_S) - 1)]
            tries += 1
            log.warning("Telegram can not be reached yet", error=type(trouble).__name__, again_in_s=pause)
            await program.clock.sleep(pause)
        else:
            return


async def _publish_menu(program: Program, bot: Bot) -> None:
    """Publish the command menu; a bot without a menu still works, so a failure is only logged."""
    try:
        await menu.publish(bot.bot, program)
    except TelegramError as trouble:
        log.warning("the command menu was not published", error=str(trouble))


def _polling_failed(error: TelegramError) -> None:
    """Say why polling failed; the library goes on by itself with growing pauses."""
    if isinstance(error, Conflict):
        log.error("another process polls with this token; stop it, only one can")
    else:
        log.warning("polling failed, going on", error=type(error).__name__)

"""Bringing the bot up and down: patient with a server that is not there yet, quick to stop, and nothing lost in between."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from telegram.error import TelegramError

from handlers.transport import menu
from handlers.transport.inbox import Inbox
from handlers.transport.line import LINE
from handlers.transport.updates import InOrder, restore
from handlers.views import problems

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from telegram import Update

    from chatbot.app import Program
    from handlers.chat.context import Bot
    from handlers.transport.line import TelegramLine


log = structlog.get_logger()

#: a stop that takes longer is cut short: everything that matters is in the database
_STOP_S = 5.0


@asynccontextmanager
async def running(program: Program, bot: Bot) -> AsyncIterator[None]:
    """Answer what comes over the bot's line inside the block; unfinished updates of an earlier process are handled first."""
    line: TelegramLine = bot.bot_data[LINE]
    tasks: set[asyncio.Task[Any]] = set()
    try:
        if line.listening is None:
            line.asked.clear()
            await line.reach()
        else:
            await line.reached.wait()
        await bot.initialize()
        await bot.start()
        menus = menu.Menus(bot.bot, program)
        bot.bot_data[menu.MENUS] = menus
        give_up = partial(_give_up, program, bot)
        if not line.is_polled:
            line.take_out = Inbox(program.db, line, bot.bot, program.shares, program.keyring.typed, give_up).run
        restored = await restore(program.db, bot.update_queue, bot.bot, give_up) if line.is_polled and line.is_behind else 0
        line.caught_up.set()
        tasks.add(line.listening or bot.create_task(line.poll(), name="polling"))
        log.info("bot ready", username=bot.bot.username, restored=restored)
        try:
            await line.asked.wait()
            # Every language is read for the menus, and each takes a call: nobody who has written waits for that.
            tasks.add(bot.create_task(line.hasten(), name="request"))
            tasks.add(bot.create_task(menus.tend(), name="menus"))
            if not line.is_polled:
                tasks.add(bot.create_task(program.keyring.hear(), name="keys"))
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=1)
    finally:
        await _stop(bot)


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

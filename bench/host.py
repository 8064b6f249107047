"""A real bot over the in-memory Bot API, on a made-up market: what the conversation benchmarks talk to."""

from __future__ import annotations

import gc
import tempfile
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chatbot import logs
from chatbot.app import Program, open_program
from chatbot.config import load_settings
from handlers.bot import build
from handlers.loopback import Loopback, TelegramUser
from handlers.transport.line import connect
from handlers.transport.running import running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from handlers.chat.context import Bot

ADA = TelegramUser(id=1001, name="Ada", language="en")
#: far below real time: no episode comes while it is measured
_SPEED = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The running parts."""

    program: Program
    bot: Bot
    loopback: Loopback


@asynccontextmanager
async def hosted(**more: object) -> AsyncIterator[Host]:
    """Open a program in a folder of its own, with ADA as its operator; ``more`` are settings."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        usual = {"market": "simulated", "market_speed": _SPEED, "log_level": "ERROR", "database_url": ""}
        settings = load_settings(**{**usual, "data_dir": Path(folder), "operator_ids": str(ADA.id), **more})
        logs.set_up(settings.log_level)
        program = await stack.enter_async_context(open_program(settings))
        loopback = Loopback(program.clock)
        ends = {"request": loopback.request(), "updates_request": loopback.request()}
        bot = build(program, connect(settings, program.db, program.clock, token=loopback.token, **ends))
        await stack.enter_async_context(running(program, bot))
        gc.freeze()  # as the program does once it is up
        yield Host(program=program, bot=bot, loopback=loopback)

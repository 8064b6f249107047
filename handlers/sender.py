"""``python -m chatbot sender``: what comes by itself leaves at Telegram's pace; one sends for everybody, and others stand by."""

from __future__ import annotations

import asyncio
import gc
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from chatbot.app import open_program
from chatbot.clock import SystemClock
from chatbot.ground import open_ground
from chatbot.model import ProcessKind
from chatbot.shares.owned import Shares
from chatbot.store.location import Hold
from chatbot.store.rights import processes
from chatbot.store.rights.session import SENDS
from handlers.run import watched
from handlers.transport.delivery import Courier
from handlers.transport.line import connect

if TYPE_CHECKING:
    from chatbot.config import Settings


async def serve(settings: Settings) -> None:
    """Send until cancelled, once nobody else does."""
    gc.freeze()
    gc.enable()
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        ground = await stack.enter_async_context(open_ground(settings, clock, together=True, kind=ProcessKind.SENDER))
        program = await stack.enter_async_context(open_program(settings, ground=ground, start_work=False, shares=Shares(())))
        sends = asyncio.Event()
        await stack.enter_async_context(watched(program, lambda: not sends.is_set()))
        turn = Hold(settings.database, SENDS, processes.name(ground.kind))
        stack.push_async_callback(turn.release)
        await turn.take_in_turn(_stand_by)
        sends.set()
        line = connect(settings, ground.db, clock)
        stack.push_async_callback(line.bot.shutdown)
        line.is_polled = False
        await line.reach()
        print("Ballast sends what comes by itself.", flush=True)  # noqa: T201 - the command line speaks on its streams
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(line.hasten())
            tasks.create_task(ground.hold.watch())
            tasks.create_task(turn.watch())
            tasks.create_task(program.deliver(Courier(program, line.bot)))


async def _stand_by() -> None:
    """Say that another process sends."""
    print("Another Ballast sends already: this one stands by, and goes on when that one is gone.", flush=True)  # noqa: T201

"""``python -m chatbot worker``: one of several that share the people between them, on PostgreSQL; it answers, checks and carries out."""

from __future__ import annotations

import asyncio
import gc
import os
import uuid
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import structlog

from chatbot.app import open_program
from chatbot.clock import SystemClock
from chatbot.durable import Durable
from chatbot.ground import open_ground
from chatbot.model import ProcessKind
from chatbot.shares.by_locks import ByLocks
from chatbot.shares.owned import Shares
from chatbot.store import plans
from handlers.bot import build
from handlers.run import watched
from handlers.transport.line import connect
from handlers.transport.running import running

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from chatbot.config import Settings
    from chatbot.ground import Ground

log = structlog.get_logger()
#: how a process ends that others take for gone
_LOST = 3


async def serve(settings: Settings) -> None:
    """Work for a fair part of all people until cancelled; what it cannot go on with is taken over by others."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        ground = await stack.enter_async_context(open_ground(settings, clock, together=True, kind=ProcessKind.WORKER))
        shares = Shares(())
        work = Durable(settings.database, executor_id=uuid.uuid4().hex)
        program = await stack.enter_async_context(open_program(settings, ground=ground, work=work, shares=shares))
        await stack.enter_async_context(watched(program))
        line = connect(settings, ground.db, clock)
        stack.push_async_callback(line.bot.shutdown)
        line.is_polled = False
        await stack.enter_async_context(running(program, build(program, line)))
        owning = ByLocks(ground.hold.session, shares, lambda: _busy(ground))
        await owning.join()
        gc.freeze()  # what was imported stays; from here on garbage is looked for again
        gc.enable()
        print("Ballast works for a part of the people.", flush=True)  # noqa: T201 - the command line speaks on its streams
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_or_end(owning.hold()))
            tasks.create_task(_or_end(work.watch()))
            tasks.create_task(program.look_after())


async def _busy(ground: Ground) -> frozenset[int]:
    """Return the shares for whose people a plan is under way."""
    async with ground.db.read() as tx:
        return await plans.shares_under_way(tx)


async def _or_end(watching: Awaitable[None]) -> None:
    """Watch a session with the database; where it is lost the process ends on the spot, as if it were killed.

    Others begin with its work four seconds later: nothing may be put away in order meanwhile. What matters is in the database.
    """
    try:
        await watching
    except Exception as lost:  # noqa: BLE001 - a driver has a hundred names for it
        log.critical("the session with the database is lost: this process ends, and others take over", error=repr(lost))
        os._exit(_LOST)

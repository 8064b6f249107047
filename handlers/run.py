"""``python -m chatbot run``: people are listened to as soon as the database is open; what answers them is loaded beside that."""

from __future__ import annotations

import asyncio
import gc
import importlib
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING

from chatbot.clock import SystemClock
from chatbot.errors import contained
from chatbot.ground import open_ground
from handlers.transport.line import connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from chatbot.app import Program
    from chatbot.config import Settings
    from chatbot.web.key_form import KeyForm
    from handlers.chat.context import Bot

#: seconds between two looks whether the pairing code has run out
_PAIRING_S = 10.0
#: seconds in which the line has the processor to itself: a server that is near is asked for updates before the rest is loaded
_HEAD_START_S = 0.2
#: names the port on which metrics are read
METRICS = "CHATBOT_METRICS_PORT"
#: what answers people and the program behind it; nothing of it is needed to hear them
_REST = ("chatbot.app", "handlers.bot", "handlers.transport.running", "handlers.transport.delivery")


async def serve(settings: Settings) -> None:
    """Serve people on Telegram until cancelled; objects made while importing are to live for ever, so garbage is not looked for yet."""
    async with AsyncExitStack() as stack:
        ground = await stack.enter_async_context(open_ground(settings, SystemClock(), _stand_by))
        line = await asyncio.to_thread(connect, settings, ground.db, ground.clock)
        stack.push_async_callback(line.bot.shutdown)
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        listening = tasks.create_task(line.listen())
        stack.callback(listening.cancel)
        with suppress(TimeoutError):
            await asyncio.wait_for(line.asked.wait(), _HEAD_START_S)
        app, chat, running, _ = [await asyncio.to_thread(importlib.import_module, name) for name in _REST]
        program = await stack.enter_async_context(app.open_program(settings, ground=ground, start_work=False))
        bot = chat.build(program, line)
        code = await _show_pairing_code(program)
        await stack.enter_async_context(running.running(program, bot))
        # People are answered from here on. What the first answer does not need is loaded in threads beside it.
        await program.work.start()
        web = await asyncio.to_thread(importlib.import_module, "chatbot.web.server")
        gc.freeze()
        gc.enable()
        form = await asyncio.to_thread(key_form, program)
        server = await stack.enter_async_context(web.WebServer(port=settings.port, health=lambda: health(program), key_form=form))
        if settings.metrics_port:
            await stack.enter_async_context(web.WebServer(port=settings.metrics_port, metrics=program.metrics, setting=METRICS))
        print(f"Ballast is up; health: {server.url}healthz", flush=True)  # noqa: T201 - the command line speaks on its streams
        pairing = tasks.create_task(_renew_pairing_code(program, code))
        stack.callback(pairing.cancel)
        await work(program, bot)


async def _stand_by() -> None:
    """Say that another process works, and load meanwhile what it takes to go on where that one ends."""
    print("Another Ballast works on this database: this one stands by, and takes over when that one is gone.", flush=True)  # noqa: T201
    for name in _REST:
        await asyncio.to_thread(importlib.import_module, name)


async def work(program: Program, bot: Bot) -> None:
    """Check, deliver and carry out until broken off."""
    from handlers.transport.delivery import Courier  # noqa: PLC0415 - not needed to hear people

    await program.run(Courier(program, bot.bot))


async def health(program: Program) -> Mapping[str, object]:
    """Return what /healthz tells: is the database there, and did the last check happen in time."""
    found = await program.health()
    halted = found.trading_halted_since.isoformat() if found.trading_halted_since else None
    told = {"check_age_s": found.check_age_s, "portfolios": found.portfolios, "trading_halted_since": halted}
    return {"ok": not found.is_late, **told}


@asynccontextmanager
async def watched(program: Program, stands_by: Callable[[], bool] = lambda: False) -> AsyncIterator[None]:
    """Let an operator's machine look at one of several processes inside the block, where a port is named for that.

    ``stands_by`` tells whether another one does now what this one is there for.
    """
    if not program.settings.metrics_port:
        yield
        return
    from chatbot.web.server import WebServer  # noqa: PLC0415 - not needed to hear people

    async def seen() -> Mapping[str, object]:
        return {**await health(program), "stands_by": stands_by()}

    async with WebServer(
        port=program.settings.metrics_port, health=seen, metrics=lambda: program.metrics(stands_by=stands_by()), setting=METRICS
    ):
        yield


def key_form(program: Program) -> KeyForm | None:
    """Return the form for exchange keys where there is an address for it, and something to seal with."""
    if not (program.settings.public_url and program.keyring.is_open):
        return None
    from chatbot.web.key_form import KeyForm  # noqa: PLC0415 - not needed to hear people
    from handlers.transport.key_form import KeyFormAnswers  # noqa: PLC0415

    return KeyForm(KeyFormAnswers(program), program.settings.public_url)


async def _show_pairing_code(program: Program, shown: str | None = None) -> str | None:
    """Print the one-time code unless it is the one that was shown; return it, None when there is an operator."""
    code = await program.access.pairing_code()
    if code and code != shown:
        print(f"No operator yet: within the hour, send this one-time code to the bot to become it: {code}", flush=True)  # noqa: T201 - meant to be seen
    return code


async def _renew_pairing_code(program: Program, shown: str | None) -> None:
    """Print a new code whenever the last has run out, until there is an operator."""
    while shown is not None:
        await program.clock.sleep(_PAIRING_S)
        with contained("pairing code not renewed"):
            shown = await _show_pairing_code(program, shown)

"""A server that says nothing: who asked it gives up once it was asked, not after so many milliseconds of a machine that may be busy."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatbot.exchanges.testserver.server import Server

#: seconds that clients wait for an answer: none that comes takes so long, on however slow a machine; under five, aiohttp rounds nothing
PATIENCE_S = 4.5


class _Closing(asyncio.Event):
    """The end of a server, on which a silent one waits: meanwhile the loop's clock goes on by more than anybody's patience."""

    async def wait(self) -> bool:
        loop = asyncio.get_running_loop()
        real = loop.time
        loop.time = lambda: real() + PATIENCE_S  # type: ignore[method-assign]
        return await super().wait()


def made_hopeless(server: Server) -> None:
    """Let clients of the server, whose patience is :data:`PATIENCE_S`, lose it as soon as the server is silent."""
    server._closing = _Closing()

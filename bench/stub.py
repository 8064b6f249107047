"""A Bot API on a loopback port that knows one bot and has no news for it: a start is timed against it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Self

from aiohttp import web

if TYPE_CHECKING:
    from types import TracebackType

#: has the shape of a token and opens nothing
TOKEN = "123456:" + "benchmarks-only-" * 2 + "abc"
_ME = {"id": 123456, "is_bot": True, "first_name": "Ballast", "username": "ballast_bot"}


class Stub:
    """Answers every method with success; ``asked`` is set when the first ``getUpdates`` arrives."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.asked_at = 0.0
        self.calls: list[str] = []
        self.url = ""
        self._closing = asyncio.Event()
        app = web.Application()
        app.router.add_post("/{bot}/{method}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Let the long poll go and close the port."""
        self._closing.set()
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        self.calls.append(method)
        if method == "getMe":
            return web.json_response({"ok": True, "result": _ME})
        if method == "getUpdates":
            if not self.asked.is_set():
                self.asked_at = time.perf_counter()
                self.asked.set()
            if (await request.post()).get("timeout", "0") != "0":  # a bot that stops asks once more without waiting
                await self._closing.wait()
            return web.json_response({"ok": True, "result": []})
        return web.json_response({"ok": True, "result": True})

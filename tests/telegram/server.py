"""A Bot API server on this machine: the loopback behind HTTP, and the bot as a process of its own that talks to it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from aiohttp import web
from telegram.error import TelegramError

from handlers.loopback import Loopback
from handlers.loopback.call import Call, Upload
from handlers.loopback.refusals import Refused
from tests import nursery
from tests.places import ROOT
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

#: the shape of a real token; it opens nothing
TOKEN = "7000000001:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"
_JSON = frozenset({"reply_markup", "allowed_updates", "media", "commands", "scope", "entities", "message_ids", "menu_button"})


class TelegramServer:
    """Answers like api.telegram.org, with what can go wrong on the way: faults of the loopback, and a hook on every call."""

    def __init__(self) -> None:
        self.loopback = Loopback(token=TOKEN)
        self.url = ""
        #: asked about every call but getUpdates before it is carried out; true: it never arrives
        self.swallow: Callable[[str], bool] = lambda _: False
        self.calls: list[str] = []

    @asynccontextmanager
    async def up(self) -> AsyncIterator[TelegramServer]:
        """Listen on a free port of this machine."""
        app = web.Application(client_max_size=20 * 1024 * 1024)
        app.router.add_route("*", "/{token}/{method}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        try:
            _admit(request.match_info["token"])
            if method != "getUpdates":
                self.calls.append(method)
                if self.swallow(method):
                    return self._reset(request)
            result = await self.loopback._wire.carry(await _call(request, method))
        except Refused as refusal:
            if refusal.code >= 500:
                return web.Response(status=refusal.code, text="<html>Bad Gateway</html>", content_type="text/html")
            return web.json_response(refusal.to_json(), status=refusal.code)
        except TelegramError:
            return self._reset(request)  # the connection breaks, before or after the call was carried out
        return web.json_response({"ok": True, "result": result})

    @staticmethod
    def _reset(request: web.Request) -> web.StreamResponse:
        if request.transport is not None:
            request.transport.abort()
        return web.Response()


def _admit(token: str) -> None:
    if token != f"bot{TOKEN}":
        raise Refused(401, "Unauthorized")


async def _call(request: web.Request, method: str) -> Call:
    params: dict[str, Any] = {}
    files: dict[str, Upload] = {}
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            files[name] = Upload(name=value.filename, data=value.file.read(), media_type=value.content_type)
        else:
            params[name] = json.loads(str(value)) if name in _JSON else str(value)
    return Call(method=method, params=params, files=files)


class BotProcess:
    """``python -m chatbot <command>`` with settings for this server, everything it prints kept."""

    def __init__(self, url: str, folder: Path, *, code: Path = ROOT, **settings: str) -> None:
        """``code`` is where another version of the program lies, which has to be started with ``loads``."""
        self.folder = folder
        self.log = folder / "output.txt"
        usual = {
            "TELEGRAM_TOKEN": TOKEN,
            "TELEGRAM_API_URL": url,
            "DATA_DIR": str(folder / "data"),
            "MARKET": "simulated",
            "MARKET_SPEED": "1200",
            "PORT": "0",
            "LOG_LEVEL": "DEBUG",
            "CHECK_INTERVAL_S": "1",
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CHATBOT_")}
        chosen = {f"CHATBOT_{name}": value for name, value in {**usual, **settings}.items()}
        self._environment = {**kept, **chosen, "PYTHONPATH": str(code), "PYTHONDONTWRITEBYTECODE": "1"}
        self._process: asyncio.subprocess.Process | nursery.Born | None = None

    async def start(self, command: str = "run", *, loads: bool = False) -> None:
        """Start it, loaded, or as it ``loads``; what it prints is added to one file."""
        with self.log.open("ab") as output:
            if loads:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "chatbot", command, env=self._environment, cwd=self.folder, stdout=output, stderr=output
                )
            else:
                self._process = nursery.start(command, env=self._environment, cwd=self.folder, stdout=output, stderr=output)

    @property
    def is_running(self) -> bool:
        """Tell whether it has not ended."""
        return self._process is not None and self._process.returncode is None

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it still runs."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    async def ended(self, timeout_s: float = LIMIT_S) -> int:
        """Wait for its end and return the exit code."""
        assert self._process is not None
        async with asyncio.timeout(timeout_s):
            return await self._process.wait()

    async def kill(self) -> None:
        """End it without a chance to put anything away."""
        self.send(signal.SIGKILL)
        await self.ended()

    async def stop(self) -> int:
        """Ask it to end, and return the exit code."""
        self.send(signal.SIGTERM)
        return await self.ended()

    async def prints(self, fragment: str, timeout_s: float = LIMIT_S) -> str:
        """Wait until it has printed ``fragment`` and return the rest of that line."""
        async with asyncio.timeout(timeout_s):
            while fragment not in (printed := self.printed):
                assert self._process is not None
                assert self._process.returncode is None, f"it ended with {self._process.returncode}:\n{printed}"
                await asyncio.sleep(0.05)
        return printed.partition(fragment)[2].splitlines()[0]

    @property
    def printed(self) -> str:
        """Everything that it has printed so far, in all its lives."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

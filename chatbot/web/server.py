"""The program's web server: health, metrics, the form for exchange keys, the webhook, and in demo mode the chat page with its socket.

It knows neither Telegram nor the handlers: whatever it shows is given as a callable or a small protocol. It listens on this machine only,
unless told otherwise, and answers only to its own names, so that no other web page can talk to it.
"""

from __future__ import annotations

import asyncio
import errno
import json
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from aiohttp import WSCloseCode, web

from chatbot.errors import SettingError
from chatbot.web.page_words import in_every_language
from chatbot.web.socket import Around, converse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping
    from types import TracebackType

    from chatbot.web.key_form import KeyForm
    from chatbot.web.socket import Conversation
    from chatbot.web.webhook import Webhook

_STATIC = Path(__file__).parent / "static"
_PAGES = {
    "/": "index.html",
    "/chat.css": "chat.css",
    "/chat.js": "chat.js",
    "/draw.js": "draw.js",
    "/words.js": "words.js",
    "/icon.svg": "icon.svg",
}
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_LOCAL = ("127.0.0.1", "localhost", "[::1]")
_FRAME_BYTES_MAX = 64 * 1024
_BODY_BYTES_MAX = 256 * 1024
#: seconds in which a connection's first request must be there whole, and an idle one is kept: nobody holds a place by being slow
_REQUEST_S, _IDLE_S = 10.0, 20.0
#: seconds in which what is left of a refused request may still come
_LEFT_S = 1.0
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class WebServer:
    """Serves until closed; ``async with WebServer(...) as server`` or :meth:`start` and :meth:`close`.

    ``health`` returns facts with an ``ok``; ``around`` is what the page shows beside the chat: its market returns ``now`` (ISO), ``speed``,
    ``note`` and what was ``played`` last. Port 0 means any free one; :attr:`url` tells which. ``names`` are host names, besides this
    machine's own, under which the server may be asked; when it listens to the outside, health and metrics answer under any name.
    ``setting`` is what the port was chosen by.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        conversation: Conversation | None = None,
        health: Callable[[], Awaitable[Mapping[str, object]]] | None = None,
        metrics: Callable[[], Awaitable[bytes]] | None = None,
        around: Around | None = None,
        key_form: KeyForm | None = None,
        webhook: Webhook | None = None,
        names: Collection[str] = (),
        setting: str = "CHATBOT_PORT",
    ) -> None:
        self._host, self._port, self._setting = host, port, setting
        self._conversation, self._health, self._metrics, self._around = conversation, health, metrics, around or Around()
        self._public = [part for part in (key_form, webhook) if part is not None]
        self._names = frozenset({*_LOCAL, host, *names, *(part.name for part in self._public)})
        self._watched = frozenset() if host in _LOCAL else frozenset({"/healthz", "/metrics"})
        self._sockets: set[web.WebSocketResponse] = set()
        self._runner: web.AppRunner | None = None
        self._listening: asyncio.Server | None = None
        #: connections of which no request has come yet, and what will cut them off
        self._silent: dict[int, asyncio.TimerHandle] = {}

    @property
    def port(self) -> int:
        """The port it really listens on."""
        return self._port

    @property
    def url(self) -> str:
        """Address of the page."""
        return f"http://{self._host}:{self._port}/"

    async def start(self) -> None:
        """Open the port; raises :class:`SettingError` when it cannot be had."""
        if self._conversation is not None:  # reading every language takes a second or more, which no page waits for
            self._words = await asyncio.to_thread(in_every_language, self._around.catalogue)
        app = self._application()
        self._runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=2.0, keepalive_timeout=_IDLE_S, lingering_time=_LEFT_S
        )
        await self._runner.setup()
        try:
            self._listening = await asyncio.get_running_loop().create_server(self._connected, self._host, self._port)
        except OSError as error:
            await self._runner.cleanup()
            why = "another program has it" if error.errno == errno.EADDRINUSE else str(error.strerror)
            cure = f"port {self._port} of {self._host} cannot be had ({why}); choose another one for this process"
            raise SettingError(self._setting, cure) from None
        self._port = int(self._listening.sockets[0].getsockname()[1])

    def _connected(self) -> asyncio.Protocol:
        """Serve a new connection, and cut it off unless a whole request comes in time: the library itself waits for ever."""
        assert self._runner is not None  # noqa: S101 - connections come only while it runs
        assert self._runner.server is not None  # noqa: S101 - as above
        serving = self._runner.server()

        def cut() -> None:
            self._silent.pop(id(serving), None)
            if serving.transport is not None:
                serving.transport.abort()

        self._silent[id(serving)] = asyncio.get_running_loop().call_later(_REQUEST_S, cut)
        return serving

    async def close(self) -> None:
        """Say goodbye to open pages and free the port."""
        if self._runner is None:
            return
        for socket in tuple(self._sockets):
            await socket.close(code=WSCloseCode.GOING_AWAY, message=b"the bot stops")
        for timer in self._silent.values():
            timer.cancel()
        if self._listening is not None:
            self._listening.close()
        await self._runner.cleanup()
        self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[self._guard], client_max_size=_BODY_BYTES_MAX)
        if self._health:
            app.router.add_get("/healthz", self._answer_health)
        if self._metrics:
            app.router.add_get("/metrics", self._answer_metrics)
        for part in self._public:
            app.router.add_routes(part.routes())
        if self._conversation:
            for address in _PAGES:
                app.router.add_get(address, self._answer_page)
            app.router.add_get("/words.json", self._answer_words)
            app.router.add_get("/socket", self._answer_socket)
            app.router.add_get("/photo/{id:[A-Za-z0-9]+}.png", self._answer_file)
            app.router.add_get("/file/{id:[A-Za-z0-9]+}", self._answer_file)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.StreamResponse:
        """Refuse foreign names (a page that points its own name here) and dress every answer."""
        if (timer := self._silent.pop(id(request.protocol), None)) is not None:
            timer.cancel()
        if not self._is_ours(request.host) and request.path not in self._watched:
            return web.Response(status=403, text="this server does not answer under that name\n", headers=_HEADERS)
        try:
            response = await handler(request)
        except web.HTTPException as error:
            error.headers.update({key: value for key, value in _HEADERS.items() if key not in error.headers})
            raise
        if not response.prepared:
            response.headers.update({key: value for key, value in _HEADERS.items() if key not in response.headers})
        return response

    def _is_ours(self, host: str) -> bool:
        name = host.rpartition(":")[0] if ":" in host.rpartition("]")[2] else host
        return name.lower() in self._names

    async def _answer_health(self, _request: web.Request) -> web.Response:
        assert self._health is not None  # noqa: S101 - the route exists only with it
        facts = dict(await self._health())
        return web.json_response(facts, status=200 if facts.get("ok") else 503, dumps=lambda value: json.dumps(value, default=str))

    async def _answer_metrics(self, _request: web.Request) -> web.Response:
        assert self._metrics is not None  # noqa: S101 - the route exists only with it
        return web.Response(body=await self._metrics(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    async def _answer_page(self, request: web.Request) -> web.Response:
        name = _PAGES[request.path]
        body = await asyncio.to_thread((_STATIC / name).read_bytes)
        return web.Response(body=body, content_type=_TYPES[Path(name).suffix], charset="utf-8")

    async def _answer_words(self, _request: web.Request) -> web.Response:
        return web.json_response(self._words)

    async def _answer_file(self, request: web.Request) -> web.Response:
        assert self._conversation is not None  # noqa: S101 - the route exists only with it
        found = self._conversation.file(request.match_info["id"])
        if found is None:
            raise web.HTTPNotFound
        media_type, name, body = found
        if request.path.startswith("/photo/"):
            return web.Response(body=body, content_type=media_type, headers={"Cache-Control": "private, max-age=3600"})
        safe = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name) or "file"
        headers = {"Content-Disposition": f'attachment; filename="{safe}"'}
        return web.Response(body=body, content_type="application/octet-stream", headers=headers)

    async def _answer_socket(self, request: web.Request) -> web.StreamResponse:
        """Serve one open page; only a page that came from here may open a socket."""
        assert self._conversation is not None  # noqa: S101 - the route exists only with it
        if urlsplit(request.headers.get("Origin", "")).netloc.lower() != request.host.lower():
            raise web.HTTPForbidden(text="only this server's own page may open the socket\n")
        socket = web.WebSocketResponse(max_msg_size=_FRAME_BYTES_MAX, heartbeat=20.0)
        await socket.prepare(request)
        self._sockets.add(socket)
        try:
            await converse(socket, self._conversation, self._around)
        finally:
            self._sockets.discard(socket)
        return socket

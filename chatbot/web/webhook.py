"""The address at which Telegram delivers updates: nothing is read without its secret, and nothing is taken that was not written down."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

log = structlog.get_logger()

#: the header in which Telegram says what it was told
_SECRET = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header
#: bytes of an update: one with the longest text, all that is marked in it and what it answers to stays far below
_BYTES_MAX = 512 * 1024
#: seconds in which it has to be there
_BODY_S = 10.0


class Webhook:
    """Takes updates and gives each to ``take``, which tells whether it is written down; ``routes`` hang it into the web server."""

    def __init__(self, take: Callable[[str], Awaitable[bool]], url: str, secret: str) -> None:
        """``url`` is the whole public address of this."""
        self._take, self._secret = take, secret.encode()
        parts = urlsplit(url)
        #: the host name under which the server is asked
        self.name = (parts.hostname or "").lower()
        self._path = parts.path

    def routes(self) -> list[web.RouteDef]:
        """Return the address, with the path of the public one too: some proxies take it away, others do not."""
        return [web.post(place, self._answer) for place in dict.fromkeys((self._path, self._path[self._path.rindex("/") :]))]

    async def _answer(self, request: web.Request) -> web.Response:
        """Say yes to what is written down, and to what nobody will ever read: Telegram sends everything else again, and again."""
        if not secrets.compare_digest(request.headers.get(_SECRET, "").encode(), self._secret):
            return web.Response(status=403, headers={"Connection": "close"})
        text = await _read(request)
        if text is None:
            log.error("an update is too long and is passed over", bytes=request.content_length)
            return web.Response(headers={"Connection": "close"})
        return web.Response(status=200 if await self._take(text) else 503)


async def _read(request: web.Request) -> str | None:
    """Return what was sent, in time; None where it is too long."""
    if (request.content_length or 0) > _BYTES_MAX:
        return None
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_S):
            async for part in request.content.iter_any():
                body += part
                if len(body) > _BYTES_MAX:
                    return None
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="too slow\n", headers={"Connection": "close"}) from None
    return body.decode("utf-8", "replace")

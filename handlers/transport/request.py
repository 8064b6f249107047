"""How calls go to Telegram: the library's way until a cheaper one is loaded, which many chats at once need (docs/decisions/0066)."""

from __future__ import annotations

import asyncio
import importlib
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, HTTPXRequest

if TYPE_CHECKING:
    from ssl import SSLContext

    from telegram._utils.types import ODVInput
    from telegram.request import RequestData

#: seconds for a free connection, for a new one, for writing, for writing files, and for the answer: the library's own
_POOL_S, _CONNECT_S, _WRITE_S, _FILES_S, _READ_S = 1.0, 5.0, 5.0, 20.0, 5.0
#: bytes that the client does not want to be given in one piece
_LARGE: Final = 2**20
#: proxies that the cheaper way knows
_PROXIES: Final = ("http", "https")


class Requests(HTTPXRequest):
    """Calls of the Bot API over at most ``side`` connections; give it to the bot in place of the library's.

    The library's client looks at all its connections for each call: with a hundred at once one takes 9 ms of the processor. aiohttp's
    takes a tenth, but loading it takes as long as half a start, so nobody waits for it: until :meth:`hasten` the library's is used, and
    for ever where only that knows the way, as through a SOCKS proxy.
    """

    def __init__(self, side: int, certificates: SSLContext) -> None:
        super().__init__(side, _READ_S, _WRITE_S, _CONNECT_S, _POOL_S, httpx_kwargs={"verify": certificates}, media_write_timeout=_FILES_S)
        self._side, self._certificates = side, certificates
        #: aiohttp, once it is loaded
        self._http: Any = None
        self._session: Any = None

    async def hasten(self) -> None:
        """Load the cheaper way; calls that are under way end on the other."""
        self._http = await asyncio.to_thread(importlib.import_module, "aiohttp")

    async def shutdown(self) -> None:
        """Close every connection; what is called afterwards is refused, as by the library."""
        await super().shutdown()
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        write_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        connect_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        pool_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Return status and body of the answer to a call or a download; raises ``TimedOut``, ``NetworkError``."""
        waits = read_timeout, write_timeout, connect_timeout, pool_timeout
        to = urlsplit(url)
        proxy = _proxy(to.scheme, to.hostname or "")
        is_ours = self._http is not None and not self._client.is_closed
        if not is_ours or (proxy is not None and urlsplit(proxy).scheme not in _PROXIES):
            return await super().do_request(url, method, request_data, *waits)
        files = request_data.multipart_data if request_data else {}
        body, headers = self._body(request_data.json_parameters if request_data else {}, files)
        try:
            call = self._open().request(
                method, url, data=body, headers=headers, proxy=proxy, timeout=self._timeout(waits, files=bool(files))
            )
            async with call as response:
                return response.status, await response.read()
        except TimeoutError:
            raise TimedOut from None
        except (self._http.ClientError, OSError) as trouble:  # what it says may hold the address, and that the token
            raise NetworkError(f"aiohttp.{type(trouble).__name__}") from None

    def _open(self) -> Any:  # noqa: ANN401 - aiohttp's session
        """Return the connections, which need the loop that runs."""
        if self._session is None:
            http = self._http
            connector = http.TCPConnector(limit=self._side, ssl=self._certificates)
            self._session = http.ClientSession(
                connector=connector, cookie_jar=http.DummyCookieJar(), headers={"User-Agent": self.USER_AGENT}, trust_env=False
            )
        return self._session

    def _body(self, fields: dict[str, str], files: dict[str, Any]) -> tuple[Any, dict[str, str]]:
        """Return what is posted and how it is written; raises ``UnicodeEncodeError`` for text that cannot be."""
        if not files:
            written = urlencode(fields).encode("ascii")
            return (written, {"Content-Type": "application/x-www-form-urlencoded"}) if written else (None, {})
        form = self._http.FormData(quote_fields=False)
        for name, value in fields.items():
            form.add_field(name, value)
        for name, (filename, content, kind) in files.items():
            large = isinstance(content, bytes) and len(content) > _LARGE
            form.add_field(name, BytesIO(content) if large else content, filename=filename, content_type=kind)
        return form, {}

    def _timeout(self, waits: tuple[ODVInput[float], ...], *, files: bool) -> Any:  # noqa: ANN401 - aiohttp's
        """Return the library's four times as aiohttp's: it counts the wait for a free connection to that for a new one."""
        usual = (_READ_S, _FILES_S if files else _WRITE_S, _CONNECT_S, _POOL_S)
        read, write, connect, pool = (
            wait if wait is None or isinstance(wait, (int, float)) else own for wait, own in zip(waits, usual, strict=True)
        )
        known = (read, write, connect, pool)
        return self._http.ClientTimeout(
            total=None if None in known else sum(filter(None, known)),
            connect=None if connect is None or pool is None else connect + pool,
            sock_connect=connect,
            sock_read=read,
        )


@lru_cache(maxsize=16)  # the environment is read once: it does not change while a process runs
def _proxy(scheme: str, host: str) -> str | None:
    """Return the proxy that the environment names for a host, as the library's own client finds it; None: none."""
    named = getproxies()
    found = named.get(scheme) or named.get("all")
    if found is None or proxy_bypass(host):
        return None
    return found if "://" in found else f"http://{found}"

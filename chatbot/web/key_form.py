"""The form on which a person gives an exchange key: one page without a script, for a phone, behind an address that works once.

Whoever serves the words and keeps the key is given as a :class:`Desk`. TLS ends at the operator's proxy; that the page is sent from itself
is told by its Origin, which is the public address, whatever name the proxy asks under.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import html
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

from chatbot.model import Credentials
from chatbot.values import dataclass

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

#: bytes of what is sent: the parts of a key of the longest kind, escaped
_BYTES_MAX = 8 * 1024
#: seconds in which it has to be there
_BODY_S = 10.0
#: names of what is sent
_API_KEY, _SECRET, _PASSPHRASE = "api_key", "secret", "passphrase"
#: characters of a passphrase, which its person made up, at most
_PASSPHRASE_MAX = 64
_FORM = "application/x-www-form-urlencoded"

_STYLE = """
:root{color-scheme:light dark;
--ground:#f4f6f8;--page:#fff;--ink:#16202a;--soft:#52606d;--line:#9aa7b3;--act:#0b6bcb;--on:#fff;--bad:#b42318}
@media (prefers-color-scheme:dark){
:root{--ground:#10161c;--page:#18212a;--ink:#e8eef3;--soft:#a9b6c2;--line:#5b6975;--act:#4aa3f0;--on:#0a121a;--bad:#ff9a8d}}
*{box-sizing:border-box}
body{margin:0;padding:20px 16px;background:var(--ground);color:var(--ink);font:17px/1.45 system-ui,sans-serif}
main{max-width:30rem;margin:0 auto;padding:20px 18px 24px;background:var(--page);border-radius:14px}
h1{margin:0 0 10px;font-size:1.35rem;line-height:1.25}
p{margin:0 0 12px;color:var(--soft)}
label{display:block;margin:16px 0 6px;font-weight:600}
input{width:100%;min-height:48px;padding:10px 12px;border:1px solid var(--line);border-radius:10px;background:transparent;color:inherit;
font:16px/1.3 ui-monospace,monospace}
input:focus-visible,button:focus-visible{outline:3px solid var(--act);outline-offset:2px}
button{width:100%;min-height:50px;margin-top:22px;border:0;border-radius:10px;background:var(--act);color:var(--on);
font:600 17px system-ui,sans-serif}
.bad{color:var(--bad);font-weight:600}
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
#: over those of every answer
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What stands on a page, in a person's language; without ``fields`` it is an answer."""

    #: as HTML names it: ``pt-BR``
    language: str
    #: ``ltr`` or ``rtl``
    direction: str
    title: str
    lines: tuple[str, ...]
    #: labels of the two halves and of the button
    fields: tuple[str, str, str] | None = None
    #: label of the third part; empty: there is none
    passphrase: str = ""
    #: what was wrong with what was sent; empty: nothing
    wrong: str = ""
    status: int = 200


class Desk(Protocol):
    """Knows whose address it is, and takes the key."""

    async def form(self, token: str) -> Page:
        """Return the form for an address, or that it has ended."""
        ...

    async def take(self, token: str, credentials: Credentials | None) -> Page:
        """Take what was sent, None where it is no key; return what came of it."""
        ...


class KeyForm:
    """Serves the form under ``public_url``; ``routes`` hang it into the web server."""

    def __init__(self, desk: Desk, public_url: str) -> None:
        self._desk = desk
        parts = urlsplit(public_url)
        self._origin = f"{parts.scheme}://{parts.netloc}".lower()
        #: the host name under which the server is asked
        self.name = (parts.hostname or "").lower()
        self._path = parts.path.rstrip("/")

    def routes(self) -> list[web.RouteDef]:
        """Return the addresses, with the path of the public one too: some proxies take it away, others do not."""
        address = "/key/{token:[A-Za-z0-9_-]{20,100}}"
        places = dict.fromkeys((address, self._path + address))
        ways: tuple[tuple[str, Handler], ...] = (("GET", self._show), ("POST", self._take))
        return [web.route(method, place, handler) for place in places for method, handler in ways]

    async def _show(self, request: web.Request) -> web.Response:
        return _drawn(await self._desk.form(request.match_info["token"]))

    async def _take(self, request: web.Request) -> web.Response:
        if not self._is_from_itself(request):
            raise web.HTTPForbidden(text="this form can only be sent from its own page\n", headers=HEADERS)
        if request.content_type != _FORM:
            raise web.HTTPUnsupportedMediaType(text="send the form as it is\n", headers=HEADERS)
        return _drawn(await self._desk.take(request.match_info["token"], await _read(request)))

    def _is_from_itself(self, request: web.Request) -> bool:
        """Tell whether the page itself sent this. A page that tells nobody where it is names no origin either; then its browser says so."""
        origin = request.headers.get("Origin", "").lower()
        return origin == self._origin or (origin == "null" and request.headers.get("Sec-Fetch-Site") == "same-origin")


async def _read(request: web.Request) -> Credentials | None:
    """Return what was sent, in time and of a bearable size; no other function sees it bare. None where it is no key."""
    if (request.content_length or 0) > _BYTES_MAX:
        raise web.HTTPRequestEntityTooLarge(max_size=_BYTES_MAX, actual_size=request.content_length or 0, headers=HEADERS)
    body = b""
    try:
        async with asyncio.timeout(_BODY_S):
            async for part in request.content.iter_any():
                body += part
                if len(body) > _BYTES_MAX:
                    raise web.HTTPRequestEntityTooLarge(max_size=_BYTES_MAX, actual_size=len(body), headers=HEADERS)
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="too slow\n", headers={**HEADERS, "Connection": "close"}) from None
    try:
        sent = dict(parse_qsl(body.decode("ascii"), strict_parsing=True, max_num_fields=4, keep_blank_values=True))
    except ValueError:
        return None
    api_key, secret, third = (sent.get(name, "").strip() for name in (_API_KEY, _SECRET, _PASSPHRASE))
    fits = _is_half(api_key) and _is_half(secret) and api_key != secret and _is_third(third)
    return Credentials(api_key=api_key, secret=secret, passphrase=third) if fits else None


def _is_half(text: str) -> bool:
    return 12 <= len(text) <= 256 and text.isascii() and text.replace("-", "").replace("_", "").isalnum()


def _is_third(text: str) -> bool:
    return len(text) <= _PASSPHRASE_MAX and text.isascii() and text.isprintable() and " " not in text


def _drawn(page: Page) -> web.Response:
    """Write a page as HTML; everything on it is escaped."""
    lines = "".join(f"<p>{html.escape(line)}</p>" for line in page.lines)
    wrong = f'<p class="bad" role="alert">{html.escape(page.wrong)}</p>' if page.wrong else ""
    form = _fields(*page.fields, page.passphrase) if page.fields else ""
    text = (
        f'<!doctype html><html lang="{html.escape(page.language)}" dir="{page.direction}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{html.escape(page.title)}</title>'
        f"<style>{_STYLE}</style></head><body><main><h1>{html.escape(page.title)}</h1>{lines}{wrong}{form}</main></body></html>"
    )
    return web.Response(text=text, content_type="text/html", charset="utf-8", status=page.status, headers=HEADERS)


def _fields(api_key: str, secret: str, send: str, passphrase: str) -> str:
    plain = 'required maxlength="256" autocomplete="off" autocapitalize="off" autocorrect="off" spellcheck="false"'
    named = f'<label for="p">{html.escape(passphrase)}</label><input id="p" name="{_PASSPHRASE}" type="password" {plain}>'
    third = named if passphrase else ""
    return (
        f'<form method="post"><label for="a">{html.escape(api_key)}</label><input id="a" name="{_API_KEY}" {plain}>'
        f'<label for="s">{html.escape(secret)}</label><input id="s" name="{_SECRET}" type="password" {plain}>{third}'
        f"<button>{html.escape(send)}</button></form>"
    )

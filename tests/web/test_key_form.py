"""The form for exchange keys: strict headers, sent from itself alone, of a bearable size and in time; nothing of it is echoed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from chatbot.web import key_form, server
from chatbot.web.key_form import KeyForm, Page
from chatbot.web.server import WebServer
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from chatbot.model import Credentials

TOKEN = "t" * 43
PUBLIC = "https://bot.example/ballast"
SENT = {"api_key": "public-half-1234", "secret": "canary-secret-5678"}


class Desk:
    """Takes whatever comes and remembers it."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, Credentials | None]] = []

    async def form(self, token: str) -> Page:
        """Show the form."""
        return Page(
            language="es",
            direction="ltr",
            title="Your <key>",
            lines=("Works & once",),
            fields=("API key", "Secret", "Send"),
            wrong="" if token else "?",
        )

    async def take(self, token: str, credentials: Credentials | None) -> Page:
        """Thank for it."""
        self.taken.append((token, credentials))
        return Page(language="es", direction="ltr", title="Thanks", lines=())


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def page(desk: Desk) -> AsyncIterator[str]:
    async with WebServer(key_form=KeyForm(desk, PUBLIC)) as serving:
        yield f"{serving.url}key/{TOKEN}"


async def ask(method: str, url: str, **options: Any) -> tuple[int, str, dict[str, str]]:
    async with aiohttp.ClientSession() as session, session.request(method, url, **options) as answer:
        return answer.status, await answer.text(), dict(answer.headers)


async def send(url: str, data: Any = SENT, **headers: str) -> int:
    return (await ask("POST", url, data=data, headers={"Origin": "https://bot.example", **headers}))[0]


async def test_the_form_is_one_page_without_a_script_and_with_strict_headers(page: str, desk: Desk) -> None:
    """Nothing may be loaded, framed, cached, or told to another page; what stands on it is escaped; looking takes nothing."""
    status, text, headers = await ask("GET", page)
    assert status == 200
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert policy.endswith("form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
    assert "unsafe" not in policy
    told = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY"}
    assert told.items() <= headers.items()
    assert "Set-Cookie" not in headers
    assert "<script" not in text
    assert "http" not in text
    assert "Your &lt;key&gt;" in text
    assert 'lang="es"' in text
    assert desk.taken == []


async def test_it_is_served_with_and_without_the_path_of_the_public_address(page: str) -> None:
    """Some proxies take it away, others do not; under another name nothing is answered."""
    assert (await ask("GET", page.replace("/key/", "/ballast/key/")))[0] == 200
    assert (await ask("GET", page, headers={"Host": "bot.example"}))[0] == 200
    assert (await ask("GET", page, headers={"Host": "evil.example"}))[0] == 403
    assert (await ask("GET", page[:-30]))[0] == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://bot.example"}, 200),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}, 403),
        ({"Origin": "http://bot.example"}, 403),
        ({"Origin": "https://bot.example.evil.example"}, 403),
        ({}, 403),
    ],
)
async def test_it_is_sent_from_its_own_page_alone(page: str, desk: Desk, headers: dict[str, str], status: int) -> None:
    """A page that tells nobody where it is names no origin; then the browser says that it was itself."""
    answered, text, _ = await ask("POST", page, data=SENT, headers=headers)
    assert answered == status
    assert len(desk.taken) == (status == 200)
    assert SENT["secret"] not in text


async def test_what_is_sent_is_read_once_and_what_is_no_key_is_told_apart(page: str, desk: Desk) -> None:
    await send(page, {"api_key": f"  {SENT['api_key']}\r\n", "secret": SENT["secret"]})
    (token, credentials), *_ = desk.taken
    assert token == TOKEN
    assert credentials is not None
    assert (credentials.api_key, credentials.secret) == (SENT["api_key"], SENT["secret"])
    none: list[Any] = [
        {},
        {"api_key": SENT["api_key"]},
        {**SENT, "secret": SENT["api_key"]},
        {**SENT, "secret": "short"},
        {**SENT, "secret": "ключ" * 8},
        {**SENT, "secret": "x" * 257},
        {**SENT, "secret": "a secret with spaces"},
        {**SENT, "a": "1", "b": "2", "c": "3"},
    ]
    for data in none:
        assert await send(page, data, **{"Content-Type": "application/x-www-form-urlencoded"}) == 200
    assert [credentials for _, credentials in desk.taken[1:]] == [None] * len(none)


async def test_what_is_too_large_or_of_another_kind_is_refused(page: str, desk: Desk) -> None:
    """Whether its size is told or not."""

    async def flood() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"api_key=" + b"x" * 1000

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert await send(page, b"x" * 9000, **form) == 413
    assert await send(page, flood(), **form) == 413
    assert await send(page, b"{}", **{"Content-Type": "application/json"}) == 415
    assert (await ask("PUT", page, data=SENT))[0] == 405
    assert desk.taken == []


async def test_who_sends_slowly_is_cut_off(page: str, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The head of a request, or its body, a byte at a time: nobody keeps a place by that."""
    monkeypatch.setattr(key_form, "_BODY_S", 0.2)
    host, _, port = page.split("/")[2].partition(":")
    path = "/" + page.split("/", 3)[3]
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: https://bot.example\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 50\r\n\r\n"
    )
    cut_off = ((b"", b"", 0.2), (head[:40].encode(), b"", 0.2), (head.encode() + b"api_key=", b"HTTP/1.1 408", LIMIT_S))
    for begun, answer, head_s in cut_off:
        monkeypatch.setattr(server, "_REQUEST_S", head_s)
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(begun)
        try:
            async with asyncio.timeout(LIMIT_S):
                assert (await reader.read(100)).startswith(answer)
        except ConnectionResetError:
            assert not answer
        writer.close()
    assert desk.taken == []

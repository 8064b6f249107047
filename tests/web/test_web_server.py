"""The web server answers its own page and nobody else's, tells health as it is, and closes cleanly."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientSession, WSMsgType, WSServerHandshakeError

from chatbot.errors import SettingError
from chatbot.web import socket as web_socket
from chatbot.web.server import WebServer
from chatbot.web.socket import Around
from tests.waiting import LIMIT_S, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import ClientWebSocketResponse


class Talk:
    """A conversation that remembers what it was told."""

    def __init__(self) -> None:
        self.heard: list[tuple[object, ...]] = []
        self.news: asyncio.Queue[dict[str, object] | None] = asyncio.Queue()
        self.readers = 0

    async def changes(self) -> AsyncIterator[dict[str, object]]:
        """Yield a snapshot, then the news."""
        self.readers += 1
        try:
            yield {"type": "snapshot", "messages": []}
            while (change := await self.news.get()) is not None:
                yield change
        finally:
            self.readers -= 1

    async def say(self, text: str) -> None:
        """Note it."""
        self.heard.append(("say", text))

    async def tap(self, message_id: int, data: str) -> str | None:
        """Note it; one button is gone."""
        if data == "gone":
            raise LookupError("no such button")
        self.heard.append(("tap", message_id, data))
        return "77"

    async def speak(self, language: str) -> dict[str, object]:
        """Agree."""
        return {"type": "menu", "language": language}

    def file(self, file_id: str) -> tuple[str, str, bytes] | None:
        """Give one of two files."""
        known = {"photo1": ("image/png", "photo", b"\x89PNG"), "document2": ("text/html", 'a"\r\nb.html', b"<script>")}
        return known.get(file_id)


@pytest.fixture
def talk() -> Talk:
    return Talk()


@pytest.fixture
async def server(talk: Talk) -> AsyncIterator[WebServer]:
    async with WebServer(conversation=talk) as server:
        yield server


@pytest.fixture
async def client() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


async def _socket(client: ClientSession, server: WebServer, **headers: str) -> ClientWebSocketResponse:
    """Open the page's socket; what the page is told about itself comes first."""
    socket = await client.ws_connect(f"{server.url}socket", headers={"Origin": server.url.rstrip("/"), **headers})
    assert (await _next(socket))["type"] == "page"
    return socket


async def _next(socket: ClientWebSocketResponse) -> dict[str, object]:
    return await socket.receive_json(timeout=LIMIT_S)


async def test_the_page_comes_whole_and_may_load_nothing_from_outside(server: WebServer, client: ClientSession) -> None:
    for path, media_type in (
        ("", "html"),
        ("chat.js", "javascript"),
        ("draw.js", "javascript"),
        ("words.js", "javascript"),
        ("chat.css", "css"),
    ):
        async with client.get(server.url + path) as answer:
            body = await answer.text()
            assert (answer.status, media_type in answer.content_type) == (200, True)
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert "innerHTML" not in body
            assert "http://" not in body.replace("http://www.w3.org", "")
            assert "https://" not in body


async def test_a_foreign_host_name_is_refused(server: WebServer, client: ClientSession) -> None:
    async with client.get(server.url, headers={"Host": f"evil.example:{server.port}"}) as answer:
        assert answer.status == 403
    async with client.get(server.url, headers={"Host": f"localhost:{server.port}"}) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "", "http://127.0.0.1:1"])
async def test_a_foreign_page_can_not_open_the_socket(server: WebServer, client: ClientSession, talk: Talk, origin: str) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await _socket(client, server, Origin=origin)
    assert refused.value.status == 403
    assert talk.readers == 0


async def test_a_page_gets_the_snapshot_then_changes_and_its_wishes_are_done(server: WebServer, client: ClientSession, talk: Talk) -> None:
    async with await _socket(client, server) as socket:
        assert (await _next(socket))["type"] == "snapshot"
        await socket.send_json({"type": "say", "text": "hi"})
        await socket.send_json({"type": "tap", "id": 1, "data": "go", "ref": 5})
        assert await _next(socket) == {"type": "tapped", "ref": 5, "query": "77"}
        await socket.send_json({"type": "tap", "id": 1, "data": "gone", "ref": 6})
        assert await _next(socket) == {"type": "tapped", "ref": 6, "query": None}
        await socket.send_json({"type": "speak", "language": "ru"})
        assert await _next(socket) == {"type": "menu", "language": "ru"}
        talk.news.put_nowait({"type": "typing"})
        assert await _next(socket) == {"type": "typing"}
    assert talk.heard == [("say", "hi"), ("tap", 1, "go")]
    await until(lambda: talk.readers == 0)


@pytest.mark.parametrize(
    "frame",
    [
        "not json",
        "[]",
        "{}",
        '{"type":"rm"}',
        '{"type":"say"}',
        '{"type":"say","text":5}',
        '{"type":"tap","id":true,"data":"x"}',
        '{"type":"say","text":"' + "x" * 4097 + '"}',
        '{"type":"tap","id":1,"data":""}',
        '{"type":"play"}',
        '{"type":"speak","language":"\\ud83d"}',
        '{"type":"speak","language":"en\\udc00"}',
        '{"type":"speak","language":"not a language"}',
        '{"type":"say","text":"half \\ud83d"}',
        '{"type":"play","name":"panic"}',
    ],
)
async def test_a_nonsensical_wish_is_refused_and_the_socket_stays(server: WebServer, client: ClientSession, talk: Talk, frame: str) -> None:
    async with await _socket(client, server) as socket:
        await _next(socket)
        await socket.send_str(frame)
        assert (await _next(socket))["type"] == "refused"
        await socket.send_json({"type": "speak", "language": "en"})
        assert (await _next(socket))["type"] == "menu"
    assert talk.heard == []


async def test_a_frame_that_is_too_large_ends_the_socket(server: WebServer, client: ClientSession) -> None:
    async with await _socket(client, server) as socket:
        await _next(socket)
        await socket.send_str("x" * 70_000)
        assert (await socket.receive(timeout=LIMIT_S)).type is WSMsgType.CLOSE


async def test_a_reader_that_must_start_over_is_hung_up_on(server: WebServer, client: ClientSession, talk: Talk) -> None:
    async with await _socket(client, server) as socket:
        await _next(socket)
        talk.news.put_nowait(None)
        assert (await socket.receive(timeout=LIMIT_S)).type is WSMsgType.CLOSE


async def test_files_are_given_as_what_they_are_and_documents_only_to_save(server: WebServer, client: ClientSession) -> None:
    async with client.get(f"{server.url}photo/photo1.png") as answer:
        assert (answer.content_type, await answer.read()) == ("image/png", b"\x89PNG")
    async with client.get(f"{server.url}file/document2") as answer:
        assert answer.content_type == "application/octet-stream"
        assert answer.headers["Content-Disposition"] == 'attachment; filename="a___b.html"'
    async with client.get(f"{server.url}photo/unknown.png") as answer:
        assert answer.status == 404
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("ok", "status"), [(True, 200), (False, 503)])
async def test_health_is_told_with_a_status_that_machines_understand(client: ClientSession, ok: bool, status: int) -> None:
    async def health() -> dict[str, object]:
        return {"ok": ok, "database": "open"}

    async def metrics() -> bytes:
        return b"checks_total 3\n"

    async with WebServer(health=health, metrics=metrics) as server:
        async with client.get(f"{server.url}healthz") as answer:
            assert (answer.status, await answer.json()) == (status, {"ok": ok, "database": "open"})
        async with client.get(f"{server.url}metrics") as answer:
            assert (await answer.text(), answer.content_type) == ("checks_total 3\n", "text/plain")
        async with client.get(server.url) as answer:
            assert answer.status == 404, "without a conversation there is no page"


async def test_a_server_that_listens_to_the_outside_tells_its_health_under_any_name(client: ClientSession, talk: Talk) -> None:
    async def health() -> dict[str, object]:
        return {"ok": True}

    async with WebServer(host="0.0.0.0", health=health, conversation=talk, names=["bot.example"]) as server:  # noqa: S104 - the case
        address = f"http://127.0.0.1:{server.port}"
        for path, name, status in (("/healthz", "10.1.2.3", 200), ("/", "10.1.2.3", 403), ("/", "bot.example", 200)):
            async with client.get(address + path, headers={"Host": name}) as answer:
                assert answer.status == status


async def test_the_market_clock_is_told_to_the_page(client: ClientSession, talk: Talk) -> None:
    def market() -> dict[str, object]:
        return {"now": "2022-05-09T00:00:00+00:00", "speed": 60}

    async with WebServer(conversation=talk, around=Around(market=market)) as server, await _socket(client, server) as socket:
        told = [await _next(socket), await _next(socket)]
    assert {"type": "market", "now": "2022-05-09T00:00:00+00:00", "speed": 60} in told


async def test_the_page_is_told_what_it_can_make_happen_and_the_wish_is_done(client: ClientSession, talk: Talk) -> None:
    played: list[str] = []

    async def play(name: str) -> None:
        played.append(name)

    around = Around(market=lambda: {"now": f"after {played}"}, scenes=("panic",), play=play)
    async with WebServer(conversation=talk, around=around) as server:
        async with await client.ws_connect(f"{server.url}socket", headers={"Origin": server.url.rstrip("/")}) as raw:
            assert await _next(raw) == {"type": "page", "scenes": ["panic"]}
        async with await _socket(client, server) as socket:
            for name in ("moon", "panic"):
                await socket.send_json({"type": "play", "name": name})
            told = [await _next(socket) for _ in range(4)]
    assert [one["type"] for one in told if one["type"] in ("refused", "played")] == ["refused", "played"]
    assert {"type": "played", "name": "panic", "market": {"now": "after ['panic']"}} in told
    assert played == ["panic"]


async def test_the_page_hears_at_once_that_the_market_is_slow_and_that_it_no_longer_is(
    client: ClientSession, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan that is done within a tenth of a second was under way all the same: it is said before the market is told again, whenever."""
    monkeypatch.setattr(web_socket, "_MARKET_EVERY_S", 1000.0)
    monkeypatch.setattr(web_socket, "_LOOKS", 100_000)
    slow: dict[str, object] = {}
    async with WebServer(conversation=talk, around=Around(market=lambda: dict(slow))) as server, await _socket(client, server) as socket:
        while (await _next(socket))["type"] != "market":
            pass
        for needed in ({"why": "runs", "plan": 1}, None):
            slow["slow_for"] = needed
            while (await _next(socket)).get("slow_for", "unsaid") != needed:
                pass


async def test_a_market_that_nobody_stages_offers_nothing(client: ClientSession, talk: Talk) -> None:
    async with WebServer(conversation=talk) as server:
        raw = await client.ws_connect(f"{server.url}socket", headers={"Origin": server.url.rstrip("/")})
        assert await _next(raw) == {"type": "page", "scenes": []}
        await raw.close()


async def test_closing_says_goodbye_and_frees_the_port(client: ClientSession, talk: Talk) -> None:
    server = WebServer(conversation=talk)
    await server.start()
    port = server.port
    socket = await _socket(client, server)
    await _next(socket)
    await server.close()
    assert (await socket.receive(timeout=LIMIT_S)).type is WSMsgType.CLOSE
    async with WebServer(port=port, conversation=talk) as again:
        assert again.port == port
        with pytest.raises(SettingError, match=f"CHATBOT_METRICS_PORT: port {port} of 127.0.0.1 cannot be had .another program has it"):
            await WebServer(port=port, setting="CHATBOT_METRICS_PORT").start()
    await socket.close()

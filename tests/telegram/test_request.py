"""The cheaper way to Telegram carries the same as the library's, through the same proxies, and says as little when it fails."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from telegram import Bot, InputFile
from telegram.error import BadRequest, NetworkError, TelegramError, TimedOut

from handlers.transport import request as way
from handlers.transport.rate_limit import _made
from handlers.transport.request import Requests
from tests.telegram.server import TOKEN
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

_CHAT = {"id": 5, "type": "private", "first_name": "Ann"}
_SENT = {"ok": True, "result": {"message_id": 1, "date": 1, "chat": _CHAT, "text": "x"}}


class Ear:
    """Hears calls, and answers each with what it is told to."""

    def __init__(self) -> None:
        self.url = ""
        self.heard: list[tuple[str, str, dict[str, Any]]] = []
        #: not set: it hears, and says nothing
        self.answers = asyncio.Event()
        self.answers.set()
        self.answer: Callable[[web.Request], web.StreamResponse] = lambda _: web.json_response(_SENT)

    async def hear(self, request: web.Request) -> web.StreamResponse:
        """Note the address, what kind of body came, and its fields; a file by its name, kind and content."""
        fields: dict[str, Any] = {}
        for name, value in (await request.post()).items():
            fields[name] = (value.filename, value.content_type, value.file.read()) if isinstance(value, web.FileField) else value
        self.heard.append((request.path, request.content_type, fields))
        await self.answers.wait()
        return self.answer(request)


@pytest.fixture
async def ear() -> AsyncIterator[Ear]:
    found = Ear()
    app = web.Application(client_max_size=20 * 1024 * 1024)
    app.router.add_route("*", "/{rest:.*}", found.hear)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield found
    await runner.cleanup()


@cache
def _certificates() -> ssl.SSLContext:
    return ssl.create_default_context()


@asynccontextmanager
async def bots(url: str) -> AsyncIterator[tuple[Bot, Bot]]:
    """Give a bot that calls by the library's way, and one that calls by the cheaper one."""
    usual, cheap = Requests(4, _certificates()), Requests(4, _certificates())
    await cheap.hasten()
    try:
        yield Bot(TOKEN, base_url=f"{url}/bot", request=usual), Bot(TOKEN, base_url=f"{url}/bot", request=cheap)
    finally:
        await usual.shutdown()
        await cheap.shutdown()


async def test_both_ways_carry_the_same(ear: Ear) -> None:
    """Words of any script, a file with a name that has to be quoted, one too large for one piece, a call without anything, a download."""
    async with bots(ear.url) as both:
        for bot in both:
            await bot.send_message(5, "5 % & <b>más</b> = ½ 🙂\n+", parse_mode="HTML")
            await bot.send_document(5, InputFile(b"a,b\n", filename="Ann's report & años.csv"), caption="añ")
            await bot.send_photo(5, InputFile(b"\x89PNG" + b"0" * 2**20, filename="chart.png"))
            await bot.delete_webhook()
            assert await bot.request.retrieve(f"{ear.url}/file/bot{TOKEN}/a%20b.csv")
    assert ear.heard[:5] == ear.heard[5:]
    assert ear.heard[0][2]["text"] == "5 % & <b>más</b> = ½ 🙂\n+"
    assert [field for field in ear.heard[1][2].values() if isinstance(field, tuple)] == [("Ann's report & años.csv", "text/csv", b"a,b\n")]


@pytest.mark.parametrize("status", [200, 403, 429, 502])
async def test_both_ways_tell_the_same_of_an_answer(ear: Ear, status: int) -> None:
    refusal = {"ok": False, "error_code": status, "description": "no", "parameters": {"retry_after": 7} if status == 429 else {}}
    ear.answer = lambda _: web.json_response(_SENT if status == 200 else refusal, status=status)
    found = []
    async with bots(ear.url) as both:
        for bot in both:
            try:
                found.append(repr((await bot.send_message(5, "x")).to_dict()))
            except TelegramError as error:
                found.append(repr(error))
    assert found[0] == found[1]


async def test_an_answer_that_does_not_come_is_waited_for_no_longer_than_asked(ear: Ear) -> None:
    async with bots(ear.url) as (_, cheap):
        ear.answers.clear()
        with pytest.raises(TimedOut):
            await cheap.send_message(5, "x", read_timeout=0.05)
        ear.answers.set()
        assert (await cheap.send_message(5, "x", read_timeout=LIMIT_S)).message_id == 1


async def test_what_fails_does_not_tell_the_token(ear: Ear) -> None:
    """Not in its words, and not in what it came from: both are logged."""

    def torn(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.write(b"NONSENSE\r\n\r\n")
        return web.Response()

    async with bots("http://127.0.0.1:1") as (_, deaf), bots(ear.url) as (_, cheap):
        ear.answer = torn
        for bot in (deaf, cheap):
            with pytest.raises(NetworkError, match=r"aiohttp\.Client") as failed:
                await bot.send_message(5, "x")
            told = [failed.value, failed.value.__cause__]
            assert not any(TOKEN in repr(one) for one in told)
            assert failed.value.__suppress_context__


async def test_text_that_cannot_be_written_is_refused_as_that(ear: Ear) -> None:
    async with bots(ear.url) as both:
        for bot in both:
            with pytest.raises(BadRequest, match="cannot be written"):
                await _made(bot.send_message, (5, "\ud800"), {})
    assert not ear.heard


async def test_a_proxy_of_the_environment_is_used(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    way._proxy.cache_clear()
    monkeypatch.setenv("ALL_PROXY", ear.url)
    monkeypatch.setenv("NO_PROXY", "near.example")
    try:
        async with bots("http://telegram.example") as both:
            for bot in both:
                await bot.send_message(5, "x")
        assert way._proxy("https", "near.example") is None
    finally:
        way._proxy.cache_clear()
    assert ear.heard[0] == ear.heard[1], "both reached it by the proxy"


async def test_what_only_the_library_knows_goes_its_way(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    way._proxy.cache_clear()
    monkeypatch.setattr(way, "getproxies", lambda: {"all": "socks5://127.0.0.1:1"})
    try:
        async with bots(ear.url) as (_, cheap):
            assert isinstance(cheap.request, Requests)
            await cheap.send_message(5, "x")
            assert cheap.request._session is None
    finally:
        way._proxy.cache_clear()


async def test_nothing_is_opened_again_after_the_end(ear: Ear) -> None:
    """A call of a task that ends late would leave connections that nobody closes."""
    async with bots(ear.url) as both:
        await both[1].send_message(5, "x")
    for bot in both:
        with pytest.raises(NetworkError, match="not initialized"):
            await bot.send_message(5, "x")
        assert isinstance(bot.request, Requests)
        assert bot.request._session is None

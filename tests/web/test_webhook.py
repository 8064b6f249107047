"""Where Telegram delivers: without its secret nothing is read, and it is told to send again only what could not be written down."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
import pytest

from chatbot.web.server import WebServer
from chatbot.web.webhook import Webhook

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SECRET = "s" * 32
HEADER = "X-Telegram-Bot-Api-Secret-Token"


class Taker:
    """What takes updates; it takes them, unless told otherwise."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.works = True

    async def __call__(self, text: str) -> bool:
        """Note what was given."""
        self.taken.append(text)
        return self.works


@asynccontextmanager
async def served(taker: Taker) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    """Serve the webhook under a public address with a path."""
    webhook = Webhook(taker, "https://bot.example.org/ballast/telegram", SECRET)
    async with WebServer(webhook=webhook) as server, aiohttp.ClientSession(headers={"Host": "bot.example.org"}) as session:
        yield session, server.url


async def told(session: aiohttp.ClientSession, url: str, body: bytes, secret: str | None = SECRET) -> int:
    """Deliver something as Telegram does and return the status of the answer."""
    headers = {} if secret is None else {HEADER: secret}
    async with session.post(url, data=body, headers={**headers, "Content-Type": "application/json"}) as answer:
        assert await answer.read() == b""
        return answer.status


async def test_it_is_taken_at_both_addresses_and_told_when_it_could_not_be() -> None:
    taker = Taker()
    async with served(taker) as (session, url):
        assert await told(session, f"{url}telegram", b'{"update_id": 1}') == 200
        assert await told(session, f"{url}ballast/telegram", b'{"update_id": 2}') == 200
        taker.works = False
        assert await told(session, f"{url}telegram", b'{"update_id": 3}') == 503
    assert taker.taken == ['{"update_id": 1}', '{"update_id": 2}', '{"update_id": 3}']


@pytest.mark.parametrize("secret", [None, "", "s" * 31, "s" * 33, "S" * 32, "sś"])
async def test_without_the_secret_nothing_is_read(secret: str | None) -> None:
    taker = Taker()
    async with served(taker) as (session, url):
        assert await told(session, f"{url}telegram", b'{"update_id": 1}', secret) == 403
        async with session.get(f"{url}telegram", headers={HEADER: SECRET}) as answer:
            assert answer.status == 405
        async with session.post(f"{url}telegram", headers={HEADER: SECRET, "Host": "other.example.org"}) as answer:
            assert answer.status == 403
    assert taker.taken == []


async def test_what_is_too_long_to_be_one_is_passed_over_and_the_next_is_taken() -> None:
    """Refused, it would be sent again for a day."""
    taker = Taker()
    async with served(taker) as (session, url):
        assert await told(session, f"{url}telegram", b"x" * 600_000) == 200
        assert await told(session, f"{url}telegram", b'{"update_id": 2}') == 200
        assert await told(session, f"{url}telegram", b"\xff\xfe") == 200
    assert taker.taken == ['{"update_id": 2}', "\ufffd\ufffd"]

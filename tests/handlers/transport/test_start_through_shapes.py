"""What a proxy, a captive portal or another server answers in Telegram's place while the bot starts: it waits, tells it, and starts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from handlers.transport.running import running
from tests.person import ANN, someone
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from pathlib import Path

#: answers that are none of Telegram's, or only half
SHAPES = (
    b"[]", b"{}", b"null", b"true", b"17", b'"ok"', b"", b"\xff\xfe", b"<html><body>Sign in to the hotel</body></html>", b'{"ok": true',
    b'{"ok":true}', b'{"ok":true,"result":null}', b'{"ok":true,"result":[]}', b'{"ok":true,"result":{}}', b'{"ok":true,"result":5}',
    b'{"ok":true,"result":"yes"}', b'{"ok":false}', b'{"ok":false,"error_code":"x","description":7}', b'{"ok":1,"result":{"id":"a"}}',
    b'{"ok":true,"result":{"id":"1","is_bot":true,"first_name":"B","username":"b"}}', b"[" * 5000,
)  # fmt: skip
CALLS = ("getMe", "deleteWebhook", "setMyCommands", "getUpdates")


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("status", "shapes"), [(200, SHAPES), (502, SHAPES[::4]), pytest.param(502, SHAPES, marks=pytest.mark.slow)])
async def test_the_start_survives_every_shape(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, status: int, shapes: tuple[bytes, ...]
) -> None:
    """Each shape twice at one of the calls of a start; then the bot is there and answers."""
    async with someone(tmp_path) as ann:
        request = type(ann.bot.bot._request[0])
        carried, waiting = request.do_request, []

        async def do_request(self: Any, url: str, *given: Any, **more: Any) -> tuple[int, bytes]:
            if url.endswith(f"/{call}") and waiting:
                return status, waiting.pop()
            return await carried(self, url, *given, **more)

        monkeypatch.setattr(request, "do_request", do_request)
        await ann.bot.shutdown()
        for shape in shapes:
            before = ann.newest
            waiting[:] = [shape, shape]
            async with asyncio.timeout(LIMIT_S), running(ann.program, ann.bot):
                await ann.loopback.text(ANN, "/help")
                # the menu is set beside the first answers
                while "/status" not in ann.since(before) or len(waiting) > 1:  # noqa: ASYNC110 - what is waited for has no event
                    await asyncio.sleep(0.005)

"""A server, and a bot process that leaves no trace of the token, in what it prints and in its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.telegram.server import TOKEN, BotProcess, TelegramServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer().up() as up:
        yield up


@pytest.fixture
async def bot(server: TelegramServer, tmp_path: Path) -> AsyncIterator[BotProcess]:
    process = BotProcess(server.url, tmp_path)
    yield process
    if process._process is not None:
        await process.kill()
    assert TOKEN not in process.printed
    assert TOKEN.partition(":")[2] not in process.printed
    for file in tmp_path.rglob("*"):  # noqa: ASYNC240 - the end of a test
        assert not file.is_file() or TOKEN.partition(":")[2].encode() not in file.read_bytes(), file

"""Calls to a Telegram whose every answer takes 60 ms, and updates that are taken, handled and answered over it, by one core."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import re
import tempfile
import time
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from telegram.ext import Application, MessageHandler, filters
from telegram.request import RequestData
from telegram.request._requestparameter import RequestParameter

from bench.figures import Figure
from bench.stub import TOKEN
from chatbot.clock import SystemClock
from chatbot.config import load_settings
from chatbot.store.database import Database
from handlers.transport.line import connect
from handlers.transport.updates import MAX_CHATS, InOrder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from multiprocessing.connection import Connection

    from telegram import Update

    from handlers.transport.line import TelegramLine

#: to Telegram and back, seconds
_AWAY_S = 0.06
_CALLS, _UPDATES, _WARM_UP = 6_000, 3_000, 400
#: by the library's client, which is slow enough to be known sooner
_CALLS_BEFORE = 300
#: updates in one answer, and the chats that they come from
_LIMIT, _CHATS = 100, 500
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_OFFSET = re.compile(rb"offset=(\d+)")
_ME = {"id": 7_000_000_001, "is_bot": True, "first_name": "Ballast", "username": "ballast_bot"}
_CHAT = {"id": 5, "type": "private", "first_name": "Ann"}


async def figures() -> list[Figure]:
    """Count calls by the library's client, then by ours, then updates from their poll to their answer."""
    with _telegram(0) as url:
        async with _line(url) as line:
            bare_before = await _calls(line, _CALLS_BEFORE, _post)
            before = await _calls(line, _CALLS_BEFORE)
            await line.hasten()
            bare = await _calls(line, _CALLS, _post)
            calls = await _calls(line, _CALLS)
    with _telegram(_UPDATES) as url:
        async with _line(url) as line:
            await line.hasten()
            updates = await _updates(line)
    return [
        *_rows(f"the transport, {MAX_CHATS} calls side by side at {_AWAY_S * 1e3:g} ms", bare, aim=1_500.0, aim_ms=0.5),
        *_rows("  by the library's client", bare_before),
        *_rows("messages sent over it, as the library sends and reads them", calls, aim=1_500.0),
        *_rows("  by the library's client", before),
        *_rows("updates polled, written down, handled, answered", updates),
    ]


def _rows(name: str, spent: tuple[int, float, float], aim: float | None = None, aim_ms: float | None = None) -> list[Figure]:
    count, wall, cpu = spent
    each = Figure(name="    processor time", unit="ms each", samples=(cpu / count * 1e3,), aim=aim_ms)
    return [Figure(name=name, unit="per s", samples=(count / wall,), aim=aim, more_is_better=True), each]


async def _send(line: TelegramLine, chat_id: int) -> None:
    await line.bot.send_message(chat_id, "Nothing to leave.", parse_mode="HTML")


async def _post(line: TelegramLine, chat_id: int) -> None:
    """Make the same call by the transport alone."""
    said = {"chat_id": chat_id, "text": "Nothing to leave.", "parse_mode": "HTML"}
    fields = RequestData([RequestParameter.from_input(name, value) for name, value in said.items()])
    await line.bot.request.post(f"{line.bot.base_url}/sendMessage", fields)


async def _calls(line: TelegramLine, count: int, call: Callable[[TelegramLine, int], Awaitable[None]] = _send) -> tuple[int, float, float]:
    """Call for many chats; return how often, and the seconds and the processor time that it took."""

    async def send(numbers: Iterator[int]) -> None:
        for number in numbers:
            await call(line, number % _CHATS + 1)

    async def all_of(count: int) -> None:
        numbers = iter(range(count))
        await asyncio.gather(*(send(numbers) for _ in range(MAX_CHATS)))

    await all_of(_WARM_UP)
    began, cpu = time.perf_counter(), time.process_time()
    await all_of(count)
    return count, time.perf_counter() - began, time.process_time() - cpu


async def _updates(line: TelegramLine) -> tuple[int, float, float]:
    """Answer what is polled with one message each, in order within a chat, everything written down on a SQLite file as ``run`` does."""
    answered = 0
    everybody = asyncio.Event()

    async def answer(update: Update, _: object) -> None:
        nonlocal answered
        if update.message is not None:
            await update.message.reply_text("Nothing to leave.")
        answered += 1
        if answered == _UPDATES:
            everybody.set()

    in_order = InOrder(line.db, line.whispers)
    bot = Application.builder().bot(line.bot).update_queue(line.updates).concurrent_updates(in_order).updater(None).build()
    bot.add_handler(MessageHandler(filters.ALL, answer))
    await bot.initialize()
    await bot.start()
    began, cpu = time.perf_counter(), time.process_time()
    polling = asyncio.create_task(line.poll())
    await everybody.wait()
    spent = time.perf_counter() - began, time.process_time() - cpu
    polling.cancel()
    await asyncio.wait({polling})
    await bot.stop()
    return _UPDATES, *spent


@asynccontextmanager
async def _line(url: str) -> AsyncIterator[TelegramLine]:
    """Give the line as it is made for Telegram, with a SQLite file behind it."""
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite+aiosqlite:///{Path(folder) / 'updates.sqlite'}")
        await db.migrate()
        line = connect(load_settings(telegram_token=TOKEN, telegram_api_url=url, data_dir=Path(folder)), db, SystemClock())
        try:
            await line.bot.initialize()
            yield line
        finally:
            await line.bot.shutdown()
            await db.close()


@contextmanager
def _telegram(updates: int) -> Iterator[str]:
    """Give the address of a Telegram in a process of its own, in which so many updates wait."""
    spawning = multiprocessing.get_context("spawn")
    here, there = spawning.Pipe()
    process = spawning.Process(target=_serve, args=(there, updates), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        process.kill()
        process.join()


def _serve(told: Connection, updates: int) -> None:
    asyncio.run(_served(told, updates))


async def _served(told: Connection, updates: int) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: _Answers(updates), "127.0.0.1", 0)
    told.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


class _Answers(asyncio.Protocol):
    """One connection: whatever is asked is answered after a while, and costs this side next to nothing."""

    def __init__(self, updates: int) -> None:
        self._updates, self._heard = updates, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._heard += data
        while (end := self._heard.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._heard, 0, end)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._heard) < whole:
                return
            asked, self._heard = self._heard[:whole], self._heard[whole:]
            asyncio.get_running_loop().call_later(_AWAY_S, self._answer, asked)

    def _answer(self, asked: bytes) -> None:
        if isinstance(self._transport, asyncio.WriteTransport) and not self._transport.is_closing():
            body = json.dumps({"ok": True, "result": self._result(asked)}).encode()
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    def _result(self, asked: bytes) -> object:
        method = asked.split(b" ", 2)[1].rpartition(b"/")[2]
        if method == b"getMe":
            return _ME
        if method != b"getUpdates":
            return {"message_id": 1, "date": 1, "chat": _CHAT, "from": _ME, "text": "Nothing to leave."}
        offset = _OFFSET.search(asked)
        first = int(offset[1]) if offset else 1
        return [_update(number) for number in range(first, min(first + _LIMIT, self._updates + 1))]


def _update(number: int) -> object:
    who = number % _CHATS + 1
    said = {"message_id": number, "date": 1, "chat": {**_CHAT, "id": who}, "from": {"id": who, "is_bot": False, "first_name": "Ann"}}
    return {"update_id": number, "message": {**said, "text": "hello"}}

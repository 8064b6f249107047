"""The outbox without Telegram: how many stored messages a second leave it when nobody has to be waited for."""

from __future__ import annotations

import asyncio
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bench.figures import Figure
from chatbot.clock import ManualClock
from chatbot.model import Delivery, MessageKind, Verdict
from chatbot.outbox import Outbox
from chatbot.store import messages
from chatbot.store.database import Database

if TYPE_CHECKING:
    from chatbot.model import Message

_ROUNDS, _CHATS = 5, 200
#: messages that wait, each in a chat of its own, and of those the first that are sent
_CROWD, _FIRST = 10_000, 500
#: what Telegram takes from one bot in a second
_TELEGRAM_PER_S = 25.0


async def figures() -> list[Figure]:
    """Post and deliver; the pace that Telegram asks for passes on a clock that jumps."""
    return [*await _rounds(), await _with_a_crowd()]


async def _with_a_crowd() -> Figure:
    """Take the processor's time for a message while thousands wait behind it: the pace leaves a twenty-fifth of a second."""
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite+aiosqlite:///{Path(folder) / 'outbox.sqlite'}")
        await db.migrate()
        clock = ManualClock(datetime(2026, 1, 5, 9, tzinfo=UTC))
        await _post(db, clock.now(), 0, _CROWD)
        enough, sent = asyncio.Event(), 0

        async def send(message: Message) -> Delivery:
            nonlocal sent
            sent += 1
            if sent == _FIRST:
                enough.set()
            return Delivery(verdict=Verdict.SENT, message_id=message.id)

        began = time.process_time()
        draining = asyncio.create_task(Outbox(db, clock, send).drain())
        await enough.wait()
        spent = time.process_time() - began
        draining.cancel()
        with suppress(asyncio.CancelledError):
            await draining
        await db.close()
    return Figure(
        name=f"  of the processor, while {_CROWD:,} wait", unit="ms each", samples=(spent / _FIRST * 1000,), aim=1000 / _TELEGRAM_PER_S
    )


async def _rounds() -> list[Figure]:
    posting, leaving = [], []
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite+aiosqlite:///{Path(folder) / 'outbox.sqlite'}")
        await db.migrate()
        clock = ManualClock(datetime(2026, 1, 5, 9, tzinfo=UTC))
        sent: list[int] = []

        async def send(message: Message) -> Delivery:
            sent.append(message.id)
            return Delivery(verdict=Verdict.SENT, message_id=len(sent))

        outbox = Outbox(db, clock, send)
        for turn in range(_ROUNDS):
            began = time.perf_counter()
            await _post(db, clock.now(), turn)
            posted = time.perf_counter()
            await outbox.drain()
            posting.append(_CHATS / (posted - began))
            leaving.append(_CHATS / (time.perf_counter() - posted))
        await db.close()
    if len(sent) != _ROUNDS * _CHATS:
        raise AssertionError(f"{len(sent)} messages left instead of {_ROUNDS * _CHATS}")
    return [
        Figure(name="outbox: messages sent and settled", unit="per s", samples=tuple(leaving), aim=_TELEGRAM_PER_S, more_is_better=True),
        Figure(name="  posted, one transaction", unit="per s", samples=tuple(posting)),
    ]


async def _post(db: Database, now: datetime, turn: int, chats: int = _CHATS) -> None:
    async with db.transaction() as tx:
        for chat in range(1, chats + 1):
            await messages.post(tx, chat_id=chat, kind=MessageKind.DRIFT, facts={"portfolio_id": chat}, key=f"{turn}-{chat}", now=now)

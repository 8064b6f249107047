"""The inbox on a real PostgreSQL: updates reach whoever owns their people, once and in order, and nobody else."""

from __future__ import annotations

import asyncio
import statistics
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from telegram import Update
from telegram.ext import ExtBot

from chatbot.clock import SystemClock
from chatbot.shares.owned import Shares
from chatbot.store import events, messages
from chatbot.store.database import Database
from chatbot.vault import Vault, new_master_key
from handlers.chat.lowest_message import Newest
from handlers.transport.inbox import Inbox
from handlers.transport.letterbox import Letterbox
from handlers.transport.line import TelegramLine
from handlers.transport.updates import TRIES_MAX, InOrder
from tests.handlers.transport.test_letterbox import KEY, written
from tests.store.databases import postgres_or_skip
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

pytestmark = pytest.mark.long
BOT: ExtBot[None] = ExtBot("7000000001:loopback")
VAULT = Vault([new_master_key()])


class Worker:
    """A process that takes updates of its shares and handles them, slowly where it is told to."""

    def __init__(self, db: Database, shares: Shares) -> None:
        self.db, self.shares = db, shares
        self.line = TelegramLine(BOT, db, SystemClock())
        self.newest = Newest()
        self.in_order = InOrder(db, self.line.whispers, None, shares, self.line.taken, self.newest)
        self.handled: list[tuple[int, int, str]] = []
        self.given_up: list[int] = []
        #: what handling takes, by the number of the update
        self.slow: Callable[[int], Coroutine[Any, Any, None]] = lambda _: asyncio.sleep(0)

    async def give_up(self, update: Update) -> None:
        """Note what is not tried any more."""
        self.given_up.append(update.update_id)

    @asynccontextmanager
    async def up(self) -> AsyncIterator[Worker]:
        """Work inside the block; at its end everything is broken off, as by a kill."""
        inbox = Inbox(self.db, self.line, BOT, self.shares, VAULT.open_words, self.give_up)
        tasks = {asyncio.ensure_future(inbox.run()), asyncio.ensure_future(self._fetch())}
        try:
            yield self
        finally:
            await self.in_order.abandon()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _fetch(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            while True:
                update = await self.line.updates.get()
                assert isinstance(update, Update)
                tasks.create_task(self.in_order.process_update(update, self._handle(update)))

    async def _handle(self, update: Update) -> None:
        assert update.effective_chat is not None
        await self.slow(update.update_id)
        self.newest.note(update.effective_chat.id, update.update_id)
        self.handled.append((update.effective_chat.id, update.update_id, self.line.whispers.take(update.update_id)))

    @property
    def numbers(self) -> list[int]:
        """Return which updates were handled, in that order."""
        return [number for _, number, _ in self.handled]


@pytest.fixture
async def dbs() -> AsyncIterator[tuple[Database, Database, Database]]:
    """Give the connections of three processes to one database."""
    url = await postgres_or_skip().copy()
    opened = Database(url), Database(url), Database(url)
    yield opened
    for one in opened:
        await one.close()


@asynccontextmanager
async def letterbox_of(db: Database) -> AsyncIterator[Letterbox]:
    letterbox = Letterbox(db, SystemClock(), VAULT)
    running = asyncio.ensure_future(letterbox.run())
    yield letterbox
    running.cancel()
    await asyncio.wait({running})


async def test_each_worker_takes_its_own_in_order_and_at_once(dbs: tuple[Database, ...]) -> None:
    """Two workers, twelve people; half a minute would be as good for order, and a look every quarter of a second as good for all."""
    evens, odds = (Worker(db, Shares(range(first, 64, 2))) for db, first in zip(dbs[1:], (0, 1), strict=True))
    async with letterbox_of(dbs[0]) as letterbox, evens.up(), odds.up():
        waits = []
        for number in range(1, 61):
            began = time.perf_counter()
            assert await letterbox.take(written(number, f"hello {number}", 100 + number % 12))
            await until(lambda number=number: number in evens.numbers or number in odds.numbers)  # type: ignore[misc]
            waits.append(time.perf_counter() - began)
        await asyncio.gather(*(letterbox.take(written(one, KEY, 100 + one % 12)) for one in range(61, 161)))
        await until(lambda: len(evens.numbers) + len(odds.numbers) == 160)
        await until(lambda: not evens.line.taken.numbers + odds.line.taken.numbers)
    print(f"from the letterbox to its handler: {statistics.median(waits) * 1000:.1f} ms in the median")  # noqa: T201 - read with -s
    assert statistics.median(waits) < 0.2, "nobody waits for the next look"
    for worker, first in ((evens, 0), (odds, 1)):
        assert {chat % 2 for chat, _, _ in worker.handled} == {first}
        for chat in {chat for chat, _, _ in worker.handled}:
            numbers = [number for one, number, _ in worker.handled if one == chat]
            assert numbers == sorted(set(numbers))
    assert {said for worker in (evens, odds) for _, number, said in worker.handled if number > 60} == {KEY}
    async with dbs[0].read() as tx:
        assert await events.unfinished_updates(tx) == ()
        lowest = await messages.lowest(tx, 100)
        assert lowest is not None
        assert lowest[0] == max(number for chat, number, _ in evens.handled if chat == 100)


async def test_what_was_not_begun_goes_to_whoever_gets_the_share(dbs: tuple[Database, ...]) -> None:
    """What is in hand is ended by who began it; what waits behind it in the same chat is not begun any more, and counts as no kill."""
    one, other = Worker(dbs[1], Shares([6, 7])), Worker(dbs[2], Shares(()))
    held = asyncio.Event()

    async def hold(number: int) -> None:
        if number == 1:
            await held.wait()

    one.slow = hold
    async with letterbox_of(dbs[0]) as letterbox, one.up(), other.up():
        for number in (1, 2, 3):
            await letterbox.take(written(number, "hello", 70))
        await until(lambda: len(one.line.taken.numbers) == 3 and not one.shares.is_idle(6))
        one.shares.let_go([6])
        held.set()
        await until(lambda: one.shares.is_idle(6) and not one.line.taken.numbers)
        await one.shares.lose([6])
        assert one.numbers == [1]
        await other.shares.gain([6])
        await until(lambda: other.numbers == [2, 3])
        await letterbox.take(written(4, "hello", 70))
        await letterbox.take(written(5, "hello", 71))
        await until(lambda: other.numbers == [2, 3, 4] and one.numbers == [1, 5])


async def test_what_kills_its_worker_is_found_out_and_the_others_are_answered(dbs: tuple[Database, ...]) -> None:
    """The share goes from one to the next; what came behind the suspect waits until that was tried or given up."""

    async def deadly(number: int) -> None:
        if number == 1:
            await asyncio.Event().wait()

    handled: list[int] = []
    given_up: list[int] = []
    async with letterbox_of(dbs[0]) as letterbox:
        await letterbox.take(written(1, "deadly", 70))
        await letterbox.take(written(2, "hello", 134))
        for number in range(TRIES_MAX + 1):
            worker = Worker(dbs[1 + number % 2], Shares([6]))
            worker.slow = deadly
            async with worker.up():
                await until(lambda worker=worker: worker.given_up or not worker.shares.is_idle(6))  # type: ignore[misc]
                await letterbox.take(written(10 + number, "hello", 198))
                if worker.given_up:
                    await until(lambda worker=worker: 10 + TRIES_MAX in worker.numbers)  # type: ignore[misc]
                await until(lambda worker=worker: worker.line.taken.numbers in ((), (1,)))  # type: ignore[misc]
            handled += worker.numbers
            given_up += worker.given_up
    assert given_up == [1]
    assert len(handled) == len(set(handled))
    assert {2, *range(10, 11 + TRIES_MAX)} == set(handled)
    async with dbs[0].read() as tx:
        assert await events.unfinished_updates(tx) == ()


async def test_updates_of_before_there_were_shares_find_their_owner(dbs: tuple[Database, ...]) -> None:
    async with dbs[0].transaction() as tx:
        await events.record_update(tx, 1, written(1, "hello", 70))
        await events.record_update(tx, 2, "no json")
    worker, rest = Worker(dbs[1], Shares([6])), Worker(dbs[2], Shares(set(range(64)) - {6}))
    async with worker.up(), rest.up():
        await until(lambda: worker.numbers == [1])
    assert rest.numbers == []

"""Shares by locks of a real PostgreSQL: taken, given back, taken over, and lost with the session."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from sqlalchemy import make_url

from chatbot.model import SHARES
from chatbot.shares import by_locks
from chatbot.shares.by_locks import ByLocks, Lost
from chatbot.shares.owned import ALL, Shares
from chatbot.store.rights import session
from chatbot.store.rights.session import LockSession
from tests.store.databases import postgres_or_skip
from tests.waiting import until

pytestmark = pytest.mark.long


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_locks, "LOOK_S", 0.05)
    monkeypatch.setattr(by_locks, "GIVEN_S", 0.2)


@dataclass
class Worker:
    """One of those who share the work."""

    url: str
    shares: Shares = field(default_factory=lambda: Shares(()))
    busy: set[int] = field(default_factory=set)
    log: list[tuple[str, frozenset[int]]] = field(default_factory=list)
    holding: asyncio.Task[None] | None = None

    async def joins(self) -> Worker:
        """Begin to take shares."""
        self.session = LockSession(make_url(self.url))
        by = ByLocks(self.session, self.shares, self._busy)
        self.shares.on_gain(self._gained)
        self.shares.on_loss(self._lost)
        await by.join()
        self.holding = asyncio.ensure_future(by.hold())
        return self

    async def ends(self) -> None:
        """End as a killed process would: its session is gone."""
        if self.holding is not None:
            self.holding.cancel()
            with suppress(asyncio.CancelledError, ExceptionGroup):
                await self.holding
        await self.session.close()

    async def _busy(self) -> set[int]:
        return self.busy

    async def _gained(self, shares: frozenset[int]) -> None:
        self.log.append(("gained", shares))

    async def _lost(self, shares: frozenset[int]) -> None:
        self.log.append(("lost", shares))


async def test_who_joins_gets_its_part_and_who_is_left_takes_over() -> None:
    """What is under way stays where it is, and is given back when it is done; never has a share two owners."""
    url = await postgres_or_skip().copy("template0")
    first, second, third = Worker(url), Worker(url), Worker(url)
    await first.joins()
    try:
        await until(lambda: first.shares.is_all)
        first.busy = set(range(0, 64, 2)) | {1}
        with first.shares.in_hand(3):
            await second.joins()
            await until(lambda: len(second.shares.owned) == SHARES - 34)
            assert first.shares.owned == {*first.busy, 3}, "what is in hand and under way is kept, although it is more than its part"
        first.busy = set()
        await until(lambda: (len(first.shares.owned), len(second.shares.owned)) == (32, 32))
        assert not first.shares.owned & second.shares.owned
        await third.joins()
        await until(lambda: len(third.shares.owned) == SHARES - 2 * 22)
        await second.ends()
        await until(lambda: first.shares.owned | third.shares.owned == ALL)
        assert not first.shares.owned & third.shares.owned
        for worker in (first, third):
            had: set[int] = set()
            for what, shares in worker.log:
                assert not had & shares if what == "gained" else shares <= had
                had = had | shares if what == "gained" else had - shares
            assert had == worker.shares.owned, "everything that was prepared and not forgotten is owned"
    finally:
        for worker in (first, second, third):
            if worker.holding is not None:
                await worker.ends()


async def test_who_loses_its_session_ends_before_another_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_locks, "GIVEN_S", 1.5)
    server = postgres_or_skip()
    url = await server.copy("template0")
    first, second = await Worker(url).joins(), Worker(url)
    try:
        await until(lambda: first.shares.is_all)
        await server.run(f"SELECT pg_terminate_backend({await first.session.number()})")
        await second.joins()
        assert first.holding is not None
        await until(first.holding.done)
        assert not second.shares.owned
        lost = first.holding.exception()
        assert isinstance(lost, ExceptionGroup)
        assert lost.subgroup(Lost) is not None
        await until(lambda: second.shares.is_all)
    finally:
        for worker in (first, second):
            if worker.holding is not None:
                await worker.ends()


async def test_what_cannot_be_prepared_is_tried_again_and_what_cannot_be_left_stays() -> None:
    """A database that is away for a moment ends no worker; meanwhile nobody works for these people, and nobody for them twice."""
    url = await postgres_or_skip().copy("template0")
    first, second = Worker(url), Worker(url)
    fails = {"prepare": 2, "busy": 2}

    def fail(what: str) -> None:
        fails[what] -= 1
        if fails[what] >= 0:
            raise ConnectionError("away")

    async def prepare(_: frozenset[int]) -> None:
        fail("prepare")

    busy = first._busy

    async def asks() -> set[int]:
        fail("busy")
        return await busy()

    first.shares.on_gain(prepare)
    first._busy = asks  # type: ignore[method-assign]
    try:
        await first.joins()
        await until(lambda: first.shares.is_all)
        await second.joins()
        await until(lambda: len(second.shares.owned) == SHARES // 2)
        assert max(fails.values()) < 0
    finally:
        for worker in (first, second):
            if worker.holding is not None:
                await worker.ends()


async def test_a_process_that_was_busy_itself_keeps_its_session_and_a_silent_one_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading the languages of the menus kept one from the loop for seconds: the answer was there, and it ended all the same."""
    monkeypatch.setattr(session, "ANSWER_S", 0.2)
    held = LockSession(make_url(await postgres_or_skip().copy("template0")))
    asked = asyncio.get_running_loop().create_future()
    try:
        await held.number()

        async def holders() -> object:
            asyncio.get_running_loop().call_later(0.05, time.sleep, 0.5)
            await asyncio.sleep(0.1)
            return await held.holders(1)

        assert await held.answered(holders()) == {}
        with pytest.raises(TimeoutError):
            await held.answered(asked)
    finally:
        await held.close()

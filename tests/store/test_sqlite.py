"""Trips to the thread only where a transaction may wait, and none that stays behind, whatever happens on the way."""

from __future__ import annotations

import asyncio
import math
import sqlite3
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.exc import OperationalError

from chatbot.store import accounts, privacy, sqlite
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from chatbot.store.database import Database

pytestmark = pytest.mark.sqlite


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list in which every trip to the thread is written down."""
    made: list[str] = []
    go = sqlite.Connection._execute

    async def counted(self: sqlite.Connection, fn: Callable[..., Any], *args: Any, **more: Any) -> Any:
        name = getattr(fn, "__name__", "statement")
        if name != "create_function":  # SQLAlchemy's, once for a new connection
            made.append(name)
        return await go(self, fn, *args, **more)

    monkeypatch.setattr(sqlite.Connection, "_execute", counted)
    return made


async def test_a_writer_makes_a_trip_as_it_commits_and_a_reader_none(
    db: Database, trips: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock is free, and the rows come back with their statement: nothing waits but for the disk."""
    monkeypatch.setattr(sqlite, "_TURN_S", 60.0)  # however busy the machine is
    async with db.transaction() as tx:
        await accounts.set_meta(tx, "k", "v")
        await accounts.set_meta(tx, "k", "w")
        assert await accounts.meta(tx, "k") == "w"
    assert trips == ["commit"]
    trips.clear()
    async with db.read() as tx:
        assert [await accounts.meta(tx, "k") for _ in range(3)] == ["w"] * 3
    assert trips == []


@pytest.mark.parametrize(("code", "waits"), [(5, True), (261, True), (517, True), (6, False), (10, False)])
def test_every_kind_of_busy_is_waited_for_and_nothing_else(code: int, waits: bool) -> None:
    """Busy alone, busy recovering what a crash left, busy with another's snapshot; a full disk or a shared cache's lock is told."""

    class Refusing:
        """Refuses to begin, for this reason."""

        def execute(self, statement: str) -> None:
            if statement == sqlite.WRITING:
                refused = sqlite3.OperationalError("refused")
                refused.sqlite_errorcode = code
                raise refused

    refusing: Any = Refusing()
    if waits:
        assert sqlite._locked_at_once(refusing) is False
    else:
        with pytest.raises(sqlite3.OperationalError):
            sqlite._locked_at_once(refusing)


async def test_a_writer_waits_in_the_thread_while_another_process_has_the_lock(
    db: Database, trips: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event loop serves everybody meanwhile, and the wait is as long as it was before."""
    monkeypatch.setattr(sqlite, "_TURN_S", 60.0)
    other = sqlite3.connect(tmp_path / "ballast.sqlite", timeout=0, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async def write() -> float:
        async with db.transaction() as tx:
            await accounts.set_meta(tx, "k", "v")
            rows = await tx.exec_driver_sql("PRAGMA busy_timeout")
            return float(rows.scalar_one())

    writing = asyncio.ensure_future(write())
    for _ in range(20):
        await asyncio.sleep(0.005)
    assert not writing.done()
    other.execute("ROLLBACK")
    assert await asyncio.wait_for(writing, LIMIT_S) == 30_000
    assert trips[0] == "statement"
    assert trips[-1] == "commit"
    other.close()


@pytest.mark.parametrize(("turn_s", "at_least"), [(60.0, 0), (0.0, 20)])
async def test_others_are_served_while_somebody_asks_a_lot(
    db: Database, monkeypatch: pytest.MonkeyPatch, turn_s: float, at_least: int
) -> None:
    """None of the questions may wait, but all together they do not keep the event loop to themselves."""
    monkeypatch.setattr(sqlite, "_TURN_S", turn_s)
    served = 0

    async def beside() -> None:
        nonlocal served
        while True:
            served += 1
            await asyncio.sleep(0)

    async with db.transaction() as tx:
        await accounts.meta(tx, "k")
        other = asyncio.create_task(beside())
        for _ in range(20):
            await accounts.meta(tx, "k")
        assert served >= at_least
        assert served == 0 or at_least
        other.cancel()


async def test_whoever_asks_after_the_others_were_served_makes_no_trip(
    db: Database, trips: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long ago the last question was: a bot that nobody writes to keeps nobody waiting."""
    monkeypatch.setattr(sqlite, "_TURN_S", 60.0)
    async with db.read() as tx:
        await accounts.meta(tx, "k")
        sqlite.Connection._first_at = -math.inf
        await accounts.meta(tx, "k")
        assert trips == ["statement"]  # as where it has kept them waiting
        await accounts.meta(tx, "k")
        sqlite.Connection._first_at = -math.inf
        await asyncio.sleep(0)
        await accounts.meta(tx, "k")
    assert trips == ["statement"]


async def test_what_may_find_many_rows_is_done_in_the_thread(db: Database, trips: list[str]) -> None:
    """A sweep of the old rows deletes whatever there is."""
    async with db.transaction() as tx:
        await accounts.set_meta(tx, "k", "v")
        trips.clear()
        await privacy.sweep(tx, datetime(2026, 1, 1, tzinfo=UTC))
        assert trips == ["statement"] * 3


async def test_a_transaction_without_a_statement_makes_no_trip(db: Database, trips: list[str]) -> None:
    """Nothing begun, nothing to end."""
    async with db.transaction(), db.read():
        pass
    assert trips == []


async def test_a_block_that_raises_leaves_no_transaction_open(db: Database, tmp_path: Path) -> None:
    """The next one to write, in this process or another, does not meet its lock."""
    with pytest.raises(ZeroDivisionError):
        await _write_and_fail(db)
    other = sqlite3.connect(tmp_path / "ballast.sqlite", timeout=0, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("ROLLBACK")
    other.close()
    async with db.read() as tx:
        assert await accounts.meta(tx, "k") is None


async def _write_and_fail(db: Database) -> None:
    async with db.transaction() as tx:
        await accounts.set_meta(tx, "k", "v")
        raise ZeroDivisionError


async def test_a_task_that_is_cancelled_on_its_way_leaves_no_transaction_open(db: Database, tmp_path: Path) -> None:
    """Its BEGIN may run after it is gone: what it has begun is rolled back before the connection serves anybody else."""
    other = sqlite3.connect(tmp_path / "ballast.sqlite", timeout=0, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    asked = asyncio.Event()

    async def write() -> None:
        async with db.transaction() as tx:
            asked.set()
            await accounts.set_meta(tx, "k", "of the cancelled one")

    task = asyncio.create_task(write())
    await asked.wait()
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    other.execute("ROLLBACK")
    with pytest.raises(asyncio.CancelledError):
        await task
    for number in range(3):
        async with db.transaction() as tx:
            assert await accounts.meta(tx, "k") is None
            await accounts.set_meta(tx, "n", str(number))
    other.execute("BEGIN IMMEDIATE")
    assert other.execute("SELECT value FROM pf_meta WHERE key = 'n'").fetchone() == ("2",)
    other.close()


async def test_the_thread_of_a_cancelled_task_has_ended_once_the_database_is_closed(db: Database) -> None:
    """What it hands back to nobody would else meet an event loop that is gone."""
    goes_on = threading.Event()
    connection = await sqlite.connect(db._url, db._engine.dialect)
    away = asyncio.create_task(connection._trip(lambda: goes_on.wait(LIMIT_S)))
    await asyncio.sleep(0)
    away.cancel()
    connection.stop()  # as SQLAlchemy does with what a cancelled task leaves behind
    asyncio.get_running_loop().call_later(0.05, goes_on.set)
    await db.close()
    assert not connection._thread.is_alive()


@pytest.mark.parametrize("rounds", range(1, 7))
async def test_a_task_that_is_cancelled_again_and_again_leaves_nothing_that_waits_for_ever(
    db: Database, tmp_path: Path, rounds: int
) -> None:
    """A later cancel meets the close which an earlier one began: the process ends all the same, however far that one had come."""
    other = sqlite3.connect(tmp_path / "ballast.sqlite", timeout=0, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    before = asyncio.all_tasks()
    task = asyncio.ensure_future(_write_and_fail(db))
    await asyncio.sleep(0.02)
    for _ in range(4):
        task.cancel()
        for _ in range(rounds):
            await asyncio.sleep(0)
    other.close()
    _, waiting = await asyncio.wait({task} | asyncio.all_tasks() - before, timeout=5)
    assert not waiting
    async with db.transaction() as tx:
        assert await accounts.meta(tx, "k") is None


async def test_a_statement_that_is_refused_says_so(db: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A lock that is never given up is an error of the statement that wanted it, and the transaction can be tried again."""
    monkeypatch.setattr(sqlite, "_BUSY_TIMEOUT_S", 0)
    other = sqlite3.connect(tmp_path / "ballast.sqlite", timeout=0, isolation_level=None)
    await db.close()  # connections of the usual patience
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OperationalError, match="locked"):
        async with db.transaction() as tx:
            await accounts.set_meta(tx, "k", "v")
    other.execute("ROLLBACK")
    other.close()
    async with db.transaction() as tx:
        await accounts.set_meta(tx, "k", "v")
        assert await accounts.meta(tx, "k") == "v"

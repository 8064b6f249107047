"""What is particular to the SQLite file, and the addresses that are understood."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from chatbot.errors import InternalError
from chatbot.store import accounts, sqlite
from chatbot.store.database import Database
from tests.store.databases import sqlite_url

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import URL, Dialect

pytestmark = pytest.mark.sqlite


@pytest.mark.parametrize(("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 30_000)])
async def test_the_file_is_opened_safely(db: Database, pragma: str, value: object) -> None:
    async with db.read() as tx:
        assert (await tx.execute(text(f"PRAGMA {pragma}"))).scalar_one() == value


async def test_a_transaction_inside_a_transaction_is_an_error_and_not_a_standstill(db: Database) -> None:
    async with db.transaction():
        with pytest.raises(InternalError, match="pass tx on"):
            async with db.transaction():
                pass
    async with db.transaction() as tx:
        await accounts.set_meta(tx, "k", "still works")


@pytest.mark.parametrize(("begins", "ends"), [("before", "well"), ("before", "cancelled"), ("after", "well")])
async def test_a_task_that_outlives_the_database_leaves_no_connection_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begins: str, ends: str
) -> None:
    """What the program left to itself may still read while everything is closed; nobody closes anything after that."""
    opened: list[sqlite.Connection] = []
    connect = sqlite.connect

    async def noted(url: URL, dialect: Dialect) -> sqlite.Connection:
        opened.append(await connect(url, dialect))
        return opened[-1]

    monkeypatch.setattr(sqlite, "connect", noted)
    database = Database(sqlite_url(tmp_path))
    reads, goes_on = asyncio.Event(), asyncio.Event()

    async def outlive() -> None:
        if begins == "after":
            reads.set()
            await goes_on.wait()
        async with database.read() as tx:
            await tx.execute(text("SELECT 1"))
            reads.set()
            await goes_on.wait()

    task = asyncio.create_task(outlive())
    await reads.wait()
    await database.close()
    goes_on.set()
    if ends == "cancelled":
        task.cancel()
    await asyncio.wait([task])
    assert opened
    assert all(one._connection is None for one in opened)


async def test_another_connection_that_writes_all_the_time_never_makes_us_fail(db: Database, tmp_path: Path) -> None:
    """The durable engine writes to the same file from its own threads."""

    def hammer() -> int:
        other = sqlite3.connect(tmp_path / "ballast.sqlite", timeout=30, isolation_level=None)
        for number in range(100):
            other.execute("BEGIN IMMEDIATE")
            other.execute("INSERT OR REPLACE INTO pf_meta VALUES ('other', ?)", (str(number),))
            other.execute("COMMIT")
        other.close()
        return 100

    async def count(database: Database, key: str) -> None:
        for number in range(25):
            async with database.transaction() as tx:
                await accounts.meta(tx, "other")
                await accounts.set_meta(tx, key, str(number))

    second = Database(sqlite_url(tmp_path))
    hammered, *_ = await asyncio.gather(asyncio.to_thread(hammer), count(db, "a"), count(db, "b"), count(second, "c"))
    await second.close()
    async with db.read() as tx:
        assert [await accounts.meta(tx, key) for key in ("a", "b", "c", "other")] == ["24", "24", "24", str(hammered - 1)]


async def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new' / 'folder' / 'ballast.sqlite'}")
    await database.migrate()
    await database.ping()
    await database.close()
    assert (tmp_path / "new" / "folder" / "ballast.sqlite").exists()


@pytest.mark.parametrize(
    ("url", "is_sqlite"),
    [
        ("sqlite:///x.sqlite", True),
        ("sqlite+aiosqlite:///x.sqlite", True),
        ("postgres://u:p@host/db", False),
        ("postgresql://u:p@host/db", False),
        ("postgresql+asyncpg://u:p@host/db", False),
    ],
)
def test_addresses_are_understood_as_hosting_platforms_write_them(url: str, is_sqlite: bool) -> None:
    assert Database(url).is_sqlite == is_sqlite

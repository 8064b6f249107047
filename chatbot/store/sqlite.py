"""A SQLite file behind a thread, with one trip to the thread for a statement: the library makes four, and trips are what a query costs."""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import aiosqlite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy import URL, Dialect

_BUSY_TIMEOUT_S = 30
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
#: rows, description, rowcount and lastrowid of a statement
_Done = tuple[list[Any], Any, int, int | None]


async def connect(url: URL, dialect: Dialect) -> Connection:
    """Open a file, with the safe settings and transactions that we begin ourselves."""
    names, given = dialect.create_connect_args(url)
    options: dict[str, Any] = {**given, "timeout": _BUSY_TIMEOUT_S, "isolation_level": None}

    def opened() -> sqlite3.Connection:
        connection: sqlite3.Connection = sqlite3.connect(names[0], **options)
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        return connection

    connection = Connection(opened, iter_chunk_size=64)
    connection._thread.daemon = True  # noqa: SLF001 - as SQLAlchemy does: a thread that waits must not keep the process alive
    await connection
    return connection


class Connection(aiosqlite.Connection):
    """A connection whose cursors fetch while they execute, and which ends no transaction that it has not begun."""

    def __init__(self, connector: Callable[[], sqlite3.Connection], iter_chunk_size: int) -> None:
        super().__init__(connector, iter_chunk_size)
        #: how a transaction begins together with its first statement; None once it has
        self._begin: str | None = None
        #: True from the moment something is on its way to the thread until a commit or rollback is back: a task that is
        #: cancelled in between may leave a transaction that nobody has seen begin
        self._used = False

    def begin(self, statement: str) -> None:
        """Begin a transaction with the next statement."""
        self._begin = statement

    def cursor(self) -> Cursor:  # type: ignore[override]  # the library's makes a trip for it
        """Return a cursor; nothing is asked of the thread yet."""
        return Cursor(self)

    async def run(self, statement: Callable[[sqlite3.Cursor], object]) -> _Done:
        """Begin what is to be begun, run a statement and fetch its rows, all in one trip."""
        begin, self._begin, self._used = self._begin, None, True
        found: _Done = await self._execute(partial(_run, self._conn, begin, statement))  # type: ignore[no-untyped-call]
        return found

    async def commit(self) -> None:
        """Commit; without a statement there is nothing to."""
        await self._end(super().commit)

    async def rollback(self) -> None:
        """Roll back; after a commit there is nothing to."""
        await self._end(super().rollback)

    async def _end(self, how: Callable[[], Any]) -> None:
        self._begin = None
        if self._used:
            await how()
            self._used = False


class Cursor:
    """The part of a cursor that SQLAlchemy uses, answered from memory after its one trip."""

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Cursor:
        """Run one statement."""
        return await self._run(lambda cursor: cursor.execute(sql, parameters))

    async def executemany(self, sql: str, parameters: Iterable[Sequence[Any]]) -> Cursor:
        """Run one statement with many sets of parameters."""
        return await self._run(lambda cursor: cursor.executemany(sql, parameters))

    async def _run(self, statement: Callable[[sqlite3.Cursor], object]) -> Cursor:
        self._rows, self.description, self.rowcount, self.lastrowid = await self._connection.run(statement)
        return self

    async def fetchall(self) -> list[Any]:
        """Return the rows."""
        return self._rows

    async def close(self) -> None:
        """Forget the rows; the statement ended when they were fetched."""
        self._rows = []


def _run(connection: sqlite3.Connection, begin: str | None, statement: Callable[[sqlite3.Cursor], object]) -> _Done:
    """Do in the thread what a statement needs."""
    if begin is not None:
        connection.execute(begin)
    cursor = connection.cursor()
    try:
        statement(cursor)
        rows = cursor.fetchall() if cursor.description else []
        return rows, cursor.description, cursor.rowcount, cursor.lastrowid
    finally:
        cursor.close()

"""A SQLite file behind a thread, to which a transaction goes only where it may wait: trips are most of what a statement costs.

A writer waits for the disk as it commits, and as it begins where another process holds the lock. What lies between, and all that a reader
asks, is answered from memory, in less time than a trip takes; the library makes four trips for each statement.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

import aiosqlite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from threading import Thread

    from sqlalchemy import URL, Dialect

#: how a transaction begins; a writer takes its lock first, so that it can never fail between reading and writing
READING, WRITING = "BEGIN", "BEGIN IMMEDIATE"
_BUSY_TIMEOUT_S = 30
#: what is deleted is written over: a person who leaves is gone
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")
#: what finds few rows in this program; a deletion, or a change of tables, may find all there are
_SHORT = ("SELECT", "INSERT", "UPDATE")
#: how long statements may keep the event loop from serving whoever asks nothing of the database, before one makes a trip all the same
_TURN_S = 0.005
#: seconds that a thread which was told to end is waited for
_END_S = 5.0
#: an error's code without what says more of it: busy may be busy recovering, or busy with another's snapshot
_PRIMARY = 0xFF
#: rows, description, rowcount and lastrowid of a statement
_Done = tuple[list[Any], Any, int, int | None]
_T = TypeVar("_T")


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

    #: when a statement of any connection was the first since others were served, by the monotonic clock, in seconds; None: they just were
    _first_at: ClassVar[float | None] = None
    #: the threads of all connections that were told to end and may not have ended yet
    _ending: ClassVar[frozenset[Thread]] = frozenset()

    def __init__(self, connector: Callable[[], sqlite3.Connection], iter_chunk_size: int) -> None:
        super().__init__(connector, iter_chunk_size)
        #: how a transaction begins together with its first statement; None once it has
        self._begin: str | None = None
        #: True from the first statement until a commit or rollback is back: a task that is cancelled in between may leave a
        #: transaction that nobody has seen begin
        self._used = False
        #: True from the moment something is on its way to the thread until it is back, which it never is for a cancelled task
        self._away = False
        #: True once the thread was told to end
        self._told_to_end = False

    def begin(self, statement: str) -> None:
        """Begin a transaction with the next statement."""
        self._begin = statement

    def cursor(self) -> Cursor:  # type: ignore[override]  # the library's makes a trip for it
        """Return a cursor; nothing is asked of the thread yet."""
        return Cursor(self)

    async def run(self, statement: Callable[[sqlite3.Cursor], object], *, short: bool) -> _Done:
        """Begin what is to be begun, run a statement and fetch its rows; all in one trip, or in none."""
        begin, self._begin, self._used = self._begin, None, True
        may_stay = short and self._may_stay()
        if may_stay and begin == WRITING and _locked_at_once(self._conn):
            begin = None
        work = partial(_run, self._conn, begin, statement)
        return work() if may_stay and begin != WRITING else await self._trip(work)

    async def commit(self) -> None:
        """Commit; without a statement there is nothing to."""
        self._begin = None
        if self._used:
            await self._trip(self._conn.commit)
            self._used = False

    async def rollback(self) -> None:
        """Roll back, in memory; after a commit there is nothing to."""
        self._begin = None
        if self._used:
            await self._trip(self._conn.rollback) if self._away else self._conn.rollback()
            self._used = False

    def stop(self) -> asyncio.Future[Any] | None:
        """Tell the thread to end, once: what is asked of it afterwards is never answered.

        A task that is cancelled twice ends its connection twice (SQLAlchemy's ``terminate`` and the close it had begun). The second wait
        would have no end, and the process none either. Known to both libraries: omnilib/aiosqlite 369, wapiti-scanner/wapiti 802.
        """
        if self._told_to_end:
            return None
        self._told_to_end = True
        Connection._ending = frozenset(thread for thread in {*Connection._ending, self._thread} if thread.is_alive())
        ended: asyncio.Future[Any] | None = super().stop()
        return ended

    def _may_stay(self) -> bool:
        """Tell whether others have not waited too long; the first statement since they were served has it noted when they are again."""
        if self._away:
            return False
        now = time.monotonic()
        if Connection._first_at is None:
            Connection._first_at = now
            asyncio.get_running_loop().call_soon(Connection._served)
        return now - Connection._first_at < _TURN_S

    async def _trip(self, work: Callable[[], _T]) -> _T:
        """Do something in the thread, behind what a cancelled task has left there."""
        self._away = True
        done: _T = await self._execute(work)  # type: ignore[no-untyped-call]
        self._away = False
        self._served()  # a loop that was closed before it came to it does not
        return done

    @staticmethod
    def _served() -> None:
        """Note that whoever asks nothing of the database had their turn."""
        Connection._first_at = None


async def ended() -> None:
    """Wait for the threads that were told to end, each for some seconds at most.

    A task that was cancelled on its way waits for none, and what a thread hands back to it needs an event loop that is still there.
    """
    for thread in Connection._ending:  # noqa: SLF001 - of this module
        if thread.is_alive():
            await asyncio.to_thread(thread.join, _END_S)


class Cursor:
    """The part of a cursor that SQLAlchemy uses, its rows fetched as soon as its statement is run."""

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
        return await self._run(lambda cursor: cursor.execute(sql, parameters), short=sql.startswith(_SHORT))

    async def executemany(self, sql: str, parameters: Iterable[Sequence[Any]]) -> Cursor:
        """Run one statement with many sets of parameters."""
        return await self._run(lambda cursor: cursor.executemany(sql, parameters), short=False)

    async def _run(self, statement: Callable[[sqlite3.Cursor], object], *, short: bool) -> Cursor:
        self._rows, self.description, self.rowcount, self.lastrowid = await self._connection.run(statement, short=short)
        return self

    async def fetchall(self) -> list[Any]:
        """Return the rows."""
        return self._rows

    async def close(self) -> None:
        """Forget the rows; the statement ended when they were fetched."""
        self._rows = []


def _locked_at_once(connection: sqlite3.Connection) -> bool:
    """Begin a writer's transaction if nobody else has the lock; no wait keeps the event loop from everybody."""
    connection.execute("PRAGMA busy_timeout=0")
    try:
        connection.execute(WRITING)
    except sqlite3.OperationalError as refused:
        if refused.sqlite_errorcode & _PRIMARY != sqlite3.SQLITE_BUSY:
            raise
        return False
    finally:
        connection.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_S * 1000}")
    return True


def _run(connection: sqlite3.Connection, begin: str | None, statement: Callable[[sqlite3.Cursor], object]) -> _Done:
    """Do what a statement needs."""
    if begin is not None:
        connection.execute(begin)
    cursor = connection.cursor()
    try:
        statement(cursor)
        rows = cursor.fetchall() if cursor.description else []
        return rows, cursor.description, cursor.rowcount, cursor.lastrowid
    finally:
        cursor.close()

"""The database: one set of queries for a SQLite file and for PostgreSQL, and the unit of work around them."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import sys
from contextlib import asynccontextmanager
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from sqlalchemy import event, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from chatbot.errors import InternalError, SettingError
from chatbot.store import location, sqlite
from chatbot.store.migrations import schema

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from types import ModuleType

    from sqlalchemy import URL
    from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
    from sqlalchemy.pool import ConnectionPoolEntry

_PACKAGE = "sqlalchemy.ext.asyncio"


def _engine_without_mapper() -> ModuleType:
    """Return SQLAlchemy's module of engines, without its mapper of objects: loading that is a tenth of the start, and it is not used.

    The package loads the mapper in its ``__init__``. So an empty one that knows where its folder is stands in for it while the one module
    is loaded, as in ``exchanges/live/ccxt_loader.py``; whoever asks for the package afterwards gets the real one, with this module in it.
    """
    if _PACKAGE in sys.modules:
        return importlib.import_module(f"{_PACKAGE}.engine")
    above = importlib.import_module("sqlalchemy.ext")
    spec = ModuleSpec(_PACKAGE, None, is_package=True)
    spec.submodule_search_locations = [str(Path(one) / "asyncio") for one in above.__path__]
    sys.modules[_PACKAGE] = importlib.util.module_from_spec(spec)
    try:
        return importlib.import_module(f"{_PACKAGE}.engine")
    finally:
        del sys.modules[_PACKAGE]


if not TYPE_CHECKING:
    _engine = _engine_without_mapper()
    AsyncConnection, create_async_engine = _engine.AsyncConnection, _engine.create_async_engine

#: An open transaction; every function of the store takes it first.
Tx: TypeAlias = AsyncConnection

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgres": "postgresql+asyncpg", "postgresql": "postgresql+asyncpg"}
#: seconds between two looks whether a connection that listens still does
_LISTENS_S = 2.0


class Database:
    """Opens transactions; made once by the program, closed once at its end."""

    def __init__(self, url: str) -> None:
        self._url = _with_driver(url)
        self.is_sqlite = self._url.get_backend_name() == "sqlite"
        options: dict[str, Any] = {"async_creator": self._open_sqlite} if self.is_sqlite else {}
        self._engine = create_async_engine(self._url, **options)
        self._is_closed = False
        event.listen(self._engine.sync_engine, "checkin", self._given_back)
        self._turn = asyncio.Lock()
        self._queued = 0
        self._writer: asyncio.Task[Any] | None = None
        self._listeners: list[Callable[[], None]] = []

    def on_write(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after every transaction that may have written something."""
        self._listeners.append(listener)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """Give a transaction that may write: committed at the end of the block, rolled back when it raises."""
        if not self.is_sqlite:
            async with self._engine.begin() as tx:
                yield tx
        else:
            async with self._my_turn(), self._engine.connect() as tx:
                _begin_sqlite(tx, sqlite.WRITING)
                yield tx
                await tx.commit()
        for listener in self._listeners:
            listener()

    @property
    def is_awaited(self) -> bool:
        """Tell whether other writers of this process wait for the open transaction to end; never where they need not."""
        return self._queued > 0

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Tx]:
        """Give a transaction that sees one unchanging state of the database and writes nothing."""
        async with self._engine.connect() as tx:
            if self.is_sqlite:
                _begin_sqlite(tx, sqlite.READING)
            else:
                await tx.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield tx

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Keep the other writers of this process waiting, for a stranger who writes to the same SQLite file without yielding to the loop.

        He would wait for SQLite's write lock, and whoever holds it could not go on to give it back.
        """
        if not self.is_sqlite:
            yield
            return
        async with self._my_turn():
            yield

    async def migrate(self) -> None:
        """Bring the tables up to date; quick when they already are, and without loading the migration tool for a new file."""
        file = location.file_of(self._url)
        if file is not None:
            await asyncio.to_thread(location.made_private, file)
        async with self.transaction() as tx:
            await tx.run_sync(schema.bring_up_to_date)

    async def must_be_there(self) -> None:
        """Raise :class:`SettingError` unless there is an up-to-date database of ours; nothing is made or changed."""
        file = location.file_of(self._url)
        if file is not None and not file.exists():
            raise SettingError(location.SETTING, f"there is no database at {file}; look at CHATBOT_DATA_DIR and CHATBOT_DATABASE_URL")
        if file is not None:
            await asyncio.to_thread(location.must_be_ours, file)
        try:
            async with self.read() as tx:
                version = await tx.run_sync(schema.stored_version)
        except (SQLAlchemyError, OSError) as trouble:
            said = location.cure(trouble)
            raise (SettingError(location.SETTING, said) if said else location.unanswered(trouble)) from None
        if version != schema.HEAD:
            cure = "there are no tables of Ballast in it" if version is None else "run `python -m chatbot migrate`"
            raise SettingError(location.SETTING, f"the database is not the one of this Ballast; {cure}")

    async def scrub(self) -> None:
        """Write over what was deleted, in SQLite's log as in the file; while somebody reads, that waits for another time."""
        if self.is_sqlite:
            async with self._engine.connect() as connection:
                await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    async def tell(self, tx: Tx, channel: str, word: str) -> None:
        """Say a word to the processes that :meth:`listen`, once the transaction is committed. There are none on a SQLite file."""
        if not self.is_sqlite:
            await tx.execute(text("SELECT pg_notify(:channel, :word)"), {"channel": channel, "word": word})

    async def listen(self, channel: str, hear: Callable[[str], None]) -> NoReturn:
        """Call ``hear`` with every word until cancelled; raises when the connection breaks.

        The first word is empty: what was said before is not known.
        """
        async with self._engine.connect() as connection:
            wire: Any = (await connection.get_raw_connection()).driver_connection
            try:
                await wire.add_listener(channel, lambda *said: hear(said[-1]))
                hear("")
                while True:
                    await asyncio.sleep(_LISTENS_S)
                    await wire.execute("SELECT 1", timeout=_LISTENS_S)
            finally:
                await connection.invalidate()  # nobody else is to hear what it listens to

    async def ping(self) -> None:
        """Raise when the database does not answer."""
        async with self.read() as tx:
            await tx.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close every connection; one that a task still uses is closed as soon as it is given back."""
        self._is_closed = True
        await self._engine.dispose()
        if self.is_sqlite:
            await sqlite.ended()

    def _given_back(self, _: object, record: ConnectionPoolEntry) -> None:
        """Keep no connection for later after the end: nobody would close it."""
        if self._is_closed:
            record.invalidate()

    async def _open_sqlite(self) -> sqlite.Connection:
        return await sqlite.connect(self._url, self._engine.dialect)

    @asynccontextmanager
    async def _my_turn(self) -> AsyncIterator[None]:
        """Queue the writers of this process in order of arrival, instead of letting them poll for SQLite's one write lock."""
        me = asyncio.current_task()
        if self._writer is not None and self._writer is me:
            raise InternalError("a transaction was opened inside a transaction: pass tx on instead")
        self._queued += 1
        try:
            await self._turn.acquire()
        finally:
            self._queued -= 1
        self._writer = me
        try:
            yield
        finally:
            self._writer = None
            self._turn.release()


def _with_driver(url: str) -> URL:
    """Name the async driver where the address leaves it out, as hosting platforms do."""
    parsed = make_url(url)
    return parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))


def _begin_sqlite(tx: Tx, how: str) -> None:
    """Leave the beginning to the first statement: before it there is nothing that could be read or locked.

    It is told here and not by an event of SQLAlchemy: while somebody listens to one, every statement asks for listeners to all of them.
    """
    driver: sqlite.Connection = tx.sync_connection.connection.driver_connection  # type: ignore[assignment, union-attr]
    driver.begin(how)

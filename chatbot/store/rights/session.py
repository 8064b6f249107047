"""A session with PostgreSQL that is there for its locks: they end with it, however its process ends."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Awaitable, Collection

    from sqlalchemy import URL

#: seconds within which a living session answers, and those in which an answer is read that has come
ANSWER_S, _READ_S = 2.0, 0.2
#: how a session ends that nobody has closed
BROKEN_OFF = (DBAPIError, OSError, TimeoutError)
#: the server gives up a machine that is gone after five silent seconds: when it asks first, how often, and how many times
_KEEPALIVES = {"tcp_keepalives_idle": "2", "tcp_keepalives_interval": "1", "tcp_keepalives_count": "3"}

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A lock by its number among those of its kind; a ``shared`` one is had by many, and keeps out only who wants it alone."""

    number: int
    kind: int = 0
    shared: bool = False

    @property
    def key(self) -> int:
        """Return the one number under which the server knows it."""
        return self.kind << 32 | self.number


#: the right to be the one process on a database of a server, and the right to be the one that sends
ALONE, SENDS = Lock(number=7_253_002), Lock(number=7_253_005)
#: the kind of the locks on shares of the people, which have the numbers of the shares
SHARE_LOCKS = 7_253_004


class LockSession:
    """One connection that holds locks; nothing else is done on it."""

    def __init__(self, url: URL, name: str = "") -> None:
        """``url`` is that of a PostgreSQL database; ``name`` is what the server calls the session."""
        self._url = url.set(drivername="postgresql+asyncpg")
        self._settings = {**_KEEPALIVES, **({"application_name": name} if name else {})}
        self._engine: Any = None
        self._session: Any = None
        #: a connection takes one question at a time
        self._turn = asyncio.Lock()

    @property
    def was_open(self) -> bool:
        """Tell whether anything was ever asked on it."""
        return self._engine is not None

    async def ask(self, lock: Lock) -> bool:
        """Take a lock if it is free, on a new session where there is none; what the session has already it would have twice."""
        name = "pg_try_advisory_lock" + ("_shared" if lock.shared else "")
        return bool((await self._run(f"SELECT {name}(:key)", key=lock.key)).scalar_one())

    async def ask_all(self, kind: int, numbers: Collection[int]) -> frozenset[int]:
        """Take those locks of a kind that are free, by their numbers, and return them; none of them is one that the session has."""
        keys = [Lock(kind=kind, number=number).key for number in numbers]
        rows = await self._run("SELECT key, pg_try_advisory_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key", keys=keys)
        return frozenset(key - (kind << 32) for key, is_ours in rows if is_ours)

    async def give_back(self, lock: Lock) -> None:
        """Let go of a lock that this session has."""
        name = "pg_advisory_unlock" + ("_shared" if lock.shared else "")
        await self._run(f"SELECT {name}(:key)", key=lock.key)

    async def holders(self, kind: int) -> dict[int, frozenset[int]]:
        """Return who has the locks of a kind: by number, the sessions' numbers."""
        rows = await self._run(_HOLDERS, kind=kind)
        found: dict[int, set[int]] = {}
        for number, session in rows:
            found.setdefault(number, set()).add(session)
        return {number: frozenset(sessions) for number, sessions in found.items()}

    async def is_had_together(self, lock: Lock) -> bool:
        """Tell whether others share this lock just now."""
        return bool((await self._run(_SHARED, kind=lock.kind, number=lock.number)).scalar_one())

    async def answered(self, question: Awaitable[T]) -> T:
        """Wait for the answer to something asked on this session; TimeoutError where it does not come in time.

        A process that was busy itself finds the answer there before it gives up: only what is silent is given up.
        """
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(None) as limit:
            late = loop.call_later(ANSWER_S, lambda: limit.reschedule(loop.time() + _READ_S))
            try:
                return await question
            finally:
                late.cancel()

    async def number(self) -> int:
        """Return the number by which the server knows this session."""
        return int((await self._run("SELECT pg_backend_pid()")).scalar_one())

    async def is_alive(self) -> bool:
        """Tell whether the session still answers; with it live its locks."""
        if self._session is None:
            return False
        try:
            await self.answered(self._run("SELECT 1"))
        except BROKEN_OFF:
            return False
        return True

    async def drop(self) -> None:
        """Give up a session that does not answer."""
        session, self._session = self._session, None
        if session is not None:
            with suppress(*BROKEN_OFF):
                await session.invalidate()
                await session.close()

    async def close(self) -> None:
        """End the session, and with it its locks."""
        if self._session is not None:
            with suppress(*BROKEN_OFF):
                await self._session.close()
            self._session = None
        if self._engine is not None:
            await self._engine.dispose()

    async def _run(self, question: str, **values: int | list[int]) -> Any:  # noqa: ANN401 - rows of any shape
        async with self._turn:
            if self._engine is None:
                from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415 - it loads what a SQLite file never needs

                settings = {"connect_args": {"server_settings": self._settings}}
                self._engine = create_async_engine(self._url, isolation_level="AUTOCOMMIT", pool_size=1, **settings)
            if self._session is None:
                self._session = await self._engine.connect()
            return await self._session.execute(text(question), values)


def held_locks(columns: str) -> str:
    """Return the question about the locks that sessions of this database hold; ``columns`` are those of ``pg_locks``."""
    here = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    return f"SELECT {columns} FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND {here}"  # noqa: S608 - ours


_HOLDERS = f"{held_locks('CAST(objid AS integer), pid')} AND classid = CAST(:kind AS oid)"
_SHARED = f"{held_locks('count(*)')} AND classid = CAST(:kind AS oid) AND objid = CAST(:number AS oid) AND mode = 'ShareLock'"

"""Where a database lies: one process holds it, nobody else on the machine reads it, and what is wrong with it is said in one sentence."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import make_url

from chatbot.errors import SettingError
from chatbot.store import tables
from chatbot.store.rights.session import ALONE, BROKEN_OFF, Lock, LockSession

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from sqlalchemy import URL

SETTING = "CHATBOT_DATABASE_URL"
#: a fact of the program, in a file from which everything was moved: when
MOVED_AT = "moved_at"
#: seconds between two looks whether this process still holds its database
WATCH_S = 1.0
#: seconds between two looks of a process that stands by, and those that it gives whoever was there to find out that they have lost it
TURN_S, GIVEN_S = 1.0, 4.0
#: what SQLite keeps beside a file
SIDES = ("-wal", "-shm", "-journal")
_LOG = structlog.get_logger()


def file_of(url: URL | str) -> Path | None:
    """Return the real file behind the address of a SQLite database; None when there is no file."""
    parsed = make_url(url)
    name = (parsed.database or "").removeprefix("file:").partition("?")[0]
    if parsed.get_backend_name() != "sqlite" or name in ("", ":memory:"):
        return None
    return Path(name).resolve()


def made_private(file: Path, *, may_be_damaged: bool = False) -> None:
    """Make a database file if there is none, and see to it that only its owner reads it and its side files.

    SQLite gives side files the rights of their database. Raises :class:`SettingError` for a place where no database of ours can lie, and
    for a damaged one, unless it is about to be replaced.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if file.is_dir():
            raise SettingError(SETTING, f"{file} is a folder; name a file, or move the folder away")
        is_new = not file.exists()
        if is_new:
            os.close(os.open(file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise SettingError(SETTING, f"cannot write to {file} ({error.strerror}); choose another place or free this one") from None
    if not is_new:
        must_be_ours(file, may_be_damaged=may_be_damaged)
    for path in (file, *(file.with_name(file.name + side) for side in SIDES)):
        private(path)


def private(path: Path) -> None:
    """Leave a file or folder to its owner alone, where that is ours to say."""
    wanted = 0o700 if path.is_dir() else 0o600
    with suppress(FileNotFoundError):
        if path.stat().st_mode & 0o777 == wanted:
            return
        try:
            path.chmod(wanted)
        except OSError as error:
            _LOG.warning("others may read this", path=str(path), why=error.strerror, cure=f"chmod {wanted:o} {path}")


def must_be_ours(file: Path, *, may_be_damaged: bool = False) -> None:
    """Raise :class:`SettingError` for a file that holds something else: it is left as it is."""
    # Looked at through SQLite alone: closing a handle of our own would let go of the locks of connections that are open already.
    try:
        with closing(sqlite3.connect(file, timeout=30)) as opened_file:
            names = {row[0] for row in opened_file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.DatabaseError as error:
        if may_be_damaged:
            return
        raise SettingError(
            SETTING, f"{file} is no SQLite database, or a damaged one ({error}); restore a copy, or move it away to start afresh"
        ) from None
    if names and not any(name.startswith(tables.PREFIX) for name in names):
        raise SettingError(SETTING, f"{file} belongs to another program; name a file of Ballast's own")


class Hold:
    """The right to be the one process on a database, from :meth:`take` to :meth:`release`; a killed process loses it by itself.

    A file is held itself and not by a name beside it: a link, another way to write its path or a removed lock file change nothing.
    On a server several processes may share the right instead (:meth:`take_together`); then nobody has it alone.
    """

    def __init__(self, url: str, lock: Lock = ALONE, name: str = "") -> None:
        """``lock`` is the right's name on a server, and ``name`` that of the process, as :func:`processes.name` gives it."""
        self._url = make_url(url)
        self._lock = lock
        self._file: Any = None
        #: with it lives the right, on a server
        self.session = LockSession(self._url, name)

    async def take(self, *, may_be_damaged: bool = False) -> None:
        """Take the right; raises :class:`SettingError` when another process has it, and as :func:`made_private` does."""
        if self._is_served:
            if not await self._first_session():
                raise await self._taken()
        elif (file := file_of(self._url)) is not None:
            made_private(file, may_be_damaged=may_be_damaged)
            # It stays open until the end: closing any handle of a SQLite file lets go of SQLite's own locks.
            self._file = file.open("rb")
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise _taken(str(file)) from None

    async def take_together(self) -> None:
        """Take the right together with others who do the same; raises :class:`SettingError` where one has it alone, and on a file."""
        if not self._is_served:
            raise SettingError(SETTING, "several processes share the work on PostgreSQL only; on a SQLite file `run` does all of it")
        self._lock = replace(self._lock, shared=True)
        if not await self._first_session():
            raise await self._taken()

    async def take_in_turn(self, stand_by: Callable[[], Awaitable[None]]) -> None:
        """Take the right, on a server after whoever has it is gone; ``stand_by`` is called once where that is waited for.

        It may have lost its session without knowing that yet. So whoever has waited acts only after the time in which :meth:`watch` finds
        that out and ends the process. A file is taken or refused, as by :meth:`take`; and so is what others have together.
        """
        if not self._is_served:
            await self.take()
            return
        if await self._first_session():
            return
        await self._must_be_had_alone()
        await stand_by()
        while True:
            await asyncio.sleep(TURN_S)
            if await self._has_turn():
                await asyncio.sleep(GIVEN_S)
                if await self.session.is_alive():
                    return

    @property
    def _is_served(self) -> bool:
        return self._url.get_backend_name() == "postgresql"

    async def _first_session(self) -> bool:
        """Ask for the right at the start, where a server that is not there, or lets nobody in, is a matter of the settings."""
        try:
            return await self.session.ask(self._lock)
        except Exception as error:  # noqa: BLE001 - a driver has a hundred names for it
            raise unanswered(error) from None

    async def _has_turn(self) -> bool:
        """Ask for the right again, on a new session where the last one broke; a server that is away for a moment gives it to nobody."""
        if not await self.session.is_alive():
            await self.session.drop()
        with suppress(*BROKEN_OFF):
            if await self.session.ask(self._lock):
                return True
            await self._must_be_had_alone()
        return False

    async def _must_be_had_alone(self) -> None:
        """Raise :class:`SettingError` where others have the right together: they go on for good, so that nobody waits for it."""
        if await self.session.is_had_together(self._lock):
            raise _shared(str(self._url.database))

    async def _taken(self) -> SettingError:
        where = str(self._url.database)
        return _shared(where) if await self.session.is_had_together(self._lock) else _taken(where)

    async def watch(self, pause_s: float = WATCH_S) -> None:
        """Take the right again after a lost session, until cancelled; raises when another process was faster. A file is never lost."""
        while self.session.was_open:
            await asyncio.sleep(pause_s)
            if await self.session.is_alive():
                continue
            await self.session.drop()
            with suppress(*BROKEN_OFF):
                if not await self.session.ask(self._lock):
                    raise _taken(str(self._url.database))

    async def release(self) -> None:
        """Let go."""
        await self.session.close()
        if self._file is not None:
            self._file.close()


def unanswered(trouble: Exception) -> SettingError:
    """Return what to say of a server that is not there, or lets nobody in."""
    why = f"the database does not answer ({type(trouble).__name__}); look whether it is up and at its address, name and password"
    return SettingError(SETTING, why)


def _taken(where: str) -> SettingError:
    return SettingError(SETTING, f"another Ballast is running on {where}; stop it or choose another database")


def _shared(where: str) -> SettingError:
    why = f"several processes share the work on {where} (`web`, `worker`, `sender`); stop them all or choose another database"
    return SettingError(SETTING, why)


def cure(error: BaseException) -> str | None:
    """Return the one sentence for an error of the database's place that a person can mend; None for everything else."""
    for one in _causes(error):
        code = getattr(one, "sqlite_errorcode", None)
        said = _SENTENCES.get(code & 0xFF) if code is not None else None
        if isinstance(one, OSError) and one.errno in (errno.ENOSPC, errno.EDQUOT):
            said = _FULL
        if said:
            return said
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, what it was made from, and what a group of errors holds."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__cause__, one.__context__, getattr(one, "orig", None)]
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions


_FULL = "The disk is full: free some space and start again; nothing that was confirmed is lost."
_BROKEN = "The database file is damaged or no database: restore a copy of it, or move it away to start afresh."
_SENTENCES = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_CORRUPT: _BROKEN,
    sqlite3.SQLITE_NOTADB: _BROKEN,
    sqlite3.SQLITE_CANTOPEN: "The database file cannot be opened: look at the rights of its folder, or choose another place.",
    sqlite3.SQLITE_READONLY: "The database file cannot be written: look at its rights and its folder's, or choose another place.",
    sqlite3.SQLITE_IOERR: "The disk does not read or write the database: look at the disk and its free space, then start again.",
}

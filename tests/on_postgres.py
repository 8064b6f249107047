"""Every test on PostgreSQL: where one names a database file, a database of that name stands in for it on a real server.

``make test-postgres`` sets :data:`ASKED`. A test that is about a SQLite file itself is marked ``sqlite`` and keeps its file.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import make_url

from chatbot import backup, durable
from chatbot.store import database, location
from chatbot.store.rights.session import ALONE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import URL

    from chatbot.store.rights.session import Lock

#: asks for all of this in the environment
ASKED = "BALLAST_TESTS_ON_POSTGRES"
#: leads processes that tests start to the server of their worker
_SERVER = "BALLAST_TESTS_SERVER"
_EMPTY = "ballast_empty"


class _Redirection:
    """Where files lead to; one per process."""

    def __init__(self) -> None:
        #: how to reach the database ``postgres`` of the server; empty: files are files
        self.server = ""
        self._known: set[str] = set()

    def leads(self, url: str) -> str:
        """Return the address of the database that stands in for a file, made when it is first asked for."""
        file = location.file_of(url) if self.server else None
        return url if file is None else self.made(file)

    def made(self, file: Path, template: str = _EMPTY) -> str:
        """Return the address of the database that stands in for a file; a new one is a copy of ``template``."""
        name = name_of(file)
        if name not in self._known:
            if not self.has(name):
                self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
            self._known.add(name)
        return self.url(name)

    def kept(self, file: Path) -> str:
        """Return the name under which the database of a file is kept for all tests, out of the reach of those who put theirs away."""
        name = name_of(file)
        if self.has(name):
            self._known.discard(name)
            self.run(f"ALTER DATABASE {name} RENAME TO kept_{name}")
        return f"kept_{name}"

    def has(self, name: str) -> bool:
        """Tell whether there is a database of this name."""
        return name in self.names()

    def names(self) -> set[str]:
        """Return the names of all databases that stand in for files."""
        return {row[0] for row in self.run("SELECT datname FROM pg_database WHERE datname LIKE 'file\\_%'")}

    def url(self, name: str) -> str:
        """Return the address of a database of the server."""
        return self.server.replace("/postgres?", f"/{name}?")

    def run(self, command: str) -> list[tuple[Any, ...]]:
        """Run a command on the server, outside a transaction."""
        import psycopg  # noqa: PLC0415 - only where it is asked for

        with psycopg.connect(self.server, autocommit=True) as connection:
            found = connection.execute(command)
            return found.fetchall() if found.description else []

    def drop(self, names: set[str]) -> None:
        """Remove databases, whoever still looks at them."""
        for name in names:
            self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._known -= names


AT = _Redirection()


def name_of(file: Path) -> str:
    """Return the name of the database that stands in for a file."""
    return f"file_{hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:24]}"


def environment() -> dict[str, str]:
    """Return what leads a process of ours to the same databases."""
    return {_SERVER: AT.server} if AT.server else {}


def redirect(server: str = "") -> None:
    """Let files lead to databases of ``server``, from now on and in this process; by default of the one that the environment names."""
    AT.server = server or os.environ.get(_SERVER, "")
    if not AT.server or getattr(database, "redirected", False):
        return
    with_driver, sync, begin = database._with_driver, durable.sync_url, location.Hold.__init__
    database.redirected = True  # type: ignore[attr-defined]

    def driven(url: str) -> URL:
        return with_driver(AT.leads(url))

    def held(self: location.Hold, url: str, lock: Lock = ALONE, name: str = "") -> None:
        begin(self, AT.leads(url), lock, name)

    def quiet(close: Any) -> Any:
        async def closed(self: Any) -> None:
            await close(self)
            await asyncio.sleep(0)  # or the loop of the test ends before the driver's sockets have

        return closed

    back_up, restore = backup.back_up, backup.restore

    def backed_up(url: str, target: Path, now: datetime) -> backup.Copy:
        there = AT.leads(url)
        with on_files():  # the copy is one
            return back_up(there, target, now)

    async def restored(url: str, source: Path, now: datetime) -> tuple[backup.Copy, Path | None]:
        there = AT.leads(url)
        with on_files():
            return await restore(there, source, now)

    backup.back_up, backup.restore = backed_up, restored
    database.Database.close = quiet(database.Database.close)  # type: ignore[method-assign]
    location.Hold.release = quiet(location.Hold.release)  # type: ignore[method-assign]
    database._with_driver = driven
    durable.sync_url = lambda database_url: sync(AT.leads(database_url))
    location.Hold.__init__ = held  # type: ignore[method-assign]


def make_templates() -> None:
    """Make the empty database that all others are copied from: with our tables, and with the durable engine's."""
    AT.run(f"CREATE DATABASE {_EMPTY}")
    url = AT.url(_EMPTY)

    async def migrated() -> None:
        opened = database.Database(url)
        await opened.migrate()
        await opened.close()

    asyncio.run(migrated())
    durable.open_engine().DBOS.migrate(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))


@contextmanager
def on_files() -> Iterator[None]:
    """Leave files what they are inside the block."""
    server, AT.server = AT.server, ""
    try:
        yield
    finally:
        AT.server = server

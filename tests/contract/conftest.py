"""A database of each kind for the contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatbot.store.database import Database
from tests.store.databases import postgres_or_skip, sqlite_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture(params=[pytest.param("sqlite", marks=pytest.mark.sqlite), "postgres"])
async def db(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """Give a migrated database: a SQLite file, then one on a real PostgreSQL."""
    if request.param == "sqlite":
        database = Database(sqlite_url(tmp_path))
        await database.migrate()
    else:
        database = Database(await postgres_or_skip().copy())
    yield database
    await database.close()

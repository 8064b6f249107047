"""A migrated SQLite database for the store's own tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatbot.store.database import Database
from tests.store.databases import sqlite_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(sqlite_url(tmp_path))
    await database.migrate()
    yield database
    await database.close()

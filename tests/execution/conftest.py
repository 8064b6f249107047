"""A migrated database for the laboratory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatbot.store.database import Database
from tests.ready import with_tables

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    await with_tables(tmp_path / "lab.db")
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'lab.db'}")
    yield database
    await database.close()

"""A migrated database for the laboratory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatbot.store.database import Database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'lab.db'}")
    await database.migrate()
    yield database
    await database.close()

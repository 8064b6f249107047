"""The letterbox: what Telegram delivers is written down for its share, whatever else comes with it, and keys stay out of the text."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from chatbot.clock import SystemClock
from chatbot.keyring import CHAT_DIALOG
from chatbot.model import share_of
from chatbot.store import accounts, events
from chatbot.store.database import Database
from chatbot.vault import Vault, new_master_key
from handlers.transport.letterbox import Letterbox
from tests.ready import with_tables

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

KEY = "Zq3vB7nM1xK9wL5tR2yU8pD4sF6gH0jA"


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    await with_tables(tmp_path / "updates.db")
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'updates.db'}")
    yield database
    await database.close()


@asynccontextmanager
async def opened(db: Database, vault: Vault | None = None) -> AsyncIterator[Letterbox]:
    """Open a letterbox."""
    letterbox = Letterbox(db, SystemClock(), vault or Vault())
    running = asyncio.ensure_future(letterbox.run())
    yield letterbox
    running.cancel()
    await asyncio.wait({running})


def written(number: int, words: str, person: int = 70) -> str:
    """Return the text of an update."""
    who = {"id": person, "is_bot": False, "first_name": "Ann"}
    body = {"message_id": number, "date": 1767603600, "chat": {"id": person, "type": "private"}, "from": who, "text": words}
    return json.dumps({"update_id": number, "message": body})


async def rows(db: Database) -> dict[int, Any]:
    """Return what is stored, by number."""
    async with db.read() as tx:
        return {row.id: row for row in await tx.execute(text("SELECT * FROM pf_updates"))}


async def test_many_at_once_are_written_down_each_once_for_its_share(db: Database) -> None:
    async with opened(db) as letterbox:
        told = await asyncio.gather(*(letterbox.take(written(one, f"hello {one}", one)) for one in (*range(1, 150), 7)))
    assert all(told)
    stored = await rows(db)
    assert sorted(stored) == list(range(1, 150))
    assert [stored[one].share for one in (1, 64, 130)] == [share_of(1), share_of(64), share_of(130)]
    assert "hello 7" in stored[7].body


async def test_what_cannot_be_read_keeps_nobody_out(db: Database) -> None:
    """No JSON, no number, a shape that is none: said to be taken, so that it does not come again for a day."""
    strange = ("", "[", '{"message": {}}', '{"update_id": -1}', '{"update_id": 5, "message": {"text": 7}}', '{"update_id": 6, "poll": {}}')
    async with opened(db) as letterbox:
        assert await asyncio.gather(*map(letterbox.take, (*strange, written(8, "hello\x00")))) == [True] * 7
    stored = await rows(db)
    assert {one: bool(row.finished) for one, row in stored.items()} == {5: True, 6: True, 8: False}
    assert "\x00" not in stored[8].body


async def test_one_that_no_database_takes_is_told_alone(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    real = events.record_updates

    async def record(tx: Any, found: Any, *more: Any) -> Any:
        if any(one.id == 2 for one in found):
            raise OSError("this one not")
        return await real(tx, found, *more)

    monkeypatch.setattr(events, "record_updates", record)
    async with opened(db) as letterbox:
        told = await asyncio.gather(*(letterbox.take(written(one, "hello")) for one in (1, 2, 3)))
    assert told == [True, False, True]
    assert sorted(await rows(db)) == [1, 3]


async def test_a_key_is_sealed_until_its_update_was_worked_on(db: Database) -> None:
    """Asked for or not; it opens for its own update alone, and is gone with it."""
    vault = Vault([new_master_key()])
    async with db.transaction() as tx:
        await accounts.set_dialog(tx, 71, CHAT_DIALOG, {"exchange": "binance", "until": "2999-01-01T00:00:00+00:00"})
    async with opened(db, vault) as letterbox:
        await asyncio.gather(
            letterbox.take(written(1, KEY)), letterbox.take(written(2, "my secret", 71)), letterbox.take(written(3, "hi", 72))
        )
    stored = await rows(db)
    assert KEY not in repr(stored)
    assert "my secret" not in repr(stored)
    assert vault.open_words(stored[1].sealed, 1) == KEY
    assert vault.open_words(stored[2].sealed, 2) == "my secret"
    assert stored[3].sealed is None
    async with db.transaction() as tx:
        await events.finish_update(tx, 1)
    assert (await rows(db))[1].sealed is None


async def test_without_a_master_key_what_may_be_a_key_is_let_go_of(db: Database) -> None:
    async with opened(db) as letterbox:
        await letterbox.take(written(1, KEY))
    (row,) = (await rows(db)).values()
    assert row.sealed is None
    assert KEY not in row.body

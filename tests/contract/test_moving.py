"""From a SQLite file to PostgreSQL and back: the same books, numbers that go on, and never two bots for the same people."""

from __future__ import annotations

import asyncio
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from chatbot import backup
from chatbot.__main__ import main
from chatbot.errors import CopyError, SettingError
from chatbot.store import halt
from chatbot.store.database import Database
from chatbot.store.migrations import copying, moving
from tests.person import someone
from tests.store import samples
from tests.store.databases import postgres_or_skip, sqlite_url

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.sqlite, pytest.mark.long]

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


async def test_a_portfolio_goes_on_in_the_new_place_with_the_same_books(tmp_path: Path) -> None:
    """The old button works, the next plan has the next number, and nothing starts on the file any more."""
    url = await postgres_or_skip().copy("template0")
    async with someone(tmp_path) as ann:
        await ann.set_up()
        assert (await ann.confirm()).state == "done"
        before, number = await ann.books(), (await ann.plan()).number
        with pytest.raises(SettingError, match="another Ballast is running"):
            await moving.move(sqlite_url(tmp_path), url, NOW)
    rows = await moving.move(sqlite_url(tmp_path), url, NOW)
    assert (rows["pf_people"], rows["pf_portfolios"], rows["pf_plans"]) == (1, 1, 1)
    with pytest.raises(SettingError, match="was moved to PostgreSQL"):
        async with someone(tmp_path, clock=ann.clock, loopback=ann.loopback):
            pass
    async with someone(tmp_path, clock=ann.clock, loopback=ann.loopback, database_url=url) as ann:
        assert await ann.books() == before
        await ann.say("/history")
        ann.sees(f"{number} · 5 Jan 2026")


async def test_numbers_go_on_behind_those_that_are_gone(tmp_path: Path) -> None:
    """The ids of orders are made of them: one that was handed out once never comes again, here or there."""
    url, file = await postgres_or_skip().copy("template0"), sqlite_url(tmp_path)
    old = Database(file)
    await old.migrate()
    await samples.a_portfolio(old)
    gone = await samples.a_portfolio(old, person_id=2, name="another")
    async with old.transaction() as tx:
        await tx.exec_driver_sql("DELETE FROM pf_portfolios WHERE id = 2")
    await old.close()
    await moving.move(file, url, NOW)
    new = Database(url)
    assert (await samples.a_portfolio(new, person_id=3, name="third")).id == gone.id + 1
    await new.close()


async def test_what_holds_something_already_is_left_alone(tmp_path: Path) -> None:
    """Nothing is changed on either side, and the file goes on as if nothing had been asked."""
    url, file = await postgres_or_skip().copy(), sqlite_url(tmp_path)
    old, new = Database(file), Database(url)
    await old.migrate()
    await samples.a_portfolio(old)
    await samples.a_portfolio(new, person_id=5)
    async with new.read() as tx:
        there = await copying.books(tx)
    with pytest.raises(CopyError, match="something in the new database already"):
        await moving.move(file, url, NOW)
    async with new.read() as tx:
        assert await copying.books(tx) == there
    await old.close()
    await new.close()
    async with someone(tmp_path):
        pass


async def test_a_copy_of_a_server_goes_back_to_either_kind(tmp_path: Path) -> None:
    """The same rows, trading halted, and what was there before is kept beside it."""
    url, copy = await postgres_or_skip().copy(), tmp_path / "monday.db"
    db = Database(url)
    await samples.a_portfolio(db)
    async with db.transaction() as tx:
        await tx.exec_driver_sql("CREATE SCHEMA dbos")
    async with db.read() as tx:
        before = await copying.books(tx)
    backup_of = await _backed_up(url, copy)
    assert (backup_of.people, backup_of.portfolios) == (1, 1)
    assert copy.stat().st_mode & 0o777 == 0o600
    await samples.a_portfolio(db, person_id=2, name="later")
    for place in (url, sqlite_url(tmp_path)):
        found, aside = await backup.restore(place, copy, NOW)
        assert found == backup_of
        assert (aside is not None) == (place == url)
        there = Database(place)
        async with there.read() as tx:
            after = await copying.books(tx)
            assert await halt.since(tx) is not None
        await there.close()
        assert after["pf_portfolios"] == before["pf_portfolios"]
    async with db.read() as tx:
        assert not (await tx.exec_driver_sql("SELECT 1 FROM pg_namespace WHERE nspname = 'dbos'")).all(), "it would go on with old work"
    await db.close()


async def _backed_up(url: str, copy: Path) -> backup.Copy:
    return await asyncio.to_thread(backup.back_up, url, copy, NOW)


def test_the_address_stands_in_no_argument(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It has a password: it is read from what is typed, and no error names it."""
    monkeypatch.setenv("CHATBOT_DATA_DIR", str(tmp_path))
    asyncio.run(_a_file(tmp_path))
    with pytest.raises(SystemExit):
        main(["move", "elsewhere"])
    address = "postgresql://ballast:hunter2@127.0.0.1:9/ballast"
    for typed, told in (("", "no address was given"), (address, "does not answer"), ("mysql://hunter2", "use sqlite")):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed + "\n"))
        assert main(["move"]) == 2
        said = capsys.readouterr().err
        assert told in said
        assert "hunter2" not in said


async def _a_file(folder: Path) -> None:
    db = Database(sqlite_url(folder))
    await db.migrate()
    await db.close()

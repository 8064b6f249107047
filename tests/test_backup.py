"""A copy is made while the bot runs and put back while it does not; nothing in it opens a door, and nobody trades on old books unasked."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from chatbot import backup
from chatbot.clock import ManualClock
from chatbot.config import load_settings
from chatbot.errors import BallastError, CopyError, SettingError
from chatbot.store import accounts, portfolios
from chatbot.store.database import Database
from handlers.doctor import examine
from tests.person import someone
from tests.ready import with_tables
from tests.store.samples import a_portfolio
from tests.test_halting import command
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

#: copies of a server's database: tests/contract/test_moving.py
pytestmark = pytest.mark.sqlite

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
OLD_BUTTON = "This button belongs to somebody else, or to records that I no longer have. Send /status to see your own."
RECORDS = "I had to go back to my records of"


def file_of(folder: Path) -> Path:
    return folder / "ballast.sqlite"


def url_of(folder: Path) -> str:
    return f"sqlite:///{file_of(folder)}"


def states_in(folder: Path, pattern: str) -> list[str]:
    """Return the states of the plans in the one database whose name fits."""
    (file,) = folder.glob(pattern)
    with closing(sqlite3.connect(file)) as opened_file:
        return [row[0] for row in opened_file.execute("SELECT state FROM pf_plans")]


@pytest.mark.long
async def test_a_copy_of_a_running_bot_is_put_back_and_everybody_is_told(tmp_path: Path) -> None:
    """What came after the copy is gone, old buttons are refused, nothing is traded until the operator lets it go on, and then it is."""
    data, copy = tmp_path / "data", tmp_path / "monday.db"
    data.mkdir()
    async with someone(data, clock=ManualClock(datetime.now(UTC))) as ann:
        await ann.set_up()
        done = command(data, "backup " + str(copy))
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(f"Copied to {copy}: people: 1, portfolios: 1, plans: 1.")
        assert copy.stat().st_mode & 0o777 == 0o600
        assert "another Ballast is running" in command(data, "restore " + str(copy)).stderr
        card = ann.with_button("Confirm")
        assert (await ann.confirm()).state == "done"
        after = await ann.books()
    done = command(data, "restore " + str(copy))
    assert (done.returncode, done.stderr) == (0, "")
    assert "people: 1, portfolios: 1, plans: 1" in done.stdout
    assert states_in(data, "ballast.sqlite.before-*") == ["done"]
    ann.clock.set(datetime.now(UTC) + timedelta(minutes=1))  # it stood still while the other process worked
    async with someone(data, clock=ann.clock, loopback=ann.loopback) as ann:
        await ann.outbox.drain()
        ann.sees(RECORDS)
        assert (await ann.tap("Confirm", on=card)).text == OLD_BUTTON
        assert await ann.books() != after
        assert (await ann.plan()).state == "proposed"
        await ann.say("/rebalance")
        answer = await ann.tap("Confirm")
        assert answer.text is not None
        assert answer.text.startswith("Trading has been stopped by the operator since")
        assert not await ann.orders()
        assert command(data, "unhalt").returncode == 0
        assert (await ann.confirm()).state == "done"


@pytest.mark.long
async def test_a_copy_that_is_made_while_money_moves_is_one_moment_of_the_books(tmp_path: Path) -> None:
    """Money goes to and fro between two accounts, each time in one transaction: in every copy, and in what is put back, it is all there."""
    data = tmp_path / "data"
    data.mkdir()
    await with_tables(file_of(data))
    db = Database(url_of(data))
    try:
        first, second = [(await a_portfolio(db, person)).id for person in (1, 2)]
        moved, stopped = 0, asyncio.Event()

        async def move() -> None:
            nonlocal moved
            while not stopped.is_set():
                moved += 1
                async with db.transaction() as tx:
                    await portfolios.save_account(tx, first, {"cash": str(moved % 1000)})
                    await portfolios.save_account(tx, second, {"cash": str(1000 - moved % 1000)})

        moving = asyncio.create_task(move())
        copies = [tmp_path / f"{number}.db" for number in range(3)]
        for copy in copies:
            before = moved
            await until(lambda before=before: moved > before + 3)
            await asyncio.to_thread(backup.back_up, url_of(data), copy, NOW)
        stopped.set()
        await moving
    finally:
        await db.close()
    held = [cash_in(copy) for copy in copies]
    assert all(sum(each) == 1000 and len(each) == 2 for each in held), held
    assert len(set(held)) > 1, "and money did move"
    assert command(data, f"restore {copies[1]}").returncode == 0
    assert cash_in(file_of(data)) == held[1]


def cash_in(file: Path) -> tuple[int, ...]:
    """Return the money of each account in a database."""
    with closing(sqlite3.connect(file)) as opened_file:
        rows = opened_file.execute("SELECT body FROM pf_accounts ORDER BY portfolio_id").fetchall()
    return tuple(int(json.loads(body)["cash"]) for (body,) in rows)


def hidden_in(folder: Path) -> list[str]:
    return [path.name for path in folder.glob(".*")]


async def test_nothing_in_a_copy_opens_a_door(tmp_path: Path) -> None:
    """Neither the key of the buttons nor the pairing code nor what somebody typed is in it, not even where it was deleted from."""
    async with someone(tmp_path) as ann:
        await ann.set_up()
        async with ann.program.db.transaction() as tx:
            key = await accounts.meta(tx, "button_key")
            await accounts.set_meta(tx, "pairing_code", json.dumps({"code": "c0de" * 5}))
            await tx.exec_driver_sql("INSERT INTO pf_updates VALUES (9, 'my secret words', 0, 0, 1, 'a seal', NULL)")
    assert key
    copy = tmp_path / "copy.db"
    backup.back_up(url_of(tmp_path), copy, NOW)
    written = copy.read_bytes()
    for secret in (key, "c0de" * 5, "my secret words"):
        assert secret.encode() not in written
    assert backup.inspect(copy).people == 1
    assert not hidden_in(tmp_path)


@pytest.fixture
def made(tmp_path: Path) -> tuple[str, Path]:
    """Return the address of an empty database and a copy of it."""
    assert command(tmp_path, "migrate").returncode == 0
    copy = tmp_path / "copy.db"
    backup.back_up(url_of(tmp_path), copy, NOW)
    return url_of(tmp_path), copy


def spoil(copy: Path, how: str) -> None:
    if how == "cut":
        copy.write_bytes(copy.read_bytes()[: copy.stat().st_size // 2])
    elif how == "text":
        copy.write_text("monday, tuesday")
    elif how == "gone":
        copy.unlink()
    else:
        with closing(sqlite3.connect(copy)) as opened_file, opened_file:
            opened_file.execute(how)


@pytest.mark.long
@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("cut", "damaged"),
        ("text", "no copy of Ballast's"),
        ("gone", "there is no file"),
        ("DROP TABLE pf_plans", "no copy of Ballast's"),
        ("DELETE FROM pf_meta", "was not made by `python -m chatbot backup`"),
        ("UPDATE pf_schema_version SET version_num = '9999'", "was made by a newer Ballast"),
        ("UPDATE pf_meta SET value = 'monday' WHERE key = 'backup_made_at'", "does not say when"),
    ],
)
async def test_what_is_no_copy_is_refused_and_the_database_stays(made: tuple[str, Path], how: str, said: str) -> None:
    """One sentence, and not a byte is changed."""
    url, copy = made
    spoil(copy, how)
    before = file_of(copy.parent).read_bytes()
    with pytest.raises(CopyError, match=said):
        await backup.restore(url, copy, NOW)
    assert file_of(copy.parent).read_bytes() == before
    assert not list(copy.parent.glob("*.before-*"))


@pytest.mark.long
async def test_a_restore_that_breaks_off_leaves_the_database(made: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """All is prepared beside it; the last step is one."""
    url, copy = made
    before = file_of(copy.parent).read_bytes()

    def broken(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup, "_exchanged", broken)
    with pytest.raises(CopyError, match="No space left on device"):
        await backup.restore(url, copy, NOW)
    assert file_of(copy.parent).read_bytes() == before
    assert sorted(path.name for path in copy.parent.iterdir()) == ["ballast.sqlite", "copy.db"]


@pytest.mark.long
async def test_a_damaged_database_is_replaced_and_another_programs_is_not(made: tuple[str, Path], tmp_path: Path) -> None:
    """The day on which one needs a copy is the day on which the database is damaged; somebody else's file is not ours to move."""
    url, copy = made
    file_of(tmp_path).write_bytes(b"torn" * 500)
    _, aside = await backup.restore(url, copy, NOW)
    assert aside is not None
    assert aside.read_bytes() == b"torn" * 500
    with closing(sqlite3.connect(file_of(tmp_path))) as there:
        assert there.execute("SELECT value FROM pf_meta WHERE key = 'halted_since'").fetchone() == (NOW.isoformat(),)
    with closing(sqlite3.connect(tmp_path / "songs.db")) as songs, songs:
        songs.execute("CREATE TABLE songs (name TEXT)")
    with pytest.raises(SettingError, match="belongs to another program"):
        await backup.restore(f"sqlite:///{tmp_path / 'songs.db'}", copy, NOW)


@pytest.mark.long
def test_where_no_copy_can_be_made_it_is_said(made: tuple[str, Path], tmp_path: Path) -> None:
    """A file that is there is never written over, and a server that is not there is told as such."""
    url, copy = made
    before = copy.read_bytes()
    for address, target, said in (
        (url, copy, "is there already"),
        (url, tmp_path / "none" / "copy.db", "No such file or directory"),
        ("postgresql://nobody@127.0.0.1:1/gone", tmp_path / "other.db", "the database does not answer"),
    ):
        with pytest.raises(BallastError, match=said):
            backup.back_up(address, target, NOW)
    assert copy.read_bytes() == before


@pytest.mark.long
async def test_the_doctor_knows_of_the_last_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator who has none is told how one is made."""
    monkeypatch.setenv("CHATBOT_FEAR_GREED_URL", "http://127.0.0.1:1/")
    settings = load_settings(data_dir=tmp_path, market="simulated", telegram_token="")
    assert command(tmp_path, "migrate").returncode == 0
    said = {one.what: one.detail for one in await examine(settings)}
    assert said["backup"].startswith("none yet; `python -m chatbot backup FILE`")
    assert command(tmp_path, f"backup {tmp_path / 'copy.db'}").returncode == 0
    said = {one.what: one.detail for one in await examine(settings)}
    assert said["backup"].startswith("last made 20")

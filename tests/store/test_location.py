"""Where a database lies: held by one process under every name, read by its owner alone, and no traceback for what a person can mend."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from chatbot.errors import SettingError
from chatbot.store import location
from chatbot.store.database import Database
from chatbot.store.location import Hold, cure, file_of
from tests import nursery
from tests.places import ROOT
from tests.store.databases import postgres_or_skip
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.sqlite

TOKEN = "7000000001:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"


def url(path: Path | str) -> str:
    """Return the address of a file."""
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture
def _shared() -> Iterator[None]:
    """Work under the usual umask, with which everybody may read."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def run(folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Start ``run`` with these settings only."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    environment |= {f"CHATBOT_{name}": value for name, value in {"MARKET": "simulated", "TELEGRAM_TOKEN": TOKEN, **settings}.items()}
    return nursery.run("run", env=environment, cwd=folder)


def _symlink(file: Path) -> Path:
    other = file.with_name("other.sqlite")
    other.symlink_to(file)
    return other


def _hard_link(file: Path) -> Path:
    other = file.with_name("other.sqlite")
    other.hardlink_to(file)
    return other


def _folder_link(file: Path) -> Path:
    other = file.parent.with_name("elsewhere")
    other.symlink_to(file.parent)
    return other / file.name


NAMES: dict[str, Callable[[Path], Path]] = {
    "the same": lambda file: file,
    "a symlink": _symlink,
    "a hard link": _hard_link,
    "a link to the folder": _folder_link,
    "dots": lambda file: file.parent / ".." / file.parent.name / "." / file.name,
}


@pytest.mark.parametrize("name", NAMES)
async def test_a_file_is_held_by_one_process_under_every_name(tmp_path: Path, name: str) -> None:
    file = tmp_path / "data" / "ballast.sqlite"
    first = Hold(url(file))
    await first.take()
    other = NAMES[name](file)
    second = Hold(url(other))
    with pytest.raises(SettingError, match="another Ballast is running"):
        await second.take()
    await second.release()
    await first.release()
    third = Hold(url(other))
    await third.take()
    await third.release()


@pytest.mark.long
async def test_a_second_run_by_address_or_without_the_lock_file_is_refused(tmp_path: Path) -> None:
    """One sentence, exit code 2; the first goes on."""
    file = tmp_path / "data" / "ballast.sqlite"
    hold = Hold(url(file))
    await hold.take()
    (tmp_path / "data" / "lock").unlink(missing_ok=True)
    for settings in ({}, {"DATABASE_URL": url(file)}, {"DATABASE_URL": url("data/../data/ballast.sqlite"), "DATA_DIR": "elsewhere"}):
        ended = await asyncio.to_thread(run, tmp_path, **settings)
        assert ended.returncode == 2
        assert "another Ballast is running" in ended.stderr
        assert len(ended.stderr.splitlines()) == 1
    await hold.release()


@pytest.mark.long
async def test_a_postgres_database_is_held_by_one_process_and_taken_again_after_a_lost_session() -> None:
    server = postgres_or_skip()
    address = await server.copy("template0")
    first, second = Hold(address), Hold(address)
    await first.take()
    with pytest.raises(SettingError, match="another Ballast is running"):
        await second.take()
    await second.release()
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(first.watch(0.05))
        await server.run("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
        await asyncio.sleep(1)
        late = Hold(address)
        with pytest.raises(SettingError, match="another Ballast is running"):
            await late.take()
        await late.release()
        watching.cancel()
    await first.release()


async def test_a_server_that_is_not_there_is_told_in_a_sentence_without_its_password() -> None:
    """A start ended with 138 lines of traceback."""
    hold = Hold("postgresql://ann:opensesame@127.0.0.1:1/ballast")
    with pytest.raises(SettingError, match="the database does not answer \\(ConnectionRefusedError\\); look whether it is up") as told:
        await hold.take()
    assert "opensesame" not in str(told.value)
    await hold.release()


@pytest.mark.long
async def test_a_process_that_lost_its_postgres_database_to_another_ends() -> None:
    server = postgres_or_skip()
    address = await server.copy("template0")
    first, second = Hold(address), Hold(address)
    await first.take()
    await server.run("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    await asyncio.sleep(0.2)
    await second.take()
    with pytest.raises(SettingError, match="another Ballast is running"):
        await asyncio.wait_for(first.watch(0.05), LIMIT_S)
    await first.release()
    await second.release()


@pytest.mark.long
async def test_who_stands_by_acts_only_after_the_other_has_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that is lost is no process that is dead: whoever had it ends before the next one begins."""
    monkeypatch.setattr(location, "TURN_S", 0.05)
    monkeypatch.setattr(location, "GIVEN_S", 1.0)
    server, told = postgres_or_skip(), asyncio.Event()
    address = await server.copy("template0")
    first, second = Hold(address), Hold(address)
    await first.take()

    async def stand_by() -> None:
        told.set()

    waiting = asyncio.ensure_future(second.take_in_turn(stand_by))
    await asyncio.wait_for(told.wait(), LIMIT_S)
    await server.run("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted")
    await asyncio.sleep(0.3)  # whoever stands by has it by now
    with pytest.raises(SettingError, match="another Ballast is running"):
        await asyncio.wait_for(first.watch(0.05), LIMIT_S)
    assert not waiting.done()
    await asyncio.wait_for(waiting, LIMIT_S)
    await first.release()
    await second.release()


@pytest.mark.long
async def test_one_alone_and_several_together_refuse_each_other() -> None:
    """In a sentence that says whom to stop; nobody stands by for those who go on for good."""
    server = postgres_or_skip()
    address = await server.copy("template0")
    alone, first, second, late = (Hold(address) for _ in range(4))
    try:
        await alone.take()
        with pytest.raises(SettingError, match="another Ballast is running"):
            await first.take_together()
        await alone.release()
        await first.take_together()
        await second.take_together()
        for refused in (late.take(), late.take_in_turn(_nobody_waits)):
            with pytest.raises(SettingError, match="several processes share the work"):
                await refused
        await first.release()
        await second.release()
        await late.take()
    finally:
        for hold in (alone, first, second, late):
            await hold.release()


async def _nobody_waits() -> None:
    raise AssertionError


async def test_a_file_is_not_shared(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="share the work on PostgreSQL only"):
        await Hold(url(tmp_path / "ballast.sqlite")).take_together()


async def test_who_stands_by_takes_a_file_or_is_refused(tmp_path: Path) -> None:
    """A file lies on one machine: nobody waits for it."""

    async def stand_by() -> None:
        raise AssertionError

    first, second = Hold(url(tmp_path / "ballast.sqlite")), Hold(url(tmp_path / "ballast.sqlite"))
    await first.take_in_turn(stand_by)
    with pytest.raises(SettingError, match="another Ballast is running"):
        await second.take_in_turn(stand_by)
    await first.release()
    await second.release()


@pytest.mark.usefixtures("_shared")
async def test_only_the_owner_reads_the_database(tmp_path: Path) -> None:
    """New or made by an older version, its side files too."""
    file = tmp_path / "data" / "ballast.sqlite"
    db = Database(url(file))
    await db.migrate()
    made = [path for path in file.parent.iterdir() if path.stat().st_mode & 0o077]
    assert made == []
    assert file.parent.stat().st_mode & 0o777 == 0o700
    await db.close()
    file.chmod(0o644)
    db = Database(url(file))
    await db.migrate()
    assert [oct(path.stat().st_mode & 0o777) for path in file.parent.iterdir()] == ["0o600"] * len(list(file.parent.iterdir()))
    await db.close()


def _text(file: Path) -> None:
    file.write_text("these are my notes, and they are dear to me. " * 40)


def _torn(file: Path) -> None:
    with closing(sqlite3.connect(file)) as made, made:
        made.execute("CREATE TABLE pf_meta (key)")
    data = bytearray(file.read_bytes())
    data[100:400] = b"\xff" * 300
    file.write_bytes(bytes(data))


def _foreign(file: Path) -> None:
    with closing(sqlite3.connect(file)) as made, made:
        made.execute("CREATE TABLE moz_bookmarks (id)")


WRONG: dict[str, tuple[Callable[[Path], None], str]] = {
    "text": (_text, "no SQLite database"),
    "torn": (_torn, "damaged"),
    "foreign": (_foreign, "belongs to another program"),
    "folder": (lambda file: file.mkdir(), "is a folder"),
}


@pytest.mark.long
@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_database_of_ours_is_told_in_one_sentence_and_left_as_it_is(tmp_path: Path, what: str) -> None:
    make, said = WRONG[what]
    file = tmp_path / "data" / "ballast.sqlite"
    file.parent.mkdir()
    make(file)
    before = file.read_bytes() if file.is_file() else b""
    ended = run(tmp_path)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert (file.read_bytes() if file.is_file() else b"") == before


def test_a_full_disk_has_its_sentence() -> None:
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL
    assert "disk is full" in str(cure(ExceptionGroup("work", [full])))
    assert "disk is full" in str(cure(OSError(errno.ENOSPC, "no space")))
    assert cure(ValueError("something else")) is None


@pytest.mark.parametrize(
    ("address", "there"),
    [("sqlite+aiosqlite:////data/b.db", True), ("sqlite://", False), ("sqlite:///:memory:", False), ("postgresql+asyncpg://u@h/d", False)],
)
def test_what_has_a_file(address: str, there: bool) -> None:
    assert (file_of(address) is not None) is there

"""Trading is stopped from the command line, for the day on which Telegram is what failed; doctor and health tell of it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from chatbot.__main__ import main
from chatbot.clock import ManualClock
from chatbot.config import load_settings
from chatbot.store import halt
from handlers.doctor import examine
from handlers.run import health as told_health
from tests import nursery
from tests.person import Someone, someone
from tests.places import ROOT
from tests.store.databases import postgres_or_skip

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


def command(folder: Path, name: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command as an operator does who has a shell and no Telegram."""
    given = {"DATA_DIR": str(folder), "TELEGRAM_API_URL": "http://127.0.0.1:1", "MARKET": "simulated", **settings}
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    environment |= {f"CHATBOT_{key}": value for key, value in given.items()}
    return nursery.run(*name.split(), env=environment, cwd=folder)


@pytest.mark.long
async def test_a_running_bot_is_stopped_and_let_go_on_from_the_command_line(tmp_path: Path) -> None:
    """Another process, on the database that the bot holds; whoever is concerned is told by the bot."""
    async with someone(tmp_path, clock=ManualClock(datetime.now(UTC))) as ann:
        await ann.set_up()
        done = command(tmp_path, "halt")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("Trading is halted (plans stopped: 0, orders being cancelled: 0).")
        answer = await ann.tap("Confirm")
        assert answer.text is not None
        assert answer.text.startswith("Trading has been stopped by the operator since")
        health = await told_health(ann.program)
        assert health["trading_halted_since"] is not None
        ann.clock.set(datetime.now(UTC) + timedelta(minutes=1))  # it stood still while the other process worked
        await ann.outbox.drain()
        ann.sees("Trading has been stopped by the operator since")
        done = command(tmp_path, "unhalt")
        assert (done.returncode, done.stdout) == (0, "Trading goes on. Everybody is told, and stopped plans ask first: 0.\n")
        await _goes_on(ann)


async def _goes_on(ann: Someone) -> None:
    ann.clock.set(datetime.now(UTC) + timedelta(minutes=2))
    await ann.outbox.drain()
    ann.sees("Trading resumed at")
    assert (await told_health(ann.program))["trading_halted_since"] is None
    assert (await ann.confirm()).state == "done"


@pytest.mark.long
async def test_what_is_halted_already_or_not_at_all_is_said(tmp_path: Path) -> None:
    async with someone(tmp_path) as ann:
        await ann.program.halting.begin()
    for name, said in (
        ("halt", "Trading is halted already, since 2026-01-05 09:00 UTC.\n"),
        ("unhalt", "Trading goes on."),
        ("unhalt", "Trading was not"),
    ):
        done = command(tmp_path, name)
        assert done.returncode == 0
        assert done.stdout.startswith(said)


@pytest.mark.sqlite
def test_without_a_database_nothing_is_made_and_the_place_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No folder, no file, and a sentence instead of a traceback; also for a server that is not there."""
    monkeypatch.setenv("CHATBOT_DATA_DIR", str(tmp_path / "none"))
    monkeypatch.setenv("CHATBOT_MARKET", "simulated")
    monkeypatch.chdir(tmp_path)
    for name in ("halt", "unhalt"):
        assert main([name]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith("CHATBOT_DATABASE_URL: there is no database at")
        assert not (tmp_path / "none").exists()
    monkeypatch.setenv("CHATBOT_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/gone")
    assert main(["halt"]) == 2
    assert "does not answer" in capsys.readouterr().err
    other = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(other)) as foreign:
        foreign.execute("CREATE TABLE songs (name TEXT)")
    kept = other.read_bytes()
    monkeypatch.setenv("CHATBOT_DATABASE_URL", f"sqlite:///{other}")
    assert main(["halt"]) == 2
    assert "belongs to another program" in capsys.readouterr().err
    assert other.read_bytes() == kept


@pytest.mark.long
async def test_the_command_line_stops_a_bot_on_postgres(tmp_path: Path) -> None:
    url = await postgres_or_skip().copy()
    async with someone(tmp_path, database_url=url) as ann:
        assert command(tmp_path, "halt", DATABASE_URL=url).returncode == 0
        async with ann.program.db.read() as tx:
            assert await halt.since(tx) is not None


@pytest.mark.sqlite
async def test_the_doctor_tells_that_trading_is_halted(tmp_path: Path) -> None:
    """It is no fault, so the doctor stays content; it is easily forgotten, so it is said."""
    async with someone(tmp_path) as ann:
        settings = load_settings(_env_file=None, data_dir=tmp_path, market="simulated")
        before = next(finding for finding in await examine(settings) if finding.what == "trading")
        await ann.program.halting.begin()
        after = next(finding for finding in await examine(settings) if finding.what == "trading")
    assert (before.ok, before.detail) == (True, "not halted")
    assert after.ok
    assert after.detail.startswith("halted for everybody since 2026-01-05 09:00 UTC;")

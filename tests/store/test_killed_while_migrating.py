"""kill -9 while an old database is moved on: the next start finishes it, and it holds what an unhurt one holds."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests import nursery

pytestmark = pytest.mark.sqlite

HERE = Path(__file__).parent


#: since when a strategy is known that was there before: the moment at which the database was moved on
_SINCE = re.compile(r"""(?<=INSERT INTO "pf_strategies" VALUES\()(\d+),\d+""")


def dumped(file: Path) -> list[str]:
    """Return all that a database holds, its tables and their rows, but for the moment at which it was moved on."""
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [_SINCE.sub(r"\1,now", line) for line in database.iterdump()]


@pytest.mark.long
@pytest.mark.parametrize("kills", [6, pytest.param(100, marks=pytest.mark.slow)])
def test_an_old_database_is_moved_on_as_if_nothing_had_been(tmp_path: Path, kills: int) -> None:
    """At random moments of the migration, each death after the last: no step is lost or done twice."""
    file = tmp_path / "ballast.sqlite"
    with closing(sqlite3.connect(file)) as database:
        database.executescript((HERE / "database_of_november_2026.sql").read_text(encoding="utf-8"))
    before = dumped(file)
    done = nursery.run(str(file), str(kills), "20251128", file=HERE / "migration_worker.py", timeout_s=300)
    assert done.returncode == 0, done.stderr[-3000:]
    assert dumped(file) == dumped(tmp_path / "unhurt.sqlite")
    assert dumped(file) != before, "there was something to move on"

"""A disk that is full while a test says so: what SQLite then answers to whatever would write."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from chatbot.store import sqlite

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    import pytest


class Disk:
    """Room, or none."""

    def __init__(self) -> None:
        self.is_full = False
        self.refused = 0

    @contextmanager
    def full(self) -> Iterator[None]:
        """Have no room inside the block."""
        self.is_full = True
        try:
            yield
        finally:
            self.is_full = False


def on_a_small_disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """Let every transaction that writes meet the limit of its file's pages, as SQLite meets the end of a disk."""
    disk, run = Disk(), sqlite._run

    def run_(connection: sqlite3.Connection, begin: str | None, statement: Callable[[sqlite3.Cursor], object]) -> Any:
        if begin is None or "IMMEDIATE" not in begin:
            return run(connection, begin, statement)
        if disk.is_full:
            # The rows of a running bot fit into pages that it has; a real disk refuses the log of a change as well.
            disk.refused += 1
            connection.execute("PRAGMA max_page_count = 1")
            connection.execute(begin)
            connection.execute("CREATE TABLE nothing_fits AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 9000) "
                               "SELECT randomblob(4000) FROM n")  # fmt: skip
        connection.execute("PRAGMA max_page_count = 1073741823")
        return run(connection, begin, statement)

    monkeypatch.setattr(sqlite, "_run", run_)
    monkeypatch.setattr(sqlite, "_locked_at_once", lambda _: False)  # each begins in ``_run``
    return disk

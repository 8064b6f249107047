"""What holds for every test run."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import on_postgres
from tests.examples import register_profiles
from tests.once import compile_once, read_once, work_out_once
from tests.store.databases import postgres_server

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

#: a file system in memory, and the room that a run may need, bytes
_MEMORY, _ROOM = Path("/dev/shm"), 2 * 2**30  # noqa: S108 - it is used as what it is
#: files that take long for few tests; what is begun last should be short
_LONG = ("tests/test_browser_demo.py", "tests/telegram/", "tests/stories/", "tests/test_browser_page.py", "tests/execution/")


register_profiles()


def pytest_configure() -> None:
    """Let tests write into memory where there is room: thousands of databases would wait for the disk at every commit."""
    if "TMPDIR" not in os.environ and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM:
        os.environ["TMPDIR"] = str(_MEMORY)  # for the processes that tests start, too
        tempfile.tempdir = None


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Let each worker begin with another part of a folder: what one has compiled the others need not, and in a new checkout nothing is."""
    report = yield
    worker = getattr(collector.config, "workerinput", None)
    if worker is not None and isinstance(collector, pytest.Directory):
        begin = int(worker["workerid"].removeprefix("gw")) * len(report.result) // worker["workercount"]
        report.result = [*report.result[begin:], *report.result[:begin]]
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first, and all in one order: a worker takes a file at a time."""

    def place(item: pytest.Item) -> tuple[int, str]:
        file = item.nodeid.partition("::")[0]
        return next((rank for rank, place in enumerate(_LONG) if file.startswith(place)), len(_LONG)), file

    items.sort(key=place)


def pytest_xdist_auto_num_workers() -> int:
    """Return one worker more than there are processors: the browser's and the processes' tests mostly wait."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish(session: pytest.Session) -> None:
    """Leave what was imported to itself: the collector would look through it again and again."""
    if os.environ.get(on_postgres.ASKED) and session.items:
        server = postgres_server()
        if isinstance(server, Exception):
            pytest.exit(f"PostgreSQL does not start here: {server!r}", returncode=1)
        on_postgres.redirect(server.uri)
        on_postgres.make_templates()
    compile_once()
    read_once()
    work_out_once()
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _on_postgres(request: pytest.FixtureRequest) -> Iterator[None]:
    """Put away what a test has made on the server; one about files of SQLite has them."""
    if not on_postgres.AT.server:
        yield
    elif request.node.get_closest_marker("sqlite"):
        with on_postgres.on_files():
            yield
    else:
        before = on_postgres.AT.names()
        yield
        on_postgres.AT.drop(on_postgres.AT.names() - before)

"""Who works on a PostgreSQL database, as the server knows it by their sessions and locks."""

from __future__ import annotations

import os
import socket
import time

import pytest
from sqlalchemy import make_url

from chatbot.model import SHARES, ProcessKind
from chatbot.store.database import Database
from chatbot.store.location import Hold
from chatbot.store.rights import processes
from chatbot.store.rights.processes import living
from chatbot.store.rights.session import SENDS, SHARE_LOCKS, Lock, LockSession
from tests.store.databases import postgres_or_skip
from tests.waiting import until


@pytest.mark.long
async def test_every_process_that_lives_is_known_with_what_it_has() -> None:
    """A worker by the locks of its shares, a sender that waits by the lock that it has not; a stranger's session is none of ours."""
    url = await postgres_or_skip().copy("template0")
    web, worker, one = (Hold(url, name=processes.name(kind)) for kind in (ProcessKind.WEB, ProcessKind.WORKER, ProcessKind.SENDER))
    sends, stranger = Hold(url, SENDS, processes.name(ProcessKind.SENDER)), LockSession(make_url(url), "ballast|worker|when?|1|x")
    db = Database(url)
    try:
        for hold in (web, worker, one):
            await hold.take_together()
        await worker.session.ask(Lock(kind=SHARE_LOCKS, number=SHARES, shared=True))
        await worker.session.ask_all(SHARE_LOCKS, range(8))
        await stranger.ask(Lock(number=1))
        async with db.read() as tx:
            found = await living(tx)
        assert [(process.kind, process.shares, process.stands_by) for process in found] == [
            (ProcessKind.SENDER, frozenset(), True),
            (ProcessKind.WEB, frozenset(), False),
            (ProcessKind.WORKER, frozenset(range(8)), False),
        ]
        assert {(process.host, process.pid) for process in found} == {(socket.gethostname()[:24], os.getpid())}
        assert all(0 <= time.time() - process.since.timestamp() < 86_400 for process in found)
        await sends.take()
        async with db.read() as tx:
            assert [process.stands_by for process in await living(tx) if process.kind is ProcessKind.SENDER] == [False]
        await worker.release()

        async def is_gone() -> bool:
            async with db.read() as tx:
                return ProcessKind.WORKER not in {process.kind for process in await living(tx)}

        await until(is_gone)
    finally:
        await db.close()
        await stranger.close()
        for hold in (web, worker, one, sends):
            await hold.release()


def test_a_name_fits_what_the_server_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "büro-" + "x" * 200)
    assert len(processes.name(ProcessKind.WORKER).encode()) <= 63
    assert processes.name(ProcessKind.WORKER).startswith("ballast|worker|")

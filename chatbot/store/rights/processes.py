"""Who works on a database of a server: each process has a session there that says its name, and that session's locks say what it has."""

from __future__ import annotations

import os
import socket
import time
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import text

from chatbot.model import SHARES, Process, ProcessKind
from chatbot.store.rights.session import ALONE, SENDS, SHARE_LOCKS, held_locks

if TYPE_CHECKING:
    from collections.abc import Collection

    from chatbot.store.database import Tx

#: how each name begins, what stands between its parts, and how many bytes of one the server keeps
_OURS, _BETWEEN, _BYTES_MAX = "ballast", "|", 63
_BEGUN: Final = int(time.time())


def name(kind: ProcessKind) -> str:
    """Return what the server is to call the sessions of this process."""
    told = _BETWEEN.join((_OURS, kind.value, str(_BEGUN), str(os.getpid()), socket.gethostname()))
    return told.encode("ascii", "replace")[:_BYTES_MAX].decode("ascii")


async def living(tx: Tx) -> tuple[Process, ...]:
    """Return the processes that have a session with the server, by kind, machine and number; ``tx`` is on PostgreSQL."""
    locks: defaultdict[str, set[tuple[int, int]]] = defaultdict(set)
    for session, kind, number in await tx.execute(_SESSIONS, {"ours": f"{_OURS}{_BETWEEN}%"}):
        locks[session].add((kind, number))
    found = [_process(session, held) for session, held in locks.items()]
    return tuple(sorted((one for one in found if one is not None), key=lambda one: (one.kind, one.host, one.pid)))


def _process(session: str, held: Collection[tuple[int, int]]) -> Process | None:
    """Return whose sessions these are; None where somebody else calls theirs like ours."""
    try:
        _, kind, since, pid, host = session.split(_BETWEEN, 4)
        of, at, number = ProcessKind(kind), datetime.fromtimestamp(int(since), UTC), int(pid)
    except (ValueError, OverflowError, OSError):
        return None
    needs = {ProcessKind.SENDER: SENDS, ProcessKind.RUN: ALONE}.get(of)
    shares = frozenset(one for kind_, one in held if kind_ == SHARE_LOCKS and one != SHARES) if of is ProcessKind.WORKER else frozenset()
    return Process(
        kind=of, host=host, pid=number, since=at, shares=shares, stands_by=needs is not None and (needs.kind, needs.number) not in held
    )


_LOCKS = held_locks("pid, classid, objid")
_SESSIONS = text(
    "SELECT a.application_name, COALESCE(CAST(l.classid AS bigint), -1), COALESCE(CAST(l.objid AS bigint), -1)"  # noqa: S608 - ours
    f" FROM pg_stat_activity a LEFT JOIN ({_LOCKS}) l ON l.pid = a.pid"
    " WHERE a.datname = current_database() AND a.application_name LIKE :ours"
)

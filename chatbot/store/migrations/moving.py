"""The way from a SQLite file to PostgreSQL: every row, compared before it counts, and the file is not started on any more."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from chatbot.errors import CopyError
from chatbot.store import accounts, location
from chatbot.store.database import Database
from chatbot.store.migrations import copying

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


async def move(source: str, target: str, now: datetime) -> Mapping[str, int]:
    """Bring everything from the SQLite file at ``source`` to the empty PostgreSQL database at ``target``; return rows by table.

    Nobody may be running on either. The file is marked before anything can be traded from the other place, so that never two bots act for
    the same people; whoever is killed in between moves again. Plans that are under way go on there: the durable engine's own rows stay
    behind, and what the journal says is under way is enqueued at the start. Raises :class:`CopyError` and :class:`SettingError`, with
    nothing changed.
    """
    if location.file_of(source) is None or location.file_of(target) is not None:
        raise CopyError("this moves from a SQLite file to PostgreSQL: give the address of the new database, postgresql://...")
    async with AsyncExitStack() as stack:
        for url in (source, target):
            hold = location.Hold(url)
            stack.push_async_callback(hold.release)
            await hold.take()
        old, new = Database(source), Database(target)
        stack.push_async_callback(old.close)
        stack.push_async_callback(new.close)
        await old.must_be_there()
        await new.migrate()
        before = await _mark(old, now.isoformat())
        try:
            return await _moved(old, new)
        except BaseException:
            await _mark(old, before)
            raise


async def _moved(old: Database, new: Database) -> Mapping[str, int]:
    async with old.read() as there, new.transaction() as tx:
        if not await copying.is_empty(tx):
            raise CopyError("there is something in the new database already; name an empty one")
        await copying.copy_all(there, tx)
        before, after = await copying.books(there), await copying.books(tx)
        if wrong := sorted(name for name in before if before[name] != after[name]):
            raise CopyError(f"the books are not the same on both sides ({', '.join(wrong)}); nothing was changed")
        await accounts.set_meta(tx, location.MOVED_AT, "")
    return {name: count for name, (count, _) in before.items()}


async def _mark(db: Database, moved_at: str) -> str:
    """Note when a file was left, empty: it was not; return what was noted before."""
    async with db.transaction() as tx:
        before = await accounts.meta(tx, location.MOVED_AT)
        await accounts.set_meta(tx, location.MOVED_AT, moved_at)
    return before or ""

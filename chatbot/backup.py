"""A copy of everything that Ballast knows: made while the bot runs, without what opens doors, and put back with trading stopped.

A copy is a SQLite file, also of a PostgreSQL database. The key that seals buttons, the pairing code and the text of updates that wait for
an answer are not in it. Who puts it back makes the bot forget what happened since: orders that were sent are not in its books, so nothing
is traded until the operator has looked, and everybody is told.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chatbot import live_consent
from chatbot.errors import CopyError
from chatbot.model import MessageKind
from chatbot.store import halt, location, messages
from chatbot.store.database import Database
from chatbot.store.migrations import copying, schema
from chatbot.values import dataclass

if TYPE_CHECKING:
    from pathlib import Path

    from chatbot.store.database import Tx

#: facts of the program: in a copy, when it was made; in the original, when the last copy of it was
MADE_AT, BACKED_UP_AT = "backup_made_at", "backed_up_at"
#: what a copy never holds
_LEFT_OUT = (
    "DELETE FROM pf_meta WHERE key IN ('button_key', 'pairing_code', 'doctor', 'moved_at', 'broadcast')",
    "DELETE FROM pf_updates WHERE NOT finished",
)
_COUNTED = ("pf_people", "pf_portfolios", "pf_plans")
_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """What a copy holds."""

    made_at: datetime
    #: version of its tables
    version: str
    people: int
    portfolios: int
    plans: int


def back_up(url: str, target: Path, now: datetime) -> Copy:
    """Copy the database at ``url``, of a bot that may be running on it, to a new file that only its owner reads.

    The copy is one moment of the database, checked from end to end before it gets its name. It is a SQLite file wherever it comes from, and
    goes back to either kind. Waits for all that: call it in a thread. Raises :class:`CopyError` where none can be made.
    """
    if target.exists():
        raise CopyError(f"{target} is there already; name a file that is not, with the date in it for instance")
    half = target.with_name(f".{target.name}.half")
    try:
        _made_anew(half)
        _filled(half, url)
        with closing(sqlite3.connect(half)) as copy:
            for statement in _LEFT_OUT:
                copy.execute(statement)
            copy.execute("INSERT OR REPLACE INTO pf_meta (key, value) VALUES (?, ?)", (MADE_AT, now.isoformat()))
            copy.commit()
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, whatever the original keeps beside it
            copy.execute("VACUUM")  # what was deleted is gone, and not merely unlisted
        found = inspect(half)
        _lasting(half)
        os.link(half, target)  # unlike a rename it never takes the place of what somebody else has put there meanwhile
    except FileExistsError:
        raise CopyError(f"{target} is there already; name a file that is not, with the date in it for instance") from None
    except OSError as error:
        raise CopyError(f"cannot write {target} ({error.strerror}); choose another place or free this one") from None
    finally:
        half.unlink(missing_ok=True)
    _lasting(target.parent)
    return found


def _filled(half: Path, url: str) -> None:
    """Bring everything that is in a database at one moment into a file; its own thread waits for that."""
    source = location.file_of(url)
    if source is None:
        asyncio.run(_rows_of_a_server(half, url))
        return
    with closing(sqlite3.connect(source, timeout=_TIMEOUT_S)) as original, closing(sqlite3.connect(half)) as copy:
        original.backup(copy)


async def _rows_of_a_server(half: Path, url: str) -> None:
    original, copy = Database(url), Database(f"sqlite+aiosqlite:///{half}")
    try:
        await original.must_be_there()
        await copy.migrate()
        async with original.read() as source, copy.transaction() as target:
            await copying.copy_all(source, target)
    finally:
        await original.close()
        await copy.close()


def inspect(file: Path) -> Copy:
    """Return what a copy holds. Raises :class:`CopyError` for what is none, is damaged, or was made by a newer Ballast."""
    if not file.is_file():
        raise CopyError(f"there is no file {file}")
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=_TIMEOUT_S)) as copy:
            if [row[0] for row in copy.execute("PRAGMA integrity_check")] != ["ok"]:
                raise CopyError(f"{file} is damaged; take an older copy")
            made = copy.execute("SELECT value FROM pf_meta WHERE key = ?", (MADE_AT,)).fetchone()
            version = copy.execute(f"SELECT version_num FROM {schema.VERSION_TABLE}").fetchone()  # noqa: S608 - a name of ours
            people, portfolios, plans = (copy.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in _COUNTED)  # noqa: S608
    except sqlite3.DatabaseError as error:
        raise CopyError(f"{file} is no copy of Ballast's, or a damaged one ({error})") from None
    if made is None or version is None:
        raise CopyError(f"{file} was not made by `python -m chatbot backup`")
    if version[0] > schema.HEAD:
        raise CopyError(f"{file} was made by a newer Ballast (tables {version[0]}, here {schema.HEAD}); install that one first")
    try:
        made_at = datetime.fromisoformat(made[0]).astimezone(UTC)
    except ValueError:
        raise CopyError(f"{file} does not say when it was made") from None
    return Copy(made_at=made_at, version=version[0], people=people, portfolios=portfolios, plans=plans)


async def restore(url: str, source: Path, now: datetime) -> tuple[Copy, Path | None]:
    """Put a copy in the place of the database at ``url``; return what it holds, and where the database that was there lies now.

    Nobody else may be running on it. The copy is moved on to today's tables, trading is halted in it and everybody concerned is told, all
    before it takes its place in one step: whoever is killed in the middle finds the old database. Raises :class:`CopyError`, and
    ``SettingError`` while a bot runs.
    """
    target = location.file_of(url)
    found = await asyncio.to_thread(inspect, source)
    hold = location.Hold(url)
    await hold.take(may_be_damaged=True)
    half = (target or source).with_name(f".{(target or source).name}.half")
    try:
        await asyncio.to_thread(_copied, source, half)
        await _prepared(half, found, now)
        if target is None:
            return found, await _poured(half, url, source.with_name(_set_aside(source, now)), now)
        return found, await asyncio.to_thread(_exchanged, half, target, now)
    except OSError as error:
        raise CopyError(f"cannot write {half} ({error.strerror}); nothing was changed") from None
    finally:
        for side in ("", *location.SIDES):
            half.with_name(half.name + side).unlink(missing_ok=True)
        await hold.release()


async def _prepared(file: Path, found: Copy, now: datetime) -> None:
    """Make a copy one that a bot may start on: today's tables, nothing half told, trading halted, everybody told why."""
    db = Database(f"sqlite+aiosqlite:///{file}")
    try:
        await db.migrate()
        async with db.transaction() as tx:
            await messages.drop_waiting(tx, now, detail="restored")
            since = await halt.begin(tx, now) or now
            await live_consent.end_restored(tx, now)
            await _tell(tx, found, since, now)
    finally:
        await db.close()


async def _tell(tx: Tx, found: Copy, since: datetime, now: datetime) -> None:
    facts = {"since": since.isoformat(), "made_at": found.made_at.isoformat()}
    for person in await halt.concerned(tx):
        key = f"{MessageKind.RESTORED}-{now.isoformat()}-{person.id}"
        await messages.ring(tx, person.chat_id, MessageKind.RESTORED, facts, key=key, now=now)


def _copied(source: Path, half: Path) -> None:
    _made_anew(half)
    with closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as copy, closing(sqlite3.connect(half)) as new:
        copy.backup(new)


async def _poured(half: Path, url: str, aside: Path, now: datetime) -> Path | None:
    """Put the rows of a prepared file in the place of a server's, in one transaction; what was there is copied to ``aside`` before."""
    new, there = Database(f"sqlite+aiosqlite:///{half}"), Database(url)
    try:
        await there.migrate()
        async with there.read() as tx:
            was_empty = await copying.is_empty(tx)
        if not was_empty:
            await asyncio.to_thread(back_up, url, aside, now)
        async with new.read() as source, there.transaction() as target:
            await copying.empty(target)
            await copying.copy_all(source, target)
        return None if was_empty else aside
    finally:
        await new.close()
        await there.close()


def _set_aside(place: Path, now: datetime) -> str:
    return f"{place.name}.before-{now:%Y-%m-%dT%H-%M-%S}"


def _exchanged(half: Path, target: Path, now: datetime) -> Path | None:
    """Give the new database its place, and the old one a name beside it; None where there was none."""
    _written_out(half)
    _lasting(half)
    aside = None
    if target.stat().st_size:
        with suppress(sqlite3.DatabaseError):
            _written_out(target)
        aside = target.with_name(_set_aside(target, now))
        for side in location.SIDES:  # only where the old one is damaged: a log that is left beside the new file would be played into it
            with suppress(FileNotFoundError):
                target.with_name(target.name + side).rename(aside.with_name(aside.name + side))
        os.link(target, aside)
    half.replace(target)
    _lasting(target.parent)
    return aside


def _written_out(file: Path) -> None:
    """Bring into a database file what SQLite keeps in its log beside it."""
    with closing(sqlite3.connect(file, timeout=_TIMEOUT_S)) as opened_file:
        opened_file.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _made_anew(file: Path) -> None:
    """Make an empty file that only its owner reads, instead of what a killed run has left there."""
    file.unlink(missing_ok=True)
    os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))


def _lasting(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""What everything else stands on, opened first: the right to be the one process, and a database that is up to date and ours to use."""

from __future__ import annotations

import fcntl
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from chatbot.errors import SettingError
from chatbot.exchanges.sources import PLAYED, must_be_there
from chatbot.keyring import refuse_what_nobody_can_open
from chatbot.model import ProcessKind, is_own
from chatbot.store import accounts
from chatbot.store import portfolios as stored
from chatbot.store.database import Database
from chatbot.store.location import MOVED_AT, Hold, private
from chatbot.store.rights import processes
from chatbot.values import dataclass
from chatbot.vault import Vault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from pathlib import Path

    from chatbot.clock import Clock
    from chatbot.config import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """An open database; made by :func:`open_ground`."""

    settings: Settings
    clock: Clock
    db: Database
    #: the right to be the one process on the database
    hold: Hold
    vault: Vault
    kind: ProcessKind


@asynccontextmanager
async def open_ground(
    settings: Settings,
    clock: Clock,
    stand_by: Callable[[], Awaitable[None]] | None = None,
    *,
    together: bool = False,
    kind: ProcessKind = ProcessKind.RUN,
) -> AsyncIterator[Ground]:
    """Open the database and bring it up to date; raises :class:`SettingError`, with nothing changed, where it is not for this program.

    With ``stand_by`` a server's database is waited for while another process works on it: see :meth:`Hold.take_in_turn`. With
    ``together`` it is shared with others who do the same: see :meth:`Hold.take_together`. ``kind`` is what others see this process as.
    """
    must_be_there(settings.market)
    async with AsyncExitStack() as stack:
        if not settings.database_url:
            stack.enter_context(_lock(settings.data_dir))
        hold = Hold(settings.database, name=processes.name(kind))
        stack.push_async_callback(hold.release)
        if together:
            await hold.take_together()
        else:
            await (hold.take() if stand_by is None else hold.take_in_turn(stand_by))
        db = Database(settings.database)
        stack.push_async_callback(db.close)
        if not settings.is_live_market:
            await _refuse_real_portfolios(db, settings)
        await db.migrate()
        await _refuse_what_was_left(db)
        vault = Vault(settings.master_keys)
        await refuse_what_nobody_can_open(db, vault)
        yield Ground(settings=settings, clock=clock, db=db, hold=hold, vault=vault, kind=kind)


async def _refuse_real_portfolios(db: Database, settings: Settings) -> None:
    """Raise :class:`SettingError`, with nothing changed, where portfolios live on real prices: a made-up market is not for them."""
    async with db.read() as tx:
        real = {world: count for world, count in (await stored.worlds(tx)).items() if world not in PLAYED and not is_own(world)}
    if not real:
        return
    count = sum(real.values())
    held = f"it holds {count} portfolio{'s' if count > 1 else ''} on the prices of {', '.join(sorted(real))}, and this market is made up"
    if settings.database_url:
        raise SettingError("CHATBOT_DATABASE_URL", f"this database belongs to `run`: {held}; name another one, or none for a file")
    raise SettingError("CHATBOT_DATA_DIR", f"{settings.data_dir} belongs to `run`: {held}; give another folder with --data")


async def _refuse_what_was_left(db: Database) -> None:
    """Raise :class:`SettingError` for a file from which everything was moved: its people are looked after elsewhere."""
    async with db.read() as tx:
        moved_at = await accounts.meta(tx, MOVED_AT)
    if moved_at:
        raise SettingError("CHATBOT_DATABASE_URL", f"what this file held was moved to PostgreSQL ({moved_at}); name that database")


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Allow one process per data folder: two would both carry out what the first has begun."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        private(folder)
        file = (folder / "lock").open("w", encoding="utf-8")
        private(folder / "lock")
    except OSError as error:
        raise SettingError("CHATBOT_DATA_DIR", f"cannot write to {folder} ({error.strerror}); choose another folder") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SettingError("CHATBOT_DATA_DIR", f"another Ballast is running on {folder}; stop it or choose another folder") from None
        yield

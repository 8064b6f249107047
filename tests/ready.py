"""Database files that are ready: with their tables, or with the machines of the presets run over the first day's history as well."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from chatbot.app import open_program
from chatbot.portfolio import strategies
from chatbot.store.database import Database
from tests import on_postgres
from tests.inline import Inline

if TYPE_CHECKING:
    from chatbot.clock import ManualClock
    from chatbot.config import Settings

#: files that were made ready in this process, by everything that they depend on: whether they are files among it
_MADE: dict[tuple[object, ...], Path] = {}


async def with_tables(place: Path) -> None:
    """Put a copy of an up-to-date, empty database at ``place``, where there is none."""
    if on_postgres.AT.server or place.exists():  # noqa: ASYNC240 - a test waits for nothing else
        return
    if () not in _MADE:
        folder = _folder()
        database = Database(f"sqlite+aiosqlite:///{folder / place.name}")
        await database.migrate()
        await database.close()
        _MADE[()] = folder / place.name
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copyfile(_MADE[()], place)


def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="ballast-ready-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


async def make_ready(settings: Settings, clock: ManualClock) -> None:
    """Put a copy of a ready file where a program with these settings looks for its database, if it would begin with an empty one."""
    place = settings.data_dir / "ballast.sqlite"
    if settings.database_url or place.exists() or (on_postgres.AT.server and on_postgres.AT.has(on_postgres.name_of(place))):
        return
    key = (on_postgres.AT.server, settings.market, settings.market_start, settings.fear_greed_url, clock.now())
    if key not in _MADE:
        folder = _folder()
        alone = settings.model_copy(update={"data_dir": folder, "operator_ids": ""})
        async with open_program(alone, clock=clock, work=Inline()) as program:
            instruments = await program.source.markets()
            for name in strategies.preset_names():
                await program.signals.of(strategies.preset(name, instruments))
        _MADE[key] = folder / place.name
    if on_postgres.AT.server:
        on_postgres.AT.made(place, template=on_postgres.AT.kept(_MADE[key]))
        return
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copyfile(_MADE[key], place)

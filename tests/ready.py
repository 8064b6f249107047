"""A database file that is ready: its tables are there, and the machines of the presets have been run over the first day's history."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from chatbot.app import open_program
from chatbot.durable import Inline
from chatbot.portfolio import strategies

if TYPE_CHECKING:
    from chatbot.clock import ManualClock
    from chatbot.config import Settings

#: folders that were made ready in this process, by everything that the file depends on
_MADE: dict[tuple[object, ...], Path] = {}


async def make_ready(settings: Settings, clock: ManualClock) -> None:
    """Put a copy of a ready file where a program with these settings looks for its database, if it would begin with an empty one."""
    place = settings.data_dir / "ballast.sqlite"
    if settings.database_url or place.exists():
        return
    key = (settings.market, settings.market_start, settings.fear_greed_url, clock.now())
    if key not in _MADE:
        folder = Path(tempfile.mkdtemp(prefix="ballast-ready-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        alone = settings.model_copy(update={"data_dir": folder, "operator_ids": ""})
        async with open_program(alone, clock=clock, work=Inline()) as program:
            instruments = await program.source.markets()
            for name in strategies.preset_names():
                await program.signals.of(strategies.preset(name, instruments))
        _MADE[key] = folder
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copyfile(_MADE[key] / place.name, place)

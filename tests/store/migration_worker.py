"""Lives and deaths of a process that moves an old database on: killed at random moments, then left to finish.

usage: migration_worker.py FILE KILLS SEED   Each life forks from here, so that imports are paid once.
"""

from __future__ import annotations

import random
import shutil
import sys
import time
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from chatbot.store.database import Database
from chatbot.store.migrations import tool  # noqa: F401 - imported before the forks, used in them
from tests.lives import live, live_to_the_end


async def migrate(file: Path) -> None:
    """Bring a database up to date."""
    db = Database(f"sqlite+aiosqlite:///{file}")
    try:
        await db.migrate()
    finally:
        await db.close()


def main() -> None:
    """Find out how long it takes unhurt, on a copy, then die at random moments of that."""
    file, kills, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    unhurt = file.with_name("unhurt.sqlite")
    shutil.copy(file, unhurt)
    begun = time.monotonic()
    live_to_the_end(partial(migrate, unhurt))
    lasts_s, chance = time.monotonic() - begun, random.Random(seed)
    for _ in range(kills):
        live(partial(migrate, file), chance.uniform(0, lasts_s))
    live_to_the_end(partial(migrate, file))


if __name__ == "__main__":
    main()

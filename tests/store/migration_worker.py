"""Lives and deaths of a process that moves an old database on: killed at random moments, then left to finish.

usage: migration_worker.py FILE KILLS SEED   Each life forks from here, so that imports are paid once.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from chatbot.store.database import Database
from chatbot.store.migrations import tool  # noqa: F401 - imported before the forks, used in them


async def migrate(file: Path) -> None:
    """Bring a database up to date."""
    db = Database(f"sqlite+aiosqlite:///{file}")
    try:
        await db.migrate()
    finally:
        await db.close()


def life(file: Path, after_s: float | None = None) -> int:
    """Live once, killed after some time; return how it ended."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            asyncio.run(migrate(file))
            code = 0
        finally:
            sys.stderr.flush()
            os._exit(code)
    if after_s is not None:
        time.sleep(after_s)
        os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main() -> None:
    """Find out how long it takes unhurt, on a copy, then die at random moments of that."""
    file, kills, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    unhurt = file.with_name("unhurt.sqlite")
    shutil.copy(file, unhurt)
    begun = time.monotonic()
    if life(unhurt) != 0:
        sys.exit("the unhurt life was cut short")
    lasts_s, chance = time.monotonic() - begun, random.Random(seed)
    for _ in range(kills):
        life(file, chance.uniform(0, lasts_s))
    if life(file) != 0:
        sys.exit("the last life was cut short")


if __name__ == "__main__":
    main()

"""Lives and deaths of one process: carries a plan out with real DBOS, is killed at a named point, starts again.

usage: crash_worker.py FOLDER POINT,POINT,... [DATABASE_URL EXECUTOR]

Each life forks from this process, so that imports are paid once. The last life ends well and writes what it found to FOLDER/outcome.json.
With a database named, there is no last life: somebody else carries on.
"""

from __future__ import annotations

import asyncio
import json
import os
import struct
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import dbos  # noqa: F401 - imported before the forks, used in them

from chatbot.durable import Durable
from chatbot.execution.pace import Pace
from chatbot.model import PlanState
from chatbot.store import plans
from chatbot.store.database import Database
from tests.execution.lab import books, fresh_block, open_lab
from tests.lives import Death, die_at, live_to_the_end

#: two of every kind that may run side by side, but for the reductions
WORDS = (
    "sell 0.2 BTC; sell 1 ETH; to_spot 1000; buy 20 SOL; buy 4000 ADA; to_futures 100; "
    "reduce sell 0.05 BTC-PERP; increase buy 0.5 ETH-PERP; increase buy 5 SOL-PERP"
)
REPLANNED = "to_futures 80; reduce sell 0.04 BTC-PERP; increase buy 0.4 ETH-PERP; increase buy 4 SOL-PERP"
PACE = Pace(poll_s=0.03, requote_s=0.12, requotes=1, margin_s=0.05, again_s=0.05, looks=1, retries_s=(0.1, 0.2, 0.4))
LATE_WINDOW_S = 0.2
DEADLINE_S = 60


class StepClock:
    """Moves only while somebody waits, and on through all lives: how busy the machine is changes nothing of what happens."""

    def __init__(self, folder: Path) -> None:
        self._file = os.open(folder / "clock", os.O_RDWR | os.O_CREAT)
        if not os.pread(self._file, 8, 0):
            self._set(time.time())

    def _set(self, seconds: float) -> None:
        os.pwrite(self._file, struct.pack("d", seconds), 0)

    def monotonic(self) -> float:
        """Return the seconds since 1970."""
        seconds: float = struct.unpack("d", os.pread(self._file, 8, 0))[0]
        return seconds

    def now(self) -> datetime:
        """Return the moment that was waited for last."""
        return datetime.fromtimestamp(self.monotonic(), UTC)

    async def sleep(self, seconds: float) -> None:
        """Let so much time be over, and others do something."""
        self._set(self.monotonic() + max(0.0, seconds))
        await asyncio.sleep(0.001)


async def life(folder: Path, where: str, url: str, executor_id: str) -> None:
    """Start, carry on with what is there, and end when the plan has."""
    db = Database(url)
    await db.migrate()
    work = Durable(url, poll_s=0.05, executor_id=executor_id)
    death = Death(where)
    lab = await open_lab(db, clock=StepClock(folder), work=work, pace=PACE, late_window_s=LATE_WINDOW_S, crash_point=death)
    lab.account.faults.stuck.add("SOL")
    lab.services.block = fresh_block(REPLANNED)
    await work.start()
    if where != "prepare":
        async with db.read() as tx:
            stored = await plans.plans(tx, lab.portfolio.id)
        plan = stored[0] if stored else await lab.plan(WORDS)
        await lab.executor.recovery.reconcile()
        until = time.monotonic() + DEADLINE_S
        while plan.state not in (PlanState.DONE, PlanState.PARKED) and time.monotonic() < until:
            await asyncio.sleep(0.1)
            plan = await lab.read(plan.id)
        await asyncio.sleep(0.05)  # let the workflow end too, so that a point after the last write is passed
        attempts = await lab.attempts(plan.id)
        orders = lab.account.state.orders
        outcome = {
            "state": plan.state,
            "legs": [[leg.state, str(leg.filled), str(leg.average), str(leg.fee), leg.note] for leg in plan.legs],
            "books": books(lab.account),
            "journal": sorted([one.client_id, one.state, str(one.filled)] for one in attempts if one.limit is not None),
            "exchange": sorted([name, order.status, str(order.filled)] for name, order in orders.items()),
            "transfers": list(lab.account.state.transfers),
            "points": dict(death.passed),
            "results": [kind for kind, _ in await lab.told()].count("plan_result"),
        }
        Path(folder / "outcome.json").write_text(json.dumps(outcome), encoding="utf-8")  # noqa: ASYNC240 - the end of a test


async def warm_up() -> None:
    """Carry a plan out on paper, so that what is built at its first use is there before the forks."""
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite+aiosqlite:///{folder}/lab.db")
        await db.migrate()
        await (await open_lab(db)).run("sell 0.01 BTC; to_futures 10; buy 0.1 ETH; increase buy 0.01 BTC-PERP")
        await db.close()


def main() -> None:
    """Die at each point in turn, then live to the end."""
    folder = Path(sys.argv[1])
    asyncio.run(warm_up())
    url, executor_id = sys.argv[3:] or (f"sqlite+aiosqlite:///{folder / 'lab.db'}", "local")
    live_to_the_end(lambda: life(folder, "prepare", url, executor_id))
    die_at(sys.argv[2], lambda point: life(folder, point, url, executor_id))
    if len(sys.argv) == 3:
        live_to_the_end(lambda: life(folder, "nowhere", url, executor_id))


if __name__ == "__main__":
    main()

"""Lives and deaths of a process that carries plans out on a venue with keys; the venue is a server that lives on in the test.

usage: live_worker.py FOLDER POINT,POINT,... KILLS SEED

FOLDER/venue.json says which venue it is, where it listens and what is traded. The process dies at each of the points in turn, then so
often at random, and then lives to the end of the plan. Each life forks from this process, so that imports are paid once.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import dbos  # noqa: F401 - imported before the forks, used in them

from chatbot.durable import Durable
from chatbot.exchanges.live.ccxt_loader import exchange_class
from chatbot.exchanges.live.private.opening import Accounts
from chatbot.execution.pace import Pace
from chatbot.execution.transfers import WrittenTransfers
from chatbot.model import Credentials, PlanState
from chatbot.store import plans
from chatbot.store.database import Database
from tests.execution.crash_worker import REPLANNED, StepClock
from tests.execution.lab import Lab, fresh_block, open_lab
from tests.lives import Death, die_at, live, live_to_the_end

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatbot.model import Plan

KEYS = Credentials(api_key="key", secret="secret")
TAG = "t"
PACE = Pace(poll_s=1, requote_s=4, requotes=1, retries_s=(1, 2, 4), margin_s=1)
#: of the machine's time: a plan that has not ended by then is stuck
DEADLINE_S = 120
#: points that a life passes before it dies, at most
POINTS_MAX = 40
#: where nobody listens
NOWHERE = "http://127.0.0.1:1/"
#: points that are passed only when so many requests find no connection
CUT_OFF = {"retried": 1, "parked": 99}
#: plans of one life, at most: one that lives through all of them never passes its point
PLANS_MAX = 9
#: what a person lets a parked plan wait
_LATER_S = 60


class Recorded(Death):
    """Writes down every point before it is passed, so that the test knows which ones there are."""

    def __init__(self, where: str, folder: Path) -> None:
        super().__init__(where)
        self._file = os.open(folder / "passed", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def __call__(self, point: str) -> None:
        """Pass a point, or not; a death that names no leg comes at any."""
        os.write(self._file, f"{point}\n".encode())
        super().__call__(point if "-" in self.name else point.partition("-")[0])


def account_opener(clock: Any, venue: dict[str, Any], death: Callable[[str], None] = lambda _: None, *, cut_off: int = 0) -> Accounts:
    """Return what opens accounts at the server.

    ``death`` may come before a request that changes something, and after its answer; the first ``cut_off`` of these find no connection.
    """
    left = iter(range(cut_off))

    def prepare(made: Any) -> None:
        made.ssl_context = False
        made.timeout, made.timeout_on_exit = 5_000, 0
        fetch = made.fetch

        async def watched(url: str, method: str, *more: Any) -> Any:
            if method == "GET":
                return await fetch(url, method, *more)
            death("asking")
            answer = await fetch(url if next(left, None) is None else NOWHERE, method, *more)
            death("told")
            return answer

        made.fetch = watched

    return Accounts(clock, {venue["name"]: venue["options"]}, prepare=prepare)


class Life:
    """From one start to the next death."""

    def __init__(self, folder: Path, where: str) -> None:
        self.venue: dict[str, Any] = json.loads((folder / "venue.json").read_text(encoding="utf-8"))
        self.folder, self.death = folder, Recorded(where, folder)
        self.clock, self.cut_off = StepClock(folder), CUT_OFF.get(where, 0)

    async def live(self, plans_max: int = 1) -> None:
        """Carry on with what is there, and make the next plan when one has come to its end, ``plans_max`` in all."""
        url = self.venue["url"]
        db, work = Database(url), Durable(url, poll_s=0.05)
        lab = await open_lab(db, clock=self.clock, work=work, pace=PACE, crash_point=self.death)
        lab.services.block = fresh_block(REPLANNED)
        accounts = account_opener(self.clock, self.venue, self.death, cut_off=self.cut_off)
        lab.account = accounts.account(self.venue["name"], KEYS, tag=TAG, journal=WrittenTransfers(db, lab.portfolio.id))
        await work.start()
        await lab.executor.recovery.reconcile()
        for _ in range(plans_max):
            await self._carry_out(lab, await self._plan(lab))
        await asyncio.sleep(0.05)  # let the workflow end too, so that a point after the last write is passed
        await accounts.close()

    async def _plan(self, lab: Lab) -> Plan:
        async with lab.db.read() as tx:
            newest = await plans.plans(tx, lab.portfolio.id, 1)
        words, number = self.venue["words"], newest[0].id if newest else 0
        return newest[0] if newest and newest[0].state is not PlanState.DONE else await lab.plan(words[number % len(words)])

    async def _carry_out(self, lab: Lab, plan: Plan) -> None:
        """Wait for the end of a plan; one that is parked was told, and is let go on by its person."""
        until = time.monotonic() + DEADLINE_S
        while (plan := await lab.read(plan.id)).state is not PlanState.DONE:
            if plan.state is PlanState.PARKED:
                told = [facts for kind, facts in await lab.told() if kind == "plan_parked"]
                assert told[-1]["plan_id"] == plan.id, "parked in silence"
                await self.clock.sleep(_LATER_S)
                await lab.executor.recovery.carry_on(plan.id)
            assert time.monotonic() < until, f"stuck: {plan}"
            await asyncio.sleep(0.02)


def main() -> None:
    """Die as often as the test says, then live to the end."""
    folder, points, kills, chance = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), random.Random(int(sys.argv[4]))
    exchange_class(json.loads((folder / "venue.json").read_text(encoding="utf-8"))["name"])
    live_to_the_end(lambda: Life(folder, "nowhere").live())
    die_at(points, lambda point: Life(folder, point).live(PLANS_MAX))
    for number in range(kills):
        where, after_s = f"*#{chance.randint(1, POINTS_MAX)}", chance.uniform(0.2, 1.0) if number % 5 == 0 else None
        code = live(lambda where=where: Life(folder, where).live(PLANS_MAX), after_s)  # type: ignore[misc]
        if code != -signal.SIGKILL:
            sys.exit(f"life {number} ended with {code}")
    live_to_the_end(lambda: Life(folder, "nowhere").live())


if __name__ == "__main__":
    main()

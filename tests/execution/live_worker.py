"""Lives and deaths of a process that carries plans out on a venue with keys; the venue is a server that lives on in the test.

usage: live_worker.py FOLDER FINENESS KILLS SEED

FOLDER/venue.json says which venue it is, where it listens and what is traded. With a fineness the process dies the first time that it
passes a point, once at each that there is, in every weather; then so often at random; and then it lives to the end of the plan. Points
of the same name are one (``point``), or one for each ``leg``. Each life forks from this process, so that imports are paid once.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import random
import re
import signal
import sys
import time
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import dbos  # noqa: F401 - imported before the forks, used in them

from chatbot.durable import Durable, enqueue_plan
from chatbot.exchanges.live.ccxt_loader import error_classes, exchange_class
from chatbot.exchanges.live.private.opening import Accounts
from chatbot.execution.pace import Pace
from chatbot.execution.transfers import WrittenTransfers
from chatbot.halting import Halting
from chatbot.model import Cause, Credentials, PlanState, Reason
from chatbot.store import events, plans
from chatbot.store.database import Database
from chatbot.store.halt import HALTED
from tests.execution.crash_worker import REPLANNED, StepClock, warm_up
from tests.execution.lab import Lab, fresh_block, open_lab, proposed
from tests.lives import Death, live, live_to_the_end
from tests.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatbot.model import Plan

KEYS = Credentials(api_key="key", secret="secret", passphrase="passphrase")
TAG = "t"
PACE = Pace(poll_s=1, requote_s=4, requotes=1, retries_s=(1, 2, 4), margin_s=1)
#: of the machine's time: a plan that has not ended by then is stuck
DEADLINE_S = 120
#: points that a life passes before it dies at random, at most: most die soon, in what the life before left behind, some live for a while
POINTS_MAX = (40, 40, 40, 250)
#: lives until there is no point left at which none has died, at most
LIVES_MAX = 1_500
#: where nobody listens
NOWHERE = "http://127.0.0.1:1/"
#: plans of one life: all those that are traded again and again
PLANS_MAX = 2
#: what a person lets a parked plan wait
_LATER_S = 60
#: how often they look where nothing is ever sent again, until they close it
_IN_VAIN = 3
#: how often it is looked whether the plan is still carried out before its state is read
_LOOKS = 20
#: what an order is called at the end of a path, its number or our id: a new one with every order, and no point of its own
_NAMED = re.compile(rf"/(\d+|{TAG}-b[\d-]+)$")
#: a client id of ours in a request
_ID = re.compile(rf"\b{TAG}[-_]b\d+[-_](\d+)[-_]\d+\b")
#: before the words of a plan of a panic: it takes at once, and is held to no cap
PANIC = "panic: "
#: questions of a dialect that make an order, or move money
SENDING = frozenset({"place", "transfer"})
#: functions through which others write into the journal
_PENS = frozenset({"_write", "write", "_enter", "finish_parked", "_enqueue"})
_EXECUTION = str(ROOT / "chatbot" / "execution")
#: what is asked of the venue at the moment, in the words of the dialect
_asking: ContextVar[str] = ContextVar("asking", default="prices")
#: rows of the journal that are written and not committed
_pending: ContextVar[tuple[str, ...]] = ContextVar("pending", default=())


@dataclass(frozen=True, slots=True)
class Weather:
    """What goes wrong in each life besides its end, of the requests that change something, and what the person does."""

    #: so many find no connection
    refused: int = 0
    #: then the answer to so many is lost
    lost: int = 0
    #: so many orders and transfers are lost on their way, and nobody can tell: they never arrive
    gone: int = 0
    #: a plan that is parked is closed
    closes: bool = False
    #: a plan of which an order was sent is stopped
    stops: bool = False
    #: then the operator halts all trading, and lets it go on when the plan has been parked
    halts: bool = False


CALM = Weather()
#: 99 more than a plan has patience for
WEATHERS = (
    CALM,
    Weather(refused=1),
    Weather(lost=3),
    Weather(refused=99),
    Weather(refused=99, closes=True),
    Weather(gone=1, closes=True),
    Weather(stops=True),
    Weather(halts=True),
)


class FirstTime:
    """Kills the process with SIGKILL wherever none has died before it, and writes down where that was."""

    def __init__(self, folder: Path, fineness: str) -> None:
        place = folder / "died"
        self._file = os.open(place, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._died = frozenset(place.read_text(encoding="utf-8").splitlines())
        self._fineness = fineness

    def __call__(self, point: str) -> None:
        """Pass a point, written ``name`` or ``name-leg``, or not."""
        name, _, leg = point.partition("-")
        named = f"{name} {leg if self._fineness == 'leg' else ''}".strip()
        if named not in self._died:
            os.write(self._file, f"{named}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)


class Named:
    """A dialect that says which of its questions is being asked."""

    def __init__(self, dialect: Any) -> None:
        self._dialect = dialect

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._dialect, name)
        if not inspect.iscoroutinefunction(found):
            return found

        @wraps(found)
        async def asking(*args: Any, **kwargs: Any) -> Any:
            token = _asking.set(name)
            try:
                return await found(*args, **kwargs)
            finally:
                _asking.reset(token)

        return asking


def account_opener(clock: Any, venue: dict[str, Any], death: Callable[[str], None] = lambda _: None, weather: Weather = CALM) -> Accounts:
    """Return what opens accounts at the server; ``death`` may come before every request, and after its answer."""
    refused, lost, gone = iter(range(weather.refused)), iter(range(weather.lost)), iter(range(weather.gone))

    def prepare(made: Any) -> None:
        made.ssl_context = False
        made.timeout, made.timeout_on_exit = 5_000, 0
        made.enableRateLimit = False  # the server is our own; what is asked of a real one is counted elsewhere
        fetch = made.fetch

        async def watched(url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
            leg = _ID.search(f"{url} {body}")
            path = _NAMED.sub("/…", urlsplit(url).path.partition("/")[2])
            point = f"{_asking.get()}:{method}:{path}".replace("-", "_")
            point += f"-{leg[1]}" if leg else ""
            death(f"asking:{point}")
            changes = method != "GET"
            if changes and _asking.get() in SENDING and next(gone, None) is not None:
                raise error_classes().NetworkError("it was lost on its way")
            answer = await fetch(NOWHERE if changes and next(refused, None) is not None else url, method, headers, body)
            death(f"told:{point}")
            if changes and next(lost, None) is not None:
                raise error_classes().NetworkError("the answer was lost")
            return answer

        made.fetch = watched

    return Accounts(clock, {venue["name"]: venue["options"]}, prepare=prepare)


def watch_rows(db: Database, death: Callable[[str], None]) -> None:
    """Let death come at every row of the journal, before and after its transaction is committed."""
    add = events.add_event

    @wraps(add)
    async def watched(tx: Any, plan_id: int, leg_index: int | None, name: str, *more: Any) -> int:
        point = f"{_writer()}:{name}" + ("" if leg_index is None else f"-{leg_index}")
        event_id = await add(tx, plan_id, leg_index, name, *more)
        death(f"writing:{point}")
        _pending.set((*_pending.get(), point))
        return event_id

    def committed() -> None:
        points = _pending.get()
        _pending.set(())
        for point in points:
            death(f"written:{point}")

    events.add_event = watched
    db.on_write(committed)


def _writer() -> str:
    """Return the function of execution that writes, as ``module.function``."""
    frame: Any = sys._getframe(2)
    while not (frame.f_code.co_filename.startswith(_EXECUTION) and frame.f_code.co_name not in _PENS):
        frame = frame.f_back
    return f"{Path(frame.f_code.co_filename).stem}.{frame.f_code.co_name}"


class Life:
    """From one start to the next death."""

    def __init__(self, folder: Path, death: Callable[[str], None], weather: Weather = CALM) -> None:
        self.venue: dict[str, Any] = json.loads((folder / "venue.json").read_text(encoding="utf-8"))
        self.death, self.weather = death, weather
        self.clock = StepClock(folder)

    async def live(self, plans_max: int = 1) -> None:
        """Carry on with what is there, and make the next plan when one has come to its end, ``plans_max`` in all."""
        url = self.venue["url"]
        db, work = Database(url), Durable(url, poll_s=0.05)
        watch_rows(db, self.death)
        lab = await open_lab(db, clock=self.clock, work=work, pace=PACE, crash_point=self.death)
        lab.services.block = fresh_block(REPLANNED)
        accounts = account_opener(self.clock, self.venue, self.death, self.weather)
        lab.account = accounts.account(self.venue["name"], KEYS, tag=TAG, journal=WrittenTransfers(db, lab.portfolio.id))
        lab.account._dialect = lab.account._line._dialect = Named(lab.account._dialect)
        await work.start()
        await lab.executor.recovery.reconcile()
        for _ in range(plans_max):
            await self._carry_out(lab, await self._plan(lab))
        await asyncio.sleep(0.05)  # let the workflow end too, so that a point after the last write is passed
        await accounts.close()

    async def _plan(self, lab: Lab) -> Plan:
        async with lab.db.read() as tx:
            newest = await plans.plans(tx, lab.portfolio.id, 1)
        first, *again = self.venue["words"]
        unfinished = bool(newest) and newest[0].state is not PlanState.DONE
        number = newest[0].number + (not unfinished) if newest else 1
        return newest[0] if unfinished else await self._confirm(lab, again[number % len(again)] if number > 1 else first)

    async def _confirm(self, lab: Lab, words: str) -> Plan:
        now = self.clock.now()
        async with lab.db.transaction() as tx:
            reason = Reason(trigger=Cause.PANIC if words.startswith(PANIC) else Cause.MANUAL)
            made = await plans.add_plan(tx, proposed(lab.portfolio.id, words.removeprefix(PANIC), now, reason))
            assert await plans.decide(tx, made.id, PlanState.CONFIRMED, now)
            await enqueue_plan(lab.work, tx, made)
            self.death("confirming")
        self.death("confirmed")
        return made

    async def _carry_out(self, lab: Lab, plan: Plan) -> None:
        """Wait for the end of a plan; one that is parked was told, and is let go on, or closed, by its person."""
        until = time.monotonic() + DEADLINE_S
        while (plan := await lab.read(plan.id)).state is not PlanState.DONE:
            if plan.state is PlanState.PARKED:
                told = [facts for kind, facts in await lab.told() if kind == "plan_parked"]
                assert told[-1]["plan_id"] == plan.id, "parked in silence"
                await self.clock.sleep(_LATER_S)
                await self._let_go(lab)
                recovery = lab.executor.recovery
                in_vain = lab.account.late_window_s is None and [one["why"] for one in told[-_IN_VAIN:]] == ["unknown"] * _IN_VAIN
                await (recovery.close if self.weather.closes or in_vain else recovery.carry_on)(plan.id)
            if self.weather.stops and any(leg.attempts for leg in plan.legs):
                await lab.executor.recovery.stop(plan.id, 1)
            if self.weather.halts and any(leg.attempts for leg in plan.legs):
                await self._halt(lab, plan)
            await lab.executor.recovery.reconcile()  # as once a minute: the engine gives work up that was killed a hundred times
            for _ in range(_LOOKS):
                await asyncio.sleep(0.02)
                if not lab.executor.holds(plan.id) or self.weather.stops or self.weather.halts:
                    break
            assert time.monotonic() < until, f"stuck: {plan}"

    async def _halt(self, lab: Lab, plan: Plan) -> None:
        """Let the operator halt all trading, once for each plan."""
        parked = [facts for kind, facts in await lab.told() if kind == "plan_parked" and facts["plan_id"] == plan.id]
        if not any(facts["why"] == HALTED for facts in parked):
            self.death("halting")
            await Halting(lab.db, self.clock).begin()
            self.death("halted")

    async def _let_go(self, lab: Lab) -> None:
        """Let trading go on where it is halted."""
        halting = Halting(lab.db, self.clock)
        if await halting.standing() is not None:
            self.death("letting_go")
            await halting.end()
            self.death("let_go")


def die_everywhere(folder: Path, fineness: str, weather: Weather) -> None:
    """Live and die until a life passes no point any more at which none has died."""
    for _ in range(LIVES_MAX):
        code = live(lambda: Life(folder, FirstTime(folder, fineness), weather).live(PLANS_MAX if weather is CALM else 1))
        if code == 0:
            return
        if code != -signal.SIGKILL:
            sys.exit(f"a life ended with {code}")
    sys.exit("there is no end to the points")


def die_at_random(folder: Path, kills: int, chance: random.Random) -> None:
    """Die at whichever point comes so many points after the start, now and then at a moment of no name."""
    for number in range(kills):
        where, after_s = f"*#{chance.randint(1, chance.choice(POINTS_MAX))}", chance.uniform(0.2, 1.0) if number % 5 == 0 else None
        code = live(lambda where=where: Life(folder, Death(where)).live(99), after_s)  # type: ignore[misc]
        if code != -signal.SIGKILL:
            sys.exit(f"life {number} ended with {code}")


def nothing(_: str) -> None:
    """Let every point pass."""


def main() -> None:
    """Die as often as the test says, then live to the end."""
    folder, fineness, kills, chance = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), random.Random(int(sys.argv[4]))
    exchange_class(json.loads((folder / "venue.json").read_text(encoding="utf-8"))["name"])
    asyncio.run(warm_up())
    if not fineness:
        live_to_the_end(lambda: Life(folder, nothing).live())
    for weather in WEATHERS if fineness else ():
        die_everywhere(folder, fineness, weather)
    die_at_random(folder, kills, chance)
    live_to_the_end(lambda: Life(folder, nothing).live())


if __name__ == "__main__":
    main()

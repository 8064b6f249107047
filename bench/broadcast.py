"""A signal that concerns ten thousand people: how long until everybody is told, and what somebody who chats meanwhile feels of it."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from bench import conversation, crowd
from bench.figures import Figure
from bench.host import hosted
from chatbot.engine.triggers.volatility import SpikeState
from chatbot.model import Cause, TriggerSetting
from chatbot.store import messages
from chatbot.triggers import machines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bench.host import Host
    from chatbot.app import Program

COUNT = 10_000
#: beside the person who chats
_FIRST = 100_001
_STRATEGY = replace(crowd.STRATEGY, triggers={Cause.VOLATILITY: TriggerSetting(on=True)})
_PULSE_S = 0.005
_ALONE = 60
_QUIET, _SPIKE = SpikeState(), SpikeState(active=True, k=Decimal("0.5"), base=Decimal("0.5"))


async def figures() -> list[Figure]:
    """Check everybody for the first time, then with a spike of BTC that is news to all, then with its end while somebody chats."""
    async with hosted(batch_window_s=600.0) as host:
        await conversation.open_portfolio(host)
        await crowd.settle(host.program, COUNT, first=_FIRST, strategy=_STRATEGY)
        alone = [await conversation.ask(host, photo=True) for _ in range(_ALONE + 5)][5:]
        first, calm = await _checked(host.program, told=0)
        _stand(host.program, _SPIKE)
        news, stirred = await _checked(host.program, told=1)
        _stand(host.program, _QUIET)
        async with asyncio.TaskGroup() as group:
            over = group.create_task(_checked(host.program, told=2))
            answers = await _asked(host, over)
    return [
        *_rows(f"first check of {COUNT:,} after a start, nothing told", first, calm, aim=2.0),
        *_rows(f"a signal concerns {COUNT:,}: until all are told", news, stirred),
        Figure(name="  /status with its picture meanwhile", unit="ms", samples=tuple(answers), aim=100.0),
        Figure(name="  beside it: /status while nothing is checked", unit="ms", samples=tuple(alone)),
    ]


def _rows(name: str, spent: tuple[float, float], late: list[float], aim: float | None = None) -> list[Figure]:
    wall, cpu = spent
    return [
        Figure(name=name, unit="s", samples=(wall,)),
        Figure(name="  processor time of each look", unit="ms each", samples=(cpu / COUNT * 1e3,), aim=aim),
        Figure(name="  longest stall of the event loop, processor time", unit="ms", samples=(max(late),), aim=50.0),
        Figure(name="  all of them", unit="ms", samples=tuple(late)),
    ]


async def _checked(program: Program, *, told: int) -> tuple[tuple[float, float], list[float]]:
    """Return wall and processor time until all were looked at, seconds, and by how many milliseconds of work the loop was late meanwhile.

    ``told`` is how many messages everybody must have waiting by then; a few of the person who chats do not count.
    """
    looked = 0
    async with _pulse() as late:
        began, cpu = time.perf_counter(), time.process_time()
        while looked < COUNT:  # on a busy machine they have their turns in several checks
            looked += (await program.monitor.tick()).examined
        spent = time.perf_counter() - began, time.process_time() - cpu
    async with program.db.read() as tx:
        waiting = await messages.waiting(tx)
    if waiting // COUNT != told:
        raise AssertionError(f"the checks did something else than was to be measured: {looked} looks, {waiting} messages")
    return spent, late


@asynccontextmanager
async def _pulse() -> AsyncIterator[list[float]]:
    """Give a list that fills with the milliseconds that the loop's thread worked before a short sleep came back.

    Processor time: on a busy machine a turn also comes late because other programs had theirs.
    """
    late: list[float] = []

    async def beat() -> None:
        while True:
            began = time.thread_time()
            await asyncio.sleep(_PULSE_S)
            late.append(max(0.0, (time.thread_time() - began) * 1e3 - _PULSE_S * 1e3))

    async with asyncio.TaskGroup() as group:
        beating = group.create_task(beat())
        yield late
        beating.cancel()


def _stand(program: Program, state: SpikeState) -> None:
    """Let the machine of BTC's volatility stand so, as if a reading had just moved it; everybody who hears of it is stirred."""
    watch = next(one for one in machines.active_machines(_STRATEGY) if one.subject == "BTC")
    running = program.signals.at("").machines
    since = program.source.market_time(program.clock.now()) if state.active else None
    running.keep({watch: replace(running[watch], state=state, since=since)})  # the alternative is a week of market
    program.roster.stir(frozenset({watch}))


async def _asked(host: Host, until: asyncio.Task[object]) -> list[float]:
    """Ask again and again while the check runs; return the milliseconds of each answer."""
    spent = []
    while not until.done():
        spent.append(await conversation.ask(host, photo=True))
        await asyncio.sleep(0.2)
    return spent

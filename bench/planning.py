"""Thousands of people get a plan at once: how many a minute one process makes and posts, and what who chats meanwhile feels of it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from bench import conversation, crowd
from bench.figures import Figure, percentile
from bench.host import hosted
from chatbot.store import messages

if TYPE_CHECKING:
    from bench.host import Host
    from chatbot.app import Program

COUNT = 2_000
#: beside the person who chats
_FIRST = 100_001
_ALONE, _WARM_UP = 200, 5
#: between an answer and the next question, seconds
_PAUSE_S = 0.1
#: checks without a plan, one after the other: what has just left its band is looked at again first
_IDLE_MAX = 5
#: the alert and the card
_TOLD = 2


async def figures() -> list[Figure]:
    """Ask while nothing is checked; then let everybody find their targets far off, and ask until all have their alert and their card."""
    async with hosted(batch_window_s=0.0) as host:
        await conversation.open_portfolio(host)
        for _ in range(_WARM_UP):
            await conversation.ask(host, photo=True)
        began = time.process_time()
        alone = [await conversation.ask(host, photo=True) for _ in range(_ALONE)]
        each_s = (time.process_time() - began) / _ALONE
        await crowd.settle(host.program, COUNT, first=_FIRST, strategy=crowd.FAR_OFF)
        async with asyncio.TaskGroup() as group:
            planning = group.create_task(_planned(host.program))
            answers = await _asked(host, planning)
    wall_s, cpu_s = planning.result()
    plan_ms = (cpu_s - len(answers) * each_s) / COUNT * 1e3
    return [
        Figure(
            name=f"plans, each with its alert, {COUNT:,} at once",
            unit="a minute",
            samples=(COUNT / wall_s * 60,),
            aim=2_000,
            more_is_better=True,
        ),
        Figure(name="  processor time, without the answers", unit="ms each", samples=(plan_ms,), aim=20.0),
        Figure(name="  /status with its picture meanwhile", unit="ms", samples=tuple(answers)),
        Figure(name="    its 99th percentile", unit="ms", samples=(percentile(answers, 0.99),), aim=100.0),
        Figure(name="  beside it: while nothing is checked", unit="ms", samples=tuple(alone)),
    ]


async def _planned(program: Program) -> tuple[float, float]:
    """Check until everybody has a plan; return the seconds that took, and the processor's."""
    planned = idle = 0
    began, cpu = time.perf_counter(), time.process_time()
    while planned < COUNT:  # on a busy machine they have their turns in several checks
        found = await program.monitor.tick()
        planned += found.plans
        idle = 0 if found.plans else idle + 1
        if idle > _IDLE_MAX:
            raise AssertionError(f"only {planned} of {COUNT} have a plan; the last check: {found}")
    spent = time.perf_counter() - began, time.process_time() - cpu
    async with program.db.read() as tx:
        waiting = await messages.waiting(tx)
    if waiting < _TOLD * COUNT:
        raise AssertionError(f"only {waiting} messages for {COUNT} plans")
    return spent


async def _asked(host: Host, until: asyncio.Task[object]) -> list[float]:
    """Ask again and again while plans are made; return the milliseconds of each answer."""
    spent = []
    while not until.done():
        spent.append(await conversation.ask(host, photo=True))
        await asyncio.sleep(_PAUSE_S)
    return spent

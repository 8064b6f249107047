"""The check of many portfolios: from the start to the first one, as it usually is, with exact looks in it, and the screen alone."""

from __future__ import annotations

import gc
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench import crowd, machine
from bench.figures import Figure
from chatbot import logs
from chatbot.app import open_program
from chatbot.clock import ManualClock
from chatbot.config import load_settings
from chatbot.engine import screen
from chatbot.engine.triggers.registry import TRIGGERS
from chatbot.model import Cause, TriggerSetting
from chatbot.monitor import reading
from tests.inline import Inline

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from chatbot.app import Program

COUNT = 10_000
ASSETS = 12
#: portfolios of one check that are read and judged exactly
EXACT = 1_000
_TICKS, _SCREENS, _GLANCES = 100, 500, 3
#: far below real time: the market stands, however far the clock is moved
_SPEED = 1e-6
_START = datetime(2026, 3, 2, 9, 11, tzinfo=UTC)
#: every trigger is on, so that each portfolio is held against all of them
_STRATEGY = replace(crowd.STRATEGY, triggers={Cause(name): TriggerSetting(on=True) for name in TRIGGERS})
#: what a portfolio may take of the memory between two checks, once everybody was looked at
_BYTES = 2_000.0
#: all triggers of a hundred thousand in one check, and from their start to the end of their first check
_TRIGGERS_S, _FIRST_S = 5.0, 30.0


async def figures() -> list[Figure]:
    """Measure the screen on arrays of its own, then whole checks of a database with that many portfolios."""
    return [_screen(), *await ticks(COUNT)]


def _screen() -> Figure:
    """Time the screen per portfolio: nobody has left a band, so no early way out."""
    chance = np.random.default_rng(7)
    membership = np.zeros((4, ASSETS))
    membership[np.repeat(np.arange(4), ASSETS // 4), np.arange(ASSETS)] = 1.0
    quantities = chance.uniform(0.98, 1.02, (ASSETS, COUNT)) * 1000.0
    lower, upper = screen.edges(np.full(4, 0.25), np.full(4, 0.05))
    price, lowers, uppers = np.ones(ASSETS), np.tile(lower[:, None], COUNT), np.tile(upper[:, None], COUNT)
    spent = []
    for _ in range(_SCREENS):
        began = time.perf_counter()
        maybe = screen.maybe_breached(quantities, price, lowers, uppers, membership)
        spent.append((time.perf_counter() - began) / COUNT * 1e6)
    if maybe.any():
        raise AssertionError("the screen suspects somebody who stands on target")
    return Figure(name=f"screen alone, {COUNT:,} x {ASSETS}", unit="us each", samples=tuple(spent), aim=0.1)


async def ticks(count: int, *, aim_ms: float | None = None) -> list[Figure]:
    """Time the start and the checks of a program with ``count`` portfolios; a usual check should take no longer than ``aim_ms``.

    The start is that of a program that has looked at each of them before, a quarter of an hour ago.
    """
    aimed = aim_ms is not None
    with tempfile.TemporaryDirectory() as folder:
        clock, seeded = ManualClock(_START), time.perf_counter()
        async with AsyncExitStack() as stack:
            await _seed(await stack.enter_async_context(_program(folder, clock)), count)
        seeded = time.perf_counter() - seeded
        clock.advance(900.0)
        async with AsyncExitStack() as stack:
            gc.collect()
            held, began, busy = machine.resident_mb(), time.perf_counter(), time.process_time()
            program = await stack.enter_async_context(_program(folder, clock))
            await program.roster.refresh()
            loaded = time.process_time() - busy
            await program.monitor.tick()
            first, first_busy = time.perf_counter() - began, time.process_time() - busy
            _must_have_examined(program, count, 0)
            usual = [await _tick(program) for _ in range(_TICKS)]
            _must_have_examined(program, count, 0)
            every = [await _all_again(program, clock) for _ in range(_GLANCES)]
            _must_have_examined(program, count, 0)
            for portfolio_id in range(1, EXACT + 1):
                program.roster.doubt(portfolio_id)
            exact = await _tick(program)
            _must_have_examined(program, count, EXACT)
            gc.collect()
            held = (machine.resident_mb() - held) * 1e6 / count
    return [
        Figure(name=f"check of {count:,} portfolios, nobody near a band", unit="ms", samples=tuple(s * 1000 for s in usual), aim=aim_ms),
        Figure(name="  per portfolio", unit="us each", samples=tuple(s / count * 1e6 for s in usual)),
        Figure(
            name="  all triggers: accounts, signals, calendar and bands of all",
            unit="s",
            samples=tuple(wall for wall, _ in every),
            aim=_TRIGGERS_S if aimed else None,
        ),
        Figure(name="  all triggers, processor time", unit="s", samples=tuple(busy for _, busy in every)),
        Figure(name="  start to the end of the first check of all", unit="s", samples=(first,), aim=_FIRST_S if aimed else None),
        Figure(name="  start to first check, processor time", unit="s", samples=(first_busy,)),
        Figure(name="  loading them in it, processor time", unit="s", samples=(loaded,)),
        Figure(name="  memory, once all were looked at", unit="bytes each", samples=(held,), aim=_BYTES),
        Figure(name=f"  a check with {EXACT:,} exact looks in it, per look", unit="ms each", samples=(exact / EXACT * 1000,)),
        Figure(name="  set-up: writing the test data", unit="s", samples=(seeded,)),
    ]


def _program(folder: str, clock: ManualClock) -> AbstractAsyncContextManager[Program]:
    settings = load_settings(
        market="simulated", market_speed=_SPEED, data_dir=Path(folder), operator_ids="1", log_level="ERROR", database_url=""
    )
    logs.set_up(settings.log_level)
    return open_program(settings, clock=clock, work=Inline())


async def _seed(program: Program, count: int) -> None:
    await crowd.settle(program, count, strategy=_STRATEGY)
    await crowd.remember(program)


async def _all_again(program: Program, clock: ManualClock) -> tuple[float, float]:
    """Let so much time pass that nothing that is known of anybody is fresh; returns the seconds of the check, and of the processor."""
    clock.advance(reading.READ_AGAIN_S + 1)
    program.roster.stir_keepers(("", program.markets.usual.source.quote_asset))  # the market stands, so nobody else would be looked at
    busy = time.process_time()
    took = await _tick(program)
    return took, time.process_time() - busy


def _must_have_examined(program: Program, watched: int, examined: int) -> None:
    last = program.monitor.last
    if last is None or (last.portfolios, last.examined) != (watched, examined):
        raise AssertionError(f"the check did something else than was to be measured: {last}")


async def _tick(program: Program) -> float:
    began = time.perf_counter()
    await program.monitor.tick()
    return time.perf_counter() - began

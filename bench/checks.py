"""The check of ten thousand portfolios: as it usually is, with exact looks in it, and the screen alone."""

from __future__ import annotations

import gc
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bench import crowd, machine
from bench.figures import Figure
from bench.host import hosted
from chatbot.engine import screen
from chatbot.store import portfolios

if TYPE_CHECKING:
    from chatbot.app import Program

COUNT = 10_000
ASSETS = 12
#: portfolios of one check that are read and judged exactly, as a tenth of all is in each minute
EXACT = 1_000
_TICKS, _SCREENS = 100, 500
#: what a portfolio may take of the memory between two checks
_BYTES = 2_000.0


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
    """Time the start and the checks of a program with ``count`` portfolios; a usual check should take no longer than ``aim_ms``."""
    async with hosted() as host:
        began = time.perf_counter()
        await crowd.settle(host.program, count)
        seeded = time.perf_counter() - began
        gc.collect()
        held, began, busy = machine.resident_mb(), time.perf_counter(), time.process_time()
        await host.program.roster.refresh()
        loaded, busy = time.perf_counter() - began, time.process_time() - busy
        await _look_at_most(host.program)
        gc.collect()
        held = (machine.resident_mb() - held) * 1e6 / count
        first = await _tick(host.program)
        _must_have_examined(host.program, count, EXACT)
        usual = [await _tick(host.program) for _ in range(_TICKS)]
        _must_have_examined(host.program, count, 0)
    return [
        Figure(name=f"check of {count:,} portfolios, nobody near a band", unit="ms", samples=tuple(s * 1000 for s in usual), aim=aim_ms),
        Figure(name="  per portfolio", unit="us each", samples=tuple(s / count * 1e6 for s in usual)),
        Figure(name="  memory", unit="bytes each", samples=(held,), aim=_BYTES),
        Figure(name=f"  a check with {EXACT:,} exact looks in it, per look", unit="ms each", samples=(first / EXACT * 1000,)),
        Figure(name="  loading them at a start", unit="s", samples=(loaded,)),
        Figure(name="  loading them, processor time", unit="s", samples=(busy,)),
        Figure(name="  set-up: writing the test data", unit="s", samples=(seeded,)),
    ]


async def _look_at_most(program: Program) -> None:
    """Let the screen know all but EXACT portfolios without reading each: they get the figures of the first one."""
    async with program.db.read() as tx:
        everybody = await portfolios.active(tx)
    found = await program.evaluator.look(everybody[0], fresh=True)
    for portfolio in everybody[EXACT:]:
        program.roster.note(replace(found, portfolio=portfolio), program.clock.now(), calm=True)


def _must_have_examined(program: Program, watched: int, examined: int) -> None:
    last = program.monitor.last
    if last is None or (last.portfolios, last.examined) != (watched, examined):
        raise AssertionError(f"the check did something else than was to be measured: {last}")


async def _tick(program: Program) -> float:
    began = time.perf_counter()
    await program.monitor.tick()
    return time.perf_counter() - began

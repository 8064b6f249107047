"""Hours in which nothing fires, one check each, of a portfolio that was set up in the chat: how many the live path gets through."""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.figures import Figure
from chatbot import logs
from chatbot.clock import ManualClock
from tests.person import someone
from tests.places import DATA

_BEGIN = datetime(2021, 8, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_DAYS = 11


async def figures() -> list[Figure]:
    """Live through some days, each a sample; the first, which reads the history, and hours in which anybody is told anything do not count.

    The market is the recorded one, or the simulated one where there are no recordings.
    """
    logs.set_up("ERROR")
    clock = ManualClock(_BEGIN)
    market: dict[str, Any] = {"market": f"replay:{DATA}", "market_start": _BEGIN} if DATA.is_dir() else {}
    days: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        async with someone(Path(folder), clock=clock, **market) as ann:
            await ann.set_up()
            await ann.confirm()
            for _ in range(_DAYS):
                calm = []
                for _ in range(24):
                    clock.set(clock.now() + _HOUR)
                    began = time.process_time()
                    told = await ann.program.monitor.tick()
                    if not (await ann.outbox.drain() or told.plans):
                        calm.append(time.process_time() - began)
                    elif told.plans:
                        await ann.work()
                        await ann.confirm()
                days.append(len(calm) / sum(calm))
    name = f"hours of the live path a second of processor time where nothing fires, {'recorded' if market else 'simulated'} market"
    return [Figure(name=name, unit="h/s", samples=tuple(days[1:]), aim=200.0, more_is_better=True)]

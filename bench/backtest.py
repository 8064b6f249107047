"""/backtest over a recorded year: from the person's message to the picture, and what /status takes meanwhile."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bench import conversation
from bench.figures import Figure
from bench.host import ADA, hosted
from tests.places import DATA

if TYPE_CHECKING:
    from bench.host import Host

_BEGIN = datetime(2023, 1, 5, 10, tzinfo=UTC)
_PRESETS = ("conservative", "balanced", "aggressive")
_LONGEST_S = 300.0


async def figures() -> list[Figure]:
    """Ask for a year of each preset, the hours at hand as they are for a second question; nothing where no history was recorded."""
    if not DATA.is_dir():
        return []
    meanwhile: list[float] = []
    async with hosted(market=f"replay:{DATA}", market_start=_BEGIN) as host:
        await conversation.open_portfolio(host)
        await _asked(host, "30d", meanwhile)
        meanwhile.clear()
        spent = [await _asked(host, f"{preset} 1y", meanwhile) for preset in _PRESETS]
    return [
        Figure(name="/backtest of a year, with its picture", unit="s", samples=tuple(spent), aim=3.0),
        Figure(name="  /status meanwhile", unit="ms", samples=tuple(meanwhile), aim=100.0),
    ]


async def _asked(host: Host, what: str, meanwhile: list[float]) -> float:
    """Return the seconds until a backtest stands in the chat; what /status took meanwhile is added to ``meanwhile``, ms."""
    began = time.perf_counter()
    asked = await host.loopback.text(ADA, f"/backtest {what}")
    await host.loopback.shows(ADA.id, "Backtest", after=asked.id)
    shown = asyncio.ensure_future(host.loopback.shows(ADA.id, "tried so far", after=asked.id, timeout_s=_LONGEST_S))
    while not shown.done():
        meanwhile.append(await conversation.ask(host, photo=True))
        await asyncio.sleep(0.05)
    if (await shown).picture is None:
        raise AssertionError("a backtest without its picture")
    return time.perf_counter() - began

"""What is done again and again while the program runs, whatever goes wrong with it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from chatbot.errors import contained
from chatbot.exchanges.base import asset_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from chatbot.clock import Clock
    from chatbot.monitor.roster import Roster
    from chatbot.portfolio.markets import Markets
    from chatbot.shares.owned import Shares

#: the durable engine keeps finished work for so many days
_KEPT_DAYS = 30


class Upkeep:
    """Keeps the pauses between two times; where shares are gained what they need is done at once."""

    def __init__(self, clock: Clock, shares: Shares) -> None:
        self._clock, self._shares = clock, shares

    async def again(self, failed: str, work: Callable[[], Awaitable[object]], pause_s: float, *, real: bool = False) -> None:
        """Do a piece of upkeep again and again; what goes wrong with it, a full disk for instance, must not end the program.

        ``real``: the pause is of real time, whatever clock the program runs on.
        """
        while True:
            gains = self._shares.gains
            with contained(failed):
                await work()
            if self._shares.changes:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._shares.gained(gains), pause_s)
            else:
                await (asyncio.sleep(pause_s) if real else self._clock.sleep(pause_s))


async def tidy(forget: Callable[[datetime], Awaitable[int]]) -> None:
    """Delete what the durable engine keeps of work that ended long ago; the journal keeps what matters."""
    # The engine's rows carry the machine's time, whatever clock this program runs on.
    before = datetime.now(UTC) - timedelta(days=_KEPT_DAYS)
    while await forget(before):
        pass


async def estimate_betas(roster: Roster, markets: Markets) -> None:
    """Keep the daily closes of every coin that somebody holds; nothing is asked before the next one can exist."""
    held: dict[str, set[str]] = {}
    for (world, _), names in roster.instruments.items():
        held.setdefault(world, set()).update(map(asset_of, names))
    async with asyncio.TaskGroup() as group:
        for world, assets in held.items():
            group.create_task(markets.first(world).betas.refresh(assets))

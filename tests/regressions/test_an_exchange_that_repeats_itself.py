"""An exchange that answers with what it said before, behind a cache for instance: nobody trades on it, and it is said."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from chatbot.clock import ManualClock
from chatbot.exchanges.markets.simulated import SimulatedSource
from chatbot.model import PlanState
from tests.person import START, someone

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from chatbot.exchanges.base import Quote


class Cached(SimulatedSource):
    """Tells the exchange's own time with each price; after :meth:`stop` the same answers come for ever, each time as if new."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock, speed=1.0)
        self._wall, self._kept, self._stopped = clock, dict[str, "Quote"](), False

    def stop(self) -> None:
        """Go on with what was said last."""
        self._stopped = True

    async def quotes(self, instruments: Collection[str]) -> Mapping[str, Quote]:
        """Return what was said before where there is such an answer, and what is so now."""
        if not self._stopped or not set(instruments) <= self._kept.keys():
            told = await super().quotes(instruments)
            self._kept |= {name: replace(quote, told_at=self._wall.now()) for name, quote in told.items()}
        return {
            name: replace(self._kept[name], at=self._wall.now(), seen=self._wall.monotonic()) for name in instruments if name in self._kept
        }


@pytest.mark.long
async def test_nobody_trades_on_what_an_exchange_said_two_minutes_ago(tmp_path: Path) -> None:
    """Confirm on a card that is still good for minutes sends nothing, and a new plan is refused with the reason; then all goes on."""
    clock = ManualClock(START)
    source = Cached(clock)
    async with someone(tmp_path, clock=clock, source=source) as ann:
        await ann.set_up()
        await ann.step(20)
        source.stop()
        for _ in range(8):
            await ann.step(15)
        await ann.tap("Confirm")
        await ann.work()
        assert await ann.orders() == 0
        assert (await ann.plan()).state is PlanState.PROPOSED
        assert "old" in await ann.say("/rebalance")
        assert len(await ann.plans()) == 1
        source._stopped = False
        await ann.step(15)
        await ann.confirm()
        assert await ann.orders() > 0

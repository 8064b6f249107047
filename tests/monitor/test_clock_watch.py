"""A clock that is off from the exchange's: the operators hear of it in the chat, once, and again only after it was well in between."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from chatbot.clock import ManualClock
from chatbot.errors import Unreachable
from chatbot.exchanges.markets.simulated import SimulatedSource
from chatbot.market.clock_skew import skew_s
from tests.person import ANN, BEN, START, someone
from tests.portfolio.still_market import StillMarket

if TYPE_CHECKING:
    from pathlib import Path

    from tests.person import Someone


class Timed(SimulatedSource):
    """A market that tells its own time, which is off from ours."""

    def __init__(self, clock: ManualClock, off_s: float = 0.0, *, slow_s: float = 0.0) -> None:
        super().__init__(clock)
        self.off, self.slow_s, self.down, self.asked = timedelta(seconds=off_s), slow_s, False, 0
        self._ours = clock

    async def server_time(self) -> datetime:
        """Return the exchange's time, after a while."""
        self.asked += 1
        if self.down:
            raise Unreachable("down")
        self._ours.advance(self.slow_s)
        return self._ours.now() + self.off


async def told(ann: Someone, off_s: float, minutes: int = 12) -> list[str]:
    """Let the running bot look for some minutes at a clock that is off, and return what it says of it."""
    before = ann.newest
    ann.program.source.off = timedelta(seconds=off_s)
    for _ in range(minutes):
        await ann.step()
    return [message.text for message in ann.messages if message.id > before and "clock of my machine" in message.text]


@pytest.mark.long
async def test_the_operator_hears_once_and_again_after_it_was_well(tmp_path: Path) -> None:
    """Seven seconds behind the exchange are told once; four seconds are neither news nor well again; a restart changes nothing."""
    clock = ManualClock(START)
    async with someone(tmp_path, clock=clock, source=Timed(clock)) as ann:
        await ann.say("/start")
        assert await told(ann, 0) == []
        (text,) = await told(ann, 7)
        assert "The clock of my machine is 7 seconds behind Simulated." in text
        assert "time server (NTP)" in text
        assert await told(ann, 7) == await told(ann, 4) == await told(ann, 9) == []
    async with someone(tmp_path, clock=clock, source=Timed(clock, 7), loopback=ann.loopback) as ann:
        assert await told(ann, 7) == [], "what was told outlives a restart"
        assert await told(ann, 1) == []
        (text,) = await told(ann, -3600)
        assert "60 minutes ahead of" in text


async def test_only_operators_hear_of_it(tmp_path: Path) -> None:
    """Whoever is let in as a member can do nothing about the clock."""
    clock = ManualClock(START)
    async with someone(tmp_path, clock=clock, source=Timed(clock), operator_ids=str(ANN.id)) as ann:
        await ann.say("/start")
        await ann.beside(BEN).say("/start")
        await ann.work()
        await ann.tap(f"Approve {BEN.name}")
        assert len(await told(ann, 60)) == 1
        assert not [message for message in ann.beside(BEN).messages if "clock" in message.text]


async def test_a_server_that_is_down_or_asked_seldom(tmp_path: Path) -> None:
    """No answer says nothing, and one question in five minutes is enough."""
    clock = ManualClock(START)
    source = Timed(clock)
    async with someone(tmp_path, clock=clock, source=source) as ann:
        await ann.say("/start")
        source.down = True
        assert await told(ann, 60, minutes=20) == []
        assert source.asked == 4


@pytest.mark.parametrize(("off_s", "slow_s", "found"), [(7, 0, -7), (-7, 0, 7), (0, 12, 0), (7, 2, -6), (-7, 2, 6), (-3600, 12, 3594)])
async def test_the_time_that_an_answer_took_is_no_skew(off_s: float, slow_s: float, found: float) -> None:
    """A server that answers after twelve seconds has not proven that anybody's clock is wrong.

    The exchange's time is read at the end here, so half the way is real skew: what is left is never more than that.
    """
    clock = ManualClock(START)
    seen = await skew_s(Timed(clock, off_s, slow_s=slow_s), None, clock)
    assert seen is not None
    assert abs(seen - found) <= slow_s / 2
    assert abs(seen) <= abs(off_s) + slow_s / 2


async def test_a_market_without_a_time_of_its_own_says_nothing() -> None:
    """A played market keeps our time."""
    clock = ManualClock(START)
    assert await skew_s(StillMarket(clock), None, clock) is None

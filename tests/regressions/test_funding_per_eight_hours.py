"""Funding in /status is per eight hours, as it says, whatever hours lie between a contract's settlements."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.clock import ManualClock
from chatbot.exchanges.base import Funding
from tests.person import START, someone
from tests.portfolio.still_market import StillMarket

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime
    from pathlib import Path

    from chatbot.exchanges.base import Quote

#: of the settlement that comes next
RATE = Decimal("0.0003")


class Settling(StillMarket):
    """A market whose contracts settle every so many hours; 0: no settlement is known."""

    every_h = 8

    async def quotes(self, instruments: Collection[str]) -> Mapping[str, Quote]:
        """Every contract has the same rate."""
        found = await super().quotes(instruments)
        return {name: replace(quote, funding_rate=RATE if name.endswith("-PERP") else None) for name, quote in found.items()}

    async def funding(self, instrument: str, since: datetime, until: datetime) -> tuple[Funding, ...]:
        """They have settled for as long as anybody can ask."""
        del instrument
        if not self.every_h:
            return ()
        hours = range(-(-int(since.timestamp()) // 3600), int(until.timestamp()) // 3600 + 1)
        ends = (since.fromtimestamp(hour * 3600, tz=since.tzinfo) for hour in hours if hour % self.every_h == 0)
        return tuple(Funding(at=at, rate=RATE, interval_hours=self.every_h) for at in ends if at > since)


@pytest.mark.parametrize(("every_h", "told"), [(8, "+0.030% per 8 h"), (4, "+0.060% per 8 h"), (1, "+0.240% per 8 h"), (0, "")])
async def test_a_rate_of_fewer_hours_is_told_per_eight(tmp_path: Path, every_h: int, told: str) -> None:
    """0.030 % every four hours are 0.060 % per 8 h; where the hours are not known nothing is claimed."""
    clock = ManualClock(START)
    market = Settling(clock)
    market.every_h = every_h
    async with someone(tmp_path, clock=clock, source=market, fear_greed_url="") as ann:
        await ann.set_up()
        await ann.step(timedelta(minutes=1).total_seconds())
        answer = await ann.say("/status")
        assert f"Funding BTC {told}" in answer if told else "per 8 h" not in answer

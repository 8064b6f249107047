"""/backtest with the prices of a real exchange: its past is asked for once, a refusal in the middle goes on, and nothing is made up."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chatbot.clock import ManualClock
from chatbot.errors import PlaceRefused, RateLimited, Unreachable
from chatbot.exchanges.markets.simulated import SimulatedSource
from handlers.commands import backtest
from tests.backtest.stand_in import StandIn
from tests.handlers.commands.test_backtest import seat
from tests.person import START, someone
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from chatbot.errors import ExchangeError
    from chatbot.exchanges.base import Candle, Funding


class Exchange(SimulatedSource):
    """Prices that are called an exchange's; it counts what it is asked of its past, and refuses after so many questions."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock, speed=1.0, start=START - timedelta(days=60), origin=START - timedelta(days=60))
        self.name = "binance"
        self.asked = 0
        self.refusal: ExchangeError | None = None
        self.answers = 0

    def _count(self) -> None:
        if self.refusal is not None and self.asked >= self.answers:
            raise self.refusal
        self.asked += 1

    async def candles(self, instrument: str, interval: str, since: datetime, until: datetime) -> Sequence[Candle]:
        """Return bars, counted."""
        self._count()
        return await super().candles(instrument, interval, since, until)

    async def funding(self, instrument: str, since: datetime, until: datetime) -> tuple[Funding, ...]:
        """Return settlements, counted."""
        self._count()
        return await super().funding(instrument, since, until)


@pytest.mark.long
@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        (RateLimited("429"), "The exchange asks me to slow down."),
        (Unreachable("502"), "does not give me past prices at the moment"),
        (PlaceRefused("451"), "does not serve the country or network"),
    ],
    ids=["slow down", "away", "not from here"],
)
async def test_its_past_is_asked_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: ExchangeError, told: str) -> None:
    """Refused in the middle it says so, and "Again" asks for the rest alone; another test of the same days asks nothing."""
    monkeypatch.setattr(backtest, "_BETWEEN_S", 0.001)
    clock = ManualClock(START)
    market, stand_in = Exchange(clock), StandIn()
    stand_in.go.set()
    async with someone(tmp_path, clock=clock, source=market, market="live:binance", fear_greed_url="") as ann:
        await ann.say("/start")
        await ann.taps("Paper portfolio", "10,000", "Use Balanced")
        seat(ann, stand_in, 1)
        market.asked, market.answers, market.refusal = 0, 9, refusal
        await ann.say("/backtest 20d")
        await ann.hears(told)
        assert market.asked == 9
        market.refusal = None
        await ann.tap("Again")
        page = (await ann.hears("holding")).text
        assert "made up" not in page
        assert page.startswith("PAPER")
        whole = market.asked
        (job,) = stand_in.jobs
        assert len({name for name, _ in job.recorded.bars}) == 8
        assert all(len(bars) for bars in job.recorded.bars.values())

        await ann.say("/backtest 2w")
        await until(lambda: len(stand_in.jobs) > 1 and not ann.program.backtests.is_busy)
        assert market.asked <= whole + 2, "only settlements that may have come since"
        recorded = stand_in.jobs[-1].recorded
        assert recorded.end - recorded.begin < timedelta(days=15)
        assert not recorded.moods
        assert "Fear & Greed is not in it: there are no readings." in ann.last.text

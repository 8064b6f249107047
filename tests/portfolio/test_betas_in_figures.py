"""Betas out of history reach what a person is shown."""

from __future__ import annotations

import math
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.exchanges.base import Candle
from tests.portfolio.still_market import Bench, bench

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

D = Decimal
DAY = timedelta(days=1)


def remember(found: Bench, factor: float) -> None:
    """Give the market a past in which SOL moved ``factor`` times as BTC did."""

    async def candles(instrument: str, _: str, since: datetime, until: datetime) -> tuple[Candle, ...]:
        power = {"BTC": 1.0, "SOL": factor}.get(instrument, 0.0)
        days = [since + DAY * number for number in range((until - since) // DAY)]
        closes = [D(str(round(100 * math.exp(power * 0.03 * math.sin(one.toordinal())), 8))) for one in days]
        return tuple(Candle(at=at, open=c, high=c, low=c, close=c, volume=D(1)) for at, c in zip(days, closes, strict=True))

    found.market.candles = candles  # type: ignore[method-assign]


async def test_history_moves_the_beta_that_is_shown(tmp_path: Path) -> None:
    """40 % BTC, 40 % SOL: 0.4 + 0.4 times SOL's beta, which is its prior of 1.2 until there is history."""
    async with bench(tmp_path) as found:
        portfolio = await found.balanced()
        before = await found.program.evaluator.look(portfolio)
        assert before.figures is not None
        assert before.figures.beta == D("0.88")
        remember(found, 2.0)
        await found.program.markets.usual.betas.refresh(["BTC", "SOL", "USDT"])
        after = await found.program.evaluator.look(portfolio)
        assert after.figures is not None
        assert float(after.betas["SOL"]) == pytest.approx(2.0, abs=0.01)
        assert after.figures.beta == D("0.4") + D("0.4") * after.betas["SOL"]

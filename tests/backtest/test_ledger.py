"""The curve of a backtest is what a plain ledger of its legs comes to: every fill at its price, with its fee, and every settlement."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest

from chatbot.backtest.past import fetch, played
from chatbot.backtest.result import values_of
from chatbot.backtest.walk import walk
from chatbot.clock import ManualClock
from chatbot.exchanges.base import is_perp
from chatbot.exchanges.markets.replay import ReplaySource
from chatbot.portfolio import strategies
from tests.backtest.test_same_as_alive import WINDOW
from tests.places import DATA
from tests.stories.history import needs_history

if TYPE_CHECKING:
    from chatbot.backtest.past import Past
    from chatbot.backtest.walk import Walked

AMOUNT = Decimal(10_000)


def ledger(past: Past, walked: Walked) -> np.ndarray:
    """Return what is there at every hour by booking the legs alone: one purse, and quantities."""
    purse, held, worth = float(AMOUNT), dict.fromkeys(past.prices, 0.0), np.empty(past.hours)
    for hour in range(past.hours):
        for name, qty in held.items():
            if hour and is_perp(name):
                purse -= qty * past.filled(name)[hour] * past.rates_by_hour(name)[hour]
        for leg in (leg for block in walked.blocks if block.hour == hour for leg in block.legs if not leg.is_transfer):
            qty = float(-leg.qty if leg.side == "sell" else leg.qty)
            held[leg.instrument] += qty
            purse -= qty * float(leg.price) + abs(qty) * float(leg.price) * float(past.markets[leg.instrument].taker_fee)
        worth[hour] = purse + sum(qty * past.filled(name)[hour] for name, qty in held.items())
    return worth


@pytest.mark.long
@needs_history
@pytest.mark.parametrize("preset", ["aggressive", "conservative"])
async def test_a_fortnight_with_futures_and_funding(preset: str) -> None:
    begin, end = datetime(2022, 6, 6, tzinfo=UTC), datetime(2022, 6, 20, tzinfo=UTC)
    source = ReplaySource(DATA, ManualClock(end), start=end, origin=end)
    strategy = strategies.preset(preset, await source.markets())
    past = played(await fetch(source, [*strategy.spot_assets, *strategy.contracts], begin, end))
    walked = walk(past, strategy, AMOUNT, window=WINDOW)
    assert len(walked.blocks) > 2
    assert any(is_perp(leg.instrument) for block in walked.blocks for leg in block.legs)
    values, received = values_of(past, walked.held)
    assert received != 0
    np.testing.assert_allclose(values, ledger(past, walked), rtol=1e-9)

"""The curve of a backtest is what a plain ledger of its legs comes to: every fill at its price, with its fee, and every settlement."""

from __future__ import annotations

from dataclasses import replace
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
from chatbot.model import BandRule, Strategy
from chatbot.portfolio import strategies
from tests.backtest.made import past_of
from tests.backtest.test_same_as_alive import WINDOW
from tests.places import DATA
from tests.stories.history import needs_history

if TYPE_CHECKING:
    from chatbot.backtest.past import Past
    from chatbot.backtest.walk import Walked

AMOUNT = Decimal(10_000)


def ledger(past: Past, walked: Walked) -> tuple[np.ndarray, float]:
    """Return what is there at every hour by booking the legs alone, one purse and quantities; and what was received for funding."""
    purse, held, worth, received = float(AMOUNT), dict.fromkeys(past.prices, 0.0), np.empty(past.hours), 0.0
    for hour in range(past.hours):
        for name, qty in held.items():
            if hour and is_perp(name):
                paid = qty * past.filled(name)[hour] * past.rates_by_hour(name)[hour]
                purse, received = purse - paid, received - paid
        for leg in (leg for block in walked.blocks if block.hour == hour for leg in block.legs if not leg.is_transfer):
            qty = float(-leg.qty if leg.side == "sell" else leg.qty)
            held[leg.instrument] += qty
            purse -= qty * float(leg.price) + abs(qty) * float(leg.price) * float(past.markets[leg.instrument].taker_fee)
        worth[hour] = purse + sum(qty * past.filled(name)[hour] for name, qty in held.items())
    return worth, received


def hold_same(past: Past, walked: Walked) -> None:
    """Hold that the curve and the sum of the funding are what the ledger says."""
    values, received = values_of(past, walked.held)
    booked, settled = ledger(past, walked)
    assert received == pytest.approx(settled, rel=1e-9)
    assert received != 0
    np.testing.assert_allclose(values, booked, rtol=1e-9)


def test_what_is_settled_as_something_is_traded_is_funding_too_and_so_is_what_is_settled_without_a_price() -> None:
    """BTC leaps at hour 7, so that an hour later a plan is made as the funding falls due; at hour 24 the contract has no price."""
    btc = np.full(49, 100.0)
    btc[7:], btc[29:] = 130.0, 100.0
    perp = btc.copy()
    perp[22:27] = np.nan
    strategy = Strategy(
        preset="custom",
        weights={"CORE": Decimal("0.5"), "STABLE": Decimal("0.3"), "FUTURES": Decimal("0.2")},
        members={"CORE": ("BTC",)},
        futures_net=Decimal("0.2"),
        futures_split={"BTC-PERP": Decimal(1)},
        bands={"CORE": BandRule(abs_pp=Decimal(2))},
        futures_band_pp=Decimal(2),
    )
    rates = {hour: Decimal("0.001") for hour in range(8, 49, 8)}
    past = replace(past_of({"BTC": btc, "BTC-PERP": perp}), rates={"BTC-PERP": rates})
    walked = walk(past, strategy, AMOUNT, window=WINDOW)
    assert [block.hour for block in walked.blocks] == [0, 8, 30], "as it is settled, and after a settlement without a price"
    hold_same(past, walked)


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
    hold_same(past, walked)

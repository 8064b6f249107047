"""A replay offers only the coins of its day: a portfolio must not be given a coin that is listed months later."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from chatbot.clock import ManualClock
from chatbot.exchanges.markets.replay import ReplaySource
from tests.person import someone
from tests.places import DATA

if TYPE_CHECKING:
    from pathlib import Path

FEBRUARY = datetime(2020, 2, 15, 12, 0, tzinfo=UTC)
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"no recorded market in {DATA}")


async def test_only_listed_instruments_are_offered_and_the_others_appear_on_their_day() -> None:
    clock = ManualClock(FEBRUARY)
    source = ReplaySource(DATA, clock, start=FEBRUARY)
    markets = await source.markets()
    assert {"BTC", "ETH", "XRP", "BNB", "BTC-PERP", "ADA-PERP"} <= set(markets)
    assert not {"SOL", "AVAX", "SOL-PERP"} & set(markets)
    clock.set(datetime(2020, 8, 11, 6, 0, tzinfo=UTC))
    assert "SOL" in await source.markets()


@pytest.mark.long
async def test_a_portfolio_opened_in_february_2020_gets_a_plan_and_not_a_missing_price(tmp_path: Path) -> None:
    """Seen with `demo --market replay --start 2020-02-15`: "Cannot evaluate: no price for SOL", for half a year of market time."""
    async with someone(tmp_path, clock=ManualClock(FEBRUARY), market=f"replay:{DATA}", market_start=FEBRUARY) as ann:
        await ann.set_up()
        ann.sees("Plan 1", "BNB")

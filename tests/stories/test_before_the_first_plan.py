"""A portfolio that is still in cash: what a spike asks of it before its first plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.stories.history import day, look, needs_history, off, opened

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.long, needs_history]


async def test_a_spike_leaves_a_coin_that_was_never_bought_a_part_of_its_target(tmp_path: Path) -> None:
    """24 April 2021, ETH at 2.1 times its usual: its cut counted from the nothing that was held, and the first plan bought none of it."""
    async with opened(tmp_path, day(2021, 4, 23), *off("trend", "funding_high"), preset="Aggressive") as ann:
        await ann.tap("Skip")
        before = ann.newest
        alerts, _ = await look(ann, day(2021, 4, 24))
        assert alerts
        assert "volatility is 2.1x its usual level, limit 2.0x: its target is cut to 48% of what it was." in ann.since(before)
        await ann.say("/rebalance")
        plan = await ann.plan()
        bought = {leg.instrument: leg.notional / plan.before.value for leg in plan.legs if leg.side == "buy"}
        assert 0.07 < bought["ETH"] < 0.072, "48 % of 15 %, in whole lots"
        assert 0.149 < bought["BTC"] < 0.151
        ann.sees("ETH target 7.1% instead of 15.0%")

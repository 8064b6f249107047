"""A coin is called what its exchange calls it: S, 1000SATS and BROCCOLI714 are names from the first message to the plan."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.clock import ManualClock
from tests.person import START, someone
from tests.portfolio.still_market import StillMarket

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from chatbot.exchanges.base import Market

ODD = {"S": "0.5", "BROCCOLI714": "0.02", "1000SATS": "0.0002", "币安人生": "0.1"}


class OddlyNamed(StillMarket):
    """A market that lists coins with unusual names."""

    async def markets(self) -> Mapping[str, Market]:
        """Add them, with the rules that all have."""
        found = await super().markets()
        return {**found, **{name: replace(found["BTC"], instrument=name) for name in ODD}}


async def test_listed_names_are_typed_held_weighed_and_planned(tmp_path: Path) -> None:
    """Holdings, weights, bands and what is kept out take them; a slip is told with the nearest that is listed."""
    clock = ManualClock(START)
    market = OddlyNamed(clock)
    market.prices |= {name: Decimal(price) for name, price in ODD.items()}
    async with someone(tmp_path, clock=clock, source=market, fear_greed_url="") as ann:
        await ann.say("/start")
        await ann.tap("Type in my holdings")
        assert "BROCOLI714 has no price at this exchange. Did you mean BROCCOLI714?" in await ann.say("BROCOLI714 5")
        answer = await ann.say("S 4000, 100000 BROCCOLI714, 1000SATS 5000000, 10000 币安人生 and 500 USDT")
        for line in ("4,000 S ≈ $2,000", "100,000 BROCCOLI714 ≈ $2,000", "5,000,000 1000SATS ≈ $1,000", "10,000 币安人生 ≈ $1,000"):
            assert line in answer
        await ann.taps("That is right", "Yes", "Balanced", "Use Balanced")
        card = ann.with_button("All done")
        assert "BROCCOLI714" in card.text
        assert "changed" in await ann.say("/targets S 40 BROCCOLI714 20 1000SATS 20 币安人生 10 USDT 10")
        assert "±7.0" in await ann.say("/bands BROCCOLI714 7")
        assert "1000SATS" in await ann.say("/keep 1000SATS 10")
        await ann.say("/rebalance")
        plan = await ann.plan()
        assert {leg.instrument for leg in plan.legs} & ODD.keys()

"""A portfolio so small that its orders would be too: the reason is their size, not that every line is close to its target."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.clock import ManualClock
from tests.person import START, someone
from tests.portfolio.still_market import StillMarket

if TYPE_CHECKING:
    from pathlib import Path

    from tests.person import Someone


async def holding(ann: Someone, holdings: str) -> None:
    """Keep a portfolio by hand."""
    await ann.say("/start")
    await ann.tap("Type in my holdings")
    await ann.say(holdings)
    await ann.taps("That is right", "Yes", "Balanced", "Use Balanced")


async def test_twelve_dollars_far_off_say_what_is_too_small(tmp_path: Path) -> None:
    """Fifty points off, one order: $6 is under the smallest worth its fees; $4 is under what the exchange takes; both are named."""
    clock = ManualClock(START)
    async with someone(tmp_path, clock=clock, source=StillMarket(clock), fear_greed_url="") as ann:
        await holding(ann, "USDT 12")
        first = ann.last.text
        assert "Nothing can be traded now." in first
        assert "close to its target" not in first
        assert "SOL: $" in first
        await ann.say("/targets BTC 50 USDT 50")
        answer = await ann.say("/rebalance")
        assert "Nothing can be traded now." in answer
        assert "BTC: $6.00 is under $10, the smallest order that is worth its fees" in answer
        market = (await ann.program.source.markets())["BTC"]
        assert market.min_notional == Decimal(5)
        await ann.say("/targets BTC 33 USDT 67")
        assert "BTC: $3.96 is under the exchange's minimum of $5" in await ann.say("/rebalance")


async def test_a_portfolio_on_its_targets_is_still_close_to_them(tmp_path: Path) -> None:
    """What is inside a hundredth of the value needs no reason."""
    clock = ManualClock(START)
    async with someone(tmp_path, clock=clock, source=StillMarket(clock), fear_greed_url="") as ann:
        await ann.set_up()
        await ann.confirm()
        answer = await ann.say("/rebalance")
        assert "Every line is close to its target." in answer
        assert "Left out" not in answer

"""A person sees in the chat what is at stake, is told when the futures have grown too large, and puts it right with one tap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatbot.clock import ManualClock
from chatbot.model import NET
from tests.person import START, someone
from tests.portfolio.still_market import D, StillMarket

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.long
async def test_a_futures_move_leads_to_a_plan_that_brings_the_exposure_back(tmp_path: Path) -> None:
    """ETH nearly doubles: only the futures are in it, so no line leaves its band, but the net exposure does."""
    clock = ManualClock(START)
    market = StillMarket(clock)
    async with someone(tmp_path, clock=clock, source=market) as ann:
        await ann.set_up()
        await ann.say("/targets BTC 40 SOL 30 USDT 10 FUTURES 20")
        await ann.say("/rebalance")
        await ann.confirm()
        await ann.step()
        await ann.say("/exposure")
        ann.sees(
            "Net exposure 90%",
            "Net futures 20.0%, target 20.0% ±5.0",
            "Futures positions",
            "assumed for ETH, SOL: too little history",
        )
        assert ann.last.attachment is not None, "there is a picture"
        for factor in ("1.4", "1.3"):
            market.move("ETH", factor)
            await ann.step()
        alert = ann.with_button("See the plan")
        assert "The net futures position is 6.0 points over its target of 20.0%; band ±5.0." in alert.text
        await ann.step()
        card = ann.with_button("Confirm")
        assert "The net futures position is" in card.text
        done = await ann.confirm()
        assert [(reason.trigger, reason.line) for reason in done.reasons] == [("exposure", NET)]
        assert done.result is not None
        assert done.result.exposure is not None
        assert abs(done.result.exposure.drift) < D("0.005")
        await ann.say("/status")
        await ann.taps("Coins", "Exposure")
        ann.sees("target 20.0% ±5.0")
        assert "●" not in ann.last.text

"""A portfolio of three hundred dollars in November 2021: what the exchange's minimum forbids is said where nothing follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatbot.clock import ManualClock
from tests.person import someone
from tests.places import DATA
from tests.stories.history import COINS, PACE, day, look, needs_history

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.long, needs_history]


async def test_an_alert_that_leads_to_nothing_names_the_minimum_of_the_exchange(tmp_path: Path) -> None:
    """Futures of BTC begin at 100 dollars: "nothing of it is worth an order" was all that it said."""
    begin = day(2021, 11, 1)
    async with someone(tmp_path, clock=ManualClock(begin), pace=PACE, market=f"replay:{DATA}", market_start=begin) as ann:
        await ann.program.markets.usual.betas.refresh(COINS)
        await ann.say("/start")
        await ann.tap("Demo portfolio")
        await ann.say("300")
        await ann.taps("Aggressive", "Use Aggressive")
        await ann.confirm()
        alerts, plans = await look(ann, day(2021, 11, 2))
        assert (alerts, plans) == (1, 0)
        ann.sees("The net futures position is", "so no plan follows.", "BTC futures: $2", "is under the exchange's minimum of $100")

"""A Confirm that cannot be checked against sound prices says so; it does not claim that prices have moved."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.clock import ManualClock
from tests.person import START, someone
from tests.stories.test_simulated_market import Tampered

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_zero_price_at_confirm_is_told_as_what_it_is(tmp_path: Path) -> None:
    """It used to say "Prices have moved since plan 1 was made, so nothing was sent. Here is the plan as of now.", with no plan there."""
    clock = ManualClock(START)
    source = Tampered(clock)
    async with someone(tmp_path, clock=clock, source=source) as ann:
        await ann.set_up()
        source.bent = {"SOL": Decimal(0)}
        answer = await ann.tap("Confirm")
        assert answer.text.startswith("I can't get reliable prices")
        ann.sees("Cannot evaluate", "SOL")

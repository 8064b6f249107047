"""Whatever is wrong with a price, every command that would plan with it says so, and none does (product 8)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.clock import ManualClock
from tests.person import START, someone
from tests.stories.test_simulated_market import Tampered

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from chatbot.exchanges.base import Quote

D = Decimal
WRONG: dict[str, Callable[[Quote], Quote]] = {
    "bid and ask of BTC are too far apart": lambda quote: replace(quote, bid=quote.bid * D("0.9"), ask=quote.ask * D("1.1")),
    "the price of BTC makes no sense": lambda quote: replace(quote, bid=quote.ask * 2),
    "the price of BTC jumped and is not confirmed yet": lambda quote: replace(quote, bid=quote.bid * 2, ask=quote.ask * 2),
}


class Wrong(Tampered):
    """A market on which something becomes wrong with BTC's price."""

    wrong: Callable[[Quote], Quote] | None = None

    async def quotes(self, instruments: Collection[str]) -> Mapping[str, Quote]:
        """Return the quotes, BTC's as it is now."""
        found = dict(await super().quotes(instruments))
        if self.wrong is not None and "BTC" in found:
            found["BTC"] = self.wrong(found["BTC"])
        return found


@pytest.mark.long
@pytest.mark.parametrize("told", WRONG)
async def test_every_command_that_plans_says_what_is_wrong(tmp_path: Path, told: str) -> None:
    """No plan and no order of any of them, dashes in the status, and an end once the price is sound."""
    clock = ManualClock(START)
    source = Wrong(clock)
    async with someone(tmp_path, clock=clock, source=source) as ann:
        await ann.settle()
        plans, orders = len(await ann.plans()), await ann.orders()
        source.wrong = WRONG[told]
        await ann.step(5)
        for command in ("/rebalance", "/invest 100", "/hedge", "/hedge 50 20", "/exposure", "/why", "/status"):
            assert f"Cannot evaluate: {told}." in await ann.say(command), command
        ann.sees("—")
        assert "$" not in ann.last.text
        assert (len(await ann.plans()), await ann.orders()) == (plans, orders)
        source.wrong = None
        await ann.step()
        assert "Cannot evaluate" not in await ann.say("/status")

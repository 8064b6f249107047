"""What a plan, a hedge and an alert are is said on the first that somebody gets, and on no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatbot.store import events
from tests.person import someone

if TYPE_CHECKING:
    from pathlib import Path

PLAN, HEDGE, ALERT = "Your first plan: a list of orders.", "Your first hedge: a short", "This is your first alert:"


async def test_the_first_card_says_what_a_plan_is_until_it_was_answered(tmp_path: Path) -> None:
    """It stands with the plan, so that another process shows it too; the card that takes its place unanswered says it as well."""
    async with someone(tmp_path, fear_greed_url="") as ann:
        await ann.set_up()
        assert PLAN in ann.with_button("Confirm").text
        assert (await ann.plan()).is_first
        await ann.say("/rebalance")
        assert PLAN in ann.with_button("Confirm").text
        await ann.tap("Skip")
        assert PLAN not in ann.last.text, "a card that is over needs no explanation"
        await ann.say("/rebalance")
        assert PLAN not in ann.with_button("Confirm").text
        await ann.say("/start")
        await ann.taps("Keep both", "Demo portfolio", "10,000", "Use Balanced")
        assert PLAN not in ann.with_button("Confirm").text, "it is their second portfolio, and no first plan any more"


@pytest.mark.long
async def test_the_first_hedge_and_the_first_alert_say_what_they_are(tmp_path: Path) -> None:
    async with someone(tmp_path, fear_greed_url="") as ann:
        await ann.settle()
        await ann.say("/hedge 50 20")
        assert HEDGE in ann.with_button("Confirm").text
        await ann.tap("Skip")
        await ann.say("/hedge 50 20")
        assert HEDGE not in ann.with_button("Confirm").text
        await ann.tap("Skip")
        async with ann.program.db.read() as tx:
            assert await events.is_first_alert(tx, await ann.portfolio_id())
        await ann.say("/bands 0.5")
        told = [message.text for message in ann.messages]
        for _ in range(200):
            if (await ann.step(600)).alerts:
                break
        assert sum(ALERT in message.text for message in ann.messages if message.text not in told) == 1
        async with ann.program.db.read() as tx:
            assert not await events.is_first_alert(tx, await ann.portfolio_id())

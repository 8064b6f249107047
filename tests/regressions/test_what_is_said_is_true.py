"""Sentences that promised what did not come: a plan after an alert, a plan while paused, a command that a dialog took for an amount."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.moments import after

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.person import Someone


async def small(ann: Someone) -> None:
    """Open a demo portfolio so small that no future of BTC fits into it, and carry its first plan out."""
    await ann.set_up(amount="1,000")
    await ann.confirm()


@pytest.fixture
async def ann(tmp_path: Path) -> AsyncIterator[Someone]:
    async with after(small, tmp_path, fear_greed_url="") as opened:
        yield opened


@pytest.mark.long
async def test_an_alert_that_no_order_can_answer_offers_no_plan(ann: Someone) -> None:
    """The net futures position is 5.2 points under its target for want of a contract of BTC: a plan would have nothing to trade."""
    plans = len(await ann.plans())
    await ann.step()
    ann.sees("under its target", "Right now no order of it can be sent, so no plan follows.", "is under the exchange's minimum of $100")
    assert "See the plan" not in ann.last.buttons
    for _ in range(3):
        await ann.step()
    assert len(await ann.plans()) == plans
    assert "under the exchange's minimum" in await ann.say("/rebalance")


@pytest.mark.long
async def test_a_card_of_a_paused_portfolio_says_that_nothing_is_sent(ann: Someone) -> None:
    """One that is asked for then, and one that waits already: its words are true before the pause, in it and after it, in its place."""
    paused = "Paused: nothing is sent until /resume."
    await ann.say("/deposit 500")
    await ann.say("/pause")
    assert paused in await ann.say("/rebalance")
    card = ann.with_button("Confirm")
    for said, is_paused in (("/resume", False), ("/pause", True), ("/pause", True), ("/resume", False)):
        ann.clock.advance(1)
        await ann.say(said)
        await ann.work()
        now = ann.with_button("Confirm")
        assert (now.id, paused in now.text) == (card.id, is_paused)
    assert "Paused" not in await ann.say("/rebalance")


async def test_all_that_can_be_invested_is_invested_or_said_to_be_nothing(ann: Someone) -> None:
    await ann.say("/deposit 500")
    assert "$599.9" in await ann.say("/invest all")
    await ann.say("/withdraw all my USDT")
    ann.sees("Withdrawal noted", "USDT")
    assert "There is no USDT to invest: it is invested, or kept out." in await ann.say("/invest everything")


@pytest.mark.parametrize(("asked", "slip", "meant"), [("/deposit", "statsu", "/status"), ("/invest", "rebalanse", "/rebalance")])
async def test_a_slip_of_a_command_is_no_amount(ann: Someone, asked: str, slip: str, meant: str) -> None:
    """Where an amount is asked for, a word that is nearly a command is offered as one; another word is refused as before."""
    await ann.say(asked)
    assert meant in await ann.say(slip)
    assert "is not an amount" in await ann.say("umbrella")

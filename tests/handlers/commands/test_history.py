"""/history in the chat: every row names its reason and opens in full, an empty one says so, and no old picture stays above new text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete

from chatbot.clock import ManualClock
from chatbot.store import tables
from tests.moments import after
from tests.person import START, someone
from tests.portfolio.lively_market import LivelyMarket

if TYPE_CHECKING:
    from pathlib import Path

    from tests.person import Someone


async def bought(ann: Someone) -> None:
    """Carry out the first plan, and skip one that was asked for with new weights."""
    await ann.set_up()
    await ann.confirm()
    await ann.step()
    await ann.say("/targets BTC 20 ETH 40 ALT 20 USDT 20")
    await ann.say("/rebalance")
    await ann.tap("Skip")


@pytest.mark.long
async def test_rows_name_their_reasons_and_open_in_full(tmp_path: Path) -> None:
    """What asked for it, what became of it; opened, every leg is there, page by page, and Back leads to the list."""
    async with after(bought, tmp_path, source=LivelyMarket) as ann:
        page = await ann.say("/history")
        assert "skipped" in page
        assert "carried out" in page
        assert "The first plan brings the portfolio to its targets." in page
        number = ann.last.id
        await ann.tap("Plan 1")
        told = ann.last.text
        assert ann.last.attachment is not None
        while "More" in ann.last.buttons:
            told += (await ann.taps("More")).text
        for leg in (await ann.plans())[0].legs:
            assert f" {leg.index + 1}. " in told
        assert "Fees paid" in told
        await ann.tap("Back")
        assert ann.last.text == page
        assert ann.last.attachment is None, "the picture of the plan is gone with it"
        assert [message.id for message in ann.messages if message.id >= number] == [ann.last.id], "and nothing of it is left behind"


async def test_a_history_without_plans_says_so(tmp_path: Path) -> None:
    """It names what makes the first one, and has the button for it."""
    clock = ManualClock(START)
    async with someone(tmp_path, clock=clock, source=LivelyMarket(clock)) as ann:
        await ann.say("/start")
        await ann.taps("Demo portfolio", "10,000", "Use Balanced")
        async with ann.program.db.transaction() as tx:  # as after a copy of a folder whose plans were tidied away
            for table in (tables.orders, tables.legs, tables.plans):
                await tx.execute(delete(table))
        assert "No plans yet. /rebalance makes the first one." in await ann.say("/history")
        assert ann.last.buttons == ("Rebalance", "Status")


@pytest.mark.long
async def test_an_old_picture_does_not_stay_above_new_text(tmp_path: Path) -> None:
    """From the status to /why: a message cannot lose its picture, so the answer takes its place as a message of its own."""
    async with after(bought, tmp_path, source=LivelyMarket) as ann:
        await ann.say("/status")
        status = ann.last
        assert status.attachment is not None
        await ann.tap("Why?")
        assert ann.last.attachment is None
        assert ann.last.silent, "the person has just tapped"
        assert status.id not in {message.id for message in ann.messages}
        await ann.tap("Status")
        assert ann.last.attachment is not None
        await ann.tap("Coins")
        assert ann.last.attachment is not None, "the picture of the same portfolio stays"

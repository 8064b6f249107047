"""What the durable engine keeps of work that ended long ago goes, while the program runs."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from chatbot.app import open_program
from chatbot.clock import ManualClock
from chatbot.config import load_settings
from chatbot.store import events, privacy
from chatbot.store.privacy import SWEPT_MAX
from tests.inline import Inline
from tests.person import someone
from tests.portfolio.still_market import START
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path


class Full(Inline):
    """An engine with more to delete than goes in one turn."""

    def __init__(self) -> None:
        super().__init__()
        self.left = [1000, 1000, 7]
        self.asked: list[datetime] = []

    async def tidy(self, before: datetime) -> int:
        """Delete some."""
        self.asked.append(before)
        return self.left.pop(0) if self.left else 0


async def test_work_that_ended_a_month_ago_is_deleted_by_the_program_itself(tmp_path: Path) -> None:
    settings = load_settings(market="simulated", data_dir=tmp_path, operator_ids="1")
    work = Full()
    async with open_program(settings, clock=ManualClock(START), work=work) as program:
        tidying = asyncio.create_task(program.look_after())
        await until(lambda: not work.left)
        tidying.cancel()
    assert abs(datetime.now(UTC) - timedelta(days=30) - work.asked[0]) < timedelta(minutes=1)


@pytest.mark.long
async def test_what_is_old_of_very_many_goes_with_one_check_after_the_other(tmp_path: Path) -> None:
    """No check deletes more than a thousand rows of a kind, and the next one goes on at once and not hours later."""
    async with someone(tmp_path) as ann:
        old = ann.clock.now() - timedelta(days=31)
        async with ann.program.db.transaction() as tx:
            for number in range(10_000, 10_000 + SWEPT_MAX + 5):
                await events.record_update(tx, number, "{}", old)
                await events.finish_update(tx, number)
        left = []
        for _ in range(2):
            await ann.program.monitor.tick()
            async with ann.program.db.transaction() as tx:
                left.append(await privacy.sweep(tx, ann.clock.now() - timedelta(days=30), most=1))
        assert left == [1, 0], "four or five are left after the first check, none after the second"

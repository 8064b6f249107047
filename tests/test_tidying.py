"""What the durable engine keeps of work that ended long ago goes, while the program runs."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from chatbot.app import open_program
from chatbot.clock import ManualClock
from chatbot.config import load_settings
from tests.inline import Inline
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
        tidying = asyncio.create_task(program._tidy())
        await until(lambda: not work.left)
        tidying.cancel()
    assert abs(datetime.now(UTC) - timedelta(days=30) - work.asked[0]) < timedelta(minutes=1)

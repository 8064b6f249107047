"""A plan's steps do not queue up in front of its result: only the newest step waits, because a card is drawn as it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from chatbot.store import tables
from tests.person import someone

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.long
async def test_a_finished_plan_leaves_one_message_waiting_and_the_alert_after_it_does_not_wait_for_a_hundred_edits(tmp_path: Path) -> None:
    """Seen in the demo: a plan of nine legs had 170 edits waiting, one a second, and the next alert behind them."""
    async with someone(tmp_path) as ann:
        await ann.say("/start")
        await ann.taps("Demo portfolio", "10,000", "Use Balanced", "Confirm")
        await ann.program.work.run_pending()  # type: ignore[attr-defined]  # the stories run on Inline
        row = tables.outbox.c
        async with ann.program.db.read() as tx:
            kinds = [kind for (kind,) in await tx.execute(select(row.kind).where(row.state == "waiting"))]
        assert kinds == ["plan_result"]
        assert await ann.outbox.drain() == 1
        ann.sees("Plan 1 · done")

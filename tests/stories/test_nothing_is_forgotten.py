"""What is deleted after a month was asked for by nobody: months later every page and every file says what it said before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from chatbot.store import privacy, tables
from tests.stories.history import day, living, needs_history

if TYPE_CHECKING:
    from pathlib import Path

    from tests.person import Someone

pytestmark = [needs_history, pytest.mark.slow]
#: what looks back
_ASKED = ("/history", "/report everything", "/report March 2020", "/review", "/why", "/status")
#: updates are dated by the machine's clock, everything else by that of the story
_LATER = day(2100, 1, 1)
#: what a sweep may delete
_SWEPT = (tables.updates, tables.outbox, tables.events)


async def told(ann: Someone) -> list[tuple[str, bytes]]:
    """Return what is answered to each question, with the file that comes with it."""
    found = []
    for question in (*_ASKED, "/history"):
        await ann.say(question)
        if len(found) == len(_ASKED):
            await ann.tap("CSV")
        file = ann.last.attachment
        found.append((ann.last.text, b"" if file is None or file.name.endswith(".png") else file.data))
    return found


async def counted(ann: Someone) -> dict[str, int]:
    """Return how many rows each table has."""
    async with ann.program.db.read() as tx:
        return {
            table.name: (await tx.execute(select(func.count()).select_from(table))).scalar_one() for table in tables.metadata.sorted_tables
        }


async def test_every_page_is_the_same_after_the_sweep(tmp_path: Path) -> None:
    """Two months of plans, and everything that ended is old: events, messages and updates go, and no row of anything else."""
    async with living(tmp_path, day(2020, 3, 1), "Balanced") as life:
        await life.until(day(2020, 5, 1))
        ann = life.ann
        assert len(life.plans) > 3
        said, before = await told(ann), await counted(ann)
        async with ann.program.db.transaction() as tx:
            while await privacy.sweep(tx, _LATER):
                pass
        after = await counted(ann)
        assert {name for name, rows in before.items() if after[name] != rows} == {table.name for table in _SWEPT}
        assert after["pf_events"] == 0
        assert await told(ann) == said

"""Which settings somebody was shown a backtest of: the best of many looks good by chance alone (domain 12.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from chatbot.store import tables
from chatbot.store.writing import put_all

if TYPE_CHECKING:
    from collections.abc import Collection

    from chatbot.store.database import Tx

_rows = tables.tried.c


async def note(tx: Tx, person_id: int, marks: Collection[str]) -> int:
    """Write down that a person was shown these settings; return how many different ones they have been shown by now."""
    await put_all(tx, tables.tried, [{"person_id": person_id, "mark": mark} for mark in sorted(marks)], replace=False)
    return await tx.scalar(select(func.count()).where(_rows.person_id == person_id)) or 0

"""Forgetting: what nobody will ask for again is deleted; plans, legs and orders are kept as the record of money."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select, true

from chatbot.store import tables
from chatbot.store.tables import MessageState

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Delete

    from chatbot.store.database import Tx


async def sweep(tx: Tx, before: datetime) -> int:
    """Delete finished updates, ended messages and the events of ended plans from before ``before``; return how many rows.

    What still waits, runs or was refused (the operator may not have seen it) stays, however old it is.
    """
    rows = 0
    for deletion in _deletions(before):
        rows += (await tx.execute(deletion)).rowcount
    return rows


def _deletions(before: datetime) -> tuple[Delete, ...]:
    updates, outbox, events, plans = tables.updates.c, tables.outbox.c, tables.events.c, tables.plans.c
    unfinished = select(plans.id).where(plans.state.in_(tables.OPEN))
    return (
        delete(tables.updates).where(updates.finished == true(), updates.received_at < before),
        delete(tables.outbox).where(outbox.state.in_((MessageState.SENT, MessageState.DROPPED)), outbox.ended_at < before),
        delete(tables.events).where(events.at < before, events.plan_id.not_in(unfinished)),
    )

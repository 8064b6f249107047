"""Everything about one person, to be handed out or deleted; and what nobody will ask for again, forgotten."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, TypeDecorator, delete, select, true, type_coerce
from sqlalchemy.types import NullType

from chatbot.model import MessageKind
from chatbot.store import tables
from chatbot.store.codec import UNREADABLE
from chatbot.store.tables import MessageState

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Column, ColumnElement, Dialect, Table

    from chatbot.store.database import Tx

_people, _portfolios, _plans = tables.people.c, tables.portfolios.c, tables.plans.c
#: values that are stored as JSON text; handed out as what they mean
_NESTED = frozenset(
    {
        tables.keys.c.report,
        _portfolios.strategy,
        tables.strategies.c.strategy,
        _plans.proposal,
        _plans.after,
        _plans.result,
        tables.checks.c.body,
        tables.values.c.mark,
        _portfolios.answering,
        _people.alerts,
    }
)


#: rows of a kind that a sweep deletes at most: some ten milliseconds
SWEPT_MAX = 1000
#: what is handed out to nobody: an exchange key leaves the database only to sign a request
_WITHHELD = frozenset({tables.keys.c.sealed})


async def export_person(tx: Tx, person_id: int) -> dict[str, Any]:
    """Return everything that is stored about a person, table by table, as plain JSON values; empty for a stranger.

    What is damaged is handed out as it stands: it is theirs as well, and keeps nothing else back.
    """
    found: dict[str, Any] = {}
    for table, mine in _whose(person_id):
        columns = [column for column in table.columns if column not in _WITHHELD]
        stored = select(*(type_coerce(column, NullType()).label(column.name) for column in columns)).where(mine)
        rows = await tx.execute(stored.order_by(*table.primary_key))
        listed = [{column.name: _plain(column, value, tx.dialect) for column, value in zip(columns, row, strict=True)} for row in rows]
        if listed:
            found[table.name.removeprefix(tables.PREFIX)] = listed
    return found


async def delete_person(tx: Tx, person_id: int) -> int:
    """Delete a person and everything that belongs to them; return how many rows. Orders at an exchange are not touched.

    What operators were asked about them goes as well, and is counted nowhere: who comes back is asked about as anybody new.
    """
    asked = (tables.outbox.c.kind == MessageKind.ACCESS_REQUEST, tables.outbox.c.key.endswith(f"-{person_id}"))
    await tx.execute(delete(tables.outbox).where(*asked))
    rows = 0
    for table, mine in reversed(_whose(person_id)):
        rows += (await tx.execute(delete(table).where(mine))).rowcount
    return rows


def _whose(person_id: int) -> tuple[tuple[Table, ColumnElement[bool]], ...]:
    """Return every table that knows of people with the condition that picks this one's rows, parents first."""
    theirs = select(_portfolios.id).where(_portfolios.person_id == person_id)
    planned = select(_plans.id).where(_plans.portfolio_id.in_(theirs))
    chat = select(_people.chat_id).where(_people.id == person_id)
    by_portfolio = (
        tables.accounts,
        tables.states,
        tables.checks,
        tables.values,
        tables.strategies,
        tables.flows,
        tables.alerts,
        tables.plans,
    )
    return (
        (tables.people, _people.id == person_id),
        (tables.dialogs, tables.dialogs.c.person_id == person_id),
        (tables.keys, tables.keys.c.person_id == person_id),
        (tables.tried, tables.tried.c.person_id == person_id),
        (tables.outbox, tables.outbox.c.chat_id.in_(chat)),
        (tables.chats, tables.chats.c.chat_id.in_(chat)),
        (tables.portfolios, _portfolios.person_id == person_id),
        *((table, table.c.portfolio_id.in_(theirs)) for table in by_portfolio),
        *((table, table.c.plan_id.in_(planned)) for table in (tables.legs, tables.orders, tables.events)),
    )


def _plain(column: Column[Any], stored: Any, dialect: Dialect) -> Any:  # noqa: ANN401 - JSON values
    """Return what stands in a column as plain JSON; as it is stored, where it cannot be read."""
    try:
        value = column.type.process_result_value(stored, dialect) if isinstance(column.type, TypeDecorator) else stored
        if column in _NESTED and value is not None:
            return json.loads(value)
    except UNREADABLE:
        value = stored
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(column.type, Boolean) and value in (0, 1):
        return bool(value)
    return str(value) if isinstance(value, Decimal) else value


async def sweep(tx: Tx, before: datetime, most: int = SWEPT_MAX) -> int:
    """Delete finished updates, ended messages and the events of ended plans from before ``before``; return how many rows.

    What still waits, runs or was refused (the operator may not have seen it) stays, however old it is. At most so many rows of each kind
    go at a time, so that nobody waits long for this transaction: as many as that say that there may be more.
    """
    rows = 0
    for table, old in _old(before):
        slice_of_it = select(table.c.id).where(*old).limit(most)
        rows += (await tx.execute(delete(table).where(table.c.id.in_(slice_of_it)))).rowcount
    return rows


def _old(before: datetime) -> tuple[tuple[Table, tuple[ColumnElement[bool], ...]], ...]:
    updates, outbox, events, plans = tables.updates.c, tables.outbox.c, tables.events.c, tables.plans.c
    unfinished = select(plans.id).where(plans.state.in_(tables.OPEN))
    return (
        (tables.updates, (updates.finished == true(), updates.received_at < before)),
        (tables.outbox, (outbox.state.in_((MessageState.SENT, MessageState.DROPPED)), outbox.ended_at < before)),
        (tables.events, (events.at < before, events.plan_id.not_in(unfinished))),
    )

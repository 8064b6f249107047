"""Everything about one person, to be handed out or deleted."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from chatbot.model import MessageKind
from chatbot.store import tables

if TYPE_CHECKING:
    from sqlalchemy import Column, ColumnElement, Table

    from chatbot.store.database import Tx

_people, _portfolios, _plans = tables.people.c, tables.portfolios.c, tables.plans.c
#: values that are stored as JSON text; handed out as what they mean
_NESTED = frozenset(
    {_portfolios.strategy, _plans.proposal, _plans.after, _plans.result, tables.checks.c.body, _portfolios.answering, _people.alerts}
)


async def export_person(tx: Tx, person_id: int) -> dict[str, Any]:
    """Return everything that is stored about a person, table by table, as plain JSON values; empty for a stranger."""
    found: dict[str, Any] = {}
    for table, mine in _whose(person_id):
        rows = await tx.execute(select(table).where(mine).order_by(*table.primary_key))
        listed = [{column.name: _plain(column, value) for column, value in zip(table.columns, row, strict=True)} for row in rows]
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
    by_portfolio = (tables.accounts, tables.states, tables.checks, tables.values, tables.flows, tables.alerts, tables.plans)
    return (
        (tables.people, _people.id == person_id),
        (tables.dialogs, tables.dialogs.c.person_id == person_id),
        (tables.outbox, tables.outbox.c.chat_id.in_(chat)),
        (tables.portfolios, _portfolios.person_id == person_id),
        *((table, table.c.portfolio_id.in_(theirs)) for table in by_portfolio),
        *((table, table.c.plan_id.in_(planned)) for table in (tables.legs, tables.orders, tables.events)),
    )


def _plain(column: Column[Any], value: Any) -> Any:  # noqa: ANN401 - JSON values
    if column in _NESTED and value is not None:
        return json.loads(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value

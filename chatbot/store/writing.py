"""The two writes that SQL spells differently on each database: insert or replace, and insert unless it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Table

    from chatbot.store.database import Tx


def inserting(tx: Tx, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that knows ON CONFLICT on this database."""
    return sqlite.insert(table) if tx.dialect.name == "sqlite" else postgresql.insert(table)


async def put(tx: Tx, table: Table, row: Mapping[str, Any]) -> None:
    """Insert a row, or replace the one with the same primary key."""
    keys = [column.name for column in table.primary_key]
    changes = {name: value for name, value in row.items() if name not in keys}
    await tx.execute(inserting(tx, table).values(row).on_conflict_do_update(index_elements=keys, set_=changes))


async def put_all(tx: Tx, table: Table, rows: Sequence[Mapping[str, Any]], *, replace: bool = True) -> None:
    """Insert rows of the same columns in one go; those whose primary key is there are replaced, or with ``replace=False`` left alone."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    adding = inserting(tx, table)
    changes = {name: adding.excluded[name] for name in rows[0] if name not in keys}
    resolved = (
        adding.on_conflict_do_update(index_elements=keys, set_=changes) if replace else adding.on_conflict_do_nothing(index_elements=keys)
    )
    await tx.execute(resolved, rows)


async def put_new(tx: Tx, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row unless it meets one that a unique index forbids; tell whether it was inserted."""
    answer = await tx.execute(inserting(tx, table).values(row).on_conflict_do_nothing())
    return answer.rowcount == 1

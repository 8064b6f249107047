"""Every row of one database into another, of the same kind or not: as it is written there, so that nothing changes by being read."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Column,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    collate,
    delete,
    func,
    insert,
    literal,
    select,
    text,
    tuple_,
)

from chatbot.store import tables

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Any

    from sqlalchemy.types import TypeEngine

    from chatbot.store.database import Tx

#: rows that are in memory at a time
_PAGE = 500
#: where the durable engine keeps its tables on PostgreSQL; in a SQLite file they stand beside ours
_ENGINE_SCHEMA = "dbos"


def _as_written(column: Column[Any]) -> Column[Any]:
    """Return a column of the kind that the database itself has, whatever value our own kind makes of it."""
    kind: TypeEngine[Any] = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    return Column(column.name, kind, primary_key=column.primary_key, autoincrement=False)


_raw = MetaData()
#: our tables, parents before children
_TABLES = tuple(Table(one.name, _raw, *map(_as_written, one.columns)) for one in tables.metadata.sorted_tables)
#: those that number their rows themselves, and never hand a number out twice
_NUMBERED = tuple(one.name for one in tables.metadata.sorted_tables if one.autoincrement_column is not None)


async def is_empty(tx: Tx) -> bool:
    """Tell whether nothing was ever written here: an up-to-date database without a row."""
    return not any([(await tx.execute(select(1).select_from(table).limit(1))).first() for table in _TABLES])


async def copy_all(source: Tx, target: Tx) -> None:
    """Write every row of ``source`` into the empty tables of ``target``; new rows are numbered on from where the source stood."""
    for table in _TABLES:
        async for rows in _pages(source, table):
            await target.execute(insert(table), rows)
    for name, last in (await _last_numbers(source)).items():
        await _number_on(target, name, last)


async def books(tx: Tx) -> dict[str, tuple[int, str]]:
    """Return by table how many rows there are and a digest of all that they hold: equal where two databases hold the same."""
    found = {}
    for table in _TABLES:
        count, digest = 0, hashlib.sha256()
        async for rows in _pages(tx, table):
            count += len(rows)
            for row in rows:
                digest.update(repr(sorted(row.items())).encode())
        found[table.name] = (count, digest.hexdigest())
    return found


async def empty(tx: Tx) -> None:
    """Delete every row of ours, and on PostgreSQL all that the durable engine knows: it would go on with work that is not in the books."""
    for table in reversed(_TABLES):
        await tx.execute(delete(table))
    if tx.dialect.name == "postgresql":
        await tx.execute(text(f"DROP SCHEMA IF EXISTS {_ENGINE_SCHEMA} CASCADE"))


async def _pages(tx: Tx, table: Table) -> AsyncIterator[list[dict[str, Any]]]:
    """Yield all rows in the order of their keys, some at a time; the transaction must see one unchanging state."""
    # Keys of text are put in order byte by byte, which is not what every database calls their order.
    order = "C" if tx.dialect.name == "postgresql" else "BINARY"
    keys = [collate(key, order) if isinstance(key.type, Text) else key for key in table.primary_key]
    asked = select(table).order_by(*keys).limit(_PAGE)
    page = asked
    while rows := (await tx.execute(page)).mappings().all():
        yield [dict(row) for row in rows]
        page = asked.where(tuple_(*keys) > tuple_(*(literal(rows[-1][key.name], key.type) for key in table.primary_key)))


async def _last_numbers(tx: Tx) -> dict[str, int]:
    """Return the last number that each table has handed out; rows that are gone count as well, because numbers are never used twice."""
    if tx.dialect.name == "sqlite":
        rows = (await tx.execute(text("SELECT name, seq FROM sqlite_sequence"))).all()
        return {name: int(last) for name, last in rows if name in _NUMBERED and last}
    last = {}
    for name in _NUMBERED:
        sequence = (await tx.execute(select(func.pg_get_serial_sequence(name, "id")))).scalar_one()
        stands = (await tx.execute(text(f"SELECT last_value, is_called FROM {sequence}"))).one()  # noqa: S608 - a name of the database's own
        last[name] = int(stands.last_value) if stands.is_called else 0
    return {name: number for name, number in last.items() if number}


async def _number_on(tx: Tx, name: str, last: int) -> None:
    """Let the next row of a table have the number behind ``last``."""
    if tx.dialect.name == "sqlite":
        await tx.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": name})
        await tx.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"), {"name": name, "last": last})
    else:
        await tx.execute(select(func.setval(func.pg_get_serial_sequence(name, "id"), literal(last, BigInteger))))

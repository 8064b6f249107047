"""Many rows at a time: the two writes that SQL spells differently on each database, and ids in questions of a bearable size.

A statement is written once for each table and set of columns: building it again costs more than running it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import sqlite

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from sqlalchemy import Table
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.sql.dml import ReturningInsert

    from chatbot.store.database import Tx

    _Insert = sqlite.Insert | postgresql.Insert


#: rows in one question: between two, the event loop serves the chat
CHUNK = 250


def chunks(ids: Collection[int]) -> Iterator[list[int]]:
    """Yield the ids in lists that fit into one question."""
    wanted = list(ids)
    return (wanted[start : start + CHUNK] for start in range(0, len(wanted), CHUNK))


async def put(tx: Tx, table: Table, row: Mapping[str, Any]) -> None:
    """Insert a row, or replace the one with the same primary key."""
    await tx.execute(_replacing(tx.dialect.name, table, tuple(row)), row)


async def put_all(tx: Tx, table: Table, rows: Sequence[Mapping[str, Any]], *, replace: bool = True) -> None:
    """Insert rows of the same columns in one go; those whose primary key is there are replaced, or with ``replace=False`` left alone."""
    if rows:
        how = _replacing if replace else _adding
        await tx.execute(how(tx.dialect.name, table, tuple(rows[0])), rows)


async def put_those_new(tx: Tx, table: Table, rows: Sequence[Mapping[str, Any]]) -> frozenset[Any]:
    """Insert rows of the same columns unless their primary key is there, and return the keys of those that were inserted."""
    if not rows:
        return frozenset()
    return frozenset((await tx.execute(_adding_told(tx.dialect.name, table, tuple(rows[0])), rows)).scalars())


async def put_new(tx: Tx, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row unless it meets one that a unique index forbids; tell whether it was inserted."""
    return (await tx.execute(_unless_there(tx.dialect.name, table), row)).rowcount == 1


@lru_cache(maxsize=128)
def _replacing(dialect: str, table: Table, columns: tuple[str, ...]) -> _Insert:
    keys, adding = _keys(table), inserting(dialect, table)
    changes = {name: adding.excluded[name] for name in columns if name not in keys}
    return adding.on_conflict_do_update(index_elements=keys, set_=changes)


@lru_cache(maxsize=128)
def _adding(dialect: str, table: Table, _columns: tuple[str, ...]) -> _Insert:
    return inserting(dialect, table).on_conflict_do_nothing(index_elements=_keys(table))


@lru_cache(maxsize=128)
def _adding_told(dialect: str, table: Table, columns: tuple[str, ...]) -> ReturningInsert[Any]:
    return _adding(dialect, table, columns).returning(*table.primary_key)


@lru_cache(maxsize=128)
def _unless_there(dialect: str, table: Table) -> _Insert:
    return inserting(dialect, table).on_conflict_do_nothing()


def inserting(dialect: str, table: Table) -> _Insert:
    """Return an INSERT that knows ON CONFLICT on this database, named as its dialect."""
    if dialect == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - five drivers and a catalogue, which a SQLite file never needs

    return postgresql.insert(table)


def _keys(table: Table) -> list[str]:
    return [column.name for column in table.primary_key]

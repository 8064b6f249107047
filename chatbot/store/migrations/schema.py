"""Which version the tables have, and how they come up to date.

A new database is made straight from ``tables.py``: the migration tool costs a third of a second to load, and a test
holds that both ways lead to the same tables. The tool is loaded only when an older database has to be moved on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Column, MetaData, Table, Text, insert, inspect, select, text

from chatbot.store import tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: the last migration step; a test holds it against the folder
HEAD = "0017"
#: the migration tool's own table, under our prefix
VERSION_TABLE = "pf_schema_version"
#: any number that nobody else locks: two processes that start together migrate one after the other
_LOCK = 7_253_001

_version = Table(VERSION_TABLE, MetaData(), Column("version_num", Text, primary_key=True))


def bring_up_to_date(connection: Connection) -> None:
    """Make or move the tables to :data:`HEAD`; does nothing when they are there already."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    found = stored_version(connection)
    if found is None and not _has_tables(connection):
        tables.metadata.create_all(connection, checkfirst=False)
        # The migration tool's own shape of its table, so that it finds what it would have made.
        connection.execute(
            text(
                f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL, CONSTRAINT {VERSION_TABLE}_pkc PRIMARY KEY (version_num))"
            )
        )
        connection.execute(insert(_version).values(version_num=HEAD))
    elif found != HEAD:
        upgrade(connection)


def stored_version(connection: Connection) -> str | None:
    """Return the version that the database says it has; None when it is new."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(select(_version.c.version_num)).scalar_one_or_none()


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run the migration steps up to ``revision`` on this connection, inside its transaction."""
    from chatbot.store.migrations import tool  # noqa: PLC0415 - loading the migration tool costs a third of a second

    tool.upgrade(connection, revision)


def is_ours(name: str | None, kind: str) -> bool:
    """Tell the migration tool to look only at our tables: in a SQLite file the durable engine's stand beside them."""
    return kind != "table" or (name is not None and name.startswith(tables.PREFIX) and name != VERSION_TABLE)


def _has_tables(connection: Connection) -> bool:
    return any(is_ours(name, "table") for name in inspect(connection).get_table_names())

"""What the migration tool runs first: it works on the connection that it was given, inside that connection's transaction."""

from __future__ import annotations

from typing import Any

from alembic import context

from chatbot.store import tables
from chatbot.store.migrations import schema


def _is_ours(name: str | None, kind: str, _parents: Any) -> bool:  # noqa: ANN401 - the tool's own dictionary
    return schema.is_ours(name, kind)


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.metadata,
    version_table=schema.VERSION_TABLE,
    include_name=_is_ours,
    # SQLite cannot alter most of a table in place: later steps are written for batch mode.
    render_as_batch=True,
)
context.run_migrations()

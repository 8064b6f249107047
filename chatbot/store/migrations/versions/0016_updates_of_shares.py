"""An update says whose share of the people it belongs to, so that several processes take their own; a chat, what stands lowest in it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the columns, empty, and the table: nothing was shared before."""
    op.add_column("pf_updates", sa.Column("share", sa.Integer()))
    op.add_column("pf_updates", sa.Column("sealed", sa.Text()))
    op.add_column("pf_updates", sa.Column("tries", sa.Integer()))
    some = sa.text("NOT finished")
    op.create_index("ix_pf_updates_unfinished", "pf_updates", ["share", "id"], sqlite_where=some, postgresql_where=some)
    op.create_table(
        "pf_chats",
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lowest", sa.BigInteger(), nullable=False),
        sa.Column("touched_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", name="pk_pf_chats"),
    )

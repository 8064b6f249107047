"""A portfolio on a real account says by which key; a key is that of one open portfolio at most."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the column, empty: no portfolio stood on a key before."""
    op.add_column("pf_portfolios", sa.Column("key_id", sa.BigInteger()))
    some = sa.text("key_id IS NOT NULL AND closed_at IS NULL")
    op.create_index("uq_pf_portfolios_key", "pf_portfolios", ["key_id"], unique=True, sqlite_where=some, postgresql_where=some)

"""A portfolio on a real account says which one by the exchange's own number: two keys of one account are one account."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the column, empty: the next look at a key fills it."""
    op.add_column("pf_portfolios", sa.Column("account", sa.Text()))
    some = sa.text("account IS NOT NULL AND closed_at IS NULL")
    op.create_index("uq_pf_portfolios_account", "pf_portfolios", ["account"], unique=True, sqlite_where=some, postgresql_where=some)

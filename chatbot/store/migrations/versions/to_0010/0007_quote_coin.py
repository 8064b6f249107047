"""A portfolio says which dollar it is kept in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column, empty: every portfolio so far is kept in USDT."""
    op.add_column("pf_portfolios", sa.Column("quote", sa.Text(), nullable=True))

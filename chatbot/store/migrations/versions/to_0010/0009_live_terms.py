"""The consent to trade with real money, and its limits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the column, empty: nobody could agree to it before."""
    op.add_column("pf_portfolios", sa.Column("live", sa.Text()))

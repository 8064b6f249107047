"""How portfolios answer by themselves, who confirmed a plan, what people want to hear, and messages held back until the morning."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns, empty: empty means as before."""
    op.add_column("pf_people", sa.Column("alerts", sa.Text(), nullable=True))
    op.add_column("pf_portfolios", sa.Column("answering", sa.Text(), nullable=True))
    op.add_column("pf_plans", sa.Column("decided_by", sa.Text(), nullable=True))
    op.add_column("pf_plans", sa.Column("acts_at", sa.BigInteger(), nullable=True))
    op.add_column("pf_outbox", sa.Column("held_until", sa.BigInteger(), nullable=True))

"""Money that comes and goes is written down, and when in its day a value was taken."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the table, empty, and the column, empty: nothing is known to have come or gone before."""
    op.add_column("pf_values", sa.Column("at", sa.BigInteger(), nullable=True))
    op.create_table(
        "pf_flows",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("portfolio_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("amount", sa.Text(), nullable=True),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["portfolio_id"], ["pf_portfolios.id"], name="fk_pf_flows_portfolio_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_pf_flows"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_pf_flows_portfolio_id", "pf_flows", ["portfolio_id"])

"""The strategies that a portfolio has had are kept, so that a review tells what the one of its first day would have done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def upgrade() -> None:
    """Add the table with the strategy that each portfolio has now: what it was before nobody knows."""
    op.create_table(
        "pf_strategies",
        sa.Column("portfolio_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("since", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("strategy", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["portfolio_id"], ["pf_portfolios.id"], name="fk_pf_strategies_portfolio_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("portfolio_id", "since", name="pk_pf_strategies"),
    )
    now = (datetime.now(UTC) - _EPOCH) // timedelta(microseconds=1)
    copied = "INSERT INTO pf_strategies (portfolio_id, since, strategy) SELECT id, :now, strategy FROM pf_portfolios"
    op.get_bind().execute(sa.text(copied), {"now": now})

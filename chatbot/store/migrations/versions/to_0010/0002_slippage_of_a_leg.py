"""What a leg is expected to lose to the market; unknown for the legs of older plans."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column; there is no way back but a backup."""
    op.add_column("pf_legs", sa.Column("slippage_bps", sa.Text(), nullable=True))

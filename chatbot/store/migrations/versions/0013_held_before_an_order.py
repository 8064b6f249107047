"""An order says what was held before it was sent: where that is untouched, it was not filled, whatever a look-up tells."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the column, empty: of an order that was sent before nobody looked."""
    op.add_column("pf_orders", sa.Column("held", sa.Text(), nullable=True))

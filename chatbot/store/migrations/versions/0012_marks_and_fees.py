"""With the value that a day begins with stands what was held, at which prices; an order says in which coins its fees were paid."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the columns, empty: of what happened before nobody knows more than was kept."""
    op.add_column("pf_values", sa.Column("mark", sa.Text(), nullable=True))
    op.add_column("pf_orders", sa.Column("fees", sa.Text(), nullable=True))

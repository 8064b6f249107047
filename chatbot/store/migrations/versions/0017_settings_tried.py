"""Which settings a person was shown a backtest of, so that a start forgets none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add the table, empty: until now it was counted from the start on."""
    op.create_table(
        "pf_tried",
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["pf_people.id"], ondelete="CASCADE", name="fk_pf_tried_person_id"),
        sa.PrimaryKeyConstraint("person_id", "mark", name="pk_pf_tried"),
    )

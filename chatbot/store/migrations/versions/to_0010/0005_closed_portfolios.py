"""Portfolios can be closed, and those that are open beside each other have names that tell them apart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column, empty: everything is open. A name that a person's older portfolio has already gets a number: "balanced 2"."""
    op.add_column("pf_portfolios", sa.Column("closed_at", sa.BigInteger(), nullable=True))
    connection = op.get_bind()
    taken: set[tuple[int, str]] = set()
    for row in connection.execute(sa.text("SELECT id, person_id, name FROM pf_portfolios ORDER BY id")).all():
        name, number = row.name, 2
        while (row.person_id, name) in taken:
            name, number = f"{row.name} {number}", number + 1
        taken.add((row.person_id, name))
        if name != row.name:
            connection.execute(sa.text("UPDATE pf_portfolios SET name = :name WHERE id = :id"), {"name": name, "id": row.id})

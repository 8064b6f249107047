"""What a check measured is called figures."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Give the key of the stored checks its new name; the next check writes it anyway, and /why is read before that."""
    op.execute("""UPDATE pf_checks SET body = replace(body, '"shape":', '"figures":')""")

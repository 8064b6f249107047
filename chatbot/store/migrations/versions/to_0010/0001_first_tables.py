"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table; there is no way back but a backup."""
    _people()
    _meta()
    _dialogs()
    _portfolios()
    _accounts()
    _states()
    _checks()
    _values()
    _plans()
    _legs()
    _orders()
    _events()
    _alerts()
    _updates()
    _outbox()


def _people() -> None:
    op.create_table(
        "pf_people",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("portfolio_id", sa.BigInteger(), nullable=True),
        sa.Column("unreachable", sa.Boolean(), nullable=False),
        sa.CheckConstraint("role IN ('operator', 'member', 'pending', 'blocked')", name=op.f("ck_pf_people_role")),
        sa.PrimaryKeyConstraint("id", name="pk_pf_people"),
    )
    op.create_index("ix_pf_people_chat_id", "pf_people", ["chat_id"], unique=False)


def _meta() -> None:
    op.create_table(
        "pf_meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_pf_meta"),
    )


def _dialogs() -> None:
    op.create_table(
        "pf_dialogs",
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="pk_pf_dialogs"),
    )


def _portfolios() -> None:
    op.create_table(
        "pf_portfolios",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("exchange", sa.Text(), nullable=False),
        sa.Column("strategy", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("snoozed_until", sa.BigInteger(), nullable=True),
        sa.Column("window_opened_at", sa.BigInteger(), nullable=True),
        sa.Column("last_plan_number", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("answer IN ('ask', 'notify', 'auto')", name=op.f("ck_pf_portfolios_answer")),
        sa.CheckConstraint("mode IN ('demo', 'paper', 'manual', 'live')", name=op.f("ck_pf_portfolios_mode")),
        sa.ForeignKeyConstraint(["person_id"], ["pf_people.id"], name="fk_pf_portfolios_person_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_pf_portfolios"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_pf_portfolios_person_id", "pf_portfolios", ["person_id"], unique=False)


def _accounts() -> None:
    op.create_table(
        "pf_accounts",
        sa.Column("portfolio_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["portfolio_id"], ["pf_portfolios.id"], name="fk_pf_accounts_portfolio_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("portfolio_id", name="pk_pf_accounts"),
    )


def _states() -> None:
    op.create_table(
        "pf_states",
        sa.Column("portfolio_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["portfolio_id"], ["pf_portfolios.id"], name="fk_pf_states_portfolio_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("portfolio_id", "key", name="pk_pf_states"),
    )


def _checks() -> None:
    op.create_table(
        "pf_checks",
        sa.Column("portfolio_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["portfolio_id"], ["pf_portfolios.id"], name="fk_pf_checks_portfolio_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("portfolio_id", name="pk_pf_checks"),
    )


def _values() -> None:
    op.create_table(
        "pf_values",
        sa.Column("portfolio_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["portfolio_id"], ["pf_portfolios.id"], name="fk_pf_values_portfolio_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("portfolio_id", "day", name="pk_pf_values"),
    )


def _plans() -> None:
    op.create_table(
        "pf_plans",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("portfolio_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("proposal", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("fees", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("chat_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("superseded_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("mode IN ('demo', 'paper', 'manual', 'live')", name=op.f("ck_pf_plans_mode")),
        sa.CheckConstraint(
            "state IN ('proposed', 'confirmed', 'running', 'done', 'parked', 'expired', 'skipped', 'superseded')",
            name=op.f("ck_pf_plans_state"),
        ),
        sa.ForeignKeyConstraint(["portfolio_id"], ["pf_portfolios.id"], name="fk_pf_plans_portfolio_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_pf_plans"),
        sa.UniqueConstraint("portfolio_id", "number", name="uq_pf_plans_portfolio_id_number"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_pf_plans_due",
        "pf_plans",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("state = 'proposed'"),
        postgresql_where=sa.text("state = 'proposed'"),
    )
    op.create_index(
        "uq_pf_plans_open",
        "pf_plans",
        ["portfolio_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('proposed', 'confirmed', 'running', 'parked')"),
        postgresql_where=sa.text("state IN ('proposed', 'confirmed', 'running', 'parked')"),
    )


def _legs() -> None:
    op.create_table(
        "pf_legs",
        sa.Column("plan_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("qty", sa.Text(), nullable=False),
        sa.Column("limit", sa.Text(), nullable=True),
        sa.Column("reduce_only", sa.Boolean(), nullable=False),
        sa.Column("sells", sa.Boolean(), nullable=False),
        sa.Column("price", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("filled", sa.Text(), nullable=False),
        sa.Column("average", sa.Text(), nullable=True),
        sa.Column("fee", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('spot_sell', 'to_spot', 'spot_buy', 'to_futures', 'futures_reduce', 'futures_increase')", name=op.f("ck_pf_legs_kind")
        ),
        sa.CheckConstraint(
            "state IN ('planned', 'submitting', 'open', 'filled', 'partial', 'rejected', 'unknown', 'dropped')",
            name=op.f("ck_pf_legs_state"),
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["pf_plans.id"], name="fk_pf_legs_plan_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("plan_id", "index", name="pk_pf_legs"),
    )


def _orders() -> None:
    op.create_table(
        "pf_orders",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("leg_index", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("qty", sa.Text(), nullable=False),
        sa.Column("limit", sa.Text(), nullable=True),
        sa.Column("post_only", sa.Boolean(), nullable=False),
        sa.Column("immediate", sa.Boolean(), nullable=False),
        sa.Column("reduce_only", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("exchange_id", sa.Text(), nullable=False),
        sa.Column("filled", sa.Text(), nullable=False),
        sa.Column("average", sa.Text(), nullable=True),
        sa.Column("fee", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('submitting', 'open', 'filled', 'canceled', 'rejected', 'unknown')", name=op.f("ck_pf_orders_state")),
        sa.ForeignKeyConstraint(["plan_id"], ["pf_plans.id"], name="fk_pf_orders_plan_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_pf_orders"),
        sa.UniqueConstraint("client_id", name="uq_pf_orders_client_id"),
        sa.UniqueConstraint("plan_id", "leg_index", "attempt", name="uq_pf_orders_plan_id_leg_index_attempt"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_pf_orders_unsettled",
        "pf_orders",
        ["plan_id"],
        unique=False,
        sqlite_where=sa.text("state IN ('submitting', 'open', 'unknown')"),
        postgresql_where=sa.text("state IN ('submitting', 'open', 'unknown')"),
    )


def _events() -> None:
    op.create_table(
        "pf_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("leg_index", sa.Integer(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["pf_plans.id"], name="fk_pf_events_plan_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_pf_events"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_pf_events_at", "pf_events", ["at"], unique=False)
    op.create_index("ix_pf_events_plan_id", "pf_events", ["plan_id"], unique=False)


def _alerts() -> None:
    op.create_table(
        "pf_alerts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("portfolio_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["portfolio_id"], ["pf_portfolios.id"], name="fk_pf_alerts_portfolio_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_pf_alerts"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_pf_alerts_portfolio_id", "pf_alerts", ["portfolio_id"], unique=False)


def _updates() -> None:
    op.create_table(
        "pf_updates",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("finished", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pf_updates"),
    )
    op.create_index("ix_pf_updates_received_at", "pf_updates", ["received_at"], unique=False)


def _outbox() -> None:
    op.create_table(
        "pf_outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("silent", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("faults", sa.Integer(), nullable=False),
        sa.Column("plain", sa.Boolean(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("posted_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'dropped', 'refused')", name=op.f("ck_pf_outbox_state")),
        sa.CheckConstraint("urgency IN ('routine', 'always')", name=op.f("ck_pf_outbox_urgency")),
        sa.PrimaryKeyConstraint("id", name="pk_pf_outbox"),
        sa.UniqueConstraint("key", name="uq_pf_outbox_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_pf_outbox_ended_at", "pf_outbox", ["ended_at"], unique=False)
    op.create_index(
        "ix_pf_outbox_waiting",
        "pf_outbox",
        ["chat_id", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )

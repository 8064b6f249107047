"""The tables: every name starts with ``pf_``, because the durable engine keeps its own tables in the same SQLite file."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    event,
    text,
)

from chatbot.model import UNSETTLED, AnswerMode, LegKind, LegState, Mode, OrderState, PlanState, Role, Urgency
from chatbot.store.codec import Day, Exact, Facts, Moment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, TextClause

PREFIX = "pf_"
#: a plan in one of these states keeps others from being made; a parked one waits for a person, so it blocks too
OPEN = (PlanState.PROPOSED, PlanState.CONFIRMED, PlanState.RUNNING, PlanState.PARKED)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class MessageState(StrEnum):
    """Where a message on its way to a chat stands."""

    WAITING = "waiting"
    SENT = "sent"
    #: the person cannot be reached, so it was never delivered
    DROPPED = "dropped"
    #: Telegram will never take it; kept for the operator
    REFUSED = "refused"


def _words(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    """Let the database itself refuse a state that does not exist."""
    return CheckConstraint(f"{column} IN ({_words(values)})", name=column)


def _id() -> Column[int]:
    # SQLite counts only INTEGER keys, and with sqlite_autoincrement never hands a number out twice: order ids are made of them.
    return Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)


def _parent(name: str, target: str, **options: Any) -> Column[int]:  # noqa: ANN401 - options of Column
    return Column(name, BigInteger, ForeignKey(target, ondelete="CASCADE"), nullable=False, **options)


def _index_of_some(name: str, *columns: Column[Any], where: TextClause, unique: bool = False) -> None:
    """Index the rows of which ``where`` is true.

    SQLAlchemy wants the condition once for each database, and loads everything about a database that is named. So it is named when the
    tables are made, for the one at hand.
    """
    index = Index(name, *columns, unique=unique)

    @event.listens_for(metadata, "before_create")
    def _name_condition(_: MetaData, connection: Connection, **_more: object) -> None:
        index.dialect_kwargs[f"{connection.dialect.name}_where"] = where


people = Table(
    "pf_people",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("chat_id", BigInteger, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("portfolio_id", BigInteger),
    Column("unreachable", Boolean, nullable=False),
    #: NULL: everything rings
    Column("alerts", Text),
    one_of("role", Role),
)

meta = Table("pf_meta", metadata, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))

dialogs = Table(
    "pf_dialogs",
    metadata,
    # No foreign key: somebody may be asked something before becoming a person of the bot.
    Column("person_id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("data", Facts, nullable=False),
)

#: settings that somebody was shown a backtest of: a result says how many, and a start forgets none (domain 12.5)
tried = Table(
    "pf_tried",
    metadata,
    _parent("person_id", "pf_people.id", primary_key=True, autoincrement=False),
    Column("mark", Text, primary_key=True),
)

keys = Table(
    "pf_keys",
    metadata,
    _id(),
    _parent("person_id", "pf_people.id", index=True),
    Column("exchange", Text, nullable=False),
    #: last characters of the public half
    Column("shown", Text, nullable=False),
    #: the whole key, sealed; empty where nobody can open it any more
    Column("sealed", Text, nullable=False),
    #: what the exchange said of it
    Column("report", Text, nullable=False),
    Column("added_at", Moment, nullable=False),
    sqlite_autoincrement=True,
)

portfolios = Table(
    "pf_portfolios",
    metadata,
    _id(),
    _parent("person_id", "pf_people.id", index=True),
    Column("name", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("exchange", Text, nullable=False),
    Column("strategy", Text, nullable=False),
    Column("answer", Text, nullable=False),
    #: NULL: no limits, an unanswered plan expires
    Column("answering", Text),
    Column("paused", Boolean, nullable=False),
    Column("snoozed_until", Moment),
    Column("window_opened_at", Moment),
    Column("last_plan_number", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    #: NULL: it is open
    Column("closed_at", Moment),
    #: NULL: USDT
    Column("quote", Text),
    #: NULL: no consent to trade with real money was ever given
    Column("live", Text),
    #: NULL: it stands on no real account
    Column("key_id", BigInteger),
    #: NULL: none, or its exchange does not tell it
    Column("account", Text),
    one_of("mode", Mode),
    one_of("answer", AnswerMode),
    sqlite_autoincrement=True,
)

_index_of_some("uq_pf_portfolios_key", portfolios.c.key_id, where=text("key_id IS NOT NULL AND closed_at IS NULL"), unique=True)
_index_of_some("uq_pf_portfolios_account", portfolios.c.account, where=text("account IS NOT NULL AND closed_at IS NULL"), unique=True)

accounts = Table(
    "pf_accounts",
    metadata,
    _parent("portfolio_id", "pf_portfolios.id", primary_key=True, autoincrement=False),
    Column("body", Facts, nullable=False),
)

states = Table(
    "pf_states",
    metadata,
    _parent("portfolio_id", "pf_portfolios.id", primary_key=True, autoincrement=False),
    Column("key", Text, primary_key=True),
    Column("body", Facts, nullable=False),
)

checks = Table(
    "pf_checks",
    metadata,
    _parent("portfolio_id", "pf_portfolios.id", primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("body", Text, nullable=False),
)

values = Table(
    "pf_values",
    metadata,
    _parent("portfolio_id", "pf_portfolios.id", primary_key=True, autoincrement=False),
    Column("day", Day, primary_key=True),
    Column("value", Exact, nullable=False),
    #: NULL: written by a version that did not keep it
    Column("at", Moment),
    #: NULL: written by a version that did not keep it
    Column("mark", Text),
)

#: how a portfolio was to be looked after since a moment, up to the next one
strategies = Table(
    "pf_strategies",
    metadata,
    _parent("portfolio_id", "pf_portfolios.id", primary_key=True, autoincrement=False),
    Column("since", Moment, primary_key=True, autoincrement=False),
    Column("strategy", Text, nullable=False),
)

flows = Table(
    "pf_flows",
    metadata,
    _id(),
    _parent("portfolio_id", "pf_portfolios.id", index=True),
    Column("at", Moment, nullable=False),
    Column("kind", Text, nullable=False),
    #: NULL: unknown
    Column("value", Exact),
    Column("amount", Exact),
    Column("facts", Facts, nullable=False),
    sqlite_autoincrement=True,
)

plans = Table(
    "pf_plans",
    metadata,
    _id(),
    _parent("portfolio_id", "pf_portfolios.id"),
    Column("number", Integer, nullable=False),
    Column("mode", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("proposal", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("fees", Exact, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("decided_at", Moment),
    Column("finished_at", Moment),
    Column("result", Text),
    Column("chat_id", BigInteger),
    Column("message_id", BigInteger),
    Column("superseded_by", BigInteger),
    #: when the bot does something about it while nobody answers; NULL: never
    Column("acts_at", Moment),
    #: NULL: its person
    Column("decided_by", Text),
    one_of("mode", Mode),
    one_of("state", PlanState),
    UniqueConstraint("portfolio_id", "number"),
    sqlite_autoincrement=True,
)
OPEN_ONLY = text(f"state IN ({_words(OPEN)})")
_index_of_some("uq_pf_plans_open", plans.c.portfolio_id, where=OPEN_ONLY, unique=True)
_PROPOSED_ONLY = text(f"state = '{PlanState.PROPOSED}'")
_index_of_some("ix_pf_plans_due", plans.c.expires_at, where=_PROPOSED_ONLY)

legs = Table(
    "pf_legs",
    metadata,
    _parent("plan_id", "pf_plans.id", primary_key=True, autoincrement=False),
    Column("index", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("instrument", Text, nullable=False),
    Column("qty", Exact, nullable=False),
    Column("limit", Exact),
    Column("reduce_only", Boolean, nullable=False),
    Column("sells", Boolean, nullable=False),
    Column("price", Exact, nullable=False),
    Column("state", Text, nullable=False),
    Column("filled", Exact, nullable=False),
    Column("average", Exact),
    Column("fee", Exact, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("note", Text, nullable=False),
    Column("slippage_bps", Exact),
    one_of("kind", LegKind),
    one_of("state", LegState),
)

orders = Table(
    "pf_orders",
    metadata,
    _id(),
    _parent("plan_id", "pf_plans.id"),
    Column("leg_index", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("client_id", Text, nullable=False, unique=True),
    Column("instrument", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("qty", Exact, nullable=False),
    Column("limit", Exact),
    Column("post_only", Boolean, nullable=False),
    Column("immediate", Boolean, nullable=False),
    Column("reduce_only", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("sent_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("exchange_id", Text, nullable=False),
    Column("filled", Exact, nullable=False),
    Column("average", Exact),
    Column("fee", Exact, nullable=False),
    Column("detail", Text, nullable=False),
    #: fees by coin; NULL: all of them in the quote coin, or written by a version that did not keep it
    Column("fees", Facts),
    #: what was there before it was sent of what it changes; NULL: written by a version that did not look
    Column("held", Exact),
    one_of("state", OrderState),
    UniqueConstraint("plan_id", "leg_index", "attempt"),
    sqlite_autoincrement=True,
)
_UNSETTLED_ONLY = text(f"state IN ({_words(UNSETTLED)})")
_index_of_some("ix_pf_orders_unsettled", orders.c.plan_id, where=_UNSETTLED_ONLY)

events = Table(
    "pf_events",
    metadata,
    _id(),
    _parent("plan_id", "pf_plans.id", index=True),
    Column("leg_index", Integer),
    Column("name", Text, nullable=False),
    Column("detail", Facts, nullable=False),
    Column("at", Moment, nullable=False, index=True),
    sqlite_autoincrement=True,
)

alerts = Table(
    "pf_alerts",
    metadata,
    _id(),
    _parent("portfolio_id", "pf_portfolios.id", index=True),
    Column("kind", Text, nullable=False),
    Column("line", Text, nullable=False),
    Column("body", Facts, nullable=False),
    Column("at", Moment, nullable=False),
    sqlite_autoincrement=True,
)

updates = Table(
    "pf_updates",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
    Column("received_at", Moment, nullable=False, index=True),
    Column("finished", Boolean, nullable=False),
    #: which share of the people its person belongs to; NULL: written before there were any
    Column("share", Integer),
    #: words that may be a key, sealed until the update is finished; NULL: none, or kept in memory alone
    Column("sealed", Text),
    #: how many processes have left it unfinished; NULL: none is known to
    Column("tries", Integer),
)

_index_of_some("ix_pf_updates_unfinished", updates.c.share, updates.c.id, where=text("NOT finished"))

chats = Table(
    "pf_chats",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    #: number of the lowest message that is known to stand in it
    Column("lowest", BigInteger, nullable=False),
    #: when its person last wrote or tapped
    Column("touched_at", Moment, nullable=False),
)

outbox = Table(
    "pf_outbox",
    metadata,
    _id(),
    Column("chat_id", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("facts", Facts, nullable=False),
    Column("key", Text, nullable=False, unique=True),
    Column("urgency", Text, nullable=False),
    Column("silent", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    #: outcomes so far that were no delivery
    Column("attempts", Integer, nullable=False),
    #: how often the attempt itself broke, as against Telegram saying no
    Column("faults", Integer, nullable=False),
    Column("plain", Boolean, nullable=False),
    Column("not_before", Moment, nullable=False),
    #: kept for the digest at the end of quiet hours; NULL: not
    Column("held_until", Moment),
    Column("posted_at", Moment, nullable=False),
    Column("ended_at", Moment, index=True),
    Column("message_id", BigInteger),
    Column("detail", Text, nullable=False),
    one_of("urgency", Urgency),
    one_of("state", MessageState),
    sqlite_autoincrement=True,
)
_WAITING_ONLY = text(f"state = '{MessageState.WAITING}'")
_index_of_some("ix_pf_outbox_waiting", outbox.c.chat_id, outbox.c.id, where=_WAITING_ONLY)

#: what a real market's past was, for backtests: nobody's, and the same for all
history = Table(
    "pf_history",
    metadata,
    #: exchange and quote coin
    Column("market", Text, primary_key=True),
    Column("instrument", Text, primary_key=True),
    #: 1h, 1d, funding or mood
    Column("kind", Text, primary_key=True),
    #: stretches of one length, counted since 1970
    Column("stretch", Integer, primary_key=True, autoincrement=False),
    #: up to when it is known
    Column("through", Moment, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

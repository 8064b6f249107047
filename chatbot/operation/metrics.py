"""What a monitoring system reads: every metric by name, in Prometheus' text format 0.0.4; ``docs/operating.md`` lists them."""

from __future__ import annotations

import resource
import time
from collections import Counter
from typing import TYPE_CHECKING, Final, TypeAlias

from chatbot.model import PlanState, ProcessKind, Role, Verdict
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chatbot.monitor.check import Monitor
    from chatbot.operation.health import Health
    from chatbot.shares.owned import Shares

GAUGE: Final = "gauge"
COUNTER: Final = "counter"
#: None: it is not known, and left out rather than told as 0
Value: TypeAlias = "float | None"
_BEGUN: Final = time.time()
#: who serves metrics, and those of them who check and who send
ALL_KINDS: Final = (ProcessKind.RUN, ProcessKind.WORKER, ProcessKind.SENDER)
_CHECKS, _SENDS = (ProcessKind.RUN, ProcessKind.WORKER), (ProcessKind.RUN, ProcessKind.SENDER)
_OPEN: Final = (PlanState.PROPOSED, PlanState.CONFIRMED, PlanState.RUNNING, PlanState.PARKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What metrics are read from."""

    health: Health
    monitor: Monitor
    shares: Shares
    #: attempts to deliver a message, by what Telegram said, since the start
    delivered: Mapping[Verdict, int]
    #: this process waits until it is its turn to send
    stands_by: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric; counters begin with 0 at the start of the process."""

    name: str
    kind: str
    help: str
    #: the name of its label; empty: it has none, and one value, under an empty key
    label: str = ""
    #: which processes have it
    by: tuple[ProcessKind, ...] = ALL_KINDS
    read: Callable[[Facts], Mapping[str, Value]]


def _one(read: Callable[[Facts], Value]) -> Callable[[Facts], Mapping[str, Value]]:
    return lambda facts: {"": read(facts)}


METRICS: Final = (
    Metric(
        name="ballast_well",
        kind=GAUGE,
        help="1 while nothing needs the operator, as /health tells it; else 0",
        read=_one(lambda facts: float(facts.health.is_well)),
    ),
    Metric(
        name="ballast_check_age_seconds",
        kind=GAUGE,
        help="since the last check of all portfolios; left out before the first",
        by=_CHECKS,
        read=_one(lambda facts: facts.health.check_age_s),
    ),
    Metric(
        name="ballast_check_duration_seconds",
        kind=GAUGE,
        help="that the last check took; left out before the first",
        by=_CHECKS,
        read=_one(lambda facts: facts.monitor.last.took_s if facts.monitor.last else None),
    ),
    Metric(
        name="ballast_portfolios",
        kind=GAUGE,
        help="portfolios that the last check looked over",
        by=_CHECKS,
        read=_one(lambda facts: facts.health.portfolios),
    ),
    Metric(
        name="ballast_checks_total",
        kind=COUNTER,
        help="checks of all portfolios",
        by=_CHECKS,
        read=_one(lambda facts: facts.monitor.counted["checks"]),
    ),
    Metric(
        name="ballast_examined_total",
        kind=COUNTER,
        help="portfolios that were looked at exactly",
        by=_CHECKS,
        read=_one(lambda facts: facts.monitor.counted["examined"]),
    ),
    Metric(
        name="ballast_alerts_total",
        kind=COUNTER,
        help="alerts that checks wrote",
        by=_CHECKS,
        read=_one(lambda facts: facts.monitor.counted["alerts"]),
    ),
    Metric(
        name="ballast_plans_total",
        kind=COUNTER,
        help="plans that checks made",
        by=_CHECKS,
        read=_one(lambda facts: facts.monitor.counted["plans"]),
    ),
    Metric(
        name="ballast_plans_open",
        kind=GAUGE,
        help="plans that have not ended, by their state",
        label="state",
        read=lambda facts: {state.value: facts.health.plans.get(state, 0) for state in _OPEN},
    ),
    Metric(
        name="ballast_own_plans_open",
        kind=GAUGE,
        help="of these, those of the people whom this process works for",
        label="state",
        by=_CHECKS,
        read=lambda facts: {state.value: facts.health.own_plans.get(state, 0) for state in _OPEN},
    ),
    Metric(
        name="ballast_shares",
        kind=GAUGE,
        help="of the 64 shares of all people, those that this process works for",
        by=_CHECKS,
        read=_one(lambda facts: len(facts.shares.owned)),
    ),
    Metric(
        name="ballast_inbox_oldest_seconds",
        kind=GAUGE,
        help="since the oldest of their updates came that is not finished; 0 where none waits",
        by=_CHECKS,
        read=_one(lambda facts: facts.health.inbox_age_s or 0),
    ),
    Metric(
        name="ballast_processes",
        kind=GAUGE,
        help="processes at work or standing by, by what they do; left out where the database is a file",
        label="kind",
        read=lambda facts: Counter(one.kind.value for one in facts.health.processes),
    ),
    Metric(
        name="ballast_unowned_shares",
        kind=GAUGE,
        help="shares of the people that no worker works for; left out where one process does all of it",
        read=lambda facts: {"": len(facts.health.unowned)} if facts.health.kind is not ProcessKind.RUN else {},
    ),
    Metric(
        name="ballast_stands_by",
        kind=GAUGE,
        help="1 while another one sends, else 0",
        by=(ProcessKind.SENDER,),
        read=_one(lambda facts: float(facts.stands_by)),
    ),
    Metric(
        name="ballast_people",
        kind=GAUGE,
        help="people who ever wrote to the bot, by their role",
        label="role",
        read=lambda facts: {role.value: facts.health.people.get(role, 0) for role in Role},
    ),
    Metric(
        name="ballast_messages_waiting",
        kind=GAUGE,
        help="messages that wait, those held back by quiet hours too",
        read=_one(lambda facts: facts.health.waiting),
    ),
    Metric(
        name="ballast_messages_oldest_seconds",
        kind=GAUGE,
        help="that the oldest message has waited that might have left; 0 where none waits",
        read=_one(lambda facts: facts.health.waits_s or 0),
    ),
    Metric(
        name="ballast_deliveries_total",
        kind=COUNTER,
        help="attempts to deliver a message, by what Telegram said",
        label="verdict",
        by=_SENDS,
        read=lambda facts: {verdict.value: facts.delivered.get(verdict, 0) for verdict in Verdict},
    ),
    Metric(
        name="ballast_messages_refused",
        kind=GAUGE,
        help="of the newest 5,000 messages, those that Telegram will never take",
        read=_one(lambda facts: facts.health.refused),
    ),
    Metric(
        name="ballast_price_age_seconds",
        kind=GAUGE,
        help="since the last answer of each market that was asked",
        label="market",
        by=_CHECKS,
        read=lambda facts: dict(facts.health.prices),
    ),
    Metric(
        name="ballast_database_seconds",
        kind=GAUGE,
        help="that one question to the database took just now",
        read=_one(lambda facts: facts.health.database_s),
    ),
    Metric(
        name="ballast_disk_free_bytes",
        kind=GAUGE,
        help="free where the database's file is; left out where it is on a server",
        read=_one(lambda facts: facts.health.free_bytes),
    ),
    Metric(
        name="ballast_backup_age_seconds",
        kind=GAUGE,
        help="since the last copy of the database; left out where none was made",
        read=_one(lambda facts: facts.health.backup_age_s),
    ),
    Metric(
        name="ballast_trading_halted",
        kind=GAUGE,
        help="1 while the operator has stopped all trading, else 0",
        read=_one(lambda facts: float(facts.health.trading_halted_since is not None)),
    ),
    Metric(
        name="process_resident_memory_max_bytes",
        kind=GAUGE,
        help="most memory that this process has held",
        read=_one(lambda _: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024),
    ),
    Metric(
        name="process_cpu_seconds_total",
        kind=COUNTER,
        help="of the processor that this process took",
        read=_one(lambda _: time.process_time()),
    ),
    Metric(name="process_start_time_seconds", kind=GAUGE, help="when this process began, since 1970", read=_one(lambda _: _BEGUN)),
)


def exposition(facts: Facts) -> bytes:
    """Return all metrics as Prometheus reads them."""
    return "".join(_lines(metric, facts) for metric in METRICS if facts.health.kind in metric.by).encode()


def _lines(metric: Metric, facts: Facts) -> str:
    values = {label: value for label, value in metric.read(facts).items() if value is not None}
    if not values:
        return ""
    head = f"# HELP {metric.name} {metric.help}\n# TYPE {metric.name} {metric.kind}\n"
    return head + "".join(f"{metric.name}{_labelled(metric.label, label)} {float(value)!r}\n" for label, value in values.items())


def _labelled(name: str, value: str) -> str:
    if not name:
        return ""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{{{name}="{escaped}"}}'

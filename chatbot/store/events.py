"""What happened: the moves of plans, the alerts that were raised, the updates that came in. Rows are only ever appended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - a field's type
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, false, func, insert, select, update

from chatbot.clock import SystemClock
from chatbot.store import tables
from chatbot.store.writing import put_new, put_those_new

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from chatbot.store.database import Tx

#: what its person has said of what a plan left undone, once: it was tried again, or it stays
LEFT_UNDONE = ("tried_again", "left_undone")

_events, _alerts, _updates = tables.events.c, tables.alerts.c, tables.updates.c
# what every move of a plan asks and adds, or every alert: a statement that is written once costs half of one that is built each time
_ADDING = insert(tables.events).returning(_events.id)
_OF_PLAN = select(tables.events).where(_events.plan_id == bindparam("one")).order_by(_events.id)
_NAMES = _OF_PLAN.with_only_columns(_events.name, _events.leg_index, _events.at).where(_events.name.in_(bindparam("names", expanding=True)))
_FIRST = _OF_PLAN.with_only_columns(_events.name).where(_events.name.in_(bindparam("names", expanding=True))).limit(1)
_DETAIL = _OF_PLAN.with_only_columns(_events.detail).where(_events.name == bindparam("name")).limit(1)
_LAST_DETAIL = _DETAIL.order_by(None).order_by(_events.id.desc())
_ALERTING = insert(tables.alerts).returning(_alerts.id)
_OWNER = select(tables.portfolios.c.person_id).where(tables.portfolios.c.id == bindparam("one")).scalar_subquery()
_TOLD = (
    select(_alerts.id)
    .join(tables.portfolios, tables.portfolios.c.id == _alerts.portfolio_id)
    .where(tables.portfolios.c.person_id == _OWNER)
    .limit(1)
)
_FINISHING = update(tables.updates).where(_updates.id == bindparam("one")).values(finished=True, body="", sealed=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened to a plan or to one of its legs."""

    id: int
    plan_id: int
    #: None when it concerns the whole plan
    leg_index: int | None
    name: str
    #: plain JSON values
    detail: dict[str, Any]
    at: datetime


async def add_event(
    tx: Tx, plan_id: int, leg_index: int | None, name: str, detail: Mapping[str, Any] | None = None, now: datetime | None = None
) -> int:
    """Append an event and return its id; ``now`` None: the machine's time."""
    row = {"plan_id": plan_id, "leg_index": leg_index, "name": name, "detail": dict(detail or {}), "at": now or _machine_time()}
    added: int = (await tx.execute(_ADDING, row)).scalar_one()
    return added


async def events(tx: Tx, plan_id: int) -> tuple[Event, ...]:
    """Return what happened to a plan, in order."""
    rows = await tx.execute(_OF_PLAN, {"one": plan_id})
    return tuple(Event(**dict(row._mapping)) for row in rows)  # noqa: SLF001 - public name for a row as a mapping


async def named(tx: Tx, plan_id: int, names: Collection[str]) -> tuple[tuple[str, int | None, datetime], ...]:
    """Return the name, the leg's index and the time of each of these that happened to a plan, in order."""
    return tuple((row.name, row.leg_index, row.at) for row in await tx.execute(_NAMES, {"one": plan_id, "names": sorted(names)}))


async def detail_of(tx: Tx, plan_id: int, name: str) -> dict[str, Any]:
    """Return what was written down when this first happened to a plan; nothing where it has not."""
    return (await tx.execute(_DETAIL, {"one": plan_id, "name": name})).scalar_one_or_none() or {}


async def last_detail_of(tx: Tx, plan_id: int, name: str) -> dict[str, Any]:
    """Return what was written down when this last happened to a plan; nothing where it has not."""
    return (await tx.execute(_LAST_DETAIL, {"one": plan_id, "name": name})).scalar_one_or_none() or {}


async def first_of(tx: Tx, plan_id: int, names: Collection[str]) -> str:
    """Return which of these happened to a plan first; empty: none of them."""
    return (await tx.execute(_FIRST, {"one": plan_id, "names": sorted(names)})).scalar_one_or_none() or ""


async def add_alert(tx: Tx, portfolio_id: int, kind: str, line: str, body: Mapping[str, Any], now: datetime) -> int:
    """Append what was said to a person about a trigger and return its id."""
    row = {"portfolio_id": portfolio_id, "kind": kind, "line": line, "body": dict(body), "at": now}
    added: int = (await tx.execute(_ALERTING, row)).scalar_one()
    return added


async def is_first_alert(tx: Tx, portfolio_id: int) -> bool:
    """Tell whether the person of a portfolio has been told nothing about a trigger before, in any portfolio of theirs."""
    return (await tx.execute(_TOLD, {"one": portfolio_id})).scalar_one_or_none() is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """An update of Telegram that is to be worked on."""

    id: int
    #: what is read of it, as JSON
    body: str
    #: which share of the people its person belongs to; None: nobody has told
    share: int | None = None
    #: words that may be a key, sealed; None: none, or kept in memory alone
    sealed: str | None = None
    #: how many processes have left it unfinished
    tries: int = 0


async def record_update(tx: Tx, update_id: int, body: str, now: datetime | None = None, *, share: int | None = None) -> bool:
    """Write an update of Telegram down before it is worked on; False when it was seen before. ``now`` None: the machine's time."""
    row = {"id": update_id, "body": body, "received_at": now or _machine_time(), "finished": False, "share": share}
    return await put_new(tx, tables.updates, row)


async def record_updates(tx: Tx, found: Collection[Update], aside: Collection[int], now: datetime) -> frozenset[int]:
    """Write many down at once, those ``aside`` as what cannot be worked on, and return which are new: seen before, one is left as it is."""
    rows = [
        {"id": one.id, "body": one.body, "share": one.share, "sealed": one.sealed, "received_at": now, "finished": one.id in aside}
        for one in found
    ]
    return await put_those_new(tx, tables.updates, rows)


async def finish_update(tx: Tx, update_id: int) -> None:
    """Note that an update was worked on. Its id is remembered, because Telegram may send it again; its text is not."""
    await finish_updates(tx, (update_id,))


async def finish_updates(tx: Tx, ids: Collection[int]) -> None:
    """Note that updates were worked on, as :func:`finish_update` does."""
    await tx.execute(_FINISHING, [{"one": one} for one in ids])


async def set_aside(tx: Tx, update_id: int) -> None:
    """Note that an update cannot be worked on. Unlike that of others its text is kept, until it is tidied away with them."""
    await tx.execute(update(tables.updates).where(_updates.id == update_id).values(finished=True, sealed=None))


async def unfinished_updates(
    tx: Tx, *, shares: Collection[int] | None = None, but: Collection[int] = (), most: int | None = None
) -> tuple[Update, ...]:
    """Return the updates that wait or were interrupted, oldest first: all, or those of some shares, and without some of these."""
    wanted = select(*(_updates[name] for name in ("id", "body", "share", "sealed", "tries"))).where(_updates.finished == false())
    if shares is not None:
        wanted = wanted.where(_updates.share.in_(list(shares)))
    if but:
        wanted = wanted.where(_updates.id.not_in(list(but)))
    rows = await tx.execute(wanted.order_by(_updates.id).limit(most))
    return tuple(Update(id=row.id, body=row.body, share=row.share, sealed=row.sealed, tries=_tries(row.tries)) for row in rows)


async def oldest_unfinished(tx: Tx, shares: Collection[int] | None = None) -> datetime | None:
    """Return when the oldest update came that waits or is being worked on: of all, or of some shares; None: there is none."""
    wanted = select(func.min(_updates.received_at)).where(_updates.finished == false())
    if shares is not None:
        wanted = wanted.where(_updates.share.in_(list(shares)))
    found: datetime | None = (await tx.execute(wanted)).scalar_one()
    return found


async def count_tries(tx: Tx, found: Collection[int], tries: int) -> None:
    """Note how many processes have left these unfinished, should this one be killed as well."""
    if found:
        await tx.execute(update(tables.updates).where(_updates.id.in_(list(found))).values(tries=tries))


async def put_share(tx: Tx, update_id: int, share: int) -> None:
    """Note which share of the people an update belongs to."""
    await tx.execute(update(tables.updates).where(_updates.id == update_id).values(share=share))


def _tries(stored: object) -> int:
    """Return how often an update was tried; what is no number counts as never, and stops no start."""
    return stored if isinstance(stored, int) else 0


def _machine_time() -> datetime:
    return SystemClock().now()

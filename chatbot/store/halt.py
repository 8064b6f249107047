"""The stop for everybody: since when trading is halted, and which plans it has stopped in the middle.

One row says it to every process. A plan that was under way when a halt began is marked in the journal as well: it asks its person before
it goes on, even where nobody was working on it while the halt lasted. What is traded by hand is not concerned: to note what a person has
done sends nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import and_, bindparam, case, exists, func, insert, literal, or_, select, text

from chatbot.model import LET_IN, UNDER_WAY, UNSETTLED, Mode, PlanHalt, PlanState, Role
from chatbot.store import accounts, events, tables
from chatbot.store.codec import to_micros, to_moment

if TYPE_CHECKING:
    from collections.abc import Collection

    from chatbot.model import Person
    from chatbot.store.database import Tx

#: why nothing may be sent for a plan, and why it is parked
HALTED = "trading_halted"
#: events of a plan: a halt found it under way; its person let it go on
STOPPED, LET_GO = "halted", "let_go"
_SINCE = "halted_since"
#: any number that nobody else locks
_LOCK = 7_253_003
_plans, _events, _orders, _people = tables.plans.c, tables.events.c, tables.orders.c, tables.people.c
_BY_BOT = _plans.mode != Mode.MANUAL
_UNDER_WAY = and_(_plans.state.in_(UNDER_WAY), _BY_BOT)
_LAST = select(func.max(_events.id)).where(_events.plan_id == _plans.id, _events.name.in_((STOPPED, LET_GO))).correlate(tables.plans)
_IS_STOPPED = exists().where(and_(_events.id == _LAST.scalar_subquery(), _events.name == STOPPED))
_HALTED_NOW = exists().where(tables.meta.c.key == _SINCE, tables.meta.c.value != "")
_STOPPED_ONE = exists().where(_plans.id == bindparam("one"), _BY_BOT, or_(_HALTED_NOW, _IS_STOPPED))
_ENDED_ONE = select(_events.name).where(_events.plan_id == bindparam("one"), _events.name.in_(bindparam("ends", expanding=True)))
_STOP_WORD = select(
    func.coalesce(_ENDED_ONE.order_by(_events.id).limit(1).scalar_subquery(), case((_STOPPED_ONE, literal(HALTED)), else_=literal("")))
)


async def since(tx: Tx) -> datetime | None:
    """Return since when trading is halted for everybody; None: it is not. What cannot be read counts as a halt since 1970."""
    stored = await accounts.meta(tx, _SINCE)
    if not stored:
        return None
    try:
        return to_moment(stored)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)


async def since_for_sure(tx: Tx) -> datetime | None:
    """Return what :func:`since` does, and let nobody begin a halt before ``tx`` ends: what it writes is older than any later halt."""
    await none_begins(tx)
    return await since(tx)


async def begin(tx: Tx, now: datetime) -> datetime | None:
    """Halt trading for everybody and mark every plan under way; None, or since when it is halted already."""
    await _lock(tx, "pg_advisory_xact_lock")
    before = await since(tx)
    if before is None:
        await accounts.set_meta(tx, _SINCE, now.isoformat())
        marks = select(_plans.id, literal(STOPPED), literal("{}"), literal(to_micros(now))).where(_UNDER_WAY)
        await tx.execute(insert(tables.events).from_select(["plan_id", "name", "detail", "at"], marks))
    return before


async def end(tx: Tx) -> datetime | None:
    """Let trading go on and return since when it was halted; None: it was not."""
    await _lock(tx, "pg_advisory_xact_lock")
    before = await since(tx)
    if before is not None:
        await accounts.set_meta(tx, _SINCE, "")
    return before


async def stop_word(tx: Tx, plan_id: int, ends: Collection[str] = ()) -> str:
    """Return why nothing may be sent for a plan: which of the events ``ends`` came to it first, else :data:`HALTED`; empty: all is well.

    It is halted while trading is, and when trading was since its person last let it go on. One question, asked before everything that is
    sent, and once a second while a plan waits.
    """
    found: str = (await tx.execute(_STOP_WORD, {"one": plan_id, "ends": sorted(ends)})).scalar_one()
    return found


async def none_begins(tx: Tx) -> None:
    """Let nobody begin a halt before ``tx`` ends: what :func:`stop_word` says until then is sure."""
    await _lock(tx, "pg_advisory_xact_lock_shared")


async def stopped(tx: Tx) -> tuple[int, ...]:
    """Return the ids of the plans that a halt has parked and that nobody has answered about, oldest first."""
    waiting = select(_plans.id).where(_plans.state == PlanState.PARKED, _IS_STOPPED).order_by(_plans.id)
    return tuple((await tx.execute(waiting)).scalars())


async def of_plan(tx: Tx, plan_id: int) -> PlanHalt:
    """Return what a halt means for a plan."""
    waits = (await tx.execute(select(_plans.id).where(_plans.id == plan_id, _plans.state == PlanState.PARKED, _IS_STOPPED))).first()
    working = select(_orders.id).where(_orders.plan_id == plan_id, _orders.state.in_(UNSETTLED)).limit(1)
    is_working = (await tx.execute(working)).first() is not None
    parked = (await events.last_detail_of(tx, plan_id, "parked")).get("why", "")
    return PlanHalt(since=await since(tx), stopped=waits is not None, unsettled=is_working, why=parked)


async def reach(tx: Tx) -> tuple[int, int]:
    """Return how many plans a halt stops, those that it has parked among them, and how many of their orders may still work."""
    concerned = select(_plans.id).where(or_(_UNDER_WAY, and_(_plans.state == PlanState.PARKED, _IS_STOPPED)))
    count = (await tx.execute(select(func.count()).select_from(concerned.subquery()))).scalar_one()
    working = select(func.count()).select_from(tables.orders).where(_orders.plan_id.in_(concerned), _orders.state.in_(UNSETTLED))
    return count, (await tx.execute(working)).scalar_one()


async def concerned(tx: Tx) -> tuple[Person, ...]:
    """Return everybody who is told of a halt, by id: who may use the bot and has a portfolio that is not closed, and every operator."""
    owns = exists().where(tables.portfolios.c.person_id == _people.id, tables.portfolios.c.closed_at.is_(None))
    ids = select(_people.id).where(_people.role.in_(sorted(LET_IN)), or_(_people.role == Role.OPERATOR, owns)).order_by(_people.id)
    found = await accounts.people_of(tx, (await tx.execute(ids)).scalars().all())
    return tuple(found[one] for one in sorted(found))


async def _lock(tx: Tx, how: str) -> None:
    """Let those who begin and end a halt wait for those who rely on there being none; a writer on SQLite is alone as it is."""
    if tx.dialect.name == "postgresql":
        await tx.execute(text(f"SELECT {how}(:lock)"), {"lock": _LOCK})

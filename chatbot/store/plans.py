"""Plans and their legs: stored before they are shown, decided once, carried out leg by leg."""

from __future__ import annotations

from dataclasses import field, fields, replace
from decimal import Decimal  # noqa: TC003 - read at run time by the JSON codec
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import BigInteger, bindparam, exists, func, insert, select, type_coerce, update

from chatbot.errors import Damaged, InternalError
from chatbot.model import (
    AnswerPolicy,
    DecidedBy,
    FuturesCost,
    HeldTarget,
    LeftOut,
    Leg,
    LegKind,
    LegState,
    Mode,
    OpenHedge,
    Plan,
    PlanState,
    PortfolioFigures,
    Reason,
    share_of,
)
from chatbot.store import tables
from chatbot.store.codec import UNREADABLE, decode, encode, readable_moment, to_micros
from chatbot.store.portfolios import of_shares
from chatbot.store.writing import chunks, inserting, put
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, CursorResult, Row
    from sqlalchemy.sql.dml import ReturningInsert

    from chatbot.store.database import Tx

log = structlog.get_logger()

_plans, _legs, _portfolios = tables.plans.c, tables.legs.c, tables.portfolios.c
_LEG_FIELDS = tuple(field.name for field in fields(Leg))
_BUSY = tuple(state for state in tables.OPEN if state != PlanState.PROPOSED)
#: the word for a plan that cannot be read
PLAN = "plan"
# asked at every move of a plan, or at every check
_ONE = select(tables.plans).where(_plans.id == bindparam("one"))
# Rows that belong to a plan, a halt's marks among them, are added meanwhile: a whole lock would stand in their way, and they in its.
_LOCKING = _ONE.with_only_columns(_plans.state).with_for_update(key_share=True)
_LEGS_OF = select(tables.legs).where(_legs.plan_id.in_(bindparam("plans", expanding=True))).order_by(_legs.plan_id, _legs.index)
_OPEN = select(tables.plans).where(tables.OPEN_ONLY)
_OPEN_ONE = _OPEN.where(_plans.portfolio_id == bindparam("one"))
_OPEN_OF = _OPEN.where(_plans.portfolio_id.in_(bindparam("portfolios", expanding=True))).order_by(_plans.id)
# of everybody, and times are read apart: a plan in which one is none keeps nobody from the others
_PENDING = (
    select(_plans.number, _plans.state)
    .add_columns(*(type_coerce(_plans[name], BigInteger).label(name) for name in ("created_at", "expires_at", "decided_at")))
    .where(_plans.state.in_((PlanState.PROPOSED, PlanState.CONFIRMED, PlanState.RUNNING)))
    .order_by(_plans.id)
)
_OUT_OF_TIME = (_plans.state == PlanState.PROPOSED, _plans.expires_at <= bindparam("now"))
_IS_UNATTENDED = (_plans.state == PlanState.PROPOSED, _plans.expires_at > bindparam("now"), _plans.acts_at <= bindparam("now"))
_ANY_DUE = select(exists().where(*_OUT_OF_TIME), exists().where(*_IS_UNATTENDED))
_UNATTENDED = select(_plans.id).where(*_IS_UNATTENDED).order_by(_plans.id)
# asked for each of thousands of plans while a signal concerns everybody: a statement is written once
_IS_BUSY = select(_plans.id).where(_plans.portfolio_id == bindparam("mine"), _plans.state.in_(_BUSY)).exists()
_COUNTING = (
    update(tables.portfolios)
    .where(_portfolios.id == bindparam("mine"), _portfolios.closed_at.is_(None), ~_IS_BUSY)
    .values(last_plan_number=_portfolios.last_plan_number + 1)
    .returning(_portfolios.last_plan_number)
)
_REPLACING = (
    update(tables.plans)
    .where(_plans.portfolio_id == bindparam("mine"), _plans.state == PlanState.PROPOSED)
    .values(state=PlanState.SUPERSEDED, decided_at=bindparam("now"))
    .returning(_plans.id)
)
_ADDING_LEGS = insert(tables.legs)
_OWNER = select(_portfolios.person_id).where(_portfolios.id == bindparam("mine")).scalar_subquery()
_THEIRS = select(_plans.id).join(tables.portfolios, _portfolios.id == _plans.portfolio_id).where(_portfolios.person_id == _OWNER).limit(1)
# what a plan is about stands in its proposal alone; nothing is asked for it but by who opens one
_THEIR_HEDGES = _THEIRS.where(_plans.proposal.not_like('%"hedge":null%'))


class PlanOpen(InternalError):
    """A plan of this portfolio is confirmed, running or parked; no other may be made."""

    def __init__(self, portfolio_id: int) -> None:
        super().__init__(f"portfolio {portfolio_id} is carrying a plan out")
        self.portfolio_id = portfolio_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """When a plan that waits for its answer, or is being carried out, was made and decided."""

    number: int
    state: PlanState
    created_at: datetime
    expires_at: datetime
    #: None: it was not yet
    decided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proposal:
    """The part of a plan that never changes after it was proposed."""

    reasons: tuple[Reason, ...]
    before: PortfolioFigures
    standing: tuple[HeldTarget, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    slippage_bps: Decimal | None = None
    waiting_bps: Decimal | None = None
    holding: tuple[FuturesCost, ...] = ()
    prices: dict[str, Decimal] = field(default_factory=dict)
    targets: dict[str, Any] = field(default_factory=dict)
    stand: AnswerPolicy | None = None
    hedge: OpenHedge | None = None
    revision: str = ""
    watched: bool = False
    is_first: bool = False


_FROZEN = tuple(field.name for field in fields(_Proposal))


async def add_plan(tx: Tx, plan: Plan) -> Plan:
    """Store a proposed plan and return it with its id and number; an unanswered older plan is superseded.

    Raises :class:`PlanOpen` when the portfolio is carrying a plan out, or one is parked.
    """
    number = await _next_number(tx, plan.portfolio_id)
    replaced = (await tx.execute(_REPLACING, {"mine": plan.portfolio_id, "now": plan.created_at})).scalars().all()
    row = _row(replace(plan, number=number))
    del row["id"]
    plan_id = (await tx.execute(_adding(tx.dialect.name), row)).scalar_one_or_none()
    if plan_id is None:
        raise PlanOpen(plan.portfolio_id)
    if replaced:
        await tx.execute(update(tables.plans).where(_plans.id.in_(replaced)).values(superseded_by=plan_id))
    if plan.legs:
        await tx.execute(_ADDING_LEGS, [_leg_row(plan_id, leg) for leg in plan.legs])
    for one in replaced:
        _log(one, PlanState.SUPERSEDED, portfolio=plan.portfolio_id, by_plan=plan_id)
    _log(plan_id, PlanState.PROPOSED, portfolio=plan.portfolio_id, number=number, reasons=[reason.trigger.value for reason in plan.reasons])
    return replace(plan, id=plan_id, number=number)


async def is_first(tx: Tx, portfolio_id: int, *, about_hedge: bool) -> bool:
    """Tell whether the person of a portfolio has had no plan before, in any portfolio of theirs; or none about a hedge."""
    asked = _THEIR_HEDGES if about_hedge else _THEIRS
    return (await tx.execute(asked, {"mine": portfolio_id})).scalar_one_or_none() is None


@lru_cache(maxsize=2)
def _adding(dialect: str) -> ReturningInsert[int]:
    """Return the statement that stores a plan. A Confirm may have come in between on PostgreSQL: then the index decides, and nothing is."""
    adding = inserting(dialect, tables.plans).on_conflict_do_nothing(index_elements=["portfolio_id"], index_where=tables.OPEN_ONLY)
    return adding.returning(_plans.id)


async def _next_number(tx: Tx, portfolio_id: int) -> int:
    """Count one further; the row stays locked on PostgreSQL, so that two new plans of one portfolio wait for each other."""
    number: int | None = (await tx.execute(_COUNTING, {"mine": portfolio_id})).scalar_one_or_none()
    if number is not None:
        return number
    if await open_plan(tx, portfolio_id) is None:
        raise InternalError(f"there is no open portfolio {portfolio_id}")
    raise PlanOpen(portfolio_id)


async def plan(tx: Tx, plan_id: int) -> Plan | None:
    """Return a plan with its legs, or None."""
    found = await _with_legs(tx, await tx.execute(_ONE, {"one": plan_id}))
    return found[0] if found else None


async def open_plan(tx: Tx, portfolio_id: int) -> Plan | None:
    """Return the plan that is proposed, confirmed, running or parked, or None; there is never more than one."""
    found = await _with_legs(tx, await tx.execute(_OPEN_ONE, {"one": portfolio_id}))
    return found[0] if found else None


async def ended_at(tx: Tx, ids: Collection[int]) -> dict[int, datetime]:
    """Return when the latest plan of each portfolio was carried out; one whose latest plan was not is left out."""
    found: dict[int, datetime] = {}
    for chunk in chunks(ids):
        latest = select(func.max(_plans.id)).where(_plans.portfolio_id.in_(chunk)).group_by(_plans.portfolio_id)
        query = select(_plans.portfolio_id, _plans.finished_at).where(_plans.id.in_(latest), _plans.state == PlanState.DONE)
        found |= {row.portfolio_id: row.finished_at for row in await tx.execute(query) if row.finished_at is not None}
    return found


async def open_plans(tx: Tx, ids: Collection[int]) -> dict[int, Plan]:
    """Return the open plans of many portfolios, by portfolio; one without any is left out."""
    found: dict[int, Plan] = {}
    for chunk in chunks(ids):
        read = await _with_legs(tx, await tx.execute(_OPEN_OF, {"portfolios": chunk}))
        found |= {plan.portfolio_id: plan for plan in read}
    return found


async def plans(tx: Tx, portfolio_id: int, limit: int = 10, before_id: int | None = None) -> tuple[Plan, ...]:
    """Return a portfolio's plans, newest first, starting before ``before_id``."""
    older = () if before_id is None else (_plans.id < before_id,)
    return await _read(tx, _plans.portfolio_id == portfolio_id, *older, newest=limit)


async def readable(
    tx: Tx, portfolio_id: int, limit: int = 10, before_id: int | None = None
) -> tuple[tuple[Plan, ...], tuple[Damaged, ...]]:
    """Return what :func:`plans` does, and apart from it those that cannot be read, newest first: they are named, and the others shown."""
    try:
        return await plans(tx, portfolio_id, limit, before_id), ()
    except Damaged:
        older = () if before_id is None else (_plans.id < before_id,)
        asked = select(_plans.id, _plans.number).where(_plans.portfolio_id == portfolio_id, *older).order_by(_plans.id.desc()).limit(limit)
        found: list[Plan] = []
        damaged: list[Damaged] = []
        for plan_id, number in (await tx.execute(asked)).all():
            try:
                found += await _read(tx, _plans.id == plan_id)
            except Damaged:
                damaged.append(Damaged(PLAN, number if isinstance(number, int) else None))
        return tuple(found), tuple(damaged)


async def under_way(tx: Tx, portfolio_ids: Collection[int] | None = None) -> tuple[int, ...]:
    """Return the id of every confirmed or running plan, oldest first: each should have a workflow, whether or not its row can be read.

    With ``portfolio_ids`` only theirs.
    """
    running = select(_plans.id).where(_plans.state.in_((PlanState.CONFIRMED, PlanState.RUNNING)))
    if portfolio_ids is not None:
        running = running.where(_plans.portfolio_id.in_(portfolio_ids))
    return tuple((await tx.execute(running.order_by(_plans.id))).scalars())


async def people_of(tx: Tx, plan_ids: Collection[int]) -> dict[int, int]:
    """Return whose plans these are, by their ids, whether or not their rows can be read."""
    found: dict[int, int] = {}
    for chunk in chunks(plan_ids):
        theirs = select(_plans.id, _portfolios.person_id).where(_plans.id.in_(chunk), _plans.portfolio_id == _portfolios.id)
        found |= {row.id: row.person_id for row in await tx.execute(theirs)}
    return found


async def shares_under_way(tx: Tx) -> frozenset[int]:
    """Return the shares for whose people a plan is confirmed or being carried out."""
    return frozenset(map(share_of, (await people_of(tx, await under_way(tx))).values()))


async def count_open(tx: Tx, shares: Collection[int] | None = None) -> dict[PlanState, int]:
    """Return how many plans there are in each state that is not an end; with ``shares`` only those of their people."""
    theirs = () if shares is None else (_of_people_in(shares),)
    counted = select(_plans.state, func.count().label("many")).where(_plans.state.in_(tables.OPEN), *theirs).group_by(_plans.state)
    found = await tx.execute(counted)
    return {PlanState(row.state): row.many for row in found}


async def pending(tx: Tx) -> tuple[Pending, ...]:
    """Return the plans of everybody that wait for an answer or are being carried out, oldest first; a parked one does neither."""
    found: list[Pending] = []
    for row in await tx.execute(_PENDING):
        created, expires = readable_moment(row.created_at), readable_moment(row.expires_at)
        if created is not None and expires is not None:
            decided = readable_moment(row.decided_at)
            found.append(Pending(number=row.number, state=PlanState(row.state), created_at=created, expires_at=expires, decided_at=decided))
    return tuple(found)


async def lock(tx: Tx, plan_id: int) -> str | None:
    """Let what is decided about a plan in other transactions come before or after this one, not in between; return its state."""
    state: str | None = (await tx.execute(_LOCKING, {"one": plan_id})).scalar()
    return state


async def unattended(tx: Tx, now: datetime) -> tuple[int, ...]:
    """Return the ids of the plans that wait for an answer and about which the bot has to do something by now, oldest first."""
    return tuple((await tx.execute(_UNATTENDED, {"now": now})).scalars())


async def attended(tx: Tx, plan_id: int) -> None:
    """Note that the bot has done what it had to do about an unanswered plan."""
    await tx.execute(update(tables.plans).where(_plans.id == plan_id).values(acts_at=None))


async def carried_out(tx: Tx, portfolio_id: int, since: datetime) -> tuple[Plan, ...]:
    """Return the plans of a portfolio that were confirmed since then, oldest first, whatever has become of them."""
    states = (*_BUSY, PlanState.DONE)
    return await _read(tx, _plans.portfolio_id == portfolio_id, _plans.decided_at >= since, _plans.state.in_(states))


async def last_done(tx: Tx, portfolio_id: int) -> Plan | None:
    """Return the newest plan of a portfolio that was carried out to its end; None where there is none, or a newer one is under way."""
    found = await _read(tx, _plans.portfolio_id == portfolio_id, _plans.state.in_((*_BUSY, PlanState.DONE)), newest=1)
    return found[0] if found and found[0].state is PlanState.DONE else None


async def ended_without(tx: Tx, since: datetime, event: str) -> tuple[int, ...]:
    """Return the plans with real money that were carried out and have ended since then, and of which such an event is not there."""
    noted = select(tables.events.c.plan_id).where(tables.events.c.name == event, tables.events.c.at >= since)
    ended = select(_plans.id).where(_plans.mode == Mode.LIVE, _plans.state == PlanState.DONE, _plans.finished_at >= since)
    return tuple((await tx.execute(ended.where(_plans.id.not_in(noted)).order_by(_plans.id))).scalars())


async def decide(tx: Tx, plan_id: int, to: PlanState, now: datetime, by: str = "") -> bool:
    """Move a proposed plan to its answer; True for the one caller that did it.

    Confirming also needs that the plan has not expired at ``now``. One statement, so that two presses cannot both win.
    ``by`` says who answered where that was not the plan's person.
    """
    deciding = update(tables.plans).where(_plans.id == plan_id, _plans.state == PlanState.PROPOSED)
    if to == PlanState.CONFIRMED:
        deciding = deciding.where(_plans.expires_at > now)
    elif to not in (PlanState.SKIPPED, PlanState.SUPERSEDED, PlanState.EXPIRED):
        raise ValueError(f"{to} is no answer to a proposed plan")
    is_done = (await tx.execute(deciding.values(state=to, decided_at=now, decided_by=by))).rowcount == 1
    if is_done:
        _log(plan_id, to, by=by or "person")
    return is_done


async def any_due(tx: Tx, now: datetime) -> tuple[bool, bool]:
    """Tell whether :func:`expire_due`, and whether :func:`unattended`, would find a plan of anybody."""
    expires, acts = (await tx.execute(_ANY_DUE, {"now": now})).one()
    return expires, acts


async def expire_due(tx: Tx, now: datetime, shares: Collection[int] | None = None) -> tuple[int, ...]:
    """Expire every proposed plan whose time has come and return their ids, so that their cards can be changed.

    With ``shares`` only those of their people.
    """
    theirs = () if shares is None else (_of_people_in(shares),)
    due = update(tables.plans).where(*_OUT_OF_TIME, *theirs).values(state=PlanState.EXPIRED, decided_at=now)
    expired = tuple(sorted((await tx.execute(due.returning(_plans.id), {"now": now})).scalars()))
    for plan_id in expired:
        _log(plan_id, PlanState.EXPIRED)
    return expired


def _of_people_in(shares: Collection[int]) -> ColumnElement[bool]:
    return _plans.portfolio_id.in_(select(_portfolios.id).where(of_shares(shares)))


async def set_card(tx: Tx, plan_id: int, chat_id: int, message_id: int) -> None:
    """Note which message shows the plan."""
    await tx.execute(update(tables.plans).where(_plans.id == plan_id).values(chat_id=chat_id, message_id=message_id))


async def set_state(tx: Tx, plan_id: int, state: PlanState, now: datetime, result: PortfolioFigures | None = None) -> bool:
    """Move a plan that is being carried out; doing it again is harmless. False: it never was confirmed, or has ended otherwise.

    DONE also notes ``now`` as its end, and ``result`` what the portfolio then looked like.
    """
    changes: dict[str, Any] = {"state": state}
    if state == PlanState.DONE:
        changes["finished_at"] = func.coalesce(_plans.finished_at, to_micros(now))
    if result is not None:
        changes["result"] = encode(result)
    before = (await tx.execute(_LOCKING, {"one": plan_id})).scalar_one_or_none()
    moving = update(tables.plans).where(_plans.id == plan_id, _plans.state.in_(_BUSY if state != PlanState.DONE else (*_BUSY, state)))
    is_done = (await tx.execute(moving.values(changes))).rowcount == 1
    if is_done and before != state:
        _log(plan_id, state)
    return is_done


async def reopen(tx: Tx, plan_id: int) -> bool:
    """Let a plan that was noted as done wait for its answer again; False where it is not done, or is not the last of its portfolio."""
    mine = select(tables.plans.c.portfolio_id).where(_plans.id == plan_id).scalar_subquery()
    newest = select(func.max(_plans.id)).where(_plans.portfolio_id == mine).scalar_subquery()
    again = update(tables.plans).where(_plans.id == plan_id, _plans.state == PlanState.DONE, _plans.id == newest)
    asked = again.values(state=PlanState.PROPOSED, decided_at=None, decided_by="", finished_at=None, result=None)
    is_done = (await tx.execute(asked)).rowcount == 1
    if is_done:
        _log(plan_id, PlanState.PROPOSED, again=True)
    return is_done


def _log(plan_id: int, state: PlanState, **facts: object) -> None:
    """Write the one line that every move of a plan has, wherever it was decided: by a person, a limit, the clock or the exchange."""
    log.info("plan", plan=plan_id, state=state.value, **facts)


async def save_leg(tx: Tx, plan_id: int, leg: Leg) -> None:
    """Write what became of a leg; a leg that the plan did not have yet is added."""
    await put(tx, tables.legs, _leg_row(plan_id, leg))


async def save_after(tx: Tx, plan_id: int, after: PortfolioFigures, fees: Decimal) -> bool:
    """Write what an edited plan leads to; False when it is no longer waiting for an answer."""
    waiting = update(tables.plans).where(_plans.id == plan_id, _plans.state == PlanState.PROPOSED)
    return (await tx.execute(waiting.values(after=encode(after), fees=fees))).rowcount == 1


async def _read(tx: Tx, *where: ColumnElement[bool], newest: int | None = None) -> tuple[Plan, ...]:
    order = _plans.id if newest is None else _plans.id.desc()
    return await _with_legs(tx, await tx.execute(select(tables.plans).where(*where).order_by(order).limit(newest)))


async def _with_legs(tx: Tx, found: CursorResult[Any]) -> tuple[Plan, ...]:
    """Read the legs of all plans that were found with one more question. Raises :class:`Damaged` with the number of one that is."""
    try:
        rows = found.all()
    except UNREADABLE as error:
        raise Damaged(PLAN) from error
    if not rows:
        return ()
    legs: dict[int, list[Leg]] = {row.id: [] for row in rows}
    read = await tx.execute(_LEGS_OF, {"plans": list(legs)})
    try:
        for row in read:
            legs[row.plan_id].append(_leg(row))
    except UNREADABLE as error:
        raise Damaged(PLAN, rows[0].number if len(rows) == 1 else None) from error
    return tuple(_plan(row, legs[row.id]) for row in rows)


def _row(plan: Plan) -> dict[str, Any]:
    row = {column.name: getattr(plan, column.name) for column in tables.plans.columns if column.name != "proposal"}
    proposal = _Proposal(**{name: getattr(plan, name) for name in _FROZEN})
    result = None if plan.result is None else encode(plan.result)
    return row | {"proposal": encode(proposal), "after": encode(plan.after), "result": result}


def _plan(row: Row[Any], legs: Sequence[Leg]) -> Plan:
    try:
        return _made(row, legs)
    except UNREADABLE as error:
        raise Damaged(PLAN, row.number) from error


def _made(row: Row[Any], legs: Sequence[Leg]) -> Plan:
    read = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    proposal = decode(_Proposal, read.pop("proposal"))
    read |= {name: getattr(proposal, name) for name in _FROZEN}
    read |= {"mode": Mode(row.mode), "state": PlanState(row.state), "legs": tuple(legs), "decided_by": DecidedBy(row.decided_by or "")}
    read |= {"after": decode(PortfolioFigures, row.after), "result": None if row.result is None else decode(PortfolioFigures, row.result)}
    return Plan(**read)


def _leg_row(plan_id: int, leg: Leg) -> dict[str, Any]:
    return {"plan_id": plan_id} | {name: getattr(leg, name) for name in _LEG_FIELDS}


def _leg(row: Row[Any]) -> Leg:
    read = {name: getattr(row, name) for name in _LEG_FIELDS if name != "index"}
    # A row is a tuple and so has an ``index`` of its own.
    return Leg(**read | {"index": row._mapping["index"], "kind": LegKind(row.kind), "state": LegState(row.state)})  # noqa: SLF001

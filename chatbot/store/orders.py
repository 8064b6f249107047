"""Orders: one row per attempt of a leg, written down before anything goes on the wire."""

from __future__ import annotations

import asyncio
from dataclasses import fields, replace
from datetime import datetime  # noqa: TC003 - a field's type
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, bindparam, func, insert, or_, select, type_coerce, update

from chatbot.model import UNSETTLED, LegKind, Mode, OrderState, PlanState
from chatbot.store import tables
from chatbot.store.codec import readable_price, reads
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import CursorResult, Row

    from chatbot.store.database import Tx

_orders, _legs, _plans = tables.orders.c, tables.legs.c, tables.plans.c
_ADDING = insert(tables.orders).returning(_orders.id)
_SAVING = update(tables.orders).where(_orders.client_id == bindparam("one"))
_OF_PLAN = select(tables.orders).where(_orders.plan_id == bindparam("one")).order_by(_orders.id)
_UNSETTLED = select(_orders.leg_index).where(_orders.plan_id == bindparam("one"), _orders.state.in_(UNSETTLED))
_OF_LEGS = _OF_PLAN.where(or_(_orders.leg_index.in_(bindparam("legs", expanding=True)), _orders.leg_index.in_(_UNSETTLED)))
_TRANSFERS = (
    select(tables.orders)
    .join(tables.plans, _plans.id == _orders.plan_id)
    .where(_plans.portfolio_id == bindparam("one"), _orders.side.in_((LegKind.TO_SPOT, LegKind.TO_FUTURES)))
    .order_by(_orders.id)
)
_FILLED = (
    select(tables.orders)
    .join(tables.plans, _plans.id == _orders.plan_id)
    .where(_plans.portfolio_id == bindparam("one"), _orders.average.is_not(None))
    .order_by(_orders.id)
)

#: how far back it is looked, in orders of everybody: what is older says little of the market of today, and nobody waits for it
_LOOK_BACK = 5000
_PARKED_TRANSFERS = (
    select(_orders.plan_id)
    .distinct()
    .join(tables.plans, _plans.id == _orders.plan_id)
    .where(_plans.state == PlanState.PARKED, _orders.state == OrderState.UNKNOWN, _orders.side.in_((LegKind.TO_SPOT, LegKind.TO_FUTURES)))
    .order_by(_orders.plan_id)
)
_NEWEST = select(func.max(_orders.id)).scalar_subquery()
_FILLS = (
    select(_orders.instrument, _orders.immediate, _plans.mode, _legs.kind, _legs.sells)
    # of everybody, and read apart: a leg of one person in which they cannot be read keeps nobody else from a card
    .add_columns(type_coerce(_legs.price, Text).label("price"), type_coerce(_legs.average, Text).label("average"))
    .join(tables.legs, (_legs.plan_id == _orders.plan_id) & (_legs.index == _orders.leg_index))
    .join(tables.plans, _plans.id == _orders.plan_id)
    .where(
        _orders.id > _NEWEST - _LOOK_BACK,
        _orders.attempt == 1,
        _orders.instrument.in_(bindparam("names", expanding=True)),
        _legs.average.is_not(None),
        _plans.state == PlanState.DONE,
    )
    .order_by(_orders.id.desc())
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One order or transfer that was or may have been sent, and what is known of it."""

    #: given by the store
    id: int = 0
    plan_id: int
    leg_index: int
    #: counts within the leg, from 1
    attempt: int
    #: the exchange knows it by this; unique for ever
    client_id: str
    instrument: str
    #: buy, sell; to_spot or to_futures for a transfer
    side: str
    #: base units; quote amount for transfers
    qty: Decimal
    #: None for transfers
    limit: Decimal | None = None
    post_only: bool = False
    immediate: bool = False
    reduce_only: bool = False
    state: OrderState = OrderState.SUBMITTING
    #: when the intention was written down, which is before it was sent
    sent_at: datetime
    #: None while it may still fill
    ended_at: datetime | None = None
    exchange_id: str = ""
    filled: Decimal = Decimal(0)
    #: volume-weighted fill price; None before the first fill
    average: Decimal | None = None
    #: quote
    fee: Decimal = Decimal(0)
    #: machine word or the exchange's own words for what went wrong
    detail: str = ""
    #: fee by coin as exact text; None: all of it in the quote coin, or an older version did not keep it
    fees: dict[str, str] | None = None
    #: what the account held before it was sent of what it changes: the coin, the contract, for transfers the quote money on spot;
    #: None: an older version did not look
    held: Decimal | None = None


_FIELDS = tuple(field.name for field in fields(Attempt))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One leg that was filled, in part or whole."""

    instrument: str
    mode: Mode
    #: its first order took what was there; False: it rested
    at_once: bool
    sells: bool
    #: what it was decided at, and what it was filled at
    price: Decimal
    average: Decimal


async def add_order(tx: Tx, attempt: Attempt) -> Attempt:
    """Write the intention down and return it with its id; a client id or attempt that is there already is refused."""
    return replace(attempt, id=(await tx.execute(_ADDING, _row(attempt))).scalar_one())


async def save_order(tx: Tx, attempt: Attempt) -> None:
    """Write what is known of an order; it is found by its client id. The exchange's own id, once known, stays."""
    row = {name: value for name, value in _row(attempt).items() if name != "exchange_id" or value}
    await tx.execute(_SAVING, row | {"one": attempt.client_id})


async def note_exchange_id(tx: Tx, client_id: str, exchange_id: str) -> None:
    """Write down under which id the exchange knows an order or a transfer."""
    await tx.execute(_SAVING, {"one": client_id, "exchange_id": exchange_id})


@reads("order")
async def orders(tx: Tx, plan_id: int) -> tuple[Attempt, ...]:
    """Return every order of a plan in the order they were written down."""
    return _attempts(await tx.execute(_OF_PLAN, {"one": plan_id}))


@reads("order")
async def orders_of(tx: Tx, plan_id: int, legs: Collection[int]) -> tuple[Attempt, ...]:
    """Return every order of these legs of a plan, and of each leg of which one may still trade, in the order they were written down."""
    return _attempts(await tx.execute(_OF_LEGS, {"one": plan_id, "legs": sorted(legs)}))


@reads("order")
async def transfers(tx: Tx, portfolio_id: int) -> tuple[Attempt, ...]:
    """Return every transfer between the wallets that was written down for a portfolio, the oldest first."""
    return _attempts(await tx.execute(_TRANSFERS, {"one": portfolio_id}))


async def parked_transfers(tx: Tx) -> tuple[int, ...]:
    """Return the plans of everybody that stopped half-way with a transfer of which nobody knows, oldest first."""
    return tuple((await tx.execute(_PARKED_TRANSFERS)).scalars())


@reads("order")
async def filled(tx: Tx, portfolio_id: int) -> tuple[Attempt, ...]:
    """Return every order of a portfolio that was filled, in part or whole, in the order they were written down.

    Tens of thousands are read into memory and made sense of in a thread, so that nobody waits for them but who asked.
    """
    return await asyncio.to_thread(_attempts, await tx.execute(_FILLED, {"one": portfolio_id}))


def _attempts(found: CursorResult[Any]) -> tuple[Attempt, ...]:
    names = tuple(found.keys())
    return tuple(_attempt(names, row) for row in found)


async def latest_fills(tx: Tx, instruments: Collection[str]) -> tuple[Fill, ...]:
    """Return the fills of these instruments in plans that have ended, the newest first; what is no price is left out."""
    found = (_fill(row) for row in await tx.execute(_FILLS, {"names": sorted(instruments)}))
    return tuple(fill for fill in found if fill is not None)


def _fill(row: Row[Any]) -> Fill | None:
    price, average = readable_price(row.price), readable_price(row.average)
    if price is None or average is None:
        return None
    sells = row.sells or row.kind == LegKind.SPOT_SELL
    return Fill(instrument=row.instrument, mode=Mode(row.mode), at_once=row.immediate, sells=sells, price=price, average=average)


def _row(attempt: Attempt) -> dict[str, Any]:
    return {name: getattr(attempt, name) for name in _FIELDS if name != "id"}


def _attempt(names: tuple[str, ...], row: Row[Any]) -> Attempt:
    read = dict(zip(names, row, strict=True))
    read["state"] = OrderState(read["state"])
    return Attempt(**read)

"""Orders of plans with real money that have ended, as their exchange shows them, against what was written down of them.

What differs is put right in the journal and told: an order of which nobody knew when its plan was closed, a fill that came after all, an
order that works although its plan has ended.
"""

from __future__ import annotations

from dataclasses import field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from chatbot.errors import ExchangeError, contained
from chatbot.exchanges.base import OrderStatus
from chatbot.execution import next_order, outcomes, recovery
from chatbot.execution.record import chat_of, with_attempts
from chatbot.model import LegState, MessageKind, OrderState
from chatbot.store import events, messages, orders, plans, portfolios
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from chatbot.clock import Clock
    from chatbot.exchanges.base import Exchange, Order
    from chatbot.model import Plan
    from chatbot.shares.owned import Shares
    from chatbot.store.database import Database, Tx
    from chatbot.store.orders import Attempt

_LOG = structlog.get_logger()
#: the event after which a plan's orders are looked at no more
COMPARED = "compared"
#: an order of which nobody knows is looked for so long after its plan has ended
_BACK = timedelta(days=1)
#: and one that is booked as filled, before it is told that its exchange does not show it
_PATIENCE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Differs:
    """One order that its exchange tells otherwise; ``shown`` is None where it does not show it at all."""

    booked: Attempt
    shown: Order | None
    #: quote, of the coins that its fees are paid in
    prices: Mapping[str, Decimal] = field(default_factory=dict)


class Comparison:
    """Looks at the orders of plans that have ended, once a minute until every one of them is explained."""

    def __init__(
        self,
        db: Database,
        exchanges: Callable[[int], Awaitable[Exchange]],
        clock: Clock,
        corrected: Callable[[Tx, Plan, Plan], Awaitable[None]],
        shares: Shares,
    ) -> None:
        """``corrected`` is told of a plan as it was booked and as it was shown, in the transaction that puts it right.

        Its plans are those of the people in ``shares``.
        """
        self._shares = shares
        self._db, self._exchanges, self._clock = db, exchanges, clock
        self._corrected = corrected
        #: orders that were found as they are booked, of plans that have others
        self._same: set[str] = set()

    async def look(self) -> None:
        """Compare what has ended lately; an exchange that does not answer is asked again in a minute."""
        async with self._db.read() as tx:
            ended = await plans.ended_without(tx, self._clock.now() - _BACK, COMPARED)
            whose = await plans.people_of(tx, ended)
        for plan_id in ended:
            with contained("orders not compared", plan=plan_id), self._shares.in_hand(whose[plan_id]) as is_ours:
                try:
                    if is_ours:
                        await self._compare(plan_id)
                except ExchangeError as trouble:
                    _LOG.warning("orders not compared", plan=plan_id, error=str(trouble))

    async def _compare(self, plan_id: int) -> None:
        async with self._db.read() as tx:
            plan, booked = await plans.plan(tx, plan_id), await orders.orders(tx, plan_id)
        if plan is None:
            return
        exchange, now = await self._exchanges(plan.portfolio_id), self._clock.now()
        differs: list[_Differs] = []
        waits = False
        for attempt in booked:
            if attempt.limit is None or attempt.state is OrderState.REJECTED or attempt.client_id in self._same:
                continue
            shown = await _shown(exchange, attempt)
            if shown is not None and shown.status is OrderStatus.OPEN:
                waits = True
            elif shown is not None and shown.filled != attempt.filled:
                differs.append(_Differs(booked=attempt, shown=shown, prices=await outcomes.fee_prices(exchange, shown, plan.prices)))
            elif shown is not None or not (attempt.filled or attempt.detail == next_order.UNKNOWN_END):
                self._same.add(attempt.client_id)
            elif attempt.filled and plan.finished_at is not None and now - plan.finished_at >= _PATIENCE:
                differs.append(_Differs(booked=attempt, shown=None))
            else:
                waits = True
        await self._write(plan, booked, differs, now, waits=waits)

    async def _write(self, plan: Plan, booked: Sequence[Attempt], differs: Sequence[_Differs], now: datetime, *, waits: bool) -> None:
        """Put the journal right and tell it, in one transaction; a plan whose orders are all explained is done with."""
        async with self._db.transaction() as tx:
            if differs:
                await self._correct(tx, plan, booked, differs, now)
            if not waits:
                await events.add_event(tx, plan.id, None, COMPARED, {}, now)
                self._same -= {one.client_id for one in booked}

    async def _correct(self, tx: Tx, plan: Plan, booked: Sequence[Attempt], differs: Sequence[_Differs], now: datetime) -> None:
        exchange = await self._exchanges(plan.portfolio_id)
        known = {one.client_id: one for one in booked}
        for one in differs:
            if one.shown is not None:
                right = _corrected(one.booked, one.shown, exchange.quote_asset, one.prices, now)
                known[right.client_id] = right
                await orders.save_order(tx, right)
        legs = []
        for leg in plan.legs:
            after = leg
            if any(one.booked.leg_index == leg.index and one.shown is not None for one in differs):
                after = with_attempts(leg, [one for one in known.values() if one.leg_index == leg.index])
                whole = after.filled >= after.qty
                state = LegState.FILLED if whole else LegState.PARTIAL
                after = replace(after, state=state, note="" if whole else leg.note)
                await plans.save_leg(tx, plan.id, after)
            legs.append(after)
        await self._corrected(tx, plan, replace(plan, legs=tuple(legs)))
        told = [_told(one) for one in differs]
        await events.add_event(tx, plan.id, None, "corrected", {"orders": told}, now)
        portfolio = await portfolios.get(tx, plan.portfolio_id)
        chat_id = await chat_of(tx, plan, portfolio.person_id) if portfolio is not None else None
        if chat_id is not None:
            facts = {"portfolio_id": plan.portfolio_id, "number": plan.number, "orders": told}
            key = f"{MessageKind.ORDERS_DIFFER}-{plan.id}-{differs[0].booked.client_id}"
            await messages.ring(tx, chat_id, MessageKind.ORDERS_DIFFER, facts, key=key, now=now)
        _LOG.warning("orders differ", plan=plan.id, orders=told)


async def _shown(exchange: Exchange, attempt: Attempt) -> Order | None:
    """Return an order as its exchange shows it; one that still works is called off first."""
    order = await exchange.find(attempt.instrument, attempt.client_id)
    if order is None or not recovery.is_of(order, attempt):
        return None
    return await exchange.cancel(attempt.instrument, attempt.client_id) if order.status is OrderStatus.OPEN else order


def _corrected(attempt: Attempt, order: Order, money: str, prices: Mapping[str, Decimal], now: datetime) -> Attempt:
    return replace(
        attempt,
        state=next_order.state_of(order),
        filled=order.filled,
        average=order.average,
        fee=next_order.fee_in_money(order, money, prices),
        fees=next_order.fees_in_coins(order, money),
        exchange_id=order.exchange_id,
        ended_at=attempt.ended_at or now,
        detail="",
    )


def _told(one: _Differs) -> dict[str, str]:
    """Return what is told of one order, as plain words."""
    shown = {} if one.shown is None else {"filled": str(one.shown.filled), "price": str(one.shown.average or one.shown.limit)}
    return {"instrument": one.booked.instrument, "side": one.booked.side, "booked": str(one.booked.filled), **shown}

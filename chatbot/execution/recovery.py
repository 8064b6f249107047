"""Orders of which nobody knows whether they exist, and plans that nobody carries out any more."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

import structlog

from chatbot.durable import Standing, enqueue_plan, plan_key
from chatbot.errors import ExchangeError, ListedLater, OutcomeUnknown, Rejected, Unreachable, contained
from chatbot.exchanges.abilities import TradeSource
from chatbot.execution import next_order, orders, outcomes, wallets
from chatbot.execution.lifecycle import IllegalMove, LegEvent, PlanEvent, advance
from chatbot.execution.record import (
    BARRED,
    BARRING,
    CLOSING,
    INTERRUPTED,
    MISSED,
    REVIVED,
    STOPPING,
    STOPS,
    TOUCHED,
    UNKNOWN,
    Change,
    Parked,
)
from chatbot.execution.revivals import ENDED, SUSPECT_FROM, Trials, ended, in_vain
from chatbot.model import STOPPED, UNDER_WAY, LegKind, OrderState, PlanState
from chatbot.store import events, halt, plans
from chatbot.store import orders as stored_orders

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    from chatbot.clock import Clock
    from chatbot.durable import Work
    from chatbot.exchanges.base import Order
    from chatbot.execution.outcomes import LegAttempt
    from chatbot.execution.record import Scribe, View
    from chatbot.model import Plan
    from chatbot.shares.owned import Shares
    from chatbot.store.database import Database, Tx
    from chatbot.store.orders import Attempt

#: how often an exchange may leave orders of a leg unanswered that cannot be filled twice, after the first time, before a person is asked
RESENDS_MAX = 5
#: how often a process of ours may end before there was an answer: restarts in a row are no fault of the exchange
INTERRUPTIONS_MAX = 50
#: the event of an order that goes out once more although its first request did, too
RESENT = "resent"
#: how often in a row a plan without a living workflow is enqueued again in vain before it is parked (again)
REVIVALS_MAX = 5
#: how often an exchange is asked in vain to take back the orders of such a plan before it is parked all the same
LOOKS_MAX = 10
#: how often an order that is not listed is looked for within the time that has passed since it was sent
_LOOKS_A_WAIT = 20
#: by how much an order may be older than the last time that its intention was sent; what is older belongs to another one of this id
_OLDER = timedelta(days=1)
#: the same for an order of a smaller amount, or of another price by this share, than was sent: an exchange that rounds has made it so
_ROUNDED, _ROUNDING = timedelta(minutes=1), Decimal("0.01")
#: nothing more is looked for on the account of an order that it has, or may have, and it is never sent again
_SEEN = frozenset({next_order.LISTED_LATER, next_order.TOUCHED})
_LOG = structlog.get_logger()


class Hands(Protocol):
    """What carries plans out in this process."""

    def holds(self, plan_id: int) -> bool:
        """Tell whether a plan is being carried out here and now."""
        ...

    async def call_off(self, plan_id: int) -> None:
        """Take back what works at the exchange for a plan, and write down how it ended; raises ``ExchangeError``."""
        ...

    async def has_arrived(self, plan_id: int) -> bool:
        """Tell whether the money has come for which a plan waits, and which its person alone can move; raises ``ExchangeError``."""
        ...


async def settle(move: LegAttempt, attempt: Attempt) -> float:
    """Find out what became of an order or transfer that was written down, ours or, where it can only be so, its person's."""
    by_hand = move.leg.is_transfer and wallets.is_by_hand(move.exchange)
    return await (_made_by_hand if by_hand else _settled)(move, attempt)


async def _settled(move: LegAttempt, attempt: Attempt) -> float:
    """Find out what became of an order or transfer that was written down; raises :class:`Parked` when that is impossible.

    Sending again is safe only when the exchange can no longer accept the first request, says that it has none, calls off nothing of
    this id, nothing was traded that is not known, and what the order would have changed is what it was before; and all of that once more
    after a while: each of these may lag behind the order. An exchange that left it unanswered may hide it in all of them for as long as
    it likes, and may have done so where a process of ours died before the answer: there a person is asked, but for an order that cannot
    be filled twice. Returns how long there is nothing to do but wait for that, in seconds of the clock.
    """
    if attempt.detail == next_order.NOT_SENT:
        await _send_again(move, attempt, "retried", await wallets.held(move.exchange, attempt.instrument))
        return 0.0
    if await _adopted(move, attempt):
        return 0.0
    if attempt.state != OrderState.UNKNOWN:
        await outcomes.record_unknown(move, attempt, INTERRUPTED)
        return 0.0
    pace, left = move.deps.pace, _quarantine_left_s(move, attempt)
    move.passes("quarantine")
    if left > 0:
        return 0.0 if await _stopped_unlisted(move, attempt) else min(left, pace.look_s)
    for _ in range(pace.looks):
        if await _adopted(move, attempt):
            return 0.0
        await move.deps.clock.sleep(pace.poll_pause_s)
    return await _unlisted(move, attempt)


async def _made_by_hand(move: LegAttempt, attempt: Attempt) -> float:
    """Take over a transfer that its person alone can make, or ask for it: nothing of ours is on its way. Returns as ``settle``."""
    if await _adopted(move, attempt):
        return 0.0
    if stopped := await move.stop_word():
        await outcomes.refused(move, attempt, stopped)
    elif attempt.state != OrderState.UNKNOWN:
        await outcomes.record_unknown(move, attempt, INTERRUPTED)
    else:
        raise Parked("by_hand")
    return 0.0


async def _stopped_unlisted(move: LegAttempt, attempt: Attempt) -> bool:
    """Call off at once what may rest unlisted, where nothing may be sent any more; True: something was written."""
    return attempt.detail != next_order.LISTED_LATER and bool(await move.stop_word()) and await _taken_back(move, attempt)


async def _unlisted(move: LegAttempt, attempt: Attempt) -> float:
    """Decide about what no look-up shows and can arrive no more: sent again, waited for, or its person asked. Returns as ``settle``."""
    pace, waited = move.deps.pace, (move.deps.clock.now() - attempt.sent_at).total_seconds()
    if attempt.detail != next_order.LISTED_LATER and await _taken_back(move, attempt):
        return 0.0
    untouched = attempt.detail not in _SEEN and await _untouched(move, attempt)
    if untouched and (left := await _until_sure(move, attempt)) is not None:
        return left
    if untouched and await _may_resend(move, attempt):
        await _send_again(move, attempt, RESENT, attempt.held)
        return 0.0
    if not untouched and attempt.detail not in _SEEN:
        # for good: what shows it now may be behind again at the next look
        await outcomes.record_unknown(move, attempt, TOUCHED, next_order.TOUCHED)
    elif not untouched and waited < pace.lag_s:
        return max(pace.look_s, waited / _LOOKS_A_WAIT)
    elif move.view.count(CLOSING) or (untouched and await _may_be_left(move)):
        await outcomes.abandon(move, attempt)
    else:
        raise Parked("unknown")
    return 0.0


async def _untouched(move: LegAttempt, attempt: Attempt) -> bool:
    """Tell whether the account shows nothing of an order: what it would have changed is as before, and nobody traded there since."""
    if await wallets.held(move.exchange, attempt.instrument) != attempt.held:
        return False
    if move.leg.is_transfer or not isinstance(move.exchange, TradeSource):
        return True
    known = await move.deps.scribe.traded(move.view.portfolio.id)
    return await move.exchange.traded(attempt.instrument, attempt.sent_at) <= known


async def _until_sure(move: LegAttempt, attempt: Attempt) -> float | None:
    """Return how long it takes, as ``settle``, until what is missing is missing for the second time; None: it is. The first is noted."""
    first = move.view.latest.get((MISSED, attempt.leg_index))
    if first is None or first < attempt.sent_at:
        change = Change(event=MISSED, leg_index=attempt.leg_index, detail={"client_id": attempt.client_id})
        await move.deps.scribe.write(move.view, change)
        move.passes("missed")
        return 0.0
    left = move.deps.pace.again_s - (move.deps.clock.now() - first).total_seconds()
    return min(left, move.deps.pace.look_s) if left > 0 else None


async def _may_resend(move: LegAttempt, attempt: Attempt) -> bool:
    """Tell whether what is not there may be sent once more without a person's word.

    The venue has a bound, its history goes so far, and it was not too often. After a silence only what could not be filled twice: of the
    exchange, which is a sign of trouble there, and of a process of ours that ended before the answer, because nobody knows what it was.
    """
    found_for_sure = (move.deps.clock.now() - attempt.sent_at).total_seconds() < move.exchange.found_for_s
    unanswered, interrupted = (move.view.count_of_late(event, move.leg.index) for event in (UNKNOWN, INTERRUPTED))
    few = unanswered <= RESENDS_MAX and interrupted <= INTERRUPTIONS_MAX
    bounded = move.exchange.late_window_s is not None and found_for_sure and few
    silent = unanswered or (interrupted and _may_hide(move))
    return bounded and (not silent or await _takes_all(move, attempt))


def _may_hide(move: LegAttempt) -> bool:
    """Tell whether what was sent may be there although nothing shows it; where our own books tell, what they do not show is not there."""
    return isinstance(move.exchange, TradeSource) and not (move.leg.is_transfer and move.exchange.one_wallet)


async def _may_be_left(move: LegAttempt) -> bool:
    """Tell whether a stopped plan may end: its order can arrive no more, and what the exchange hides of it is booked when it shows it."""
    return move.exchange.late_window_s is not None and await move.stop_word() in (STOPPED, BARRED)


async def _takes_all(move: LegAttempt, attempt: Attempt) -> bool:
    """Tell whether an order takes all that there was: whatever was filled of it, the exchange would refuse it a second time."""
    if attempt.held is None or move.leg.is_transfer:
        return False
    if move.leg.reduce_only:
        return attempt.qty == abs(attempt.held)
    market = (await move.exchange.markets()).get(attempt.instrument)
    return market is not None and move.leg.kind is LegKind.SPOT_SELL and attempt.held - attempt.qty < market.lot


async def _taken_back(move: LegAttempt, attempt: Attempt) -> bool:
    """Call off what may rest under this id although no look-up shows it, and write it down; True: something was written.

    A cancellation is judged where orders are matched, which never lags. False is no proof: the order may have ended before.
    """
    if move.leg.is_transfer:
        return False
    try:
        order = await move.exchange.cancel(attempt.instrument, attempt.client_id)
    except Rejected:
        return False
    except ListedLater:
        await outcomes.record_unknown(move, attempt, detail=next_order.LISTED_LATER)
        return True
    except OutcomeUnknown as trouble:
        raise Unreachable(f"cancel of {attempt.client_id}: {trouble}") from trouble
    if not is_of(order, attempt):
        return False
    await outcomes.record_answer(move, attempt, order, "adopted")
    return True


def _quarantine_left_s(move: LegAttempt, attempt: Attempt) -> float:
    """Return how long a request that was sent then may still be accepted, or be there without a look-up showing it.

    It is looked for all the time meanwhile, so that it is cancelled as soon as it is there when nothing may be sent any more.
    """
    over = attempt.sent_at + timedelta(seconds=(move.exchange.late_window_s or 0.0) + move.deps.pace.margin_s)
    return (over - move.deps.clock.now()).total_seconds()


async def _adopted(move: LegAttempt, attempt: Attempt) -> bool:
    """Take over what the exchange has under this id; a find is certain at any time."""
    if move.leg.is_transfer:
        if not await move.exchange.find_transfer(attempt.client_id):
            return False
        await outcomes.transferred(move, attempt, "adopted")
        return True
    order = await move.exchange.find(attempt.instrument, attempt.client_id)
    if order is None:
        return False
    if not is_of(order, attempt):
        _LOG.warning("order of another intention", id=attempt.client_id, side=order.side, qty=str(order.qty), at=str(order.at))
        return False
    await outcomes.record_answer(move, attempt, order, "adopted")
    return True


def is_of(order: Order, attempt: Attempt) -> bool:
    """Tell whether an order is the one that was written down: an exchange may let an id be used again once its order has ended.

    One that was rounded in silence is ours too, where it came into being when ours was sent: sent again, it would be there twice.
    """
    if order.side.value != attempt.side:
        return False
    if (order.qty, order.limit) == (attempt.qty, attempt.limit):
        return order.at is None or order.at >= attempt.sent_at - _OLDER
    limit = attempt.limit or Decimal(0)
    is_rounded = order.qty <= attempt.qty and abs(order.limit - limit) <= limit * _ROUNDING
    return is_rounded and order.at is not None and order.at >= attempt.sent_at - _ROUNDED


async def _send_again(move: LegAttempt, attempt: Attempt, event: str, held: Decimal | None) -> None:
    """Send the same order under the same id; the new time is written first, so that a crash is quarantined from it.

    ``held`` is what there is now of what it changes.
    """
    stopped = await move.deps.stop_word(move.view)
    if stopped:
        await outcomes.refused(move, attempt, stopped)
        return
    await move.refuse_forbidden()
    again = replace(attempt, state=OrderState.SUBMITTING, sent_at=move.deps.clock.now(), detail="", held=held)
    changed = replace(move.leg, state=advance(move.leg.state, LegEvent.SUBMIT))
    detail = {"client_id": attempt.client_id}
    change = Change(event=event, leg_index=changed.index, detail=detail, legs=(changed,), attempt=again, sends=True)
    await move.deps.scribe.write(move.view, change)
    move.passes(event)
    if changed.is_transfer:
        await wallets.send_transfer(replace(move, leg=changed), again)
    else:
        await orders.send(replace(move, leg=changed), again, for_sure=event != RESENT)


async def call_off(move: LegAttempt, attempt: Attempt) -> None:
    """Take an order back and write down how it ended; one that the exchange does not know stays as it is in the journal."""
    if not await _adopted(move, attempt):
        await _taken_back(move, attempt)
        return
    index = attempt.leg_index
    latest = await move.deps.scribe.view(move.view.plan.id)
    working = latest.unsettled_of(index) if latest else None
    if latest is not None and working is not None and working.state == OrderState.OPEN:
        await orders.take_back(replace(move, view=latest, leg=latest.leg(index)), working)
        after = await move.deps.scribe.view(move.view.plan.id)
        still = after.unsettled_of(index) if after else None
        if still is not None and still.state == OrderState.OPEN:
            raise Unreachable(f"{attempt.client_id} still works")


class Recovery:
    """Looks after plans from outside their workflow: once a minute, and when a person answers about a parked one."""

    def __init__(self, db: Database, work: Work, scribe: Scribe, clock: Clock, hands: Hands, shares: Shares) -> None:
        """Its plans are those of the people in ``shares``."""
        self._shares = shares
        self._db = db
        self._work = work
        self._scribe = scribe
        self._clock = clock
        self._hands = hands
        #: keys of work that was stuck at the last look
        self._stuck: frozenset[str] = frozenset()
        #: looks at plans whose orders could not be called off
        self._looks: Counter[int] = Counter()
        self._trials = Trials(scribe, clock)

    async def reconcile(self) -> tuple[int, ...]:
        """Enqueue confirmed and running plans again whose workflow is gone, failed or stuck; return their ids.

        The journal decides, whatever the durable engine lost or says. After ``REVIVALS_MAX`` times without a leg that ended in between the
        orders of the plan are called off and it is parked with a message. What was lost with its process so often that it may be what
        killed it is tried alone. A plan that cannot be looked after does not keep the others waiting. What a halt has stopped
        while its exchange could not be reached is called off as well. A plan goes on by itself when the money has come that its person
        was asked to move.
        """
        async with self._db.read() as tx:
            under_way, stopped, waiting = await plans.under_way(tx), await halt.stopped(tx), await stored_orders.parked_transfers(tx)
            whose = await plans.people_of(tx, {*under_way, *stopped, *waiting})
        revived: list[int] = []
        stuck: set[str] = set()
        for plan_id in under_way:
            with self._looking_after(plan_id, whose) as is_ours:
                if is_ours and await self._revive(plan_id, stuck):
                    revived.append(plan_id)
        self._stuck = frozenset(stuck)
        for plan_id in stopped:
            with self._looking_after(plan_id, whose) as is_ours:
                if is_ours:
                    await self._call_off(plan_id)
        for plan_id in waiting:
            with self._looking_after(plan_id, whose) as is_ours:
                if is_ours:
                    await self._go_on_with_money(plan_id)
        return tuple(revived)

    @contextmanager
    def _looking_after(self, plan_id: int, whose: Mapping[int, int]) -> Iterator[bool]:
        """Tell whether a plan is this process's; what goes wrong with it keeps no other waiting, and the next look is in a minute."""
        with contained("plan not looked after", plan=plan_id), self._shares.in_hand(whose.get(plan_id, 0)) as is_ours:
            yield is_ours

    async def _call_off(self, plan_id: int) -> None:
        try:
            await self._hands.call_off(plan_id)
        except ExchangeError as trouble:
            _LOG.warning("orders not called off", plan=plan_id, error=str(trouble))

    async def _go_on_with_money(self, plan_id: int) -> None:
        try:
            if await self._hands.has_arrived(plan_id):
                await self.carry_on(plan_id)
        except ExchangeError as trouble:
            _LOG.warning("not seen whether money was moved", plan=plan_id, error=str(trouble))

    async def _revive(self, plan_id: int, stuck: set[str]) -> bool:
        """Give a plan that nobody carries out a new workflow, or park it; stuck work is added to ``stuck``."""
        view = await self._scribe.view(plan_id)
        if view is None or self._hands.holds(plan_id):
            return False
        key = plan_key(plan_id, view.count(REVIVED))
        standing = await self._work.standing(key)
        vain = 0 if standing == Standing.ALIVE else await self._in_vain(view)
        if not await self._may_replace(view, key, standing, vain, stuck):
            return False
        if standing in (Standing.STUCK, Standing.LEFT):
            _LOG.warning("work that nobody does is replaced", plan=plan_id, key=key, standing=standing)
            await self._work.release(key)
        if vain < REVIVALS_MAX:
            return await self._enqueue(view, (PlanState.CONFIRMED, PlanState.RUNNING))
        if not await self._called_off(plan_id):
            return False
        latest = await self._scribe.view(plan_id) or view
        with suppress(IllegalMove):  # it ended by itself since it was read
            await self._scribe.write(latest, Change(event="parked", detail={"why": "broken"}, plan=PlanEvent.PARK))
        return False

    async def _may_replace(self, view: View, key: str, standing: Standing, vain: int, stuck: set[str]) -> bool:
        """Tell whether new work may take the place of this now."""
        if standing == Standing.STUCK:
            stuck.add(key)
            return key in self._stuck  # a moment between two hands looks the same: believed when it lasts until the next look
        if standing == Standing.LEFT and SUSPECT_FROM <= vain < REVIVALS_MAX:
            return await self._trials.admits(view.plan)
        return standing != Standing.ALIVE

    async def _in_vain(self, view: View) -> int:
        async with self._db.read() as tx:
            return in_vain(await events.events(tx, view.plan.id), view.plan)

    async def _called_off(self, plan_id: int) -> bool:
        """Leave no order working of a plan that nobody will look after; False: not known yet, look again."""
        try:
            await self._hands.call_off(plan_id)
        except ExchangeError as trouble:
            self._looks[plan_id] += 1
            _LOG.warning("orders not called off", plan=plan_id, looks=self._looks[plan_id], error=str(trouble))
            return self._looks[plan_id] >= LOOKS_MAX
        return True

    async def carry_on(self, plan_id: int) -> bool:
        """Let a parked plan go on: it looks again at what was unknown first. False: it was not parked, or trading is halted."""
        view = await self._scribe.view(plan_id)
        return view is not None and await self._enqueue(view, (PlanState.PARKED,), halt.LET_GO)

    async def close(self, plan_id: int) -> bool:
        """End a parked plan by a person's word: its orders are cancelled and nothing more is sent. False: it was not parked."""
        view = await self._scribe.view(plan_id)
        return view is not None and await self._enqueue(view, (PlanState.PARKED,), CLOSING)

    async def stop(self, plan_id: int, person_id: int) -> bool:
        """Stop a plan under way by a person's word: its orders are cancelled, nothing more is sent, what was filled stays.

        False: it was not under way, or was stopped before.
        """
        async with self._db.transaction() as tx:
            return await stop_plan(tx, plan_id, person_id, self._clock.now())

    async def end(self, tx: Tx, plan: Plan, person_id: int, now: datetime) -> None:
        """Stop a plan under way, or end one that stopped half-way, in the caller's transaction."""
        if plan.state == PlanState.PARKED:
            await self._enqueue_in(tx, plan, CLOSING, now)
        else:
            await stop_plan(tx, plan.id, person_id, now)

    async def bar(self, tx: Tx, portfolio_ids: Collection[int], now: datetime) -> None:
        """Stop what is under way for somebody who was blocked: open orders are cancelled, nothing more is sent, what was filled stays."""
        for plan_id in await plans.under_way(tx, portfolio_ids):
            await stop_plan(tx, plan_id, None, now, BARRING)

    async def _enqueue(self, view: View, states: tuple[PlanState, ...], event: str = "") -> bool:
        """Give a plan a new workflow, once per view: state, events and workflow in one transaction."""
        now, plan_id = self._clock.now(), view.plan.id
        await self._work.start()  # as for a Confirm
        async with self._db.transaction() as tx:
            plan = await plans.plan(tx, plan_id)
            revivals = sum(known.name == REVIVED for known in await events.events(tx, plan_id))
            if plan is None or plan.state not in states or revivals != view.count(REVIVED):
                return False
            if event == halt.LET_GO and await halt.since_for_sure(tx) is not None:
                return False
            await self._enqueue_in(tx, plan, event, now)
        return True

    async def _enqueue_in(self, tx: Tx, plan: Plan, event: str, now: datetime) -> None:
        revivals = sum(known.name == REVIVED for known in await events.events(tx, plan.id))
        if plan.state == PlanState.PARKED:
            await plans.set_state(tx, plan.id, advance(plan.state, PlanEvent.RESUME), now)
        if event:
            await events.add_event(tx, plan.id, None, event, {}, now)
        await events.add_event(tx, plan.id, None, REVIVED, {ENDED: ended(plan)}, now)
        await enqueue_plan(self._work, tx, plan, revivals + 1)


async def stop_plan(tx: Tx, plan_id: int, person_id: int | None, now: datetime, event: str = STOPPING) -> bool:
    """Stop a plan under way in the caller's transaction; whoever carries it out sees it before the next order and while one rests.

    Whether its row can be read does not matter.
    """
    if await plans.lock(tx, plan_id) not in UNDER_WAY or await events.first_of(tx, plan_id, tuple(STOPS)):
        return False
    await events.add_event(tx, plan_id, None, event, {} if person_id is None else {"person": person_id}, now)
    _LOG.info("plan stopped", plan=plan_id, event_name=event)
    return True

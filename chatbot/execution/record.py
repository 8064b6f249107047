"""What the journal knows of a plan, and the one way to add to it: state, event and message in one transaction."""

from __future__ import annotations

from dataclasses import field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from chatbot.errors import InternalError
from chatbot.execution.lifecycle import LEG_ENDS, IllegalMove, PlanEvent, advance
from chatbot.model import STOPPED, UNSETTLED, LegKind, LegState, MessageKind, PlanState, Urgency
from chatbot.store import accounts, events, halt, messages, orders, plans, portfolios
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from chatbot.clock import Clock
    from chatbot.model import Leg, Plan, Portfolio, PortfolioFigures
    from chatbot.store.database import Database, Tx
    from chatbot.store.orders import Attempt

#: the event with which a person ends a parked plan
CLOSING = "closing"
#: the event with which a person stops a plan that is under way
STOPPING = "stopping"
#: the event with which a plan under way stops because the operator has blocked its person
BARRING = "barring"
#: the event with which a new workflow takes a plan up
REVIVED = "revived"
#: the event with which the buys are cut to the money there is; in its detail what each of them may spend
SIZED, BUDGETS = "sized", "budgets"
#: the event with which the legs after spot are fitted to what was filled
REPLANNED = "replanned"
#: an answer of the exchange that never came, and a process of ours that ended before it
UNKNOWN, INTERRUPTED = "unknown", "interrupted"
#: nothing that the exchange shows knows of an order, for the first time; and something of what it would have changed has changed
MISSED, TOUCHED = "missed", "touched"
#: the leverage of a contract was set
LEVERAGE = "leverage"
#: what decisions ask about: a plan of many orders has many more events than these
COUNTED = frozenset({CLOSING, REVIVED, SIZED, REPLANNED, UNKNOWN, INTERRUPTED, MISSED, LEVERAGE, halt.LET_GO})
#: the note of a leg that ends by its person's word
CLOSED = "closed"
#: the note of a leg that ends because its person was blocked
BARRED = "barred"
#: after one of these nothing is sent any more -> the note of the legs that it cuts short
STOPS: Final = {CLOSING: CLOSED, STOPPING: STOPPED, BARRING: BARRED}
#: a share of a leg that changes nothing else: half a per cent
DUST = Decimal("0.005")
#: the note of a buy that was cut to the money that arrived
SHRUNK = "shrunk"
#: events that the person need not see: another one follows at once
_QUIET = frozenset({"open", "canceled", "unreachable", MISSED, TOUCHED, LEVERAGE})
SPOT_KINDS = (LegKind.SPOT_SELL, LegKind.TO_SPOT, LegKind.SPOT_BUY)
OVERLAY_KINDS = (LegKind.TO_FUTURES, LegKind.FUTURES_REDUCE, LegKind.FUTURES_INCREASE)


class Stopped(InternalError):
    """The plan was stopped, or trading halted, while its next order was worked out: the intention was not written down or sent."""


class Parked(InternalError):
    """The plan cannot go on without a person; ``why`` is a machine word."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One plan as the journal knows it; every decision of execution is made from this."""

    plan: Plan
    portfolio: Portfolio
    #: of the legs that have not ended, and of each leg of which one may still trade: what is final is in the legs themselves
    attempts: tuple[Attempt, ...] = ()
    #: (name, leg index) of everything that happened and is counted, in order
    happened: tuple[tuple[str, int | None], ...] = ()
    #: when each of these happened last
    latest: Mapping[tuple[str, int | None], datetime] = field(default_factory=dict)
    #: where its owner is told; None when the owner is gone
    chat_id: int | None = None

    @property
    def resumed_at(self) -> datetime | None:
        """Return when a new workflow took it up last; None: the first one still carries it out."""
        return self.latest.get((REVIVED, None))

    @property
    def unsettled(self) -> tuple[Attempt, ...]:
        """Return the orders that may still trade: one for each leg at most."""
        return tuple(attempt for attempt in self.attempts if attempt.state in UNSETTLED)

    @property
    def turn(self) -> tuple[Leg, ...]:
        """Return the legs whose turn it is: the first that has not ended and those of its kind beside it, one for each instrument."""
        found: dict[str, Leg] = {}
        for leg in self.plan.legs:
            if leg.state in LEG_ENDS:
                continue
            if found and leg.kind != next(iter(found.values())).kind:
                break
            found.setdefault(leg.instrument, leg)
        return tuple(found.values())

    @property
    def cut_short(self) -> bool:
        """Tell whether a spot leg did less than the person confirmed, by more than dust."""
        return any(leg.kind in SPOT_KINDS and fell_short(leg) for leg in self.plan.legs)

    def leg(self, index: int) -> Leg:
        """Return a leg by its index."""
        return next(leg for leg in self.plan.legs if leg.index == index)

    def unsettled_of(self, index: int) -> Attempt | None:
        """Return the order of one leg that may still trade, or None."""
        return next((attempt for attempt in self.unsettled if attempt.leg_index == index), None)

    def tries(self, index: int) -> tuple[Attempt, ...]:
        """Return the attempts of one leg, oldest first."""
        return tuple(attempt for attempt in self.attempts if attempt.leg_index == index)

    def count(self, name: str, index: int | None = None) -> int:
        """Return how often something happened to the plan or to one of its legs; only what is ``COUNTED`` may be asked for."""
        if name not in COUNTED:
            raise ValueError(f"{name} is not counted")
        return self.happened.count((name, index))

    def count_of_late(self, name: str, index: int | None = None) -> int:
        """Return the same for what happened since a person last let the parked plan go on; from the start where nobody did."""
        let_go = [number for number, happened in enumerate(self.happened) if happened == (halt.LET_GO, None)]
        return self.happened[let_go[-1] if let_go else 0 :].count((name, index))


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one move writes down."""

    #: machine word of the event
    event: str
    leg_index: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)
    #: legs with their new content
    legs: tuple[Leg, ...] = ()
    #: a new intention
    intention: Attempt | None = None
    #: what became known of an order that is in the journal already
    attempt: Attempt | None = None
    #: a move of the plan itself
    plan: PlanEvent | None = None
    #: only with FINISH
    result: PortfolioFigures | None = None
    #: something goes on the wire after it: a new intention, or an old one once more
    sends: bool = False


class Scribe:
    """Reads and writes the journal for the executor."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def view(self, plan_id: int) -> View | None:
        """Return what the journal knows; None when there is no such plan."""
        async with self._db.read() as tx:
            plan = await plans.plan(tx, plan_id)
            portfolio = await portfolios.get(tx, plan.portfolio_id) if plan else None
            if plan is None or portfolio is None:
                return None
            happened = await events.named(tx, plan_id, COUNTED)
            attempts = await orders.orders_of(tx, plan_id, [leg.index for leg in plan.legs if leg.state not in LEG_ENDS])
            chat_id = await chat_of(tx, plan, portfolio.person_id)
            return View(
                plan=plan,
                portfolio=portfolio,
                attempts=attempts,
                happened=tuple((name, leg) for name, leg, _ in happened),
                latest={(name, leg): at for name, leg, at in happened},
                chat_id=chat_id,
            )

    async def stop_word(self, plan_id: int) -> str:
        """Return why nothing more may be sent: a leg's note, or ``halt.HALTED``; empty when all is well.

        Asked of the database as it is now.
        """
        async with self._db.read() as tx:
            return await _stop_word(tx, plan_id)

    async def budget(self, plan_id: int, index: int) -> Decimal | None:
        """Return what a spot buy may spend in all, quote; None where nobody wrote it down."""
        async with self._db.read() as tx:
            sized = (await events.detail_of(tx, plan_id, SIZED)).get(BUDGETS, {})
        return Decimal(sized[str(index)]) if str(index) in sized else None

    async def attempts(self, plan_id: int) -> tuple[Attempt, ...]:
        """Return every order and transfer of a plan, those of legs that have ended too."""
        async with self._db.read() as tx:
            return await orders.orders(tx, plan_id)

    async def traded(self, portfolio_id: int) -> frozenset[str]:
        """Return the exchange's ids of the orders of a portfolio that are known to have traded."""
        async with self._db.read() as tx:
            return frozenset(one.exchange_id for one in await orders.filled(tx, portfolio_id))

    async def write(self, view: View, change: Change) -> None:
        """Write one move down: the states, the order, the event and the message about it, all or nothing.

        Raises :class:`Stopped` for a move that sends something after its plan was stopped or trading halted: neither is overlooked in
        between.
        """
        async with self._db.transaction() as tx:
            if change.sends:
                await halt.none_begins(tx)
                await plans.lock(tx, view.plan.id)
                if await _stop_word(tx, view.plan.id):
                    raise Stopped
            await self._enter(tx, view, change)

    async def finish_parked(self, view: View, change: Change) -> bool:
        """Write down the end of a plan that is parked; False, and nothing is written, when it is not any more."""
        async with self._db.transaction() as tx:
            await plans.lock(tx, view.plan.id)
            latest = await plans.plan(tx, view.plan.id)
            if latest is None or latest.state is not PlanState.PARKED:
                return False
            await self._enter(tx, view, change)
            return True

    async def _enter(self, tx: Tx, view: View, change: Change) -> None:
        now, plan_id = self._clock.now(), view.plan.id
        for leg in change.legs:
            await plans.save_leg(tx, plan_id, leg)
        if change.intention is not None:
            await orders.add_order(tx, change.intention)
        if change.attempt is not None:
            await orders.save_order(tx, change.attempt)
        if change.plan is not None:
            state = advance(view.plan.state, change.plan)
            if not await plans.set_state(tx, plan_id, state, now, change.result):
                raise IllegalMove(state, change.plan)
        event_id = await events.add_event(tx, plan_id, change.leg_index, change.event, change.detail, now)
        await self._tell(tx, view, change, event_id)

    async def _tell(self, tx: Tx, view: View, change: Change, event_id: int) -> None:
        """Post the message that this move deserves: progress is an edit without sound, results and problems always ring."""
        if view.chat_id is None or change.event in _QUIET:
            return
        plan_id = view.plan.id
        facts: dict[str, Any] = {"plan_id": plan_id}
        kind, key = MessageKind.PLAN_PROGRESS, f"progress-{plan_id}-{event_id}"
        if change.plan == PlanEvent.FINISH:
            kind, key = MessageKind.PLAN_RESULT, f"result-{plan_id}"
        elif change.plan == PlanEvent.PARK:
            kind, key = MessageKind.PLAN_PARKED, f"parked-{plan_id}-{event_id}"
            facts["why"] = change.detail.get("why", "")
        now = self._clock.now()
        # A card is drawn as it stands when it is sent: steps that still wait would only keep the result, and the next alert, waiting.
        await messages.overtake(tx, view.chat_id, f"progress-{plan_id}-", now)
        await messages.post(
            tx,
            chat_id=view.chat_id,
            kind=kind,
            facts=facts,
            key=key,
            now=now,
            urgency=Urgency.ALWAYS,
            silent=kind is MessageKind.PLAN_PROGRESS,
        )


async def _stop_word(tx: Tx, plan_id: int) -> str:
    word = await halt.stop_word(tx, plan_id, STOPS)
    return STOPS.get(word, word)


async def chat_of(tx: Tx, plan: Plan, person_id: int) -> int | None:
    """Return the chat that shows the plan, else its owner's; None when the owner is gone."""
    if plan.chat_id is not None:
        return plan.chat_id
    person = await accounts.person(tx, person_id)
    return person.chat_id if person else None


def fell_short(leg: Leg) -> bool:
    """Tell whether a leg did so much less than planned that the futures are planned again; one that the person left out has no note."""
    if leg.state == LegState.PARTIAL:
        return leg.filled < leg.qty * (1 - DUST) or leg.note == SHRUNK
    return leg.state == LegState.REJECTED or leg.note == SHRUNK or (leg.state == LegState.DROPPED and bool(leg.note))


def with_attempts(leg: Leg, attempts: Sequence[Attempt]) -> Leg:
    """Return the leg with its totals added up again from its orders, so that writing an answer twice changes nothing."""
    filled = sum((attempt.filled for attempt in attempts), Decimal(0))
    value = sum((attempt.filled * (attempt.average or Decimal(0)) for attempt in attempts), Decimal(0))
    fee = sum((attempt.fee for attempt in attempts), Decimal(0))
    average = value / filled if filled and not leg.is_transfer else None
    return replace(leg, filled=filled, average=average, fee=fee, attempts=len(attempts))

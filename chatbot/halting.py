"""Halting: the operator stops all trading of everybody at once, and lets it go on; everybody concerned is told, once each."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - a field's type
from typing import TYPE_CHECKING

import structlog

from chatbot import live_consent
from chatbot.model import AloneEnded, MessageKind, Role
from chatbot.store import accounts, halt, messages, plans, portfolios
from chatbot.values import dataclass

if TYPE_CHECKING:
    from chatbot.clock import Clock
    from chatbot.store.database import Database, Tx

_LOG = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Halted:
    """Trading is halted."""

    since: datetime
    #: False: it was already
    is_new: bool
    #: plans that are being parked, or have been
    plans: int
    #: orders that are being cancelled
    orders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LetGo:
    """Trading goes on."""

    #: since when it was halted; None: it was not
    since: datetime | None
    #: plans that now ask their person
    plans: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherHalt:
    """Nothing was done: the halt that was spoken of has ended, and another one began."""

    since: datetime


class Halting:
    """Begins and ends a halt; chat and command line use the same."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def standing(self) -> Halted | None:
        """Return the halt that stands, with the plans that wait for its end; None: trading goes on."""
        async with self._db.read() as tx:
            since = await halt.since(tx)
            return None if since is None else await _halted(tx, since, is_new=False)

    async def begin(self, by: int | None = None) -> Halted | None:
        """Stop all trading; None, and nothing is done, unless the person ``by`` is an operator. ``by`` None: the command line."""
        now = self._clock.now()
        async with self._db.transaction() as tx:
            if not await _may(tx, by):
                return None
            before = await halt.begin(tx, now)
            found = await _halted(tx, before or now, is_new=before is None)
            if found.is_new:
                await live_consent.end_alone(tx, AloneEnded.HALTED, now)
                await _tell(tx, MessageKind.TRADING_HALTED, now, now, by)
        if found.is_new:
            _LOG.warning("trading halted", by=by or "command line", plans=found.plans, orders=found.orders)
        return found

    async def end(self, by: int | None = None, *, since: datetime | None = None) -> LetGo | OtherHalt | None:
        """Let trading go on; stopped plans ask their person. None as in :meth:`begin`.

        With ``since`` only the halt that began then is ended, to the second: a button speaks of one halt.
        """
        now = self._clock.now()
        async with self._db.transaction() as tx:
            if not await _may(tx, by):
                return None
            stands = await halt.since(tx)
            if since is not None and stands is not None and int(stands.timestamp()) != int(since.timestamp()):
                return OtherHalt(since=stands)
            before = await halt.end(tx)
            if before is None:
                return LetGo(since=None)
            stopped = await halt.stopped(tx)
            await _tell(tx, MessageKind.TRADING_LET_GO, before, now, by)
            for plan_id in stopped:
                await _ask(tx, plan_id, now)
        _LOG.warning("trading goes on", by=by or "command line", plans=len(stopped))
        return LetGo(since=before, plans=len(stopped))


async def _may(tx: Tx, by: int | None) -> bool:
    person = await accounts.person(tx, by) if by is not None else None
    return by is None or (person is not None and person.role is Role.OPERATOR)


async def _halted(tx: Tx, since: datetime, *, is_new: bool) -> Halted:
    count, orders = await halt.reach(tx)
    return Halted(since=since, is_new=is_new, plans=count, orders=orders)


async def _tell(tx: Tx, kind: MessageKind, since: datetime, now: datetime, by: int | None) -> None:
    """Tell everybody concerned but the operator who did it, who is answered."""
    for person in await halt.concerned(tx):
        if person.id != by:
            facts = {"since": since.isoformat(), "at": now.isoformat()}
            await messages.ring(tx, person.chat_id, kind, facts, key=f"{kind}-{since.isoformat()}-{person.id}", now=now)


async def _ask(tx: Tx, plan_id: int, now: datetime) -> None:
    """Show a stopped plan again, with the question whether it goes on."""
    plan = await plans.plan(tx, plan_id)
    portfolio = await portfolios.get(tx, plan.portfolio_id) if plan else None
    person = await accounts.person(tx, portfolio.person_id) if portfolio else None
    if plan is not None and person is not None:
        facts = {"plan_id": plan_id, "why": halt.HALTED}
        key = f"asks-{plan_id}-{now.isoformat()}"
        await messages.ring(tx, plan.chat_id or person.chat_id, MessageKind.PLAN_PARKED, facts, key=key, now=now)

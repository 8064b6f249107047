"""A message from the operator to everybody: written, looked at, then sent a slice at a time, last in line, until it is done or taken back.

How far it is stands in the database, in one row: a process that is killed goes on where it stood, and nobody gets it twice by that.
"""

from __future__ import annotations

from dataclasses import field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import structlog

from chatbot.alerts import quiet_hours
from chatbot.model import MessageKind, Role
from chatbot.store import accounts, codec, messages
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.clock import Clock
    from chatbot.store.database import Database, Tx

#: messages of a broadcast that wait in the outbox at most, and are written in one transaction: what waits there is soon gone
SLICE = 50
#: the fact of the program in which it stands
FACT = "broadcast"
_LOG = structlog.get_logger()


class Stage(StrEnum):
    """How far a broadcast is."""

    #: its operator looks at it
    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"


#: what can be taken back, and keeps another one from beginning
UNDER_WAY = (Stage.RUNNING, Stage.PAUSED)
#: which stages a word of the operator leads from
_FROM = {Stage.RUNNING: (Stage.DRAFT, Stage.PAUSED), Stage.PAUSED: (Stage.RUNNING,), Stage.CANCELLED: (Stage.DRAFT, *UNDER_WAY)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Broadcast:
    """One broadcast."""

    #: microseconds since 1970 of its draft: buttons speak of one broadcast
    id: int
    #: the operator, who does not get it
    by: int
    #: by language; "": for those whose language is not among them
    texts: dict[str, str] = field(default_factory=dict)
    stage: Stage = Stage.DRAFT
    #: how many people were to get it when it was written
    people: int = 0
    #: everybody with a number up to this one has been written to
    after: int = 0

    def text(self, language: str) -> str:
        """Return what somebody with this language reads."""
        return (
            self.texts.get(language) or self.texts.get(language.partition("_")[0]) or self.texts.get("") or next(iter(self.texts.values()))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A broadcast and what became of its messages."""

    broadcast: Broadcast
    sent: int = 0
    #: people who are gone, or whose message was refused
    lost: int = 0


class Broadcasts:
    """Keeps the one broadcast that there is; only an operator may do anything with it."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def draft(self, by: int, texts: Mapping[str, str]) -> Progress | None:
        """Write a broadcast down to be looked at; where one is under way, return that one, unchanged. None: not by an operator."""
        async with self._db.transaction() as tx:
            if not await _may(tx, by):
                return None
            found = await _stored(tx)
            if found is None or found.stage not in UNDER_WAY:
                number = codec.to_micros(self._clock.now())
                found = Broadcast(id=number, by=by, texts=dict(texts), people=await accounts.count_let_in(tx) - 1)
                await _store(tx, found)
            return await _progress(tx, found)

    async def move(self, by: int, number: int, to: Stage) -> Progress | None:
        """Begin, pause, carry on or take back the broadcast with this number; None: not by an operator, or it is not as it was any more."""
        now = self._clock.now()
        async with self._db.transaction() as tx:
            found = await _stored(tx)
            if found is None or found.id != number or found.stage not in _FROM[to] or not await _may(tx, by):
                return None
            moved = replace(found, stage=to)
            await _store(tx, moved)
            if to is Stage.CANCELLED:
                await messages.drop_kind(tx, MessageKind.BROADCAST, now, detail="taken back")
            else:
                await messages.let_wait(tx, MessageKind.BROADCAST, now, waits=to is Stage.PAUSED)
            _LOG.warning("broadcast", number=number, stage=to, by=by)
            return await _progress(tx, moved)

    async def standing(self) -> Progress | None:
        """Return the last broadcast and how far it is; None where there was none."""
        async with self._db.read() as tx:
            found = await _stored(tx)
            return None if found is None else await _progress(tx, found)

    async def carry_on(self) -> None:
        """Write the next slice of messages once those of the last are on their way; at the end tell the operator."""
        async with self._db.read() as tx:
            found = await _stored(tx)
        if found is None or found.stage is not Stage.RUNNING:
            return
        async with self._db.transaction() as tx:
            found = await _stored(tx)
            if found is not None and found.stage is Stage.RUNNING:
                await self._next(tx, found)

    async def _next(self, tx: Tx, found: Broadcast) -> None:
        now, waiting = self._clock.now(), await messages.waiting(tx, MessageKind.BROADCAST)
        people = await accounts.let_in_after(tx, found.after, SLICE - waiting) if waiting < SLICE else ()
        for person in people:
            if person.id != found.by:
                is_quiet = quiet_hours.ends(person.alerts, person.zone, now) is not None
                key, facts = f"{_prefix(found)}{person.id}", {"broadcast": found.id}
                kind = MessageKind.BROADCAST
                await messages.post(tx, chat_id=person.chat_id, kind=kind, facts=facts, key=key, now=now, silent=is_quiet)
        if people:
            await _store(tx, replace(found, after=people[-1].id))
        elif not waiting:
            await _store(tx, replace(found, stage=Stage.DONE))
            key = f"{_prefix(found)}done"
            await messages.ring(tx, found.by, MessageKind.BROADCAST_DONE, {"broadcast": found.id}, key=key, now=now)
            _LOG.warning("broadcast", number=found.id, stage=Stage.DONE)


def _prefix(found: Broadcast) -> str:
    return f"broadcast-{found.id}-"


async def _may(tx: Tx, by: int) -> bool:
    person = await accounts.person(tx, by)
    return person is not None and person.role is Role.OPERATOR


async def _stored(tx: Tx) -> Broadcast | None:
    stored = await accounts.meta(tx, FACT)
    try:
        return None if stored is None else codec.decode(Broadcast, stored)
    except ValueError:
        _LOG.exception("the broadcast cannot be read; nothing more of it is sent")
        return None


async def _store(tx: Tx, found: Broadcast) -> None:
    await accounts.set_meta(tx, FACT, codec.encode(found))


async def _progress(tx: Tx, found: Broadcast) -> Progress:
    sent, lost = await messages.ended(tx, MessageKind.BROADCAST, _prefix(found))
    return Progress(broadcast=found, sent=sent, lost=lost)

"""Who may use this bot: deny by default, pair the operator by a one-time code, let the operator approve the rest."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from chatbot.model import MessageKind, Person, Role, Urgency
from chatbot.store import accounts, messages

if TYPE_CHECKING:
    from datetime import datetime

    from chatbot.clock import Clock
    from chatbot.store.database import Database, Tx

_CODE = "pairing_code"


class Gate(StrEnum):
    """What the gate says to somebody."""

    OPEN = "open"
    #: no operator yet: the one-time code from the log is asked for
    PAIR = "pair"
    #: the code was right: this person is the operator now
    PAIRED = "paired"
    #: the operator was just asked
    ASKED = "asked"
    #: the operator has not answered yet
    WAITING = "waiting"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Who knocked and what the gate says."""

    person: Person
    gate: Gate


class Access:
    """The door; every update passes it before a handler sees it."""

    def __init__(self, db: Database, clock: Clock, operators: frozenset[int]) -> None:
        self._db = db
        self._clock = clock
        self._operators = operators

    async def pairing_code(self) -> str | None:
        """Return the code that makes its first sender the operator, or None when there is an operator."""
        async with self._db.transaction() as tx:
            if self._operators or await accounts.people(tx, Role.OPERATOR):
                return None
            code = await accounts.meta(tx, _CODE)
            if not code:
                code = secrets.token_hex(4)
                await accounts.set_meta(tx, _CODE, code)
            return code

    async def enter(self, user_id: int, chat_id: int, name: str, language: str, text: str) -> Entry:
        """Return the person behind an update, known or new, and whether they may come in."""
        async with self._db.transaction() as tx:
            person = await accounts.person(tx, user_id)
            known = person or Person(id=user_id, chat_id=chat_id, name=name, language=language)
            if user_id in self._operators and known.role != Role.OPERATOR:
                known = replace(known, role=Role.OPERATOR)
            known = replace(known, chat_id=chat_id, name=name or known.name, unreachable=False)
            gate, known = await self._judge(tx, known, text)
            if known != person:
                await accounts.save_person(tx, known)
            return Entry(person=known, gate=gate)

    async def _judge(self, tx: Tx, person: Person, text: str) -> tuple[Gate, Person]:
        if person.role in (Role.OPERATOR, Role.MEMBER):
            return Gate.OPEN, person
        if person.role == Role.BLOCKED:
            return Gate.BLOCKED, person
        # A private chat has the id of its person, so an operator from the settings can be asked before ever writing to the bot.
        chats = {operator: operator for operator in self._operators}
        chats |= {operator.id: operator.chat_id for operator in await accounts.people(tx, Role.OPERATOR)}
        if not chats:
            return await self._pair(tx, person, text)
        now = self._clock.now()
        asked = [await _ask(tx, operator_id, chat_id, person, now) for operator_id, chat_id in chats.items()]
        return Gate.ASKED if any(asked) else Gate.WAITING, person

    async def _pair(self, tx: Tx, person: Person, text: str) -> tuple[Gate, Person]:
        code = await accounts.meta(tx, _CODE)
        given = text.removeprefix("/start").strip()
        if not code or not secrets.compare_digest(given.encode(), code.encode()):
            return Gate.PAIR, person
        await accounts.set_meta(tx, _CODE, "")
        return Gate.PAIRED, replace(person, role=Role.OPERATOR)

    async def decide(self, operator: Person, user_id: int, role: Role) -> Person | None:
        """Approve or block somebody; only an operator may, and nobody changes an operator. None: not done."""
        async with self._db.transaction() as tx:
            person = await accounts.person(tx, user_id)
            if operator.role != Role.OPERATOR or person is None or person.role == Role.OPERATOR:
                return None
            decided = replace(person, role=role)
            await accounts.save_person(tx, decided)
            if role == Role.MEMBER and person.role != Role.MEMBER:
                await messages.post(
                    tx,
                    chat_id=person.chat_id,
                    kind=MessageKind.ACCESS_GRANTED,
                    facts={"person_id": person.id},
                    key=f"granted-{person.id}-{self._clock.now().isoformat()}",
                    urgency=Urgency.ALWAYS,
                    silent=False,
                    now=self._clock.now(),
                )
            return decided

    async def reached(self, user_id: int, *, reachable: bool) -> None:
        """Note whether somebody can be written to: they blocked the bot, or let it in again."""
        async with self._db.transaction() as tx:
            person = await accounts.person(tx, user_id)
            if person is not None:
                await accounts.save_person(tx, replace(person, unreachable=not reachable))

    async def everybody(self) -> tuple[Person, ...]:
        """Return everybody who ever wrote to the bot."""
        async with self._db.read() as tx:
            return await accounts.people(tx)

    async def save(self, person: Person) -> None:
        """Store changed settings of a person."""
        async with self._db.transaction() as tx:
            await accounts.save_person(tx, person)


async def _ask(tx: Tx, operator_id: int, chat_id: int, person: Person, now: datetime) -> bool:
    """Ask an operator about somebody; False when that was asked before."""
    return await messages.post(
        tx,
        chat_id=chat_id,
        kind=MessageKind.ACCESS_REQUEST,
        facts={"person_id": person.id, "name": person.name},
        key=f"access-{operator_id}-{person.id}",
        urgency=Urgency.ALWAYS,
        silent=False,
        now=now,
    )

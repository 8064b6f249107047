"""Who may use this bot: deny by default, pair the operator by a one-time code, let the operator approve the rest."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import structlog

from chatbot.model import MessageKind, Person, Role, Urgency
from chatbot.store import accounts, messages

if TYPE_CHECKING:
    from chatbot.clock import Clock
    from chatbot.store.database import Database, Tx

_CODE = "pairing_code"
#: the code's length in bytes, and how long it may be used
_CODE_BYTES, _CODE_LASTS = 10, timedelta(hours=1)
#: after so many wrong tries the code is void, and pairing is closed for a while
TRIES_MAX, CLOSED_FOR = 5, timedelta(minutes=15)


_LOG = structlog.get_logger()


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pairing:
    """The one-time code and what was tried with it."""

    code: str
    #: when a new code takes its place; of a void one, when pairing opens again
    until: datetime
    wrong: int = 0

    @property
    def is_closed(self) -> bool:
        return self.wrong >= TRIES_MAX

    @classmethod
    def from_text(cls, stored: str | None) -> _Pairing | None:
        """Read what is stored; None for nothing, and for a code of an older version, which had no end."""
        try:
            facts = json.loads(stored or "")
            return cls(code=str(facts["code"]), until=datetime.fromisoformat(facts["until"]), wrong=int(facts["wrong"]))
        except (ValueError, TypeError, KeyError):
            return None

    def to_text(self) -> str:
        return json.dumps({"code": self.code, "until": self.until.isoformat(), "wrong": self.wrong})


class Access:
    """The door; every update passes it before a handler sees it."""

    def __init__(self, db: Database, clock: Clock, operators: frozenset[int]) -> None:
        self._db = db
        self._clock = clock
        self._operators = operators

    async def pairing_code(self) -> str | None:
        """Return the code that makes its first sender the operator, a new one when the last has run out.

        Empty while pairing is closed after too many wrong tries; None when there is an operator.
        """
        async with self._db.transaction() as tx:
            if self._operators or await accounts.people(tx, Role.OPERATOR):
                return None
            now = self._clock.now()
            pairing = _Pairing.from_text(await accounts.meta(tx, _CODE))
            if pairing is None or pairing.until <= now:
                pairing = _Pairing(code=secrets.token_hex(_CODE_BYTES), until=now + _CODE_LASTS)
                await accounts.set_meta(tx, _CODE, pairing.to_text())
            return "" if pairing.is_closed else pairing.code

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
        """Let the sender of the code in as the operator; every other answer is the same, whatever was wrong with it."""
        now, given = self._clock.now(), text.removeprefix("/start").strip()
        pairing = _Pairing.from_text(await accounts.meta(tx, _CODE))
        if pairing is None or pairing.is_closed or pairing.until <= now:
            return Gate.PAIR, person
        if secrets.compare_digest(given.encode(), pairing.code.encode()):
            await accounts.set_meta(tx, _CODE, "")
            return Gate.PAIRED, replace(person, role=Role.OPERATOR)
        if _is_try(text, given):
            pairing = replace(pairing, wrong=pairing.wrong + 1)
            if pairing.is_closed:
                pairing = replace(pairing, until=now + CLOSED_FOR)
                _LOG.warning("pairing closed after wrong tries", until=pairing.until.isoformat())
            await accounts.set_meta(tx, _CODE, pairing.to_text())
        return Gate.PAIR, person

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


def _is_try(text: str, given: str) -> bool:
    """Tell whether somebody tries a code, and not only says hello: one word with a figure in it, or any after ``/start``."""
    return len(given.split()) == 1 and (text.startswith("/start") or any(letter.isdigit() for letter in given))


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

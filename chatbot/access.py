"""Who may use this bot: deny by default, pair the operator by a one-time code, let the operator approve the rest."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

import structlog

from chatbot.clock import UNKNOWN_ZONE, UTC_ZONE
from chatbot.model import MessageKind, Person, Role, Urgency
from chatbot.store import accounts, messages, portfolios
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

    from chatbot.clock import Clock
    from chatbot.store.database import Database, Tx

_CODE = "pairing_code"
#: who was named in the settings at the last start
_NAMED = "named_operators"
#: so many questions about strangers in this time come at once; further ones wait and are put together
_ASK_MAX, _ASK_SPAN, _ASK_PAUSE = 3, timedelta(hours=1), timedelta(minutes=10)
#: strangers that one question keeps by name; the rest is counted, and /users shows everybody
_NAMED_MAX = 30
#: the code's length in bytes, and how long it may be used
_CODE_BYTES, _CODE_LASTS = 10, timedelta(hours=1)
#: after so many wrong tries the code is void, and pairing is closed for a while
TRIES_MAX, CLOSED_FOR = 5, timedelta(minutes=15)


#: people on a page of the list
PAGE = 30
_LOG = structlog.get_logger()


#: ends what is under way in somebody's portfolios, in the caller's transaction
Barred: TypeAlias = "Callable[[Tx, Collection[int], datetime], Awaitable[None]]"


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
    #: they became operator with this update, or were one until now
    new_role: bool = False


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


def _named(stored: str | None, present: set[int]) -> frozenset[int]:
    """Return whom the settings named at an earlier start; where that cannot be read, whoever is operator may have been named."""
    try:
        named = json.loads(stored or "[]")
        if isinstance(named, list) and all(isinstance(one, int) for one in named):
            return frozenset(named)
    except (ValueError, RecursionError):
        pass
    _LOG.warning("who was operator by the settings cannot be read; without CHATBOT_OPERATOR_IDS nobody stays operator")
    return frozenset(present)


class Access:
    """The door; every update passes it before a handler sees it."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        operators: frozenset[int],
        *,
        barred: Barred,
        changed: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._operators = operators
        #: told of the portfolios of somebody who was blocked
        self._barred = barred
        #: told of each portfolio whose owner was let in or kept out
        self._changed = changed
        #: who was operator until this start
        self.dismissed: tuple[Person, ...] = ()

    async def settle(self) -> None:
        """Bring the roles in line with the settings; to be called once, before anybody is served.

        Where the settings name operators, nobody else is one. Where they name none, whoever was named before is one no more, and who was
        paired by the code stays.
        """
        async with self._db.transaction() as tx:
            present = await accounts.people(tx, Role.OPERATOR)
            named = _named(await accounts.meta(tx, _NAMED), {person.id for person in present})
            self.dismissed = tuple(
                replace(person, role=Role.MEMBER)
                for person in present
                if person.id not in self._operators and (self._operators or person.id in named)
            )
            for person in self.dismissed:
                await accounts.change_person(tx, person.id, role=Role.MEMBER)
            if named != self._operators:
                await accounts.set_meta(tx, _NAMED, json.dumps(sorted(self._operators)))

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
        """Return the person behind an update, known or new, and whether they may come in.

        Whoever comes in as ever waits for no writer: on a SQLite file there is one at a time, and a check of very many may be it.
        """
        person = await self.known(user_id)
        if person is not None and person.is_let_in and not _changes(person, self._seen(person, chat_id, name)):
            return Entry(person=person, gate=Gate.OPEN, new_role=False)
        async with self._db.transaction() as tx:
            person = await accounts.person(tx, user_id)
            if person is None:
                person = Person(id=user_id, chat_id=chat_id, name=name, language=language)
                await accounts.add_person(tx, person)
            facts = self._seen(person, chat_id, name)
            gate = await self._judge(tx, replace(person, **facts), text)
            if gate is Gate.PAIRED:
                facts["role"] = Role.OPERATOR
            if changes := _changes(person, facts):
                await accounts.change_person(tx, user_id, **changes)
            return Entry(person=replace(person, **facts), gate=gate, new_role="role" in changes)

    def _seen(self, person: Person, chat_id: int, name: str) -> dict[str, Any]:
        """Return what is known of a person who has just written."""
        facts: dict[str, Any] = {"chat_id": chat_id, "name": name or person.name, "unreachable": False}
        if person.id in self._operators:
            facts["role"] = Role.OPERATOR
        elif self._operators and person.role is Role.OPERATOR:
            facts["role"] = Role.MEMBER
        return facts

    async def known(self, user_id: int) -> Person | None:
        """Return somebody as they are stored; None for a stranger."""
        async with self._db.read() as tx:
            return await accounts.person(tx, user_id)

    async def is_open(self, user_id: int) -> bool:
        """Tell whether somebody may use the bot at this moment."""
        person = await self.known(user_id)
        return person is not None and person.is_let_in

    async def _judge(self, tx: Tx, person: Person, text: str) -> Gate:
        if person.is_let_in:
            return Gate.OPEN
        if person.role is Role.BLOCKED:
            return Gate.BLOCKED
        # A private chat has the id of its person, so an operator from the settings can be asked before ever writing to the bot.
        chats = {operator: operator for operator in self._operators}
        chats |= {operator.id: operator.chat_id for operator in await accounts.people(tx, Role.OPERATOR)}
        if not chats:
            return await self._pair(tx, text)
        now = self._clock.now()
        asked = [await _ask(tx, operator_id, chat_id, person, now) for operator_id, chat_id in chats.items()]
        return Gate.ASKED if any(asked) else Gate.WAITING

    async def _pair(self, tx: Tx, text: str) -> Gate:
        """Let the sender of the code in as the operator; every other answer is the same, whatever was wrong with it."""
        now, given = self._clock.now(), text.removeprefix("/start").strip()
        # held, or two who send it at the same moment would both be let in, and wrong tries not all be counted
        pairing = _Pairing.from_text(await accounts.held_meta(tx, _CODE))
        if pairing is None or pairing.is_closed or pairing.until <= now:
            return Gate.PAIR
        if secrets.compare_digest(given.encode(errors="replace"), pairing.code.encode()):
            await accounts.set_meta(tx, _CODE, "")
            return Gate.PAIRED
        if _is_try(text, given):
            pairing = replace(pairing, wrong=pairing.wrong + 1)
            if pairing.is_closed:
                pairing = replace(pairing, until=now + CLOSED_FOR)
                _LOG.warning("pairing closed after wrong tries", until=pairing.until.isoformat())
            await accounts.set_meta(tx, _CODE, pairing.to_text())
        return Gate.PAIR

    async def decide(self, operator: Person, user_id: int, role: Role, shown: str | None = None) -> Person | None:
        """Approve or block somebody; only who is an operator now may, and nobody changes an operator. None: not done.

        Whoever is blocked is not traded for: a plan of theirs that is under way stops where it is.

        Somebody who is no longer what they were ``shown`` as was decided about meanwhile: they are returned as they are, unchanged.
        """
        async with self._db.transaction() as tx:
            deciding, person = await accounts.person(tx, operator.id), await accounts.person(tx, user_id)
            if deciding is None or deciding.role is not Role.OPERATOR or person is None or person.role is Role.OPERATOR:
                return None
            if shown is not None and person.role != shown:
                return person
            await accounts.change_person(tx, user_id, role=role)
            theirs = await portfolios.of_person(tx, user_id)
            if role is Role.BLOCKED:
                await messages.drop_chat(tx, person.chat_id, self._clock.now(), "blocked")
                await self._barred(tx, [portfolio.id for portfolio in theirs], self._clock.now())
            if role is Role.MEMBER and person.role is not Role.MEMBER:
                now = self._clock.now()
                key = f"granted-{person.id}-{now.isoformat()}"
                await messages.ring(tx, person.chat_id, MessageKind.ACCESS_GRANTED, {"person_id": person.id}, key=key, now=now)
        for portfolio in theirs:
            self._changed(portfolio.id)
        return replace(person, role=role)

    async def reached(self, user_id: int, *, reachable: bool) -> None:
        """Note whether somebody can be written to: they blocked the bot, or let it in again."""
        async with self._db.transaction() as tx:
            await accounts.change_person(tx, user_id, unreachable=not reachable)

    async def everybody(self) -> tuple[Person, ...]:
        """Return everybody who ever wrote to the bot."""
        async with self._db.read() as tx:
            return await accounts.people(tx)

    async def page(self, number: int) -> tuple[tuple[Person, ...], int]:
        """Return a page of everybody who ever wrote to the bot, who still asks first, and how many people there are."""
        async with self._db.read() as tx:
            people = await accounts.page_of_people(tx, number * PAGE, PAGE)
            return people, sum((await accounts.count_roles(tx)).values())

    async def speak(self, person: Person, language: str) -> Person:
        """Store the language that a person has chosen."""
        async with self._db.transaction() as tx:
            await accounts.change_person(tx, person.id, language=language)
        return replace(person, language=language)

    async def live_in(self, person: Person, zone: str) -> Person:
        """Store the time zone that a person has chosen; UTC by the name that says that it was chosen."""
        zone = UTC_ZONE if zone == UNKNOWN_ZONE else zone
        async with self._db.transaction() as tx:
            await accounts.change_person(tx, person.id, zone=zone)
        return replace(person, zone=zone)


def _changes(person: Person, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of these is not as it is stored."""
    return {name: value for name, value in facts.items() if getattr(person, name) != value}


def _is_try(text: str, given: str) -> bool:
    """Tell whether somebody tries a code, and not only says hello: one word with a figure in it, or any after ``/start``."""
    return len(given.split()) == 1 and (text.startswith("/start") or any(letter.isdigit() for letter in given))


async def _ask(tx: Tx, operator_id: int, chat_id: int, person: Person, now: datetime) -> bool:
    """Ask an operator about somebody; False when that was asked before.

    Those who ask while an earlier question still waits are asked about together, and after a few questions in an hour the next ones
    wait, so that strangers cannot fill an operator's chat.
    """
    key = f"access-{operator_id}-{person.id}"
    if await messages.is_known(tx, key):
        return False
    waiting, sent = await messages.merge(tx, chat_id, MessageKind.ACCESS_REQUEST, now, now - _ASK_SPAN)
    asking = [one for message in waiting for one in message.facts.get("people", ())]
    return await messages.post(
        tx,
        chat_id=chat_id,
        kind=MessageKind.ACCESS_REQUEST,
        facts={"people": [*asking, person.id][:_NAMED_MAX], "count": sum(message.facts.get("count", 1) for message in waiting) + 1},
        key=key,
        urgency=Urgency.ALWAYS,
        now=now,
        not_before=min([message.not_before for message in waiting], default=now if sent < _ASK_MAX else now + _ASK_PAUSE),
    )

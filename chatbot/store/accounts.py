"""People, what they are in the middle of saying, and the few facts that the program itself remembers."""

from __future__ import annotations

from dataclasses import fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from sqlalchemy import Text, bindparam, case, delete, false, func, or_, select, type_coerce, update

from chatbot.clock import UNKNOWN_ZONE
from chatbot.model import LET_IN, AlertSettings, Person, Rhythm, Role
from chatbot.store import tables
from chatbot.store.codec import decode, encode, readable_facts
from chatbot.store.writing import chunks, put, put_all, put_new

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import Row

    from chatbot.store.database import Tx

log = structlog.get_logger()

_people, _meta, _dialogs = tables.people.c, tables.meta.c, tables.dialogs.c
# asked at every message: a statement that is written once costs half of one that is built each time
_WITH_ID = select(tables.people).where(_people.id == bindparam("one"))
_WITH_IDS = select(tables.people).where(_people.id.in_(bindparam("ids", expanding=True)))
_WITH_REVIEWS = (
    select(tables.people)
    .where(or_(*(_people.alerts.contains(f'"review":"{rhythm.value}"', autoescape=True) for rhythm in (Rhythm.WEEK, Rhythm.MONTH))))
    .order_by(_people.id)
)
_REACHED = (_people.role.in_(list(LET_IN)), _people.unreachable == false())
_FACT = select(_meta.value).where(_meta.key == bindparam("one"))
_HELD_FACT = _FACT.with_for_update()
# what was said is read apart: a row in which it cannot be leaves its person nothing said, and everybody else unharmed
_SAID = type_coerce(_dialogs.data, Text).label("said")
_IN_DIALOG = select(_dialogs.person_id, _SAID).where(_dialogs.name == bindparam("named"))
_OF_THESE_IN_DIALOG = _IN_DIALOG.where(_dialogs.person_id.in_(bindparam("ids", expanding=True)))
_DIALOG = select(_dialogs.name, _SAID).where(_dialogs.person_id == bindparam("one"))
_HOLDING = select(_people.id).where(_people.id == bindparam("one")).with_for_update()
_LEAVING = delete(tables.dialogs).where(_dialogs.person_id == bindparam("one")).returning(_dialogs.name)


async def person(tx: Tx, person_id: int) -> Person | None:
    """Return the person with this Telegram user id, or None."""
    row = (await tx.execute(_WITH_ID, {"one": person_id})).one_or_none()
    return None if row is None else _person(row)


async def hold(tx: Tx, person_id: int) -> None:
    """Keep others from changing what this person has until the transaction ends; SQLite has one writer at a time anyway."""
    await tx.execute(_HOLDING, {"one": person_id})


async def people_of(tx: Tx, ids: Collection[int]) -> dict[int, Person]:
    """Return many people by id; whoever is unknown is left out."""
    found: dict[int, Person] = {}
    for chunk in chunks(ids):
        rows = await tx.execute(_WITH_IDS, {"ids": chunk})
        found |= {row.id: _person(row) for row in rows}
    return found


async def add_person(tx: Tx, newcomer: Person) -> bool:
    """Write a new person down; False, and nothing changes, when they are known."""
    row = {field.name: getattr(newcomer, field.name) for field in fields(newcomer)}
    return await put_new(tx, tables.people, row | {"alerts": encode(newcomer.alerts)})


async def change_person(tx: Tx, person_id: int, **columns: Any) -> None:  # noqa: ANN401 - fields of Person
    """Write some facts of a person and leave all others as they are.

    There is no way to write a whole person: what was read in an earlier transaction may have been decided otherwise since, and a block
    must not be lifted by somebody's new time zone.
    """
    if "alerts" in columns:
        columns["alerts"] = encode(columns["alerts"])
    await tx.execute(update(tables.people).where(_people.id == person_id).values(columns))


async def people(tx: Tx, role: Role | None = None) -> tuple[Person, ...]:
    """Return everybody, or everybody with this role, by id."""
    query = select(tables.people).order_by(_people.id)
    if role is not None:
        query = query.where(_people.role == role)
    return tuple(map(_person, await tx.execute(query)))


async def page_of_people(tx: Tx, start: int, count: int) -> tuple[Person, ...]:
    """Return so many people from that place on: who waits for an answer stands first, then all by id."""
    asking_first = case((_people.role == Role.PENDING, 0), else_=1)
    return tuple(map(_person, await tx.execute(select(tables.people).order_by(asking_first, _people.id).offset(start).limit(count))))


async def let_in_after(tx: Tx, after: int, limit: int) -> tuple[Person, ...]:
    """Return the next people by id who may use the bot and can be written to."""
    query = select(tables.people).where(*_REACHED, _people.id > after).order_by(_people.id).limit(limit)
    return tuple(map(_person, await tx.execute(query)))


async def count_let_in(tx: Tx) -> int:
    """Return how many people may use the bot and can be written to."""
    return (await tx.execute(select(func.count()).select_from(tables.people).where(*_REACHED))).scalar_one()


async def count_roles(tx: Tx) -> dict[Role, int]:
    """Return how many people there are of each role."""
    found = await tx.execute(select(_people.role, func.count().label("many")).group_by(_people.role))
    return {Role(row.role): row.many for row in found}


async def with_reviews(tx: Tx) -> tuple[Person, ...]:
    """Return everybody to whom reviews come by themselves, by id."""
    return tuple(map(_person, await tx.execute(_WITH_REVIEWS)))


async def mark_unreachable(tx: Tx, chat_id: int) -> None:
    """Note that whoever owns this chat blocked the bot or is gone."""
    await tx.execute(update(tables.people).where(_people.chat_id == chat_id).values(unreachable=True))


async def meta(tx: Tx, key: str) -> str | None:
    """Return a fact of the program itself (pairing code, button key), or None when it was never set."""
    found: str | None = (await tx.execute(_FACT, {"one": key})).scalar_one_or_none()
    return found


async def held_meta(tx: Tx, key: str) -> str | None:
    """Return the same, as it is once nobody else changes it: who reads it like this meanwhile waits for the end of ``tx``."""
    found: str | None = (await tx.execute(_HELD_FACT, {"one": key})).scalar_one_or_none()
    return found


async def metas(tx: Tx, prefix: str) -> dict[str, str]:
    """Return the facts whose names begin with ``prefix``, by what stands behind it."""
    facts = tables.meta.c
    rows = await tx.execute(select(facts.key, facts.value).where(facts.key.startswith(prefix, autoescape=True)))
    return {row.key.removeprefix(prefix): row.value for row in rows}


async def set_meta(tx: Tx, key: str, value: str) -> None:
    """Remember a fact of the program itself."""
    await put(tx, tables.meta, {"key": key, "value": value})


async def set_metas(tx: Tx, facts: Mapping[str, str]) -> None:
    """Remember several facts of the program itself."""
    await put_all(tx, tables.meta, [{"key": key, "value": value} for key, value in facts.items()])


async def dialog(tx: Tx, person_id: int) -> tuple[str, dict[str, Any]] | None:
    """Return the name of the dialog that a person is in and what was said so far, or None."""
    row = (await tx.execute(_DIALOG, {"one": person_id})).one_or_none()
    return None if row is None else (row.name, readable_facts(row.said))


async def dialogs(tx: Tx, name: str, people: Collection[int] | None = None) -> tuple[tuple[int, dict[str, Any]], ...]:
    """Return everybody who is in a dialog, or everybody of these, with what was said so far."""
    wanted = {"named": name} | ({} if people is None else {"ids": list(people)})
    rows = await tx.execute(_IN_DIALOG if people is None else _OF_THESE_IN_DIALOG, wanted)
    return tuple((row.person_id, readable_facts(row.said)) for row in rows)


async def set_dialog(tx: Tx, person_id: int, name: str, data: Mapping[str, Any]) -> None:
    """Begin a dialog, or note how far it is; a person is in one at a time."""
    await put(tx, tables.dialogs, {"person_id": person_id, "name": name, "data": dict(data)})


async def clear_dialog(tx: Tx, person_id: int) -> str | None:
    """Leave the dialog and return its name; None when there was none."""
    left: str | None = (await tx.execute(_LEAVING, {"one": person_id})).scalar_one_or_none()
    return left


def _person(row: Row[Any]) -> Person:
    read = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    return Person(**read | {"role": Role(row.role), "alerts": _alerts(row.alerts), "zone": _zone(row.zone)})


@lru_cache(maxsize=256)
def _zone(stored: str) -> str:
    """Return a person's zone; what is none is not known, and every time of day then says that it is UTC's."""
    try:
        return ZoneInfo(stored).key
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        log.exception("time zone of a person cannot be read", stored=str(stored)[:40])
        return UNKNOWN_ZONE


@lru_cache(maxsize=256)
def _alerts(stored: str | None) -> AlertSettings:
    """Read what a person wants to hear; most people have chosen nothing. What cannot be read is no choice either: everything rings."""
    try:
        return AlertSettings() if stored is None else decode(AlertSettings, stored)
    except ValueError:
        log.exception("alert settings cannot be read; everything rings")
        return AlertSettings()

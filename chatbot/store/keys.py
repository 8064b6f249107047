"""Exchange keys: one sealed text a row, and beside it what may be shown of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from chatbot.errors import contained
from chatbot.model import ExchangeKey, KeyReport
from chatbot.store import tables
from chatbot.store.codec import decode, encode, reads

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Row

    from chatbot.store.database import Tx

_keys = tables.keys.c
_LISTED = select(tables.keys).order_by(_keys.id)


async def add(tx: Tx, person_id: int, exchange: str, shown: str, report: KeyReport, seal: Callable[[int], str]) -> ExchangeKey:
    """Write a key down; ``seal`` is given the number of its row, to which the seal is bound, and returns the sealed text."""
    row: dict[str, Any] = {"person_id": person_id, "exchange": exchange, "shown": shown, "added_at": report.at}
    adding = insert(tables.keys).values(**row, sealed="", report=encode(report)).returning(_keys.id)
    number: int = (await tx.execute(adding)).scalar_one()
    await put_sealed(tx, number, seal(number))
    return ExchangeKey(id=number, report=report, **row)


async def put_sealed(tx: Tx, key_id: int, sealed: str, *, instead_of: str | None = None) -> int:
    """Write the sealed text of a key, and nothing else of it; empty: nobody can open it any more.

    With ``instead_of`` it is written only where that is there still; return how many rows were changed.
    """
    still = () if instead_of is None else (_keys.sealed == instead_of,)
    return (await tx.execute(update(tables.keys).where(_keys.id == key_id, *still).values(sealed=sealed))).rowcount


async def renew(tx: Tx, key: ExchangeKey, sealed: str) -> None:
    """Write another key of the same account in the place of one, or the same with a newer secret."""
    values = {"shown": key.shown, "sealed": sealed, "report": encode(key.report)}
    await tx.execute(update(tables.keys).where(_keys.id == key.id).values(**values))


async def put_report(tx: Tx, key_id: int, report: KeyReport) -> None:
    """Note what the exchange says of a key now."""
    await tx.execute(update(tables.keys).where(_keys.id == key_id).values(report=encode(report)))


@reads("key")
async def of_person(tx: Tx, person_id: int) -> tuple[tuple[ExchangeKey, str], ...]:
    """Return the keys of a person with their seals, oldest first."""
    return tuple(map(_read, await tx.execute(_LISTED.where(_keys.person_id == person_id))))


async def every(tx: Tx) -> tuple[tuple[ExchangeKey, str], ...]:
    """Return all keys with their seals, oldest first; one that cannot be read is logged and left out, and stops nothing of the others."""
    found = []
    for number in (await tx.execute(select(_keys.id).order_by(_keys.id))).scalars().all():
        with contained("exchange key cannot be read", key=number):
            found.append(_read((await tx.execute(_LISTED.where(_keys.id == number))).one()))
    return tuple(found)


@reads("key")
async def report_of(tx: Tx, key_id: int) -> KeyReport | None:
    """Return what an exchange said of a key last; None where the key is gone, or nobody can open it."""
    row = (await tx.execute(select(_keys.sealed, _keys.report).where(_keys.id == key_id))).one_or_none()
    return decode(KeyReport, row.report) if row is not None and row.sealed else None


@reads("key")
async def one(tx: Tx, person_id: int, key_id: int) -> tuple[ExchangeKey, str] | None:
    """Return a person's key with its seal; None where it is not theirs, or not there."""
    row = (await tx.execute(_LISTED.where(_keys.id == key_id, _keys.person_id == person_id))).one_or_none()
    return None if row is None else _read(row)


async def remove(tx: Tx, person_id: int, key_id: int) -> bool:
    """Delete a person's key, seal and all; False where it was not there."""
    gone = await tx.execute(delete(tables.keys).where(_keys.id == key_id, _keys.person_id == person_id))
    return bool(gone.rowcount)


def _read(row: Row[Any]) -> tuple[ExchangeKey, str]:
    read = dict(row._mapping)  # noqa: SLF001 - public name for a row as a mapping
    sealed = read.pop("sealed")
    if not isinstance(sealed, str):
        raise TypeError(f"the seal of key {row.id} is no text")
    return ExchangeKey(**read | {"report": decode(KeyReport, row.report), "is_lost": not sealed}), sealed

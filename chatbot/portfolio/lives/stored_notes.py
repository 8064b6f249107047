"""What is noted of each instrument: written down as one fact of the program, read back at the next start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from chatbot.store import accounts
from chatbot.store.codec import decode, encode, from_plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.store.database import Database

log = structlog.get_logger()

T = TypeVar("T")


def fact(name: str, quote: str) -> str:
    """Return the name of a fact about the markets of a quote coin, which is empty for the usual one."""
    return f"{name} {quote}" if quote else name


async def read(db: Database, key: str, kind: type[T]) -> dict[str, T]:
    """Return what an earlier process wrote down of each instrument.

    What cannot be read counts as nothing, one instrument at a time, and stops no start.
    """
    async with db.read() as tx:
        text = await accounts.meta(tx, key)
    try:
        noted = decode(dict[str, Any], text) if text else {}
    except ValueError:
        log.warning("notes of instruments cannot be read", fact=key)
        return {}
    found: dict[str, T] = {}
    for name, plain in noted.items():
        try:
            found[name] = from_plain(kind, plain)
        except (ValueError, TypeError):
            log.warning("what is noted of an instrument cannot be read", fact=key, instrument=name[:40])
    return found


async def write(db: Database, noted: Mapping[str, Mapping[str, object]], also: Mapping[str, str]) -> None:
    """Write down what is noted now, by the name of the fact, and other facts; all in one transaction, and none where there is nothing."""
    facts = {key: encode(of_each) for key, of_each in noted.items()} | dict(also)
    if facts:
        async with db.transaction() as tx:
            await accounts.set_metas(tx, facts)

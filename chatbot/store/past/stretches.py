"""The past of real markets, stretch by stretch, so that an exchange is asked for each of them once; it is nobody's, and stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from chatbot.store import tables
from chatbot.values import dataclass

if TYPE_CHECKING:
    from datetime import datetime

    from chatbot.store.database import Tx

_rows = tables.history.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Whose past it is: ``market`` is the exchange with the quote coin, ``kind`` 1h, 1d, funding or mood."""

    market: str
    instrument: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What is kept of one stretch, known up to ``through``; ``body`` is as whoever keeps it wrote it."""

    through: datetime
    body: bytes


async def stretches(tx: Tx, series: Series, first: int, last: int) -> dict[int, Stretch]:
    """Return what is kept of the stretches from ``first`` to ``last``, by number."""
    rows = select(_rows.stretch, _rows.through, _rows.body).where(
        _rows.market == series.market,
        _rows.instrument == series.instrument,
        _rows.kind == series.kind,
        _rows.stretch.between(first, last),
    )
    return {row.stretch: Stretch(through=row.through, body=row.body) for row in await tx.execute(rows)}


async def keep(tx: Tx, series: Series, number: int, stretch: Stretch) -> None:
    """Keep a stretch in place of what was kept of it before."""
    key = {"market": series.market, "instrument": series.instrument, "kind": series.kind, "stretch": number}
    await tx.execute(delete(tables.history).where(*(tables.history.c[name] == value for name, value in key.items())))
    await tx.execute(insert(tables.history).values(**key, through=stretch.through, body=stretch.body))

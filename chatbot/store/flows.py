"""What returns are told by: what portfolios were worth when a day began, and what came from outside and left. Rows are only appended."""

from __future__ import annotations

from datetime import date, datetime  # noqa: TC003 - fields' types
from decimal import Decimal  # noqa: TC003 - a field's type
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, insert, literal_column, select, union_all

from chatbot.model import Flow, FlowKind, Mark
from chatbot.store import tables
from chatbot.store.codec import decode, encode, reads
from chatbot.store.writing import put_all
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from sqlalchemy import CompoundSelect, Row, Select

    from chatbot.store.database import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a portfolio was worth when a day began, of its market by its person's zone, as far as anybody looked."""

    day: date
    #: by the clock of its person; None: an older version did not keep it
    at: datetime | None
    value: Decimal
    #: None: an older version did not keep it, or it was not asked for
    mark: Mark | None = None


_flows, _values = tables.flows.c, tables.values.c
_MARKED = select(tables.values).where(_values.portfolio_id == bindparam("portfolio")).order_by(_values.day)
_OF_PORTFOLIO = select(tables.flows).where(_flows.portfolio_id == bindparam("portfolio")).order_by(_flows.id)


async def add(tx: Tx, flow: Flow) -> Flow:
    """Append a flow and return it with its id; the id that it came with is ignored."""
    row = {name: getattr(flow, name) for name in ("portfolio_id", "at", "kind", "value", "amount", "facts")}
    number: int = (await tx.execute(insert(tables.flows).values(row).returning(_flows.id))).scalar_one()
    return _flow((await tx.execute(select(tables.flows).where(_flows.id == number))).one())


@reads("flow")
async def get(tx: Tx, flow_id: int) -> Flow | None:
    """Return a flow, or None."""
    row = (await tx.execute(select(tables.flows).where(_flows.id == flow_id))).one_or_none()
    return None if row is None else _flow(row)


@reads("flow")
async def latest(tx: Tx, portfolio_id: int) -> Flow | None:
    """Return the last flow of a portfolio; None: there never was one."""
    query = select(tables.flows).where(_flows.portfolio_id == portfolio_id).order_by(_flows.id.desc()).limit(1)
    row = (await tx.execute(query)).one_or_none()
    return None if row is None else _flow(row)


@reads("flow")
async def of_portfolio(tx: Tx, portfolio_id: int) -> tuple[Flow, ...]:
    """Return the flows of a portfolio, oldest first."""
    return tuple(map(_flow, await tx.execute(_OF_PORTFOLIO, {"portfolio": portfolio_id})))


@reads("value")
async def openings(tx: Tx, portfolio_id: int, days: Sequence[date]) -> tuple[Opening | None, ...]:
    """Return for each day of the person the first value that was taken on it or after it; None: there is none."""
    given = {"portfolio": portfolio_id} | {f"day{at}": day for at, day in enumerate(days)}
    rows = {row.at_day: row for row in await tx.execute(_openings(len(days)), given)}
    return tuple(Opening(day=row.day, at=row.at, value=row.value) if (row := rows.get(at)) is not None else None for at in range(len(days)))


@lru_cache(maxsize=8)
def _openings(count: int) -> CompoundSelect[Any]:
    """Return the question for so many days, written once: it is asked with every /status."""
    return union_all(*(select(_first_from(at).subquery()) for at in range(count)))


def _first_from(at: int) -> Select[Any]:
    mine = _values.portfolio_id == bindparam("portfolio")
    found = select(literal_column(str(at)).label("at_day"), _values.day, _values.at, _values.value).where(mine)
    return found.where(_values.day >= bindparam(f"day{at}", type_=_values.day.type)).order_by(_values.day).limit(1)


@reads("value")
async def marked(tx: Tx, portfolio_id: int) -> tuple[Opening, ...]:
    """Return every opening value of a portfolio with its mark, oldest first."""
    return tuple(
        Opening(day=row.day, at=row.at, value=row.value, mark=None if row.mark is None else decode(Mark, row.mark))
        for row in await tx.execute(_MARKED, {"portfolio": portfolio_id})
    )


async def record_values(tx: Tx, values: Iterable[tuple[int, Opening]]) -> None:
    """Write what portfolios were worth when a day began, as (portfolio, value); only the first of a day counts."""
    rows = [
        {
            "portfolio_id": portfolio_id,
            "day": opening.day,
            "at": opening.at,
            "value": opening.value,
            "mark": None if opening.mark is None else encode(opening.mark),
        }
        for portfolio_id, opening in values
    ]
    await put_all(tx, tables.values, rows, replace=False)


def _flow(row: Row[Any]) -> Flow:
    return Flow(**{**row._mapping, "kind": FlowKind(row.kind)})  # noqa: SLF001 - public name for a row as a mapping

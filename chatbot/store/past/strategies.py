"""How a portfolio was to be looked after, and since when: what came of it is judged by the strategy that it had then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from chatbot.model import Strategy, StrategySince
from chatbot.store import tables
from chatbot.store.codec import decode, encode, reads
from chatbot.store.writing import put

if TYPE_CHECKING:
    from datetime import datetime

    from chatbot.store.database import Tx

_rows = tables.strategies.c
_OF_PORTFOLIO = select(_rows.since, _rows.strategy).where(_rows.portfolio_id == bindparam("portfolio")).order_by(_rows.since)


async def note(tx: Tx, portfolio_id: int, strategy: Strategy, now: datetime) -> None:
    """Write down that a portfolio has this strategy from now on; of several in one moment the last counts."""
    await put(tx, tables.strategies, {"portfolio_id": portfolio_id, "since": now, "strategy": encode(strategy)})


@reads("strategy")
async def of_portfolio(tx: Tx, portfolio_id: int) -> tuple[StrategySince, ...]:
    """Return the strategies that a portfolio has had, oldest first; the first one may be older than is known."""
    rows = await tx.execute(_OF_PORTFOLIO, {"portfolio": portfolio_id})
    return tuple(StrategySince(at=row.since, strategy=decode(Strategy, row.strategy)) for row in rows)

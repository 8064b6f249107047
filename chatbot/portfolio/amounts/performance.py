"""What a portfolio made of its money: today, in the last 30 days, and since its first value; time-weighted (domain 9.15)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from chatbot.engine.flows import Moment, Returns, time_weighted
from chatbot.model import Performance
from chatbot.store import flows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from chatbot.model import Flow
    from chatbot.store.database import Tx
    from chatbot.store.flows import Opening

_MONTH: Final = timedelta(days=30)


async def read(tx: Tx, portfolio_id: int, zone: str, market_now: datetime, value: Decimal | None) -> Performance:
    """Return what was earned up to now, at which the portfolio is worth ``value``; None: nobody knows. Days are those of its market."""
    day = market_now.astimezone(ZoneInfo(zone)).date()
    first, month, today = await flows.openings(tx, portfolio_id, (date.min, day - _MONTH, day))
    if first is None:
        return Performance()
    moved = await flows.of_portfolio(tx, portfolio_id)
    month = month if first.day <= day - _MONTH else None
    total = _earned(first, moved, zone, value)
    return Performance(
        today=_earned(today, moved, zone, value).total if today is not None else None,
        month=_earned(month, moved, zone, value).total if month is not None else None,
        is_a_month_old=month is not None,
        total=total.total,
        profit=total.profit,
        since=_midnight(first.day, zone),
    )


def _earned(opening: Opening, moved: Sequence[Flow], zone: str, value: Decimal | None) -> Returns:
    """Return what was earned since an opening value; what moved before it is part of that value."""
    begun = _begun(opening, zone)
    # where nothing came and nobody knows the value, there is nothing to link
    told = [flow for flow in moved if flow.at >= begun and (flow.amount != 0 or flow.value is not None)]
    between = [Moment(value=flow.value, flows=(flow.amount,)) for flow in told]
    return time_weighted((Moment(value=opening.value), *between, Moment(value=value)))


def _begun(opening: Opening, zone: str) -> datetime:
    return opening.at or _midnight(opening.day, zone)


def _midnight(day: date, zone: str) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))

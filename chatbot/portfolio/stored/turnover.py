"""What a portfolio has traded today, by the clock of its person: what the daily limit of auto counts."""

from __future__ import annotations

from datetime import datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from chatbot.model import Cause, Mode
from chatbot.portfolio.turnover import traded
from chatbot.store import accounts, plans

if TYPE_CHECKING:
    from chatbot.model import Portfolio
    from chatbot.store.database import Tx


async def today(tx: Tx, portfolio_id: int, zone: str, now: datetime) -> Decimal:
    """Return what a portfolio has traded since midnight of its person, quote, whoever confirmed it; plans under way count in full.

    The purchase with which a portfolio begins is not counted: it would use up every limit of its first day.
    """
    since = datetime.combine(now.astimezone(ZoneInfo(zone)).date(), time(), ZoneInfo(zone))
    carried_out = await plans.carried_out(tx, portfolio_id, since)
    return sum((traded(plan) for plan in carried_out if all(reason.trigger is not Cause.START for reason in plan.reasons)), Decimal(0))


async def with_real_money_today(tx: Tx, portfolio: Portfolio, now: datetime, *, beside: int | None = None) -> Decimal:
    """Return what its plans have traded since midnight, or may still trade, quote, all but ``beside``; 0 where no real money is in it.

    /panic is not counted: it is held to no limit, and uses none up.
    """
    person = await accounts.person(tx, portfolio.person_id) if portfolio.mode is Mode.LIVE else None
    if person is None:
        return Decimal(0)
    zone = ZoneInfo(person.zone)
    since = datetime.combine(now.astimezone(zone).date(), time(), zone)
    counted = [plan for plan in await plans.carried_out(tx, portfolio.id, since) if plan.id != beside and not plan.is_panic]
    return sum(map(traded, counted), Decimal(0))

"""What a plan that waits would realise if it were carried out now: the books, written on by its legs."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from chatbot.exchanges.base import is_perp
from chatbot.model import LegState
from chatbot.reports.tax.books import books, known
from chatbot.reports.tax.entries import BookKind, Entry
from chatbot.values import dataclass

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from chatbot.model import Leg, Plan
    from chatbot.reports.tax.entries import Journal

_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a plan would realise after its fees, quote, as the report would then tell it: first in, first out."""

    #: gains less losses of coins, as far as their cost is known; None: of none of them it is
    coins: Decimal | None = _ZERO
    #: of futures, the fees of new ones among them, as far as their entry is known; None: of none it is
    futures: Decimal | None = _ZERO
    #: proceeds of what it would sell at a cost that nobody knows
    unknown: Decimal = _ZERO
    #: trades of futures at an entry that nobody knows
    unknown_futures: int = 0
    #: it sells a coin, or trades a contract
    realises: bool = False


def expected(journal: Journal, plan: Plan, now: datetime, zone: tzinfo) -> Expected:
    """Book what a plan has yet to trade at the prices that it was valued at, after everything that has happened."""
    legs = [leg for leg in plan.legs if not leg.is_transfer and leg.state is not LegState.DROPPED and leg.qty > leg.filled]
    whole = sum((leg.notional for leg in legs), _ZERO)
    coming = [_entry(journal.quote, leg, plan.fees * leg.notional / whole if whole else _ZERO, now) for leg in legs]
    told = books(replace(journal, entries=(*journal.entries, *coming)), zone)
    ours = {id(entry) for entry in coming}
    rows = [row for row in told.rows if id(row.entry) in ours]
    sold = [row for row in rows if row.entry.kind is BookKind.SELL]
    futures = [row for row in rows if row.entry.kind is BookKind.FUTURES]
    return Expected(
        coins=known([row.gain for row in sold]),
        futures=known([row.gain for row in futures]),
        unknown=sum((row.proceeds or _ZERO for row in sold if row.gain is None), _ZERO),
        unknown_futures=sum(row.gain is None for row in futures),
        realises=bool(sold or futures),
    )


def _entry(quote: str, leg: Leg, fee: Decimal, now: datetime) -> Entry:
    """Return a leg as the entry that it would become."""
    sells = leg.side == "sell"
    kind = BookKind.FUTURES if is_perp(leg.instrument) else BookKind.SELL if sells else BookKind.BUY
    qty = leg.qty - leg.filled
    return Entry(
        at=now, kind=kind, instrument=leg.instrument, qty=-qty if sells else qty, price=leg.price, fees={quote: fee} if fee else {}
    )

"""The books of a portfolio: each entry with what was paid for it and what it realised, first in, first out; sums by year."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from chatbot.engine.exact import exact, to_decimal
from chatbot.engine.review.cost_basis import Lots
from chatbot.engine.review.futures_gain import Positions
from chatbot.exchanges.base import is_perp
from chatbot.reports.tax.entries import BookKind
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import date, datetime, tzinfo

    from chatbot.engine.review.cost_basis import Realised
    from chatbot.reports.tax.entries import Entry, Journal

_ZERO: Final = Decimal(0)
_SOLD: Final = frozenset({BookKind.SELL, BookKind.WRITTEN_OFF})
_TRADED: Final = frozenset({BookKind.BUY, BookKind.SELL, BookKind.FUTURES})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a report: an entry, or one part of a sale, of one lot."""

    entry: Entry
    #: signed base units of this part
    qty: Decimal
    #: |qty| at the price, quote; None: unknown
    value: Decimal | None
    #: fees at the prices of the moment, quote, on the first part of a sale; None: unknown
    fee: Decimal | None = None
    #: when the lot came in that was sold; None: nobody knows, or nothing was sold
    acquired: datetime | None = None
    #: what the lot had cost, or what a purchase cost, fees included; None: unknown, or nothing was paid
    cost: Decimal | None = None
    #: of a sale after its fee; None: nothing was sold
    proceeds: Decimal | None = None
    #: what was realised after fees, quote; None: unknown, or nothing was
    gain: Decimal | None = None
    #: something was realised
    realises: bool = False
    #: the fee of a trade that was paid in a coin of its own, which was sold by that; above 0 a rebate that came in so
    is_fee: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class YearSum:
    """What a year of the person came to, quote."""

    year: int
    #: gains less losses of coins that were sold, as far as their cost is known; None: of none of them it is
    coins: Decimal | None = _ZERO
    #: realised by futures after fees, as far as it is known; None: nothing of it is
    futures: Decimal | None = _ZERO
    funding: Decimal = _ZERO
    #: interest, rebates and airdrops at the prices of their moments, as far as those are known; None: none is
    income: Decimal | None = _ZERO
    #: as far as they are known
    fees: Decimal = _ZERO
    trades: int = 0
    #: proceeds of what was sold at a cost that nobody knows
    unknown: Decimal = _ZERO
    #: trades of futures of which nobody knows what they realised, and fees of which nobody knows the worth
    unknown_trades: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """All rows since the beginning, and the sums of each year."""

    quote: str
    rows: tuple[Row, ...] = ()
    years: tuple[YearSum, ...] = ()
    funding_unknown: bool = False


@dataclass(slots=True)
class _Open:
    """What the books hold while they are written."""

    quote: str
    lots: Lots = field(default_factory=Lots)
    positions: Positions = field(default_factory=Positions)


def books(journal: Journal, zone: tzinfo) -> Books:
    """Write the books of a journal; years are those of the person's zone."""
    held = _Open(journal.quote)
    rows = tuple(row for entry in journal.entries for row in _rows(held, entry))
    return Books(quote=journal.quote, rows=rows, years=_years(rows, zone), funding_unknown=journal.funding_unknown)


def within(told: Books, first: date, last: date, zone: tzinfo) -> Books:
    """Return the rows and years of a period, both days included; what was paid before it is known all the same."""
    rows = tuple(row for row in told.rows if first <= row.entry.at.astimezone(zone).date() <= last)
    return replace(told, rows=rows, years=_years(rows, zone))


def known(amounts: Collection[Decimal | None]) -> Decimal | None:
    """Return the sum of what is known; None where that is nothing, or comes to nothing, and there is more."""
    total = _total(amounts)
    return None if None in amounts and not total else total


def _rows(held: _Open, entry: Entry) -> list[Row]:
    fee = _fee(held.quote, entry)
    plain = Row(entry=entry, qty=entry.qty, value=entry.value, fee=fee)
    if entry.kind is BookKind.FUNDING:
        return [replace(plain, gain=entry.qty, realises=True)]
    if entry.kind is BookKind.INCOME:
        return _earned(held, plain)
    if entry.instrument == held.quote or not (entry.qty or entry.kind is BookKind.POSITION):
        return [plain]
    book = _futures if is_perp(entry.instrument) else _BOOK[entry.kind]
    return [*book(held, plain), *_coin_fees(held, entry)]


def _came(held: _Open, row: Row) -> list[Row]:
    """Note a purchase or a deposit; a fee in the coin itself makes less of it for the same money."""
    entry = row.entry
    got = entry.qty - entry.fees.get(entry.instrument, _ZERO)
    paid = None if row.value is None else row.value + entry.fees.get(held.quote, _ZERO) + (_others(held, entry) or _ZERO)
    if got > 0:
        held.lots.came(entry.instrument, got, paid, entry.at)
    return [replace(row, cost=paid)]


def _earned(held: _Open, row: Row) -> list[Row]:
    """Note what was paid by the exchange: it is worth its price from then on."""
    entry = row.entry
    if entry.instrument != held.quote:
        (_came if entry.qty > 0 else _left)(held, row)
    gain = None if row.value is None else row.value.copy_sign(entry.qty)
    return [replace(row, cost=gain if entry.qty > 0 else None, gain=gain, realises=True)]


def _sold(held: _Open, row: Row) -> list[Row]:
    """Sell from the oldest lots: one row a lot, the fee on the first of them."""
    entry, value = row.entry, row.value
    if value is None:
        held.lots.left(entry.instrument, -entry.qty)
        return [replace(row, realises=True)]
    got = value - entry.fees.get(held.quote, _ZERO) - (_others(held, entry) or _ZERO)
    parts = held.lots.sold(entry.instrument, -entry.qty, got, entry.at)
    return [replace(_part(row, part), fee=row.fee if at == 0 else _ZERO) for at, part in enumerate(parts)]


def _left(held: _Open, row: Row) -> list[Row]:
    """Let the oldest lots go with what they cost: nothing was sold."""
    held.lots.left(row.entry.instrument, -row.entry.qty)
    return [row]


def _renamed(held: _Open, row: Row) -> list[Row]:
    """Let every lot go on under the new name."""
    if row.entry.to_qty:
        held.lots.renamed(row.entry.instrument, row.entry.to, to_decimal(exact(row.entry.to_qty) / -exact(row.entry.qty)))
    return [row]


def _part(row: Row, part: Realised) -> Row:
    price = row.entry.price or _ZERO
    return replace(
        row,
        qty=-part.qty,
        value=part.qty * price,
        acquired=part.acquired,
        cost=part.cost,
        proceeds=part.proceeds,
        gain=part.gain,
        realises=True,
    )


def _futures(held: _Open, row: Row) -> list[Row]:
    entry = row.entry
    if entry.kind is BookKind.POSITION:
        held.positions.stands(entry.instrument, entry.qty, entry.price)
        return [row]
    if entry.price is None:
        held.positions.stands(entry.instrument, held.positions.qty(entry.instrument) + entry.qty, None)
        return [replace(row, realises=True)]
    gain = held.positions.traded(entry.instrument, entry.qty, entry.price)
    fees = entry.fees.get(held.quote, _ZERO) + (_others(held, entry) or _ZERO)
    return [replace(row, gain=None if gain is None else gain - fees, realises=True)]


def _coin_fees(held: _Open, entry: Entry) -> list[Row]:
    """Sell the coin that a fee was paid in, at the price of the moment; a fee in the coin that was bought is no sale.

    A rebate, which is a fee below 0, comes in at that price.
    """
    rows = []
    for coin, fee in entry.fees.items():
        if coin == held.quote or not fee or (coin == entry.instrument and entry.kind is BookKind.BUY):
            continue
        if fee < 0:
            came = replace(entry, kind=BookKind.BUY, instrument=coin, qty=-fee, price=entry.fee_prices.get(coin), fees={})
            rows += [replace(row, is_fee=True) for row in _came(held, Row(entry=came, qty=-fee, value=came.value, fee=_ZERO))]
            continue
        paid = replace(entry, kind=BookKind.SELL, instrument=coin, qty=-fee, price=entry.fee_prices.get(coin), fees={})
        rows += [replace(row, is_fee=True) for row in _sold(held, Row(entry=paid, qty=-fee, value=paid.value, fee=_ZERO))]
    return rows


def _fee(quote: str, entry: Entry) -> Decimal | None:
    """Return all fees of an entry, quote; None where the price of their coin is unknown."""
    if any(coin != quote and coin not in entry.fee_prices for coin in entry.fees):
        return None
    return sum((fee if coin == quote else fee * entry.fee_prices[coin] for coin, fee in entry.fees.items()), _ZERO)


def _others(held: _Open, entry: Entry) -> Decimal | None:
    """Return the fees in a coin that is neither the quote coin nor the one that was bought, quote; None: unknown."""
    named = {coin: fee for coin, fee in entry.fees.items() if coin != held.quote}
    if entry.kind is BookKind.BUY:
        named.pop(entry.instrument, None)
    return _fee(held.quote, replace(entry, fees=named))


def _years(rows: Iterable[Row], zone: tzinfo) -> tuple[YearSum, ...]:
    found: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.entry.at.astimezone(zone).year].append(row)
    return tuple(_year(year, theirs) for year, theirs in sorted(found.items()))


def _year(year: int, rows: list[Row]) -> YearSum:
    futures = [row for row in rows if row.entry.kind is BookKind.FUTURES and is_perp(row.entry.instrument)]
    sold = [row for row in rows if row.entry.kind in _SOLD and row.realises]
    earned = [row for row in rows if row.entry.kind is BookKind.INCOME]
    return YearSum(
        year=year,
        coins=known([row.gain for row in sold]),
        futures=known([row.gain for row in futures]),
        funding=_total(row.gain for row in rows if row.entry.kind is BookKind.FUNDING),
        income=known([row.gain for row in earned]),
        fees=_total(row.fee for row in rows),
        trades=len({id(row.entry) for row in rows if row.entry.kind in _TRADED and not row.is_fee}),
        unknown=_total(row.proceeds for row in sold if row.gain is None),
        unknown_trades=sum(row.gain is None and row.proceeds is None and not row.is_fee for row in (*futures, *sold, *earned))
        + sum(row.fee is None for row in rows),
    )


#: by what happened to a coin
_BOOK: Final = {
    BookKind.BUY: _came,
    BookKind.DEPOSIT: _came,
    BookKind.OPENING: _came,
    BookKind.SELL: _sold,
    BookKind.WRITTEN_OFF: _sold,
    BookKind.WITHDRAWAL: _left,
    BookKind.RENAMED: _renamed,
}


def _total(numbers: Iterable[Decimal | None]) -> Decimal:
    return sum((number for number in numbers if number is not None), _ZERO)

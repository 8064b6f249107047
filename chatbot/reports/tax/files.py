"""A report as CSV: our own columns with every lot, and the columns that Koinly and CoinTracker import.

The columns of both are those that the two publish: Koinly's "Universal" template (support.koinly.io, "How to create a custom CSV file with
your data") and CoinTracker's own format (support.cointracker.io, "Convert your transaction history to CoinTracker CSV"). Both work out the
cost basis themselves from everything since the beginning, so a file of one year is for somebody who has imported the years before.
"""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from chatbot.exchanges.base import is_perp
from chatbot.reports.tax.entries import BookKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatbot.reports.tax.books import Books, Row
    from chatbot.reports.tax.entries import Entry

#: a cell that starts so would be run as a formula by a spreadsheet
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_LONGEST: Final = 80
_SEVERAL: Final = 2
#: what is told with its worth: what came and went, and what was earned
_AT_ITS_WORTH: Final = ("", "reward", "cost")

OURS: Final = (
    "time_utc",
    "kind",
    "plan",
    "instrument",
    "quantity",
    "price_usd",
    "value_usd",
    "fee",
    "fee_coin",
    "fee_usd",
    "acquired_utc",
    "cost_usd",
    "proceeds_usd",
    "gain_usd",
    "note",
)
KOINLY: Final = (
    "Date",
    "Sent Amount",
    "Sent Currency",
    "Received Amount",
    "Received Currency",
    "Fee Amount",
    "Fee Currency",
    "Net Worth Amount",
    "Net Worth Currency",
    "Label",
    "Description",
    "TxHash",
)
COINTRACKER: Final = (
    "Date",
    "Received Quantity",
    "Received Currency",
    "Sent Quantity",
    "Sent Currency",
    "Fee Amount",
    "Fee Currency",
    "Tag",
)


class Format(StrEnum):
    """Who reads the file."""

    OURS = "ours"
    KOINLY = "koinly"
    COINTRACKER = "cointracker"


def written(told: Books, to: Format) -> str:
    """Return a file: exact numbers, UTC times, no thousands marks, English column names."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if to is Format.OURS:
        writer.writerow(OURS)
        writer.writerows(_ours(row) for row in told.rows)
    elif to is Format.KOINLY:
        writer.writerow(KOINLY)
        writer.writerows(_koinly(move) for move in _moves(told))
    else:
        writer.writerow(COINTRACKER)
        writer.writerows(_cointracker(move) for move in _moves(told))
    return out.getvalue()


def harmless(cell: str) -> str:
    """Return a text that no spreadsheet takes for a formula, on one line and short; numbers are not passed through here."""
    text = " ".join(cell.split())[:_LONGEST]
    return f"'{text}" if text.startswith(_FORMULA) or cell[:1] in ("\t", "\r", "\n") else text


def plain(number: Decimal | None) -> str:
    """Write a number exactly, without an exponent; empty where it is unknown."""
    return "" if number is None else f"{number:f}"


def _ours(row: Row) -> list[str]:
    entry = row.entry
    fees = {} if row.fee == 0 else dict(entry.fees)
    note = ("fee" if row.qty < 0 else "rebate") if row.is_fee else "cost unknown" if row.realises and row.gain is None else ""
    note = f"now {plain(entry.to_qty)} {entry.to}" if entry.kind is BookKind.RENAMED else note
    return [
        entry.at.strftime("%Y-%m-%d %H:%M:%S"),
        entry.kind.value,
        "" if entry.plan is None else str(entry.plan),
        harmless(entry.instrument),
        plain(row.qty),
        plain(entry.price),
        plain(row.value),
        " ".join(plain(fee) for fee in fees.values()),
        harmless(" ".join(fees)),
        plain(row.fee),
        "" if row.acquired is None else row.acquired.strftime("%Y-%m-%d %H:%M:%S"),
        plain(row.cost),
        plain(row.proceeds),
        plain(row.gain),
        harmless(note),
    ]


class _Move:
    """One line of a tracker's file: what was sent, what was received, what was paid for it."""

    def __init__(self, row: Row, sent: tuple[Decimal, str] | None, received: tuple[Decimal, str] | None, word: str = "") -> None:
        self.row = row
        self.sent = sent
        self.received = received
        #: "gain", "loss", "lost", "swap", "reward", "cost" or nothing
        self.word = word
        fees = [] if word in ("gain", "loss") else _fees(row.entry)
        money = {part[1] for part in (sent, received) if part is not None and part[1] != row.entry.instrument}
        #: of several the one in the money itself is part of the amount
        self.fees = fees if len(fees) < _SEVERAL else [fee for fee in fees if fee[1] not in money]


def _moves(told: Books) -> list[_Move]:
    """Return the lines that trackers want: one a trade, futures as what they realised after fees, nothing of what is unknown."""
    found: list[_Move] = []
    seen: set[int] = set()
    for row in told.rows:
        if (row.is_fee and row.qty < 0) or id(row.entry) in seen:
            continue  # the parts of one sale are one trade, and a fee stands beside its trade
        seen.add(id(row.entry))
        found += [_Move(row, None, (row.qty, row.entry.instrument))] if row.is_fee else _move(told.quote, row)
    return found


def _move(quote: str, row: Row) -> Iterable[_Move]:
    entry = row.entry
    if entry.kind is BookKind.FUNDING or is_perp(entry.instrument):
        yield from _realised(quote, row)
        return
    coin, value = (abs(entry.qty), entry.instrument), _money(quote, entry)
    if entry.kind is BookKind.RENAMED and entry.to_qty:
        yield _Move(row, coin, (entry.to_qty, entry.to), "swap")
    elif entry.kind is BookKind.INCOME:
        yield _Move(row, None, coin, "reward") if entry.qty > 0 else _Move(row, coin, None, "cost")
    elif entry.kind is BookKind.WRITTEN_OFF:
        yield _Move(row, coin, None, "lost")
    elif entry.kind in (BookKind.BUY, BookKind.SELL) and value is not None:
        yield _Move(row, value, coin) if entry.qty > 0 else _Move(row, coin, value)
    elif entry.qty > 0:
        yield _Move(row, None, coin)
    elif entry.qty < 0:
        yield _Move(row, coin, None)


def _realised(quote: str, row: Row) -> Iterable[_Move]:
    """Return what futures or funding realised in money, and beside it each coin that a fee was paid in: that much less of it is there."""
    prices = row.entry.fee_prices
    coins = {coin: fee for coin, fee in row.entry.fees.items() if coin != quote}
    in_coins = sum((fee * prices[coin] for coin, fee in coins.items() if coin in prices), Decimal(0))
    gain = None if row.gain is None else row.gain + in_coins
    if gain:
        money = (abs(gain), quote)
        yield _Move(row, None, money, "gain") if gain > 0 else _Move(row, money, None, "loss")
    for coin, fee in coins.items():
        if fee > 0:  # a rebate has a row of its own
            paid = replace(row.entry, kind=BookKind.INCOME, instrument=coin, qty=-fee, price=prices.get(coin), fees={})
            yield from _move(quote, replace(row, entry=paid, qty=-fee))


def _fees(entry: Entry) -> list[tuple[Decimal, str]]:
    return [(fee, coin) for coin, fee in entry.fees.items() if fee > 0]


def _money(quote: str, entry: Entry) -> tuple[Decimal, str] | None:
    """Return what a trade paid or got; trackers have one column for fees, so of several the quote coin's is in the amount itself.

    So is a rebate: no fee is below 0 there.
    """
    if entry.value is None:
        return None
    fee = entry.fees.get(quote, Decimal(0))
    within = fee if fee < 0 or len(_fees(entry)) > 1 else Decimal(0)
    return entry.value + (within if entry.qty > 0 else -within), quote


def _koinly(move: _Move) -> list[str]:
    entry = move.row.entry
    worth = None if (move.sent and move.received) or move.word not in _AT_ITS_WORTH else entry.value
    label = "realized gain" if move.word in ("gain", "loss") else move.word
    about = "Funding" if entry.kind is BookKind.FUNDING else f"{entry.instrument} {entry.kind.value}" if is_perp(entry.instrument) else ""
    about = " ".join(part for part in (about, "" if entry.plan is None else f"plan {entry.plan}", _more_fees(move)) if part)
    return [
        entry.at.strftime("%Y-%m-%d %H:%M:%S UTC"),
        *_amount(move.sent),
        *_amount(move.received),
        *_amount(move.fees[0] if move.fees else None),
        plain(worth),
        "" if worth is None else "USD",
        label,
        harmless(about),
        "",
    ]


def _cointracker(move: _Move) -> list[str]:
    tag = {"gain": "margin gain", "loss": "margin loss", "lost": "lost"}.get(move.word, "")
    return [
        move.row.entry.at.strftime("%m/%d/%Y %H:%M:%S"),
        *_amount(move.received),
        *_amount(move.sent),
        *_amount(move.fees[0] if move.fees else None),
        tag,
    ]


def _more_fees(move: _Move) -> str:
    """Name the fees beyond the one that has columns of its own."""
    return " ".join(f"fee {plain(fee)} {coin}" for fee, coin in move.fees[1:])


def _amount(part: tuple[Decimal, str] | None) -> tuple[str, str]:
    return ("", "") if part is None else (plain(part[0]), harmless(part[1]))

"""The files: columns that Koinly and CoinTracker publish, exact numbers, and no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chatbot.reports.tax.books import Books, books
from chatbot.reports.tax.entries import BookKind, Entry, Journal
from chatbot.reports.tax.files import COINTRACKER, KOINLY, OURS, Format, harmless, written

D = Decimal
AT = datetime(2025, 3, 1, 10, 22, 31, tzinfo=UTC)


def entry(kind: BookKind, instrument: str, qty: str, price: str | None, **more: Any) -> Entry:
    """Return an entry of the first of March."""
    return Entry(at=AT, kind=kind, instrument=instrument, qty=D(qty), price=None if price is None else D(price), **more)


EVERYTHING = (
    entry(BookKind.DEPOSIT, "USDT", "1000", "1"),
    entry(BookKind.BUY, "BTC", "0.00000001", "60000.10", fees={"USDT": D("0.10")}, plan=27),
    entry(BookKind.BUY, "ETH", "2", "100", fees={"BNB": D("0.001"), "USDT": D(1)}, fee_prices={"BNB": D(600)}, plan=27),
    entry(BookKind.SELL, "ETH", "-1", "150", fees={"USDT": D(1)}, plan=28),
    entry(BookKind.FUTURES, "BTC-PERP", "-1", "100", fees={"USDT": D("0.5")}, plan=28),
    entry(BookKind.FUTURES, "BTC-PERP", "1", "90", fees={"USDT": D("0.5")}, plan=29),
    entry(BookKind.FUNDING, "USDT", "-0.25", "1"),
    entry(BookKind.WITHDRAWAL, "ETH", "-0.5", "160"),
    entry(BookKind.RENAMED, "ETH", "-0.5", None, to="ETX", to_qty=D(5)),
    entry(BookKind.WRITTEN_OFF, "ETX", "-5", "0"),
)


def told(*entries: Entry) -> Books:
    """Return the books of entries."""
    return books(Journal(quote="USDT", entries=entries), UTC)


def read(text: str) -> list[dict[str, str]]:
    """Return a file's rows by their columns."""
    return list(csv.DictReader(io.StringIO(text)))


def test_koinly_gets_its_universal_template() -> None:
    """Its columns in its order and its date; futures and funding as "realized gain" rows, a dead coin as lost, a new name as a swap."""
    text = written(told(*EVERYTHING), Format.KOINLY)
    assert text.splitlines()[0] == (
        "Date,Sent Amount,Sent Currency,Received Amount,Received Currency,Fee Amount,Fee Currency,"
        "Net Worth Amount,Net Worth Currency,Label,Description,TxHash"
    )
    assert text.splitlines()[0].split(",") == list(KOINLY)
    assert text.splitlines()[1:] == [
        "2025-03-01 10:22:31 UTC,,,1000,USDT,,,1000,USD,,,",
        "2025-03-01 10:22:31 UTC,0.0006000010,USDT,0.00000001,BTC,0.10,USDT,,,,plan 27,",
        "2025-03-01 10:22:31 UTC,201,USDT,2,ETH,0.001,BNB,,,,plan 27,",
        "2025-03-01 10:22:31 UTC,1,ETH,150,USDT,1,USDT,,,,plan 28,",
        "2025-03-01 10:22:31 UTC,0.5,USDT,,,,,,,realized gain,BTC-PERP futures plan 28,",
        "2025-03-01 10:22:31 UTC,,,9.5,USDT,,,,,realized gain,BTC-PERP futures plan 29,",
        "2025-03-01 10:22:31 UTC,0.25,USDT,,,,,,,realized gain,Funding,",
        "2025-03-01 10:22:31 UTC,0.5,ETH,,,,,80.0,USD,,,",
        "2025-03-01 10:22:31 UTC,0.5,ETH,5,ETX,,,,,swap,,",
        "2025-03-01 10:22:31 UTC,5,ETX,,,,,,,lost,,",
    ]


def test_cointracker_gets_its_own_format() -> None:
    """The headers that it wants exactly, its date, and its margin tags."""
    text = written(told(*EVERYTHING), Format.COINTRACKER)
    assert text.splitlines()[0] == ("Date,Received Quantity,Received Currency,Sent Quantity,Sent Currency,Fee Amount,Fee Currency,Tag")
    assert text.splitlines()[0].split(",") == list(COINTRACKER)
    assert text.splitlines()[1:4] == [
        "03/01/2025 10:22:31,1000,USDT,,,,,",
        "03/01/2025 10:22:31,0.00000001,BTC,0.0006000010,USDT,0.10,USDT,",
        "03/01/2025 10:22:31,2,ETH,201,USDT,0.001,BNB,",
    ]
    assert [row["Tag"] for row in read(text) if row["Tag"]] == ["margin loss", "margin gain", "margin loss", "lost"]


def test_no_fee_is_lost_where_there_are_several() -> None:
    """Trackers have one column for fees: the one in dollars is part of what was paid or got, so that the gain is ours to the cent."""
    entries = (
        entry(BookKind.BUY, "ETH", "2", "100", fees={"BNB": D("0.001"), "USDT": D(1)}, fee_prices={"BNB": D(600)}),
        entry(BookKind.SELL, "ETH", "-2", "150", fees={"USDT": D(2), "BNB": D("0.002")}, fee_prices={"BNB": D(600)}),
    )
    for to in (Format.KOINLY, Format.COINTRACKER):
        sent, received, fee = (
            ("Sent Amount", "Received Amount", "Fee Amount")
            if to is Format.KOINLY
            else ("Sent Quantity", "Received Quantity", "Fee Amount")
        )
        bought, sold = read(written(told(*entries), to))
        gain = D(sold[received]) - D(bought[sent]) - 600 * (D(sold[fee]) + D(bought[fee]))
        assert gain == sum((row.gain or D(0) for row in told(*entries).rows if not row.is_fee), D(0))


def test_a_coin_that_fees_of_futures_were_paid_in_is_less_there_too() -> None:
    """0.01 BNB of 600 for a contract that won 10: 10 of money and the coin apart; it was 4 of money, and the coin was still there."""
    trades = (
        entry(BookKind.FUTURES, "BTC-PERP", "-1", "100"),
        entry(BookKind.FUTURES, "BTC-PERP", "1", "90", fees={"BNB": D("0.01")}, fee_prices={"BNB": D(600)}),
    )
    assert [row.gain for row in told(*trades).rows if row.entry.kind is BookKind.FUTURES] == [D(0), D(4)], "ours has it after the fee"
    assert written(told(*trades), Format.KOINLY).splitlines()[1:] == [
        "2025-03-01 10:22:31 UTC,,,10.00,USDT,,,,,realized gain,BTC-PERP futures,",
        "2025-03-01 10:22:31 UTC,0.01,BNB,,,,,6.00,USD,cost,,",
    ]
    assert [(row["Sent Currency"], row["Tag"]) for row in read(written(told(*trades), Format.COINTRACKER))] == [
        ("", "margin gain"),
        ("BNB", ""),
    ]
    rebate = replace(trades[1], fees={"BNB": D("-0.01")})
    assert [row["Received Amount"] for row in read(written(told(trades[0], rebate), Format.KOINLY))] == ["10.00", "0.01"], "once"


def test_huge_and_tiny_numbers_are_written_whole() -> None:
    """No exponent, no rounding, whatever a coin of many zeros costs."""
    rows = read(written(told(entry(BookKind.BUY, "SHIB", "1E+18", "1E-12"), entry(BookKind.SELL, "SHIB", "-1E-18", "1E+12")), Format.OURS))
    assert (rows[0]["quantity"], rows[0]["price_usd"], rows[0]["value_usd"]) == ("1" + 18 * "0", "0.000000000001", "1000000")
    assert rows[1]["quantity"] == "-0." + 17 * "0" + "1"
    assert all("E" not in cell for row in rows for name, cell in row.items() if name.endswith("_usd"))


def test_our_own_file_has_every_lot_and_says_what_is_unknown() -> None:
    """Exact numbers and UTC times; a sale without a known cost says so, and has no gain rather than 0."""
    text = written(told(*EVERYTHING, entry(BookKind.SELL, "ADA", "-3", "2")), Format.OURS)
    assert text.splitlines()[0].split(",") == list(OURS)
    rows = read(text)
    assert rows[1]["price_usd"] == "60000.10"
    assert rows[-1] | {"time_utc": ""} == {
        **dict.fromkeys(OURS, ""),
        "kind": "sell",
        "instrument": "ADA",
        "quantity": "-3",
        "price_usd": "2",
        "value_usd": "6",
        "fee_usd": "0",
        "proceeds_usd": "6",
        "note": "cost unknown",
    }
    assert [row["fee_coin"] for row in rows if row["fee"] == "0.001 1"] == ["BNB USDT"]


@given(st.text(max_size=90))
def test_no_text_is_run_as_a_formula(text: str) -> None:
    """Whatever a coin is called, its cell is one short line that begins with nothing that a spreadsheet runs."""
    cell = harmless(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert "\n" not in cell
    assert len(cell) <= 81


def test_a_hostile_coin_stays_in_its_cell_and_numbers_keep_their_sign() -> None:
    """A name with a formula, a comma and a line break is one cell; what left is still below 0."""
    name = '=HYPERLINK("http://x","y"),\nz'
    rows = read(written(told(entry(BookKind.DEPOSIT, name, "1", "2"), entry(BookKind.WITHDRAWAL, name, "-1", "2")), Format.OURS))
    assert [row["instrument"] for row in rows] == ['\'=HYPERLINK("http://x","y"), z'] * 2
    assert rows[1]["quantity"] == "-1"
    for to in (Format.KOINLY, Format.COINTRACKER):
        assert all(
            not cell.startswith("=") for row in read(written(told(entry(BookKind.DEPOSIT, name, "1", "2")), to)) for cell in row.values()
        )

"""Two looks at an account and its history: whatever came and went is found, whatever lags, and nothing is counted twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from chatbot.exchanges.base import Holdings
from chatbot.model.flow import FLOWS, Entry, EntryKind
from chatbot.portfolio.books import explain
from chatbot.portfolio.books.book import Book

T0 = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
D = Decimal
START = Holdings(spot={"BTC": D(5), "USDT": D(50_000)}, futures_wallet=D(1000), positions={"BTC-PERP": (D("0.1"), D(60_000))})
COINS = ("BTC", "USDT", "ETH")
amounts = st.integers(-100_000, 100_000).filter(bool).map(lambda cents: D(cents) / 100)


@st.composite
def histories(draw: st.DrawFn) -> list[Entry]:
    """Draw what happened after the first look, oldest first."""
    kinds = draw(st.lists(st.tuples(st.sampled_from(EntryKind), st.sampled_from(COINS), amounts), max_size=8))
    return [
        Entry(id=f"{number}", at=T0 + timedelta(seconds=number + 1), kind=kind, coin=coin, amount=amount)
        for number, (kind, coin, amount) in enumerate(kinds)
    ]


def book(held: Holdings = START) -> Book:
    """Return the book of the first look."""
    return Book(at=T0, held=held)


@given(histories(), st.booleans())
def test_history_explains_the_difference_wherever_the_money_lies(entries: list[Entry], moved: bool) -> None:
    """A transfer between the wallets changes nothing."""
    now = explain.after(START, entries, {})
    if moved:
        now = Holdings(spot=explain.without(now, {"USDT": D(700)}).spot, futures_wallet=D(1700), positions=now.positions)
    found = explain.explain(book(), book(now), "USDT", entries)
    assert not found.rest
    assert [one.id for one in found.flows] == [one.id for one in entries if one.kind in FLOWS]


@given(histories())
def test_nothing_is_counted_twice(entries: list[Entry]) -> None:
    """The same lines read again explain nothing more."""
    now = explain.after(START, entries, {})
    turned = book().turned(replace(book(now), at=T0 + timedelta(minutes=1)), entries)
    again = explain.explain(turned, book(now), "USDT", entries)
    assert not again.rest
    assert not again.flows
    assert Book.from_json(turned.to_json()) == turned


@given(histories(), st.data())
def test_what_was_there_at_the_first_look_is_told_from_what_was_not(entries: list[Entry], data: st.DataObject) -> None:
    """A line of the last seconds is counted where the amounts need it, and is not where they do not."""
    late = Entry(id="late", at=T0 - timedelta(seconds=1), kind=EntryKind.DEPOSIT, coin="ETH", amount=D(7))
    is_in = data.draw(st.booleans())
    started = explain.after(START, [late], {}) if is_in else START
    now = explain.after(START, [late, *entries], {})
    found = explain.explain(book(started), book(now), "USDT", [late, *entries])
    assert not found.rest
    assert ("late" in {one.id for one in found.flows}) is not is_in


@given(histories(), st.integers(0, 8))
def test_a_look_in_the_middle_of_things_takes_each_for_what_it_is(entries: list[Entry], looked: int) -> None:
    """The amounts were read a little before or after the moment that the book carries: no line is lost, and none counted twice."""
    inside, left = entries[:looked], entries[looked:]
    held, now = explain.after(START, inside, {}), explain.after(START, entries, {})
    for at in (T0, T0 + timedelta(seconds=4), T0 + timedelta(seconds=20)):
        found = explain.explain(Book(at=at, held=held), book(now), "USDT", entries)
        assert not found.rest
        assert sum((one.amount for one in found.entries if one.coin == "BTC"), D(0)) == sum(
            (one.amount for one in left if one.coin == "BTC"), D(0)
        )


@given(histories(), st.sampled_from(COINS), amounts)
def test_what_no_line_tells_is_left(entries: list[Entry], coin: str, amount: Decimal) -> None:
    now = explain.after(START, [*entries, Entry(id="x", at=T0, kind=EntryKind.PAID, coin=coin, amount=amount)], {})
    assert explain.explain(book(), book(now), "USDT", entries).rest == {coin: amount}
    assert explain.difference(explain.without(now, {coin: amount}), now, "USDT") == {coin: amount}


def test_a_withdrawal_that_is_called_off_comes_back() -> None:
    gone = Entry(id="w", at=T0 + timedelta(seconds=1), kind=EntryKind.WITHDRAWAL, coin="BTC", amount=D(-1))
    without = explain.after(START, [gone], {})
    turned = book().turned(replace(book(without), at=T0 + timedelta(minutes=1)), [gone])
    off = Entry(id="w", at=gone.at, kind=EntryKind.WITHDRAWAL, coin="BTC")
    (back,) = explain.explain(turned, book(START), "USDT", [off]).flows
    assert back.amount == 1


@given(histories())
def test_a_value_is_that_of_its_parts(entries: list[Entry]) -> None:
    """Worth moves by what came at its price, and is unknown where a price is."""
    prices = {"BTC": D(60_000), "ETH": D(3000), "USDT": D(1), "BTC-PERP": D(61_000)}
    now = explain.after(START, entries, {})
    before, after = explain.worth(START, prices), explain.worth(now, prices)
    assert before is not None
    assert after is not None
    assert after - before == sum((one.amount * prices[one.coin] for one in entries), D(0))
    assert explain.worth(START, {"USDT": D(1)}) is None


@given(histories(), st.sampled_from(("BTC", "ETH")), st.integers(1, 400).map(lambda cents: D(cents) / 100))
def test_what_is_lent_has_left_and_what_comes_back_has_come(entries: list[Entry], coin: str, amount: Decimal) -> None:
    """With its interest or without: no question, and no loss."""
    inside = explain.after(START, entries, {})
    away = explain.without(inside, {coin: amount})
    there = replace(book(away), lent={coin: amount})
    (gone,) = explain.explain(book(inside), there, "USDT", []).flows
    assert (gone.coin, gone.amount) == (coin, -amount)
    (back,) = explain.explain(replace(there, lent={coin: amount * D("1.01")}), book(inside), "USDT", []).flows
    assert (back.coin, back.amount) == (coin, amount)

"""What a plan that waits would realise is what the books tell once it was carried out at those prices."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.exchanges.base import is_perp
from chatbot.model import LegKind, LegState
from chatbot.reports.tax.books import books
from chatbot.reports.tax.entries import BookKind, Entry, Journal
from chatbot.reports.tax.expected import expected
from tests.handlers.views.view_examples import a_plan

if TYPE_CHECKING:
    from chatbot.model import Leg, Plan
    from chatbot.reports.tax.books import YearSum
    from chatbot.reports.tax.expected import Expected

D = Decimal
NOTHING = D(0)
START = datetime(2026, 1, 5, tzinfo=UTC)
NOW = START + timedelta(days=9)
NAMES = ("BTC", "ETH", "BTC-PERP")


def an_entry(instrument: str, qty: Decimal, price: Decimal, at: datetime, fee: Decimal = NOTHING) -> Entry:
    """Return a trade."""
    kind = BookKind.FUTURES if is_perp(instrument) else BookKind.SELL if qty < 0 else BookKind.BUY
    return Entry(at=at, kind=kind, instrument=instrument, qty=qty, price=price, fees={"USDT": fee} if fee else {})


def a_leg(instrument: str, qty: Decimal, price: Decimal, state: LegState = LegState.PLANNED) -> Leg:
    """Return a leg of a plan."""
    kind = LegKind.FUTURES_INCREASE if is_perp(instrument) else LegKind.SPOT_SELL if qty < 0 else LegKind.SPOT_BUY
    return replace(a_plan().legs[0], kind=kind, instrument=instrument, sells=qty < 0, qty=abs(qty), price=price, state=state, filled=D(0))


def a_waiting_plan(*legs: Leg, fees: Decimal = NOTHING) -> Plan:
    """Return a plan of these legs."""
    return replace(a_plan(), legs=legs, fees=fees)


BOUGHT = Journal(
    quote="USDT",
    entries=(
        an_entry("BTC", D(1), D(100), START, D(1)),
        an_entry("BTC", D(1), D(200), START + timedelta(days=1), D(1)),
        an_entry("BTC-PERP", D(2), D(150), START),
    ),
)


def test_the_oldest_lots_and_the_average_entry() -> None:
    """1.5 BTC at 400 after a fee of 3 realise 395.5, a contract closed at 140 loses 10; what is left out or bought realises nothing."""
    legs = (a_leg("BTC", D("-1.5"), D(400)), a_leg("BTC", D(-9), D(400), LegState.DROPPED), a_leg("ETH", D(2), D(10)))
    found = expected(BOUGHT, a_waiting_plan(*legs, fees=D("3.1")), NOW, UTC)
    assert (found.coins, found.futures, found.unknown, found.realises) == (D("395.5"), D(0), D(0), True)
    closes = expected(BOUGHT, a_waiting_plan(a_leg("BTC-PERP", D(-1), D(140))), NOW, UTC)
    assert (closes.coins, closes.futures) == (D(0), D(-10))
    assert not expected(BOUGHT, a_waiting_plan(a_leg("ETH", D(2), D(10))), NOW, UTC).realises


def test_what_nobody_knows_the_cost_of_is_told_apart() -> None:
    """3 BTC of which 2 were bought: the third is sold for 400, and what that realises is in no sum."""
    found = expected(BOUGHT, a_waiting_plan(a_leg("BTC", D(-3), D(400))), NOW, UTC)
    assert (found.coins, found.unknown) == (D(498), D(400))


amounts = st.decimals(min_value="0.1", max_value="5", places=1)
prices = st.decimals(min_value="1", max_value="500", places=0)


def realised(told: Expected | YearSum) -> Decimal:
    """Return what is known of what was, or would be, realised."""
    return (told.coins or D(0)) + (told.futures or D(0))


@pytest.mark.long
@given(
    st.lists(st.tuples(st.sampled_from(NAMES), amounts, prices), max_size=5),
    st.lists(st.tuples(st.sampled_from(NAMES), amounts, prices, st.booleans()), min_size=1, max_size=4, unique_by=lambda leg: leg[0]),
)
def test_carried_out_at_its_prices_the_year_tells_the_same(
    bought: list[tuple[str, Decimal, Decimal]], legs: list[tuple[str, Decimal, Decimal, bool]]
) -> None:
    """Whatever was held and whatever it trades: the sums of the year move by what was told before."""
    before = Journal(quote="USDT", entries=tuple(an_entry(name, qty, price, START) for name, qty, price in bought))
    plan = a_waiting_plan(*(a_leg(name, -qty if sells else qty, price) for name, qty, price, sells in legs))
    found = expected(before, plan, NOW, UTC)
    traded = tuple(an_entry(name, -qty if sells else qty, price, NOW) for name, qty, price, sells in legs)
    then, now = books(replace(before, entries=(*before.entries, *traded)), UTC).years[0], books(before, UTC).years
    assert realised(found) == realised(then) - sum((realised(one) for one in now), D(0))
    assert found.unknown == then.unknown

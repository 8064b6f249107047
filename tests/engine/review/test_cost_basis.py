"""First in, first out: nothing is lost or made up between what came in and what was sold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.engine.errors import Refused
from chatbot.engine.review.cost_basis import Lots
from tests.engine.strategies import quick

D = Decimal
DAY = datetime(2025, 1, 1, tzinfo=UTC)
amounts = st.decimals(min_value="0.0001", max_value=1000, places=4)


def days(count: int) -> datetime:
    """Return a moment so many days after the first."""
    return DAY + timedelta(days=count)


def test_the_oldest_lot_is_sold_first() -> None:
    """1 at 100 and 1 at 200; 1.5 sold for 450: 1 gained 200, half gained 50, and half is left at 100."""
    lots = Lots()
    lots.came("BTC", D(1), D(100), days(0))
    lots.came("BTC", D(1), D(200), days(1))
    first, second = lots.sold("BTC", D("1.5"), D(450), days(2))
    assert (first.qty, first.acquired, first.cost, first.proceeds, first.gain) == (D(1), days(0), D(100), D(300), D(200))
    assert (second.qty, second.acquired, second.cost, second.proceeds, second.gain) == (D("0.5"), days(1), D(100), D(150), D(50))
    assert (lots.held("BTC"), lots.cost("BTC")) == (D("0.5"), D(100))


def test_what_nobody_knows_the_cost_of_realises_nothing_that_is_known() -> None:
    """A lot without a price, and what is sold beyond all lots, have no cost and no gain."""
    lots = Lots()
    lots.came("ADA", D(10), None, days(0))
    first, beyond = lots.sold("ADA", D(15), D(30), days(1))
    assert first.acquired == days(0)
    assert beyond.acquired is None
    assert first.cost is first.gain is beyond.cost is beyond.gain is None
    assert (first.proceeds, beyond.proceeds) == (D(20), D(10))
    lots.came("ADA", D(1), D(1), days(2))
    lots.came("ADA", D(1), None, days(2))
    assert lots.cost("ADA") is None


def test_what_leaves_takes_its_cost_along_and_a_new_name_keeps_it() -> None:
    """A withdrawal realises nothing; a coin that goes on as ten others keeps its age and its cost."""
    lots = Lots()
    lots.came("OLD", D(2), D(50), days(0))
    lots.left("OLD", D(1))
    lots.came("NEW", D(3), D(9), days(1))
    lots.renamed("OLD", "NEW", D(10))
    assert (lots.held("OLD"), lots.held("NEW"), lots.cost("NEW")) == (D(0), D(13), D(34))
    assert lots.sold("NEW", D(10), D(40), days(2))[0].acquired == days(0)


def test_nothing_and_less_than_nothing_are_refused() -> None:
    """They would turn the books around."""
    for move in (lambda: Lots().came("X", D(0), None, None), lambda: Lots().sold("X", D(-1), D(1), DAY), lambda: Lots().left("X", D(0))):
        with pytest.raises(Refused, match="negative_quantity"):
            move()


@quick
@given(st.lists(st.tuples(amounts, amounts), min_size=1, max_size=6), st.lists(st.tuples(amounts, amounts), max_size=6))
def test_parts_add_up_and_costs_are_kept(bought: list[tuple[Decimal, Decimal]], sales: list[tuple[Decimal, Decimal]]) -> None:
    """Quantities and proceeds of the parts are the sale's exactly; what was paid is in the parts or still there; short numbers stay so."""
    lots = Lots()
    for at, (qty, cost) in enumerate(bought):
        lots.came("BTC", qty, cost, days(at))
    parts = []
    for at, (qty, got) in enumerate(sales):
        told = lots.sold("BTC", qty, got, days(len(bought) + at))
        assert sum(part.qty for part in told) == qty
        assert sum(part.proceeds for part in told) == got
        parts += told
    known = [part for part in parts if part.cost is not None]
    assert sum((part.cost or D(0) for part in known), lots.cost("BTC") or D(0)) == sum(cost for _, cost in bought)
    assert sum((part.qty for part in known), lots.held("BTC")) == sum(qty for qty, _ in bought)
    assert [part.acquired for part in known] == sorted(part.acquired or DAY for part in known)
    assert all(len(f"{part.cost:f}") < 30 and len(f"{part.proceeds:f}") < 30 for part in known)

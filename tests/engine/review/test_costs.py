"""Turnover, cost drag and slippage (domain 12.3)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.engine.errors import Refused
from chatbot.engine.review.costs import SlippageTold, Trade, TradedBlock, cost_drag, planned_and_paid, slippage, turnover
from tests.engine.strategies import quick

D = Decimal
YEAR = D(365)
SOLD = Trade(qty=D(-2), decision=D(100), price=D("99.9"), fee=D("0.2"), planned_bps=D(5))
BOUGHT = Trade(qty=D(1), decision=D(50), price=D("50.1"), fee=D("0.05"), planned_bps=D(10))
SHORT = Trade(qty=D("-0.1"), decision=D(1000), price=D(1000), fee=D("0.05"), is_futures=True)
sizes = st.decimals(min_value="0.01", max_value=100, places=2)


def test_turnover_counts_the_smaller_side_of_spot_and_all_of_futures() -> None:
    """Of 1,000: sold 199.8, bought 50.1, and a short of 100; in half a year it is twice as much a year."""
    block = TradedBlock(value=D(1000), trades=(SOLD, BOUGHT, SHORT))
    assert turnover([block], YEAR).spot == D("0.0501")
    assert turnover([block], YEAR).futures == D("0.1")
    assert turnover([block, block], YEAR).spot == turnover([block], YEAR / 2).spot == D("0.1002")


def test_cost_drag_is_fees_and_slippage_less_funding() -> None:
    """0.3 of fees, 0.2 and 0.1 of slippage, 0.1 of funding received, of 1,000: 5 bp a year."""
    assert (slippage(SOLD), slippage(BOUGHT)) == (D("0.2"), D("0.1"))
    assert cost_drag([SOLD, BOUGHT, SHORT], funding=D("0.1"), mean_value=D(1000), days=YEAR) == D("0.0005")


def test_planned_against_paid_slippage() -> None:
    """Weighted by value: 200 planned at 5 bp and 50 at 10 bp are 6 bp; 0.3 of 250 were paid, 12 bp. Unplanned trades are not in it."""
    assert planned_and_paid([SOLD, BOUGHT, SHORT]) == SlippageTold(planned_bps=D(6), paid_bps=D(12), trades=2)
    assert planned_and_paid([SHORT]) is None


def test_no_time_and_no_value_have_no_rate() -> None:
    """Both are refused, and not answered with 0."""
    for broken in (lambda: turnover([], D(0)), lambda: cost_drag([], funding=D(0), mean_value=D(1), days=D(0))):
        with pytest.raises(Refused, match="bad_interval"):
            broken()
    for broken in (
        lambda: turnover([TradedBlock(value=D(0), trades=())], YEAR),
        lambda: cost_drag([], funding=D(0), mean_value=D(0), days=YEAR),
    ):
        with pytest.raises(Refused, match="non_positive_value"):
            broken()


@quick
@given(st.lists(st.tuples(sizes, sizes), min_size=1, max_size=5), st.integers(min_value=2, max_value=50))
def test_scale_and_side_do_not_matter(orders: list[tuple[Decimal, Decimal]], factor: int) -> None:
    """A portfolio k times as large that trades k times as much turns over as often; buying as much as selling counts once."""
    trades = tuple(Trade(qty=qty, decision=price, price=price) for qty, price in orders)
    both = (*trades, *(replace(trade, qty=-trade.qty) for trade in trades))
    value = sum(trade.qty * trade.price for trade in trades)
    large = tuple(replace(trade, qty=trade.qty * factor) for trade in both)
    assert turnover([TradedBlock(value=value, trades=both)], YEAR).spot == 1
    assert turnover([TradedBlock(value=value * factor, trades=large)], YEAR).spot == 1
    assert turnover([TradedBlock(value=value, trades=trades)], YEAR).spot == 0

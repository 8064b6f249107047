"""Bars as a table of numbers: what is taken out is exact, and it is what a source that writes every bar out would have said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.exchanges.base import Candle
from chatbot.exchanges.candle_table import CandleTable, eight_decimals
from chatbot.exchanges.markets.path import plain

D = Decimal
AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
#: every size that a price or a volume has, and numbers in the middle between two that are eight decimals long
NUMBERS = st.one_of(
    st.floats(min_value=-1e18, max_value=1e18),
    st.floats(min_value=0, max_value=100),
    st.integers(min_value=0, max_value=10**15).map(lambda n: n / 1e8 + 0.5e-8),
    st.integers(min_value=0, max_value=2**40).map(lambda n: (n + 0.5) / 2**20),
)


def bars() -> tuple[Candle, ...]:
    """Return three bars as a source writes them."""
    closes = (D("59000.12345678"), D("0.00000001"), D(1_000_000_000))
    return tuple(
        Candle(at=AT + n * HOUR, open=D(1), high=close, low=D("0.5"), close=close, volume=D("123456789.5"))
        for n, close in enumerate(closes)
    )


@given(st.lists(NUMBERS, min_size=1, max_size=20))
def test_rounding_all_at_once_is_writing_each_out_and_reading_it_again(numbers: list[float]) -> None:
    """Down to the last bit, also where the ninth decimal is a five, and where floats are further apart than the eighth."""
    found = eight_decimals(np.array(numbers))
    assert found.tobytes() == np.array([float(plain(number)) for number in numbers]).tobytes()


@given(NUMBERS)
def test_a_number_that_was_rounded_is_written_as_it_was_before(number: float) -> None:
    """Nothing is lost by keeping the rounded float instead of the exact number."""
    assert plain(float(eight_decimals(np.array([number]))[0])) == plain(number)


def test_a_table_reads_like_the_bars_that_it_was_made_of() -> None:
    """By number, from the end, in slices and one after the other."""
    table = CandleTable.of(bars())
    assert len(table) == 3
    assert table == bars()
    assert bars() != CandleTable.of(bars()[:2])
    assert tuple(table[1:]) == bars()[1:]
    assert (table[0], table[-1]) == (bars()[0], bars()[-1])
    assert CandleTable.of(table) is table
    with pytest.raises(IndexError):
        table[3]


def test_no_bars_are_an_empty_table() -> None:
    """A coin that was never traded has a history too: none."""
    assert CandleTable.of(()) == ()
    assert CandleTable.of(()).rows.shape == (0, 5)

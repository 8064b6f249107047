"""Returns by month and year: linked they are those of the whole, and nothing happens twice."""

from __future__ import annotations

from datetime import date, timedelta
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.engine.errors import Refused
from chatbot.engine.review.months import monthly


def test_two_months_of_two_years() -> None:
    """100 on 30 December, 110 on the 31st, 99 on 1 January, 121 at its end: +10 % and +10 %; the year is told as month 0."""
    days = [date(2025, 12, 30), date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 31)]
    assert monthly([100, 110, 99, 121], days) == pytest.approx({(2025, 12): 0.1, (2026, 1): 0.1, (2025, 0): 0.1, (2026, 0): 0.1})


@given(st.lists(st.floats(0.1, 10), min_size=2, max_size=60), st.integers(1, 40))
def test_months_and_years_link_to_the_whole(nav: list[float], step: int) -> None:
    """Whatever the days, the product of the months is that of the years, and of the whole."""
    days = [date(2024, 11, 7) + timedelta(days=step * at) for at in range(len(nav))]
    found = monthly(nav, days)
    for is_year in (True, False):
        assert prod(1 + value for (_, month), value in found.items() if (month == 0) is is_year) == pytest.approx(nav[-1] / nav[0])


def test_what_is_no_value_is_refused() -> None:
    """A value of nothing has no return after it."""
    with pytest.raises(Refused, match="non_positive_value"):
        monthly([1, 0], [date(2026, 1, 1)] * 2)
    with pytest.raises(Refused, match="bad_parameter"):
        monthly([1], [])
    assert monthly([], []) == {}

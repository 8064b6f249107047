"""A suggestion only where two years of days say so by more than luck: the deflated Sharpe ratio of what another way earned more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.reports.review.advice import advice
from chatbot.reports.review.series import Series

DAYS = 800
SEEN = np.ones(DAYS - 1, dtype=np.bool_)


def a_series(hold: float, monthly: float, bands: float, *, noise: float = 0.002, seed: int = 7, days: int = DAYS) -> Series:
    """Return a market that swings, and ways that earn so much more a day than the portfolio, with noise of their own."""
    rng = np.random.default_rng(seed)
    market = rng.normal(0.0005, 0.02, days - 1)

    def index(more: float, *, own: bool = True) -> tuple[float, ...]:
        return tuple(np.cumprod([1.0, *(1 + market + more + (rng.normal(0, noise, days - 1) if own else 0))]).tolist())

    return Series(points=(), actual=index(0, own=False), hold=index(hold), monthly=index(monthly), bands=index(bands))


def test_what_is_better_every_day_is_suggested() -> None:
    """0.04 % a day with a noise of 0.2 %: a Sharpe ratio near 4 over two years is no luck."""
    found = advice(a_series(0, 0.0001, 0.0004), DAYS, SEEN)
    assert found is not None
    assert (found.way, found.tried, found.is_strong) == ("bands", 3, True)
    assert found.ahead == pytest.approx(0.0004 * 365, rel=0.5)


def test_luck_is_told_and_not_suggested() -> None:
    """The same noise without an edge: the best of three ways may stand ahead, but never so surely, and not below two years."""
    for seed in range(12):
        found = advice(a_series(0, 0, 0, seed=seed), DAYS, SEEN)
        assert found is None or not found.is_strong, seed
    assert advice(a_series(0, 0, 0.001), 729, SEEN) is None
    assert advice(a_series(0, -0.001, -0.001), DAYS, SEEN) is None, "nothing was better"


def test_what_has_a_gap_is_not_judged() -> None:
    """A way that nobody could follow is none that was tried."""
    whole = a_series(0, 0, 0.0004)
    holed = Series(points=(), actual=whole.actual, hold=(None, *whole.actual[1:]), monthly=None, bands=whole.bands)
    found = advice(holed, DAYS, SEEN)
    assert found is not None
    assert found.tried == 1


@given(st.lists(st.floats(0.5, 2), min_size=2, max_size=12), st.lists(st.floats(0.5, 2), min_size=2, max_size=12))
def test_whatever_the_values_it_answers(actual: list[float], other: list[float]) -> None:
    """A probability, or nothing."""
    count = min(len(actual), len(other))
    told = Series(points=(), actual=tuple(actual[:count]), monthly=tuple(other[:count]), bands=tuple(reversed(other[:count])))
    found = advice(told, DAYS, SEEN[: count - 1])
    assert found is None or 0 <= found.deflated <= 1

"""The figures of domain 12.3 and 13.2, and what holds for every run of values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.engine.errors import Refused
from chatbot.engine.review import measures
from tests.engine.strategies import quick

#: the example of 12.3
NAV = [100, 110, 99, 108.9]
navs = st.lists(st.floats(min_value=1, max_value=1e6), min_size=3, max_size=30)


def test_the_example_of_the_domain() -> None:
    """NAV 100, 110, 99, 108.9: Sharpe 5.515, Sortino 11.030, largest drawdown 10 %."""
    r = measures.daily_returns(NAV)
    assert measures.sharpe(r) == pytest.approx(5.515, abs=5e-4)
    assert measures.sortino(r) == pytest.approx(11.030, abs=5e-4)
    assert measures.max_drawdown(NAV) == pytest.approx(-0.1)


def test_excess_growth_of_two_uncorrelated_assets() -> None:
    """At 40 % each and equal weights it is 4 % a year; one asset alone has none, and two that move as one have none."""
    variance = 0.4**2
    assert measures.excess_growth([0.5, 0.5], [[variance, 0], [0, variance]]) == pytest.approx(0.04)
    assert measures.excess_growth([1], [[variance]]) == 0
    assert measures.excess_growth([0.5, 0.5], [[variance, variance], [variance, variance]]) == pytest.approx(0)


def test_shannon_makes_growth_of_a_coin_that_goes_nowhere() -> None:
    """13.2: half in a coin that doubles and halves grows by ln(9/8)/2 a period; holding ends where it began."""
    assert math.log(9 / 8) / 2 == pytest.approx(0.0588915, abs=1e-7)
    a_year = measures.rebalancing_bonus([1, 1.5, 1.125], [1, 1.5, 1])
    assert a_year == pytest.approx(0.0588915 * 365, abs=1e-4)


def test_what_is_too_short_or_too_flat_is_unknown() -> None:
    """Nothing is 0 because nobody could tell."""
    assert measures.sharpe([0.01]) is measures.sortino([0.01]) is measures.volatility([0.01]) is None
    assert measures.sharpe([0.01, 0.01, 0.01]) is None
    assert measures.sortino([0.01, 0.02]) is None
    assert measures.max_drawdown([]) is None
    assert measures.rebalancing_bonus([1], [1]) is None
    assert measures.drift_statistics([], [0.05]) is None
    for broken in ([1, 0], [1, -1], [1, float("nan")]):
        with pytest.raises(Refused, match="non_positive_value"):
            measures.daily_returns(broken)
    with pytest.raises(Refused, match="bad_parameter"):
        measures.tracking_error([0.1, 0.2], [0.1])
    with pytest.raises(Refused, match="bad_parameter"):
        measures.rebalancing_bonus([1, 2], [1])
    with pytest.raises(Refused, match="bad_parameter"):
        measures.excess_growth([1], [[1, 0], [0, 1]])


def test_drift_is_told_in_widths_of_the_bands() -> None:
    """The line that is furthest off counts; on the edge is outside."""
    told = measures.drift_statistics([[0.01, 0.02], [0.05, 0.0], [-0.1, 0.02], [0.0, 0.0]], [0.05, 0.04])
    assert told == measures.DriftStatistics(mean=pytest.approx(0.875), tail=pytest.approx(1.85), outside=0.5)
    with pytest.raises(Refused, match="bad_band"):
        measures.drift_statistics([[0.1]], [0])


@quick
@given(navs, st.floats(min_value=0.01, max_value=100))
def test_the_size_of_the_portfolio_changes_no_measure(nav: list[float], factor: float) -> None:
    """Ten times the money has the same returns, risk and falls."""
    scaled = [value * factor for value in nav]
    assert measures.max_drawdown(scaled) == pytest.approx(measures.max_drawdown(nav))
    r, s = measures.daily_returns(nav), measures.daily_returns(scaled)
    assert np.allclose(r, s)
    assert measures.volatility(s) == pytest.approx(measures.volatility(r), rel=1e-6, abs=1e-6)


@quick
@given(navs)
def test_who_does_as_holding_does_has_no_bonus_and_no_tracking_error(nav: list[float]) -> None:
    """A fall is never above 0 and never all, and the run of falls ends at 0 only on a high."""
    r = measures.daily_returns(nav)
    assert measures.rebalancing_bonus(nav, nav) == 0
    assert measures.tracking_error(r, r) == 0
    falls = measures.drawdowns(nav)
    assert ((falls <= 0) & (falls > -1)).all()
    assert (falls[-1] == 0) == (nav[-1] == max(nav))


@quick
@given(st.lists(st.floats(min_value=0.01, max_value=1), min_size=2, max_size=5), st.randoms())
def test_excess_growth_is_never_negative_for_long_weights(raw: list[float], random: object) -> None:
    """The variance of a mix is at most the mean of the variances."""
    rng = np.random.default_rng(int(random.random() * 1e9))  # type: ignore[attr-defined]
    root = rng.normal(size=(len(raw), len(raw)))
    assert measures.excess_growth(np.array(raw) / sum(raw), root @ root.T) >= -1e-12

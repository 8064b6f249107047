"""All coins together, and only where they fall (domain 5.4, appendix C 53)."""

from __future__ import annotations

from decimal import Decimal
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.engine.errors import Refused
from chatbot.engine.triggers import volatility
from chatbot.engine.triggers.basket import basket_vol
from chatbot.engine.triggers.volatility import SpikeRule, SpikeState, has_fallen, realised_vol, watched
from tests.engine.strategies import decimals, magnitudes, quick

D = Decimal
DOWN = SpikeRule(down=True)
prices = st.lists(st.none() | st.floats(1, 100), min_size=2, max_size=40)
vols = st.none() | decimals("0", "4", 1)
price = st.none() | decimals("1", "3", 0)
points = st.lists(st.tuples(vols, st.none() | decimals("0", "1", 1), decimals("0", "0.6", 1), price, price), max_size=40)


@quick
@given(prices, magnitudes(-3, 5))
def test_c53_a_basket_of_one_coin_is_its_own_volatility(series: list[float | None], qty: Decimal) -> None:
    """However much of it there is; where too much is missing nothing is known either way."""
    found, own = basket_vol({"A": qty}, {"A": series}, 1), realised_vol(series, 1)
    assert (found.sigma is None) == (own.sigma is None)
    assert found.sigma is None or own.sigma is None or isclose(found.sigma, own.sigma, rel_tol=1e-9, abs_tol=1e-9)
    assert found.left_out == (() if own.sigma is not None else ("A",))


@quick
@given(st.lists(prices, min_size=1, max_size=4), st.lists(magnitudes(-2, 2), min_size=4, max_size=4), magnitudes(-4, 4))
def test_c53_the_size_of_a_basket_does_not_matter(many: list[list[float | None]], sizes: list[Decimal], factor: Decimal) -> None:
    """Ten times of everything swings as much as all of it; and the order in which coins are named says nothing."""
    closes = {f"C{at}": series for at, series in enumerate(many)}
    some = {coin: sizes[at] for at, coin in enumerate(closes)}
    one, other = basket_vol(some, closes, 1), basket_vol({coin: factor * some[coin] for coin in reversed(some)}, closes, 1)
    assert (one.n, one.left_out) == (other.n, other.left_out)
    assert one.sigma == other.sigma or isclose(one.sigma or 0, other.sigma or 0, rel_tol=1e-6, abs_tol=1e-6)


def test_a_coin_of_which_nothing_is_held_says_nothing() -> None:
    """Not by its prices, and not by how long they are known."""
    own = {"A": (100.0, 102.0, 99.0)}
    assert basket_vol({"A": D(1), "B": D(0)}, {**own, "B": (5.0, 6.0, 7.0, 8.0, 9.0)}, 1) == basket_vol({"A": D(1)}, own, 1)


@quick
@given(points, decimals("0", "0.6", 1))
def test_c53_one_coin_together_is_cut_as_alone(series: list, target: Decimal) -> None:
    """A latch that knows neither target nor weight, and the coin's own: the same spikes, factors and caps, in either direction."""
    for rule in (SpikeRule(), DOWN):
        alone, together, onset = SpikeState(), SpikeState(), D(0)
        for sigma, base, weight, now, before in series:
            fallen = has_fallen(now, before)
            alone = volatility.advance(alone, target, sigma, base, weight, rule, fallen=fallen)
            was, together = together, volatility.advance(together, D(1), sigma, base, D(1), rule, fallen=fallen)
            onset = weight if together.active and not was.active else onset
            assert (together.active, together.k) == (alone.active, alone.k)
            assert alone.cap == (volatility.capped(volatility.factor(together, rule), target, onset) if together.active else None)


@quick
@given(points)
def test_c53_down_begins_only_below(series: list) -> None:
    """A spike begins only under the price of a week ago, known and strictly; in both directions prices are not looked at."""
    down, both = SpikeState(), SpikeState()
    for sigma, base, weight, now, before in series:
        was, down = down, volatility.advance(down, D("0.4"), sigma, base, weight, DOWN, fallen=has_fallen(now, before))
        if down.active and not was.active:
            assert now is not None
            assert before is not None
            assert now < before
        if was.active:  # once begun, the direction is not asked again
            assert down == volatility.advance(was, D("0.4"), sigma, base, weight)
        alike = [volatility.advance(both, D("0.4"), sigma, base, weight, fallen=fallen) for fallen in (True, False)]
        assert alike[0] == alike[1]
        both = alike[0]


@quick
@given(points, decimals("0", "0.5", 2), decimals("0", "0.6", 2))
def test_c31_one_cut_only_lowers_every_coin(series: list, target: Decimal, onset: Decimal) -> None:
    """Every coin is capped at k times the smaller of target and weight at onset, by one k that never rises while it lasts."""
    state = SpikeState()
    for sigma, base, *_ in series:
        was, state = state, volatility.advance(state, D(1), sigma, base, D(1))
        assert volatility.capped(volatility.factor(state), target, onset) <= min(target, onset)
        if was.active and state.active:
            assert state.k <= was.k


@quick
@given(st.lists(st.floats(90, 110), max_size=30), st.none() | decimals("0", "3", 2))
def test_the_watch_speaks_where_a_reading_would_begin_a_spike(closes: list[float], base: Decimal | None) -> None:
    """Six hours at least, against the same baseline and the same limit, inclusive; nothing where the baseline is unknown."""
    moved = watched(closes, base)
    if base is None or len(closes) < 7:
        assert moved is None
        return
    sigma = realised_vol(closes, 1).sigma
    assert sigma is not None
    began = volatility.advance(SpikeState(), D(1), Decimal(f"{sigma:.12g}"), base, D(1)).active
    assert (moved is not None) == began
    assert moved is None or isclose(float(moved), sigma / float(max(base, D("0.05"))), rel_tol=1e-5)


def test_an_hour_counts_only_with_every_coin() -> None:
    """A close that one coin lacks takes two returns from all; beyond a tenth of them nothing is known."""
    closes = {"A": [100.0 + hour % 3 for hour in range(41)], "B": [50.0 + hour % 2 for hour in range(41)]}
    whole = basket_vol({"A": D(1), "B": D(1)}, closes, 1)
    closes["B"][20] = None
    assert (whole.n, basket_vol({"A": D(1), "B": D(1)}, closes, 1).n) == (40, 38)
    closes["A"][10] = closes["A"][30] = None
    found = basket_vol({"A": D(1), "B": D(1)}, closes, 1)
    assert (found.n, found.sigma, found.left_out) == (34, None, ())


@pytest.mark.parametrize(("worth", "known"), [("9.5", True), ("9.51", False)])
def test_a_basket_may_lack_a_tenth_of_its_worth(worth: str, known: bool) -> None:
    """Exactly a tenth may be too young; what is more is another basket."""
    found = basket_vol({"A": D(9), "B": D(worth)}, {"A": [95.0] * 11, "B": [10.0]}, 1)
    assert (found.sigma is not None, found.left_out) == (known, ("B",))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"quantities": {"A": D(-1)}}, "negative_quantity"),
        ({"interval_hours": 0}, "bad_interval"),
        ({"coverage": 1.1}, "bad_parameter"),
        ({"closes": {"A": [1.0, 0.0]}}, "bad_price"),
    ],
)
def test_what_is_no_basket_is_refused(change: dict[str, object], code: str) -> None:
    """Each with its code."""
    good: dict = {"quantities": {"A": D(1)}, "closes": {"A": [1.0, 2.0]}, "interval_hours": 1}
    with pytest.raises(Refused, match=code):
        basket_vol(**(good | change))

"""Shorts in a fall are looked at as longs in a rise, with every price negated (domain 6.2)."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.engine.errors import Refused
from chatbot.engine.triggers import trend
from chatbot.engine.triggers.waves import check_series, fib_level, fib_targets, last_triples, mirrored, zigzag
from tests.engine.strategies import quick, trend_step, walks

D = Decimal
THETA = D("0.05")
SWAP = {"L": "H", "H": "L"}
prices = walks()
#: whole numbers, so that differences are the same floats on both sides of a reflection
whole_prices = st.lists(st.integers(100, 200).map(D), min_size=20, max_size=80)


def legs(turns: list[int], bars: list[int]) -> list[Decimal]:
    """Draw straight legs between turning points."""
    closes = [D(turns[0])]
    for (a, b), n in zip(pairwise(turns), bars, strict=True):
        closes += [(D(a) + (D(b) - D(a)) * i / n).quantize(D("0.000001")) for i in range(1, n + 1)]
    return closes


#: the document's impulse upside down: five waves down, the last with less volume
FALL = legs([417, 420, 400, 410, 370, 385, 358, 370, 371], [3, 10, 8, 14, 10, 22, 6, 4])
VOLUMES = [D(1000)] * 40 + [D(600)] * (len(FALL) - 40)


@quick
@given(prices)
def test_the_same_swings_are_seen_from_below(closes: list[Decimal]) -> None:
    """Pivots of negated prices are the pivots of the prices, lows for highs, known at the same bar: P (1 - x) became P (1 + x)."""
    up, down = zigzag(closes, THETA).pivots, zigzag(mirrored(closes), THETA).pivots
    assert [(p.bar, -p.price, SWAP[p.kind], p.confirmed) for p in up] == [(p.bar, p.price, p.kind, p.confirmed) for p in down]


@quick
@given(prices)
def test_strength_counts_from_the_other_end(closes: list[Decimal]) -> None:
    """RSI of negated prices is 100 - RSI."""
    for a, b in zip(trend.rsi(closes), trend.rsi(mirrored(closes)), strict=True):
        assert (a is None) == (b is None)
        assert a is None or b is None or a + b == pytest.approx(100)


@quick
@given(whole_prices)
def test_divergence_is_mirror_symmetric(closes: list[Decimal]) -> None:
    """What compares prices only by their order and differences is the same on a reflected series."""
    reflected = [300 - c for c in closes]
    for t in range(14, len(closes)):
        seen, turned = (trend.diverges(series, t, trend.find_highs(series, t)) for series in (mirrored(closes), reflected))
        assert seen == turned


@quick
@given(prices, st.booleans())
def test_c29_trims_depend_only_on_the_past(closes: list[Decimal], short: bool) -> None:
    """Stepping through a prefix leads where stepping through the whole series was at that bar; no low gives back what it gave."""
    volumes = [D(100 + i % 7) for i in range(len(closes))]
    state, seen = trend.TrendState(), []
    for t in range(len(closes)):
        after = trend_step(state, closes[: t + 1], volumes[: t + 1], THETA, short=short)
        assert after.trim in (0, D("0.25"), D("0.50"))
        assert all(after.fired[low] >= trim for low, trim in state.fired.items())
        assert after.trim == state.trim or after.trim in (0, *after.fired.values())
        state = after
        seen.append(state)
    again = trend.TrendState()
    for t in range(len(closes) // 2):
        again = trend_step(again, closes[: t + 1], volumes[: t + 1], THETA, short=short)
        assert again == seen[t]


def test_five_waves_down_trim_the_shorts() -> None:
    """The impulse upside down is complete for shorts and nothing at all for longs."""
    t = max(range(len(FALL)), key=lambda i: trend.exhaustion(FALL, VOLUMES, i, D("0.02"), short=True).score)
    found = trend.exhaustion(FALL, VOLUMES, t, D("0.02"), short=True)
    assert (found.score, found.families, found.trim) == (1, 3, D("0.50"))
    assert (found.divergence, found.elliott, found.fib_level) == (1, 1, D("2.618"))
    assert trend.exhaustion(FALL, VOLUMES, t, D("0.02")).trim == 0


def test_a_short_trim_ends_when_the_fall_goes_on() -> None:
    """A close below the low at a weaker RSI resumes the fall; for longs the same bars say nothing."""
    state = trend.TrendState()
    for t in range(20, len(FALL)):
        state = trend_step(state, FALL[: t + 1], VOLUMES[: t + 1], D("0.02"), short=True)
    assert (state.trim, state.price_b) == (D("0.50"), D(358))
    closes, volumes, low_rsi = [*FALL], [*VOLUMES], state.rsi_b
    assert low_rsi is not None
    while closes[-1] >= 358 or trend.rsi(closes)[-1] >= low_rsi:
        assert state.trim
        closes.append(closes[-1] - 10)
        volumes.append(D(600))
        state = trend_step(state, closes, volumes, D("0.02"), short=True)
    assert (state.trim, state.price_b, state.rsi_b, state.bars) == (0, None, None, 0)
    assert list(state.fired.values()) == [D("0.50")]


def test_projections_below_zero_are_never_reached() -> None:
    """A fall is projected downwards, half a per cent above the projection counts, and no price reaches one below zero."""
    near = mirrored([D(120), D(100), D(110)])
    assert fib_targets(*near)[D("1.0")] == -90
    assert fib_level(*near, D("-90.45")) == D("1.0")
    assert fib_level(*near, D("-90.46")) is None
    far = mirrored([D(200), D(100), D(120)])
    assert fib_targets(*far)[D("1.272")] > 0
    assert fib_level(*far, D("-0.000001")) == D("1.0")
    assert [p.price for p in last_triples(zigzag(mirrored(FALL), D("0.02")).pivots)[-1]] == [-410, -370, -385]


def test_negated_prices_are_not_taken_for_prices() -> None:
    """Whoever negates twice is refused."""
    with pytest.raises(Refused, match="bad_price"):
        trend.exhaustion(mirrored(FALL), VOLUMES, 30, THETA)
    with pytest.raises(Refused, match="bad_price"):
        check_series(mirrored(FALL), THETA)

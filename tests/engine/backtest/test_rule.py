"""One rule over recorded prices, against figures that are not ours (domain 13)."""

from __future__ import annotations

from fractions import Fraction
from math import log
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatbot.engine.backtest.rule import Rule, _destination, replay, value_after_fees
from chatbot.engine.destination import InnerBand, project
from chatbot.engine.errors import Refused
from tests.places import DATA

if TYPE_CHECKING:
    from numpy.typing import NDArray

IROQUOIS = DATA / "iroquois_kinark.csv"
#: Cover (1991), table of terminal wealth by the share of the first stock: from 1 down to 0 in steps of a twentieth
PUBLISHED = (8.9151, 13.7712, 20.2276, 28.2560, 37.5429, 47.4513, 57.0581, 65.2793, 71.0652, 73.6190, 72.5766)
BELOW_HALF = (68.0915, 60.7981, 51.6645, 41.7831, 32.1593, 23.5559, 16.4196, 10.8910, 6.8737, 4.1276)

needs_prices = pytest.mark.skipif(not IROQUOIS.is_file(), reason=f"the two stocks of Cover's example are not in {DATA}")


def stocks() -> NDArray[np.float64]:
    """Return the prices of Iroquois and Kin Ark, both 1 at first."""
    relatives = np.loadtxt(IROQUOIS, delimiter=",", skiprows=1, usecols=(1, 2)).T
    return np.cumprod(np.concatenate([np.ones((2, 1)), relatives], axis=1), axis=1)


@pytest.mark.long
@needs_prices
def test_all_published_values_of_cover() -> None:
    prices, daily = stocks(), range(1, 5652)
    shares = [1 - step / 20 for step in range(21)]
    found = [replay(prices, Rule(targets=(share, 1 - share), at=daily)).values[-1] for share in shares]
    assert np.round(found, 4).tolist() == list(PUBLISHED + BELOW_HALF)


@needs_prices
@pytest.mark.parametrize(
    ("rule", "worth", "trades"),
    [
        ({}, 6.5213, 0),
        ({"fee": 0.001, "at": range(1, 5652)}, 64.2369, None),
        ({"fee": 0.001, "at": range(21, 5652, 21)}, 16.5641, 269),
        ({"fee": 0.001, "half_widths": (0.05, 0.05)}, 32.8527, 236),
        ({"fee": 0.001, "half_widths": (0.1, 0.1)}, 21.7228, 52),
        # the reference counts 310: an edge that was just traded to is touched again by rounding, and nothing is traded there
        ({"fee": 0.001, "half_widths": (0.1, 0.1), "theta": 0.0}, 19.9897, 283),
    ],
)
def test_the_figures_of_the_reference(rule: dict[str, object], worth: float, trades: int | None) -> None:
    run = replay(stocks(), Rule(targets=(0.5, 0.5), **rule))  # type: ignore[arg-type]
    assert run.values[-1] == pytest.approx(worth, abs=5e-5)
    assert trades is None or len(run.traded) == trades


def test_shannons_demon_grows_while_what_it_holds_goes_nowhere() -> None:
    """Domain 13.2: doubling or halving, half in cash: half of ln(9/8) a period; held, nothing."""
    prices = np.array([[1.0, 2.0] * 500 + [1.0], [1.0] * 1001])
    worth = replay(prices, Rule(targets=(0.5, 0.5), at=range(1, 1001))).values[-1]
    assert log(worth) / 1000 == pytest.approx(0.0588915, abs=5e-8)
    assert replay(prices, Rule(targets=(0.5, 0.5))).values[-1] == pytest.approx(1)


def test_a_constant_mix_wins_a_round_trip() -> None:
    """Domain 13.3: stocks fall a tenth and come back; 60/40 ends above where it began."""
    run = replay(np.array([[1.0, 0.9, 1.0], [1.0, 1.0, 1.0]]), Rule(targets=(0.6, 0.4), at=(1,)))
    assert run.turnovers == (pytest.approx(2 * 2.4 / 94),)
    assert run.values[-1] * 100 == pytest.approx(100.267, abs=5e-4)


def walk(seed: int, length: int = 3000) -> NDArray[np.float64]:
    """Return prices of four coins and cash that wander."""
    steps = np.random.default_rng(seed).normal(0, [[0.01], [0.015], [0.02], [0.03], [0.0]], (5, length))
    return np.exp(np.cumsum(steps, axis=1))


def by_steps(prices: NDArray[np.float64], rule: Rule) -> tuple[list[int], float]:
    """Follow a rule price by price, without a search: what :func:`replay` must come to."""
    t, q = np.array(rule.targets), np.array(rule.targets) / prices[:, 0]
    traded = []
    for at in range(1, prices.shape[1]):
        v = q * prices[:, at]
        w = v / v.sum()
        outside = rule.half_widths is not None and bool((np.abs(w - t) >= np.array(rule.half_widths)).any())
        if outside or at in rule.at:
            q = t * value_after_fees(v, t, rule.fee) / prices[:, at]
            traded.append(at)
    return traded, float(q @ prices[:, -1])


@pytest.mark.parametrize("seed", range(5))
def test_the_search_finds_what_a_step_for_each_price_finds(seed: int) -> None:
    prices = walk(seed)
    rule = Rule(targets=(0.4, 0.3, 0.1, 0.1, 0.1), half_widths=(0.05,) * 5, fee=0.001, at=(700, 701, 2999))
    run, (traded, worth) = replay(prices, rule), by_steps(prices, rule)
    assert list(run.traded) == traded
    assert run.values[-1] == pytest.approx(worth)
    assert run.values[-1] == pytest.approx(np.array(run.quantities) @ prices[:, -1])


@pytest.mark.long
@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 60), st.integers(1, 25)), min_size=2, max_size=6),
    st.sampled_from((0.0, 0.25, 0.5, 0.9)),
)
def test_where_it_trades_to_is_what_decides_it_for_everybody(lines: list[tuple[int, int, int]], theta: float) -> None:
    """The floats of the bare rule against the exact water-filling of the engine, for any weights, targets and bands."""
    held, aimed = sum(line[0] for line in lines) or 1, sum(line[1] for line in lines)
    weights = [Fraction(line[0], held) if any(one[0] for one in lines) else Fraction(1, len(lines)) for line in lines]
    weights = [weight / sum(weights) for weight in weights]
    targets, inner = [Fraction(line[1], aimed) for line in lines], [Fraction(line[2], 100) * Fraction(1 - theta) for line in lines]
    exactly = project(
        [InnerBand(w=w, t=t, lower=max(Fraction(0), t - half), upper=t + half) for w, t, half in zip(weights, targets, inner, strict=True)]
    )
    found = _destination([float(w) for w in weights], [float(t) for t in targets], [float(half) for half in inner])
    assert found == pytest.approx([float(x) for x in exactly], abs=1e-12)
    assert sum(found) == pytest.approx(1, abs=1e-12)


def test_a_calendar_trades_back_as_far_as_theta_says() -> None:
    """45 % of a line of 40 with a band of 10 points: half-way is its inner edge, so the calendar moves nothing; at 48 % it moves to 45."""
    prices = np.array([[1.0, 1.0, 0.45 / 0.4], [1.0, 1.0, 0.55 / 0.6]])
    rule = Rule(targets=(0.4, 0.6), half_widths=(0.1, 0.1), theta=0.5, at=(2,))
    assert replay(prices, rule).traded == ()
    prices[:, 2] = 0.48 / 0.4, 0.52 / 0.6
    run = replay(prices, rule)
    assert run.traded == (2,)
    assert run.quantities[0] * prices[0, 2] == pytest.approx(0.45)


@example(seed=0, theta=0.9999999999999999, fee=0.0, half=0.03125)  # a band narrower than what floats lose
@given(seed=st.integers(0, 50), theta=st.floats(0, 1), fee=st.sampled_from((0.0, 1e-6, 0.001, 0.02)), half=st.floats(0.02, 0.2))
def test_after_a_trade_every_weight_is_inside_and_the_fee_is_paid(seed: int, theta: float, fee: float, half: float) -> None:
    prices = walk(seed, 400)
    rule = Rule(targets=(0.4, 0.3, 0.1, 0.1, 0.1), half_widths=(half,) * 5, theta=theta, fee=fee)
    run = replay(prices, rule)
    assert all(turnover > 0 for turnover in run.turnovers)
    assert len(run.traded) == len(run.turnovers) == len(set(run.traded))
    if run.traded:
        q, last = np.array(run.quantities), run.traded[-1]
        w = q * prices[:, last] / (q @ prices[:, last])
        assert (np.abs(w - np.array(rule.targets)) <= (1 - theta) * half + 1e-9).all()
    assert (run.fees > 0) == bool(fee and run.traded)


@given(seed=st.integers(0, 20), scale=st.floats(0.001, 1000))
def test_the_unit_of_a_price_is_nothing_to_the_rule(seed: int, scale: float) -> None:
    prices = walk(seed, 500)
    scaled = prices * np.array([[scale], [1.0], [1.0], [1 / scale], [1.0]])
    rule = Rule(targets=(0.4, 0.3, 0.1, 0.1, 0.1), half_widths=(0.05,) * 5, fee=0.001)
    assert replay(prices, rule).traded == replay(scaled, rule).traded


@pytest.mark.parametrize(
    ("prices", "rule", "code"),
    [
        ([[1.0, float("nan")], [1.0, 1.0]], {}, "bad_price"),
        ([[1.0, 0.0], [1.0, 1.0]], {}, "bad_price"),
        ([[1.0, 1.0], [1.0, 1.0]], {"targets": (0.5, 0.4)}, "targets_sum"),
        ([[1.0, 1.0], [1.0, 1.0]], {"targets": (1.5, -0.5)}, "negative_target"),
        ([[1.0, 1.0], [1.0, 1.0]], {"fee": 1.0}, "bad_parameter"),
        ([[1.0, 1.0], [1.0, 1.0]], {"theta": 1.5}, "bad_parameter"),
        ([[1.0, 1.0], [1.0, 1.0]], {"half_widths": (0.1,)}, "bad_parameter"),
        ([[1.0, 1.0], [1.0, 1.0]], {"half_widths": (0.1, 0.0)}, "bad_parameter"),
    ],
    ids=range(8),
)
def test_what_is_refused(prices: list[list[float]], rule: dict[str, object], code: str) -> None:
    with pytest.raises(Refused, match=code):
        replay(np.array(prices), Rule(**{"targets": (0.5, 0.5), **rule}))  # type: ignore[arg-type]

"""The sieve never says "no" where the exact test sees a breach, and seldom says "maybe" for nothing."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from chatbot.engine.band_width import Band, half_width
from chatbot.engine.bands import check_bands
from chatbot.engine.exact import exact
from chatbot.engine.planner.smallest_trade import smallest_trade
from chatbot.engine.screen import BLOCK, edges, maybe_breached, maybe_reached
from chatbot.engine.targets import Source, intended_shares
from tests.engine.strategies import decimals, magnitudes, quick, weights

D = Decimal
LINES = {"CORE": (0, 1), "ALT": (2, 3), "STABLE": (4,), "FUTURES": (5, 6)}
MEMBERSHIP = np.array([[1.0 if row in rows else 0.0 for row in range(7)] for rows in LINES.values()])


@st.composite
def portfolios(draw: st.DrawFn) -> tuple[list[Decimal], list[Decimal], dict[str, Decimal], dict[str, Band]]:
    """Draw prices, quantities and targets; half of them are put exactly on, or a hair beside, an edge."""
    prices = [*draw(st.lists(magnitudes(-6, 5), min_size=4, max_size=4)), D(1), D(1), draw(magnitudes(-3, 5))]
    qty = [draw(st.just(D(0)) | magnitudes(-4, 6)) for _ in range(4)]
    qty += [draw(magnitudes(0, 5)), draw(decimals("-50000", "50000", 2)), draw(decimals("-3", "3", 3))]
    targets = dict(zip(LINES, draw(weights(4)), strict=True))
    bands = {line: Band(abs_pp=draw(decimals("0.5", "10", 1))) for line in ("CORE", "ALT", "STABLE")}
    if draw(st.booleans()):
        # CORE is worth (t + b) of 1000, give or take; the rest is cash
        weight = targets["CORE"] + draw(st.sampled_from((1, -1))) * half_width(bands["CORE"], targets["CORE"])
        hair = draw(st.sampled_from((D(0), D("1e-13"), D("-1e-13"), D("1e-7"), D("-1e-7"))))
        prices[0], qty = D(1), [weight * 1000 + hair, D(0), D(0), D(0), 1000 - weight * 1000 - hair, D(0), D(0)]
    return prices, qty, targets, bands


@quick
@given(portfolios(), st.sampled_from(["article", "inclusive", "strict"]))
def test_the_sieve_never_misses_a_breach(case: tuple[list[Decimal], list[Decimal], dict[str, Decimal], dict[str, Band]], mode: str) -> None:
    """Wherever the exact check finds a breach, or refuses the portfolio, the sieve says maybe."""
    prices, qty, targets, bands = case
    values = {line: sum((qty[r] * prices[r] for r in rows), D(0)) for line, rows in LINES.items()}
    half = [float(half_width(bands[line], targets[line])) if line in bands else np.nan for line in LINES]
    lower, upper = edges(np.array([[float(t)] for t in targets.values()]), np.array(half)[:, np.newaxis])
    maybe = maybe_breached(np.array(qty, float)[:, np.newaxis], np.array(prices, float), lower, upper, MEMBERSHIP)
    total = sum(values.values())
    if total <= 0 or check_bands(values, targets, bands, mode).triggered:
        assert maybe[0]


def many(n: int, seed: int) -> tuple[np.ndarray, ...]:
    """Make n portfolios of 12 rows, a few of them outside a band of 5 points."""
    random = np.random.default_rng(seed)
    price = random.uniform(0.1, 60_000, 12)
    target = random.dirichlet(np.ones(12), n).T
    weight = np.clip(target + random.normal(0, 0.012, (12, n)), 0, None)
    weight /= weight.sum(axis=0)
    lower, upper = edges(target, np.full((12, n), 0.05))
    return weight / price[:, np.newaxis] * random.uniform(10, 1e6, n), price, lower, upper, weight


def test_blocks_join_without_a_seam() -> None:
    """Over several blocks the sieve agrees with the plain formula, and most portfolios are sieved out."""
    qty, price, lower, upper, weight = many(2 * BLOCK + 17, seed=5)
    expected = ((weight < lower) | (weight >= upper)).any(axis=0)
    found = maybe_breached(qty, price, lower, upper)
    assert np.array_equal(found, expected)
    assert 0 < found.mean() < 0.1


def test_unknown_numbers_are_a_maybe() -> None:
    """A missing price, an infinite quantity or a worthless portfolio is never a "no"."""
    lower, upper = edges(np.array([[0.5], [0.5]]), np.array([[0.4], [0.4]]))
    qty = np.array([[1.0, 0.0, np.inf], [1.0, 0.0, 1.0]])
    assert maybe_breached(qty, np.array([1.0, 1.0]), lower, upper).tolist() == [False, True, True]
    assert maybe_breached(qty, np.array([np.nan, 1.0]), lower, upper).all()


@quick
@example(
    [(D(1), D(1), D("-0.301")), (D(1), D("0.001"), D("-0.001")), (D("1.347"), D("2.475"), D("-1.001"))],
    D(1000),
)
@given(
    st.lists(st.tuples(magnitudes(-3, 4), magnitudes(-3, 3), decimals("-1.5", "1.5", 3)), min_size=1, max_size=4),
    decimals("1000", "1000000", 0),
)
def test_no_mix_is_reached_unnoticed(coins: list[tuple[Decimal, Decimal, Decimal]], value: Decimal) -> None:
    """Wherever the exact look says that every coin has what was meant of it, the sieve says maybe; some stand a hair off.

    Where nothing was meant of any of them there is no mix that could be reached (engine/targets.py).
    """
    names = [f"C{number}" for number in range(len(coins))]
    least = smallest_trade(value) / len(coins)
    prices = {name: price for name, (price, _, _) in zip(names, coins, strict=True)}
    held = {name: qty for name, (_, qty, _) in zip(names, coins, strict=True)}
    meant = {name: qty + max(-qty, off * least / price) for name, (price, qty, off) in zip(names, coins, strict=True)}
    found = intended_shares(names, prices, held, meant, dict.fromkeys(names, least))
    off = np.array([[float(exact(meant[name]) - exact(held[name]))] for name in names])
    maybe = maybe_reached(off, np.array([[float(prices[name])] for name in names]), np.array([float(value)]))
    assert maybe[0] or found.source is Source.INTENDED or not any(meant.values())


def test_no_portfolios_no_answer() -> None:
    """An empty batch gives an empty answer."""
    assert maybe_breached(np.empty((2, 0)), np.ones(2), np.zeros((2, 1)), np.ones((2, 1))).shape == (0,)

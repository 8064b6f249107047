"""The published example of the deflated Sharpe ratio (domain 12.5), and which way it goes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chatbot.engine.errors import Refused
from chatbot.engine.review.deflated import deflated_sharpe, expected_best, moments

#: Sharpe 2.5 a year of 250 days over 1250 days, skew -3, kurtosis 10, the trials' variance 1/2 a year
SR, COUNT, SKEW, KURTOSIS, VARIANCE = 2.5 / math.sqrt(250), 1250, -3, 10, 0.5 / 250


def deflated(trials: int) -> float:
    """Return the example's ratio after so many trials."""
    return deflated_sharpe(SR, count=COUNT, skew=SKEW, kurtosis=KURTOSIS, trials=trials, variance=VARIANCE)


def test_the_published_example() -> None:
    """100 trials: SR0 0.1132, DSR 0.9004; 46 trials would have been convincing."""
    assert expected_best(100, VARIANCE) == pytest.approx(0.1132, abs=5e-5)
    assert deflated(100) == pytest.approx(0.9004, abs=5e-5)
    assert deflated(46) == pytest.approx(0.9505, abs=5e-5)


def test_more_trials_prove_less() -> None:
    """Each further setting that was tried lowers it."""
    told = [deflated(trials) for trials in (1, 2, 10, 100, 1000)]
    assert told == sorted(told, reverse=True)
    assert expected_best(1, VARIANCE) == 0


def test_moments_of_a_normal_sample_and_what_has_none() -> None:
    """Skew near 0 and kurtosis near 3; too few or constant returns have neither."""
    skew, kurtosis = moments(np.random.default_rng(7).normal(size=20_000))
    assert abs(skew) < 0.05
    assert kurtosis == pytest.approx(3, abs=0.1)
    for returns, code in (([0.1, 0.2], "too_few"), ([0.5] * 5, "zero_variance")):
        with pytest.raises(Refused, match=code):
            moments(returns)
    with pytest.raises(Refused, match="too_few"):
        deflated_sharpe(0.1, count=1, skew=0, kurtosis=3, trials=1, variance=0)
    with pytest.raises(Refused, match="bad_parameter"):
        deflated_sharpe(2, count=10, skew=3, kurtosis=1, trials=1, variance=0)
    with pytest.raises(Refused, match="bad_parameter"):
        expected_best(0, 1)

"""Our bare rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.others.tools.common import FEE, HALF_WIDTH, SWEEP, TARGETS, answered
from chatbot.engine.backtest.rule import Rule, replay, replay_all

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def rule(half: float) -> Rule:
    return Rule(targets=TARGETS, half_widths=(half,) * len(TARGETS), fee=FEE)


def run(prices: NDArray[np.float64]) -> tuple[int, float]:
    found = replay(prices, rule(HALF_WIDTH))
    return len(found.traded), float(found.values[-1])


def sweep(prices: NDArray[np.float64]) -> list[tuple[int, float]]:
    return [(len(found.traded), float(found.values[-1])) for found in replay_all(prices, map(rule, SWEEP))]


answered(run, sweep)

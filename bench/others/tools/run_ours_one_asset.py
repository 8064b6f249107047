"""Our bare rule as backtesting.py has it: one asset and money, from the second bar on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bench.others.tools.common import FEE, HALF_WIDTH, TARGETS, answered
from chatbot.engine.backtest.rule import Rule, replay

if TYPE_CHECKING:
    from numpy.typing import NDArray


def run(prices: NDArray[np.float64]) -> tuple[int, float]:
    pair = np.stack([prices[0, 1:], prices[-1, 1:]])
    found = replay(pair, Rule(targets=(TARGETS[0], 1 - TARGETS[0]), half_widths=(HALF_WIDTH,) * 2, fee=FEE))
    return len(found.traded), float(found.values[-1])


answered(run)

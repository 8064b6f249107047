"""The rule in backtesting.py, which has one asset: two fifths in the first, the rest money."""

from __future__ import annotations

import sys
import warnings
from io import StringIO
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy

from bench.others.tools.common import FEE, HALF_WIDTH, TARGETS, after_fees, answered

if TYPE_CHECKING:
    from numpy.typing import NDArray

_T = np.array([TARGETS[0], 1 - TARGETS[0]])
#: whole units only: prices are made so small that a unit is nothing
_UNIT = 1e-6
_COUNT = [-1]


class Bands(Strategy):
    """Trade to target where the weight has left its band; the first purchase is free."""

    def init(self) -> None:
        """Begin."""
        _COUNT[0] = -1

    def next(self) -> None:
        """Look at one bar."""
        price = self.data.Close[-1]
        begins = not self.position
        worth = self.position.size * price
        weight = worth / self.equity
        if not begins and -HALF_WIDTH - 1e-12 <= weight - _T[0] < HALF_WIDTH - 1e-12:
            return
        left = self.equity if begins else after_fees(np.array([worth, self.equity - worth]), _T)
        size = round(_T[0] * left / price) - self.position.size
        if size > 0:
            self.buy(size=size)
        else:
            self.sell(size=-size)
        _COUNT[0] += 1


def run(prices: NDArray[np.float64]) -> tuple[int, float]:
    index = pd.date_range("2021-01-01", periods=prices.shape[1], freq="h")
    frame = pd.DataFrame(dict.fromkeys(("Open", "High", "Low", "Close"), prices[0] * _UNIT), index=index)
    test = Backtest(
        frame,
        Bands,
        cash=1_000_000,
        commission=lambda size, price: abs(size) * price * FEE if _COUNT[0] > 0 else 0.0,
        trade_on_close=True,
    )
    found = test.run()
    return _COUNT[0], float(found["_equity_curve"]["Equity"].iloc[-1] / 1_000_000)


warnings.filterwarnings("ignore")
sys.stderr = StringIO()
answered(run)

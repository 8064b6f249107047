"""The rule in bt: an algo that looks at every bar, and trades exact quantities at its close."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bt
import numpy as np
import pandas as pd

from bench.others.tools.common import FEE, HALF_WIDTH, TARGETS, after_fees, answered

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Prices = NDArray[np.float64]

_T = np.array(TARGETS)
_NAMES = [str(number) for number in range(len(_T))]


#: bt copies its algos, so what has to be seen from outside stands here: the bar under way, and the trades so far
_SEEN = {"bar": -1, "trades": -1}


class Bands(bt.Algo):
    """Trade all to target where one weight has left its band; the first purchase is free."""

    def __init__(self, prices: Prices) -> None:
        super().__init__()
        # a row of a frame takes bt's users far longer than a column of an array
        self.prices, self.held = prices, np.zeros(len(_T))

    def __call__(self, target: Any) -> bool:  # noqa: ANN401 - what bt hands over
        """Look at one bar."""
        _SEEN["bar"] += 1
        prices = self.prices[:, _SEEN["bar"]]
        values = self.held * prices
        begins = _SEEN["bar"] == 0
        if not begins:
            weights = values / values.sum()
            if not ((weights >= _T + HALF_WIDTH - 1e-12) | (weights < _T - HALF_WIDTH - 1e-12)).any():
                return True
        wanted = _T * (target.value if begins else after_fees(values, _T)) / prices
        for name, more in zip(_NAMES, wanted - self.held, strict=True):
            target[name].transact(more, update=False)
        target.root.update(target.now)
        self.held = wanted
        _SEEN["trades"] += 1
        return True


def run(prices: Prices) -> tuple[int, float]:
    frame = pd.DataFrame(prices.T, index=pd.date_range("2021-01-01", periods=prices.shape[1], freq="h"), columns=_NAMES)
    _SEEN.update(bar=-1, trades=-1)
    test = bt.Backtest(
        bt.Strategy("bands", [Bands(prices)], [bt.Security(name) for name in _NAMES]),
        frame,
        initial_capital=1_000_000.0,
        commissions=lambda q, p: abs(q) * p * FEE if _SEEN["bar"] > 0 else 0.0,
        integer_positions=False,
    )
    test.run()
    return _SEEN["trades"], float(test.strategy.value / 1_000_000)


answered(run)

"""The rule in vectorbt: an order function for money that all assets share, the last of which is money itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import vectorbt as vbt
from numba import njit
from vectorbt.portfolio.enums import Direction, SizeType
from vectorbt.portfolio.nb import order_nb

from bench.others.tools.common import FEE, HALF_WIDTH, SWEEP, TARGETS, answered

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_T = np.array(TARGETS)


@njit
def before_bar(c: Any, targets: Floats, half: float, fee: float, sizes: Floats, count: NDArray[np.int64]) -> tuple[Floats]:  # noqa: ANN401
    """Say what is to be traded of each asset at this bar, sales first."""
    n = c.group_len
    whole = c.last_cash[c.group]
    for k in range(n):
        whole += c.last_position[c.from_col + k] * c.close[c.i, c.from_col + k]
    outside = c.i == 0
    for k in range(n):
        w = c.last_position[c.from_col + k] * c.close[c.i, c.from_col + k] / whole
        if w >= targets[k] + half - 1e-12 or w < targets[k] - half - 1e-12:
            outside = True
    if not outside:
        sizes[:] = 0.0
        return (sizes,)
    left = whole
    if c.i > 0:
        count[0] += 1
        for _ in range(50):
            traded = 0.0
            for k in range(n):
                traded += abs(targets[k] * left - c.last_position[c.from_col + k] * c.close[c.i, c.from_col + k])
            left = whole - fee * traded
    for k in range(n):
        sizes[k] = targets[k] * left / c.close[c.i, c.from_col + k] - c.last_position[c.from_col + k]
    order = np.argsort(sizes)
    for k in range(n):
        c.call_seq_now[k] = order[k]
    return (sizes,)


@njit
def order(c: Any, sizes: Floats, fee: float) -> Any:  # noqa: ANN401 - its own kinds of tuple
    size = sizes[c.col - c.from_col]
    if size == 0.0:
        return vbt.portfolio.enums.NoOrder
    return order_nb(
        size=size, price=c.close[c.i, c.col], size_type=SizeType.Amount, direction=Direction.LongOnly, fees=fee if c.i > 0 else 0.0
    )


def simulated(frame: pd.DataFrame, half: float) -> tuple[NDArray[np.int64], vbt.Portfolio]:
    count = np.zeros(1, dtype=np.int64)
    return count, vbt.Portfolio.from_order_func(
        frame,
        order,
        FEE,
        pre_segment_func_nb=before_bar,
        pre_segment_args=(_T, half, FEE, np.zeros(len(_T)), count),
        init_cash=1_000_000.0,
        cash_sharing=True,
        group_by=True,
        freq="1h",
        max_orders=200_000,
    )


def framed(prices: Floats) -> pd.DataFrame:
    return pd.DataFrame(prices.T, index=pd.date_range("2021-01-01", periods=prices.shape[1], freq="h"))


def run(prices: Floats) -> tuple[int, float]:
    count, portfolio = simulated(framed(prices), HALF_WIDTH)
    return int(count[0]), float(portfolio.final_value() / 1_000_000)


def sweep(prices: Floats) -> list[float]:
    frame = framed(prices)
    return [float(simulated(frame, half)[1].final_value()) for half in SWEEP]


answered(run, sweep)

"""A backtest as a picture: the ways beside each other, and how far the strategy stood below its highest value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chatbot.backtest.past import HOUR
from chatbot.backtest.result import NAMES
from chatbot.charts.curves import Curve, Equity
from chatbot.charts.equity import equity_picture
from chatbot.charts.labels import Labels

if TYPE_CHECKING:
    from chatbot.backtest.result import Comparison

#: days beyond these would lie on the same pixels
_MOST_POINTS = 400


def picture(found: Comparison, name: str) -> bytes:
    """Return what a comparison looks like as PNG; ``name`` is that of the strategy."""
    ways, days = found.ways, len(found.strategy.daily)
    kept = np.unique(np.linspace(0, days - 1, min(days, _MOST_POINTS)).astype(int))
    curves = tuple(
        Curve(name=told, values=tuple(ways[way].daily[kept].tolist()), said=f"{(ways[way].growth - 1) * 100:+.1f} %")
        for way, told in NAMES.items()
        if way in ways
    )
    past = found.past
    equity = Equity(
        at=tuple((kept / (days - 1)).tolist()),
        curves=curves,
        traded=tuple(block.hour / (past.hours - 1) for block in found.blocks[1:]),
        ends=(f"{past.begin:%Y-%m-%d}", f"{past.begin + (past.hours - 1) * HOUR:%Y-%m-%d}"),
        fall="Below its highest value",
        deepest=f"{found.strategy.drawdown * 100:.1f} %",
        tick="plan",
    )
    return equity_picture(equity, Labels(title=name.capitalize(), bars="value, before slippage"))

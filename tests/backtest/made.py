"""A past that is made up: prices by coin at every full hour, without a spread, the same before it began."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from chatbot.backtest.past import HOUR, Recorded, played
from chatbot.exchanges.base import Market
from chatbot.exchanges.candle_table import CandleTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from chatbot.backtest.past import Past

BEGIN = datetime(2021, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR_US = HOUR // timedelta(microseconds=1)


def past_of(prices: Mapping[str, NDArray[np.float64]], fee: str = "0.001") -> Past:
    """Return a past of these prices, one at each full hour; nothing was recorded before it, and there are no futures."""
    hours = len(next(iter(prices.values())))
    at = (BEGIN - _EPOCH) // timedelta(microseconds=1) + np.arange(hours) * _HOUR_US
    markets = {
        coin: Market(instrument=coin, tick=Decimal("1e-8"), lot=Decimal("1e-8"), min_notional=Decimal(0), taker_fee=Decimal(fee))
        for coin in prices
    }
    bars = {
        (coin, interval): CandleTable(at, np.stack([row] * 4 + [np.ones(hours)], axis=1))
        for coin, row in prices.items()
        for interval in ("1h", "1d")
    }
    end = BEGIN + (hours - 1) * HOUR
    return played(Recorded(begin=BEGIN, end=end, markets=markets, bars=bars, settlements={}, moods=()))

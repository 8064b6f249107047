"""A past that is made up: prices by coin at every full hour."""

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
_DAY_HOURS = 24
_HOUR_US = HOUR // timedelta(microseconds=1)


def past_of(prices: Mapping[str, NDArray[np.float64]], fee: str = "0.001", before: int = 0) -> Past:
    """Return a past of these prices, one at each full hour; of the first ``before`` triggers know, and there are no futures.

    An hour whose price is nan has no bar.
    """
    total = len(next(iter(prices.values())))
    at = (BEGIN - before * HOUR - _EPOCH) // timedelta(microseconds=1) + np.arange(total) * _HOUR_US
    markets = {
        coin: Market(instrument=coin, tick=Decimal("1e-8"), lot=Decimal("1e-8"), min_notional=Decimal(0), taker_fee=Decimal(fee))
        for coin in prices
    }
    bars = {}
    for coin, row in prices.items():
        rows, traded = np.stack([row, row, row, np.append(row[1:], row[-1]), np.ones(total)], axis=1), ~np.isnan(row)
        days = np.flatnonzero(traded)[::_DAY_HOURS]
        bars |= {(coin, "1h"): CandleTable(at[traded], rows[traded]), (coin, "1d"): CandleTable(at[days], rows[days])}
    end = BEGIN + (total - before - 1) * HOUR
    return played(Recorded(begin=BEGIN, end=end, markets=markets, bars=bars, settlements={}, moods=()))

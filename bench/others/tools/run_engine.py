"""Our engine: the evaluation, judgement and planner that trade, with lots and smallest trades."""

from __future__ import annotations

import gc
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from bench.others.tools.common import FEE, HALF_WIDTH, TARGETS, answered
from chatbot.backtest.past import HOUR, Recorded, played
from chatbot.backtest.walk import walk
from chatbot.exchanges.base import Market
from chatbot.exchanges.candle_table import CandleTable
from chatbot.model import BandRule, Strategy

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BEGIN = datetime(2021, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_COINS = ("BTC", "ETH", "SOL", "ADA", "XRP")


def run(prices: NDArray[np.float64]) -> tuple[int, float]:
    gc.disable()  # as in the process that works for /backtest
    hours = prices.shape[1]
    at = (_BEGIN - _EPOCH) // _MICROSECOND + np.arange(hours) * (HOUR // _MICROSECOND)
    rows = {coin: np.repeat(row[:, np.newaxis], 5, axis=1) for coin, row in zip(_COINS, prices[:-1], strict=True)}
    days = slice(None, None, 24)
    bars = {(coin, "1h"): CandleTable(at, row) for coin, row in rows.items()}
    bars |= {(coin, "1d"): CandleTable(at[days], row[days]) for coin, row in rows.items()}
    step, fee = Decimal("1e-6"), Decimal(str(FEE))
    markets = {coin: Market(instrument=coin, tick=step, lot=step, min_notional=Decimal(0), maker_fee=fee, taker_fee=fee) for coin in _COINS}
    recorded = Recorded(begin=_BEGIN, end=_BEGIN + (hours - 1) * HOUR, markets=markets, bars=bars, settlements={}, moods=())
    found = walk(played(recorded), _strategy(), Decimal(1_000_000), window=timedelta(0))
    last = found.held[-1].snapshot
    worth = sum(float(one.qty) * float(prices[_COINS.index(one.asset), -1]) for one in last.spot) + sum(
        float(one.value) for one in last.cash
    )
    return len(found.blocks) - 1, worth / 1_000_000


def _strategy() -> Strategy:
    weights = dict(zip((*_COINS, "STABLE"), (Decimal(str(target)) for target in TARGETS), strict=True))
    band = BandRule(abs_pp=Decimal(str(HALF_WIDTH * 100)))
    return Strategy(
        preset="custom",
        weights={**weights, "FUTURES": Decimal(0)},
        members={},
        futures_net=Decimal(0),
        futures_split={},
        bands=dict.fromkeys(weights, band),
        futures_band_pp=Decimal(5),
    )


answered(run)

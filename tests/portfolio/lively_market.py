"""A still market with a past: closes that swing by a chosen amount, volumes, funding and, if asked for, order books."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from chatbot.exchanges.base import Depth, Funding, asset_of, is_perp
from chatbot.exchanges.candle_table import CandleTable
from tests.portfolio.still_market import StillMarket

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from chatbot.clock import Clock
    from chatbot.exchanges.base import Candle, Market, Quote

D = Decimal


class LivelyMarket(StillMarket):
    """Every coin swings to and fro by its own daily volatility; one without any has no history."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        #: fraction per day, by coin
        self.volatility = dict.fromkeys(("BTC", "ETH", "SOL", "XRP"), 0.03)
        #: quote a day, by instrument; the rest has a billion
        self.volumes: dict[str, Decimal | None] = {}
        self.half_spread = D("0.00005")
        self.taker_fee = D("0.001")
        #: per eight hours
        self.rate: Decimal | None = D("0.0001")
        #: the swing of the test itself, as a fraction per bar; None: from the daily volatility
        self.swing: float | None = None

    async def markets(self) -> Mapping[str, Market]:
        """Return the rules of the still market, with the fee of the test."""
        return {
            name: replace(market, taker_fee=self.taker_fee, maker_fee=self.taker_fee) for name, market in (await super().markets()).items()
        }

    async def quotes(self, instruments: Collection[str]) -> Mapping[str, Quote]:
        """Return the still market's prices with the spread and volume of the test."""
        told = await super().quotes(instruments)
        return {
            name: replace(
                quote,
                bid=self.prices[name] * (1 - self.half_spread),
                ask=self.prices[name] * (1 + self.half_spread),
                volume=self.volumes.get(name, quote.volume),
                funding_rate=self.rate if is_perp(name) else None,
            )
            for name, quote in told.items()
        }

    async def candles(self, instrument: str, interval: str, since: datetime, until: datetime) -> Sequence[Candle]:
        """Return bars whose closes go up and down by the same amount."""
        sigma = self.volatility.get(asset_of(instrument))
        if sigma is None:
            return ()
        span = timedelta(days=1) if interval == "1d" else timedelta(hours=1)
        move = self.swing or (sigma if interval == "1d" else sigma / sqrt(24))
        seconds = int(span.total_seconds())
        end = min(until - timedelta(microseconds=1), self._clock.now() - span)
        numbers = np.arange(-(-int(since.timestamp()) // seconds), int(end.timestamp()) // seconds + 1)
        closes = 100 * (1 + move * (numbers % 2 - 0.5))
        return CandleTable(numbers * seconds * 1_000_000, np.column_stack([closes] * 4 + [np.ones(len(closes))]))

    async def funding(self, instrument: str, since: datetime, until: datetime) -> tuple[Funding, ...]:
        """Settle every eight hours at the rate of the test."""
        if not is_perp(instrument) or self.rate is None:
            return ()
        eight = 8 * 3600
        first, last = int(since.timestamp()) // eight + 1, int(until.timestamp()) // eight
        times = (since.fromtimestamp(number * eight, tz=since.tzinfo) for number in range(first, last + 1))
        return tuple(Funding(at=at, rate=self.rate, interval_hours=8) for at in times)


class OpenBook(LivelyMarket):
    """The same market with order books that can be seen."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.books: dict[str, Depth] = {}
        self.asked: list[str] = []

    async def depth(self, instrument: str) -> Depth | None:
        """Return the book of the test."""
        self.asked.append(instrument)
        return self.books.get(instrument)

"""A recorded market that moves once an hour, without a spread and with one fee: what is ordered is filled at the price of the decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from chatbot.clock import ManualClock
from chatbot.exchanges.candle_table import CandleTable
from chatbot.exchanges.markets.path import touch
from chatbot.exchanges.markets.replay import ReplaySource

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path as Folder

    from chatbot.backtest.past import Past
    from chatbot.clock import Clock
    from chatbot.exchanges.base import Candle, FearGreed, Funding, Market, Quote
    from chatbot.exchanges.markets.path import Path

_HOUR = timedelta(hours=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class OnTheHour:
    """The market of a recording as it stood at the last full hour; process time is market time."""

    name = "replay"
    quote_asset = "USDT"

    def __init__(self, folder: Folder, clock: Clock, begin: datetime) -> None:
        self._clock = clock
        later = ManualClock(begin + timedelta(days=400))
        self._whole = ReplaySource(folder, later, start=begin, origin=begin)
        self._recorded = ReplaySource(folder, clock, start=begin, origin=begin)

    def market_time(self, now: datetime) -> datetime:
        """Return process time: the market is as old as it."""
        return self._recorded.market_time(now)

    async def markets(self) -> Mapping[str, Market]:
        """Return the rules, with one fee for those who wait and those who do not."""
        return {name: one_fee(market) for name, market in (await self._recorded.markets()).items()}

    async def quotes(self, instruments: Collection[str]) -> Mapping[str, Quote]:
        """Return the prices of the last full hour."""
        now, rules = self._clock.now(), await self.markets()
        hour = _EPOCH + (now - _EPOCH) // _HOUR * _HOUR
        found = {}
        for name, quote in (await self._recorded.quotes(instruments)).items():
            bar = await self._whole.candles(name, "1h", hour, hour + _HOUR)
            book = touch(float(bar[0].open), 0.0, 0.0, rules[name].tick)
            found[name] = replace(quote, bid=book.bid, ask=book.ask, mark=None if quote.mark is None else book.mark)
        return found

    async def path(self, instrument: str, since: datetime, until: datetime) -> Path | None:
        """Return the minutes of the recording, each at the price of its full hour."""
        minutes = await self._recorded.path(instrument, since, until)
        if minutes is None or not len(minutes.at):
            return minutes
        bars = CandleTable.of(await self._whole.candles(instrument, "1h", since - _HOUR, until + _HOUR))
        hours = np.searchsorted(bars.at_us, minutes.at * 1000, side="right") - 1
        return replace(minutes, mid=bars.rows[hours, 0], half_spread=0.0)

    async def candles(self, instrument: str, interval: str, since: datetime, until: datetime) -> Sequence[Candle]:
        """Return the recorded bars."""
        return await self._recorded.candles(instrument, interval, since, until)

    async def funding(self, instrument: str, since: datetime, until: datetime) -> tuple[Funding, ...]:
        """Return the recorded settlements."""
        return await self._recorded.funding(instrument, since, until)

    def fear_greed(self, now: datetime) -> FearGreed | None:
        """Return the recorded index."""
        return self._recorded.fear_greed(now)

    def fear_greed_between(self, since: datetime, until: datetime) -> tuple[FearGreed, ...]:
        """Return the recorded readings."""
        return self._recorded.fear_greed_between(since, until)

    async def close(self) -> None:
        """Forget what was read."""
        await self._whole.close()
        await self._recorded.close()


@cache
def one_fee(market: Market) -> Market:
    """Return rules under which waiting pays nothing, so that every order takes at once."""
    return replace(market, maker_fee=market.taker_fee)


def without_spread(past: Past) -> Past:
    """Return a past that trades as this market does."""
    return replace(
        past,
        half_spreads=dict.fromkeys(past.half_spreads, 0.0),
        markets={name: one_fee(market) for name, market in past.markets.items()},
    )

"""A made-up market against another dollar: every price is that of the market itself, divided by what that dollar costs there."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from chatbot.exchanges.candle_table import turned
from chatbot.exchanges.markets.path import down, up

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from chatbot.exchanges.abilities import PathSource
    from chatbot.exchanges.base import Candle, Funding, Market, Quote
    from chatbot.exchanges.markets.path import Path

#: one part in so many of what is traded is traded against it
_PART = 10
_EIGHT = Decimal("1e-8")


class CrossSource:
    """The coins and contracts of ``base`` against ``quote_asset``, one of its own coins; its own quote coin is a coin here."""

    def __init__(self, base: PathSource, quote_asset: str) -> None:
        self._base = base
        self.quote_asset = quote_asset

    @property
    def name(self) -> str:
        """Return the name of the market: it is the same one."""
        return self._base.name

    def market_time(self, now: datetime) -> datetime:
        """Map process time to the market's own time."""
        return self._base.market_time(now)

    async def markets(self) -> Mapping[str, Market]:
        """Return the rules of every instrument; the other dollar has those that this one has there."""
        rules = dict(await self._base.markets())
        dollar = rules.pop(self.quote_asset, None)
        usual = self._base.quote_asset
        return rules | ({usual: replace(dollar, instrument=usual)} if dollar is not None else {})

    async def quotes(self, instruments: Collection[str]) -> Mapping[str, Quote]:
        """Return the prices of now; none at all while the dollar itself has none."""
        usual, asked = self._base.quote_asset, set(instruments) - {self.quote_asset}
        found = dict(await self._base.quotes(sorted(asked - {usual} | {self.quote_asset})))
        dollar, rules = found.pop(self.quote_asset, None), await self.markets()
        if dollar is None or dollar.mid <= 0:
            return {}
        told = {name: _across(quote, dollar, rules[name]) for name, quote in found.items() if name in rules}
        if usual in asked:
            tick = rules[usual].tick
            told[usual] = replace(dollar, instrument=usual, bid=down(1 / dollar.ask, tick), ask=up(1 / dollar.bid, tick))
        return told

    async def path(self, instrument: str, since: datetime, until: datetime) -> Path | None:
        """Return the minutes in (since, until]; None for what is not traded."""
        usual = self._base.quote_asset
        dollar = await self._base.path(self.quote_asset, since, until)
        if dollar is None or instrument == self.quote_asset:
            return None
        if instrument == usual:
            return replace(dollar, mid=1 / dollar.mid, volume=dollar.volume * dollar.mid)
        found = await self._base.path(instrument, since, until)
        if found is None:
            return None
        price = np.interp(found.at, dollar.at, dollar.mid) if len(dollar.at) else np.ones(len(found.at))
        return replace(found, mid=found.mid / price, volume=found.volume / _PART)

    async def candles(self, instrument: str, interval: str, since: datetime, until: datetime) -> Sequence[Candle]:
        """Return the bars of the market itself: they go into statistics of returns, which are the same against any dollar on its peg.

        Its own quote coin has those of this dollar, the other way round.
        """
        if instrument == self._base.quote_asset:
            return tuple(map(turned, await self._base.candles(self.quote_asset, interval, since, until)))
        return await self._base.candles(instrument, interval, since, until)

    async def funding(self, instrument: str, since: datetime, until: datetime) -> tuple[Funding, ...]:
        """Return the settlements: their rates are those of the market itself."""
        return await self._base.funding(instrument, since, until)

    async def close(self) -> None:
        """Nothing to let go of."""


def _across(quote: Quote, dollar: Quote, market: Market) -> Quote:
    """Return a quote in the dollar: its own spread, on the tick."""
    price = dollar.mid
    return replace(
        quote,
        bid=down(quote.bid / price, market.tick),
        ask=up(quote.ask / price, market.tick),
        mark=None if quote.mark is None else (quote.mark / price).quantize(_EIGHT),
        volume=None if quote.volume is None else (quote.volume / price / _PART).quantize(_EIGHT),
        last=None if quote.last is None else (quote.last / price).quantize(_EIGHT),
    )

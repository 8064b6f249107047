"""What the test exchange's instruments are worth: said by a test, or asked of one of our own price sources."""

from __future__ import annotations

from collections import deque
from dataclasses import field
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from chatbot.exchanges.base import Candle
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from chatbot.clock import Clock
    from chatbot.exchanges.base import Funding, Market, PriceSource, Quote

#: prices of an instrument that are kept
_POINTS = 5_000
_DAY_VOLUME = Decimal(50_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """The latest word on one instrument."""

    bid: Decimal
    ask: Decimal
    mark: Decimal
    #: funding rate to be paid next
    rate: Decimal = Decimal("0.0001")
    #: quote volume of the last day
    volume: Decimal = _DAY_VOLUME


class Feed(Protocol):
    """Where prices come from when no test says them."""

    async def markets(self) -> Mapping[str, Market]:
        """Return the rules of every instrument."""
        ...

    async def latest(self) -> Mapping[str, Price]:
        """Return the prices that are known now."""
        ...

    async def candles(self, instrument: str, interval: str, since: datetime, until: datetime) -> Sequence[Candle]:
        """Return the bars that opened in [since, until), in the exchange's time."""
        ...

    async def settled(self, instrument: str, since: datetime, until: datetime) -> Sequence[Funding]:
        """Return the funding settlements in (since, until], in the exchange's time."""
        ...


@dataclass(slots=True)
class SourceFeed:
    """One of our own sources, simulated or replayed, moved from its market time to the time of the exchange."""

    source: PriceSource
    clock: Clock

    async def markets(self) -> Mapping[str, Market]:
        """Return the rules of every instrument."""
        return await self.source.markets()

    async def latest(self) -> Mapping[str, Price]:
        """Return the prices that the source has now."""
        quotes = await self.source.quotes(list(await self.source.markets()))
        return {name: _price_of(quote) for name, quote in quotes.items()}

    async def candles(self, instrument: str, interval: str, since: datetime, until: datetime) -> Sequence[Candle]:
        """Return bars as if the source's market time were ours: they are moved by whole hours or days."""
        step = timedelta(days=1) if interval == "1d" else timedelta(hours=1)
        now = self.clock.now()
        ahead = (self.source.market_time(now) - now) // step * step
        bars = await self.source.candles(instrument, interval, since + ahead, until + ahead)
        return [Candle(at=bar.at - ahead, open=bar.open, high=bar.high, low=bar.low, close=bar.close, volume=bar.volume) for bar in bars]

    async def settled(self, instrument: str, since: datetime, until: datetime) -> Sequence[Funding]:
        """Return the settlements of the source, whose times stay as they are: on the hours of their market."""
        now = self.clock.now()
        ahead = (self.source.market_time(now) - now) // timedelta(days=1) * timedelta(days=1)
        return [
            type(one)(at=one.at - ahead, rate=one.rate, interval_hours=one.interval_hours)
            for one in await self.source.funding(instrument, since + ahead, until + ahead)
        ]


def _price_of(quote: Quote) -> Price:
    return Price(
        bid=quote.bid,
        ask=quote.ask,
        mark=quote.price,
        rate=quote.funding_rate or Decimal(0),
        volume=quote.volume or _DAY_VOLUME,
    )


@dataclass(slots=True)
class Path:
    """The prices that were said of one instrument, in order; bars are read off them."""

    points: deque[tuple[datetime, Decimal]] = field(default_factory=lambda: deque(maxlen=_POINTS))

    def say(self, at: datetime, price: Decimal) -> None:
        """Add a price."""
        self.points.append((at, price))

    def bars(self, step: timedelta, since: datetime, until: datetime) -> list[Candle]:
        """Return the bars that opened in [since, until); before its first price an instrument stood at that one."""
        found, at = [], since
        while at < until:
            prices = self._between(at, at + step)
            found.append(Candle(at=at, open=prices[0], high=max(prices), low=min(prices), close=prices[-1], volume=Decimal(100)))
            at += step
        return found

    def _between(self, start: datetime, end: datetime) -> list[Decimal]:
        before = [price for at, price in self.points if at < start] or [self.points[0][1]]
        return [before[-1], *(price for at, price in self.points if start <= at < end)]

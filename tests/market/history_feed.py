"""A source whose past a test writes down, and which counts what it is asked."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.errors import ExchangeError, Unreachable
from chatbot.exchanges.base import Candle, Funding
from tests.portfolio.still_market import StillMarket

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from chatbot.clock import ManualClock

D = Decimal
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SPANS = {"1h": HOUR, "1d": DAY}


def price_of(at: datetime) -> Decimal:
    """Return the close of the bar that opened at ``at``: another one every hour."""
    return D(100 + (at - EPOCH) // HOUR % 1000) / 10


def bar(at: datetime, close: Decimal | None = None) -> Candle:
    """Return a bar."""
    price = price_of(at) if close is None else close
    return Candle(at=at, open=price, high=price, low=price, close=price, volume=D("1.5"))


class Feed(StillMarket):
    """Candles since ``listed`` but for ``holes``; settlements as written down."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.clock = clock
        self.listed = EPOCH
        self.delisted = datetime.max.replace(tzinfo=UTC)
        self.holes: Collection[datetime] = ()
        #: how long the exchange takes to publish a bar
        self.lag = timedelta(0)
        self.prices_by_time: dict[datetime, Decimal] = {}
        self.asked: list[tuple[str, datetime, datetime]] = []
        self.fails: ExchangeError | None = None
        self.broken: Collection[str] = ()
        self.paid: dict[datetime, Funding] = {}
        self.at_once = self.most_at_once = 0

    def settle(self, since: datetime, until: datetime, hours: int, rate: str = "0.0001", jitter_ms: int = 0) -> None:
        """Write settlements in (since, until] every so many hours."""
        at = since + timedelta(hours=hours)
        while at <= until:
            seen = at + timedelta(milliseconds=jitter_ms)
            self.paid[seen] = Funding(at=seen, rate=D(rate), interval_hours=hours)
            at += timedelta(hours=hours)

    async def _answer(self, name: str, since: datetime, until: datetime) -> None:
        self.asked.append((name, since, until))
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        if self.fails is not None:
            raise self.fails
        if name in self.broken:
            raise Unreachable("no such coin")

    async def candles(self, instrument: str, interval: str, since: datetime, until: datetime) -> tuple[Candle, ...]:
        """Return closed bars."""
        await self._answer(instrument, since, until)
        return tuple(bar(at, self.prices_by_time.get(at)) for at in self._opens(SPANS[interval], since, until))

    def _opens(self, span: timedelta, since: datetime, until: datetime) -> Iterator[datetime]:
        at = max(since, self.listed)
        while at < min(until, self.delisted) and at + span + self.lag <= self.clock.now():
            if at not in self.holes:
                yield at
            at += span

    async def funding(self, instrument: str, since: datetime, until: datetime) -> tuple[Funding, ...]:
        """Return the written settlements."""
        await self._answer(instrument, since, until)
        return tuple(one for at, one in sorted(self.paid.items()) if since < at <= until and at + self.lag <= self.clock.now())

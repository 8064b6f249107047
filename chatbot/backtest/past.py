"""A past in memory: prices at every full hour, and the books of it that triggers read."""

from __future__ import annotations

import asyncio
from dataclasses import field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from chatbot.backtest.timelines import Timelines
from chatbot.clock import ManualClock
from chatbot.exchanges.abilities import MoodSource
from chatbot.exchanges.base import Quote, asset_of, is_perp
from chatbot.exchanges.candle_table import CandleTable
from chatbot.exchanges.markets.coins import COINS
from chatbot.exchanges.markets.path import Path, plain, touch
from chatbot.market.betas import Betas
from chatbot.market.candles import KEEP_DAYS, CandleBook
from chatbot.market.funding import KEEP_DAYS as FUNDING_DAYS
from chatbot.market.funding import FundingBook, on_minute
from chatbot.market.sentiment import Sentiment
from chatbot.model.life import Stop, StopKind
from chatbot.triggers.feeds import MAJOR_CONTRACTS, feeds
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from chatbot.exchanges.base import Candle, FearGreed, Funding, Market, PriceSource

    Floats = NDArray[np.float64]

HOUR = timedelta(hours=1)
#: what triggers look back on before the first hour: 400 days of trend, and thirty of warm-up
LOOK_BACK = timedelta(days=440)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR_US = HOUR // timedelta(microseconds=1)
_DAY_HOURS = 24
_HIGH_VOLUME = 4
#: half the bid-ask spread of a coin that has no character of its own here, as a fraction of the mid
_HALF_SPREAD = 2e-4
#: lets everything else that is ready have one turn
_NEXT = partial(asyncio.sleep, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Prices, settlements and moods of some instruments between two moments; all times are the market's."""

    begin: datetime
    #: how many full hours there are from ``begin`` on
    hours: int
    markets: Mapping[str, Market]
    #: price by instrument at each full hour; nan where it was not traded, and the last one of what is gone
    prices: Mapping[str, Floats]
    #: the hour of the last price of what its exchange lists no longer
    gone: Mapping[str, int]
    #: by instrument, what was traded in the day before each full hour, quote
    volumes: Mapping[str, Floats]
    #: by contract, the rate that is settled at a full hour, counted from the first
    rates: Mapping[str, Mapping[int, Decimal]]
    #: by instrument, half the bid-ask spread as a fraction of the mid
    half_spreads: Mapping[str, float]
    #: where it came from; asked for nothing any more
    source: PriceSource
    candles: CandleBook
    funding: FundingBook
    mood: Sentiment
    betas: Betas
    timelines: Timelines
    #: stands at the moment that is looked at
    clock: ManualClock
    #: quotes that were asked for, since several runs look at the same hours
    _quotes: dict[tuple[str, int], Quote | None] = field(default_factory=dict)
    _betas: dict[tuple[int, frozenset[str]], Mapping[str, Decimal]] = field(default_factory=dict)
    _rates: dict[str, Floats] = field(default_factory=dict)
    _values: dict[tuple[str, float], Floats] = field(default_factory=dict)
    _filled: dict[tuple[str, float], Floats] = field(default_factory=dict)

    def at(self, hour: int) -> datetime:
        """Return the moment of an hour, counted from the first."""
        return self.begin + hour * HOUR

    def quote(self, instrument: str, hour: int) -> Quote | None:
        """Return the quote at a full hour, of what is gone the last one; None where the instrument was not traded."""
        key = (instrument, min(hour, self.gone.get(instrument, hour)))
        if key not in self._quotes:
            self._quotes[key] = self._quote(*key)
        return self._quotes[key]

    def stop(self, instrument: str, hour: int) -> Stop | None:
        """Return since when an instrument is gone at an hour, and its last price; None while it is listed."""
        last = self.gone.get(instrument, hour)
        quote = self.quote(instrument, last) if last < hour else None
        if quote is None:
            return None
        return Stop(instrument=instrument, kind=StopKind.GONE, since=self.at(last + 1), price=quote.price, priced_at=quote.at)

    def values(self, instrument: str) -> Floats:
        """Return the price that an instrument is valued at, as its quote has it, at each full hour; nan where it was not traded."""
        prices, half_spread = self.prices[instrument], self.half_spreads[instrument]
        if is_perp(instrument):
            return prices
        key = (instrument, half_spread)
        if key not in self._values:
            at, tick = np.arange(self.hours), self.markets[instrument].tick
            path = Path(tick=tick, half_spread=half_spread, at=at, mid=prices, volume=self.volumes[instrument])
            bids = path.bids()
            self._values[key] = np.where(bids > 0, (bids + path.asks()) / 2, prices)
        return self._values[key]

    def filled(self, instrument: str) -> Floats:
        """Return the same with each gap filled by the last price before it."""
        key = (instrument, self.half_spreads[instrument])
        if key not in self._filled:
            prices = self.values(instrument)
            last = np.maximum.accumulate(np.where(np.isnan(prices), 0, np.arange(len(prices))))
            self._filled[key] = prices[last]
        return self._filled[key]

    def betas_at(self, hour: int, assets: Iterable[str]) -> Mapping[str, Decimal]:
        """Return how coins moved with BTC, as it is estimated once a day; ``clock`` is put to that hour."""
        self.clock.put(self.at(hour))
        key = ((self.begin.hour + hour) // _DAY_HOURS, frozenset(assets))
        if key not in self._betas:
            self._betas[key] = self.betas.now(key[1])
        return self._betas[key]

    def funding_between(self, since: int, until: int, positions: Mapping[str, Decimal]) -> Decimal:
        """Return what positions receive for the settlements after the hour ``since`` up to ``until``, quote.

        A long pays q x mark x rate where the rate is above 0 (domain 7.1); the mark is that of the full hour, or the last one before it.
        """
        received = Decimal(0)
        for contract, qty in positions.items():
            rates = self.rates.get(contract, {})
            for hour in range(since + 1, until + 1):
                if hour in rates and (quote := self._last_quote(contract, hour)) is not None:
                    received -= qty * quote.price * rates[hour]
        return received

    def unsettled_days(self, contract: str) -> int:
        """Return of how many whole days, while it was listed, no settlement of a contract is known."""
        days = min(self.hours - 1, self.gone.get(contract, self.hours)) // _DAY_HOURS
        return days - len({day for hour in self.rates.get(contract, {}) if (day := (hour - 1) // _DAY_HOURS) < days})

    def rates_by_hour(self, name: str) -> Floats:
        """Return the rates of a contract at each full hour, 0 where nothing is settled, as for what is no contract."""
        if name not in self._rates:
            self._rates[name] = np.zeros(self.hours)
            for hour, rate in self.rates.get(name, {}).items():
                self._rates[name][hour] = float(rate)
        return self._rates[name]

    def _last_quote(self, instrument: str, hour: int) -> Quote | None:
        """Return the quote at an hour, or at the last one before it that has one."""
        while (quote := self.quote(instrument, hour)) is None and hour:
            hour -= 1
        return quote

    def _quote(self, instrument: str, hour: int) -> Quote | None:
        price = float(self.prices[instrument][hour]) if instrument in self.prices else 0.0
        if not price > 0:
            return None
        book = touch(price, 0.0, self.half_spreads[instrument], self.markets[instrument].tick)
        volume = plain(float(self.volumes[instrument][hour]), 2)
        return Quote(
            instrument=instrument,
            bid=book.bid,
            ask=book.ask,
            at=self.at(hour),
            mark=book.mark if is_perp(instrument) else None,
            volume=volume,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What was fetched of a past: plain values, which another process can be given."""

    begin: datetime
    end: datetime
    markets: Mapping[str, Market]
    #: bars by instrument and interval
    bars: Mapping[tuple[str, str], CandleTable]
    #: by contract, oldest first
    settlements: Mapping[str, tuple[Funding, ...]]
    moods: tuple[FearGreed, ...]


async def fetch(
    source: PriceSource,
    instruments: Collection[str],
    begin: datetime,
    end: datetime,
    *,
    give_way: Callable[[], Awaitable[None]] = _NEXT,
) -> Recorded:
    """Fetch the past of some instruments from ``begin`` to ``end`` (market time), and as much before it as books keep for triggers.

    Bars that are missing stay missing. What is played or kept is answered at once, so ``give_way`` lets others have their turn between two
    series. Raises ``ExchangeError``.
    """
    since, names = begin - LOOK_BACK, sorted({*instruments, *(asset_of(name) for name in instruments), *MAJOR_CONTRACTS})
    markets = await source.markets()
    names = [name for name in names if name in markets]
    bars: dict[tuple[str, str], CandleTable] = {}
    settlements: dict[str, tuple[Funding, ...]] = {}
    for name in names:
        for interval, days in KEEP_DAYS.items():
            bars[name, interval] = CandleTable.of(await source.candles(name, interval, begin - timedelta(days=days), end + HOUR))
            await give_way()
        if is_perp(name):
            settlements[name] = tuple(await source.funding(name, begin - timedelta(days=FUNDING_DAYS), end))
            await give_way()
    return Recorded(
        begin=begin,
        end=end,
        markets={name: markets[name] for name in names},
        bars=bars,
        settlements=settlements,
        moods=source.fear_greed_between(since, end) if isinstance(source, MoodSource) else (),
    )


def played(recorded: Recorded) -> Past:
    """Return what was fetched as hours, and as the books that triggers read."""
    begin, since, end = recorded.begin, recorded.begin - LOOK_BACK, recorded.end
    clock = ManualClock(begin)
    source = _Silent(clock)
    hours, names = (end - begin) // HOUR + 1, tuple(recorded.markets)
    candles, funding, mood = CandleBook(source, clock), FundingBook(source, clock), Sentiment(source, clock)
    for (name, interval), bars in recorded.bars.items():
        candles.record(name, interval, bars, since, end)
    for name, paid in recorded.settlements.items():
        funding.record(name, paid)
    mood.record(recorded.moods)
    by_the_hour = {name: _by_the_hour(recorded.bars[name, "1h"], begin, hours) for name in names}
    gone = _gone({name: prices for name, (prices, _) in by_the_hour.items()})
    for name, last in gone.items():
        prices, _ = by_the_hour[name]
        prices[last + 1 :] = prices[last]
    return Past(
        begin=begin,
        hours=hours,
        markets=recorded.markets,
        prices={name: prices for name, (prices, _) in by_the_hour.items()},
        gone=gone,
        volumes={name: volumes for name, (_, volumes) in by_the_hour.items()},
        rates={name: _rates(paid, begin) for name, paid in recorded.settlements.items()},
        half_spreads={name: _half_spread(name) for name in names},
        source=source,
        candles=candles,
        funding=funding,
        mood=mood,
        betas=Betas(candles),
        timelines=Timelines(feeds(candles, funding, mood, clock), candles, begin, hours),
        clock=clock,
    )


class _Silent:
    """The source behind books that were filled at once: its time is the clock's, and it has nothing to add."""

    name = "recorded"
    quote_asset = "USDT"

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock

    def market_time(self, now: datetime) -> datetime:
        return now

    async def markets(self) -> Mapping[str, Market]:
        return {}

    async def quotes(self, instruments: Collection[str]) -> Mapping[str, Quote]:  # noqa: ARG002 - nothing is asked of it
        return {}

    async def candles(self, instrument: str, interval: str, since: datetime, until: datetime) -> Sequence[Candle]:  # noqa: ARG002
        return ()

    async def funding(self, instrument: str, since: datetime, until: datetime) -> tuple[Funding, ...]:  # noqa: ARG002
        return ()

    async def close(self) -> None:
        """Let go of nothing."""


def _gone(by_name: Mapping[str, Floats]) -> dict[str, int]:
    """Return the hour of the last price of what was not traded any more while something else went on for a day and longer."""
    priced = {name: np.flatnonzero(prices > 0) for name, prices in by_name.items()}
    last = {name: int(hours[-1]) for name, hours in priced.items() if hours.size}
    return {name: hour for name, hour in last.items() if max(last.values()) - hour >= _DAY_HOURS}


def _half_spread(instrument: str) -> float:
    coin = COINS.get(asset_of(instrument))
    return _HALF_SPREAD if coin is None else coin.half_spread_bps / 1e4


def _rates(settlements: Iterable[Funding], begin: datetime) -> dict[int, Decimal]:
    """Return the rates by hour; one between two full hours counts at the second."""
    return {hour: one.rate for one in settlements if (hour := -((begin - on_minute(one.at)) // HOUR)) > 0}


def _by_the_hour(bars: CandleTable, begin: datetime, hours: int) -> tuple[Floats, Floats]:
    """Return the price at each full hour, which is the open of the bar that begins there, and what was traded in the day before it."""
    first = (begin - _EPOCH) // HOUR - _DAY_HOURS
    prices, traded = np.full(hours + _DAY_HOURS, np.nan), np.zeros(hours + _DAY_HOURS)
    place = bars.at_us // _HOUR_US - first
    inside = (place >= 0) & (place < hours + _DAY_HOURS)
    prices[place[inside]] = bars.rows[inside, 0]
    traded[place[inside]] = bars.rows[inside, _HIGH_VOLUME] * bars.rows[inside, 3]
    sums = np.concatenate([[0.0], np.cumsum(traded)])
    return prices[_DAY_HOURS:], sums[_DAY_HOURS : _DAY_HOURS + hours] - sums[:hours]

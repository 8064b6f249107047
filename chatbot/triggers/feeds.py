"""What the machines are fed with, a feed for each kind of reading: fetched once for everybody, handed out one reading after the other.

A reading that is late is waited for; one that never comes is handed out as unknown.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from chatbot.engine.errors import Refused
from chatbot.engine.portfolio import MAJORS
from chatbot.engine.triggers import volatility
from chatbot.engine.triggers.basket import BasketVol, basket_vol
from chatbot.engine.triggers.trigger import Bars, Reads, VolReading
from chatbot.engine.triggers.volatility import has_fallen
from chatbot.exchanges.base import PERP

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from chatbot.clock import Clock
    from chatbot.market.candles import CandleBook
    from chatbot.market.funding import FundingBook
    from chatbot.market.sentiment import Sentiment

#: contracts whose funding stands for the market (domain 7.2)
MAJOR_CONTRACTS = tuple(asset + PERP for asset in MAJORS)
#: how far back a new machine starts
WARM_UP = timedelta(days=30)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY, _BLOCK, _HOUR = timedelta(days=1), timedelta(hours=8), timedelta(hours=1)
#: a reading is taken so long after its time
READY = timedelta(minutes=10)
_DAY_HOURS = 24
_BASELINE_DAYS = 38
#: swings, and strength that is smoothed from the first bar on, must not hang on where the window is cut (domain 6.2)
_DAILY_BARS = 400
#: weeks of baskets that are remembered: each serves as reading once and as baseline thirty times
_MOST_WEEKS = 5000
_HOURLY_DAYS = WARM_UP.days + _BASELINE_DAYS + 8


class Feed(Protocol):
    """Readings of one kind; all times are the market's."""

    #: time between two readings
    step: timedelta
    #: an older reading counts as missing; None: however old it is
    fresh: timedelta | None

    def due(self, upto: datetime) -> datetime:
        """Return when there may be a reading that comes after ``upto``."""
        ...

    async def fetch(self, subjects: Collection[str]) -> None:
        """Ask for the history that the readings of these subjects are made of."""
        ...

    def readings(self, subject: str, upto: datetime, now: datetime) -> Iterator[tuple[datetime, Any]]:
        """Yield the readings after ``upto`` with their times, oldest first, up to the first that may still come."""
        ...


def floor(moment: datetime, step: timedelta) -> datetime:
    """Return the last whole step of a day in UTC."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (moment - midnight) // step * step


class _Regular:
    """Readings at every whole step: ten minutes after their time, or when nobody waits for them any more."""

    step: timedelta
    #: how long a reading is waited for
    patience: timedelta
    fresh: timedelta | None = None

    def due(self, upto: datetime) -> datetime:
        return floor(upto, self.step) + self.step + READY

    def readings(self, subject: str, upto: datetime, now: datetime) -> Iterator[tuple[datetime, Any]]:
        at = floor(upto, self.step) + self.step
        while at + READY <= now:
            seen, known = self.reading(subject, at)
            if not known and now < at + self.patience:
                return  # it may still come
            yield at, seen
            at += self.step

    def reading(self, subject: str, at: datetime) -> tuple[Any, bool]:
        """Return what there is to read at ``at``, and whether that is known."""
        raise NotImplementedError


@runtime_checkable
class HourlyFeed(Feed, Protocol):
    """Readings that are made of hours."""

    def since(self, subject: str, at: datetime, until: datetime) -> tuple[tuple[float | None, ...], Decimal | None]:
        """Return the closes from the reading of ``at`` to ``until``, one an hour, and the baseline of that reading."""
        ...


class _Volatility(_Regular):
    """A coin's realised volatility and its baseline, from hourly closes (domain 5.1, 5.2). Days are numbered by their end, since 1970."""

    step, patience = _DAY, timedelta(hours=6)

    def __init__(self, candles: CandleBook) -> None:
        self._candles = candles
        #: realised volatility by asset and day: each serves as reading once and as baseline thirty times
        self._sigmas: dict[tuple[str, int], Decimal] = {}
        #: whole readings by asset and day: the hours after one are held against it again and again
        self._readings: dict[tuple[str, int], VolReading] = {}
        #: squared hourly returns by asset and day: each day lies in seven weeks
        self._days: dict[tuple[str, int], tuple[float | None, ...]] = {}

    async def fetch(self, subjects: Collection[str]) -> None:
        await self._candles.refresh(sorted(subjects), "1h", _HOURLY_DAYS)

    def reading(self, subject: str, at: datetime) -> tuple[VolReading, bool]:
        day = (at - _EPOCH) // _DAY
        found = self._readings.get((subject, day))
        if found is not None:
            return found, True
        known, days = self._sigmas, range(day - _BASELINE_DAYS, day + 1)
        *_, sigma = history = [known.get((subject, one)) or self._sigma(subject, one) for one in days]
        base = volatility.vol_baseline(history)[0]
        found = VolReading(sigma=sigma, base=base, fallen=self._has_fallen(subject, day))
        if all(one is not None for one in history):  # nothing of it can come late any more
            self._readings[subject, day] = found
        return found, sigma is not None

    def since(self, subject: str, at: datetime, until: datetime) -> tuple[tuple[float | None, ...], Decimal | None]:
        """Return the closes from the reading of ``at`` to ``until``, one an hour, and the baseline of that reading."""
        return self._candles.closes(subject, "1h", until, (until - at) // _HOUR + 1), self.reading(subject, at)[0].base

    def _has_fallen(self, asset: str, day: int) -> bool:
        """Tell whether the coin is below where it stood seven days before (domain 5.4)."""
        now, before = (self._candles.closes(asset, "1h", _EPOCH + at * _DAY, 1)[0] for at in (day, day - 7))
        return has_fallen(now, before)

    def _sigma(self, asset: str, day: int) -> Decimal | None:
        """Return the realised volatility of the seven days to the end of ``day``; only what is known is remembered."""
        found = self._sigmas.get((asset, day))
        if found is None:
            sigma = self._realised(asset, day)
            if sigma is None:
                return None
            found = self._sigmas[asset, day] = Decimal(f"{sigma:.12g}")
            self._tidy(day)
        return found

    def _realised(self, asset: str, day: int) -> float | None:
        if self._candles.closes(asset, "1h", _EPOCH + day * _DAY, 1)[0] is None:
            return None
        try:
            week = chain.from_iterable(self._squares(asset, one) for one in range(day - 6, day + 1))
            return volatility.vol_of(tuple(week), 1).sigma
        except Refused:
            return None

    def _squares(self, asset: str, day: int) -> tuple[float | None, ...]:
        """Return the squared returns of a day's twenty-four hours; a day with a gap is not remembered: the bar may still come."""
        found = self._days.get((asset, day))
        if found is None:
            found = volatility.squared_returns(self._candles.closes(asset, "1h", _EPOCH + day * _DAY, _DAY_HOURS + 1))
            if None not in found:
                self._days[asset, day] = found
        return found

    def _tidy(self, day: int) -> None:
        if len(self._sigmas) > 5000:
            oldest = day - _BASELINE_DAYS - WARM_UP.days
            self._sigmas = {key: sigma for key, sigma in self._sigmas.items() if key[1] >= oldest}
            self._days = {key: squares for key, squares in self._days.items() if key[1] >= oldest}
            self._readings = {key: seen for key, seen in self._readings.items() if key[1] >= oldest}


class BasketFeed(_Regular):
    """The volatility of all coins of a portfolio together, at the quantities of now, in its baseline too (domain 5.4)."""

    step, patience = _DAY, timedelta(hours=6)

    def __init__(self, candles: CandleBook) -> None:
        self._candles = candles
        #: by subject: what its portfolio holds; there are no readings of one that was not looked at yet
        self._quantities: dict[str, dict[str, Decimal]] = {}
        #: what is known of the seven days to the end of a day, by the quantities that it was asked for
        self._weeks: dict[tuple[tuple[tuple[str, Decimal], ...], int], BasketVol] = {}

    def hold(self, subject: str, quantities: Mapping[str, Decimal]) -> None:
        """Take note of what a portfolio holds now."""
        self._quantities[subject] = dict(sorted(quantities.items()))

    def holds(self, subject: str) -> bool:
        """Tell whether anything is known of a portfolio."""
        return subject in self._quantities

    async def fetch(self, subjects: Collection[str]) -> None:
        """Ask for the hours of every coin that these portfolios hold."""
        coins = {coin for subject in subjects for coin in self._quantities.get(subject, ())}
        await self._candles.refresh(sorted(coins), "1h", _HOURLY_DAYS)

    def readings(self, subject: str, upto: datetime, now: datetime) -> Iterator[tuple[datetime, VolReading]]:
        """Yield the readings after ``upto``; none where nobody knows yet what is held."""
        return super().readings(subject, upto, now) if self.holds(subject) else iter(())

    def reading(self, subject: str, at: datetime) -> tuple[VolReading, bool]:
        """Return the reading of the day that ends at ``at``, and whether it is known."""
        quantities, day = self._quantities[subject], (at - _EPOCH) // _DAY
        weeks = [self._week(quantities, one) for one in range(day - _BASELINE_DAYS, day + 1)]
        *_, sigma = history = [None if week.sigma is None else Decimal(f"{week.sigma:.12g}") for week in weeks]
        began, ended = weeks[-1].ends
        fallen = has_fallen(ended, began)
        return VolReading(sigma=sigma, base=volatility.vol_baseline(history)[0], fallen=fallen), sigma is not None

    def since(self, subject: str, at: datetime, until: datetime) -> tuple[tuple[float | None, ...], Decimal | None]:
        """Return what is held was worth from the reading of ``at`` to ``until``, hour by hour, and the baseline of that reading."""
        quantities = self._quantities.get(subject, {})
        count = (until - at) // _HOUR + 1
        closes = {coin: self._candles.closes(coin, "1h", until, count) for coin in quantities}
        return basket_vol(quantities, closes, 1).worths or (None,) * count, self.reading(subject, at)[0].base if quantities else None

    def _week(self, quantities: Mapping[str, Decimal], day: int) -> BasketVol:
        """Return what is known of the seven days to the end of ``day``; a week whose last hour is missing is late, so nothing of it is."""
        key = (tuple(quantities.items()), day)
        found = self._weeks.get(key)
        if found is None:
            closes = {coin: self._candles.closes(coin, "1h", _EPOCH + day * _DAY, 7 * _DAY_HOURS + 1) for coin in quantities}
            found = basket_vol(quantities, closes, 1)
            if found.ends[1] is None:
                return replace(found, sigma=None)
            if len(self._weeks) > _MOST_WEEKS:
                self._weeks.clear()
            found = self._weeks[key] = replace(found, worths=found.ends)  # a week of hours is not kept for two of them
        return found


class _Bars(_Regular):
    """Closed daily bars of a coin or contract."""

    step, patience = _DAY, timedelta(hours=6)

    def __init__(self, candles: CandleBook) -> None:
        self._candles = candles

    async def fetch(self, subjects: Collection[str]) -> None:
        await self._candles.refresh(sorted(subjects), "1d", _DAILY_BARS + WARM_UP.days)

    def reading(self, subject: str, at: datetime) -> tuple[Bars, bool]:
        closes, volumes, days = self._candles.traded(subject, "1d", at, _DAILY_BARS)
        return Bars(closes=closes, volumes=volumes, times=days), bool(closes)


class _Funding(_Regular):
    """The market's funding rate of a block of eight hours (domain 7.2)."""

    step, patience = _BLOCK, timedelta(hours=2)

    def __init__(self, funding: FundingBook) -> None:
        self._funding = funding

    async def fetch(self, subjects: Collection[str]) -> None:  # noqa: ARG002 - it is the whole market's
        await self._funding.refresh(MAJOR_CONTRACTS, WARM_UP.days + 2)

    def reading(self, subject: str, at: datetime) -> tuple[Decimal | None, bool]:  # noqa: ARG002 - it is the whole market's
        blocks = self._funding.market_blocks(MAJOR_CONTRACTS, at - _BLOCK, at)
        rate = blocks[-1][1] if blocks else None
        return rate, rate is not None


class _Mood:
    """The Fear & Greed index, when it is published; one of more than two days ago counts as missing (domain 8.1)."""

    step = _DAY
    fresh: timedelta | None = timedelta(hours=48)

    def __init__(self, mood: Sentiment, clock: Clock) -> None:
        self._mood = mood
        self._clock = clock

    def due(self, upto: datetime) -> datetime:
        return floor(upto, self.step) + self.step

    async def fetch(self, subjects: Collection[str]) -> None:  # noqa: ARG002 - it is the whole market's
        await self._mood.refresh(self._clock.now())

    def readings(self, subject: str, upto: datetime, now: datetime) -> Iterator[tuple[datetime, Decimal]]:  # noqa: ARG002 - the market's
        for reading in self._mood.readings(upto, now):
            yield reading.at, Decimal(reading.value)


def feeds(candles: CandleBook, funding: FundingBook, mood: Sentiment, clock: Clock) -> Mapping[Reads, Feed]:
    """Return a feed for every kind of reading."""
    return {
        Reads.VOLATILITY: _Volatility(candles),
        Reads.BARS: _Bars(candles),
        Reads.FUNDING: _Funding(funding),
        Reads.MOOD: _Mood(mood, clock),
    }

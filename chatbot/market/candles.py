"""The hours and days behind us: one cache of closed bars for everybody, which asks the source only for what is missing."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from dataclasses import field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import isnan, nan
from typing import TYPE_CHECKING

import numpy as np

from chatbot.exchanges.base import Candle
from chatbot.exchanges.candle_table import CandleTable
from chatbot.market.throttle import Throttle, Turn
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from chatbot.clock import Clock
    from chatbot.exchanges.base import PriceSource

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SPANS = {"1h": timedelta(hours=1), "1d": timedelta(days=1)}
#: what is kept of each interval, in days: enough for every look-back and its warm-up
KEEP_DAYS = {"1h": 80, "1d": 440}
#: bars that an exchange may publish late; what is missing before them was never traded
_LATE = 2
_OPEN, _HIGH, _LOW, _CLOSE, _VOLUME = range(5)


@dataclass(frozen=True, slots=True)
class _Exactly:
    """What was traded of a series as exact numbers; a machine that steps through history asks for the same four hundred days each time."""

    #: the rows that they were read from
    held: tuple[int, NDArray[np.float64]]
    numbers: tuple[int, ...]
    closes: tuple[Decimal, ...]
    volumes: tuple[Decimal, ...]


@dataclass(slots=True)
class _Series:
    """Bars of one instrument, numbered by their opening time in intervals since 1970; nan where there is none.

    Floats, because they only go into statistics (domain 0), and 2,000 bars are 80 kB instead of 2 MB.
    """

    span: timedelta
    #: number of the first row, and rows open, high, low, close, volume; replaced as a whole, since threads read them
    held: tuple[int, NDArray[np.float64]] = field(default_factory=lambda: (0, np.empty((0, 5))))
    #: counts the changes of what is held
    version: int = 0
    #: rows up to here are final; the few behind may still be published late
    settled: int = 0
    #: the newest bar that was due when the end was last asked for, plus one
    asked: int = 0
    #: False before the first answer
    known: bool = False
    turn: Turn = field(default_factory=Turn)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    #: None until somebody asks
    exact: _Exactly | None = None

    @property
    def first(self) -> int:
        """Return the number of the first row."""
        return self.held[0]

    @property
    def end(self) -> int:
        """Return the number after the last row."""
        return self.held[0] + len(self.held[1])

    def number(self, moment: datetime) -> int:
        """Return the number of the bar that is open at ``moment``."""
        return (moment - _EPOCH) // self.span

    def opened(self, number: int) -> datetime:
        """Return the opening time of a bar."""
        return _EPOCH + number * self.span

    def missing(self, low: int, high: int) -> tuple[tuple[int, int], ...]:
        """Return the ranges of bars in [low, high) that were not answered yet: before what is known, and after it."""
        if not self.known:
            return ((low, high),)
        ranges = ((low, self.first), (self.settled, high))
        return tuple((start, stop) for start, stop in ranges if start < stop)

    def take(self, candles: Sequence[Candle], low: int, high: int) -> None:
        """Put the bars of [low, high) where they belong; a price that is none is a gap."""
        fresh = np.full((high - low, 5), nan)
        table = CandleTable.of(candles)
        number, rest = np.divmod(table.at_us, self.span // timedelta(microseconds=1))
        prices = table.rows[:, :_VOLUME]
        good = (low <= number) & (number < high) & (rest == 0) & ((prices > 0) & np.isfinite(prices)).all(axis=1)
        good &= np.isfinite(table.rows[:, _VOLUME])
        fresh[number[good] - low] = table.rows[good]
        self.version += 1
        if not self.known:
            self.held, self.settled, self.known = (low, fresh), low, True
        elif low < self.first:
            self.held = (low, np.vstack([fresh, self.held[1]]))
        else:
            self.held = (self.first, np.vstack([self.window(self.first, low), fresh]))

    def settle(self, high: int) -> bool:
        """Decide which bars before ``high`` are final; return False when some are due and not there yet."""
        there = np.flatnonzero(~np.isnan(self.held[1][:, _CLOSE]))
        last = self.first + int(there[-1]) + 1 if there.size else self.first
        self.settled = max(self.settled, last, high - _LATE)
        self.asked = high
        return last >= high

    def cut(self, low: int, high: int) -> None:
        """Forget what opened before ``low``, and what a market that began again has not reached yet."""
        if self.known and (low > self.first or high < self.end):
            self.version += 1
            keep = min(max(low, self.first), high)
            self.held = (keep, self.window(keep, min(self.end, high)).copy())
            self.settled, self.asked = max(min(self.settled, high), keep), min(self.asked, high)

    def window(self, low: int, high: int) -> NDArray[np.float64]:
        """Return the rows of [low, high), nan where nothing is known."""
        first, held = self.held
        inside = held[max(low - first, 0) : max(high - first, 0)]
        if len(inside) == high - low:
            return inside
        rows = np.full((max(high - low, 0), 5), nan)
        start = max(first - low, 0)
        rows[start : start + len(inside)] = inside
        return rows

    def exactly(self) -> _Exactly:
        """Return the bars in which something was traded, as exact numbers."""
        held, known = self.held, self.exact
        if known is None or known.held is not held:
            there = ~np.isnan(held[1][:, _CLOSE])
            closes, volumes = (tuple(map(_exact, held[1][there, column].tolist())) for column in (_CLOSE, _VOLUME))
            known = _Exactly(held, tuple((held[0] + np.flatnonzero(there)).tolist()), closes, volumes)
            self.exact = known
        return known


class CandleBook:
    """Closed bars of every instrument that anybody needs; times are the market's own."""

    def __init__(self, source: PriceSource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._throttle = Throttle(clock)
        self._series: dict[tuple[str, str], _Series] = {}
        #: who is asked instead, by instrument
        self._elsewhere: dict[str, PriceSource] = {}

    def ask_of(self, source: PriceSource, instrument: str) -> None:
        """Ask another source for an instrument that the own one has no price of: its quote coin costs something in another dollar only."""
        self._elsewhere[instrument] = source

    def market_now(self) -> datetime:
        """Return the market's time now."""
        return self._source.market_time(self._clock.now())

    async def refresh(self, instruments: Collection[str], interval: str, days: int) -> None:
        """Fetch what is missing of the last ``days`` (``1h``: at most 80, ``1d``: at most 440); a fetch that fails keeps what is there.

        Nothing is asked twice: not before the next bar can exist, and not how a coin traded before it was listed.
        """
        async with asyncio.TaskGroup() as group:
            for instrument in dict.fromkeys(instruments):
                series = self._series.setdefault((instrument, interval), _Series(_SPANS[interval]))
                group.create_task(self._catch_up(instrument, interval, series, min(days, KEEP_DAYS[interval])))

    async def _catch_up(self, instrument: str, interval: str, series: _Series, days: int) -> None:
        async with series.lock:
            high = series.number(self.market_now())
            per_day = timedelta(days=1) // series.span
            series.cut(high - KEEP_DAYS[interval] * per_day, high)
            for start, stop in series.missing(high - days * per_day, high):
                if not series.turn.may_ask(self._clock.monotonic(), fresh=stop > series.asked or stop <= series.first):
                    continue
                await self._fetch(instrument, interval, series, (start, stop))

    async def _fetch(self, instrument: str, interval: str, series: _Series, bars: tuple[int, int]) -> None:
        start, stop = bars
        since, until = series.opened(start), series.opened(stop)
        source = self._elsewhere.get(instrument, self._source)
        candles = await self._throttle.ask(lambda: source.candles(instrument, interval, since, until))
        now = self._clock.monotonic()
        if candles is None:
            series.turn.failed(now)
            return
        at_the_end = not series.known or start >= series.first
        series.take(candles, start, stop)
        if at_the_end:
            series.turn.answered(now, complete=series.settle(stop))

    def record(self, instrument: str, interval: str, candles: Sequence[Candle], since: datetime, until: datetime) -> None:
        """Take a whole past at once, however long: the bars that opened in [since, until). A book is either recorded or refreshed."""
        series = self._series.setdefault((instrument, interval), _Series(_SPANS[interval]))
        series.take(candles, series.number(since), series.number(until))

    def closes(self, instrument: str, interval: str, until: datetime, count: int) -> tuple[float | None, ...]:
        """Return exactly ``count`` closes, one interval apart, the last of the bar that closed at ``until``; None where there is none."""
        closes: list[float] = self._window(instrument, interval, until, count)[:, _CLOSE].tolist()
        if not isnan(sum(closes)):
            return tuple(closes)
        return tuple(None if isnan(close) else close for close in closes)

    def bars(self, instrument: str, interval: str, until: datetime, count: int) -> tuple[Candle, ...]:
        """Return the bars among the last ``count`` that closed by ``until``, oldest first; gaps are not filled."""
        series = self._series.get((instrument, interval))
        if series is None:
            return ()
        first = series.number(until) - count
        rows = enumerate(self._window(instrument, interval, until, count).tolist())
        return tuple(_candle(series.opened(first + place), row) for place, row in rows if not isnan(row[_CLOSE]))

    def traded(
        self, instrument: str, interval: str, until: datetime, count: int
    ) -> tuple[tuple[Decimal, ...], tuple[Decimal, ...], tuple[int, ...]]:
        """Return closes, volumes and numbers of the bars among the last ``count`` that closed by ``until``, oldest first.

        Gaps are not filled: bars are numbered in intervals since 1970. None at all where the newest is missing.
        """
        series = self._series.get((instrument, interval))
        if series is None:
            return (), (), ()
        bars, last = series.exactly(), series.number(until)
        start, stop = bisect_left(bars.numbers, last - count), bisect_left(bars.numbers, last)
        if start == stop or bars.numbers[stop - 1] != last - 1:
            return (), (), ()
        return bars.closes[start:stop], bars.volumes[start:stop], bars.numbers[start:stop]

    def version(self, instrument: str, interval: str) -> int:
        """Return a number that is another one whenever bars have come or gone, so that what was computed from them may be kept."""
        series = self._series.get((instrument, interval))
        return series.version if series else 0

    def _window(self, instrument: str, interval: str, until: datetime, count: int) -> NDArray[np.float64]:
        series = self._series.get((instrument, interval)) or _Series(_SPANS[interval])
        last = series.number(until)
        return series.window(last - count, last)


def _candle(at: datetime, row: list[float]) -> Candle:
    """Return a row as exact numbers: the shortest text of each float, which is what the source said."""
    first, high, low, close, volume = map(_exact, row)
    return Candle(at=at, open=first, high=high, low=low, close=close, volume=volume)


def _exact(value: float) -> Decimal:
    return Decimal(str(value))

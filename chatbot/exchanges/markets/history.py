"""Recorded candles, funding and sentiment in memory, and the price inside a candle."""

from __future__ import annotations

import gzip
import io
from typing import TYPE_CHECKING

import numpy as np

from chatbot.exchanges.markets.markettime import DAY_MS, HOUR_MS
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Candles of one instrument; arrays share their last axis, time ascending."""

    #: length of a candle, milliseconds
    span_ms: int
    #: opening times, UTC milliseconds
    at: NDArray[np.int64]
    #: rows open, high, low, close
    prices: NDArray[np.float64]
    #: base units traded in the candle
    volume: NDArray[np.float64]

    def locate(self, moments: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Return for each moment the candle it lies in, and whether there is one: hours are missing where the exchange was down."""
        index = np.searchsorted(self.at, moments, side="right") - 1
        inside = (index >= 0) & (moments < self.at[np.maximum(index, 0)] + self.span_ms)
        return index, inside

    def at_moment(self, moment: int) -> int | None:
        """Return the candle that one moment lies in, None where there is none; quicker than :meth:`locate` of one."""
        index = int(self.at.searchsorted(moment, side="right")) - 1
        return index if index >= 0 and moment < int(self.at[index]) + self.span_ms else None


def read_columns(file: Path, columns: tuple[int, ...]) -> NDArray[np.float64]:
    """Read number columns of a gzipped csv as rows (column, time), the first of them its time; 50,000 candles take about 80 ms.

    Raises ``ValueError`` for no rows, and for rows that do not each come after the one before: what a moment was worth would hang on how
    it is looked up.
    """
    text = gzip.decompress(file.read_bytes())
    body = text[text.index(b"\n") + 1 :]
    if not body.strip():
        raise ValueError("it has no rows")
    table = np.loadtxt(io.BytesIO(body), delimiter=",", usecols=columns, ndmin=2).T
    if (early := np.flatnonzero(~(np.diff(table[0]) > 0))).size:
        raise ValueError(f"line {early[0] + 3} does not come later than the line before it")
    return table


def first_time(file: Path) -> int:
    """Return the time of the first row, UTC milliseconds; takes under a millisecond. Raises ``ValueError`` for a file without rows."""
    with gzip.open(file, "rt", encoding="ascii") as rows:
        rows.readline()
        return int(rows.readline().partition(",")[0])


def read_bars(file: Path, span_ms: int = HOUR_MS) -> Bars:
    """Read one candle file: timestamp, open, high, low, close, volume.

    A row with a price that is none is left out, as an hour that was not traded. Raises ``ValueError`` where candles do not begin at full
    multiples of their length: what is at 10:30 is not known at 10:00.
    """
    table = read_columns(file, (0, 1, 2, 3, 4, 5))
    if (askew := np.flatnonzero(table[0] % span_ms)).size:
        raise ValueError(f"line {askew[0] + 2} does not begin at a full {span_ms // HOUR_MS} h, in milliseconds of UTC")
    table = table[:, np.isfinite(table).all(axis=0) & (table[1:5] > 0).all(axis=0) & (table[5] >= 0)]
    if not table.size:
        raise ValueError("no row of it has prices")
    return Bars(span_ms=span_ms, at=table[0].astype(np.int64), prices=np.ascontiguousarray(table[1:5]), volume=table[5].copy())


def by_the_hour(bars: Bars, spot: Bars) -> Bars:
    """Return longer candles of a contract as hours that go the way of its coin's: the same open, high, low, close and volume in all.

    What the contract costs over its coin goes in a straight line from a candle's open to its close. Where hours of the coin are missing,
    the contract itself does. The hour in which that would be highest has the recorded high, the lowest one the low.
    """
    count = bars.span_ms // HOUR_MS
    at = bars.at[:, None] + np.arange(count) * HOUR_MS
    index, there = spot.locate(at.ravel())
    known = there.reshape(at.shape).all(axis=1, keepdims=True)
    coin = np.where(known, spot.prices[:, index].reshape(4, *at.shape), 1.0)
    opens, highs, lows, closes = bars.prices[:, :, None]
    over_first, over_last = opens / coin[0, :, :1], closes / coin[3, :, -1:]
    over = over_first + (over_last - over_first) * np.arange(count + 1) / count
    hours = np.clip(
        coin * np.stack([over[:, :-1], np.maximum(over[:, :-1], over[:, 1:]), np.minimum(over[:, :-1], over[:, 1:]), over[:, 1:]]),
        lows,
        highs,
    )
    rows = np.arange(len(bars.at))
    hours[1, rows, hours[1].argmax(axis=1)] = highs[:, 0]
    hours[2, rows, hours[2].argmin(axis=1)] = lows[:, 0]
    volume = np.repeat(bars.volume / count, count)
    return Bars(span_ms=HOUR_MS, at=at.ravel(), prices=hours.reshape(4, -1), volume=volume)


def price_inside(bars: Bars, index: NDArray[np.intp], moments: NDArray[np.int64], leader: Bars | None = None) -> NDArray[np.float64]:
    """Return the price at each moment inside its candle.

    The way is fixed: open, a third of the time to the first extreme, a third to the other one, then to the close, so that every recorded
    extreme is touched at a full minute. Where the candle of the ``leader`` rises the low comes first, where it falls the high: the coins
    of a market reach their lows together, and their highs. Without a leader, or where it has no candle, each goes by its own. An extreme
    beyond half or double of both ends is a single odd print: it lasts one minute, and the way around it does not bend.
    """
    return _way(bars.prices[:, index], bars.at[index], bars.span_ms, moments, leader)


def prices_at(candles: Sequence[tuple[Bars, int]], moment: int, leader: Bars | None = None) -> list[float]:
    """Return what :func:`price_inside` says of one moment, for the candle of each instrument that it lies in, all at once."""
    if not candles:
        return []
    prices = np.column_stack([bars.prices[:, index] for bars, index in candles])
    begun, spans = np.array([(bars.at[index], bars.span_ms) for bars, index in candles], dtype=np.int64).T
    found: list[float] = _way(prices, begun, spans, np.full(len(candles), moment), leader).tolist()
    return found


def _way(
    candles: NDArray[np.float64],
    begun: NDArray[np.int64],
    spans: int | NDArray[np.int64],
    moments: NDArray[np.int64],
    leader: Bars | None,
) -> NDArray[np.float64]:
    """Return the price at each moment inside the candle of its column, which has begun then and is so long, milliseconds."""
    opens, highs, lows, closes = candles
    low_end, high_end = np.minimum(opens, closes), np.maximum(opens, closes)
    calm_low = np.where(lows < low_end / 2, low_end, lows)
    calm_high = np.where(highs > high_end * 2, high_end, highs)
    rising = _rising(candles, begun, leader)
    first, second = np.where(rising, calm_low, calm_high), np.where(rising, calm_high, calm_low)
    third = spans / 3
    part = (moments - begun) / third
    minute = 60_000 / third
    to_first = opens + (first - opens) * np.clip(part, 0, 1)
    to_second = (second - first) * np.clip(part - 1, 0, 1)
    to_close = (closes - second) * np.clip((part - 2) / (1 - minute), 0, 1)
    price = to_first + to_second + to_close
    at_first, at_second = (part >= 1) & (part < 1 + minute), (part >= 2) & (part < 2 + minute)
    price = np.where(at_first, np.where(rising, lows, highs), price)
    return np.asarray(np.where(at_second, np.where(rising, highs, lows), price), dtype=np.float64)


def _rising(candles: NDArray[np.float64], begun: NDArray[np.int64], leader: Bars | None) -> NDArray[np.bool_]:
    """Return which candles see their low first: those in which the leader rises, or the coin itself where nobody leads."""
    own = np.asarray(candles[3] >= candles[0], dtype=np.bool_)
    if leader is None:
        return own
    at, there = leader.locate(begun)
    return np.where(there, leader.prices[3, at] >= leader.prices[0, at], own)


def daily(bars: Bars) -> Bars:
    """Join candles to days at 00:00 UTC; a day with missing hours is made of those that exist."""
    days = bars.at // DAY_MS
    starts = np.flatnonzero(np.diff(days, prepend=-1))
    ends = np.append(starts[1:], len(days)) - 1
    opens, highs, lows, closes = bars.prices
    prices = np.stack([opens[starts], np.maximum.reduceat(highs, starts), np.minimum.reduceat(lows, starts), closes[ends]])
    return Bars(span_ms=DAY_MS, at=days[starts] * DAY_MS, prices=prices, volume=np.add.reduceat(bars.volume, starts))

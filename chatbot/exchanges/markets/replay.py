"""A market that happened: recorded candles, funding and sentiment played again from any day, at any speed."""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from chatbot.errors import SettingError
from chatbot.exchanges.base import PERP, FearGreed, Funding, Market, Quote, asset_of, is_perp
from chatbot.exchanges.candle_table import CandleTable, eight_decimals
from chatbot.exchanges.markets.coins import COINS, perp_market, spot_market
from chatbot.exchanges.markets.history import Bars, by_the_hour, daily, first_time, price_inside, prices_at, read_bars, read_columns
from chatbot.exchanges.markets.markettime import DAY_MS, HOUR_MS, MarketTime, Slow, from_ms, to_ms
from chatbot.exchanges.markets.path import Path, minutes, plain, touch

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from chatbot.clock import Clock
    from chatbot.exchanges.base import Candle

T = TypeVar("T")
#: the coin whose hours say whether lows or highs come first, for all: they share one clock
_LEADER = "BTC"
#: Fear & Greed goes from 0 to this
_GREEDIEST = 100
#: the last recorded year: enough history before it for every look-back
DEFAULT_START = datetime(2023, 1, 1, tzinfo=UTC)


class ReplaySource:
    """Prices out of a folder of recorded candles; ``start`` is the market time at ``origin`` (by default: now)."""

    name = "replay"
    quote_asset = "USDT"

    def __init__(
        self,
        folder: FilePath | str,
        clock: Clock,
        *,
        start: datetime = DEFAULT_START,
        speed: float = 1.0,
        origin: datetime | None = None,
        slow: Slow | None = None,
    ) -> None:
        self.folder = FilePath(folder)
        self._clock = clock
        self.time = MarketTime(start, origin or clock.now(), speed, slow)
        self._loaded: dict[str, Bars | None] = {}
        self._joined: dict[str, Bars | None] = {}
        #: first recorded candle by instrument, market ms
        self._listed: dict[str, int] = {}
        self._funding: dict[str, NDArray[np.float64] | None] = {}
        self._mood: NDArray[np.float64] | None = None
        self._reading = asyncio.Lock()
        #: what was asked for at this process and market time: a look asks for the same prices several times, and its clock may stand
        self._quoted: tuple[datetime, int, dict[str, Quote | None]] = (start, 0, {})

    def begin(self, now: datetime) -> None:
        """Let the market stand at its start at process time ``now``; nobody may hold anything yet."""
        self.time = replace(self.time, origin=now, slow=None)

    def run(self, speed: float, now: datetime) -> MarketTime:
        """Let the market run at ``speed`` from ``now`` on, at most at its own; return its clock."""
        self.time = self.time.running(speed, now)
        return self.time

    def market_time(self, now: datetime) -> datetime:
        """Map process time to the day that is being replayed."""
        return self.time.at(now)

    async def markets(self) -> Mapping[str, Market]:
        """Return the rules of every instrument that is listed now: none that is yet to come, or whose recording ended before the others'.

        Where a recording ends is known once it was read, and so of everything that anybody holds.
        """
        if not self._listed:
            self._listed = await asyncio.to_thread(self._listings)
        now = to_ms(self.market_time(self._clock.now()))
        ends = {name: int(bars.at[-1]) + bars.span_ms for name, bars in self._loaded.items() if bars is not None}
        last = max(ends.values(), default=0)
        gone = {name for name, end in ends.items() if end <= now < last}
        return {name: _rules(name) for name, since in self._listed.items() if since <= now and name not in gone}

    def _listings(self) -> dict[str, int]:
        """Read the first row of every candle file."""
        names = (name for asset in COINS for name in (asset, asset + PERP))
        return {name: _recorded(found[0], partial(first_time, found[0])) for name in names if (found := self._file(name)) is not None}

    async def quotes(self, instruments: Collection[str]) -> Mapping[str, Quote]:
        """Return the prices at this moment; hours that are missing in the recording leave the instrument out."""
        now = self._clock.now()
        moment = to_ms(self.market_time(now))
        if self._quoted[:2] != (now, moment):
            self._quoted = (now, moment, {})
        known = self._quoted[2]
        if unknown := [name for name in instruments if name not in known]:
            known |= dict.fromkeys(unknown) | await self._quotes_at(unknown, moment, now)
        return {name: quote for name in instruments if (quote := known[name]) is not None}

    async def _quotes_at(self, instruments: Sequence[str], moment: int, now: datetime) -> dict[str, Quote]:
        """Return the prices of what was recorded at a moment, each with the rate of its last settlement."""
        leader, found = await self._bars(_LEADER), dict[str, tuple[Bars, int]]()
        for name in instruments:
            bars = await self._bars(name)
            index = None if bars is None else bars.at_moment(moment)
            if bars is not None and index is not None:
                found[name] = bars, index
        prices = prices_at(tuple(found.values()), moment, leader)
        return {
            name: _quote(name, bars, index, price, await self._last_rate(name, moment), now)
            for (name, (bars, index)), price in zip(found.items(), prices, strict=True)
        }

    async def path(self, instrument: str, since: datetime, until: datetime) -> Path | None:
        """Return the minutes in (since, until] that were traded; None for an instrument without a recording."""
        bars, leader = await self._bars(instrument), await self._bars(_LEADER)
        if bars is None:
            return None
        moments = minutes(to_ms(since), to_ms(until))
        index, inside = bars.locate(moments)
        index, moments = index[inside], moments[inside]
        return Path(
            tick=_rules(instrument).tick,
            half_spread=COINS[asset_of(instrument)].half_spread_bps / 1e4,
            at=moments,
            mid=price_inside(bars, index, moments, leader),
            volume=bars.volume[index] * 60_000 / bars.span_ms,
        )

    async def candles(self, instrument: str, interval: str, since: datetime, until: datetime) -> Sequence[Candle]:
        """Return the bars that opened in [since, until) and are closed by now."""
        bars = await (self._days(instrument) if interval == "1d" else self._bars(instrument))
        if bars is None:
            return ()
        now = to_ms(self.market_time(self._clock.now()))
        low, high = np.searchsorted(bars.at, (to_ms(since), min(to_ms(until), now - bars.span_ms + 1)))
        rows = np.column_stack([bars.prices[:, low:high].T, bars.volume[low:high]])
        return CandleTable(bars.at[low:high] * 1000, eight_decimals(rows))

    async def funding(self, instrument: str, since: datetime, until: datetime) -> tuple[Funding, ...]:
        """Return the settlements in (since, until] up to now; none for a perpetual without a recording."""
        table = await self._rates(instrument)
        if table is None:
            return ()
        now = to_ms(self.market_time(self._clock.now()))
        low, high = np.searchsorted(table[0], (to_ms(since), min(to_ms(until), now)), side="right")
        return tuple(
            Funding(at=from_ms(int(at)), rate=plain(rate, 10), interval_hours=round(hours)) for at, rate, hours in table[:, low:high].T
        )

    def fear_greed(self, now: datetime) -> FearGreed | None:
        """Return the last reading published by process time ``now``; None before the first one."""
        until = self.market_time(now)
        readings = self.fear_greed_between(until - timedelta(days=14), until)
        return readings[-1] if readings else None

    def fear_greed_between(self, since: datetime, until: datetime) -> tuple[FearGreed, ...]:
        """Return the daily readings in (since, until], market time; days without a reading are absent."""
        if self._mood is None:
            file = self.folder / "fng.csv.gz"
            self._mood = _recorded(file, partial(_read_moods, file)) if file.exists() else np.empty((2, 0))
        low, high = np.searchsorted(self._mood[0], (to_ms(since), to_ms(until)), side="right")
        return tuple(FearGreed(at=from_ms(int(at)), value=int(value)) for at, value in self._mood[:, low:high].T)

    async def close(self) -> None:
        """Forget what was read."""
        self._loaded.clear()
        self._joined.clear()
        self._funding.clear()

    def _file(self, instrument: str) -> tuple[FilePath, int] | None:
        """Return the candle file of an instrument and the length of its candles."""
        asset = asset_of(instrument)
        kinds = (("perp_1h", HOUR_MS), ("perp_4h", 4 * HOUR_MS)) if is_perp(instrument) else (("spot_1h", HOUR_MS),)
        for kind, span in kinds:
            file = self.folder / kind / f"{asset}USDT.csv.gz"
            if asset in COINS and file.exists():
                return file, span
        return None

    async def _bars(self, instrument: str) -> Bars | None:
        """Read a candle file once, in a thread, when it is first asked for."""
        if instrument not in self._loaded:
            spot = await self._bars(asset_of(instrument)) if is_perp(instrument) else None
            async with self._reading:
                if instrument not in self._loaded:
                    found = self._file(instrument)
                    self._loaded[instrument] = await asyncio.to_thread(_recorded, found[0], partial(_read, *found, spot)) if found else None
        return self._loaded[instrument]

    async def _days(self, instrument: str) -> Bars | None:
        """Return the days of a recording, joined once: each day asks for the newest of them."""
        if instrument not in self._joined:
            bars = await self._bars(instrument)
            self._joined[instrument] = None if bars is None else daily(bars)
        return self._joined[instrument]

    async def _rates(self, instrument: str) -> NDArray[np.float64] | None:
        """Read the settlements of a perpetual once: rows time, rate, hours."""
        if not is_perp(instrument):
            return None
        if instrument not in self._funding:
            file = self.folder / "funding" / f"binance_{asset_of(instrument)}USDT.csv.gz"
            read = partial(_read_settlements, file)
            self._funding[instrument] = await asyncio.to_thread(_recorded, file, read) if file.exists() else None
        return self._funding[instrument]

    async def _last_rate(self, instrument: str, moment: int) -> float | None:
        """Return the rate of the last settlement: the next one was not known yet."""
        table = await self._rates(instrument)
        if table is None:
            return None
        index = int(np.searchsorted(table[0], moment, side="right")) - 1
        return float(table[1, index]) if index >= 0 and moment - table[0, index] <= DAY_MS else None


def _recorded(file: FilePath, read: Callable[[], T]) -> T:
    """Read a file; one that is no recording is named. Raises ``SettingError``."""
    try:
        return read()
    except (OSError, EOFError, ValueError, zlib.error) as error:  # what a file may be instead
        raise SettingError("CHATBOT_MARKET", f"{file} is no recorded history: {error}") from error


def _read(file: FilePath, span_ms: int, spot: Bars | None) -> Bars:
    """Read a candle file; longer candles than those of its coin become hours of the same market."""
    bars = read_bars(file, span_ms)
    return bars if spot is None or bars.span_ms <= spot.span_ms else by_the_hour(bars, spot)


def _read_settlements(file: FilePath) -> NDArray[np.float64]:
    """Read rows time, rate, hours; a settlement whose rate is no number is not known."""
    table = read_columns(file, (0, 1, 2))
    return table[:, np.isfinite(table).all(axis=0) & (table[2] > 0)]


def _read_moods(file: FilePath) -> NDArray[np.float64]:
    """Read rows time, value; a value that is none from 0 to 100 is not known."""
    table = read_columns(file, (0, 2))
    return table[:, (table[1] >= 0) & (table[1] <= _GREEDIEST)]


@cache
def _rules(instrument: str) -> Market:
    """Return the trading rules of an instrument."""
    return perp_market(asset_of(instrument)) if is_perp(instrument) else spot_market(instrument)


def _quote(instrument: str, bars: Bars, index: int, price: float, rate: float | None, now: datetime) -> Quote:
    """Return the quote of a price inside a candle; ``rate`` is that of the last settlement."""
    book = touch(price, 0.0, COINS[asset_of(instrument)].half_spread_bps / 1e4, _rules(instrument).tick)
    day = slice(max(0, index - DAY_MS // bars.span_ms), index)
    volume = float(bars.volume[day] @ bars.prices[3, day])
    return Quote(
        instrument=instrument,
        bid=book.bid,
        ask=book.ask,
        at=now,
        mark=book.mark if is_perp(instrument) else None,
        volume=plain(volume, 2),
        funding_rate=None if rate is None else plain(rate, 10),
    )

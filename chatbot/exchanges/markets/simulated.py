"""A market that never was: seeded, correlated prices of ten coins with episodes that can be called at any time."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from chatbot.exchanges.base import PERP, FearGreed, Funding, Market, Quote, asset_of, is_perp
from chatbot.exchanges.candle_table import CandleTable, eight_decimals
from chatbot.exchanges.markets.coins import COINS, DOLLAR, DOLLAR_HALF_SPREAD_BPS, DOLLAR_MILLIONS, dollar_market, perp_market, spot_market
from chatbot.exchanges.markets.cross import CrossSource
from chatbot.exchanges.markets.episodes import EPISODES, SCENES
from chatbot.exchanges.markets.listings import Listings
from chatbot.exchanges.markets.markettime import DAY_MS, HOUR_MS, MarketTime, Slow, from_ms, to_ms
from chatbot.exchanges.markets.path import Path, minutes, plain, touch
from chatbot.exchanges.markets.staging import Staging
from chatbot.exchanges.markets.synthetic import (
    ASSETS,
    STEP_MS,
    STEPS,
    Day,
    Floats,
    Happening,
    SyntheticMarket,
    mood_noise,
    on_step,
    rate_noise,
    settlements,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from chatbot.clock import Clock
    from chatbot.exchanges.base import Candle


#: market seconds per second: ten market minutes a second leave time to read a card before it is out of date
DEFAULT_SPEED = 600.0
DEFAULT_START = datetime(2025, 1, 6, tzinfo=UTC)
#: how far a perpetual trades above spot, as a fraction
_BASIS = 0.0002
_FUNDING_BASE = 0.0001
_FUNDING_HOURS = 8
#: a mood outlasts what caused it
_MOOD_AFTER = 2 * DAY_MS
#: an episode begins no sooner, so that it can be written down before its first price is seen
_NOTICE = timedelta(seconds=1)
#: how long somebody at the page waits for what an episode is to show: a move of prices is watched, a reading only awaited
_WATCH_S, _AWAIT_S = 45.0, 15.0
#: days of bars that are made in one turn: months of hours, asked for coin by coin, leave others theirs
_DAYS_AT_ONCE = 10
#: stretches of them that are kept, at most 10 kB each: every book of a process asks for the same past
_STRETCHES = 256


class SimulatedSource:
    """Prices that depend on the seed, the episodes and the market time, and on nothing else."""

    name = "simulated"
    quote_asset = "USDT"
    quote_coins = (quote_asset, DOLLAR)

    def __init__(
        self,
        clock: Clock,
        *,
        seed: int = 7,
        speed: float = DEFAULT_SPEED,
        start: datetime = DEFAULT_START,
        origin: datetime | None = None,
        slow: Slow | None = None,
        episodes: Collection[tuple[str, datetime]] = (),
        script: bool = True,
    ) -> None:
        self._clock = clock
        self.time = MarketTime(start, origin or clock.now(), speed, slow)
        self.listings = Listings()
        # what an older version knew and this one does not is left out
        happenings = tuple(Happening(to_ms(at), name) for name, at in episodes if name in EPISODES)
        self._market = SyntheticMarket(seed, to_ms(start), happenings, script=script)

    @property
    def episodes(self) -> tuple[tuple[str, datetime], ...]:
        """Return the episodes that were called, with their market times: give them back to resume after a restart."""
        return tuple((happening.name, from_ms(happening.at_ms)) for happening in self._market.happenings)

    def start_episode(self, name: str) -> datetime:
        """Let an episode begin at the next step of the market and return its market time; ``KeyError`` for an unknown name."""
        EPISODES[name]
        at = on_step(to_ms(self.market_time(self._clock.now())))
        self._market.add(Happening(at, name))
        return from_ms(at)

    @property
    def scenes(self) -> tuple[str, ...]:
        """Return the episodes that a person may call."""
        return tuple(SCENES)

    def prepare(self, name: str) -> Staging:
        """Return how an episode would begin now; ``KeyError`` for an unknown name.

        Where its trigger would read it too late for somebody who waits, the market is to be moved forward to shortly before the reading.
        """
        episode, now = EPISODES[name], self._clock.now()
        at = on_step(to_ms(self.market_time(now + _NOTICE)))
        wait_s = _AWAIT_S if episode.reading_hours or episode.swings else _WATCH_S
        goal = from_ms(episode.told_ms(at)) - timedelta(seconds=wait_s * self.time.speed)
        if goal <= from_ms(at):
            return Staging(name=name, at=from_ms(at), origin=self.time.origin)
        ahead = (goal - self.market_time(now)) / self.time.speed
        return Staging(name=name, at=from_ms(at), origin=self.time.origin - ahead, moved_to=goal)

    def play(self, staging: Staging) -> bool:
        """Let what was prepared happen; False, and nothing happens, when it comes too late for its beginning."""
        if self.market_time(self._clock.now()) >= staging.at:
            return False
        self._market.add(Happening(to_ms(staging.at), staging.name))
        self.time = replace(self.time, origin=staging.origin)
        return True

    def begin(self, now: datetime) -> None:
        """Let the market stand at its start at process time ``now``; nobody may hold anything yet."""
        self.time = replace(self.time, origin=now, slow=None)

    def run(self, speed: float, now: datetime) -> MarketTime:
        """Let the market run at ``speed`` from ``now`` on, at most at its own; return its clock."""
        self.time = self.time.running(speed, now)
        return self.time

    def market_time(self, now: datetime) -> datetime:
        """Map process time to the simulated day."""
        return self.time.at(now)

    def quoted_in(self, coin: str) -> CrossSource:
        """Return the same market against the other dollar."""
        return CrossSource(self, coin)

    async def markets(self) -> Mapping[str, Market]:
        """Return the rules of every coin, spot and perpetual."""
        return self.listings.of(_every_rule())

    async def quotes(self, instruments: Collection[str]) -> Mapping[str, Quote]:
        """Return the prices at this moment; unknown instruments are left out."""
        now = self._clock.now()
        moment = to_ms(self.market_time(now))
        levels = self._market.levels(np.array([moment], dtype=np.int64))[:, 0]
        found = {name: self._quote(name, levels, moment, now) for name in instruments if self._asset(name) is not None}
        return found | {name: _dollar(now) for name in instruments if name == DOLLAR and self.listings.is_traded(name)}

    async def path(self, instrument: str, since: datetime, until: datetime) -> Path | None:
        """Return the minutes in (since, until]; None for what is not traded."""
        asset, moments = self._asset(instrument), minutes(to_ms(since), to_ms(until))
        if instrument == DOLLAR and self.listings.is_traded(instrument):
            return _dollar_path(moments)
        if asset is None:
            return None
        mid = np.exp(self._market.levels(moments)[ASSETS.index(asset)]) * _premium(instrument)
        return Path(
            tick=_rules(self.listings.origin(instrument)).tick,
            half_spread=COINS[asset].half_spread_bps / 1e4,
            at=moments,
            mid=mid,
            volume=COINS[asset].daily_millions * 1e6 / 1440 / mid,
        )

    async def candles(self, instrument: str, interval: str, since: datetime, until: datetime) -> Sequence[Candle]:
        """Return the bars that opened in [since, until) and are closed by now."""
        instrument = self.listings.origin(instrument)
        asset = asset_of(instrument)
        if asset not in COINS and instrument != DOLLAR:
            return ()
        span = DAY_MS if interval == "1d" else HOUR_MS
        begin = max(to_ms(since), (self._market.first_day + 1) * DAY_MS)
        end = min(to_ms(until), to_ms(self.market_time(self._clock.now())) - span + 1)
        if instrument == DOLLAR:
            return _dollar_bars(begin, end, span)
        first, last = begin // DAY_MS, -(-end // DAY_MS)
        rows = [np.empty((0, 5))]
        for many in _stretches(first, last):
            rows.append(_bars(instrument, tuple(map(self._market.day, many)), self._market.shift(asset), span))
            await asyncio.sleep(0)
        at = first * DAY_MS + np.arange(sum(map(len, rows)), dtype=np.int64) * span
        low, high = np.searchsorted(at, (begin, end))
        return CandleTable(at[low:high] * 1000, np.concatenate(rows)[low:high])

    async def funding(self, instrument: str, since: datetime, until: datetime) -> tuple[Funding, ...]:
        """Return the settlements in (since, until] up to now."""
        asset = asset_of(self.listings.origin(instrument))
        if not is_perp(instrument) or asset not in COINS:
            return ()
        end = min(to_ms(until), to_ms(self.market_time(self._clock.now())))
        begin = max(to_ms(since), (self._market.first_day + 1) * DAY_MS)
        return tuple(
            Funding(
                at=from_ms(number * _FUNDING_HOURS * HOUR_MS),
                rate=plain(self._rate(asset, number)),
                interval_hours=_FUNDING_HOURS,
            )
            for number in settlements(begin, end, _FUNDING_HOURS)
        )

    def fear_greed(self, now: datetime) -> FearGreed:
        """Return the reading of the market's day at process time ``now``."""
        return self._mood(to_ms(self.market_time(now)) // DAY_MS)

    def fear_greed_between(self, since: datetime, until: datetime) -> tuple[FearGreed, ...]:
        """Return the daily readings in (since, until], market time."""
        first = max(to_ms(since) // DAY_MS + 1, self._market.first_day + 8)
        return tuple(self._mood(day) for day in range(first, to_ms(until) // DAY_MS + 1))

    async def close(self) -> None:
        """Nothing to let go of."""

    def _asset(self, instrument: str) -> str | None:
        """Return the coin whose price an instrument follows; None where it is not traded."""
        asset = asset_of(self.listings.origin(instrument))
        return asset if asset in COINS and self.listings.is_traded(instrument) else None

    def _quote(self, instrument: str, levels: Floats, moment: int, now: datetime) -> Quote:
        asset = asset_of(self.listings.origin(instrument))
        coin = COINS[asset]
        mid = math.exp(levels[ASSETS.index(asset)]) * _premium(instrument)
        book = touch(mid, 0.0, coin.half_spread_bps / 1e4, _rules(self.listings.origin(instrument)).tick)
        perp = is_perp(instrument)
        return Quote(
            instrument=instrument,
            bid=book.bid,
            ask=book.ask,
            at=now,
            mark=book.mark if perp else None,
            volume=plain(coin.daily_millions * 1e6, 0),
            funding_rate=plain(self._rate(asset, settlements(0, moment)[-1] + 1, moment)) if perp else None,
        )

    def _rate(self, asset: str, settlement: int, seen_ms: int | None = None) -> float:
        """Return a funding rate: base, noise, the last day's direction, episodes; as known at ``seen_ms`` (None: when it is due)."""
        moment = settlement * _FUNDING_HOURS * HOUR_MS if seen_ms is None else seen_ms
        moved = self._market.level(asset, moment) - self._market.level(asset, moment - DAY_MS)
        momentum = max(-0.0003, min(0.0003, 0.003 * moved))
        noise = 0.00004 * rate_noise(self._market.seed, asset, settlement)
        held = self._market.held(moment, "funding_at")
        if held is not None:
            return held + noise
        return _FUNDING_BASE + noise + momentum + self._market.added(moment, "funding")

    def _mood(self, day: int) -> FearGreed:
        """Return the reading of a day: 52, the week's return of BTC, noise and episodes, inside 3 to 97."""
        moment = max(day, self._market.first_day + 8) * DAY_MS
        moved = self._market.level("BTC", moment) - self._market.level("BTC", moment - 7 * DAY_MS)
        value = 52 + 90 * moved + 6 * mood_noise(self._market.seed, day)
        value += self._market.added(moment, "mood", after_ms=_MOOD_AFTER)
        held = self._market.held(moment, "mood_at", after_ms=_MOOD_AFTER)
        if held is not None:
            value = held + 2 * mood_noise(self._market.seed, day)
        return FearGreed(at=from_ms(day * DAY_MS), value=round(max(3, min(97, value))))


def _dollar(now: datetime) -> Quote:
    """Return the price of the dollar beside the quote coin."""
    book = touch(1.0, 0.0, DOLLAR_HALF_SPREAD_BPS / 1e4, _rules(DOLLAR).tick)
    return Quote(instrument=DOLLAR, bid=book.bid, ask=book.ask, at=now, volume=plain(DOLLAR_MILLIONS * 1e6, 0))


def _dollar_bars(begin: int, end: int, span: int) -> CandleTable:
    """Return its bars that opened in [begin, end), market ms: it stands still."""
    at = np.arange(-(-begin // span) * span, end, span, dtype=np.int64)
    traded = DOLLAR_MILLIONS * 1e6 * span / DAY_MS
    return CandleTable(at * 1000, np.tile([1.0, 1.0, 1.0, 1.0, traded], (len(at), 1)))


def _dollar_path(moments: NDArray[np.int64]) -> Path:
    mid = np.ones(len(moments))
    volume = DOLLAR_MILLIONS * 1e6 / 1440 / mid
    return Path(tick=_rules(DOLLAR).tick, half_spread=DOLLAR_HALF_SPREAD_BPS / 1e4, at=moments, mid=mid, volume=volume)


def _stretches(first: int, last: int) -> Iterator[range]:
    """Yield the days in [first, last), a stretch at a time, cut where everybody cuts them."""
    while first < last:
        end = min(last, (first // _DAYS_AT_ONCE + 1) * _DAYS_AT_ONCE)
        yield range(first, end)
        first = end


@lru_cache(maxsize=_STRETCHES)
def _bars(instrument: str, days: tuple[Day, ...], shift: float, span: int) -> Floats:
    """Return the bars (bar, 5) of some days; neighbours share the step at which one ends and the next begins."""
    asset, steps = asset_of(instrument), span // STEP_MS
    prices = np.exp(np.stack([day.nodes[ASSETS.index(asset)] for day in days]) + shift) * _premium(instrument)
    # every bar's steps lie side by side, whatever the number of days, so that a mean adds them up in the same order
    bars = prices.take(_steps_of(steps), axis=1).reshape(-1, steps + 1)
    traded = COINS[asset].daily_millions * 1e6 * span / DAY_MS / bars.mean(axis=1)
    return eight_decimals(np.column_stack([bars[:, 0], bars.max(axis=1), bars.min(axis=1), bars[:, -1], traded]))


@cache
def _steps_of(count: int) -> NDArray[np.intp]:
    """Return which steps of a day its bars of ``count`` steps are made of, both ends included (bar, step)."""
    return np.arange(0, STEPS, count)[:, None] + np.arange(count + 1)


def _premium(instrument: str) -> float:
    """Return what a perpetual costs over spot, as a factor."""
    return 1 + _BASIS if is_perp(instrument) else 1.0


@cache
def _every_rule() -> Mapping[str, Market]:
    """Return the rules of everything that trades; asked at every look at every portfolio."""
    coins = [name for asset in ASSETS for name in (asset, asset + PERP)]
    return MappingProxyType({name: _rules(name) for name in (*coins, DOLLAR)})


@cache
def _rules(instrument: str) -> Market:
    """Return the trading rules of an instrument."""
    if instrument == DOLLAR:
        return dollar_market(instrument)
    return perp_market(asset_of(instrument)) if is_perp(instrument) else spot_market(instrument)

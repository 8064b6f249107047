"""Somebody watches the simulated market with the engine's own eyes: what each trigger has read by now, from history alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.clock import ManualClock
from chatbot.engine.triggers import fear_greed, funding, trend, volatility
from chatbot.exchanges.markets.simulated import DEFAULT_SPEED, SimulatedSource
from tests.engine.strategies import trend_step

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
#: daily readings and funding blocks are read so long after they end
READ_AFTER = timedelta(minutes=10)
HALF = Decimal("0.5")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A simulated market and the clock in front of it."""

    source: SimulatedSource
    clock: ManualClock

    @property
    def market_now(self) -> datetime:
        """Market time."""
        return self.source.market_time(self.clock.now())

    def call(self, name: str) -> datetime | None:
        """Let an episode happen and return where the market was moved to."""
        staging = self.source.prepare(name)
        assert self.source.play(staging)
        return staging.moved_to

    def last_midnight(self) -> datetime:
        """Return the midnight of the newest daily reading."""
        return (self.market_now - READ_AFTER).replace(hour=0, minute=0, second=0, microsecond=0)


def stage(seed: int, hours: float, *, script: bool = False, speed: float = DEFAULT_SPEED) -> Stage:
    """Return a market of which so many hours have passed."""
    clock = ManualClock(NOW)
    source = SimulatedSource(clock, seed=seed, script=script, speed=speed)
    clock.advance(hours * 3600 / speed)
    return Stage(source=source, clock=clock)


async def sigmas(show: Stage, asset: str, days: int) -> list[Decimal | None]:
    """Return the daily readings of realised volatility, newest last (domain 5.1)."""
    end = show.last_midnight()
    bars = await show.source.candles(asset, "1h", end - (days + 7) * DAY - HOUR, end)
    closes = {bar.at + HOUR: float(bar.close) for bar in bars}
    found = []
    for back in range(days - 1, -1, -1):
        until = end - back * DAY
        sigma = volatility.realised_vol([closes.get(until - hour * HOUR) for hour in range(168, -1, -1)], 1).sigma
        found.append(None if sigma is None else Decimal(repr(sigma)))
    return found


async def volatility_state(show: Stage, asset: str = "BTC") -> volatility.SpikeState:
    """Run the spike's machine over the last 30 days (domain 5.3)."""
    readings = await sigmas(show, asset, 67)
    state = volatility.SpikeState()
    for day in range(38, len(readings) + 1):
        base, _ = volatility.vol_baseline(readings[:day])
        state = volatility.advance(state, HALF, readings[day - 1], base, HALF)
    return state


async def trend_state(show: Stage, asset: str = "BTC") -> trend.TrendState:
    """Run the machine of an exhausted trend over the last 30 daily bars (domain 6.2)."""
    end = show.last_midnight()
    bars = await show.source.candles(asset, "1d", end - 150 * DAY, end)
    closes, volumes = [bar.close for bar in bars], [bar.volume for bar in bars]
    state = trend.TrendState()
    for count in range(len(bars) - 30, len(bars) + 1):
        state = trend_step(state, closes[:count], volumes[:count], Decimal("0.10"))
    return state


async def funding_rates(show: Stage, days: int = 10) -> list[Decimal | None]:
    """Return the block rates of the market: BTC and ETH alike (domain 7.2)."""
    until = show.market_now - READ_AFTER
    end = until.replace(hour=until.hour // 8 * 8, minute=0, second=0, microsecond=0)
    since = (end - days * DAY).replace(hour=0)
    hours = round((end - since) / HOUR)
    blocks: list[Sequence[Decimal | None]] = []
    for contract in ("BTC-PERP", "ETH-PERP"):
        paid = await show.source.funding(contract, since, end)
        settled = [
            funding.Settlement(hour=Decimal(round((one.at - since) / HOUR)), rate=one.rate, interval_hours=Decimal(one.interval_hours))
            for one in paid
        ]
        blocks.append(funding.funding_blocks(settled, 0, hours))
    return [funding.market_rate([(rate, None) for rate in pair]) for pair in zip(*blocks, strict=True)]


async def low_state(show: Stage) -> funding.LowState:
    """Run the machine of low funding (domain 7.3)."""
    state = funding.LowState(level=funding.LowRule().base)
    for rate in await funding_rates(show):
        state = funding.advance_low(state, rate)
    return state


async def high_state(show: Stage) -> funding.HighState:
    """Run the machine of high funding (domain 7.4)."""
    state = funding.HighState()
    for rate in await funding_rates(show):
        state = funding.advance_high(state, rate)
    return state


def fear_state(show: Stage) -> fear_greed.FearState:
    """Run the machine of extreme fear over the last 20 readings (domain 8.1)."""
    state = fear_greed.FearState()
    end = show.last_midnight()
    for reading in show.source.fear_greed_between(end - 20 * DAY, end):
        state = fear_greed.advance(state, Decimal(reading.value))
    return state

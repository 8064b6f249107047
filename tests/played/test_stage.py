"""What a person makes happen in the demo's market is there after a restart, and the clock stands where it was moved to."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from chatbot.clock import ManualClock
from chatbot.exchanges.markets.simulated import DEFAULT_SPEED, DEFAULT_START, SimulatedSource
from chatbot.exchanges.sources import price_source
from chatbot.market.candles import CandleBook
from chatbot.market.funding import FundingBook
from chatbot.market.sentiment import Sentiment
from chatbot.model import Cause
from chatbot.played.stage import Stage, remembered
from chatbot.portfolio import strategies
from chatbot.store.database import Database
from chatbot.triggers.machines import all_machines
from chatbot.triggers.signals import Signals

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from chatbot.exchanges.markets.staging import Staging

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


@asynccontextmanager
async def started(folder: Path, clock: ManualClock) -> AsyncIterator[tuple[Stage, SimulatedSource]]:
    """Start the program's market on a folder, as the program does."""
    db = Database(f"sqlite:///{folder / 'ballast.sqlite'}")
    await db.migrate()
    market = await remembered(db, clock.now())
    source = price_source("simulated", clock, origin=market.origin, episodes=market.episodes)
    assert isinstance(source, SimulatedSource)
    yield Stage(db, source, clock, market.played), source
    await db.close()


async def test_a_restart_finds_the_same_market_and_what_was_made_to_happen_last(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    async with started(tmp_path, clock) as (stage, source):
        await stage.begin()
        for name in ("panic", "five_waves"):
            clock.advance(20)
            last = await stage.play(name)
        clock.advance(5)
        before = source.market_time(clock.now()), await source.quotes(await source.markets()), source.fear_greed(clock.now())
    async with started(tmp_path, clock) as (stage, source):
        after = source.market_time(clock.now()), await source.quotes(await source.markets()), source.fear_greed(clock.now())
        assert stage.last is not None
        assert (stage.last.name, stage.last.at, stage.last.moved_to) == ("five_waves", last.at, last.moved_to)
        await stage.play("relief")
        clock.advance(60)
        before_again = await source.quotes(["BTC"])
    assert after == before
    async with started(tmp_path, clock) as (stage, source):
        assert await source.quotes(["BTC"]) == before_again
        assert [name for name, _ in source.episodes] == ["panic", "five_waves", "relief"]


async def test_the_market_stands_at_its_start_until_the_first_portfolio_begins_it_once(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    async with started(tmp_path, clock) as (stage, source):
        clock.advance(100)
        await stage.begin()
        assert source.market_time(clock.now()) == DEFAULT_START
        clock.advance(10)
        await stage.begin()
        assert source.market_time(clock.now()) == DEFAULT_START + timedelta(seconds=10 * DEFAULT_SPEED)


async def test_whoever_makes_something_happen_has_begun_the_market(tmp_path: Path) -> None:
    """Else the first portfolio would throw the market back to before what was made to happen."""
    clock = ManualClock(NOW)
    async with started(tmp_path, clock) as (stage, source):
        clock.advance(10)
        staging = await stage.play("panic")
        assert staging.moved_to is not None
        await stage.begin()
        assert source.market_time(clock.now()) >= staging.moved_to


class Late(SimulatedSource):
    """A market that is told too late once."""

    refused = 0

    def play(self, staging: Staging) -> bool:
        """Let the clock run on before the first attempt."""
        if not self.refused:
            self.refused += 1
            assert isinstance(self._clock, ManualClock)
            self._clock.advance(30)
        return super().play(staging)


async def test_a_scene_whose_writing_took_too_long_is_written_again(tmp_path: Path) -> None:
    """Prices that somebody has seen stay as they were."""
    clock = ManualClock(NOW)
    async with started(tmp_path, clock) as (stage, _):
        late = Late(clock, origin=NOW)
        staging = await Stage(stage._db, late, clock).play("alts_fall")
        assert staging.at > late.market_time(NOW + timedelta(seconds=30))
        assert late.episodes == (("alts_fall", staging.at),)
        assert (await remembered(stage._db, clock.now())).episodes == late.episodes


async def test_nothing_can_be_made_to_happen_that_is_unknown_or_in_a_market_that_is_not_made_up(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    async with started(tmp_path, clock) as (stage, source):
        with pytest.raises(KeyError):
            await stage.play("moon")
        with pytest.raises(KeyError):
            await stage.play("btc_rally")
        assert source.episodes == ()
        real = Stage(stage._db, Real(), clock)  # type: ignore[arg-type]  # it has nothing that a stage would ask for
        assert real.scenes == ()
        with pytest.raises(KeyError):
            await real.play("panic")


class Real:
    """A market that nobody stages."""

    name = "binance"


@pytest.mark.parametrize(
    ("name", "preset", "trigger"),
    [
        ("wild_week", "balanced", Cause.VOLATILITY),
        ("five_waves", "balanced", Cause.TREND),
        ("cheap_longs", "conservative", Cause.FUNDING_LOW),
        ("dear_longs", "aggressive", Cause.FUNDING_HIGH),
        ("panic", "balanced", Cause.FEAR_GREED),
    ],
)
async def test_the_programs_own_signals_hear_of_a_scene_within_a_minute(tmp_path: Path, name: str, preset: str, trigger: str) -> None:
    """Over the program's books of history, which follow a clock that is moved by weeks."""
    clock = ManualClock(NOW)
    async with started(tmp_path, clock) as (stage, source):
        await stage.begin()
        signals = Signals(stage._db, source, CandleBook(source, clock), FundingBook(source, clock), Sentiment(source, clock), clock)
        strategy = strategies.preset(preset, await source.markets())
        watched = [watch for watch in all_machines(strategy) if watch.trigger == trigger]
        clock.advance(20)
        await signals.refresh(watched)
        assert not any(signal.active for signal in await signals.of(strategy) if signal.trigger == trigger)
        await stage.play(name)
        heard = set()
        for _ in range(12):
            clock.advance(5)
            heard |= await signals.refresh(watched)
        now = {signal.subject: signal for signal in await signals.of(strategy) if signal.trigger == trigger}
        assert {watch for watch in watched if now[watch.subject].active}
        assert {watch for watch in heard if now[watch.subject].active}, "the change was told, so that portfolios are looked at"

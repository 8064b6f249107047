"""The machines behind the triggers: run once for all, over history, stored after every reading, and patient with late data."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.clock import ManualClock
from chatbot.errors import Unreachable
from chatbot.exchanges.markets.simulated import SimulatedSource
from chatbot.market.candles import CandleBook
from chatbot.market.funding import FundingBook
from chatbot.market.sentiment import Sentiment
from chatbot.model import Cause, Signal, Strategy, TriggerSetting
from chatbot.model.trigger_info import INFO
from chatbot.portfolio import strategies
from chatbot.store.database import Database
from chatbot.triggers import machines as running
from chatbot.triggers.signals import Signals

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

D = Decimal
START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
DAY = timedelta(days=1).total_seconds()


class CountedMarket(SimulatedSource):
    """A simulated market that counts what it is asked, and can be out of reach."""

    def __init__(self, clock: ManualClock, **more: Any) -> None:
        super().__init__(clock, speed=1.0, script=False, **more)
        self.asked = 0
        self.down = False

    async def candles(self, instrument: str, interval: str, since: datetime, until: datetime) -> Any:
        """Count a request for bars."""
        self._count()
        return await super().candles(instrument, interval, since, until)

    async def funding(self, instrument: str, since: datetime, until: datetime) -> Any:
        """Count a request for settlements."""
        self._count()
        return await super().funding(instrument, since, until)

    def _count(self) -> None:
        self.asked += 1
        if self.down:
            raise Unreachable("out of reach")


class Lab:
    """One market, one database, and as many processes as a test starts."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.clock = ManualClock(START)
        self.market = CountedMarket(self.clock)

    def process(self) -> Signals:
        """Start what a process starts: nothing in memory."""
        books = CandleBook(self.market, self.clock), FundingBook(self.market, self.clock)
        return Signals(self.db, self.market, *books, Sentiment(self.market, self.clock, ""), self.clock)

    async def strategy(self, **settings: TriggerSetting) -> Strategy:
        """Return the Balanced preset with these triggers."""
        chosen = {Cause(name): setting for name, setting in settings.items()}
        return replace(strategies.preset("balanced", await self.market.markets()), triggers=chosen)


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    """Open a database in a folder of its own."""
    db = Database(f"sqlite+aiosqlite:///{tmp_path / 'test.sqlite'}")
    await db.migrate()
    yield Lab(db)
    await db.close()


def by_key(found: tuple[Signal, ...]) -> dict[str, Signal]:
    """Return signals by their names."""
    return {signal.key: signal for signal in found}


async def test_every_trigger_has_a_reading_on_the_first_day(lab: Lab) -> None:
    """A new bot does not know less than one that has run for a month: the machines are run over history."""
    found = by_key(await lab.process().of(await lab.strategy()))
    wanted = {
        f"{Cause.VOLATILITY}:BTC",
        f"{Cause.VOLATILITY}:SOL",
        f"{Cause.TREND}:BTC-PERP",
        Cause.FUNDING_LOW,
        Cause.FUNDING_HIGH,
        Cause.FEAR_GREED,
    }
    assert wanted <= found.keys()
    assert all(found[key].reading is not None and found[key].at is not None for key in wanted)
    assert D("0.4") < (found[f"{Cause.VOLATILITY}:BTC"].reading or D(0)) < D("1.8")
    assert not any(signal.active for signal in found.values())


@pytest.mark.long
async def test_more_people_ask_the_exchange_no_more_often(lab: Lab) -> None:
    """A thousand portfolios with the same coins cost the requests of one, and a second look at the same hour costs none."""
    one = lab.process()
    strategy = await lab.strategy()
    await one.refresh(frozenset(running.all_machines(strategy)))
    for_one = lab.market.asked
    lab.market.asked = 0
    many = lab.process()
    others = [await lab.strategy(volatility=TriggerSetting(on=True, params={"enter": D(2) + D(n) / 1000})) for n in range(50)]
    await many.refresh(frozenset(watch for other in others for watch in running.all_machines(other)))
    for_many = lab.market.asked
    assert 0 < for_many <= for_one  # machines with the usual limits stand where the first process left them: nothing is asked for those
    for other in others:
        await many.of(other)
    assert lab.market.asked == for_many


@pytest.mark.long
async def test_a_restart_goes_on_where_the_machines_stood(lab: Lab) -> None:
    """Killed after any day, the next process ends where one that never stopped stands: counters, levels and onsets alike."""
    strategy = await lab.strategy(volatility=TriggerSetting(on=True, params={"enter": D("1.2"), "exit": D("1.1")}))
    steady = lab.process()
    await steady.of(strategy)
    lab.market.start_episode("fear")
    for day in range(12):
        lab.clock.advance(DAY)
        reborn = lab.process()
        await reborn.refresh(frozenset(running.all_machines(strategy)))
        await steady.refresh(frozenset(running.all_machines(strategy)))
        assert await reborn.of(strategy) == await steady.of(strategy), f"day {day}"
    assert any(signal.active for signal in await steady.of(strategy))


async def test_days_taken_one_by_one_end_like_days_taken_at_once(lab: Lab) -> None:
    """A bot that was off for a week reads what it missed, in order, and stands where it would have stood."""
    strategy = await lab.strategy()
    sleeper = lab.process()
    await sleeper.of(strategy)
    lab.market.start_episode("volatility_spike")
    awake = lab.process()
    for _ in range(21):
        lab.clock.advance(DAY / 3)
        await awake.refresh(frozenset(running.all_machines(strategy)))
    await sleeper.refresh(frozenset(running.all_machines(strategy)))
    assert await sleeper.of(strategy) == await awake.of(strategy)


async def test_without_data_nothing_begins_and_nothing_ends(lab: Lab) -> None:
    """While the exchange is out of reach states are held; a reading that is late is taken when it comes."""
    strategy = await lab.strategy()
    machines = lab.process()
    lab.clock.advance(DAY / 24)  # today's reading is in
    before = by_key(await machines.of(strategy))
    lab.market.start_episode("volatility_spike")
    lab.market.down = True
    lab.clock.advance(DAY * 2.5)
    await machines.refresh(frozenset(running.all_machines(strategy)))
    held = by_key(await machines.of(strategy))
    assert held[f"{Cause.VOLATILITY}:BTC"].reading == before[f"{Cause.VOLATILITY}:BTC"].reading
    assert not held[f"{Cause.VOLATILITY}:BTC"].active
    lab.market.down = False
    lab.clock.advance(DAY)
    await machines.refresh(frozenset(running.all_machines(strategy)))
    assert by_key(await machines.of(strategy))[f"{Cause.VOLATILITY}:BTC"].active


async def test_a_market_that_begins_anew_is_read_anew(lab: Lab) -> None:
    """The demo's market is wound back when the first portfolio opens; readings of days that have not been are forgotten."""
    strategy = await lab.strategy()
    machines = lab.process()
    opening = by_key(await machines.of(strategy))
    lab.clock.advance(DAY * 3)
    await machines.refresh(frozenset(running.all_machines(strategy)))
    lab.market.begin(lab.clock.now())
    await machines.refresh(frozenset(running.all_machines(strategy)))
    again = by_key(await machines.of(strategy))
    assert again[f"{Cause.VOLATILITY}:BTC"].at == opening[f"{Cause.VOLATILITY}:BTC"].at


async def test_only_what_stands_differently_is_reported(lab: Lab) -> None:
    """A reading that changes nothing wakes nobody; one that begins something names its machine."""
    strategy = await lab.strategy()
    machines = lab.process()
    watched = frozenset(running.all_machines(strategy))
    await machines.refresh(watched)
    assert await machines.refresh(watched) == frozenset()
    lab.market.start_episode("volatility_spike")
    moved = set()
    for _ in range(5):
        lab.clock.advance(DAY)
        moved |= {watch.trigger for watch in await machines.refresh(watched)}
    assert Cause.VOLATILITY in moved


async def test_without_futures_there_is_nothing_to_trim(lab: Lab) -> None:
    """A spot-only strategy looks at volatility and at the mood, and at no contract."""
    base = await lab.strategy()
    spot_only = replace(base, weights={**base.weights, "FUTURES": D(0), "STABLE": D("0.2")}, futures_net=D(0))
    assert {watch.trigger for watch in running.all_machines(spot_only)} == {
        trigger for trigger, info in INFO.items() if not info.effect.needs_futures
    }
    assert [trigger for trigger in INFO if spot_only.can_move(trigger)] == [Cause.VOLATILITY], "the mood is read, and moves futures"
    assert not spot_only.acts_on(Cause.FEAR_GREED)


@pytest.mark.parametrize(
    ("mode", "net", "sleeve", "moves"),
    [("", "0.1", "0.1", True), ("", "0", "0.1", False), ("beta", "0", "0.1", True), ("beta", "0", "0", False)],
)
async def test_fear_moves_the_book_or_in_its_other_modes_hedges_the_coins_too(
    lab: Lab, mode: str, net: str, sleeve: str, moves: bool
) -> None:
    base = await lab.strategy()
    fear = {Cause.FEAR_GREED: TriggerSetting(on=True, mode=mode)}
    strategy = replace(base, weights={**base.weights, "FUTURES": D(sleeve)}, futures_net=D(net), triggers=fear)
    assert strategy.acts_on(Cause.FEAR_GREED) is moves

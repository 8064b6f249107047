"""All triggers for ten thousand portfolios in one check: new readings of a day taken, and every portfolio held against them."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from bench import crowd
from bench.figures import Figure
from chatbot.app import open_program
from chatbot.clock import ManualClock
from chatbot.config import load_settings
from chatbot.engine.triggers.registry import TRIGGERS
from chatbot.model import Cause, Strategy, TriggerSetting
from chatbot.portfolio import targets
from chatbot.portfolio.anchors import anchor_spikes, rearm, spikes
from chatbot.store import portfolios
from chatbot.triggers import machines, market
from tests.inline import Inline

if TYPE_CHECKING:
    from chatbot.app import Program
    from chatbot.model import Signal
    from chatbot.portfolio.evaluation import Evaluation

COUNT = 10_000
#: parameter sets among these people: each is a machine of its own for every coin
SETS = 20
_DAYS = 5
_ON = {Cause(name): TriggerSetting(on=True) for name in TRIGGERS}


async def figures() -> list[Figure]:
    """Let days pass; each time the readings are fetched and taken, and every portfolio is told what they mean for it."""
    clock = ManualClock(datetime(2026, 3, 2, 0, 11, tzinfo=UTC))
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(
            market="simulated", market_speed=1.0, data_dir=Path(folder), operator_ids="1", log_level="ERROR", database_url=""
        )
        async with open_program(settings, clock=clock, work=Inline()) as program:
            return await _measured(program, clock)


async def _measured(program: Program, clock: ManualClock) -> list[Figure]:
    crowds = [_strategy(number) for number in range(SETS)]
    clock.advance(11 * 60)  # the market begins at midnight, and the day's readings are taken ten minutes later
    await crowd.settle(program, 1)
    async with program.db.read() as tx:
        first = (await portfolios.active(tx))[0]
    watched = frozenset(watch for strategy in crowds for watch in machines.all_machines(strategy))
    began = time.perf_counter()
    await program.signals.refresh(watched)
    warm_up = time.perf_counter() - began
    found = await program.evaluator.look(replace(first, strategy=crowds[0]), fresh=True)
    spent = []
    for _ in range(_DAYS):
        clock.advance(timedelta(days=1).total_seconds())
        began = time.perf_counter()
        await program.signals.refresh(watched)
        seen = [await program.signals.of(strategy) for strategy in crowds]
        for number in range(COUNT):
            _hold(found, crowds[number % SETS], seen[number % SETS])
        spent.append(time.perf_counter() - began)
        _must_be_new(seen[0], program.source.market_time(clock.now()))
    return [
        Figure(name=f"all triggers for {COUNT:,} portfolios in one check", unit="s", samples=tuple(spent), aim=1.0),
        Figure(name=f"  thirty days of history for {len(watched)} machines, once", unit="s", samples=(warm_up,)),
    ]


def _strategy(number: int) -> Strategy:
    """Return the crowd's strategy with all triggers on, each set of parameters a little different."""
    own = {Cause.VOLATILITY: TriggerSetting(on=True, params={"enter": Decimal(2) + Decimal(number) / 100})}
    return replace(crowd.STRATEGY, futures_net=Decimal("0.1"), triggers=_ON | own)


def _must_be_new(seen: tuple[Signal, ...], now: datetime) -> None:
    late = [signal.key for signal in seen if signal.at is None or now - signal.at > timedelta(hours=1)]
    if late:
        raise AssertionError(f"no reading of today: {late}")


def _hold(found: Evaluation, strategy: Strategy, seen: tuple[Signal, ...]) -> None:
    """Do for one portfolio what a check does with its triggers."""
    if found.held is None or found.effective is None:
        raise AssertionError("the portfolio cannot be evaluated")
    begun = spikes(seen, found.held, strategy)
    mix = targets.unreached(found.states.mix, found.held, strategy, begun)
    memory = rearm(anchor_spikes(found.states, begun, found.held, strategy, mix, datetime(2020, 1, 1, tzinfo=UTC)), seen)
    market.changes(memory, seen, strategy, found.effective)

"""What is made of a question: which settings stand beside which, what is missing, and whether the best change is more than luck."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest

from chatbot.backtest.past import fetch, played
from chatbot.backtest.question import Job, _best_change_is_skill, answer
from chatbot.backtest.result import alone
from chatbot.clock import ManualClock
from chatbot.engine.review.deflated import ENOUGH_DAYS
from chatbot.exchanges.markets.simulated import SimulatedSource
from chatbot.model import INFO
from chatbot.portfolio import strategies
from tests.handlers.views.backtest_examples import a_result

if TYPE_CHECKING:
    from chatbot.exchanges.base import Candle, Funding


def worths(seed: int, drift: float, days: int) -> np.ndarray:
    """Return a portfolio's worth day by day."""
    steps = np.random.default_rng(seed).normal(drift, 0.02, days)
    return np.concatenate([[1.0], np.cumprod(1 + steps)])


def test_the_best_of_many_without_any_skill_is_luck() -> None:
    """Five changes that only differ by chance: nobody would bet on the best; one that earns more day after day is another matter."""
    own, *changed = [replace(a_result(), daily=worths(seed, 0.0, 1000)) for seed in range(6)]
    told = _best_change_is_skill(own, changed)
    assert told is not None
    assert told < 0.9
    good = _best_change_is_skill(own, [*changed[:4], replace(a_result(), daily=worths(9, 0.004, 1000))])
    assert good is not None
    assert good > 0.95


def test_what_the_market_gave_to_all_is_no_skill_of_a_change() -> None:
    """A market that rises day after day lifts every setting: changes that only differ by chance are luck in it too."""
    market = np.random.default_rng(3).normal(0.004, 0.02, 1000)
    noise = np.random.default_rng(4).normal(0.0, 0.001, (6, 1000))
    own, *changed = [replace(a_result(), daily=np.concatenate([[1.0], np.cumprod(1 + market + one)])) for one in noise]
    told = _best_change_is_skill(own, changed)
    assert told is not None
    assert told < 0.9
    worse = [replace(one, daily=np.concatenate([[1.0], np.cumprod(1 + market - 0.001)])) for one in changed]
    assert _best_change_is_skill(own, worse) is None


@pytest.mark.parametrize("days", [30, ENOUGH_DAYS - 1])
def test_less_than_two_years_rank_nothing(days: int) -> None:
    """Not enough data in place of a ranking (domain 12.5); nor is a single setting the best of any."""
    own, *changed = [replace(a_result(), daily=worths(seed, 0.0, days)) for seed in range(3)]
    assert _best_change_is_skill(own, changed) is None
    assert _best_change_is_skill(replace(a_result(), daily=worths(1, 0.0, 1000)), []) is None


def test_worths_that_never_move_are_evidence_of_nothing() -> None:
    """No division by nothing."""
    still = replace(a_result(), daily=np.ones(1000))
    assert _best_change_is_skill(still, [still] * 2) is None


class AtHand(SimulatedSource):
    """A market that has its answers ready, and says that nothing was traded."""

    async def candles(self, instrument: str, interval: str, since: datetime, until: datetime) -> tuple[Candle, ...]:
        """Return no bars."""
        return ()

    async def funding(self, instrument: str, since: datetime, until: datetime) -> tuple[Funding, ...]:
        """Return no settlements."""
        return ()


async def test_everybody_else_gets_a_turn_between_two_answers_of_a_played_market() -> None:
    """A past that is at hand is answered without a wait: read in one go, it kept whoever asked for their /status from an answer."""
    begin, end = datetime(2025, 1, 6, tzinfo=UTC), datetime(2025, 1, 8, tzinfo=UTC)
    reading, turns = asyncio.ensure_future(fetch(AtHand(ManualClock(end), start=begin, origin=begin), ["SOL"], begin, end)), 0
    while not reading.done():
        turns += 1
        await asyncio.sleep(0)
    read = reading.result()
    assert turns >= len(read.bars) + len(read.settlements)


@pytest.mark.long
async def test_a_trigger_that_asks_for_nothing_is_not_walked_again_and_comes_to_the_same() -> None:
    """Of triggers that are switched one by one, those that never fire cost no walk; each says what its own walk would have."""
    begin, end = datetime(2025, 1, 6, tzinfo=UTC), datetime(2025, 1, 20, tzinfo=UTC)
    source = SimulatedSource(ManualClock(end), speed=1.0, start=begin, origin=begin)
    strategy = strategies.preset("balanced", await source.markets())
    recorded = await fetch(source, [*strategy.spot_assets, *strategy.contracts], begin, end - timedelta(hours=1))
    switched = {name: strategies.switched(strategy, name, on=not strategy.setting(name).on) for name in INFO}
    amount, window = Decimal(10_000), timedelta(minutes=1)
    found = answer(Job(recorded=recorded, strategy=strategy, amount=amount, window=window, switched=switched), lambda _done, _of: None)
    past = played(recorded)
    for name, other in switched.items():
        own, _ = alone(past, other, amount, window=window)
        assert found.switched[name].growth == own.growth, name
        assert found.switched[name].causes == own.causes, name
    walked = [name for name, result in found.switched.items() if result is not found.ways["strategy"]]
    assert 0 < len(walked) < len(switched)
    assert found.silent == switched.keys() - set(walked)

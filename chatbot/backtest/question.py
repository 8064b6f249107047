"""One question about the past, whole in itself so that another process can be given it, and what was found."""

from __future__ import annotations

from dataclasses import field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from chatbot.backtest.beside import in_turn
from chatbot.backtest.past import played
from chatbot.backtest.result import alone, compare
from chatbot.backtest.timelines import lived_by
from chatbot.engine.review import measures
from chatbot.engine.review.deflated import ENOUGH_DAYS, skill
from chatbot.model import INFO, Cause
from chatbot.portfolio import strategies
from chatbot.triggers.machines import all_machines, is_together
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta
    from decimal import Decimal

    from numpy.typing import NDArray

    from chatbot.backtest.beside import Beside
    from chatbot.backtest.past import Past, Recorded
    from chatbot.backtest.result import Result
    from chatbot.model import Strategy
    from chatbot.triggers.machines import MachineKey

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be tried, with the history to try it on."""

    recorded: Recorded
    strategy: Strategy
    #: what is begun with, quote
    amount: Decimal
    #: how long triggers are gathered
    window: timedelta
    #: the portfolio's own strategy, to stand beside another one; None: it is the one that is tried
    own: Strategy | None = None
    #: in which a month begins
    zone: str = "UTC"
    #: the strategy with one trigger switched the other way, by trigger; where there are some, nothing else is compared
    switched: Mapping[Cause, Strategy] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was found; plain values, which another process can be given."""

    begin: datetime
    #: full hours from the first to the last, both included
    hours: int
    #: the ways by name, the strategy first; only it where triggers were switched
    ways: Mapping[str, Result]
    own: Result | None
    switched: Mapping[Cause, Result]
    #: of the switched triggers, those that the strategy has on
    on: frozenset[Cause]
    #: of the switched triggers, those that asked for nothing in the whole time, so that on and off came to the same
    silent: frozenset[Cause]
    #: how probable it is that the switch that did best beside the strategy as it is did so by more than luck (deflated Sharpe ratio,
    #: domain 12.5); None where none did better, and for less than two years
    best_change_is_skill: float | None
    #: hours at which the strategy's plans were carried out, after the first
    traded: tuple[int, ...]
    #: hours without a price, by instrument; only those that have some
    missing: Mapping[str, int]
    #: by line of the strategy, what it was of the value at each 00:00 UTC; none where triggers were switched
    weights: Mapping[str, Floats] = field(default_factory=dict)


def answer(job: Job, tell: Callable[[int, int], None], beside: Beside = in_turn) -> Answer:
    """Try everything that was asked, part by part; raises ``engine.errors.Refused`` where something has no price at the first hour."""
    parts, past = 1 + (job.own is not None) + len(job.switched), played(job.recorded)
    tell(0, parts)
    past.timelines.learn(_watched(job), beside)
    later = None if job.own is None else beside(partial(_alone, past, job, job.own))
    weights: Mapping[str, Floats] = {}
    if job.switched:
        tried, blocks = alone(past, job.strategy, job.amount, window=job.window)
        ways: dict[str, Result] = {"strategy": tried}
    else:
        found = compare(past, job.strategy, job.amount, window=job.window, zone=job.zone, beside=beside)
        ways, blocks, weights = found.ways, found.blocks, found.weights
    tell(1, parts)
    own = None
    if later is not None:
        own = later()
        tell(2, parts)
    silent = silent_in(past, job.switched)
    changed = _changed(past, job, silent, lambda done: tell(1 + done, parts), beside)
    switched = {trigger: changed.get(trigger, ways["strategy"]) for trigger in job.switched}
    return Answer(
        begin=past.begin,
        hours=past.hours,
        ways=ways,
        own=own,
        switched=switched,
        best_change_is_skill=_best_change_is_skill(ways["strategy"], tuple(switched.values())),
        on=frozenset(trigger for trigger in switched if job.strategy.setting(trigger).on),
        silent=silent,
        traded=tuple(block.hour for block in blocks[1:]),
        missing=_missing(past, job),
        weights=weights,
    )


def _alone(past: Past, job: Job, strategy: Strategy) -> Result:
    return alone(past, strategy, job.amount, window=job.window)[0]


def _watched(job: Job) -> Iterator[MachineKey]:
    """Yield every machine that somebody will ask for."""
    for strategy in (job.strategy, *(() if job.own is None else (job.own,)), *job.switched.values()):
        yield from lived_by(strategy)
    for trigger, strategy in job.switched.items():
        yield from _machines_of(trigger, strategy)


def _changed(past: Past, job: Job, silent: Collection[Cause], tell: Callable[[int], None], beside: Beside) -> dict[Cause, Result]:
    """Return what each switched trigger came to that asks for something, two at a time; ``tell`` hears of how many are done."""
    found: dict[Cause, Result] = {}
    loud = [trigger for trigger in job.switched if trigger not in silent]
    if silent:
        tell(len(silent))
    for place in range(0, len(loud), 2):
        here, *there = (partial(_alone, past, job, job.switched[trigger]) for trigger in loud[place : place + 2])
        walks: list[Callable[[], Result]] = [here, *map(beside, there)]
        for trigger, walk in zip(loud[place:], walks, strict=False):
            found[trigger] = walk()
            tell(len(silent) + len(found))
    return found


def each_switched(strategy: Strategy) -> dict[Cause, Strategy]:
    """Return the strategy with each trigger of the market switched the other way, but for those that would have nothing to move."""
    movable = [name for name, info in INFO.items() if strategy.contracts or not info.effect.needs_futures]
    return {name: strategies.switched(strategy, name, on=not strategy.setting(name).on) for name in movable}


def silent_in(past: Past, switched: Mapping[Cause, Strategy]) -> frozenset[Cause]:
    """Return the triggers that ask for nothing in the whole of a past, so that on and off are the same plans."""
    return frozenset(trigger for trigger, strategy in switched.items() if _says_nothing(past, trigger, strategy))


def _says_nothing(past: Past, trigger: Cause, strategy: Strategy) -> bool:
    if trigger is Cause.VOLATILITY and is_together(strategy):
        return False  # what all coins do together hangs on what is held
    return not any(past.timelines.of(watch).turns for watch in _machines_of(trigger, strategy))


def _machines_of(trigger: Cause, strategy: Strategy) -> Iterator[MachineKey]:
    """Yield the machines of one trigger, all coins together apart."""
    yield from (watch for watch in all_machines(strategy) if watch.trigger is trigger)


def _best_change_is_skill(own: Result, changed: Sequence[Result]) -> float | None:
    """Return the deflated Sharpe ratio of what the best of some changes earned each day beside none; None where that says nothing.

    By itself every setting shows what the market gave to all of them.
    """
    if len(own.daily) <= ENOUGH_DAYS:
        return None
    beside = [measures.daily_returns(one.daily) - measures.daily_returns(own.daily) for one in changed]
    ratios = {at: sharpe for at, more in enumerate(beside) if (sharpe := measures.sharpe(more)) is not None}
    best = max(ratios, key=ratios.__getitem__, default=None)
    if best is None or ratios[best] <= 0:
        return None
    variance = float(np.var(list(ratios.values()), ddof=1)) / measures.YEAR_DAYS if len(ratios) > 1 else 0.0
    return skill(beside[best], trials=len(ratios), variance=variance)


def _missing(past: Past, job: Job) -> dict[str, int]:
    """Return how many hours have no price, of what the strategies that were tried hold."""
    needed = {name for one in (job.strategy, job.own) if one is not None for name in (*one.spot_assets, *one.contracts)}
    counted = {name: int(np.isnan(past.prices[name]).sum()) for name in sorted(needed & past.prices.keys())}
    return {name: count for name, count in counted.items() if count}

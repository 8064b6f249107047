"""What a walk through a past came to, beside holding, a calendar, and bands alone (domain 12.2, 12.3)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from chatbot.backtest.beside import in_turn
from chatbot.backtest.walk import Stretch, liquidated, walk
from chatbot.engine.review import measures
from chatbot.engine.review.costs import Trade, TradedBlock, Turnover, turnover
from chatbot.exchanges.base import is_perp
from chatbot.model import FUTURES, STABLE, ScheduleRule
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from numpy.typing import NDArray

    from chatbot.backtest.beside import Beside
    from chatbot.backtest.past import Past
    from chatbot.backtest.walk import Block, Walked
    from chatbot.engine.portfolio import Snapshot
    from chatbot.model import Leg, Strategy

    Floats = NDArray[np.float64]

#: what the ways are called, in the order in which a picture has its colours
NAMES = {"strategy": "as it is", "hold": "held", "monthly": "monthly", "bands": "bands alone"}
_DAY_HOURS = 24
#: in fewer days the growth of a year would be told twice, or guessed
_LEAST_DAYS = 367
#: of fewer days volatility and Sharpe ratio say nothing
_LEAST_RETURNS = 30
#: a band that nothing leaves, percentage points
_NO_BAND_PP = Decimal(10_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one way of looking after a portfolio came to."""

    #: worth at the end, of what it began with
    growth: float
    #: a year; None where the days are no more than one
    growth_a_year: float | None
    #: deepest fall from a high, 0 or below
    drawdown: float
    #: this and the Sharpe ratio a year; None for less than a month
    volatility: float | None
    sharpe: float | None
    plans: int
    legs: int
    #: of what it began with
    fees: float
    #: a year
    turnover: Turnover
    #: what futures received for funding, of what it began with, as far as it is known; None: nothing is known of it
    funding: float | None
    #: days without a settlement, by contract that was held; only those that have some
    unsettled: Mapping[str, int]
    #: plans by what asked for them first
    causes: Mapping[str, int]
    liquidations: int
    #: hours at which it could not be looked at
    blind_hours: int
    #: market time from which on something that was held or wanted was not listed any more
    gone: Mapping[str, datetime]
    #: worth at each 00:00 UTC, of what it began with; there with 1
    daily: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A strategy beside what else could have been done with the same money."""

    past: Past
    strategy: Result
    hold: Result
    monthly: Result
    #: the same bands, every trigger off; None where the strategy has none on
    bands: Result | None
    blocks: tuple[Block, ...]
    #: by line of the strategy, what it was of the value at each 00:00 UTC
    weights: Mapping[str, Floats]

    @property
    def ways(self) -> dict[str, Result]:
        """Return the ways by name, the strategy first."""
        bands = {} if self.bands is None else {"bands": self.bands}
        return {"strategy": self.strategy, **bands, "monthly": self.monthly, "hold": self.hold}


def compare(
    past: Past, strategy: Strategy, amount: Decimal, *, window: timedelta, zone: str = "UTC", beside: Beside = in_turn
) -> Comparison:
    """Walk a strategy and its counterfactuals through a past, each from ``amount`` of the quote coin; raises ``engine.errors.Refused``.

    The counterfactuals are walked ``beside`` it; a month begins at 00:00 of a ``zone``.
    """
    plain = without_triggers(strategy)

    def others() -> tuple[Result, tuple[Result, Result] | None]:
        """Return what a calendar came to; and bands alone with holding, where the strategy is something else."""
        bands = None if strategy == plain else walk(past, plain, amount, window=window)
        monthly = walk(past, by_the_month(plain, past.begin, zone), amount, window=window)
        return _result(past, monthly), None if bands is None else (_result(past, bands), _result(past, _held(past, bands)))

    later = beside(others)
    walked = walk(past, strategy, amount, window=window)
    monthly, alone_and_held = later()
    bands, hold = alone_and_held or (None, _result(past, _held(past, walked)))
    return Comparison(
        past=past,
        strategy=_result(past, walked),
        hold=hold,
        monthly=monthly,
        bands=bands,
        blocks=tuple(walked.blocks),
        weights=_weights(past, strategy, walked.held),
    )


def alone(past: Past, strategy: Strategy, amount: Decimal, *, window: timedelta) -> tuple[Result, tuple[Block, ...]]:
    """Walk one strategy through a past, beside nothing; return what it came to, and its plans. Raises as :func:`compare` does."""
    walked = walk(past, strategy, amount, window=window)
    return _result(past, walked), tuple(walked.blocks)


def _held(past: Past, walked: Walked) -> Walked:
    """Return a walk with nothing done after the first plan, which bought the strategy's own targets: held (domain 12.2 a).

    Futures that come down to their maintenance margin are closed by the exchange, whoever looks after them.
    """
    first = walked.held[0]
    hour = _bankrupt_at(past, first.snapshot)
    ended = [] if hour is None else [Stretch(hour=hour, snapshot=liquidated(first.snapshot))]
    return replace(walked, blocks=walked.blocks[:1], held=[first, *ended], liquidated=[one.hour for one in ended])


def _bankrupt_at(past: Past, snap: Snapshot) -> int | None:
    """Return the first hour at which the futures account is down to its maintenance margin; None: never."""
    equity, _ = _worth(past, replace(snap, spot=(), cash=()), 0, past.hours)
    needed = np.zeros(past.hours)
    for position in snap.positions:
        needed += abs(float(position.qty)) * past.filled(position.contract) * float(past.markets[position.contract].mmr)
    below = np.flatnonzero((needed > 0) & (equity <= needed))
    return int(below[0]) if below.size else None


def without_triggers(strategy: Strategy) -> Strategy:
    """Return the same strategy with every signal off: its bands alone (domain 12.2 c)."""
    return replace(strategy, triggers={}, tilt=Decimal(0))


def by_the_month(plain: Strategy, begin: datetime, zone: str = "UTC") -> Strategy:
    """Return the strategy without bands, traded to its targets at 00:00 on the first of every month of a zone (domain 12.2 b)."""
    rule = ScheduleRule(freq="monthly", time="00:00", zone=zone, set_at=begin, day=1)
    return replace(plain, bands={}, futures_band_pp=_NO_BAND_PP, schedule=rule)


def _result(past: Past, walked: Walked) -> Result:
    values, funding = values_of(past, walked.held)
    began = float(walked.blocks[0].value)
    daily = _daily(past, values / began)
    returns = measures.daily_returns(daily)
    days = (past.hours - 1) / _DAY_HOURS
    growth = float(values[-1]) / began
    later = walked.blocks[1:]
    contracts = {position.contract for one in walked.held for position in one.snapshot.positions if position.qty}
    return Result(
        growth=growth,
        growth_a_year=growth ** (measures.YEAR_DAYS / days) - 1 if days >= _LEAST_DAYS and growth > 0 else None,
        drawdown=measures.max_drawdown(daily) or 0.0,
        volatility=measures.volatility(returns) if len(returns) >= _LEAST_RETURNS else None,
        sharpe=measures.sharpe(returns) if len(returns) >= _LEAST_RETURNS else None,
        plans=len(later),
        legs=sum(len(block.legs) for block in later),
        fees=float(sum((block.fees for block in walked.blocks), Decimal(0))) / began,
        turnover=_turnover(later, days),
        funding=funding / began if all(past.rates.get(name) for name in contracts) else None,
        unsettled={name: days for name in sorted(contracts) if (days := past.unsettled_days(name))},
        causes=dict(Counter(str(block.reasons[0].trigger) for block in later).most_common()),
        liquidations=len(walked.liquidated),
        blind_hours=len(walked.blind),
        gone={name: past.at(past.gone[name] + 1) for name in sorted(walked.gone)},
        daily=daily,
    )


def _daily(past: Past, worths: Floats) -> Floats:
    """Return the worth at each midnight; at the first hour that is what it was before the first plan, whose fees are part of every fall."""
    daily = worths[_first_midnight(past) :: _DAY_HOURS].copy()
    if not _first_midnight(past):
        daily[0] = 1.0
    return daily


def _turnover(blocks: Sequence[Block], days: float) -> Turnover:
    """Return how often a portfolio was turned over in a year (domain 12.3)."""
    traded = [TradedBlock(value=block.value, trades=tuple(map(_trade, filter(_is_order, block.legs)))) for block in blocks]
    return turnover(traded, Decimal(str(days)))


def _is_order(leg: Leg) -> bool:
    return not leg.is_transfer


def _trade(leg: Leg) -> Trade:
    qty = -leg.qty if leg.side == "sell" else leg.qty
    return Trade(qty=qty, decision=leg.price, price=leg.price, is_futures=is_perp(leg.instrument))


def values_of(past: Past, held: Sequence[Stretch]) -> tuple[Floats, float]:
    """Return what was held is worth at every hour, quote, and the funding that it received; an hour without a price has the last one's."""
    values, received = np.empty(past.hours), 0.0
    for one, stop in _until(past, held):
        values[one.hour : stop], funding = _worth(past, one.snapshot, one.hour, stop)
        received += funding
    return values, received


def _until(past: Past, held: Sequence[Stretch]) -> Iterator[tuple[Stretch, int]]:
    """Yield what was held with the hour up to which it was; of several changes in an hour the last counts."""
    last_of_hour = [one for one, after in zip(held, (*held[1:], None), strict=True) if after is None or after.hour != one.hour]
    yield from zip(last_of_hour, (*(one.hour for one in last_of_hour[1:]), past.hours), strict=True)


def _weights(past: Past, strategy: Strategy, held: Sequence[Stretch]) -> dict[str, Floats]:
    """Return what each line was of the value at each midnight; funding counts from the next change of what is held on."""
    moments = np.arange(_first_midnight(past), past.hours, _DAY_HOURS)
    worths = {line: np.zeros(len(moments)) for line in strategy.weights}
    for one, stop in _until(past, held):
        snap, (low, high) = one.snapshot, np.searchsorted(moments, (one.hour, stop))
        here, at = slice(low, high), moments[low:high]
        worths.setdefault(STABLE, np.zeros(len(moments)))[here] += float(sum((coin.value for coin in snap.cash), Decimal(0)))
        worths.setdefault(FUTURES, np.zeros(len(moments)))[here] += float(snap.wallet)
        for holding in snap.spot:
            row = worths.setdefault(strategy.line_of(holding.asset), np.zeros(len(moments)))
            row[here] += float(holding.qty) * past.filled(holding.asset)[at]
        for position in snap.positions:
            if position.qty:
                worths[FUTURES][here] += float(position.qty) * (past.filled(position.contract)[at] - float(position.entry))
    whole: Floats = np.sum(list(worths.values()), axis=0)
    return {line: row / whole for line, row in worths.items() if row.any()}


def _worth(past: Past, snap: Snapshot, start: int, stop: int) -> tuple[Floats, float]:
    """Return what was held is worth at each hour before ``stop``, and the funding that it received up to and with ``stop``.

    What is settled at an hour at which something is traded is settled before that.
    """
    here = slice(start, stop + 1)
    hours = len(range(past.hours)[here])
    cash = float(
        sum((coin.value for coin in snap.cash), Decimal(0)) + snap.wallet - sum((p.qty * p.entry for p in snap.positions), Decimal(0))
    )
    values = np.full(hours, cash)
    for holding in snap.spot:
        values += float(holding.qty) * past.filled(holding.asset)[here]
    received = np.zeros(hours)
    for position in snap.positions:
        if position.qty:
            prices = past.filled(position.contract)[here]
            values += float(position.qty) * prices
            paid = np.where(np.arange(hours) > 0, past.rates_by_hour(position.contract)[here], 0.0)
            received -= np.cumsum(float(position.qty) * prices * paid)
    return (values + received)[: stop - start], float(received[-1])


def _first_midnight(past: Past) -> int:
    return -past.begin.hour % _DAY_HOURS

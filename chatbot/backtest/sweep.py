"""Many settings of one strategy over the same past: how wide its bands, how far back it trades, and which calendar beside or instead.

They are told apart by the bare rule (``engine/backtest/rule.py``), which shares its arrays between all of them: no lots, no smallest
trades, no futures and no triggers. The best of many looks good by chance alone, so it stands beside what chance would give (domain 12.5).
"""

from __future__ import annotations

from itertools import product, takewhile
from math import inf
from statistics import pvariance
from typing import TYPE_CHECKING

import numpy as np

from chatbot.backtest.past import HOUR
from chatbot.engine import schedules
from chatbot.engine.backtest.rule import Rule, replay_all
from chatbot.engine.review import measures
from chatbot.engine.review.deflated import expected_best, skill
from chatbot.exchanges.base import is_perp
from chatbot.model import FUTURES, STABLE
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from chatbot.backtest.past import Past
    from chatbot.engine.backtest.rule import Run
    from chatbot.model import Strategy

    Floats = NDArray[np.float64]
    #: half of the bands, percentage points, None without; calendar; theta
    _Setting = tuple[float | None, str, float]

#: widths of a band that are tried, hundredths of a percentage point
_WIDTHS = range(100, 2001, 25)
CALENDARS = ("", "weekly", "monthly", "quarterly")
#: how far back it is traded (domain 3.3): to the target, half-way, to the nearest edge
THETAS = (1.0, 0.5, 0.0)
#: a band that nothing leaves, as a weight: that of a line without one
_WIDE = 10.0
_DAY_HOURS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One setting, and what it came to."""

    #: half of the band of every line, percentage points; None: no bands
    width_pp: float | None
    #: when it is traded in any case; empty: never
    calendar: str
    #: one of :data:`THETAS`
    theta: float
    #: worth at the end, of what it began with
    growth: float
    drawdown: float
    #: a year; None where nothing moved
    sharpe: float | None
    trades: int
    #: a year, one way
    turnover: float
    #: of what it began with
    fees: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """All settings, in the order in which they were tried."""

    #: how long the past is
    days: float
    tried: tuple[Tried, ...]
    #: with the best Sharpe ratio
    best: Tried
    #: Sharpe ratio, a year, of what the best earned each day beside what holding did; None where that does not vary
    beside_holding: float | None
    #: what the best of so many settings would show there by chance alone
    by_chance: float
    #: how likely it is that the best is better than that (domain 12.5); None where it cannot be told
    deflated: float | None

    def at(self, width_pp: float | None, calendar: str = "", theta: float = 1.0) -> Tried:
        """Return one setting; raises ``StopIteration`` for one that was not tried."""
        return next(one for one in self.tried if (one.width_pp, one.calendar, one.theta) == (width_pp, calendar, theta))


def sweep(past: Past, strategy: Strategy) -> Sweep:
    """Try every setting, each from the strategy's targets at the first hour; raises ``engine.errors.Refused``."""
    lines, prices = _as_lines(past, strategy)
    settings = _settings()
    days = (past.hours - 1) / _DAY_HOURS
    tried, returns = [], []
    for setting, run in zip(settings, replay_all(prices, _rules(past, strategy, lines, settings)), strict=True):
        daily = run.values[-past.begin.hour % _DAY_HOURS :: _DAY_HOURS]
        returns.append(measures.daily_returns(daily))
        tried.append(_tried(setting, run, days, daily, returns[-1]))
    _, place = max((-inf if one.sharpe is None else one.sharpe, -place) for place, one in enumerate(tried))
    beside = [one - returns[0] for one in returns]
    known = [sharpe for one in beside if (sharpe := measures.sharpe(one)) is not None]
    variance = pvariance(known) / measures.YEAR_DAYS if known else 0.0
    return Sweep(
        days=days,
        tried=tuple(tried),
        best=tried[-place],
        beside_holding=measures.sharpe(beside[-place]),
        by_chance=expected_best(len(tried), variance) * measures.YEAR_DAYS**0.5,
        deflated=skill(beside[-place], trials=len(tried), variance=variance),
    )


def _settings() -> list[_Setting]:
    """Return what is tried: every width with every calendar, and by itself as far back as can be traded."""
    to_target = ((None if width is None else width / 100, calendar, 1.0) for width, calendar in product((None, *_WIDTHS), CALENDARS))
    return [*to_target, *((width / 100, "", theta) for width, theta in product(_WIDTHS, THETAS) if theta < 1)]


def _rules(past: Past, strategy: Strategy, lines: tuple[str, ...], settings: list[_Setting]) -> Iterator[Rule]:
    targets = tuple(float(strategy.weights[line]) for line in lines)
    fee = float(max(market.taker_fee for name, market in past.markets.items() if not is_perp(name)))
    forced = {calendar: _hours_of(past, calendar) for calendar in CALENDARS}
    for width, calendar, theta in settings:
        halves = None if width is None else tuple(_WIDE if line == FUTURES else width / 100 for line in lines)
        yield Rule(targets=targets, half_widths=halves, theta=theta, fee=fee, at=forced[calendar])


def _as_lines(past: Past, strategy: Strategy) -> tuple[tuple[str, ...], Floats]:
    """Return the lines with a target, and what one unit of each is worth at every hour.

    A line of several coins is a basket of equal parts that is never traded inside, as a strategy keeps its mix; money is worth 1.
    """
    lines = tuple(line for line, weight in strategy.weights.items() if weight)
    worths = []
    for line in lines:
        coins = () if line in (STABLE, FUTURES) else strategy.members.get(line, (line,))
        parts = [past.filled(coin) / past.values(coin)[0] for coin in coins]
        worths.append(np.mean(parts, axis=0) if parts else np.ones(past.hours))
    return lines, np.array(worths)


def _hours_of(past: Past, calendar: str) -> tuple[int, ...]:
    """Return the hours at which a calendar asks, 00:00 UTC of the first day of its week, month or quarter."""
    if not calendar:
        return ()
    weekly = calendar == "weekly"
    spec = schedules.Schedule(freq=calendar, time="00:00", weekday=0 if weekly else None, day=None if weekly else 1)
    end = past.at(past.hours - 1)
    return tuple((at - past.begin) // HOUR for at in takewhile(lambda at: at <= end, schedules.occurrences(spec, past.begin)))


def _tried(setting: _Setting, run: Run, days: float, daily: Floats, returns: Floats) -> Tried:
    width, calendar, theta = setting
    return Tried(
        width_pp=width,
        calendar=calendar,
        theta=theta,
        growth=float(run.values[-1]),
        drawdown=measures.max_drawdown(daily) or 0.0,
        sharpe=measures.sharpe(returns),
        trades=len(run.traded),
        turnover=sum(run.turnovers) / 2 / days * measures.YEAR_DAYS,
        fees=run.fees,
    )

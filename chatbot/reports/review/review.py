"""The review of a portfolio: its series, its measures, its costs and its scorecard, from what was written down (domain 12)."""

from __future__ import annotations

from dataclasses import field, replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from chatbot.engine.cash import CASH_COINS
from chatbot.engine.errors import Refused
from chatbot.engine.review import measures
from chatbot.engine.review.costs import Trade, TradedBlock, Turnover, cost_drag, planned_and_paid, turnover
from chatbot.engine.review.deflated import ENOUGH_DAYS
from chatbot.exchanges.base import is_perp
from chatbot.model import Cause, Mode, PlanState, StrategySince
from chatbot.portfolio.amounts.daily_marks import mark_of
from chatbot.reports.review.advice import advice
from chatbot.reports.review.scorecard import Scorecard, ended_at, scorecard
from chatbot.reports.review.series import begins_at, begun_of, market_time, points_of, series, with_ways
from chatbot.reports.tax.entries import BookKind, journal
from chatbot.store import flows, orders, plans
from chatbot.store.flows import Opening
from chatbot.store.past import strategies
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, tzinfo

    from chatbot.engine.review.costs import SlippageTold
    from chatbot.engine.review.measures import DriftStatistics, Floats
    from chatbot.model import Begun, Flow, Plan, Portfolio
    from chatbot.portfolio.evaluation import Evaluation
    from chatbot.reports.review.advice import Advice, Seen
    from chatbot.reports.review.series import Point, Series
    from chatbot.reports.tax.entries import Entry, Journal
    from chatbot.store.database import Tx
    from chatbot.store.orders import Attempt

_ZERO: Final = Decimal(0)
_DAY_S: Final = 86_400
_EVERY: Final = 100_000
#: statistics of fewer daily returns would say nothing, and what came of less than a year is no rate of one: a first plan is paid for once
_LEAST_RETURNS, _LEAST_DAYS = 30, 365
#: the first full hour, from wherever inside of one they begin, is over by then
_TELLS_AFTER: Final = timedelta(hours=2)
#: and a fall between two values that were written down has been seen by nobody: fewer than a week of them show none where there was one
_LEAST_VALUES = 7
#: marks that lie further apart have days between them that nobody saw, in a pause for instance: what came of those is no return of one day
_ONE_DAY: Final = timedelta(hours=36)
#: a plan that is being carried out, or was
_CARRIED_OUT: Final = (PlanState.DONE, PlanState.PARKED, PlanState.RUNNING, PlanState.CONFIRMED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """How one series went; None: too short to tell."""

    total: float
    drawdown: float | None = None
    volatility: float | None = None
    sharpe: float | None = None
    sortino: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What trading cost, quote, and as rates of a year where there are days enough for one."""

    fees: Decimal = _ZERO
    #: a year, or since the beginning where ``is_yearly`` is False
    turnover: Turnover = field(default_factory=lambda: Turnover(spot=_ZERO, futures=_ZERO))
    drag: Decimal = _ZERO
    is_yearly: bool = False
    slippage: SlippageTold | None = None
    #: received less paid, quote; None: nobody knows
    funding: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What came of a portfolio; what is not known is None."""

    portfolio: Portfolio
    #: by the time of its market
    since: datetime | None = None
    #: that time is not the one of its person, because the market is played
    is_played: bool = False
    days: Decimal = _ZERO
    #: days whose return is known, of which statistics are made
    seen: int = 0
    #: where monthly and bands alone begin that the marks cannot tell, because there are futures; None: they can, or nobody could
    begun: Begun | None = None
    #: the strategy that they follow, that of the day on which they begin, and since when it was the portfolio's; None: they do not begin
    compared: StrategySince | None = None
    #: what it was on that day was not written down yet, so that it is the oldest that is known
    is_compared_late: bool = False
    #: the past that they need is still being fetched; or no full hour of it has passed since they begin
    is_awaited: bool = False
    is_early: bool = False
    #: None: there are not two days yet whose values are known
    series: Series | None = None
    actual: Risk | None = None
    hold: Risk | None = None
    monthly: Risk | None = None
    bands: Risk | None = None
    #: holding begins after the first plan, which bought the targets; else with what was there
    holds_first_plan: bool = False
    #: holding begins with nothing but cash
    holds_cash: bool = False
    #: what is there more than by holding, quote; and of it what no trade and no funding explains
    ahead: Decimal | None = None
    unexplained: Decimal | None = None
    #: a year, or since the beginning where ``costs.is_yearly`` is False
    bonus: float | None = None
    tracking_error: float | None = None
    excess_growth: float | None = None
    drift: DriftStatistics | None = None
    costs: Costs = field(default_factory=Costs)
    card: Scorecard = field(default_factory=Scorecard)
    #: the other way that did best; None: too early to tell, or none did better
    best: Advice | None = None
    #: when plans were carried out, by the time of the market
    traded_at: tuple[datetime, ...] = ()

    @property
    def ranks(self) -> bool:
        """Tell whether there is enough data to say which trigger is better (domain 12.5); of days that nobody saw there is none."""
        return self.seen >= ENOUGH_DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What a review is worked out from."""

    plans: tuple[Plan, ...]
    filled: tuple[Attempt, ...]
    moved: tuple[Flow, ...]
    marked: tuple[Opening, ...]
    #: the strategies that it has had, oldest first; there always is one
    strategies: tuple[StrategySince, ...]


async def read(tx: Tx, portfolio: Portfolio) -> Records:
    """Read everything that was written down about a portfolio."""
    return Records(
        plans=await plans.plans(tx, portfolio.id, limit=_EVERY),
        filled=await orders.filled(tx, portfolio.id),
        moved=await flows.of_portfolio(tx, portfolio.id),
        marked=await flows.marked(tx, portfolio.id),
        strategies=await strategies.of_portfolio(tx, portfolio.id),
    )


def now_of(evaluation: Evaluation, now: datetime, market_now: datetime, zone: tzinfo) -> Opening | None:
    """Return how a portfolio stands now, as a last mark; None where that is unknown."""
    mark = mark_of(evaluation, market_now)
    if mark is None or evaluation.figures is None:
        return None
    return Opening(day=market_now.astimezone(zone).date(), at=now, value=evaluation.figures.value, mark=mark)


def missing(records: Records, last: Opening | None) -> frozenset[str]:
    """Return the coins and contracts of which a price of now is needed and the last mark has none.

    They were held at first, traded since, or paid as a fee.
    """
    held = {name for one in records.marked if one.mark is not None for name in one.mark.held}
    planned = {leg.instrument for plan in records.plans for leg in plan.legs if not leg.is_transfer}
    paid = {coin for order in records.filled for coin in order.fees or ()}
    known = last.mark.prices if last is not None and last.mark is not None else {}
    return frozenset((held | planned | paid) - known.keys())


def review(
    portfolio: Portfolio,
    records: Records,
    last: Opening | None,
    *,
    fee: float,
    zone: tzinfo,
    ways: tuple[tuple[float, ...], ...] | None = None,
) -> Review:
    """Work a review out; pure. ``last`` is how it stands now, ``fee`` what trading would have cost the counterfactuals.

    ``ways`` are monthly and bands alone as somebody walked them from :attr:`Review.begun` on; None: nobody did.
    """
    course = _course(portfolio, records, last, fee=fee, zone=zone)
    if course is None:
        return Review(portfolio=portfolio)
    if course.begins is not None and ways is not None:
        course = replace(course, series=with_ways(course.series, course.begins[0], ways))
    told = Review(
        portfolio=portfolio,
        since=course.start.market_at,
        is_played=course.start.market_at != course.start.at,
        days=course.days,
        seen=int(course.seen.sum()),
        series=course.series,
    )
    return _with_measures(_with_plans(_with_beginnings(told, course, records.strategies), course, records.plans), course)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Course:
    """What a portfolio did, and how its worth went beside the other ways."""

    series: Series
    told: Journal
    #: plans that are being carried out, or were
    carried: tuple[Plan, ...]
    #: the plan that holding begins with; None: there was none since the first point
    first: Plan | None
    #: the trades that all ways begin with
    begun: tuple[Entry, ...]
    #: where monthly and bands alone begin that the marks cannot tell, and at which point
    begins: tuple[int, Begun] | None
    #: the points of days, which that of now is none of
    daily: tuple[Point, ...]

    @property
    def start(self) -> Point:
        """Return the point that everything is counted from."""
        return self.series.points[0]

    @property
    def days(self) -> Decimal:
        """Return how many days of its market have passed since then."""
        return Decimal(str((self.series.points[-1].market_at - self.start.market_at).total_seconds())) / _DAY_S

    @property
    def seen(self) -> Seen:
        """Tell of each return between two daily points whether it is that of one day."""
        return np.array([after.market_at - before.market_at <= _ONE_DAY for before, after in pairwise(self.daily)], dtype=np.bool_)


def _course(portfolio: Portfolio, records: Records, last: Opening | None, *, fee: float, zone: tzinfo) -> _Course | None:
    """Return the course of a portfolio; None while there are not two values to compare."""
    marked = (*records.marked, last) if last is not None else records.marked
    carried = tuple(plan for plan in records.plans if plan.state in _CARRIED_OUT)
    told = journal(portfolio.quote, carried, records.filled, records.moved, marked)
    points = points_of(marked)
    first = _first_plan(carried, points)
    begun = tuple(one for one in told.entries if first is not None and one.plan == first.number)
    found = series(
        points,
        records.moved,
        told.entries,
        lambda at: _since(records.strategies, at),
        quote=portfolio.quote,
        fee=fee,
        zone=zone,
        first=begun,
    )
    if found is None:
        return None
    return _Course(
        series=found,
        told=told,
        carried=carried,
        first=first if first is not None and ended_at(first) >= found.points[0].at else None,
        begun=begun,
        begins=begun_of(found.points, records.moved, told.entries, begun, portfolio.quote) if found.monthly is None else None,
        daily=found.points if last is None else found.points[:-1],
    )


def _with_beginnings(told: Review, course: _Course, known: Sequence[StrategySince]) -> Review:
    """Return a review with what holding begins with, and where and by which strategy the other ways do."""
    compared_from = course.series.points[begins_at(course.series.points, course.begun) or 0].at
    return replace(
        told,
        begun=course.begins[1] if course.begins is not None else None,
        compared=_since(known, compared_from),
        is_early=course.series.monthly is None and _is_early(course.series, course.begun),
        is_compared_late=course.begins is not None and not any(one.at <= compared_from for one in known),
        holds_first_plan=course.first is not None,
        holds_cash=course.first is None and _is_cash(course.start),
    )


def _with_plans(told: Review, course: _Course, plans: Sequence[Plan]) -> Review:
    """Return a review with what its plans cost and brought."""
    found, funding = course.series, _funding(course.told, course.start.at)
    first = course.first.number if course.first is not None else None
    card = scorecard(course.told.quote, plans, course.told.entries, found.points, funding or _ZERO, first=first)
    done = sorted((plan for plan in course.carried if ended_at(plan) >= course.start.at), key=lambda plan: plan.id)
    return replace(
        told,
        ahead=_ahead(found),
        unexplained=_unexplained(found, card),
        costs=_costs(done, course.daily, funding, course.days),
        card=card,
        traded_at=tuple(market_time(found.points, ended_at(plan)) for plan in done),
    )


def _with_measures(told: Review, course: _Course) -> Review:
    """Return a review with how its series went (domain 12.3)."""
    found, seen = course.series, course.seen
    return replace(
        told,
        actual=_risk(found.actual, seen),
        hold=_risk(found.hold, seen),
        monthly=_risk(found.monthly, seen),
        bands=_risk(found.bands, seen),
        bonus=_bonus(found, float(course.days)) if seen.sum() >= _LEAST_RETURNS else None,
        tracking_error=_tracking(found, seen),
        excess_growth=_excess(course.daily, seen),
        drift=_drift(course.daily),
        best=advice(found, int(seen.sum()), seen),
    )


def _is_early(found: Series, first: Sequence[Entry]) -> bool:
    """Tell whether no full hour has passed since the other ways begin, so that nothing can tell them apart yet."""
    start = begins_at(found.points, first)
    return start is None or found.points[-1].market_at - found.points[start].market_at < _TELLS_AFTER


def _since(known: Sequence[StrategySince], at: datetime) -> StrategySince:
    """Return the strategy that a portfolio had at a moment; what it was before the oldest that is known, nobody knows better than that."""
    before = [one for one in known if one.at <= at]
    return before[-1] if before else known[0]


def _first_plan(carried: Sequence[Plan], points: Sequence[Point]) -> Plan | None:
    """Return the plan that bought a portfolio its targets, where that was the first thing it did since the first point (domain 12.2 a).

    Out of nothing but cash it is the first that bought anything, whatever asked for it: a signal may have come before its person's answer.
    """
    done = [plan for plan in carried if any(leg.filled for leg in plan.legs)]
    first = min(done, key=ended_at, default=None)
    if first is None or not points or ended_at(first) < points[0].at:
        return None
    is_start = any(reason.trigger is Cause.START for reason in first.reasons) or _is_cash(points[0])
    return first if is_start else None


def _is_cash(point: Point) -> bool:
    return {name for name, qty in point.mark.held.items() if qty} <= CASH_COINS


def _funding(told: Journal, since: datetime) -> Decimal | None:
    """Return the funding received less paid after a moment, quote; None: nobody knows."""
    if told.funding_unknown:
        return None
    return sum((one.qty for one in told.entries if one.kind is BookKind.FUNDING and one.at > since), _ZERO)


def _risk(index: Sequence[float | None] | None, seen: Seen) -> Risk | None:
    """Return the measures of an index; the returns of its days alone, where none is unknown, are what statistics are of."""
    known = [value for value in index or () if value is not None and value > 0]
    if index is None or len(known) < 2:
        return None
    is_whole = len(known) == len(index)
    tells = is_whole and seen.sum() >= _LEAST_RETURNS
    r: Sequence[float] | Floats = measures.daily_returns(known[: len(seen) + 1])[seen] if tells else ()
    return Risk(
        total=known[-1] - 1,
        drawdown=measures.max_drawdown(known) if len(known) >= _LEAST_VALUES else None,
        volatility=measures.volatility(r) if tells else None,
        sharpe=measures.sharpe(r) if tells else None,
        sortino=measures.sortino(r) if tells else None,
    )


def _bonus(found: Series, days: float) -> float | None:
    """Return the rebalancing bonus of a year, or so far, from both ends."""
    end = found.hold[-1] if found.hold is not None else None
    bonus = measures.rebalancing_bonus((1.0, found.actual[-1]), (1.0, end)) if end is not None and end > 0 else None
    return None if bonus is None else bonus / max(days, measures.YEAR_DAYS)


def _ahead(found: Series) -> Decimal | None:
    """Return what is there more than what holding would have come to, quote."""
    last = found.points[-1]
    worth = found.held.worth(last.mark.prices) if found.held is not None else None
    return None if worth is None else last.value - worth


def _unexplained(found: Series, card: Scorecard) -> Decimal | None:
    """Return what of it neither a trade nor funding explains, quote."""
    ahead = _ahead(found)
    return None if ahead is None or card.attribution is None else ahead - card.attribution.total


def _tracking(found: Series, seen: Seen) -> float | None:
    """Return the tracking error against the targets of each day, kept without friction."""
    points, actual = found.points[: len(seen) + 1], measures.daily_returns(found.actual[: len(seen) + 1])
    wanted = [_target_return(before, after) for before, after in pairwise(points)]
    both = [(r, w) for r, w, of_a_day in zip(actual.tolist(), wanted, seen, strict=True) if w is not None and of_a_day]
    return measures.tracking_error([r for r, _ in both], [w for _, w in both]) if len(both) >= _LEAST_RETURNS else None


def _target_return(before: Point, after: Point) -> float | None:
    then, now = before.mark.prices, after.mark.prices
    if any(weight and (name not in then or name not in now) for name, weight in before.mark.targets.items()):
        return None
    return sum(float(weight * (now[name] / then[name] - 1)) for name, weight in before.mark.targets.items() if weight)


def _excess(points: Sequence[Point], seen: Seen) -> float | None:
    """Return what mixing the coins of the present targets is worth in a year by their daily moves (Fernholz)."""
    weights = {name: float(weight) for name, weight in points[-1].mark.targets.items() if weight and not is_perp(name)} if points else {}
    if seen.sum() < _LEAST_RETURNS or not weights or any(name not in point.mark.prices for point in points for name in weights):
        return None
    prices = np.array([[float(point.mark.prices[name]) for point in points] for name in weights])
    covariance = np.atleast_2d(np.cov((prices[:, 1:] / prices[:, :-1] - 1)[:, seen])) * measures.YEAR_DAYS
    return measures.excess_growth(list(weights.values()), covariance)


def _drift(points: Sequence[Point]) -> DriftStatistics | None:
    seen = [[float(point.mark.drift)] for point in points if point.mark.drift is not None]
    return measures.drift_statistics(seen, [1.0]) if len(seen) >= _LEAST_RETURNS else None


def _costs(done: Sequence[Plan], points: Sequence[Point], funding: Decimal | None, days: Decimal) -> Costs:
    blocks = [TradedBlock(value=plan.before.value, trades=_trades(plan)) for plan in done if plan.before.value > 0]
    trades = [trade for block in blocks for trade in block.trades]
    is_yearly = days >= _LEAST_DAYS
    span = days if is_yearly else Decimal(measures.YEAR_DAYS)
    mean = sum((point.value for point in points), _ZERO) / len(points) if points else _ZERO
    try:
        drag = cost_drag(trades, funding=funding or _ZERO, mean_value=mean, days=span)
    except Refused:
        drag = _ZERO
    return Costs(
        fees=sum((trade.fee for trade in trades), _ZERO),
        turnover=turnover(blocks, span),
        drag=drag,
        is_yearly=is_yearly,
        slippage=planned_and_paid(trades),
        funding=funding,
    )


def _trades(plan: Plan) -> tuple[Trade, ...]:
    return tuple(
        Trade(
            qty=-leg.filled if leg.side == "sell" else leg.filled,
            decision=leg.price,
            price=leg.average,
            fee=leg.fee,
            is_futures=is_perp(leg.instrument),
            # by hand the limits stand for prices that nobody has told
            planned_bps=None if plan.mode is Mode.MANUAL else leg.slippage_bps,
        )
        for leg in plan.legs
        if leg.filled and leg.average is not None and not leg.is_transfer
    )

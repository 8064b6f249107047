"""Backtests as views show them: under way, done, and ended otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from chatbot.backtest.apart.admission import Run, Stage, TookTooLong
from chatbot.backtest.apart.process import Died
from chatbot.backtest.past import LOOK_BACK
from chatbot.backtest.prepare import Days
from chatbot.backtest.question import Answer
from chatbot.backtest.result import Result
from chatbot.engine.errors import Refused
from chatbot.engine.review.costs import Turnover
from chatbot.errors import InternalError, RateLimited, Unreachable, UserError
from chatbot.model import INFO, Cause, ScheduleRule
from chatbot.portfolio import strategies
from handlers.views.past import backtest as views
from handlers.views.past import backtest_over_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatbot.errors import BallastError
    from chatbot.i18n import Words
    from chatbot.model import Portfolio
    from handlers.views.common import View

BEGIN = datetime(2022, 1, 1, tzinfo=UTC)
DAYS = 364


def a_result(growth: float = 1.1234, *, full: bool = True) -> Result:
    """Return what a way came to; not ``full``: with nothing that takes half a year to know."""
    return Result(
        growth=growth,
        growth_a_year=growth - 1 if full else None,
        drawdown=-0.7654,
        volatility=0.6543 if full else None,
        sharpe=1.234 if full else None,
        plans=123,
        legs=456,
        fees=0.0123,
        turnover=Turnover(spot=Decimal("1.23"), futures=Decimal("0.45")),
        funding=-0.0123,
        unsettled={},
        causes={"drift": 100, "volatility": 23},
        liquidations=0,
        blind_hours=0,
        gone={},
        daily=np.linspace(1.0, growth, DAYS),
    )


def some_weights() -> dict[str, np.ndarray]:
    """Return what four lines were of the value day by day."""
    core = np.linspace(0.4, 0.55, DAYS)
    rest = 1 - core
    return {"CORE": core, "ALT": 0.6 * rest, "STABLE": 0.3 * rest, "FUTURES": 0.1 * rest}


def an_answer(*, worst: bool = False, by_trigger: bool = False) -> Answer:
    """Return what was found; ``worst``: with everything that has to be said of it."""
    own = (
        replace(a_result(), liquidations=12, blind_hours=1234, gone={"LUNA": BEGIN, "FTT-PERP": BEGIN}, unsettled={"BTC-PERP": 364})
        if worst
        else a_result()
    )
    ended = own.liquidations
    others = {"bands": 0.8, "monthly": 1.05, "hold": 1.02}
    ways = {"strategy": own, **{way: replace(a_result(growth), liquidations=ended) for way, growth in others.items()}}
    return Answer(
        begin=BEGIN,
        hours=DAYS * 24 + 1,
        ways={"strategy": own} if by_trigger else ways,
        own=replace(a_result(1.2), liquidations=ended) if worst and not by_trigger else None,
        switched={trigger: a_result(0.9) for trigger in INFO} if by_trigger else {},
        best_change_is_skill=0.4321 if by_trigger else None,
        on=frozenset({Cause.VOLATILITY, Cause.TREND}) if by_trigger else frozenset(),
        silent=frozenset({Cause.TREND}) if by_trigger else frozenset(),
        traded=(100, 2000, 5000),
        missing={"BTC": 12, "ETH": 1234, "SOL": 4567, "BTC-PERP": 12, "ETH-PERP": 12} if worst else {},
        weights={} if by_trigger else some_weights(),
    )


def some_days(*, worst: bool = False) -> Days:
    """Return the days of a year; ``worst``: of a market that is younger."""
    late = ("SOL", "ETH-PERP") if worst else ()
    looks = timedelta(days=12) if worst else LOOK_BACK
    return Days(begin=BEGIN, end=BEGIN + timedelta(days=DAYS), late=late, look_back=looks, has_mood=not worst)


def a_run(stage: Stage, **given: object) -> Run:
    """Return a run at some stage."""
    return Run(word="0123abcd", person_id=42, stage=stage, **given)  # type: ignore[arg-type]  # its other fields


def _ended(trouble: BallastError | Refused | None) -> Run:
    return a_run(Stage.STOPPED if trouble is None else Stage.FAILED, trouble=trouble)


#: why there may be no answer
TROUBLES = {
    "died": Died("it ended with -9"),
    "slow": TookTooLong("900 s"),
    "limited": RateLimited("429"),
    "away": Unreachable("no answer"),
    "refused": Refused("bad_price", "SOL,ETH-PERP"),
    "ruined": Refused("non_positive_value", "nav"),
    "ours": InternalError("ValueError()"),
    "too short": UserError("A test needs at least {least} days of prices; here there would be {days}.", least=7, days=3),
    "stopped": None,
}


def backtests(portfolio: Portfolio) -> dict[str, Callable[[Words], View]]:
    """Return every view of a backtest of a portfolio."""
    investing = ScheduleRule(freq="weekly", time="09:00", zone="UTC", set_at=BEGIN, invest=Decimal(100))
    theirs = replace(portfolio, exchange="simulated", strategy=replace(portfolio.strategy, schedule=investing))
    asked = views.Told(portfolio=portfolio, strategy=portfolio.strategy, wish=views.Wish("conservative", "20210101-20210331"))
    found = with_days(asked, worst=False)
    worst = with_days(
        views.Told(portfolio=theirs, strategy=strategies.switched(theirs.strategy, Cause.FEAR_GREED, on=True), wish=views.Wish()),
        worst=True,
    )
    counting = a_run(Stage.COUNTING, done=2, of=6)
    done = a_run(Stage.DONE, answer=an_answer(), tried=1)
    return {
        "past.backtest.choice": lambda w: views.choice(w, portfolio, views.Wish()),
        "past.backtest.choice of another": lambda w: views.choice(w, portfolio, views.Wish("aggressive", "18m")),
        "past.backtest.busy": lambda w: views.busy(w, portfolio, counting),
        "past.backtest.gone": lambda w: views.gone(w, portfolio),
        "past.backtest.under_way in line": lambda w: views.under_way(w, asked, a_run(Stage.WAITING), 3),
        "past.backtest.under_way at once": lambda w: views.under_way(w, asked, a_run(Stage.WAITING), 0),
        "past.backtest.under_way fetching": lambda w: views.under_way(w, asked, a_run(Stage.FETCHING, asked=("SOL-PERP", BEGIN)), 0),
        "past.backtest.under_way playing": lambda w: views.under_way(w, found, counting, 0),
        "past.backtest.under_way playing one": lambda w: views.under_way(w, found, a_run(Stage.COUNTING, of=1), 0),
        "past.backtest.result": lambda w: views.result(w, found, done),
        "past.backtest_over_time.months": lambda w: backtest_over_time.months(w, found, done, an_answer()),
        "past.backtest_over_time.weights": lambda w: backtest_over_time.weights(w, found, done, an_answer()),
        "past.backtest.result at worst": lambda w: views.result(w, worst, a_run(Stage.DONE, answer=an_answer(worst=True), tried=123)),
        "past.backtest.result by trigger": lambda w: views.result(
            w,
            views.Told(portfolio=portfolio, strategy=portfolio.strategy, wish=views.Wish(), by_trigger=True, days=found.days),
            a_run(Stage.DONE, answer=an_answer(by_trigger=True), tried=7),
        ),
        **{
            f"past.backtest.result {why}": lambda w, trouble=trouble: views.result(w, asked, _ended(trouble))
            for why, trouble in TROUBLES.items()
        },
    }


def with_days(told: views.Told, *, worst: bool) -> views.Told:
    """Return what a message is about, with the days that there are prices for."""
    told.days = some_days(worst=worst)
    return told

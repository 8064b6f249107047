"""What the chat shows of a portfolio: how it stands and what moves it (/status), how exposed it is (/exposure), what comes next."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.portfolio import INDEX
from chatbot.engine.triggers.funding import BLOCK_HOURS
from chatbot.errors import contained
from chatbot.model import BASKET, AnswerMode, Cause, Check, ExposureReport, HeldBack, MovedTarget, Performance, PortfolioRow, StatusReport
from chatbot.portfolio import targets
from chatbot.portfolio.amounts import performance
from chatbot.portfolio.stored import states, turnover
from chatbot.reports import exposure
from chatbot.store import halt, plans, portfolios
from chatbot.store.codec import as_far
from chatbot.triggers import machines, schedule

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from chatbot.clock import Clock
    from chatbot.engine.portfolio import Snapshot
    from chatbot.errors import Damaged
    from chatbot.model import OpenTilt, Person, Portfolio, Signal, Strategy
    from chatbot.portfolio.evaluation import Evaluation
    from chatbot.portfolio.evaluator import Evaluator
    from chatbot.portfolio.markets import Markets, Quoted
    from chatbot.portfolio.states import ScheduleMark
    from chatbot.store.database import Database

#: a target that is worked out again may differ by less than this without having moved
_LEAST = Decimal("0.000001")


class Reports:
    """Reads; nothing here changes a portfolio."""

    def __init__(
        self,
        db: Database,
        evaluator: Evaluator,
        markets: Markets,
        clock: Clock,
        *,
        next_check: Callable[[], datetime | None],
        mood_source: str = "",
    ) -> None:
        self._db = db
        self._evaluator = evaluator
        self._markets = markets
        self._clock = clock
        self._next_check = next_check
        self._mood_source = mood_source

    async def status(self, person: Person, portfolio: Portfolio, *, fresh: bool = False) -> StatusReport:
        """Read how the portfolio stands now; what is unknown stays unknown."""
        evaluation = await self._evaluator.look(portfolio, fresh=fresh, patient=True)
        now = self._clock.now()
        market_time, next_check = self._markets.market_time(portfolio, now), self._next_check()
        damaged: list[Damaged] = []
        async with self._db.read() as tx:
            open_plan = await as_far(plans.open_plan(tx, portfolio.id), damaged)
            auto = portfolio.answer == AnswerMode.AUTO
            used = await as_far(turnover.today(tx, portfolio.id, person.zone, now), damaged) if auto else None
            earned = await as_far(performance.read(tx, portfolio.id, person.zone, market_time, evaluation.known_value), damaged)
            last = await as_far(portfolios.check(tx, portfolio.id), damaged)
            halted_since = await halt.since(tx)
        return StatusReport(
            portfolio=portfolio,
            check=Check(
                at=now,
                figures=evaluation.figures,
                problems=evaluation.problems,
                prices=len(evaluation.fresh),
                fired=last.fired if last else (),
                held_back=last.held_back if last else HeldBack.NONE,
            ),
            amounts=_amounts(evaluation.snapshot),
            positions={p.instrument: p.qty for p in evaluation.account.positions} if evaluation.account else {},
            price_age_s=self._age_s(evaluation),
            next_check_s=max(0.0, (next_check - now).total_seconds()) if next_check else None,
            market_time=market_time if abs(market_time - now) > timedelta(seconds=1) else None,
            performance=earned or Performance(),
            funding_8h=await self._funding_8h(portfolio),
            funding_age_s=self._index(portfolio).board.oldest_age((INDEX,), now),
            turnover=used,
            open_plan=open_plan,
            next_run=schedule.upcoming(portfolio.strategy.schedule, evaluation.states.schedule, now),
            signals=_that_act(evaluation.layers.signals, portfolio.strategy),
            suppressed=evaluation.effective is not None and evaluation.effective.holds_back,
            moved=_moved(evaluation),
            hedges=evaluation.layers.hedges,
            mood_source=self._mood_source,
            halted_since=halted_since,
            damaged=tuple(damaged),
        )

    async def portfolios(self, person: Person) -> tuple[PortfolioRow, ...]:
        """List all portfolios of a person, oldest first: the open ones with their value and their plan, the closed ones without."""
        async with self._db.read() as tx:
            found = await portfolios.of_person(tx, person.id)
            running = await plans.open_plans(tx, [one.id for one in found])
        return tuple([PortfolioRow(portfolio=one, plan=running.get(one.id), value=await self._value(one)) for one in found])

    async def _value(self, portfolio: Portfolio) -> Decimal | None:
        """Return what a portfolio is worth; None where that is unknown, or nobody's business any more."""
        if not portfolio.is_open:
            return None
        figures = None
        with contained("portfolio cannot be valued", portfolio=portfolio.id):  # the list must show it all the same: there it can be closed
            figures = (await self._evaluator.look(portfolio, patient=True)).figures
        return figures.value if figures is not None else None

    async def exposure(self, portfolio: Portfolio, *, fresh: bool = False) -> ExposureReport:
        """Read how exposed the portfolio is now, coin by coin; what is unknown stays unknown."""
        evaluation = await self._evaluator.look(portfolio, fresh=fresh, patient=True)
        hours = await exposure.funding_hours(self._markets.of(portfolio).funding, evaluation) if evaluation.snapshot is not None else {}
        return exposure.report(evaluation, hours, self._age_s(evaluation))

    def _age_s(self, evaluation: Evaluation) -> float | None:
        """Return the age in seconds of the oldest price that an evaluation rests on; None where it has none."""
        if not evaluation.fresh:
            return None
        return self._markets.of(evaluation.portfolio).board.oldest_age(evaluation.fresh, self._clock.now())

    async def tilts(self, portfolio: Portfolio) -> tuple[OpenTilt, ...]:
        """Return the tilts that stand, those that no plan has traded yet among them."""
        async with self._db.read() as tx:
            return (await states.read(tx, portfolio.id)).tilts

    async def calendar(self, portfolio: Portfolio) -> tuple[datetime | None, ScheduleMark]:
        """Return when the calendar asks next, and how far it has come."""
        async with self._db.read() as tx:
            mark = (await states.read(tx, portfolio.id)).schedule
        return schedule.upcoming(portfolio.strategy.schedule, mark, self._clock.now()), mark

    def _index(self, portfolio: Portfolio) -> Quoted:
        """Return the markets whose BTC contract stands for a portfolio's: those against the usual quote coin."""
        return self._markets.first(self._markets.world_of(portfolio))

    async def _funding_8h(self, portfolio: Portfolio) -> Decimal | None:
        """Return what the next settlement of BTC comes to in eight hours: some contracts settle every four, some every hour (domain 7.1).

        None where the rate is unknown, or the hours between settlements are.
        """
        quoted = self._index(portfolio)
        quote, funding = quoted.board.get(INDEX), quoted.funding
        if quote is None or quote.funding_rate is None:
            return None
        await funding.refresh((INDEX,), exposure.LOOK_BACK_DAYS)
        hours = funding.interval_hours(INDEX)
        return quote.funding_rate * BLOCK_HOURS / hours if hours else None


def _amounts(snapshot: Snapshot | None) -> dict[str, Decimal]:
    """Return what is managed of each coin and stablecoin, base units."""
    if snapshot is None:
        return {}
    return {coin.asset: coin.qty for coin in snapshot.spot} | {cash.asset: cash.qty for cash in snapshot.cash}


def _that_act(found: tuple[Signal, ...], strategy: Strategy) -> tuple[Signal, ...]:
    """Return the signals that may move something: of volatility those of all coins together, or those of each."""
    together = machines.is_together(strategy)
    return tuple(one for one in found if one.trigger is not Cause.VOLATILITY or (one.subject == BASKET) == together)


def _moved(evaluation: Evaluation) -> dict[str, MovedTarget]:
    """Return the targets that triggers and hedges have moved, by coin and contract."""
    if evaluation.held is None or evaluation.effective is None:
        return {}
    own = targets.base_targets(evaluation.held, evaluation.portfolio.strategy, evaluation.layers)
    now = evaluation.effective.targets
    before, after = {**own.spot, **own.futures}, {**now.spot, **now.futures}
    return {
        name: MovedTarget(own=before.get(name, Decimal(0)), now=target)
        for name, target in after.items()
        if abs(target - before.get(name, Decimal(0))) >= _LEAST
    }

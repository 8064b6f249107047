"""One portfolio through a past: looked at, judged and planned for as a check does it, filled at the price of the decision.

Between two plans nothing that is held changes, so the hours are searched in arrays for the next at which something may happen; that one
is decided exactly, by what decides for a portfolio that is alive (decision 0006).
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.backtest.past import HOUR
from chatbot.backtest.search import Search
from chatbot.backtest.timelines import lived_by
from chatbot.engine.errors import Refused
from chatbot.exchanges.base import Balances, Position, unlisted
from chatbot.hedges import ending
from chatbot.model import AnswerMode, Cause, Check, Mode, Outcome, Person, Plan, Portfolio, Problem, Reason, Role
from chatbot.monitor.hedges_daily import HedgeReview
from chatbot.monitor.judge import CheckInput, described, judge, reasons_for_plan
from chatbot.plans import draft as planning
from chatbot.plans import intended_mix, new_money
from chatbot.plans.costs import Costing
from chatbot.plans.outcomes import CannotEvaluate, NothingToDo
from chatbot.portfolio import valuation
from chatbot.portfolio.evaluation import Evaluation, measured
from chatbot.portfolio.layers import Layers
from chatbot.portfolio.states import NOTHING, PortfolioStates
from chatbot.triggers import machines, market, schedule, tilt
from chatbot.triggers.feeds import BasketFeed, feeds
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.backtest.past import Past
    from chatbot.engine.portfolio import Snapshot
    from chatbot.model import Leg, Signal, Strategy
    from chatbot.monitor.judge import CheckResult

_EXPIRY = timedelta(minutes=10)
_SOON = timedelta(seconds=1)
_NOTHING: Mapping[int, Mapping[str, Decimal]] = {}
_NOBODY = Person(id=1, chat_id=1, role=Role.MEMBER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One plan as it was carried out."""

    hour: int
    at: datetime
    reasons: tuple[Reason, ...]
    legs: tuple[Leg, ...]
    fees: Decimal
    #: V before it
    value: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What is held from one hour on."""

    hour: int
    snapshot: Snapshot


@dataclass(slots=True)
class Walked:
    """What became of a portfolio in a past."""

    blocks: list[Block] = field(default_factory=list)
    #: what is held, from each hour on at which that changed; of some changes there are several an hour, the last counts
    held: list[Stretch] = field(default_factory=list)
    #: hours at which it could not be looked at, because something that is needed was not traded
    blind: list[int] = field(default_factory=list)
    #: what was held or wanted when its exchange let go of it
    gone: set[str] = field(default_factory=set)
    #: hours that were decided exactly
    exact: int = 0
    #: hours at which the exchange closed the futures
    liquidated: list[int] = field(default_factory=list)


def walk_on(
    past: Past, strategy: Strategy, account: valuation.Account, came: Mapping[int, Mapping[str, Decimal]], window: timedelta
) -> Walked:
    """Go on from what an account holds at the first hour, and check it at every full hour after it; nothing is bought at first.

    ``came`` is what came in and went out at an hour, by coin; what is not there of a coin that leaves is paid for from the cash.
    """
    walking = _Walk(past, strategy, Decimal(0), window)
    walking.portfolio = replace(walking.portfolio, quote=account.quote_asset)
    return walking.run(exactly=False, account=account, came=came)


def walk(past: Past, strategy: Strategy, amount: Decimal, *, window: timedelta, exactly: bool = False) -> Walked:
    """Open a portfolio with ``amount`` of the quote coin at the first hour, and check it at every full hour after it.

    Every plan is confirmed at once and filled whole, each leg at the price that it was decided at, with the fee of a taker.
    ``window`` is how long triggers are gathered (domain 9.9). ``exactly`` decides every hour exactly, which is slow: for tests.
    """
    return _Walk(past, strategy, amount, window).run(exactly=exactly)


def liquidated(snapshot: Snapshot) -> Snapshot:
    """Close every position at the mark; what is left of the margin is gone with it, as on an exchange."""
    closed = tuple(replace(position, qty=Decimal(0), entry=position.mark) for position in snapshot.positions)
    return replace(snapshot, wallet=Decimal(0), positions=closed)


class _Walk:
    """The walk under way."""

    def __init__(self, past: Past, strategy: Strategy, amount: Decimal, window: timedelta) -> None:
        self._past = past
        self._window = window
        self.portfolio = Portfolio(
            id=1,
            person_id=_NOBODY.id,
            name="",
            mode=Mode.PAPER,
            exchange="",
            strategy=strategy,
            answer=AnswerMode.ASK,
            created_at=past.begin,
        )
        balances = {self.portfolio.quote: amount}
        self._account = valuation.Account(
            balances=Balances(spot=balances, free=balances, futures_wallet=Decimal(0)), positions=(), quote_asset=self.portfolio.quote
        )
        self._states: PortfolioStates = NOTHING
        self._last: Check | None = None
        self._ended_at: datetime | None = None
        #: nothing is open, and the last exact check was not the one before a plan
        self._quiet = False
        #: the hour up to which funding was paid
        self._paid_until = 0
        self._machines = machines.Machines(feeds(past.candles, past.funding, past.mood, past.clock), BasketFeed(past.candles))
        together = machines.is_together(strategy)
        #: what all coins of this portfolio do together hangs on what it holds, so that it has to be followed
        self._basket = machines.basket_machine(strategy, 1) if together and strategy.setting(Cause.VOLATILITY).on else None
        self._lives = {watch: past.timelines.of(watch) for watch in lived_by(strategy)}
        self._turns = sorted({turn for life in self._lives.values() for turn in life.turns})
        self._costing = Costing(past.source, past.candles, past.funding, past.clock)
        self._search = Search(past, strategy)
        #: the hours at which something comes or goes, money or what is listed
        self._arrivals: list[int] = []
        self.done = Walked()

    def run(
        self, *, exactly: bool, account: valuation.Account | None = None, came: Mapping[int, Mapping[str, Decimal]] = _NOTHING
    ) -> Walked:
        hour = 0
        self._arrivals = sorted({*came, *(last + 1 for last in self._past.gone.values())})
        self._start(account)
        while (hour := hour + 1 if exactly or not self._is_at_rest else self._next(hour)) < self._past.hours:
            self._pay_funding(hour)
            if hour in came:
                self._receive(hour, came[hour])
            self._check(hour)
        return self.done

    def _start(self, account: valuation.Account | None) -> None:
        """Buy what the strategy wants, as the first plan of a portfolio does; or go on with what is held, as after that plan."""
        self._account = account or self._account
        evaluation = self._look(0)
        if evaluation.figures is None or evaluation.snapshot is None:
            raise Refused("bad_price", ",".join(problem.instrument for problem in evaluation.problems))
        if account is None:
            self._begin(evaluation, evaluation.snapshot)
        else:
            self._ended_at = self._past.begin
            self._hold(0, evaluation.snapshot)

    def _begin(self, evaluation: Evaluation, snapshot: Snapshot) -> None:
        """Buy the targets; where there is nothing to buy, as of money alone, the first block has no legs."""
        start = (Reason(trigger=Cause.START),)
        if self._carry_out(0, evaluation, start) is not Outcome.PLANNED:
            at = self._past.begin
            self._hold(0, snapshot)
            self.done.blocks.append(Block(hour=0, at=at, reasons=start, legs=(), fees=Decimal(0), value=evaluation.held.value))  # type: ignore[union-attr]

    def _receive(self, hour: int, changes: Mapping[str, Decimal]) -> None:
        """Take what came in and give what went out; of a coin of which there is too little, its worth in cash."""
        quote, spot = self.portfolio.quote, dict(self._account.balances.spot)
        for coin, qty in changes.items():
            left = spot.get(coin, Decimal(0)) + qty
            spot[coin] = max(Decimal(0), left) if coin != quote else left
            if left < 0 and coin != quote:
                price = self._past.quote(coin, hour)
                if price is None:
                    raise Refused("bad_price", coin)
                spot[quote] = spot.get(quote, Decimal(0)) + left * price.price
        if spot.get(quote, Decimal(0)) < 0:
            raise Refused("negative_value", quote)
        self._account = replace(self._account, balances=replace(self._account.balances, spot=spot, free=spot))
        evaluation = self._look(hour)
        if evaluation.snapshot is None:
            raise Refused("bad_price", ",".join(problem.instrument for problem in evaluation.problems))
        self._hold(hour, evaluation.snapshot)

    @property
    def _is_at_rest(self) -> bool:
        """Tell whether nothing is remembered that one more hour could change by itself."""
        states, memory = self._states, self._states.memory
        leaving = any(anchor.over for anchor in memory.anchors.values())
        return self._quiet and not (leaving or states.tilts or states.hedges or states.margin_fired or memory.pending)

    def _next(self, hour: int) -> int:
        """Return the next hour that has to be decided exactly."""
        found, rule = self._past.hours, self.portfolio.strategy.schedule
        if (run := schedule.upcoming(rule, self._states.schedule, self._past.at(hour))) is not None:
            found = min(found, hour + max(1, -(-(run - self._past.at(hour)) // HOUR)))
        for turns in (self._turns, self._arrivals):
            if (later := bisect_right(turns, hour)) < len(turns):
                found = min(found, turns[later])
        found = self._search.suspect(hour + 1, found)
        if self._search.moving and found > hour + 1:
            found -= 1  # what moves a target is told from drift by where the target was an hour before
        if self._basket is None:
            return found
        return next((early for early in range(hour + 1, found) if self._follow_basket(early)), found)

    def _follow_basket(self, hour: int) -> bool:
        """Take the readings of all coins together that are there at an hour; tell whether they now say something else."""
        now, basket = self._past.at(hour), self._basket
        if basket is None or not self._machines.baskets.holds(basket.subject) or not self._machines.is_due(basket, now):
            return False
        self._machines.take_up([basket], {}, now)
        _, changed = self._machines.keep(self._machines.run([basket], now))
        return bool(changed)

    def _signals(self, hour: int) -> tuple[Signal, ...]:
        """Return where the triggers stand; what moves between two readings is only told (domain 5.4), so nobody looks for it here."""
        now = self._past.at(hour)
        self._machines.take_up((), {watch: life.at(hour) for watch, life in self._lives.items()}, now)
        own = () if self._basket is None else (self._machines.together(self._basket, now),)
        return (*(self._machines.signal(watch, now) for watch in self._lives), *own)

    def _look(self, hour: int) -> Evaluation:
        """Evaluate the portfolio at an hour; what is needed and was not traded is a problem."""
        past, portfolio, account = self._past, self.portfolio, self._account
        past.clock.put(past.at(hour))
        if self._basket is not None:
            coins = valuation.managed_coins(account.balances.spot, portfolio.strategy)
            self._machines.baskets.hold(self._basket.subject, coins)
            self._follow_basket(hour)
        needed = valuation.instruments(portfolio.strategy, account)
        stops = {name: stop for name in needed if (stop := past.stop(name, hour)) is not None}
        self.done.gone |= stops.keys()
        idle = stops.keys() - valuation.managed_instruments(account, portfolio.strategy)  # it can never be bought
        quotes = {name: quote for name in needed if name not in idle and (quote := past.quote(name, hour)) is not None}
        seen = Evaluation(
            portfolio=portfolio,
            account=account,
            markets={**past.markets, **{name: unlisted(name) for name in stops}} if stops else past.markets,
            states=self._states,
            quotes=quotes,
            stops=stops,
            layers=Layers(signals=self._signals(hour)),
            problems=tuple(Problem(code="missing", instrument=name) for name in needed if not (name in quotes or name in idle)),
        )
        if seen.problems:
            return seen
        snapshot = valuation.snapshot(account, portfolio.strategy, quotes, idle=idle)
        return measured(seen, snapshot, past.betas_at(hour, valuation.assets_of(snapshot)), past.begin)

    def _check(self, hour: int) -> None:
        """Look, judge, and act as a check does."""
        self.done.exact += 1
        now = self._past.at(hour)
        evaluation = self._look(hour)
        if evaluation.snapshot is None:
            self.done.blind.append(hour)
        elif self._is_bankrupt(evaluation.snapshot):
            self._liquidate(hour, evaluation.snapshot)
            evaluation = self._look(hour)
        seen = CheckInput(
            evaluation=evaluation,
            person=_NOBODY,
            states=self._states,
            last=self._last,
            plan=None,
            plan_ended_at=self._ended_at,
            hedges=HedgeReview(),
            now=now,
            market_now=now,
            window=self._window,
        )
        result = judge(seen)
        self._states = result.states
        self._quiet = result.window_opened_at is None and result.due is None and not result.states.pegs and evaluation.figures is not None
        outcome, reasons = self._outcome(seen, result)
        if outcome is Outcome.PLANNED:
            outcome = self._carry_out(hour, evaluation, reasons)
        rule = self.portfolio.strategy.schedule
        if rule is not None and result.due is not None and (settled := result.settles(outcome)):
            mark = schedule.settled(rule, seen.states.schedule, result.due, settled, now)
            self._states = replace(self._states, schedule=mark)
        self._last = described(result, outcome)
        if evaluation.figures is not None:
            self._search.put(hour, evaluation, self._states)

    def _outcome(self, seen: CheckInput, result: CheckResult) -> tuple[Outcome, tuple[Reason, ...]]:
        """Open or close the batching window; return whether a plan is due, and why."""
        if result.window_opened_at is not None:
            self.portfolio = replace(self.portfolio, window_opened_at=result.open_since)
        if result.waits or not result.plan_is_due:
            return result.waits, ()
        reasons = reasons_for_plan(seen, result)
        if all(tilt.begins(reason) for reason in reasons):  # a bet by itself is no reason to trade
            return Outcome.INSIDE, ()
        return Outcome.PLANNED, reasons

    def _carry_out(self, hour: int, evaluation: Evaluation, reasons: tuple[Reason, ...]) -> Outcome:
        """Plan, and fill every leg at the price that it was decided at."""
        now = self._past.at(hour)
        plan = self._drafted(evaluation, reasons, now)
        if not isinstance(plan, Plan) or evaluation.snapshot is None:
            return Outcome.NOTHING if isinstance(plan, NothingToDo) else Outcome.NONE
        after = valuation.after_legs(evaluation.snapshot, plan.legs, evaluation.markets)
        filled = replace(plan, legs=tuple(replace(leg, filled=leg.qty) for leg in plan.legs))
        meant = intended_mix.confirmed(self._states.mix, plan)
        memory = market.told_on_card(self._states.memory, plan.standing)
        self._states = ending.after(replace(self._states, mix=meant, memory=memory), filled)
        self._ended_at, self._quiet = now + _SOON, False
        self._hold(hour, after)
        self.done.blocks.append(
            Block(hour=hour, at=now, reasons=plan.reasons, legs=plan.legs, fees=plan.fees, value=evaluation.held.value)  # type: ignore[union-attr]
        )
        return Outcome.PLANNED

    def _drafted(self, evaluation: Evaluation, reasons: tuple[Reason, ...], now: datetime) -> Plan | NothingToDo | CannotEvaluate:
        try:
            if new_money.asked(reasons) is not None:
                return new_money.draft_buys(evaluation, reasons, now=now, expiry=_EXPIRY)
            costs = self._costing.by_line(evaluation)
            return planning.drafted(evaluation, reasons, at=(now, now), joined=self._past.begin, costs=costs, expiry=_EXPIRY)
        except Refused as refusal:
            return CannotEvaluate(portfolio=self.portfolio, problems=(Problem(code=refusal.code),))

    def _hold(self, hour: int, snapshot: Snapshot) -> None:
        """Take over what is held from now on."""
        spot = {holding.asset: holding.qty for holding in snapshot.spot} | {cash.asset: cash.qty for cash in snapshot.cash}
        positions = tuple(
            Position(instrument=p.contract, qty=p.qty, entry=p.entry, mark=p.mark, leverage=Decimal(1)) for p in snapshot.positions if p.qty
        )
        balances = Balances(spot=spot, free=spot, futures_wallet=snapshot.wallet)
        self._account = replace(self._account, balances=balances, positions=positions)
        self.done.held.append(Stretch(hour=hour, snapshot=snapshot))

    def _pay_funding(self, hour: int) -> None:
        """Settle what fell due since the last hour that was decided, at the price of the hour of each settlement."""
        paid = self._past.funding_between(self._paid_until, hour, {one.instrument: one.qty for one in self._account.positions})
        self._paid_until = hour
        if paid:
            balances = self._account.balances
            self._account = replace(self._account, balances=replace(balances, futures_wallet=balances.futures_wallet + paid))

    def _is_bankrupt(self, snapshot: Snapshot) -> bool:
        """Tell whether the futures account has come down to its maintenance margin."""
        if not any(position.qty for position in snapshot.positions):
            return False
        equity = snapshot.wallet + sum((position.upnl for position in snapshot.positions), Decimal(0))
        return equity <= valuation.maintenance_of(snapshot.positions, self._past.markets)

    def _liquidate(self, hour: int, snapshot: Snapshot) -> None:
        self._hold(hour, liquidated(snapshot))
        self.done.liquidated.append(hour)

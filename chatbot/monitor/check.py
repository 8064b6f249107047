"""Prices in, alerts and due plans out: one fetch for everybody, an array screen, then the exact test."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections import Counter, deque
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import structlog

from chatbot.alerts import quiet_hours, write
from chatbot.engine.cash import has_left
from chatbot.errors import contained
from chatbot.model import AnswerMode, Cause, HeldBack, LeftOut, Outcome, Phase, Plan, PlanState
from chatbot.monitor import batch, losses
from chatbot.monitor.batch import CheckWrites
from chatbot.monitor.housekeeping import Housekeeping
from chatbot.monitor.judge import CheckInput, described, judge, kept_open, reasons_for_plan, was_put_off
from chatbot.monitor.last_check import LastCheck
from chatbot.monitor.reading import steadiness
from chatbot.monitor.stumbles import Stumbles
from chatbot.plans import autonomy, hedge_draft
from chatbot.plans.outcomes import NothingToDo, Proposed
from chatbot.plans.show_card import offer, with_policy
from chatbot.portfolio.amounts.daily_marks import mark_of
from chatbot.portfolio.states import NOTHING
from chatbot.portfolio.stored.states import changes
from chatbot.portfolio.valuation import has_begun
from chatbot.store import halt
from chatbot.store.flows import Opening
from chatbot.triggers import schedule, tilt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatbot.alerts.write import ToldBefore
    from chatbot.clock import Clock
    from chatbot.model import Check, OpenHedge, Person, Portfolio, Reason
    from chatbot.monitor.clock_watch import ClockWatch
    from chatbot.monitor.glance import Glances
    from chatbot.monitor.hedges_daily import HedgeWatch
    from chatbot.monitor.judge import CheckResult
    from chatbot.monitor.precedence import Precedence
    from chatbot.monitor.roster import Roster, Suspects
    from chatbot.monitor.unanswered import UnansweredPlans
    from chatbot.plans.outcomes import Draft
    from chatbot.plans.rebalancing import Rebalancing
    from chatbot.portfolio.evaluation import Evaluation
    from chatbot.portfolio.evaluator import Evaluator
    from chatbot.portfolio.markets import Markets, Quoted
    from chatbot.portfolio.states import PortfolioStates, ScheduleMark
    from chatbot.shares.owned import Shares
    from chatbot.store.database import Database, Tx
    from chatbot.triggers.signals import SignalsByExchange

log = structlog.get_logger()

#: portfolios that are looked at before the first of them is judged, and those whose findings share a transaction
_CHUNK, _TOGETHER = 250, 10
#: prices of a check that are older are fetched again before it goes on
_PRICES_S = 20.0
#: how long a check goes on with those who are in no hurry
_IN_TURN_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """What one check did."""

    at: datetime
    portfolios: int
    #: looked at exactly
    examined: int
    alerts: int
    plans: int
    took_s: float


class Monitor:
    """The check of all portfolios; one call of :meth:`tick` every ``CHATBOT_CHECK_INTERVAL_S``."""

    def __init__(
        self,
        db: Database,
        markets: Markets,
        roster: Roster,
        evaluator: Evaluator,
        rebalancing: Rebalancing,
        signals: SignalsByExchange,
        unanswered: UnansweredPlans,
        hedges: HedgeWatch,
        clock: Clock,
        *,
        clocks: ClockWatch,
        glances: Glances,
        precedence: Precedence,
        shares: Shares,
        interval_s: float,
        batch_window_s: float,
    ) -> None:
        self._db = db
        self._markets = markets
        self._roster = roster
        self._evaluator = evaluator
        self._rebalancing = rebalancing
        self._signals = signals
        self._unanswered = unanswered
        self._hedges = hedges
        self._clocks = clocks
        self._glances = glances
        self._precedence = precedence
        self._clock = clock
        self.interval_s = interval_s
        self._window = timedelta(seconds=batch_window_s)
        self.last: Tick | None = None
        #: what checks did since the start: checks, examined, alerts, plans
        self.counted: Counter[str] = Counter()
        self._last_check = LastCheck(interval_s)
        self._stumbles = Stumbles()
        self._shares = shares
        shares.on_gain(self._stumbles.gain)
        self._housekeeping = Housekeeping(db, clock, shares, unanswered, self._last_check)
        #: by portfolio, the last day whose opening value stands in the store: the first one counts
        self._valued: dict[int, date] = {}
        #: the draft that was asked for last
        self._drafted: tuple[CheckInput, tuple[Reason, ...], Draft] | None = None

    def next_check(self) -> datetime | None:
        """Return when the next check is due; None before the first."""
        return self.last.at + timedelta(seconds=self.interval_s) if self.last else None

    async def run(self) -> None:
        """Check for ever; one failed check is logged and the next one comes at its time."""
        try:
            while True:
                started = self._clock.monotonic()
                with contained("check failed"):
                    await self.tick()
                await self._clock.sleep(max(0.05, self.interval_s - (self._clock.monotonic() - started)))
        finally:
            await self._last_check.stop(self._db)
            with contained("last prices not written"):  # those of a quarter of an hour ago are there
                await self._markets.keep(self._clock.now(), at_once=True)

    async def tick(self) -> Tick:
        """Look at every active portfolio once."""
        started = self._clock.monotonic()
        due = await self._housekeeping.ask(self._clock.now())
        with contained("housekeeping failed"):  # what is old or late is looked for again in the next check; prices are looked at now
            await self._housekeeping.keep(ends=due.ends)
        with contained("reviews not sent"):
            await self._housekeeping.look_back(due.reviews)
        await self._stumbles.recall(self._db, self._clock.now())
        await self._roster.refresh()
        with contained("signals not read"):  # those that were read stand, and prices are looked at in any case
            self._roster.stir(await self._signals.refresh(self._roster.watches))
        await self._refresh_prices()
        for quoted, names in self._needed():
            where = quoted.world, quoted.source.quote_asset
            self._roster.stir_holders(where, await quoted.notice(names))
            if has_left(quoted.dollar_price()):
                self._roster.stir_keepers(where)
        now = self._clock.now()
        examined, told, planned = await self._look_at(await self._glances.suspects(now, self._stumbles), now)
        if due.acts or planned:
            await self._unanswered.attend()
        if self._shares.has_first:
            await self._clocks.look()
        await self._markets.keep(self._clock.now(), also=self._last_check.unwritten())
        self._last_check.written()
        did = {"examined": examined, "alerts": told, "plans": planned}
        self.last = Tick(at=now, portfolios=len(self._roster), **did, took_s=self._clock.monotonic() - started)
        self.counted.update(did, checks=1)
        log.debug("checked", portfolios=len(self._roster), **did)
        return self.last

    async def _look_at(self, suspects: Suspects, now: datetime) -> tuple[int, int, int]:
        """Test these portfolios exactly; returns how many, and how many alerts and plans came of it.

        Those who only have their turn share a minute. Then the check ends, so that the next one sees who has left a band meanwhile.
        """
        begun = self._clock.monotonic()
        examined = told = planned = 0
        for some, share in ((suspects.at_once, math.inf), (suspects.in_turn, _IN_TURN_S), (suspects.real, math.inf)):
            due = [portfolio for portfolio in some if not self._stumbles.rests(portfolio.id, now)]
            for start in range(0, len(due), _CHUNK):
                if examined:
                    await self._refresh_prices(_PRICES_S)  # a check of very many must not outlive its prices
                if start and self._clock.monotonic() - begun >= share:
                    break
                with ExitStack() as stack:
                    chunk = [one for one in due[start : start + _CHUNK] if stack.enter_context(self._shares.in_hand(one.person_id))]
                    rung, proposed = await self._examine(chunk) if chunk else (0, 0)
                examined, told, planned = examined + len(chunk), told + rung, planned + proposed
        return examined, told, planned

    async def _refresh_prices(self, older_than_s: float = 0.0) -> None:
        """Fetch what anybody needs, once for each exchange and quote coin; only what was fetched longer ago than this.

        They are asked side by side: an exchange that does not answer keeps nobody else's prices from coming.
        """
        async with asyncio.TaskGroup() as group:
            for quoted, names in self._needed():
                if not older_than_s or quoted.board.fetch_age_s > older_than_s:
                    group.create_task(quoted.board.refresh(sorted({*names, *quoted.dollars})))

    def _needed(self) -> list[tuple[Quoted, tuple[str, ...]]]:
        """Return the markets that anybody needs, with the instruments; the usual ones in any case."""
        needed = self._roster.instruments
        found = [(quoted, needed.get((quoted.world, quoted.source.quote_asset), ())) for quoted in self._markets]
        return [(quoted, names) for quoted, names in found if names or quoted is self._markets.usual]

    async def _examine(self, suspects: Sequence[Portfolio]) -> tuple[int, int]:
        """Test portfolios exactly. One that breaks the test of many is found by halving, named and left alone; the others go on."""
        try:
            told, planned = await self._examine_together(suspects)
        except Exception as error:  # noqa: BLE001 - nobody's data may stop the check of others
            if len(suspects) == 1:
                await self._stumbles.tell(self._db, suspects[0], error, self._clock.now())
                return 0, 0
            halves = suspects[: len(suspects) // 2], suspects[len(suspects) // 2 :]
            (told, planned), (rung, proposed) = [await self._examine(half) for half in halves]
            return told + rung, planned + proposed
        for portfolio in suspects:
            if portfolio.id in self._stumbles:
                await self._stumbles.tell_over(self._db, portfolio, self._clock.now())
        return told, planned

    async def _examine_together(self, suspects: Sequence[Portfolio]) -> tuple[int, int]:
        """Test portfolios exactly; the results of some share a transaction, short enough for whoever chats meanwhile."""
        # The exchanges are asked first: none of them may be waited for inside a transaction.
        looked = await self._evaluator.look_many(suspects)
        await self._rebalancing.warm(looked.values())
        await self._hedges.warm(looked.values())
        told = planned = 0
        left = deque(sorted(looked.values(), key=_owner))
        while left:
            await self._precedence.give_way()
            writes = CheckWrites()
            async with self._db.transaction() as tx:
                rung, proposed = await self._judge_some(tx, left, writes)
            self._valued |= {portfolio_id: opening.day for portfolio_id, opening in writes.values}
            told, planned = told + rung, planned + proposed
        return told, planned

    async def _judge_some(self, tx: Tx, left: deque[Evaluation], writes: CheckWrites) -> tuple[int, int]:
        """Judge the first of what is ``left``; state, alert rows and messages of each are written in this transaction.

        It ends early where others want to write, or wait for an answer.
        """
        now = self._clock.now()
        evaluations = _first(left)
        stored = await batch.read(tx, [evaluation.portfolio.id for evaluation in evaluations])
        halted = await halt.since(tx) is not None
        told = planned = 0
        for evaluation in evaluations:
            left.popleft()
            latest, person = stored.portfolios.get(evaluation.portfolio.id), stored.people.get(evaluation.portfolio.person_id)
            if (
                latest is None
                or person is None
                or not person.is_let_in
                or latest.paused
                or not latest.is_open
                or latest.strategy != evaluation.portfolio.strategy
            ):
                continue  # changed while it was looked at: the next check sees it as it is now
            found = replace(evaluation, portfolio=latest)
            if await losses.stop(tx, found, person, now):
                self._roster.forget(latest.id)
                told += 1
                continue
            seen = self._input(found, person, stored, now, halted=halted)
            rung, proposed = await self._carry_out(tx, seen, judge(seen), writes)
            told, planned = told + rung, planned + proposed
            await asyncio.sleep(0)
            if self._db.is_awaited or self._precedence.is_due:
                break
        await writes.flush(tx)
        return told, planned

    def _input(self, evaluation: Evaluation, person: Person, stored: batch.Stored, now: datetime, *, halted: bool) -> CheckInput:
        portfolio_id, market_now = evaluation.portfolio.id, self._evaluator.market_time(evaluation.portfolio, now)
        states = stored.states.get(portfolio_id, NOTHING)
        return CheckInput(
            evaluation=evaluation,
            person=person,
            states=states,
            last=stored.checks.get(portfolio_id),
            plan=stored.plans.get(portfolio_id),
            plan_ended_at=stored.ended.get(portfolio_id),
            hedges=self._hedges.review(evaluation, states.hedges, market_now, states.shorts),
            now=now,
            market_now=market_now,
            window=self._window,
            halted=halted,
        )

    async def _carry_out(self, tx: Tx, seen: CheckInput, result: CheckResult, writes: CheckWrites) -> tuple[int, int]:
        """Write what a judgement says; returns the numbers of alerts and plans."""
        result = await self._kept_for_the_morning(tx, seen, result)
        states = await self._tell(tx, seen, result, writes.told)
        outcome = await self._plan(tx, seen, result, writes)
        if result.due is not None and (settled := result.settles(outcome)):
            states = replace(states, schedule=await self._settle(tx, seen, result.due, settled))
        for key, body in changes(seen.states, states).items():
            writes.states[seen.portfolio.id, key] = body
        self._note(seen, result, described(result, outcome), writes)
        return result.alerts + (outcome is Outcome.TOLD), int(outcome is Outcome.PLANNED)

    async def _kept_for_the_morning(self, tx: Tx, seen: CheckInput, result: CheckResult) -> CheckResult:
        """Return a judgement without the plan of an auto portfolio that asks in quiet hours: it would run out of time unseen."""
        portfolio, person, now = seen.portfolio, seen.person, seen.now
        alone = result.asked is not None and result.due is None and not result.margin and autonomy.acts_alone(portfolio)
        if not alone or not quiet_hours.is_quiet_now(person, now):
            return result
        drafted = self._draft(seen, reasons_for_plan(seen, result))
        if not isinstance(drafted, Plan):
            return result
        answered = await with_policy(tx, portfolio, person, drafted, now)
        return result if answered.stand is not None and answered.stand.auto else kept_open(result)

    async def _tell(self, tx: Tx, seen: CheckInput, result: CheckResult, told: ToldBefore) -> PortfolioStates:
        """Write the alerts, and return what is remembered after them."""
        portfolio, person, now, figures = seen.portfolio, seen.person, seen.now, result.check.figures
        await write.tell_stops(tx, seen.evaluation, person, result.stops, now)
        if figures is None:
            asked = [problem for problem in result.check.problems if problem.leap is not None or problem.code == "no_last_price"]
            leaps = [problem.leap for problem in result.check.problems if problem.leap is not None]
            for leap in leaps:
                await write.tell_leap(tx, portfolio, person, leap, now)
            if len(asked) == len(result.check.problems):
                return result.states  # that was told, with a question, and nothing else is wrong
            lasting = timedelta(seconds=2 * self.interval_s)
            return replace(result.states, outage=await write.tell_outage(tx, portfolio, person, seen.states.outage, now, lasting))
        if result.outage_over is not None:
            await write.tell_outage_over(tx, portfolio, person, result.outage_over, now)
        for alert in result.hedges.alerts:
            await write.tell_hedge(tx, portfolio, person, alert.kind, alert.facts, now)
        idle = self._leads_nowhere(seen, result) if result.fired or result.signals else None
        if result.signals:  # cause before consequence
            begun = seen.evaluation.held is not None and has_begun(seen.evaluation.held)
            await write.tell_signals(tx, portfolio, person, result.signals, now, idle=idle, begun=begun, told_before=told)
        if result.fired:
            await write.tell_drift(tx, portfolio, person, result.fired, now, idle=idle)
        if result.margin:
            under_way = seen.plan is not None and seen.plan.state is not PlanState.PROPOSED
            await write.tell_margin(tx, portfolio, person, figures, now, under_way=under_way)
        if result.depegged:
            await write.tell_depeg(tx, portfolio, person, result.depegged, now)
        return result.states

    def _leads_nowhere(self, seen: CheckInput, result: CheckResult) -> tuple[LeftOut, ...] | None:
        """Return what keeps all that was heard from an order as things stand, so that nobody waits for a plan; None: there are orders."""
        reasons = result.asked or result.states.memory.pending
        found = self._draft(seen, reasons) if reasons else None
        return found.left_out if isinstance(found, NothingToDo) else None

    def _draft(self, seen: CheckInput, reasons: tuple[Reason, ...]) -> Draft:
        """Return the plan for these reasons as things stand; what one check asks twice is answered once."""
        if self._drafted is None or self._drafted[0] is not seen or self._drafted[1] != reasons:
            self._drafted = seen, reasons, self._rebalancing.draft(seen.evaluation, reasons)
        return self._drafted[2]

    async def _plan(self, tx: Tx, seen: CheckInput, result: CheckResult, writes: CheckWrites) -> Outcome:
        """Close the batching window, answer the calendar, or close a hedge, with one plan; returns what became of it.

        A scheduled run that falls into an open window waits for its end and joins its plan (domain 9.9).
        """
        portfolio = seen.portfolio
        if result.hedges.over is not None:
            return await self._close_hedge(tx, seen, result.hedges.over)
        if result.window_opened_at is not None:
            if portfolio.window_opened_at != result.open_since:
                writes.windows[portfolio.id] = result.open_since
            if result.waits:
                return result.waits
        if not result.plan_is_due:
            return Outcome.NONE
        return Outcome.HALTED if result.halted else await self._act(tx, seen, result)

    async def _close_hedge(self, tx: Tx, seen: CheckInput, over: OpenHedge) -> Outcome:
        """Propose the plan that closes a hedge; whoever only wants to be told asks for it with the alert's button."""
        if seen.portfolio.answer == AnswerMode.NOTIFY:
            return Outcome.NONE
        drafted = self._rebalancing.draft(seen.evaluation, (hedge_draft.reason_for(over.kind, Phase.END),), over)
        return await self._offer(tx, seen, drafted, silent=True) if isinstance(drafted, Plan) else Outcome.NONE

    async def _act(self, tx: Tx, seen: CheckInput, result: CheckResult) -> Outcome:
        """Make the plan that is due, or tell that it is time."""
        portfolio, now = seen.portfolio, seen.now
        scheduled = result.due is not None and result.due.run is not None
        reasons = reasons_for_plan(seen, result)
        if all(tilt.begins(reason) for reason in reasons):  # a bet by itself is no reason to trade
            return Outcome.INSIDE
        drafted = self._draft(seen, reasons)
        if not isinstance(drafted, Plan):
            return Outcome.NOTHING if isinstance(drafted, NothingToDo) else Outcome.NONE
        if scheduled and portfolio.answer == AnswerMode.NOTIFY:
            await write.tell_due(tx, portfolio, seen.person, now)
            return Outcome.TOLD
        # the alert that opened the window has rung already; new targets and the end of a tilt have none
        rung = result.asked is not None and any(reason.trigger not in (Cause.TILT, Cause.TARGETS) for reason in reasons)
        rung = rung and not was_put_off(portfolio)
        return await self._offer(tx, seen, drafted, silent=rung or quiet_hours.card_is_silent(seen.person, reasons, now))

    async def _offer(self, tx: Tx, seen: CheckInput, drafted: Plan, *, silent: bool) -> Outcome:
        offered = await offer(tx, seen.portfolio, seen.person, drafted, seen.now, silent=silent)
        return Outcome.PLANNED if isinstance(offered, Proposed) else Outcome.NONE

    async def _settle(self, tx: Tx, seen: CheckInput, due: schedule.Pending, outcome: Outcome) -> ScheduleMark:
        """Write down what became of the pending run, and report those that nobody will make up for."""
        if due.skipped:
            await write.tell_skipped(tx, seen.portfolio, seen.person, due.skipped, seen.now)
        rule, mark = seen.portfolio.strategy.schedule, seen.states.schedule
        return schedule.settled(rule, mark, due, outcome, seen.now) if rule is not None else mark

    def _note(self, seen: CheckInput, result: CheckResult, check: Check, writes: CheckWrites) -> None:
        """Store what /why will tell, unless it would only say again that all is inside, and the value that the day began with."""
        if check.figures is not None and not seen.evaluation.unsettled:
            day = seen.market_now.astimezone(ZoneInfo(seen.person.zone)).date()
            if self._valued.get(seen.portfolio.id) != day:
                opening = Opening(day=day, at=seen.now, value=check.figures.value, mark=mark_of(seen.evaluation, seen.market_now))
                writes.values.append((seen.portfolio.id, opening))
        steady = steadiness(seen.evaluation, self._markets, seen.market_now, seen.person.zone) if result.calm else None
        if self._evaluator.is_current(seen.evaluation):
            self._roster.has_read(seen.portfolio.id)
        self._roster.note(seen.evaluation, seen.now, steady)
        if not (result.calm and check.held_back is HeldBack.INSIDE and seen.last is not None and seen.last.held_back is HeldBack.INSIDE):
            writes.checks[seen.portfolio.id] = check


def _owner(evaluation: Evaluation) -> int:
    return evaluation.portfolio.person_id


def _first(left: Sequence[Evaluation]) -> list[Evaluation]:
    """Return as many as share a transaction, the last person's all of them: what is the same for them is told in one message."""
    some = list(itertools.islice(left, _TOGETHER))
    return some + list(itertools.takewhile(lambda one: _owner(one) == _owner(some[-1]), itertools.islice(left, _TOGETHER, None)))

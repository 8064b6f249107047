"""Prices in, alerts and due plans out: one fetch for everybody, an array screen, then the exact test."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import structlog

from chatbot.alerts import quiet_hours as quiet
from chatbot.alerts import write as alerting
from chatbot.model import TILT, Answer, Check, Plan, PlanState, Reason
from chatbot.monitor import batch as bulk
from chatbot.monitor.hedges_daily import Attended
from chatbot.monitor.last_check import LastCheck
from chatbot.plans import autonomy as answering
from chatbot.plans.rebalancing import NothingToDo, Proposed, post_card
from chatbot.store import journal, messages, portfolios, retention
from chatbot.triggers import drift, margin
from chatbot.triggers import market as triggers
from chatbot.triggers import schedule as scheduling
from chatbot.triggers import tilt as tilting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chatbot.clock import Clock
    from chatbot.market.quotes import QuoteBoard
    from chatbot.model import Person, Portfolio, Shape
    from chatbot.monitor.hedges_daily import HedgeWatch
    from chatbot.monitor.roster import Roster
    from chatbot.monitor.unanswered import Attendant
    from chatbot.plans.rebalancing import Rebalancing
    from chatbot.portfolio.evaluator import Evaluation, Evaluator
    from chatbot.store.database import Database, Tx
    from chatbot.triggers.market import Memory, Step
    from chatbot.triggers.signals import Signals

log = structlog.get_logger()

#: portfolios that are looked at before the first of them is judged, and those whose findings share a transaction
_CHUNK, _TOGETHER = 250, 25
#: prices of a check that are older are fetched again before it goes on
_PRICES_S = 20.0
_WAITING, _ASLEEP = "waiting", "asleep"
#: key of the trigger states: when drift has rung last
_RANG = "rang"
#: what became of a plan -> the word for /why
_HELD_BACK = {_WAITING: "window_open", _ASLEEP: "quiet_hours", scheduling.NOTHING: "no_orders", scheduling.TOLD: "schedule_told"}
#: finished updates, delivered messages and old events are deleted after this time, and looked for once in that
_KEEP, _TIDY = timedelta(days=30), timedelta(hours=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """What one check did."""

    at: datetime
    portfolios: int
    #: looked at exactly
    examined: int
    alerts: int
    plans: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finding:
    """One portfolio under the exact test, with everything that the judgement needs."""

    found: Evaluation
    person: Person
    states: Mapping[str, Mapping[str, Any]]
    last: Check | None
    #: the plan that is open when the judgement begins
    plan: Plan | None
    now: datetime
    writes: bulk.Writes

    @property
    def portfolio(self) -> Portfolio:
        """Return the portfolio as it is stored now."""
        return self.found.portfolio

    def remember(self, key: str, state: Mapping[str, Any]) -> None:
        """Have a trigger state written with the rest of the check."""
        self.writes.states[self.portfolio.id, key] = state


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    """What a check has to say about one portfolio, and what it will remember of it."""

    lines: tuple[drift.LineStep, ...] = ()
    steps: tuple[Step, ...] = ()
    #: margin has come into danger
    margin: bool = False
    tilts: tilting.Review = field(default_factory=tilting.Review)
    memory: Memory

    @property
    def asks(self) -> bool:
        """Tell whether anything here calls for a plan."""
        return (
            self.margin
            or bool(self.tilts.over)
            or any(line.event for line in self.lines)
            or any(triggers.asks(step) for step in self.steps)
        )

    @property
    def is_urgent(self) -> bool:
        """Tell whether the plan does not wait for company (domain 9.9)."""
        return self.margin or any(triggers.is_urgent(step) for step in self.steps)


class Monitor:
    """The check of all portfolios; one call of :meth:`tick` every ``CHATBOT_CHECK_INTERVAL_S``."""

    def __init__(
        self,
        db: Database,
        board: QuoteBoard,
        roster: Roster,
        evaluator: Evaluator,
        rebalancing: Rebalancing,
        signals: Signals,
        attendant: Attendant,
        hedges: HedgeWatch,
        clock: Clock,
        *,
        interval_s: float,
        batch_window_s: float,
    ) -> None:
        self._db = db
        self._board = board
        self._roster = roster
        self._evaluator = evaluator
        self._rebalancing = rebalancing
        self._signals = signals
        self._attendant = attendant
        self._hedges = hedges
        self._clock = clock
        self.interval_s = interval_s
        self._window = timedelta(seconds=batch_window_s)
        self.last: Tick | None = None
        self._last_check = LastCheck(interval_s)
        self._tidied: datetime | None = None

    def next_check(self) -> datetime | None:
        """Return when the next check is due; None before the first."""
        return self.last.at + timedelta(seconds=self.interval_s) if self.last else None

    async def run(self) -> None:
        """Check for ever; one failed check is logged and the next one comes at its time."""
        try:
            while True:
                started = self._clock.now()
                try:
                    await self.tick()
                except Exception:  # the check must go on for everybody else; the log line carries the cause
                    log.exception("check failed")
                spent = (self._clock.now() - started).total_seconds()
                await self._clock.sleep(max(0.05, self.interval_s - spent))
        finally:
            await self._last_check.stop(self._db)

    async def tick(self) -> Tick:
        """Look at every active portfolio once."""
        await self._housekeeping()
        await self._roster.refresh()
        self._roster.stir(await self._signals.refresh(self._roster.watches))
        await self._board.refresh(self._roster.instruments)
        now = self._clock.now()
        suspects = self._roster.suspects(self._board, now)
        alerts = plans = 0
        for start in range(0, len(suspects), _CHUNK):
            if start and (self._clock.now() - (self._board.fetched_at or now)).total_seconds() > _PRICES_S:
                await self._board.refresh(self._roster.instruments)  # a check of very many must not outlive its prices
            fired, planned = await self._examine(suspects[start : start + _CHUNK])
            alerts, plans = alerts + fired, plans + planned
        await self._attendant.attend()
        self.last = Tick(at=now, portfolios=len(self._roster), examined=len(suspects), alerts=alerts, plans=plans)
        log.debug("checked", portfolios=len(self._roster), examined=len(suspects), alerts=alerts, plans=plans)
        return self.last

    async def _housekeeping(self) -> None:
        """End the plans that nobody answered in time, with their cards; note the check; now and then delete what is old.

        Most checks find nothing of this to do and leave the disk alone.
        """
        now = self._clock.now()
        noting = self._last_check.is_due(now)
        tidying = self._tidied is None or now - self._tidied >= _TIDY
        if not (noting or tidying or await self._anything_due(now)):
            return
        async with self._db.transaction() as tx:
            if noting:
                missed = await self._last_check.note(tx, now)
                if missed is not None:
                    await alerting.tell_missed(tx, missed.since, now, missed.count, exact=missed.exact)
            for plan in await journal.expire_due(tx, now):
                await post_card(tx, plan, now, "expired")
                await self._attendant.lapsed(tx, plan, now)
            await messages.release(tx, now)
            if tidying:
                await retention.sweep(tx, now - _KEEP)
        self._last_check.noted_at = now if noting else self._last_check.noted_at
        self._tidied = now if tidying else self._tidied

    async def _anything_due(self, now: datetime) -> bool:
        """Tell whether a plan has run out of time or a message may leave now."""
        async with self._db.read() as tx:
            return await journal.any_to_expire(tx, now) or await messages.any_to_release(tx, now)

    async def _examine(self, suspects: Sequence[Portfolio]) -> tuple[int, int]:
        """Test portfolios exactly; the findings of some share a transaction, short enough for whoever chats meanwhile."""
        # The exchanges are asked first: none of them may be waited for inside a transaction.
        looked = await self._evaluator.look_many(suspects)
        await self._rebalancing.warm(looked.values())
        await self._hedges.warm(looked.values())
        alerts = plans = 0
        evaluations = list(looked.values())
        for start in range(0, len(evaluations), _TOGETHER):
            async with self._db.transaction() as tx:
                fired, planned = await self._judge_some(tx, evaluations[start : start + _TOGETHER])
            alerts, plans = alerts + fired, plans + planned
        return alerts, plans

    async def _judge_some(self, tx: Tx, evaluations: Sequence[Evaluation]) -> tuple[int, int]:
        """Judge portfolios; state, alert rows and messages of each are written in this transaction."""
        now, writes = self._clock.now(), bulk.Writes()
        stored = await bulk.read(tx, [found.portfolio.id for found in evaluations])
        alerts = plans = 0
        for found in evaluations:
            one = found.portfolio.id
            latest, person = stored.portfolios.get(one), stored.people.get(found.portfolio.person_id)
            if latest is None or person is None or latest.paused or latest.strategy != found.portfolio.strategy:
                continue  # changed while it was looked at: the next check sees it as it is now
            finding = _Finding(
                found=replace(found, portfolio=latest),
                person=person,
                states=stored.states.get(one, {}),
                last=stored.checks.get(one),
                plan=stored.plans.get(one),
                now=now,
                writes=writes,
            )
            fired, planned = await self._judge(tx, finding)
            alerts, plans = alerts + fired, plans + planned
            await asyncio.sleep(0)
        await writes.flush(tx)
        return alerts, plans

    async def _judge(self, tx: Tx, finding: _Finding) -> tuple[int, int]:
        """Move the lines' states on and write what is to be told; returns the numbers of alerts and plans."""
        found, now = finding.found, finding.now
        portfolio, shape = found.portfolio, found.shape
        if shape is None:
            await self._not_evaluated(tx, finding)
            return 0, 0
        await alerting.clear_problems(tx, portfolio, finding.person, finding.states, now)
        finding.writes.values.append((portfolio.id, now.astimezone(ZoneInfo(finding.person.zone)).date(), shape.value))
        steps = triggers.steps(found.memory, found.layers.signals, portfolio.strategy, found.effective) if found.effective else ()
        margin_state, endangered = margin.advance(found, finding.states)
        heard = _Heard(steps=steps, margin=endangered, memory=found.memory)
        back = _held_back(finding, heard)
        if back:
            # What would have rung is not spent: a state moves only when somebody can be told, so a crossing in between is heard later.
            _remember(finding, heard.memory)
            self._note(finding, Check(at=now, shape=shape, held_back=back), calm=False)
            return 0, 0
        if margin_state != finding.states.get(margin.STATE, {"fired": False}):
            finding.remember(margin.STATE, margin_state)
        attended = Attended() if endangered else await self._hedges.attend(tx, found, finding.states, finding.person, now)
        if attended.over:
            self._note(finding, Check(at=now, shape=shape, fired=attended.over), calm=False)
            return attended.alerts, attended.plans
        lines = drift.advance_lines(shape.limits, await _since_the_plan(tx, finding, shape))
        lines = drift.reminded(lines, finding.states.get(_RANG, {}), finding.person.alerts.reminder_h, now)
        heard = replace(heard, lines=lines, tilts=self._tilts(finding, lines))
        told, planned = await self._tell_and_plan(tx, finding, shape, heard)
        return told + attended.alerts, planned

    def _tilts(self, finding: _Finding, lines: tuple[drift.LineStep, ...]) -> tilting.Review:
        """Move the tilts on and note them."""
        tilts, now = finding.found.layers.tilts, finding.now
        if not tilts and not finding.portfolio.strategy.tilt:
            return tilting.Review()
        waiting = finding.portfolio.window_opened_at is not None or finding.plan is not None
        seen = tilting.review(finding.found, lines, (now, self._evaluator.market_time(now)), waiting=waiting)
        if seen.standing != tilts:
            finding.remember(tilting.STATE, tilting.to_json(seen.standing))
        return seen

    async def _tell_and_plan(self, tx: Tx, finding: _Finding, shape: Shape, heard: _Heard) -> tuple[int, int]:
        """Tell what has fired, open or close the batching window, and note what was seen."""
        portfolio, now = finding.portfolio, finding.now
        for step in heard.lines:
            if step.after != drift.state_from_json(finding.states.get(step.line.line, {})):
                finding.remember(step.line.line, drift.state_to_json(step.after))
        fresh = [*(triggers.reason_for(step) for step in heard.steps if triggers.asks(step)), *heard.tilts.reasons]
        explained = drift.explained_by((*heard.memory.pending, *fresh), shape)
        fired = tuple(step for step in heard.lines if step.event and step.line.line not in explained)
        if fired:
            finding.remember(_RANG, {"at": now.isoformat()})
            await alerting.tell_drift(tx, portfolio, finding.person, fired, now)
        if heard.margin:
            await alerting.tell_margin(tx, portfolio, finding.person, shape, now)
        if heard.steps:
            await alerting.tell_signals(tx, portfolio, finding.person, heard.steps, now)
        opened = portfolio.window_opened_at or (now if heard.asks and portfolio.answer != Answer.NOTIFY else None)
        due = scheduling.pending(portfolio.strategy.schedule, scheduling.mark_of(finding.states), now)
        sleeping = due is None and not heard.margin and answering.needs_person(portfolio) and quiet.is_quiet_now(finding.person, now)
        closing = opened is not None and not sleeping and (heard.is_urgent or drift.is_due(now, opened, self._window))
        asked = triggers.joined_reasons(heard.memory.pending, [margin.reason(finding.found), *fresh] if heard.margin else fresh)
        memory = triggers.told(heard.memory, heard.steps, portfolio.strategy)
        _remember(finding, replace(memory, pending=asked if opened is not None and not closing else ()))
        outcome = await self._plan_when_due(tx, finding, opened, due, asked if closing else None)
        if outcome == _WAITING and sleeping:
            outcome = _ASLEEP
        calm = opened is None and due is None and not any(step.after.fired for step in heard.lines)
        self._note(finding, _seen(finding, shape, replace(heard, lines=fired), outcome), calm=calm)
        told = len(fired) + len(heard.steps) + heard.margin + (outcome == scheduling.TOLD)
        return told, int(outcome == scheduling.PLANNED)

    def _note(self, finding: _Finding, check: Check, *, calm: bool) -> None:
        """Store what /why will tell, unless it would only say again that all is inside."""
        self._roster.note(finding.found, finding.now, calm=calm)
        if not (calm and check.held_back == "inside" and finding.last is not None and finding.last.held_back == "inside"):
            finding.writes.checks[finding.portfolio.id] = check

    async def _not_evaluated(self, tx: Tx, finding: _Finding) -> None:
        """Store why, and tell the person when it lasts beyond one check."""
        found, now = finding.found, finding.now
        lasting = timedelta(seconds=2 * self.interval_s)
        await alerting.tell_problems(tx, found.portfolio, finding.person, finding.states, now, lasting)
        self._note(finding, Check(at=now, problems=found.problems, held_back="no_data"), calm=False)

    async def _plan_when_due(
        self, tx: Tx, finding: _Finding, opened: datetime | None, due: scheduling.Pending | None, asked: tuple[Reason, ...] | None
    ) -> str:
        """Close the batching window, or answer the calendar, with one plan; returns what became of it, a word of ``scheduling``.

        ``asked`` are the signals of the window that closes now; None while it is open. A scheduled run that falls into an open
        window waits for its end and joins its plan (domain 9.9).
        """
        portfolio, now = finding.portfolio, finding.now
        if opened is not None:
            if asked is None:
                if portfolio.window_opened_at != opened:
                    finding.writes.windows[portfolio.id] = opened
                return _WAITING
            if portfolio.window_opened_at is not None:
                await portfolios.save(tx, replace(portfolio, window_opened_at=None))
        elif due is None:
            return ""
        run = due.run if due is not None else None
        outcome = await self._act(tx, finding, asked, scheduled=run is not None) if opened or run else scheduling.SKIPPED
        if due is not None and (outcome or run is None):  # no outcome: the run is tried again while its grace lasts
            settled = outcome if run is not None else scheduling.SKIPPED
            await scheduling.settle(tx, portfolio, finding.person, due, settled, now)
        return outcome

    async def _act(self, tx: Tx, finding: _Finding, asked: tuple[Reason, ...] | None, *, scheduled: bool) -> str:
        """Make a plan for the signals of the window, the lines that are outside now and the calendar, or tell that it is time.

        An empty word: nothing could be done.
        """
        portfolio, now = finding.portfolio, finding.now
        asking, shape = asked or (), finding.found.shape
        reasons = (*asking, *drift.reasons_for(shape, drift.explained_by(asking, shape)))
        rule = portfolio.strategy.schedule
        if scheduled and rule is not None and (reasons or not rule.only_outside):
            reasons = (scheduling.REASON, *reasons)
        if all(tilting.begins(reason) for reason in reasons):  # a bet by itself is no reason to trade
            return scheduling.INSIDE
        drafted = self._rebalancing.draft(finding.found, reasons)
        if not isinstance(drafted, Plan):
            return scheduling.NOTHING if isinstance(drafted, NothingToDo) else ""
        if scheduled and portfolio.answer == Answer.NOTIFY:
            await scheduling.tell_due(tx, portfolio, finding.person, now)
            return scheduling.TOLD
        stored = await self._rebalancing.store(tx, await answering.prepared(tx, portfolio, finding.person, drafted, now))
        if not isinstance(stored, Proposed):
            return ""
        if stored.instead_of is not None:
            await post_card(tx, stored.instead_of, now, "replaced")
        if stored.plan.stand is None or not stored.plan.stand.auto:  # else it is shown when it was carried out or not
            # the alert that opened the window has rung already; the end of a tilt has none
            rung = asked is not None and any(reason.trigger != TILT for reason in reasons)
            silent = rung or quiet.card_is_silent(finding.person, reasons, now)
            await alerting.show_card(tx, stored.plan, finding.person, now, silent=silent)
        return scheduling.PLANNED


def _held_back(finding: _Finding, heard: _Heard) -> str:
    """Return what keeps a check from being told; a plan that nobody has answered yet does not hold back what is urgent."""
    plan = finding.plan
    patient = plan is not None and plan.stand is not None and plan.stand.patient
    overtaken = plan is not None and plan.state is PlanState.PROPOSED and (patient or heard.is_urgent)
    if heard.margin and (plan is None or overtaken):
        return ""  # this rings through a snooze
    return drift.held_back(finding.portfolio, None if overtaken else plan, finding.now)


def _remember(finding: _Finding, memory: Memory) -> None:
    """Store what the portfolio remembers of the triggers, where that has changed."""
    if memory != triggers.memory_of(finding.states):
        finding.remember(triggers.STATE, triggers.memory_to_json(memory))


async def _since_the_plan(tx: Tx, finding: _Finding, shape: Shape) -> Mapping[str, Mapping[str, Any]]:
    """Return the lines' states, counted anew in the first check after a plan was carried out."""
    states = finding.states
    if finding.last is None or not any(states.get(line.line, {}).get("fired") for line in shape.limits):
        return states
    latest = await journal.plans(tx, finding.portfolio.id, limit=1)
    ended = latest[0].finished_at if latest and latest[0].state == PlanState.DONE else None
    return drift.counted_anew(shape.limits, states) if ended is not None and ended > finding.last.at else states


def _seen(finding: _Finding, shape: Shape, heard: _Heard, outcome: str) -> Check:
    """Return what the check saw and why it did or did not act."""
    fired = (
        *(step.line.line for step in heard.lines if step.event),
        *(step.signal.key for step in heard.steps),
        *((margin.STATE,) if heard.margin else ()),
    )
    back = "" if fired or outcome == scheduling.PLANNED else _HELD_BACK.get(outcome) or drift.quiet_reason(shape)
    return Check(at=finding.now, shape=shape, fired=fired, held_back=back)

"""Prices in, alerts and due plans out: one fetch for everybody, an array screen, then the exact test."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import structlog

from chatbot.engine import bands
from chatbot.model import Answer, Check, Person, Plan, Portfolio, Problem, Reason, Urgency
from chatbot.services.rebalancing import Proposed, post_card
from chatbot.store import accounts, journal, messages, portfolios

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chatbot.clock import Clock
    from chatbot.market.quotes import QuoteBoard
    from chatbot.model import LineReading, Shape
    from chatbot.services.evaluation import Evaluation, Evaluator
    from chatbot.services.rebalancing import Rebalancing
    from chatbot.services.roster import Roster
    from chatbot.store.database import Database, Tx

log = structlog.get_logger()

#: a portfolio that can not be evaluated is told about once in this time
_PROBLEM_REMINDER = timedelta(hours=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """What one check did."""

    at: datetime
    portfolios: int
    #: looked at exactly
    examined: int
    alerts: int
    plans: int


class Monitor:
    """The check of all portfolios; one call of :meth:`tick` every ``CHATBOT_CHECK_INTERVAL_S``."""

    def __init__(
        self,
        db: Database,
        board: QuoteBoard,
        roster: Roster,
        evaluator: Evaluator,
        rebalancing: Rebalancing,
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
        self._clock = clock
        self.interval_s = interval_s
        self._window = timedelta(seconds=batch_window_s)
        self.last: Tick | None = None

    def next_check(self) -> datetime | None:
        """Return when the next check is due; None before the first."""
        return self.last.at + timedelta(seconds=self.interval_s) if self.last else None

    async def run(self) -> None:
        """Check for ever; one failed check is logged and the next one comes at its time."""
        while True:
            started = self._clock.now()
            try:
                await self.tick()
            except Exception:  # noqa: BLE001 - the check must go on for everybody else; the log line carries the cause
                log.exception("check failed")
            spent = (self._clock.now() - started).total_seconds()
            await self._clock.sleep(max(0.05, self.interval_s - spent))

    async def tick(self) -> Tick:
        """Look at every active portfolio once."""
        await self._expire()
        await self._roster.refresh()
        await self._board.refresh(self._roster.instruments)
        now = self._clock.now()
        alerts = plans = 0
        suspects = self._roster.suspects(self._board, now)
        for portfolio in suspects:
            fired, planned = await self._examine(portfolio)
            alerts, plans = alerts + fired, plans + planned
        self.last = Tick(at=now, portfolios=len(self._roster), examined=len(suspects), alerts=alerts, plans=plans)
        log.debug("checked", portfolios=len(self._roster), examined=len(suspects), alerts=alerts, plans=plans)
        return self.last

    async def _expire(self) -> None:
        """End the plans that nobody answered in time, and edit their cards."""
        now = self._clock.now()
        async with self._db.transaction() as tx:
            for plan in await journal.expire_due(tx, now):
                await post_card(tx, plan, now, "expired")

    async def _examine(self, portfolio: Portfolio) -> tuple[int, int]:
        """Test one portfolio exactly; state, alert rows and messages are written in one transaction."""
        found = await self._evaluator.look(portfolio)
        now = self._clock.now()
        async with self._db.transaction() as tx:
            latest = await portfolios.get(tx, portfolio.id)
            person = await accounts.person(tx, portfolio.person_id)
            if latest is None or person is None or latest.paused:
                return 0, 0
            states = await portfolios.states(tx, portfolio.id)
            if found.shape is None:
                await self._tell_problems(tx, latest, person, found.problems, states, now)
                return 0, 0
            await portfolios.record_value(tx, latest.id, now.astimezone(ZoneInfo(person.zone)).date(), found.shape.value)
            return await self._judge(tx, replace(found, portfolio=latest), person, states, now)

    async def _judge(
        self, tx: Tx, found: Evaluation, person: Person, states: Mapping[str, dict[str, Any]], now: datetime
    ) -> tuple[int, int]:
        portfolio, shape = found.portfolio, found.shape
        if shape is None:
            return 0, 0
        if states.get("problem"):
            await portfolios.save_state(tx, portfolio.id, "problem", {})
        steps = advance_lines(shape.lines, states)
        busy = await journal.open_plan(tx, portfolio.id)
        held_back = _held_back(portfolio, busy, now)
        if held_back:
            # What would have rung is not spent: the state moves only when somebody can be told, so a crossing in between is heard later.
            await portfolios.save_check(tx, portfolio.id, Check(at=now, shape=shape, held_back=held_back))
            return 0, 0
        for step in steps:
            if step.after != step.before:
                await portfolios.save_state(tx, portfolio.id, step.line.line, state_to_json(step.after))
        fired = tuple(step for step in steps if step.event)
        if fired:
            await _alert(tx, portfolio, person, fired, now)
        opened = portfolio.window_opened_at or (now if fired and portfolio.answer != Answer.NOTIFY else None)
        planned = await self._plan_when_due(tx, found, person, opened, now)
        reason = "" if fired else ("window_open" if opened and not planned else _quiet_reason(shape))
        await portfolios.save_check(tx, portfolio.id, Check(at=now, shape=shape, fired=tuple(s.line.line for s in fired), held_back=reason))
        return len(fired), planned

    async def _plan_when_due(self, tx: Tx, found: Evaluation, person: Person, opened: datetime | None, now: datetime) -> int:
        """Keep the batching window, or close it with one plan for all lines that are outside now (domain 9.9)."""
        portfolio = found.portfolio
        if opened is None:
            return 0
        if now < opened + self._window:
            if portfolio.window_opened_at != opened:
                await portfolios.save(tx, replace(portfolio, window_opened_at=opened))
            return 0
        await portfolios.save(tx, replace(portfolio, window_opened_at=None))
        reasons = reasons_for(found.shape)
        if not reasons:
            return 0
        drafted = self._rebalancing.draft(found, reasons)
        if not isinstance(drafted, Plan):
            return 0
        stored = await self._rebalancing.store(tx, drafted)
        if not isinstance(stored, Proposed):
            return 0
        await messages.post(
            tx,
            chat_id=person.chat_id,
            kind="plan_card",
            facts={"plan_id": stored.plan.id},
            key=f"card-{stored.plan.id}",
            urgency=Urgency.ROUTINE,
            silent=True,  # the alert that opened the window has rung already
            now=now,
        )
        return 1

    async def _tell_problems(
        self,
        tx: Tx,
        portfolio: Portfolio,
        person: Person,
        problems: tuple[Problem, ...],
        states: Mapping[str, dict[str, Any]],
        now: datetime,
    ) -> None:
        """Say that the portfolio can not be evaluated, when it lasts beyond one check and not more often than the reminder allows."""
        await portfolios.save_check(tx, portfolio.id, Check(at=now, problems=problems, held_back="no_data"))
        before = states.get("problem", {})
        since = datetime.fromisoformat(str(before["since"])) if "since" in before else now
        told = datetime.fromisoformat(str(before["told"])) if before.get("told") else None
        lasting = now - since >= timedelta(seconds=2 * self.interval_s)
        tell = lasting and (told is None or now - told >= _PROBLEM_REMINDER) and not _quiet(portfolio, now)
        told = now if tell else told
        state = {"since": since.isoformat(), "told": told.isoformat() if told else ""}
        await portfolios.save_state(tx, portfolio.id, "problem", state)
        if tell:
            await messages.post(
                tx,
                chat_id=person.chat_id,
                kind="problem",
                facts={"portfolio_id": portfolio.id},
                key=f"problem-{portfolio.id}-{now.isoformat()}",
                urgency=Urgency.ALWAYS,
                silent=False,
                now=now,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class LineStep:
    """One line's state before and after a reading, and the event in between."""

    line: LineReading
    before: bands.BandState
    after: bands.BandState
    event: str | None


def advance_lines(lines: Iterable[LineReading], states: Mapping[str, dict[str, Any]]) -> tuple[LineStep, ...]:
    """Run the hysteresis of domain 3.2 over every line that has a band."""
    steps = []
    for line in lines:
        if line.band is None:
            continue
        before = state_from_json(states.get(line.line, {}))
        after, event = bands.advance(before, line.drift, line.band, line.breach)
        steps.append(LineStep(line=line, before=before, after=after, event=event))
    return tuple(steps)


def state_to_json(state: bands.BandState) -> dict[str, object]:
    """Return a line's state as plain JSON."""
    last = None if state.last_drift is None else str(state.last_drift)
    return {"fired": state.fired, "side": state.side, "last_drift": last, "streak": state.streak}


def state_from_json(stored: Mapping[str, Any]) -> bands.BandState:
    """Read what :func:`state_to_json` wrote; nothing stored means armed."""
    last = stored.get("last_drift")
    return bands.BandState(
        fired=bool(stored.get("fired")),
        side=stored.get("side"),
        last_drift=None if last is None else Decimal(last),
        streak=int(stored.get("streak", 0)),
    )


def reasons_for(shape: Shape | None) -> tuple[Reason, ...]:
    """Return a drift reason for every line that is outside its band now."""
    lines = shape.lines if shape else ()
    return tuple(Reason(trigger="drift", line=x.line, weight=x.weight, target=x.target, band=x.band) for x in lines if x.breach)


def _quiet(portfolio: Portfolio, now: datetime) -> bool:
    return portfolio.paused or (portfolio.snoozed_until is not None and now < portfolio.snoozed_until)


def _held_back(portfolio: Portfolio, open_plan: Plan | None, now: datetime) -> str:
    if portfolio.paused:
        return "paused"
    if _quiet(portfolio, now):
        return "snoozed"
    return "plan_open" if open_plan is not None else ""


def _quiet_reason(shape: Shape) -> str:
    return "fired_before" if any(line.breach for line in shape.lines) else "inside"


async def _alert(tx: Tx, portfolio: Portfolio, person: Person, fired: tuple[LineStep, ...], now: datetime) -> None:
    """Write the alert rows and one message for all lines that fired in this check."""
    ids = [
        await journal.add_alert(
            tx,
            portfolio.id,
            "drift",
            step.line.line,
            {"event": step.event, "weight": str(step.line.weight), "target": str(step.line.target), "band": str(step.line.band)},
            now,
        )
        for step in fired
    ]
    await messages.post(
        tx,
        chat_id=person.chat_id,
        kind="drift_alert",
        facts={
            "portfolio_id": portfolio.id,
            "lines": [
                {
                    "line": s.line.line,
                    "weight": str(s.line.weight),
                    "target": str(s.line.target),
                    "band": str(s.line.band),
                    "breach": s.line.breach,
                }
                for s in fired
            ],
        },
        key=f"alert-{ids[0]}",
        urgency=Urgency.ROUTINE,
        silent=False,
        now=now,
    )

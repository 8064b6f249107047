"""The durable workflow that carries a plan out: legs of one kind at a time, every move decided from the journal alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from chatbot.durable import EXECUTE
from chatbot.errors import ExchangeError, KeyRefused, Unreachable
from chatbot.exchanges.abilities import TradeSource
from chatbot.execution import next_order, outcomes, recovery, refit, wallets
from chatbot.execution.comparing import Comparison
from chatbot.execution.lifecycle import PlanEvent
from chatbot.execution.pace import Pace
from chatbot.execution.record import CLOSED, CLOSING, INTERRUPTED, SIZED, UNKNOWN, Change, Parked, Scribe, Stopped
from chatbot.execution.side_by_side import SideBySide
from chatbot.model import LegKind, LegState, OrderState, PlanState
from chatbot.shares.owned import EVERYBODY
from chatbot.store import halt, plans

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from chatbot.clock import Clock
    from chatbot.durable import Work
    from chatbot.engine.planner.block import Block
    from chatbot.exchanges.base import Exchange
    from chatbot.execution.record import View
    from chatbot.model import Leg, Plan, PortfolioFigures
    from chatbot.shares.owned import Shares
    from chatbot.store.database import Database, Tx
    from chatbot.store.orders import Attempt

_LOG = structlog.get_logger()
_MEASURES = 3
#: what a workflow answers whose plan another one carries out already
IN_OTHER_HANDS = "in other hands"


class Hooks(Protocol):
    """What the executor asks of the services."""

    async def replan(self, portfolio_id: int, plan: Plan) -> Block | None:
        """Plan again for the same targets from what is really there; None when that cannot be evaluated."""
        ...

    async def forbids(self, plan: Plan) -> str:
        """Return why nothing of a plan may be sent with real money now, as a machine word; empty where it may."""
        ...

    async def ended(self, plan: Plan) -> None:
        """Note what was filled of a plan that has come to its end; doing it again changes nothing."""
        ...

    async def corrected(self, tx: Tx, booked: Plan, shown: Plan) -> None:
        """Note what other fills of a plan that has ended came to light than were ``booked``, inside the caller's transaction."""
        ...

    async def measure(self, portfolio_id: int) -> PortfolioFigures | None:
        """Return what the portfolio looks like now; None when it cannot be evaluated."""
        ...


def no_crash(point: str) -> None:
    """Let a named point pass: only tests end the process there."""


class Executor:
    """Carries confirmed plans out. Killed anywhere, it goes on from the journal when the workflow runs again."""

    def __init__(
        self,
        db: Database,
        work: Work,
        exchanges: Callable[[int], Awaitable[Exchange]],
        clock: Clock,
        hooks: Hooks,
        *,
        pace: Pace | None = None,
        crash_point: Callable[[str], None] = no_crash,
        shares: Shares = EVERYBODY,
    ) -> None:
        self._db, self._shares = db, shares
        self._exchanges = exchanges
        self.hooks = hooks
        self._deps = outcomes.Deps(
            scribe=Scribe(db, clock), clock=clock, pace=pace or Pace(), crash_point=crash_point, forbids=hooks.forbids
        )
        self.recovery = recovery.Recovery(db, work, self._deps.scribe, clock, self, shares)
        self.comparison = Comparison(db, exchanges, clock, hooks.corrected, shares)
        #: plans that are being carried out in this process
        self._held: set[int] = set()
        self._move_step = work.step("move_plan")(self._move)
        work.workflow(EXECUTE)(self.execute_plan)

    async def execute_plan(self, plan_id: int) -> str:
        """Carry a plan out to its end; the workflow. Returns the state it ended in.

        The loop knows nothing: each move reads the journal, does something at the exchange and writes what came of it. So a
        move that is run again after a crash finds what the first run left behind, and acts on that. The legs of one kind are one move,
        because steps of the durable engine that ran at the same time would be remembered in an order of chance.
        """
        async with self._db.read() as tx:
            whose = await plans.people_of(tx, (plan_id,))
        with self._shares.in_hand(whose.get(plan_id, 0)) as is_ours:
            if plan_id in self._held or not is_ours:
                return IN_OTHER_HANDS  # the engine was made to begin it a second time, or here
            self._held.add(plan_id)
            try:
                return await self._carry_out(plan_id)
            finally:
                self._held.discard(plan_id)

    def holds(self, plan_id: int) -> bool:
        """Tell whether a plan is being carried out here and now."""
        return plan_id in self._held

    async def call_off(self, plan_id: int) -> None:
        """Take back what works at the exchange for a plan, and write down how it ended; raises ``ExchangeError``."""
        view = await self._deps.scribe.view(plan_id)
        if view is None or not view.unsettled:
            return
        exchange, troubles = await self._exchanges(view.portfolio.id), []
        for attempt in view.unsettled:
            try:
                await recovery.call_off(self._at(view, view.leg(attempt.leg_index), exchange), attempt)
            except ExchangeError as trouble:
                troubles.append(trouble)  # the others are taken back all the same
        if troubles:
            raise troubles[0]

    async def has_arrived(self, plan_id: int) -> bool:
        """Tell whether the money has come for which a plan waits, and which its person alone can move; raises ``ExchangeError``."""
        view = await self._deps.scribe.view(plan_id)
        waiting = [one for one in view.unsettled if view.leg(one.leg_index).is_transfer] if view is not None else []
        if view is None or not waiting or not wallets.is_by_hand(exchange := await self._exchanges(view.portfolio.id)):
            return False
        return any([await exchange.find_transfer(one.client_id) for one in waiting])

    async def give_up(self, plan_id: int, figures: PortfolioFigures) -> bool:
        """End a plan that a halt has parked where it stands, with the portfolio as it is now; nothing is sent for the rest.

        False, and nothing is done: it is not parked, or an order of it may still work.
        """
        view = await self._deps.scribe.view(plan_id)
        if view is None or view.plan.state != PlanState.PARKED or view.unsettled:
            return False
        legs = tuple(outcomes.cut_short(leg, halt.HALTED) for leg in view.plan.legs if leg.state in _UNFINISHED)
        await self.hooks.ended(view.plan)
        return await self._deps.scribe.finish_parked(view, Change(event="given_up", plan=PlanEvent.FINISH, legs=legs, result=figures))

    async def _carry_out(self, plan_id: int) -> str:
        for _ in range(self._deps.pace.moves_max):
            moved: dict[str, Any] = await self._move_step(plan_id)
            if not moved["more"]:
                return str(moved["state"])
        view = await self._deps.scribe.view(plan_id)
        if view is not None:
            await self._park(view, "too_many_moves")
        return PlanState.PARKED

    async def _move(self, plan_id: int) -> dict[str, Any]:
        """Make one move; an exchange that cannot be reached is tried again with growing pauses, then the plan is parked."""
        failures = 0
        while True:
            view = await self._deps.scribe.view(plan_id)
            if view is None or view.plan.state not in (PlanState.CONFIRMED, PlanState.RUNNING):
                return {"more": False, "state": view.plan.state.value if view else "missing"}
            try:
                return {"more": await self._decide(view), "state": PlanState.DONE.value}
            except Unreachable as trouble:
                failures += 1
                pause = self._deps.pace.retry_pause_s(failures)
                _LOG.warning("exchange unreachable", plan=plan_id, failures=failures, pause_s=pause, error=str(trouble))
                if pause is None:
                    return await self._park(view, trouble.why)
                await self._deps.rest(view, pause)
            except Stopped:
                continue  # the next look sees it
            except KeyRefused as refused:
                return await self._shut_out(view, refused.why)
            except Parked as parked:
                shut_out = isinstance(parked.__cause__, KeyRefused)
                return await (self._shut_out if shut_out else self._park)(view, parked.why)

    async def _decide(self, view: View) -> bool:
        """Find what to do next and do it; False when the plan has come to its end."""
        if view.plan.state == PlanState.CONFIRMED:
            if await self._deps.stop_word(view) == halt.HALTED:
                raise Parked(halt.HALTED)
            await self._deps.scribe.write(view, Change(event="begun", plan=PlanEvent.BEGIN))
            self._deps.crash_point("begun")
            return True
        exchange, turn = await self._exchanges(view.portfolio.id), view.turn
        if not turn:
            await self._finish(view, exchange)
            return False
        if not view.unsettled:
            if stopped := await self._deps.stop_word(view):
                if stopped == halt.HALTED:
                    raise Parked(stopped)
                await self._stop(view, exchange, stopped)
                return True
            if await self._between(view, turn[0], exchange):
                return True
        await SideBySide(view, self._exchanges, self._deps).work()
        return True

    async def _between(self, view: View, leg: Leg, exchange: Exchange) -> bool:
        """Do what comes before a leg that begins: wait for the money, size the buys, make the overlay again; False: it may begin."""
        if _counts_money(view, leg) and await wallets.is_behind(exchange, await self._deps.scribe.attempts(view.plan.id), self._deps):
            await self._deps.rest(view, self._deps.pace.poll_pause_s)
        elif leg.kind == LegKind.SPOT_BUY and not view.count(SIZED):
            await refit.size_buys(view, exchange, self._deps)
        elif leg.kind not in _SPOT and refit.overlay_waits(view):
            await refit.replan(view, await self.hooks.replan(view.portfolio.id, view.plan), self._deps)
        else:
            return False
        return True

    def _at(self, view: View, leg: Leg, exchange: Exchange) -> outcomes.LegAttempt:
        return outcomes.LegAttempt(view=view, leg=leg, exchange=exchange, deps=self._deps)

    async def _stop(self, view: View, exchange: Exchange, why: str) -> None:
        """Leave out what was not sent, and end what was begun: a person stopped the plan, or closed it."""
        for leg in view.plan.legs:
            if leg.state in _UNFINISHED:
                await outcomes.end(self._at(view, leg, exchange), why)

    async def _finish(self, view: View, exchange: Exchange) -> None:
        """Measure what came of it, and end the plan together with the message that says so."""
        if isinstance(exchange, TradeSource) and not await self._deps.stop_word(view):
            await wallets.wait_until_shown(exchange, await self._deps.scribe.attempts(view.plan.id), self._deps)
        await self.hooks.ended(view.plan)
        figures = await self._measure(view)
        self._deps.crash_point("measured")
        await self._deps.scribe.write(view, Change(event="finished", plan=PlanEvent.FINISH, result=figures))
        self._deps.crash_point("finished")
        _LOG.info("plan finished", plan=view.plan.id, legs=[leg.state.value for leg in view.plan.legs])

    async def _measure(self, view: View) -> PortfolioFigures | None:
        """Return the portfolio's shape; None when it stays unknown, which is then said in the result."""
        for pause in self._deps.pace.retries_s[:_MEASURES]:
            try:
                figures = await self.hooks.measure(view.portfolio.id)
            except ExchangeError as trouble:
                _LOG.warning("cannot measure", plan=view.plan.id, error=str(trouble))
                figures = None
            if figures is not None:
                return figures
            await self._deps.clock.sleep(pause)
        return None

    async def _shut_out(self, view: View, why: str) -> dict[str, Any]:
        """Park a plan whose key or account is not good any more, or end it where its person said so: nobody can ask about its orders."""
        latest = await self._deps.scribe.view(view.plan.id) or view
        if not latest.count(CLOSING):
            return await self._park(latest, why)
        for attempt in latest.unsettled:
            await self._deps.scribe.write(latest, _given_up(latest, attempt, self._deps.clock.now()))
        latest = await self._deps.scribe.view(view.plan.id) or latest
        legs = tuple(outcomes.cut_short(leg, CLOSED) for leg in latest.plan.legs if leg.state in _UNFINISHED)
        await self.hooks.ended(latest.plan)
        await self._deps.scribe.write(latest, Change(event="finished", plan=PlanEvent.FINISH, legs=legs))
        return {"more": False, "state": PlanState.DONE.value}

    async def _park(self, view: View, why: str) -> dict[str, Any]:
        """Stop and tell the person; the journal keeps everything as it is known."""
        latest = await self._deps.scribe.view(view.plan.id) or view
        if latest.plan.state in (PlanState.CONFIRMED, PlanState.RUNNING):
            await self._deps.scribe.write(latest, Change(event="parked", detail={"why": why}, plan=PlanEvent.PARK))
            self._deps.crash_point("parked")
            _LOG.warning("plan parked", plan=view.plan.id, why=why)
        return {"more": False, "state": PlanState.PARKED.value}


def _counts_money(view: View, leg: Leg) -> bool:
    """Tell whether what comes next is cut to what the account shows: a transfer, the first buy, the overlay that is made again."""
    if leg.kind == LegKind.SPOT_BUY:
        return not view.count(SIZED)
    return leg.state == LegState.PLANNED and (leg.is_transfer or (leg.kind not in _SPOT and refit.overlay_waits(view)))


_SPOT = (LegKind.SPOT_SELL, LegKind.TO_SPOT, LegKind.SPOT_BUY)
_UNFINISHED: tuple[LegState, ...] = (LegState.PLANNED, LegState.SUBMITTING, LegState.OPEN)


def _given_up(view: View, attempt: Attempt, now: datetime) -> Change:
    """Return how an order ends about which nobody can ask any more: unknown, but for one that certainly was never taken."""
    in_doubt = any(view.count(event, attempt.leg_index) for event in (UNKNOWN, INTERRUPTED))
    none_there = attempt.detail == next_order.NOT_SENT and not in_doubt
    state, note = (OrderState.REJECTED, CLOSED) if none_there else (OrderState.CANCELED, next_order.UNKNOWN_END)
    known = replace(attempt, state=state, ended_at=now, detail=note)
    leg = outcomes.cut_short(view.leg(attempt.leg_index), note)
    return Change(event="abandoned", leg_index=leg.index, detail={"client_id": attempt.client_id}, legs=(leg,), attempt=known)

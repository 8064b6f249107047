"""Checks while trading is halted: alerts ring and plans are made, and the bot answers none of them by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chatbot.model import Answering, AnswerMode, Cause, DecidedBy, HeldBack, PlanState, ScheduleRule, Unanswered
from chatbot.store import messages, portfolios
from tests.monitor.test_unanswered import Alone, alone, reducing
from tests.portfolio.still_market import START

if TYPE_CHECKING:
    from pathlib import Path

REMIND: dict[str, Any] = {"answer": AnswerMode.ASK, "answering": Answering(unanswered=Unanswered.REMIND)}


async def nothing_sent(at: Alone) -> None:
    """Hold that the exchange has heard of no order."""
    await at.work()
    exchange: Any = await at.on.program.accounts.exchange(at.portfolio.id)
    assert exchange.state.orders == {}


async def test_a_plan_of_an_auto_portfolio_is_made_when_trading_goes_on(tmp_path: Path) -> None:
    """The alert rings; hours later there is still no heap of plans that nobody saw, and /why knows; then the plan comes at once."""
    async with alone(tmp_path) as at:
        await at.on.program.halting.begin()
        await at.drift()
        for _ in range(6):
            await at.on.tick(600)
        assert await at.plans() == ()
        assert [message.kind for message in await at.mail()].count("drift_alert") == 1
        async with at.on.program.db.read() as tx:
            check = await portfolios.check(tx, at.portfolio.id)
        assert check is not None
        assert check.held_back is HeldBack.HALTED
        await at.on.program.halting.end()
        await at.on.tick(60)
        (plan,) = await at.plans()
        assert (plan.state, plan.decided_by) == (PlanState.CONFIRMED, DecidedBy.AUTO)


async def test_a_scheduled_run_of_an_auto_portfolio_is_made_up_for_after_the_stop(tmp_path: Path) -> None:
    """The run is not spent on a plan that could not be carried out: it comes while its grace lasts."""
    rule = ScheduleRule(freq="daily", time="03:00", zone="UTC", set_at=START)
    async with alone(tmp_path, start=datetime(2026, 3, 3, 2, 58, tzinfo=UTC)) as at:
        await at.change(strategy=replace(at.portfolio.strategy, schedule=rule))
        at.on.market.move("BTC", "1.1")
        await at.on.program.halting.begin()
        await at.on.tick(180)
        for _ in range(3):
            await at.on.tick(600)
        assert await at.plans() == ()
        await at.on.program.halting.end()
        await at.on.tick(60)
        (plan,) = await at.plans()
        assert [reason.trigger for reason in plan.reasons] == [Cause.SCHEDULE]
        assert plan.decided_by is DecidedBy.AUTO


async def test_reducing_legs_wait_until_trading_goes_on(tmp_path: Path) -> None:
    """The time for it passes during the halt; the card lasts a while longer, and so does the promise."""
    async with alone(tmp_path, **reducing()) as at:
        await at.drift()
        await at.on.program.halting.begin()
        await at.on.tick(30 * 60)
        (plan,) = await at.plans()
        assert plan.state is PlanState.PROPOSED
        await nothing_sent(at)
        await at.on.program.halting.end()
        await at.on.tick(60)
        (plan,) = await at.plans()
        assert (plan.state, plan.decided_by) == (PlanState.CONFIRMED, DecidedBy.UNANSWERED)


async def test_a_stop_between_the_look_and_the_decision_is_seen(tmp_path: Path) -> None:
    """Halted after the round of unanswered plans has begun: the transaction that decides reads the row."""
    async with alone(tmp_path) as at:
        rebalancing: Any = at.on.program.rebalancing
        real = rebalancing.prepare

        async def prepare(evaluation: object) -> None:
            await at.on.program.halting.begin()
            await real(evaluation)

        rebalancing.prepare = prepare
        await at.drift()
        (plan,) = await at.plans()
        assert plan.state is PlanState.PROPOSED
        await nothing_sent(at)


async def test_a_person_is_reminded_of_a_waiting_plan_all_the_same(tmp_path: Path) -> None:
    async with alone(tmp_path, **REMIND) as at:
        await at.drift()
        await at.on.program.halting.begin()
        await at.on.tick(200)
        async with at.on.program.db.read() as tx:
            assert await messages.is_known(tx, f"plan_reminder-{(await at.plans())[0].id}")

"""Checks while trading is halted: alerts ring and plans are made, and the bot answers none of them by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chatbot.model import Answering, AnswerMode, DecidedBy, PlanState, Unanswered
from chatbot.store import messages
from tests.monitor.test_unanswered import WIDE, Alone, alone, reducing

if TYPE_CHECKING:
    from pathlib import Path

AUTO: dict[str, Any] = {"answer": AnswerMode.AUTO, "answering": Answering(limits=WIDE)}
REMIND: dict[str, Any] = {"answer": AnswerMode.ASK, "answering": Answering(unanswered=Unanswered.REMIND)}


async def nothing_sent(at: Alone) -> None:
    """Hold that the exchange has heard of no order."""
    await at.work()
    exchange: Any = await at.on.program.accounts.exchange(at.portfolio.id)
    assert exchange.state.orders == {}


@pytest.mark.parametrize(("settings", "waits_s", "by"), [(AUTO, 60, DecidedBy.AUTO), (reducing(), 30 * 60, DecidedBy.UNANSWERED)])
async def test_what_the_bot_would_do_alone_waits_until_trading_goes_on(
    tmp_path: Path, settings: dict[str, Any], waits_s: int, by: DecidedBy
) -> None:
    """The plan is made as ever and left alone; as soon as trading goes on it is carried out, while it lasts."""
    async with alone(tmp_path, **settings) as at:
        await at.on.program.halting.begin()
        await at.drift()
        await at.on.tick(waits_s)
        (plan,) = await at.plans()
        assert plan.state is PlanState.PROPOSED
        assert "drift_alert" in [message.kind for message in await at.mail()]
        await nothing_sent(at)
        await at.on.program.halting.end()
        await at.on.tick(60)
        (plan,) = await at.plans()
        assert (plan.state, plan.decided_by) == (PlanState.CONFIRMED, by)


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

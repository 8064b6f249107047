"""A process works for its own people and leaves those of others alone: in checks, for plans, and in what it remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatbot.execution.executor import IN_OTHER_HANDS
from chatbot.model import PlanState, share_of
from chatbot.store import accounts, plans, portfolios
from tests.portfolio.still_market import PERSON, bench

if TYPE_CHECKING:
    from pathlib import Path

    from chatbot.model import Plan
    from tests.portfolio.still_market import Bench

#: CI runs them after the plain run
pytestmark = pytest.mark.long
OTHERS = {share_of(PERSON.id)}


async def planned(on: Bench) -> Plan:
    """Let a band be left, and return the plan that comes of it."""
    await on.tick()
    on.market.move("BTC", "1.5")
    for _ in range(5):
        await on.tick()
        async with on.program.db.read() as tx:
            if found := await plans.plans(tx, 1):
                return found[0]
    raise AssertionError("no plan came")


async def test_a_check_leaves_people_of_others_alone(tmp_path: Path) -> None:
    """A plan of theirs is not even let expire: its card and its reasons are somebody else's."""
    async with bench(tmp_path) as on:
        await on.balanced()
        plan = await planned(on)
        await on.mail()
        on.program.shares.let_go(OTHERS)
        on.market.move("SOL", "2")
        assert await on.tick(86_400) == (0, 0)
        assert on.program.monitor.last is not None
        assert on.program.monitor.last.examined == 0
        assert not await on.mail()
        async with on.program.db.read() as tx:
            left = await plans.plan(tx, plan.id)
            assert left is not None
            assert left.state is PlanState.PROPOSED
            assert await portfolios.active_ids(tx, shares=on.program.shares.only) == ()
        on.program.shares.take_back(OTHERS)
        await on.tick()
        async with on.program.db.read() as tx:
            left = await plans.plan(tx, plan.id)
        assert left is not None
        assert left.state is PlanState.EXPIRED
        assert await on.mail()


async def test_a_plan_of_others_is_not_taken_up_and_not_carried_out(tmp_path: Path) -> None:
    """Not even where the engine hands it over: who looks after its person finds it ended, and enqueues it again."""
    async with bench(tmp_path) as on:
        await on.balanced()
        plan = await planned(on)
        async with on.program.db.transaction() as tx:
            await plans.decide(tx, plan.id, PlanState.CONFIRMED, on.clock.now())
        on.program.shares.let_go(OTHERS)
        async with on.program.db.read() as tx:
            assert await plans.shares_under_way(tx) == OTHERS, "it is given back to nobody meanwhile"
        assert await on.program.executor.recovery.reconcile() == ()
        assert await on.program.executor.execute_plan(plan.id) == IN_OTHER_HANDS
        on.program.shares.take_back(OTHERS)
        assert await on.program.executor.recovery.reconcile() == (plan.id,)


async def test_what_was_known_of_people_is_read_again_when_they_come_back(tmp_path: Path) -> None:
    """Another process has changed it meanwhile; who came there, was blocked or let in is found out."""
    async with bench(tmp_path) as on:
        first = await on.balanced()
        await on.tick()
        roster, shares = on.program.roster, on.program.shares
        before = await on.program.accounts.exchange(first.id)
        shares.let_go(OTHERS)
        await shares.lose(OTHERS)
        assert len(roster) == 0
        async with on.program.db.transaction() as tx:
            body = (await portfolios.accounts_of(tx, (first.id,)))[first.id]
            await portfolios.save_account(tx, first.id, body)
            second = await portfolios.add(tx, first)
            await portfolios.save_account(tx, second.id, body)
        await on.tick()
        assert len(roster) == 0, "nobody else is loaded"
        await shares.gain(OTHERS)
        await on.tick()
        assert len(roster) == 2
        assert await on.program.accounts.exchange(first.id) is not before
        async with on.program.db.transaction() as tx:
            await accounts.change_person(tx, PERSON.id, role="blocked")
        await roster.compare()
        await on.tick()
        assert len(roster) == 0
        async with on.program.db.transaction() as tx:
            await accounts.change_person(tx, PERSON.id, role="operator")
        await roster.compare()
        await on.tick()
        assert len(roster) == 2

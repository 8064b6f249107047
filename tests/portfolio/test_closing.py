"""Closing while something else goes on: one of both comes first, and the other is told; replacing is all or nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from chatbot.model import AnswerPolicy, Cause, Mode, PlanState, Portfolio, Reason
from chatbot.plans import outcomes
from chatbot.portfolio import strategies
from chatbot.portfolio.manage import UnderWay
from chatbot.store import plans, portfolios
from tests.meanwhile import meanwhile
from tests.portfolio.still_market import PERSON, D, bench

if TYPE_CHECKING:
    from pathlib import Path

    from chatbot.model import Plan
    from tests.portfolio.still_market import Bench

_MADE = (Reason(trigger=Cause.MANUAL),)


async def a_card(on: Bench) -> tuple[Portfolio, Plan]:
    """Open a portfolio whose card waits for an answer."""
    portfolio = await on.balanced()
    on.market.move("BTC", "1.5")
    made = await on.program.rebalancing.propose(portfolio, _MADE)
    assert isinstance(made, outcomes.Proposed)
    return portfolio, made.plan


async def states_of(on: Bench, portfolio: Portfolio) -> list[PlanState]:
    """Return where the plans of a portfolio stand, newest first."""
    async with on.program.db.read() as tx:
        return [plan.state for plan in await plans.plans(tx, portfolio.id)]


async def test_a_confirm_that_comes_first_keeps_the_portfolio_open(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        portfolio, plan = await a_card(on)
        with meanwhile(on.program.db, lambda: on.program.rebalancing.confirm(plan.id, PERSON.id)):
            answer = await on.program.portfolios.close(PERSON, portfolio.id)
        assert isinstance(answer, UnderWay)
        assert answer.plan.id == plan.id
        latest = await on.program.portfolios.by_id(portfolio.id)
        assert latest is not None
        assert latest.is_open
        assert await states_of(on, portfolio) == [PlanState.CONFIRMED]


async def test_a_confirm_that_comes_too_late_sends_nothing(tmp_path: Path) -> None:
    """Closed while prices were read again: the plan has ended, and the answer says so."""
    async with bench(tmp_path) as on:
        portfolio, plan = await a_card(on)
        with meanwhile(on.program.db, lambda: on.program.portfolios.close(PERSON, portfolio.id)):
            answer = await on.program.rebalancing.confirm(plan.id, PERSON.id)
        assert isinstance(answer, outcomes.Late)
        assert await states_of(on, portfolio) == [PlanState.SUPERSEDED]
        assert await on.program.work.run_pending() == 0  # type: ignore[attr-defined]  # the one of tests


async def test_a_plan_made_while_the_portfolio_is_closed_is_not_stored(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        portfolio = await on.balanced()
        on.market.move("BTC", "1.5")
        with meanwhile(on.program.db, lambda: on.program.portfolios.close(PERSON, portfolio.id)):
            answer = await on.program.rebalancing.propose(portfolio, _MADE)
        assert isinstance(answer, outcomes.Closed)
        assert await states_of(on, portfolio) == []


async def test_a_check_that_is_under_way_says_nothing_of_what_was_closed_meanwhile(tmp_path: Path) -> None:
    """Its prices were read before; alert and plan come with the judgement, and that sees what is stored."""
    async with bench(tmp_path) as on:
        portfolio = await on.balanced()
        await on.tick()
        on.market.move("BTC", "1.5")
        look = on.program.evaluator.look_many

        async def look_and_close(many: list[Portfolio]) -> object:
            found = await look(many)
            await on.program.portfolios.close(PERSON, portfolio.id)
            return found

        on.program.evaluator.look_many = look_and_close  # type: ignore[assignment,method-assign]
        assert await on.tick() == (0, 0)
        assert await on.mail() == ()
        assert len(on.program.roster) == 1, "taken off with the next check"
        await on.tick()
        assert len(on.program.roster) == 0


async def test_a_plan_of_the_bots_own_ends_with_its_portfolio(tmp_path: Path) -> None:
    """Nobody has seen it, and nobody carries it out: not the next check, and not the one after opening again."""
    async with bench(tmp_path) as on:
        portfolio, asks = await a_card(on)
        async with on.program.db.transaction() as tx:
            await plans.add_plan(tx, replace(asks, stand=AnswerPolicy(auto=True), acts_at=on.clock.now()))
        assert isinstance(await on.program.portfolios.close(PERSON, portfolio.id), Portfolio)
        await on.program.portfolios.reopen(PERSON, portfolio.id)
        await on.tick()
        assert await states_of(on, portfolio) == [PlanState.SUPERSEDED, PlanState.SUPERSEDED]


async def test_replacing_is_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed in the middle of it, the old one goes on with its card; done, there is exactly one that goes on."""
    async with bench(tmp_path) as on:
        portfolio, _ = await a_card(on)
        strategy = strategies.preset("balanced", await on.market.markets())

        async def killed(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as dying:
            dying.setattr(portfolios, "save_account", killed)
            with pytest.raises(KeyboardInterrupt):
                await on.program.portfolios.open(PERSON, Mode.PAPER, strategy, {"USDT": D(1000)}, replaces=portfolio.id)
        assert [one.is_open for one in await on.program.portfolios.of(PERSON)] == [True]
        assert await states_of(on, portfolio) == [PlanState.PROPOSED]
        await on.program.portfolios.open(PERSON, Mode.PAPER, strategy, {"USDT": D(1000)}, replaces=portfolio.id)
        assert [one.is_open for one in await on.program.portfolios.of(PERSON)] == [False, True]
        assert await states_of(on, portfolio) == [PlanState.SUPERSEDED]

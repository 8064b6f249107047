"""Plans proposed, answered, overtaken: each answer is decided once, by the database."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chatbot.model import Cause, LegState, PlanState, Reason
from chatbot.plans import outcomes
from tests.portfolio.still_market import PERSON, D, bench

if TYPE_CHECKING:
    from pathlib import Path

    from chatbot.model import Plan, Portfolio
    from tests.portfolio.still_market import Bench

ASKED = (Reason(trigger=Cause.MANUAL),)


async def proposed(on: Bench, portfolio: Portfolio) -> Plan:
    """Ask for a plan after BTC rose by half."""
    on.market.move("BTC", "1.5")
    answer = await on.program.rebalancing.propose(portfolio, ASKED)
    assert isinstance(answer, outcomes.Proposed)
    return answer.plan


@pytest.mark.parametrize(("theta", "after"), [("1", D("0.4")), ("0.5", D("0.425")), ("0", D("0.45"))])
async def test_a_plan_leads_where_theta_says(tmp_path: Path, theta: str, after: object) -> None:
    """Target, midpoint or edge of the band of 5 points, up to lots and fees."""
    async with bench(tmp_path) as on:
        portfolio = await on.balanced()
        portfolio = await on.program.portfolios.change(portfolio, strategy=replace(portfolio.strategy, theta=D(theta)))
        plan = await proposed(on, portfolio)
        weight = next(line.weight for line in plan.after.lines if line.line == "BTC")
        assert weight == pytest.approx(after, abs=D("0.001"))


async def test_a_plan_is_stored_before_it_is_shown_and_carried_out_once(tmp_path: Path) -> None:
    """Many presses at once: one order chain; all later ones are told how it stands."""
    async with bench(tmp_path) as on:
        portfolio = await on.balanced()
        plan = await proposed(on, portfolio)
        answers = await asyncio.gather(*(on.program.rebalancing.confirm(plan.id, PERSON.id) for _ in range(8)))
        assert sum(isinstance(answer, outcomes.Confirmed) for answer in answers) == 1
        assert sum(isinstance(answer, outcomes.Late) for answer in answers) == 7
        assert await on.program.work.run_pending() == 1  # type: ignore[attr-defined]
        late = await on.program.rebalancing.confirm(plan.id, PERSON.id)
        assert isinstance(late, outcomes.Late)
        assert late.plan.state is PlanState.DONE
        assert late.plan.result is not None
        assert all(abs(line.drift) < D("0.01") for line in late.plan.result.lines)


async def test_only_the_owner_may_answer(tmp_path: Path) -> None:
    """Somebody else's press changes nothing and tells nothing."""
    async with bench(tmp_path) as on:
        plan = await proposed(on, await on.balanced())
        service = on.program.rebalancing
        for answer in (await service.confirm(plan.id, 8), await service.skip(plan.id, 8), await service.toggle(plan.id, 8, 0)):
            assert isinstance(answer, outcomes.NotYours)
        assert isinstance(await service.confirm(999, PERSON.id), outcomes.NotYours)
        open_plan = await on.plan((await on.program.portfolios.by_id(plan.portfolio_id)) or pytest.fail("gone"))
        assert open_plan is not None
        assert open_plan.state is PlanState.PROPOSED


async def test_prices_that_moved_are_shown_before_anything_is_sent(tmp_path: Path) -> None:
    """More than a per cent: a new plan takes the place of the old one."""
    async with bench(tmp_path) as on:
        plan = await proposed(on, await on.balanced())
        on.market.move("SOL", "1.02")
        answer = await on.program.rebalancing.confirm(plan.id, PERSON.id)
        assert isinstance(answer, outcomes.Proposed)
        assert answer.plan.id != plan.id
        assert [reason.trigger for reason in answer.plan.reasons] == ["manual", "moved"]
        again = await on.program.rebalancing.confirm(answer.plan.id, PERSON.id)
        assert isinstance(again, outcomes.Confirmed)


async def test_prices_that_moved_a_little_are_not(tmp_path: Path) -> None:
    """Within the person's limit Confirm means Confirm."""
    async with bench(tmp_path) as on:
        plan = await proposed(on, await on.balanced())
        on.market.move("SOL", "1.009")
        assert isinstance(await on.program.rebalancing.confirm(plan.id, PERSON.id), outcomes.Confirmed)


async def test_an_expired_plan_sends_nothing_by_a_millisecond(tmp_path: Path) -> None:
    """At its expiry it is over."""
    async with bench(tmp_path) as on:
        plan = await proposed(on, await on.balanced())
        on.clock.set(plan.expires_at)
        answer = await on.program.rebalancing.confirm(plan.id, PERSON.id)
        assert isinstance(answer, outcomes.Late)
        assert answer.plan.state is PlanState.EXPIRED


async def test_a_leg_left_out_is_not_traded_and_shows_in_the_result(tmp_path: Path) -> None:
    """Edit: the preview changes, and the exchange never hears of the leg."""
    async with bench(tmp_path) as on:
        plan = await proposed(on, await on.balanced())
        index = next(leg.index for leg in plan.legs if leg.instrument == "SOL")
        edited = await on.program.rebalancing.toggle(plan.id, PERSON.id, index)
        assert isinstance(edited, outcomes.Proposed)
        stable = next(line for line in edited.plan.after.lines if line.line == "STABLE")
        assert stable.weight > D("0.25")
        assert edited.plan.fees < plan.fees
        assert isinstance(await on.program.rebalancing.confirm(plan.id, PERSON.id), outcomes.Confirmed)
        await on.program.work.run_pending()  # type: ignore[attr-defined]
        done = await on.program.rebalancing.owned_plan(plan.id, PERSON.id)
        assert done is not None
        assert done.legs[index].state is LegState.DROPPED
        exchange = await on.program.accounts.exchange(plan.portfolio_id)
        assert (await exchange.balances()).spot["SOL"] == 40
        back = await on.program.rebalancing.toggle(plan.id, PERSON.id, index)
        assert isinstance(back, outcomes.Late)


async def test_skip_and_snooze_close_the_plan_once(tmp_path: Path) -> None:
    """The second press is late; a snooze lasts as long as was said."""
    async with bench(tmp_path) as on:
        portfolio = await on.balanced()
        plan = await proposed(on, portfolio)
        skipped = await on.program.rebalancing.skip(plan.id, PERSON.id, until=on.clock.now() + timedelta(hours=1))
        assert isinstance(skipped, outcomes.Proposed)
        assert skipped.plan.state is PlanState.SKIPPED
        assert isinstance(await on.program.rebalancing.skip(plan.id, PERSON.id), outcomes.Late)
        latest = await on.program.portfolios.by_id(portfolio.id)
        assert latest is not None
        assert latest.snoozed_until == on.clock.now() + timedelta(hours=1)


async def test_what_can_not_be_evaluated_gets_no_plan(tmp_path: Path) -> None:
    """A missing price is named."""
    async with bench(tmp_path) as on:
        portfolio = await on.balanced()
        del on.market.prices["SOL"]
        answer = await on.program.rebalancing.propose(portfolio, ASKED)
        assert isinstance(answer, outcomes.CannotEvaluate)
        assert [(problem.code, problem.instrument) for problem in answer.problems] == [("missing_price", "SOL")]


async def test_a_portfolio_on_target_needs_nothing(tmp_path: Path) -> None:
    """No order is better than one that costs more than it mends."""
    async with bench(tmp_path) as on:
        assert isinstance(await on.program.rebalancing.propose(await on.balanced(), ASKED), outcomes.NothingToDo)

"""The check of all portfolios: what rings, what stays quiet, what is written together, and what it costs in fetches."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chatbot.model import INFO, AnswerMode, Cause, Phase, PlanState, Signal
from chatbot.monitor.judge import window_closes
from chatbot.store import plans, portfolios
from chatbot.triggers.market import SignalChange
from tests.portfolio.still_market import START, D, bench

if TYPE_CHECKING:
    from pathlib import Path

    from chatbot.model import Check, Portfolio
    from tests.portfolio.still_market import Bench


async def last_check(on: Bench, portfolio: Portfolio) -> Check:
    """Return what /why would tell."""
    async with on.program.db.read() as tx:
        found = await portfolios.check(tx, portfolio.id)
    assert found is not None
    return found


async def test_a_portfolio_on_target_rings_nobody_and_leaves_the_exact_test_alone(tmp_path: Path) -> None:
    """After one exact look the screen decides; a check costs one fetch."""
    async with bench(tmp_path) as on:
        await on.balanced()
        assert await on.tick() == (0, 0)
        fetched = on.market.fetches
        assert await on.tick() == (0, 0)
        assert on.program.monitor.last is not None
        assert on.program.monitor.last.examined == 0
        assert on.market.fetches == fetched + 1


async def test_a_breach_rings_once_and_its_plan_comes_when_the_window_closes(tmp_path: Path) -> None:
    """Alert at the crossing, silence inside the window, one plan for all lines at its end."""
    async with bench(tmp_path) as on:
        portfolio = await on.balanced()
        await on.tick()
        on.market.move("BTC", "1.5")
        assert await on.tick() == (2, 0)  # BTC over, SOL under: one message
        (alert,) = await on.waiting()
        assert alert.kind == "drift_alert"
        assert [line["line"] for line in alert.facts["lines"]] == ["BTC", "SOL"]
        assert await on.tick(30) == (0, 0)
        assert (await last_check(on, portfolio)).held_back == "window_open"
        assert await on.tick(30) == (0, 1)
        plan = await on.plan(portfolio)
        assert plan is not None
        assert [reason.line for reason in plan.reasons] == ["BTC", "SOL"]
        assert await on.tick() == (0, 0)
        assert (await last_check(on, portfolio)).held_back == "plan_open"


async def test_a_person_who_only_wants_to_know_gets_no_plan(tmp_path: Path) -> None:
    """notify: the alert, and nothing else."""
    async with bench(tmp_path) as on:
        portfolio = await on.balanced()
        await on.program.portfolios.change(portfolio, answer=AnswerMode.NOTIFY)
        await on.tick()
        on.market.move("BTC", "1.5")
        assert await on.tick() == (2, 0)
        assert await on.tick(120) == (0, 0)
        assert await on.plan(portfolio) is None


async def test_what_fired_rings_again_only_when_worse_by_a_step_or_after_release(tmp_path: Path) -> None:
    """Hysteresis of domain 3.2, with the state in the database."""
    async with bench(tmp_path) as on:
        portfolio = await on.balanced()
        await on.program.portfolios.change(portfolio, answer=AnswerMode.NOTIFY)
        await on.tick()
        rang = []
        for factor in ("1.25", "1.001", "1.1", "0.75", "1.3"):
            on.market.move("BTC", factor)
            rang.append((await on.tick())[0])
        # 45.5 % over; a hair more; 47.6 % is worse by a point; back inside; out again
        assert rang == [1, 0, 2, 0, 1]


async def test_the_state_survives_a_restart(tmp_path: Path) -> None:
    """A breach that rang before the restart does not ring after it."""
    async with bench(tmp_path) as on:
        portfolio = await on.balanced()
        await on.program.portfolios.change(portfolio, answer=AnswerMode.NOTIFY)
        on.market.move("BTC", "1.5")
        assert await on.tick() == (2, 0)
    async with bench(tmp_path, start=START + timedelta(hours=1)) as again:
        again.market.move("BTC", "1.5")
        assert await again.tick() == (0, 0)


@pytest.mark.parametrize(("price", "code"), [(None, "missing_price"), (D(0), "zero_price")])
async def test_without_a_price_there_is_no_plan_but_a_word_about_it(tmp_path: Path, price: object, code: str) -> None:
    """Unknown is a state: nothing is concluded from it, and a person is told once it lasts."""
    async with bench(tmp_path) as on:
        portfolio = await on.balanced()
        await on.tick()
        if price is None:
            del on.market.prices["SOL"]
        else:
            on.market.prices["SOL"] = D(0)
        on.market.move("BTC", "1.5")
        for _ in range(5):
            assert await on.tick(90) == (0, 0)
        check = await last_check(on, portfolio)
        assert check.figures is None
        assert check.held_back == "no_data"
        assert {problem.code for problem in check.problems} <= {code, "stale_price"}
        assert [message.kind for message in await on.waiting()] == ["problem"]


async def test_an_unreachable_exchange_lets_prices_grow_stale_not_wrong(tmp_path: Path) -> None:
    """Old quotes are kept, and refused when they are older than a minute."""
    async with bench(tmp_path) as on:
        portfolio = await on.balanced()
        await on.tick()
        on.market.down = True
        on.market.move("BTC", "1.5")
        assert await on.tick(90) == (0, 0)
        check = await last_check(on, portfolio)
        assert check.figures is None
        on.market.down = False
        assert await on.tick() == (2, 0)


async def test_a_snoozed_portfolio_is_heard_when_the_snooze_ends(tmp_path: Path) -> None:
    """A crossing during the snooze is not spent."""
    async with bench(tmp_path) as on:
        portfolio = await on.balanced()
        await on.tick()
        await on.program.portfolios.change(portfolio, snoozed_until=on.clock.now() + timedelta(hours=1))
        on.market.move("BTC", "1.5")
        assert await on.tick() == (0, 0)
        assert (await last_check(on, portfolio)).held_back == "snoozed"
        assert await on.tick(3600) == (2, 0)


async def test_a_paused_portfolio_is_not_watched_until_it_is_resumed(tmp_path: Path) -> None:
    """Pause means nothing at all, resume means from now on."""
    async with bench(tmp_path) as on:
        portfolio = await on.balanced()
        await on.tick()
        await on.program.portfolios.change(portfolio, paused=True)
        on.market.move("BTC", "1.5")
        assert await on.tick() == (0, 0)
        assert len(on.program.roster) == 0
        await on.program.portfolios.change(portfolio, paused=False)
        assert await on.tick() == (2, 0)


async def test_an_unanswered_plan_ends_at_its_time(tmp_path: Path) -> None:
    """The sweep marks it, so that the next trigger is heard."""
    async with bench(tmp_path) as on:
        portfolio = await on.balanced()
        on.market.move("BTC", "1.5")
        await on.tick()
        await on.tick()
        plan = await on.plan(portfolio)
        assert plan is not None
        await on.tick(301)
        async with on.program.db.read() as tx:
            ended = await plans.plan(tx, plan.id)
        assert ended is not None
        assert ended.state is PlanState.EXPIRED


async def test_changed_targets_are_armed_anew(tmp_path: Path) -> None:
    """What fired under the old targets says nothing about the new ones."""
    async with bench(tmp_path) as on:
        portfolio = await on.balanced()
        portfolio = await on.program.portfolios.change(portfolio, answer=AnswerMode.NOTIFY)
        on.market.move("BTC", "1.5")
        assert await on.tick() == (2, 0)
        swapped = replace(portfolio.strategy, weights={**portfolio.strategy.weights, "BTC": D("0.3"), "SOL": D("0.5")})
        await on.program.portfolios.change(portfolio, strategy=swapped)
        assert await on.tick() == (2, 0)


async def test_one_fetch_serves_everybody(tmp_path: Path) -> None:
    """Twenty portfolios cost as many requests as one."""
    async with bench(tmp_path) as on:
        for _ in range(20):
            await on.balanced()
        await on.tick()
        fetched = on.market.fetches
        await on.tick()
        assert on.market.fetches == fetched + 1
        on.market.move("BTC", "1.5")
        fetched = on.market.fetches
        assert await on.tick() == (40, 0)
        assert on.market.fetches <= fetched + 1 + 20  # the paper accounts catch up with the market, each from the same source


def test_the_last_instant_of_the_window_belongs_to_it() -> None:
    """Domain 9.9: inclusive, and what does not wait closes it at once; the release of extreme fear is no hurry."""
    minute = timedelta(seconds=60)
    assert window_closes(START, START + minute, minute, urgent=False)
    assert not window_closes(START, START + timedelta(seconds=59), minute, urgent=False)
    assert window_closes(START, START, minute, urgent=True)
    assert window_closes(START, START + timedelta(seconds=1), minute, urgent=True)
    urgent = {
        (trigger, phase)
        for trigger in INFO
        for phase in Phase
        if SignalChange(signal=Signal(trigger=trigger, enter=D(25), leave=D(30)), event=phase).is_urgent
    }
    assert urgent == {(Cause.FEAR_GREED, Phase.BEGIN)}

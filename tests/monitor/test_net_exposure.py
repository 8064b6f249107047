"""The net exposure has a band of its own: it rings like a line, is planned for like a line, and is not there without futures."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chatbot.model import NET, AnswerMode, Cause
from chatbot.plans import outcomes
from chatbot.portfolio import strategies
from chatbot.store import portfolios
from tests.portfolio.still_market import PERSON, D, bench

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

    from chatbot.model import Check, LineReading, Portfolio, Strategy
    from tests.portfolio.still_market import Bench


async def with_futures(on: Bench) -> Portfolio:
    """Open BTC 40, SOL 30, cash 10 and a sleeve of 20 that is long ETH for 20 % of the value: when ETH moves, only f does."""
    portfolio = await on.balanced()
    weights = {"BTC": D(40), "SOL": D(30), "USDT": D(10), "FUTURES": D(20)}
    strategy, _ = strategies.own_weights(weights, await on.market.markets(), portfolio.strategy)
    assert strategy is not None
    strategy = replace(strategy, futures_split={"ETH-PERP": D(1)}, futures_band_pp=D(3))
    portfolio = await on.program.portfolios.change(portfolio, strategy=strategy)
    await carry_out(on, portfolio)
    assert await on.tick() == (0, 0)
    return portfolio


async def carry_out(on: Bench, portfolio: Portfolio) -> None:
    """Plan and trade."""
    proposed = await on.program.rebalancing.propose(portfolio, ())
    assert isinstance(proposed, outcomes.Proposed)
    await confirm(on, proposed.plan.id)


async def confirm(on: Bench, plan_id: int) -> None:
    """Trade a plan."""
    assert isinstance(await on.program.rebalancing.confirm(plan_id, PERSON.id), outcomes.Confirmed)
    await on.program.work.run_pending()  # type: ignore[attr-defined]


async def exposure(on: Bench, portfolio: Portfolio) -> LineReading | None:
    """Return the net exposure as it stands."""
    seen = await on.program.reports.status(PERSON, portfolio)
    assert seen.check.figures is not None
    return seen.check.figures.exposure


async def last_check(on: Bench, portfolio: Portfolio) -> Check:
    """Return what /why would tell."""
    async with on.program.db.read() as tx:
        found = await portfolios.check(tx, portfolio.id)
    assert found is not None
    return found


async def is_fired(on: Bench, portfolio: Portfolio) -> bool:
    """Tell whether the state in the database says that it rang."""
    async with on.program.db.read() as tx:
        return bool((await portfolios.states(tx, portfolio.id)).get(NET, {}).get("fired"))


def without_futures(strategy: Strategy) -> Strategy:
    """Return the same strategy with the sleeve's share in cash."""
    weights: dict[str, Decimal] = {**strategy.weights, "STABLE": D("0.3"), "FUTURES": D(0)}
    return replace(strategy, weights=weights, futures_net=D(0))


async def test_a_grown_book_rings_although_every_line_is_inside(tmp_path: Path) -> None:
    """A calm portfolio is left to the screen, and the screen sees it: one alert, about the net exposure alone."""
    async with bench(tmp_path) as on:
        portfolio = await with_futures(on)
        await on.tick()
        assert await on.tick() == (0, 0)
        assert on.program.monitor.last is not None
        assert on.program.monitor.last.examined == 0
        on.market.move("ETH", "1.25")
        assert await on.tick() == (1, 0)
        assert (await last_check(on, portfolio)).fired == (NET,)


async def test_a_shrunken_book_rings_too(tmp_path: Path) -> None:
    """ETH falls: 16.7 % is 3.3 points under."""
    async with bench(tmp_path) as on:
        portfolio = await with_futures(on)
        on.market.move("ETH", "0.8")
        assert await on.tick() == (1, 0)
        found = await exposure(on, portfolio)
        assert found is not None
        assert found.breach == "under"


async def test_it_rings_again_only_when_worse_by_a_step_or_after_release(tmp_path: Path) -> None:
    """The hysteresis of the lines (domain 3.2), with the state in the database."""
    async with bench(tmp_path) as on:
        portfolio = await with_futures(on)
        await on.program.portfolios.change(portfolio, answer=AnswerMode.NOTIFY)
        await on.tick()
        rang = []
        for factor in ("1.25", "1.02", "1.1", "0.8", "1.12"):
            on.market.move("ETH", factor)
            rang.append((await on.tick())[0])
        # 23.8 % is out; 24.2 % hardly worse; 26.0 % worse by two points; 21.9 % well inside; 23.9 % out again
        assert rang == [1, 0, 1, 0, 1]


async def test_its_plan_brings_it_back_and_arms_it(tmp_path: Path) -> None:
    """One card for the reason "exposure"; carried out, f is at its target and the next crossing will ring."""
    async with bench(tmp_path) as on:
        portfolio = await with_futures(on)
        on.market.move("ETH", "1.25")
        assert await on.tick() == (1, 0)
        assert await is_fired(on, portfolio)
        assert await on.tick() == (0, 1)
        plan = await on.plan(portfolio)
        assert plan is not None
        assert [(reason.trigger, reason.line) for reason in plan.reasons] == [("exposure", NET)]
        await confirm(on, plan.id)
        found = await exposure(on, portfolio)
        assert found is not None
        assert abs(found.drift) < D("0.002")
        assert await on.tick() == (0, 0)
        assert not await is_fired(on, portfolio)


async def test_a_portfolio_without_futures_has_no_exposure_to_watch(tmp_path: Path) -> None:
    """f* = 0 and no book: nothing to read, nothing to ring."""
    async with bench(tmp_path) as on:
        portfolio = await on.balanced()
        await on.tick()
        on.market.move("ETH", "1.5")
        assert await on.tick() == (0, 0)
        assert await exposure(on, portfolio) is None


async def test_a_book_that_is_no_longer_wanted_is_closed_for_the_new_targets(tmp_path: Path) -> None:
    """f* = 0 with an open book of 20 %: it has not drifted, so nothing rings; the new targets are why the plan closes it."""
    async with bench(tmp_path) as on:
        portfolio = await with_futures(on)
        portfolio = await on.program.portfolios.change(portfolio, strategy=without_futures(portfolio.strategy))
        assert await on.tick() == (0, 0)
        assert await on.tick() == (0, 1)
        plan = await on.plan(portfolio)
        assert plan is not None
        assert [reason.trigger for reason in plan.reasons] == [Cause.TARGETS]
        await confirm(on, plan.id)
        assert await exposure(on, portfolio) is None

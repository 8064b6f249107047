"""Margin in danger rings when it begins, again when liquidation is nearer by a step or at the reminder, and while a plan is under way."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from chatbot.model import AlertSettings, AnswerMode, PlanState
from chatbot.plans.outcomes import Confirmed
from chatbot.portfolio.states import Danger, PortfolioStates
from chatbot.portfolio.stored import states as remembered
from chatbot.store import accounts
from tests.monitor.test_triggers import kinds, stage
from tests.portfolio.still_market import PERSON, START

if TYPE_CHECKING:
    from pathlib import Path

    from chatbot.model import Portfolio
    from tests.monitor.test_triggers import Stage

D = Decimal


async def _exposed(on: Stage, answer: AnswerMode = AnswerMode.NOTIFY) -> Portfolio:
    """Open a portfolio whose long futures are eight and a half times the money behind them."""
    portfolio = await on.open(sleeve_cap=D(20), gross_cap=D(3), futures_net=D("0.85"))
    return await on.room.program.portfolios.change(portfolio, answer=answer)


async def _distance(on: Stage, portfolio: Portfolio) -> Decimal:
    found = await on.room.program.evaluator.look(portfolio, fresh=True)
    assert found.figures is not None
    assert found.figures.liquidation is not None
    return found.figures.liquidation


async def _rings(on: Stage) -> int:
    on.room.clock.advance(60)
    await on.room.tick()
    return kinds(await on.room.mail()).count("margin_alert")


async def test_it_rings_again_when_liquidation_is_nearer_by_a_step_and_after_it_was_well_away(tmp_path: Path) -> None:
    """Down by a point at a time: once below the limit, once for every two points that it comes nearer, once more after a recovery."""
    async with stage(tmp_path) as on:
        portfolio = await _exposed(on)
        heard: list[tuple[Decimal, int]] = []
        for factor in ("0.94", *["0.995"] * 8):
            on.room.market.move("BTC", factor)
            on.room.market.move("ETH", factor)
            rings = await _rings(on)
            heard.append((await _distance(on, portfolio), rings))
        told = [distance for distance, rings in heard if rings]
        assert told[0] < D("0.1")
        assert len(told) >= 3, heard
        assert all(before - after >= D("0.02") for before, after in pairwise(told)), heard
        assert all(rings <= 1 for _, rings in heard)
        for asset in ("BTC", "ETH"):
            on.room.market.move(asset, "1.12")
        assert await _rings(on) == 0
        for asset in ("BTC", "ETH"):
            on.room.market.move(asset, "0.89")
        assert await _rings(on) == 1, "after release it begins anew"


async def test_it_rings_again_at_the_reminder_and_never_where_none_is_set(tmp_path: Path) -> None:
    """The reminder of /alerts, counted from the last ring."""
    async with stage(tmp_path) as on:
        await _exposed(on)
        for asset in ("BTC", "ETH"):
            on.room.market.move(asset, "0.93")
        assert await _rings(on) == 1
        for _ in range(5):
            on.room.clock.advance(3600)
            assert await _rings(on) == 0
        async with on.room.program.db.transaction() as tx:
            await accounts.change_person(tx, PERSON.id, alerts=AlertSettings(reminder_h=4))
        assert await _rings(on) == 1
        on.room.clock.advance(3 * 3600)
        assert await _rings(on) == 0
        on.room.clock.advance(3600)
        assert await _rings(on) == 1


@pytest.mark.long
async def test_it_rings_while_a_plan_is_under_way_and_is_asked_for_after_it(tmp_path: Path) -> None:
    """A patient plan may last for an hour: the alarm does not wait for its end, says that one is under way, and its own plan follows."""
    async with stage(tmp_path) as on:
        portfolio = await _exposed(on, AnswerMode.ASK)
        on.room.market.move("SOL", "1.4")
        while (plan := await on.room.plan(portfolio)) is None:
            on.room.clock.advance(60)
            await on.room.tick()
        assert isinstance(await on.room.program.rebalancing.confirm(plan.id, PERSON.id), Confirmed)
        await on.room.mail()
        for asset in ("BTC", "ETH"):
            on.room.market.move(asset, "0.93")
        on.room.clock.advance(60)
        await on.room.tick()
        told = [message for message in await on.room.mail() if message.kind == "margin_alert"]
        assert [message.facts["under_way"] for message in told] == [True]
        assert await _rings(on) == 0
        async with on.room.program.db.transaction() as tx:
            states = await remembered.read(tx, portfolio.id)
            assert states.danger is not None
            assert not states.danger.asked
        await on.room.program.work.run_pending()  # type: ignore[attr-defined]
        ended = await on.room.plan(portfolio)
        assert ended is None or ended.state is PlanState.PROPOSED
        for asset in ("BTC", "ETH"):
            on.room.market.move(asset, "0.99")
        assert await _rings(on) == 1, "no step nearer than it was told, but nothing has been asked for yet"
        following = await on.room.plan(portfolio)
        assert following is not None
        assert following.reasons[0].trigger == "margin"


def test_an_emergency_of_an_older_version_is_read_as_one_that_was_told() -> None:
    """Its row says only that it has rung: it does not ring anew, and nothing is asked for a second time."""
    assert remembered.decoded({"margin": {"fired": True}}).danger == Danger()
    assert remembered.decoded({"margin": {"fired": False}}).danger is None
    known = Danger(distance=D("0.08"), told=START, asked=False)
    assert remembered.decoded(remembered.encoded(PortfolioStates(danger=known))).danger == known

"""Opening a portfolio and changing it while others do: nothing is lost, and only what rests on a setting is armed again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chatbot.errors import ShutOut
from chatbot.model import AnswerMode, BandRule, Cause, Mode, PlanState, Reason, Role, ScheduleRule
from chatbot.plans import outcomes
from chatbot.portfolio import strategies
from chatbot.portfolio.stored import states
from chatbot.store import accounts, portfolios
from tests.meanwhile import meanwhile
from tests.portfolio.still_market import PERSON, START, D, bench

if TYPE_CHECKING:
    from pathlib import Path

    from chatbot.model import Portfolio
    from tests.portfolio.still_market import Bench


async def stored(on: Bench, portfolio: Portfolio) -> Portfolio:
    """Return a portfolio as it is in the database."""
    found = await on.program.portfolios.by_id(portfolio.id)
    assert found is not None
    return found


async def test_a_change_keeps_what_was_changed_while_it_was_on_its_way(tmp_path: Path) -> None:
    """Two hands at two settings: both count, and the caller gets the row as it is."""
    async with bench(tmp_path) as on:
        portfolio = await on.balanced()

        async def other_hand() -> None:
            await on.program.portfolios.rename(PERSON, portfolio.id, "long term")
            await on.program.portfolios.pause(PERSON)

        with meanwhile(on.program.db, other_hand):
            changed = await on.program.portfolios.change(portfolio, answer=AnswerMode.NOTIFY)
        assert (changed.name, changed.paused, changed.answer) == ("long term", True, AnswerMode.NOTIFY)
        assert changed == await stored(on, portfolio)


async def test_schedules_follow_their_person_with_what_else_was_changed_meanwhile(tmp_path: Path) -> None:
    """The rows are read in the transaction: a new band is not put back, and only schedules of another zone are counted from now."""
    async with bench(tmp_path) as on:
        rule = ScheduleRule(freq="daily", time="09:00", zone="UTC", set_at=START)
        portfolio = await on.balanced()
        calendar = replace(portfolio.strategy, schedule=rule)
        wider = replace(calendar, bands={**calendar.bands, "BTC": BandRule(abs_pp=D(9))})
        portfolio = await on.program.portfolios.change(portfolio, strategy=calendar)
        on.clock.advance(3600)
        moved = replace(PERSON, zone="Asia/Kolkata")
        with meanwhile(on.program.db, lambda: on.program.portfolios.change(portfolio, strategy=wider)):
            await on.program.portfolios.move_zone(moved)
        after = (await stored(on, portfolio)).strategy
        assert after == replace(wider, schedule=replace(rule, zone="Asia/Kolkata", set_at=on.clock.now()))
        on.clock.advance(3600)
        await on.program.portfolios.move_zone(moved)
        assert (await stored(on, portfolio)).strategy == after, "they are there already"


@pytest.mark.parametrize(
    ("what", "armed"),
    [
        ("bands", True),
        ("weights", True),
        ("theta", True),
        ("schedule", False),
        ("triggers", False),
        ("tilt", False),
        ("turnover_budget", False),
    ],
)
async def test_lines_are_armed_again_only_where_they_rest_on_what_changed(tmp_path: Path, what: str, armed: bool) -> None:
    """Other targets and bands make a line news again; the calendar, the triggers and how a plan trades do not."""
    async with bench(tmp_path) as on:
        portfolio = await on.balanced()
        await on.program.portfolios.change(portfolio, answer=AnswerMode.NOTIFY)
        on.market.move("BTC", "1.5")
        assert await on.tick() == (2, 0)
        strategy = portfolio.strategy
        to = {
            "bands": {**strategy.bands, "BTC": BandRule(abs_pp=D(4))},
            "weights": {**strategy.weights, "BTC": D("0.39"), "SOL": D("0.41")},
            "theta": D("0.5"),
            "schedule": ScheduleRule(freq="daily", time="03:00", zone="UTC", set_at=on.clock.now()),
            "triggers": {**strategy.triggers, Cause.FEAR_GREED: replace(strategy.setting(Cause.FEAR_GREED), on=False)},
            "tilt": D("0.1"),
            "turnover_budget": D("0.2"),
        }[what]
        await on.program.portfolios.change(portfolio, strategy=replace(strategy, **{what: to}))
        async with on.program.db.read() as tx:
            lines = (await states.read(tx, portfolio.id)).lines
        assert (not lines) is armed
        assert ((await on.tick())[0] > 0) is armed


async def test_a_card_ends_with_its_settings_and_outlives_a_name(tmp_path: Path) -> None:
    """What Confirm covers is what the card rests on; a pause and a name are no part of it."""
    async with bench(tmp_path) as on:
        portfolio = await on.balanced()
        on.market.move("BTC", "1.5")
        made = await on.program.rebalancing.propose(portfolio, (Reason(trigger=Cause.MANUAL),))
        assert isinstance(made, outcomes.Proposed)
        await on.program.portfolios.rename(PERSON, portfolio.id, "other")
        for fields in ({"paused": True}, {"paused": False}, {"snoozed_until": on.clock.now() + timedelta(hours=1)}):
            await on.program.portfolios.change(portfolio, **fields)
            assert await on.plan(portfolio) is not None, fields
        await on.program.portfolios.change(portfolio, answer=AnswerMode.NOTIFY)
        assert await on.plan(portfolio) is None
        old = await on.program.rebalancing.owned_plan(made.plan.id, PERSON.id)
        assert old is not None
        assert old.state is PlanState.SUPERSEDED


async def test_who_is_blocked_while_a_portfolio_is_opened_gets_none(tmp_path: Path) -> None:
    """The role is read in the transaction that would store it."""
    async with bench(tmp_path) as on:
        strategy = strategies.preset("balanced", await on.market.markets())

        async def block() -> None:
            async with on.program.db.transaction() as tx:
                await accounts.change_person(tx, PERSON.id, role=Role.BLOCKED)

        with pytest.raises(ShutOut), meanwhile(on.program.db, block):
            await on.program.portfolios.open(PERSON, Mode.PAPER, strategy, {"USDT": D(1000)})
        async with on.program.db.read() as tx:
            assert await portfolios.of_person(tx, PERSON.id) == ()

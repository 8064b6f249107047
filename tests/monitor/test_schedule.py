"""The calendar in the check of all portfolios: what is run at its time, made up for, left out, and never done twice."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from chatbot.model import AnswerMode, Outcome, PlanState, ScheduleRule, Strategy
from chatbot.store import accounts, plans, portfolios, tables
from chatbot.store.codec import decode, encode
from chatbot.triggers import schedule
from tests.portfolio.still_market import PERSON, START, D, bench

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from chatbot.model import Check, Portfolio
    from chatbot.portfolio.states import ScheduleMark
    from tests.portfolio.still_market import Bench

#: START is Monday 2 March 2026, 09:00 UTC
HALF_PAST = ScheduleRule(freq="daily", time="09:30", zone="UTC", set_at=START)
HOUR = timedelta(hours=1)


async def scheduled(on: Bench, rule: ScheduleRule = HALF_PAST, **fields: Any) -> Portfolio:
    """Open a portfolio on its targets, give it a schedule, and let BTC move it 1.2 points off: inside its band."""
    portfolio = await on.balanced()
    strategy = replace(portfolio.strategy, schedule=rule)
    portfolio = await on.program.portfolios.change(portfolio, strategy=strategy, **fields)
    on.market.move("BTC", "1.05")
    return portfolio


async def plans_of(on: Bench, portfolio: Portfolio) -> tuple[str, ...]:
    """Return when each plan of the portfolio was made, oldest first, with its triggers."""
    async with on.program.db.read() as tx:
        found = await plans.plans(tx, portfolio.id, limit=100)
    return tuple(f"{plan.created_at:%d %H:%M} {'+'.join(reason.trigger for reason in plan.reasons)}" for plan in reversed(found))


async def check_of(on: Bench, portfolio: Portfolio) -> Check:
    """Return what /why would tell."""
    async with on.program.db.read() as tx:
        found = await portfolios.check(tx, portfolio.id)
    assert found is not None
    return found


async def mark_of(on: Bench, portfolio: Portfolio) -> ScheduleMark:
    """Return how far the calendar has come."""
    return (await on.program.reports.calendar(portfolio))[1]


async def told(on: Bench) -> list[tuple[str, Any, bool]]:
    """Return everything that was ever posted about the calendar, and every card: kind, number of runs, silent."""
    columns = tables.outbox.c
    async with on.program.db.read() as tx:
        rows = await tx.execute(select(columns.kind, columns.facts, columns.silent).order_by(columns.id))
    return [(row.kind, row.facts.get("count"), row.silent) for row in rows if row.kind.startswith("schedule_") or row.kind == "plan_card"]


async def test_a_due_run_makes_a_plan_at_once_though_every_line_is_inside(tmp_path: Path) -> None:
    """The calm portfolio is off the exact test until its minute comes; then a card rings, for the calendar alone."""
    async with bench(tmp_path) as on:
        portfolio = await scheduled(on)
        assert await on.tick() == (0, 0)
        assert await on.tick() == (0, 0)
        assert on.program.monitor.last is not None
        assert on.program.monitor.last.examined == 0
        assert await on.tick(27 * 60) == (0, 0)  # 09:29
        assert await on.tick() == (0, 1)
        assert await plans_of(on, portfolio) == ("02 09:30 schedule",)
        assert await told(on) == [("plan_card", None, False)]


@pytest.mark.long
async def test_a_run_happens_once_and_again_the_next_day(tmp_path: Path) -> None:
    """Neither the same day nor an unanswered plan brings it back."""
    async with bench(tmp_path) as on:
        portfolio = await scheduled(on)
        made = [await on.tick(1800) for _ in range(24 * 2)]
        assert sum(planned for _, planned in made) == 1
        assert await on.tick(1800) == (0, 1)
        assert await plans_of(on, portfolio) == ("02 09:30 schedule", "03 09:30 schedule")


async def test_a_restart_does_not_repeat_a_run(tmp_path: Path) -> None:
    """What was done is in the database; the new process finds it before its first check."""
    async with bench(tmp_path) as on:
        portfolio = await scheduled(on)
        assert await on.tick(1800) == (0, 1)
    async with bench(tmp_path, start=START + HOUR) as again:
        again.market.move("BTC", "1.05")
        assert await again.tick() == (0, 0)
        assert await plans_of(again, portfolio) == ("02 09:30 schedule",)


@pytest.mark.parametrize(
    ("rule", "asleep", "gone", "made"),
    [
        (HALF_PAST, timedelta(hours=6, minutes=29), 0, 1),  # 6 h after 09:30, inclusive
        (HALF_PAST, timedelta(hours=6, minutes=30), 1, 0),
        (HALF_PAST, timedelta(days=2, hours=1), 2, 1),
        (replace(HALF_PAST, freq="weekly", weekday=0), timedelta(hours=24, minutes=29), 0, 1),
        (replace(HALF_PAST, freq="weekly", weekday=0), timedelta(hours=24, minutes=30), 1, 0),
        (replace(HALF_PAST, freq="monthly", day=2), timedelta(hours=72, minutes=29), 0, 1),
        (replace(HALF_PAST, freq="monthly", day=2), timedelta(hours=72, minutes=30), 1, 0),
    ],
    ids=lambda value: value.freq if isinstance(value, ScheduleRule) else str(value),
)
async def test_after_a_stop_only_the_latest_run_within_its_grace_is_made_up_for(
    tmp_path: Path, rule: ScheduleRule, asleep: timedelta, gone: int, made: int
) -> None:
    """The others are counted to the person, once and without a sound."""
    async with bench(tmp_path) as on:
        portfolio = await scheduled(on, rule)
        await on.tick()
    async with bench(tmp_path, start=START + asleep) as again:
        again.market.move("BTC", "1.05")
        assert await again.tick() == (0, made)
        assert len(await plans_of(again, portfolio)) == made
        await again.tick()
        assert [one for one in await told(again) if one[0] == "schedule_skipped"] == [("schedule_skipped", gone, True)] * bool(gone)


@pytest.mark.long
async def test_a_time_that_the_clock_jumps_over_is_run_an_hour_later_by_the_wall_and_once(tmp_path: Path) -> None:
    """Europe/Berlin, 29 March 2026: 02:30 does not exist and becomes 03:30, which is 01:30 UTC; the day after it is 00:30 UTC."""
    before = datetime(2026, 3, 27, 12, 0, tzinfo=UTC)
    async with bench(tmp_path, start=before) as on:
        portfolio = await scheduled(on, ScheduleRule(freq="daily", time="02:30", zone="Europe/Berlin", set_at=before))
        for hour in range(3 * 24):
            for seconds in (1800, 1800) if (before.hour + hour) % 24 < 3 else (3600,):
                await on.tick(seconds)
        assert await plans_of(on, portfolio) == ("28 01:30 schedule", "29 01:30 schedule", "30 00:30 schedule")


@pytest.mark.long
async def test_a_time_that_comes_twice_is_run_the_first_time_only(tmp_path: Path) -> None:
    """Europe/Berlin, 25 October 2026: 02:30 is 00:30 and 01:30 UTC."""
    before = datetime(2026, 10, 24, 12, 0, tzinfo=UTC)
    async with bench(tmp_path, start=before) as on:
        portfolio = await scheduled(on, ScheduleRule(freq="daily", time="02:30", zone="Europe/Berlin", set_at=before))
        for hour in range(2 * 24):
            for seconds in (1800, 1800) if (before.hour + hour) % 24 < 3 else (3600,):
                await on.tick(seconds)
        assert await plans_of(on, portfolio) == ("25 00:30 schedule", "26 01:30 schedule")


async def test_with_only_if_outside_a_run_inside_the_bands_is_done_without_a_word(tmp_path: Path) -> None:
    """It is settled all the same, and the same schedule acts when a line is outside."""
    async with bench(tmp_path) as on:
        portfolio = await scheduled(on, replace(HALF_PAST, only_outside=True))
        assert await on.tick(1800) == (0, 0)
        assert (await mark_of(on, portfolio)).outcome == Outcome.INSIDE
        assert (await check_of(on, portfolio)).held_back == "inside"
        assert await told(on) == []
        await on.tick(23 * 3600)
        on.market.move("BTC", "1.5")
        await on.tick()  # rings, and its window makes a plan that is skipped by nobody
        await on.tick()
        assert await on.tick(3600) == (0, 1)
        assert await plans_of(on, portfolio) == ("03 08:32 drift+drift", "03 09:32 schedule+drift+drift")


async def test_with_a_least_drift_a_run_waits_until_something_is_as_far_off_inside_its_band_too(tmp_path: Path) -> None:
    """BTC has drifted by 1.2 points, inside its band of 5: for a run that asks for 2 that is too little, for one that asks for 1 enough."""
    async with bench(tmp_path) as on:
        portfolio = await scheduled(on, replace(HALF_PAST, least=D("0.02")))
        assert await on.tick(1800) == (0, 0)
        assert (await mark_of(on, portfolio)).outcome == Outcome.INSIDE
        assert await told(on) == []
        latest = await on.program.portfolios.by_id(portfolio.id)
        assert latest is not None
        rule = replace(HALF_PAST, least=D("0.01"))
        await on.program.portfolios.change(latest, strategy=replace(latest.strategy, schedule=rule))
        assert await on.tick(24 * 3600) == (0, 1)
        assert await plans_of(on, portfolio) == ("03 09:30 schedule",)


async def test_when_no_order_is_worth_its_fees_the_run_is_done_and_why_says_so(tmp_path: Path) -> None:
    """Exactly on target: an empty block is no plan, and nobody is rung for it."""
    async with bench(tmp_path) as on:
        portfolio = await scheduled(on)
        on.market.move("BTC", "0.9523809523809523809523809524")
        assert await on.tick(1800) == (0, 0)
        assert (await mark_of(on, portfolio)).outcome == Outcome.NOTHING
        assert (await check_of(on, portfolio)).held_back == "no_orders"
        assert await told(on) == []


async def test_a_paused_portfolio_has_no_runs_and_takes_up_the_latest_when_it_is_resumed(tmp_path: Path) -> None:
    """Within the grace it is run on resume; beyond it, it is only told."""
    async with bench(tmp_path) as on:
        portfolio = await scheduled(on, paused=True)
        assert await on.tick(3600) == (0, 0)
        await on.program.portfolios.change(portfolio, paused=False)
        assert await on.tick() == (0, 1)
        await on.program.portfolios.change(portfolio, paused=True)
        assert await on.tick(3 * 24 * 3600 + 8 * 3600) == (0, 0)
        await on.program.portfolios.change(portfolio, paused=False)
        assert await on.tick() == (0, 0)
        assert await plans_of(on, portfolio) == ("02 10:01 schedule",)
        assert await told(on) == [("plan_card", None, False), ("schedule_skipped", 3, True)]


async def test_a_snooze_lets_the_run_wait(tmp_path: Path) -> None:
    """Silence that was asked for is kept; the run comes when it ends."""
    async with bench(tmp_path) as on:
        portfolio = await scheduled(on, snoozed_until=START + 2 * HOUR)
        assert await on.tick(1800) == (0, 0)
        assert (await check_of(on, portfolio)).held_back == "snoozed"
        assert await on.tick(5400) == (0, 1)
        assert await plans_of(on, portfolio) == ("02 11:00 schedule",)


async def test_a_run_waits_for_an_open_plan_and_for_an_open_window(tmp_path: Path) -> None:
    """One plan at a time; what comes due inside a batching window joins its plan."""
    async with bench(tmp_path) as on:
        portfolio = await scheduled(on)
        await on.tick(27 * 60)
        on.market.move("BTC", "1.5")
        await on.tick(60 + 90)  # 09:29:30 rings, the window closes at 09:30:30
        assert await on.tick(30) == (0, 0)
        assert (await check_of(on, portfolio)).held_back == "window_open"
        assert await on.tick(30) == (0, 1)
        assert await plans_of(on, portfolio) == ("02 09:30 schedule+drift+drift",)
        await on.tick(24 * 3600 - 120)  # the next day, 09:28:30: expired long ago
        plan = await on.program.rebalancing.propose(portfolio, (schedule.REASON,))
        assert plan is not None
        assert await on.tick(120) == (0, 0)
        assert (await check_of(on, portfolio)).held_back == "plan_open"
        assert await on.tick(300) == (0, 1)
        assert (await plans_of(on, portfolio))[-1] == "03 09:35 schedule+drift+drift"


async def test_who_only_wants_to_know_is_rung_and_gets_no_plan(tmp_path: Path) -> None:
    """notify: a word at the time of the schedule, once."""
    async with bench(tmp_path) as on:
        portfolio = await scheduled(on, answer=AnswerMode.NOTIFY)
        assert await on.tick(1800) == (1, 0)
        assert await on.tick() == (0, 0)
        assert await told(on) == [("schedule_due", None, False)]
        assert await plans_of(on, portfolio) == ()
        assert (await mark_of(on, portfolio)).outcome == Outcome.TOLD


async def test_without_prices_the_run_waits_for_them(tmp_path: Path) -> None:
    """Unknown is no reason to act, and none to forget."""
    async with bench(tmp_path) as on:
        portfolio = await scheduled(on)
        await on.tick()
        on.market.down = True
        assert await on.tick(1800) == (0, 0)
        on.market.down = False
        assert await on.tick() == (0, 1)
        assert await plans_of(on, portfolio) == ("02 09:32 schedule",)


@pytest.mark.long
async def test_another_zone_moves_the_next_run_and_never_runs_a_date_twice(tmp_path: Path) -> None:
    """Run on Monday in UTC, then moved to New York: Monday's 09:30 there is passed over, Tuesday's is run."""
    async with bench(tmp_path) as on:
        portfolio = await scheduled(on)
        assert await on.tick(1800) == (0, 1)
        async with on.program.db.transaction() as tx:
            moved = replace(PERSON, zone="America/New_York")
            await accounts.change_person(tx, moved.id, zone=moved.zone)
        await on.program.portfolios.move_zone(moved)
        portfolio = await on.program.portfolios.by_id(portfolio.id) or portfolio
        upcoming, _ = await on.program.reports.calendar(portfolio)
        assert upcoming == datetime(2026, 3, 3, 14, 30, tzinfo=UTC)
        for _ in range(36):
            await on.tick(3600)
        assert await plans_of(on, portfolio) == ("02 09:30 schedule", "03 14:30 schedule")


async def test_a_schedule_leaves_what_has_rung_alone_and_new_targets_leave_the_calendar(tmp_path: Path) -> None:
    """Setting a time does not ring again for an old crossing; changed targets do not run the day again."""
    async with bench(tmp_path) as on:
        portfolio = await scheduled(on, answer=AnswerMode.NOTIFY)
        assert await on.tick(1800) == (1, 0)
        on.market.move("BTC", "1.5")
        assert await on.tick() == (2, 0)
        later = replace(HALF_PAST, time="12:00", set_at=on.clock.now())
        portfolio = await on.program.portfolios.change(portfolio, strategy=replace(portfolio.strategy, schedule=later))
        assert await on.tick() == (0, 0)
        await on.program.portfolios.change(portfolio, strategy=replace(portfolio.strategy, theta=portfolio.strategy.theta / 2))
        assert await on.tick() == (2, 0)
        assert (await mark_of(on, portfolio)).date == "2026-03-02"


async def test_a_confirmed_scheduled_plan_is_carried_out(tmp_path: Path) -> None:
    """The calendar's plan is like every other."""
    async with bench(tmp_path) as on:
        portfolio = await scheduled(on)
        await on.tick(1800)
        plan = await on.plan(portfolio)
        assert plan is not None
        await on.program.rebalancing.confirm(plan.id, PERSON.id)
        async with on.program.db.read() as tx:
            stored = await plans.plan(tx, plan.id)
        assert stored is not None
        assert stored.state is PlanState.CONFIRMED


async def test_a_strategy_of_before_there_were_schedules_is_read_and_has_none(tmp_path: Path) -> None:
    """No migration: what an earlier version stored lacks the field; what this one stores comes back as it was."""
    async with bench(tmp_path) as on:
        portfolio = await scheduled(on)
        stored = json.loads(encode(portfolio.strategy))
        assert decode(Strategy, json.dumps(stored)) == portfolio.strategy
        del stored["schedule"]
        assert decode(Strategy, json.dumps(stored)) == replace(portfolio.strategy, schedule=None)


async def test_of_many_calm_portfolios_only_those_whose_time_has_come_are_looked_at(tmp_path: Path) -> None:
    """Twenty are calm, one of them has an appointment: it alone leaves the screen, at its minute."""
    async with bench(tmp_path) as on:
        for _ in range(19):
            await on.balanced()
        await scheduled(on, replace(HALF_PAST, time="09:03"))
        seen = []
        for _ in range(4):
            await on.tick()
            assert on.program.monitor.last is not None
            seen.append((on.program.monitor.last.examined, on.program.monitor.last.plans))
        assert seen == [(20, 0), (0, 0), (1, 1), (1, 0)]

"""The demo's market runs at real speed while a card waits, little faster while a plan is carried out, and then at its own again."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.exchanges.markets.markettime import MarketTime
from chatbot.execution.pace import Pace
from chatbot.model import PlanState
from chatbot.played.tempo import REAL, UNDER_WAY, Need, Why, is_closing, need_of, slowest
from chatbot.store import portfolios
from chatbot.store.plans import Pending
from tests.person import someone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.person import Someone

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FULL = 600.0
SPEEDS = st.sampled_from((REAL, 2.5, UNDER_WAY, 320.0, FULL, 9_999.0))


@given(st.lists(st.tuples(st.integers(0, 90_000_000), SPEEDS), max_size=12), st.integers(0, 90_000_000))
def test_a_market_that_changes_its_speed_never_jumps_or_runs_backwards(changes: list[tuple[int, float]], rest: int) -> None:
    """What was shown before a change is shown after it, and each stretch runs as fast as it was told, at most at its own speed."""
    time, now = MarketTime(NOW, NOW, FULL), NOW
    for micros, speed in [*changes, (rest, FULL)]:
        then = now + timedelta(microseconds=micros)
        passed = time.at(then) - time.at(now)
        assert abs(passed - (then - now) * time.running_at) <= timedelta(milliseconds=1)
        changed = time.running(speed, then)
        assert timedelta(0) <= changed.at(then) - time.at(then) <= timedelta(milliseconds=2)
        assert changed.running_at == min(speed, FULL)
        assert abs(changed.at(now) - time.at(now)) <= timedelta(milliseconds=2) or time.slow is not None
        assert abs(changed.back(changed.at(then + MINUTE)) - (then + MINUTE)) <= timedelta(milliseconds=1)
        time, now = changed, then


def pending(state: PlanState, *, number: int = 3, age_s: float = 10.0, lasts: timedelta = MINUTE) -> Pending:
    """Return a plan that was made, or decided, so long ago."""
    at = NOW - timedelta(seconds=age_s)
    decided = None if state is PlanState.PROPOSED else at
    return Pending(number=number, state=state, created_at=at, expires_at=at + lasts, decided_at=decided)


def test_a_card_needs_real_speed_until_it_has_run_out() -> None:
    card = need_of(pending(PlanState.PROPOSED), NOW, MINUTE)
    assert card == Need(why=Why.ANSWER, speed=REAL, plan=3)
    assert need_of(pending(PlanState.PROPOSED, age_s=60), NOW, MINUTE) is None


def test_a_card_that_is_carried_out_by_hand_holds_the_market_no_longer_than_another() -> None:
    month = timedelta(days=30)
    assert need_of(pending(PlanState.PROPOSED, age_s=59, lasts=month), NOW, MINUTE) is not None
    assert need_of(pending(PlanState.PROPOSED, age_s=61, lasts=month), NOW, MINUTE) is None


@given(st.floats(0, 1e9))
def test_a_plan_that_takes_long_is_waited_for_less_and_less(age_s: float) -> None:
    """Nobody waits much longer than twenty seconds: by then the market runs as fast as it ever does."""
    need = need_of(pending(PlanState.RUNNING, age_s=age_s), NOW, MINUTE)
    assert need is not None
    assert need.speed == UNDER_WAY if age_s <= 10 else need.speed > UNDER_WAY
    assert age_s < 20 or need.speed >= FULL


def test_the_slowest_need_wins() -> None:
    needs = [Need(why=Why.PLAN, speed=UNDER_WAY, plan=1), Need(why=Why.DRAFT, speed=REAL), Need(why=Why.ANSWER, speed=REAL, plan=2)]
    assert slowest(needs) == needs[2]
    assert slowest(needs[:2]) == needs[1]
    assert slowest([]) is None


def test_a_market_is_slow_when_a_batching_window_closes_and_not_for_one_that_was_forgotten() -> None:
    window = timedelta(seconds=8)
    late = [s for s in range(60) if is_closing(NOW, NOW + timedelta(seconds=s), window)]
    assert late == [7, 8, 9, 10]


@asynccontextmanager
async def demo(folder: Path) -> AsyncIterator[Someone]:
    """Give somebody in the demo, with its speed, a card of a minute, and a market that nothing happens in by itself."""
    async with someone(folder, market_speed=FULL, plan_expiry_s=60, pace=Pace(speed=UNDER_WAY, poll_s=20)) as ann:
        yield ann


def market(ann: Someone) -> datetime:
    """Return the market's time."""
    return ann.program.source.market_time(ann.clock.now())


async def speed(ann: Someone, seconds: float) -> float:
    """Let time pass and return how fast the market ran meanwhile."""
    begun = market(ann)
    ann.clock.advance(seconds)
    passed = market(ann) - begun
    await ann.program.tempo.look()
    return round(passed / timedelta(seconds=seconds), 3)


@pytest.mark.long
async def test_from_the_card_to_its_result_the_market_keeps_to_the_persons_time(tmp_path: Path) -> None:
    async with demo(tmp_path) as ann:
        await ann.set_up()
        assert await speed(ann, 50) == REAL
        assert ann.program.tempo.need == Need(why=Why.ANSWER, speed=REAL, plan=1)
        begun = ann.clock.now()
        await ann.tap("Confirm")  # a minute of the market is no reason to refuse it
        await ann.program.tempo.look()
        assert ann.program.tempo.need == Need(why=Why.PLAN, speed=UNDER_WAY, plan=1)
        await ann.work()
        assert "done" in ann.last.text
        assert (ann.clock.now() - begun).total_seconds() <= 20
        await ann.program.tempo.look()
        assert ann.program.tempo.need is None
        assert await speed(ann, 10) == FULL


@pytest.mark.parametrize("press", ["Skip", None])
async def test_after_the_answer_the_market_goes_on_at_its_speed(tmp_path: Path, press: str | None) -> None:
    async with demo(tmp_path) as ann:
        await ann.set_up()
        if press is None:
            await speed(ann, 61)
        else:
            await ann.tap(press)
            await ann.program.tempo.look()
        assert ann.program.tempo.need is None
        assert await speed(ann, 10) == FULL


async def test_a_restart_finds_the_market_as_slow_as_the_card_on_it_needs(tmp_path: Path) -> None:
    """Else the prices of a card that outlived the process would be hours old."""
    async with demo(tmp_path) as ann:
        await ann.set_up()
        before = market(ann)
        clock, loopback = ann.clock, ann.loopback
    clock.advance(20)
    async with someone(tmp_path, clock=clock, loopback=loopback, market_speed=FULL, plan_expiry_s=60) as ann:
        assert timedelta(0) <= market(ann) - before - timedelta(seconds=20) < timedelta(milliseconds=10)
        await ann.program.tempo.look()
        assert await speed(ann, 41) == REAL
        assert await speed(ann, 10) == FULL


async def test_the_market_slows_down_before_a_batching_window_closes_and_a_card_is_priced(tmp_path: Path) -> None:
    async with demo(tmp_path) as ann:
        await ann.set_up()
        await ann.tap("Skip")
        async with ann.program.db.transaction() as tx:
            await portfolios.save_windows(tx, {await ann.portfolio_id(): ann.clock.now()})
        await ann.program.tempo.look()
        assert await speed(ann, 59) == FULL
        assert ann.program.tempo.need == Need(why=Why.DRAFT, speed=REAL)
        assert await speed(ann, 5) == REAL
        assert await speed(ann, 5) == FULL, "a window that nobody closed"


async def test_what_is_made_to_happen_while_a_card_waits_happens_once_it_is_answered(tmp_path: Path) -> None:
    async with demo(tmp_path) as ann:
        await ann.set_up()
        assert await ann.program.tempo.play("panic") is None
        assert await ann.program.tempo.play("alts_fall") is None
        assert await ann.program.tempo.play("panic") is None, "the same thing happens once"
        with pytest.raises(KeyError):
            await ann.program.tempo.play("moon")
        assert (ann.program.tempo.waiting, ann.program.stage.last) == (("panic", "alts_fall"), None)
        await ann.tap("Skip")
        await ann.program.tempo.look()
        assert ann.program.tempo.waiting == ()
        assert ann.program.stage.last is not None
        assert ann.program.stage.last.name == "alts_fall"
        assert await ann.program.tempo.play("relief") is not None, "and at once while nothing waits"

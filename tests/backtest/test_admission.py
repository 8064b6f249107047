"""Where backtests are asked for: turns, one a person, stops, failures, and the end of the bot."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.backtest.apart import admission
from chatbot.backtest.apart.admission import Admission, Busy, Stage, TookTooLong
from chatbot.backtest.apart.ahead import Ahead
from chatbot.backtest.apart.process import Died
from chatbot.backtest.past import Recorded
from chatbot.backtest.question import Job
from chatbot.errors import InternalError, Unreachable, UserError
from chatbot.model import Cause, ScheduleRule
from chatbot.portfolio import strategies
from tests.backtest.stand_in import StandIn
from tests.waiting import LIMIT_S, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from chatbot.backtest.apart.admission import Run

BEGIN = datetime(2022, 1, 1, tzinfo=UTC)
CALM, BOLD = (strategies.preset(name, ("BTC", "ETH", "SOL")) for name in ("conservative", "aggressive"))


def a_job(strategy: object = CALM, **given: object) -> Job:
    recorded = Recorded(begin=BEGIN, end=BEGIN + timedelta(days=30), markets={}, bars={}, settlements={}, moods=())
    return Job(recorded=recorded, strategy=strategy, amount=Decimal(1000), window=timedelta(minutes=1), **given)  # type: ignore[arg-type]


async def make(run: Run) -> Job:
    run.tell(1, 2)
    return a_job()


class Counting:
    """Counts settings as the database does."""

    def __init__(self) -> None:
        self.known: dict[int, set[str]] = {}

    async def __call__(self, person_id: int, marks: frozenset[str]) -> int:
        """Return how many there are by now."""
        known = self.known.setdefault(person_id, set())
        known |= marks
        return len(known)


@asynccontextmanager
async def an_admission(room: int = 1) -> AsyncIterator[tuple[Admission, StandIn]]:
    stand_in = StandIn()
    backtests = Admission(asyncio.create_task, Counting(), room=room, worker=stand_in)
    try:
        yield backtests, stand_in
    finally:
        await backtests.close()


async def breath() -> None:
    """Let everything go as far as it can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_they_are_served_in_turn_and_know_their_place() -> None:
    """Two cores, four people: two are served, the others count down; whoever is stopped makes room, in line and at the counter."""
    async with an_admission(room=2) as (backtests, stand_in):
        runs = [backtests.begin(person, make) for person in range(4)]
        await breath()
        assert [run.stage for run in runs] == [Stage.COUNTING, Stage.COUNTING, Stage.WAITING, Stage.WAITING]
        assert [backtests.place(run) for run in runs] == [0, 0, 1, 2]
        assert stand_in.open == 2
        runs[3].news.clear()
        backtests.stop(runs[2])
        await breath()
        assert runs[3].news.is_set()
        assert backtests.place(runs[3]) == 1
        backtests.stop(runs[0])
        await breath()
        assert [run.stage for run in runs] == [Stage.STOPPED, Stage.COUNTING, Stage.STOPPED, Stage.COUNTING]
        stand_in.go.set()
        await breath()
        assert [run.stage for run in runs] == [Stage.STOPPED, Stage.DONE, Stage.STOPPED, Stage.DONE]
        assert stand_in.open == 1, "one stands by for the next question"
        backtests.stop(runs[1])
        assert runs[1].stage is Stage.DONE, "what is over stays as it is"


async def test_one_that_is_alone_may_use_the_core_that_nobody_else_needs() -> None:
    """On two cores the first is answered by two processes; whoever comes beside it by one, and on one core everybody."""
    for room, told in ((2, [True, False]), (1, [False])):
        async with an_admission(room=room) as (backtests, stand_in):
            for person in range(2):
                backtests.begin(person, make)
                await breath()
            assert stand_in.in_two == told


async def test_one_stands_ready_for_who_may_ask_and_is_given_to_who_does() -> None:
    """However often it is expected it is one; the next question has it, and one that has died meanwhile is replaced."""
    async with an_admission(room=2) as (backtests, stand_in):
        for _ in range(3):
            backtests.expect()
            await breath()
        assert (stand_in.made, stand_in.open) == (1, 1)
        backtests.begin(1, make)
        await breath()
        assert (stand_in.made, stand_in.open) == (1, 1)
        backtests.expect()
        await breath()
        stand_in.killed = True
        backtests.begin(2, make)
        await breath()
        assert (stand_in.made, stand_in.open, len(stand_in.jobs)) == (3, 2, 2)
    assert stand_in.open == 0, "none outlives the bot"


async def test_nobody_stands_ready_for_ever() -> None:
    """When nothing is asked it ends; the next question starts another one."""
    stand_in = StandIn()
    ahead = Ahead(stand_in, asyncio.create_task, idle_s=0.01)
    ahead.expect()
    await until(lambda: (stand_in.made, stand_in.open) == (1, 0))
    async with ahead.worker():
        assert (stand_in.made, stand_in.open) == (2, 1)
    await ahead.close()
    assert stand_in.open == 0


async def test_one_at_a_time_for_each_person() -> None:
    """A second question of somebody is refused with the first; once that is over it is taken, and an old word finds nothing."""
    async with an_admission(room=3) as (backtests, stand_in):
        first = backtests.begin(1, make)
        with pytest.raises(Busy) as refused:
            backtests.begin(1, make)
        assert refused.value.run is first
        assert backtests.named(first.word, 1) is first
        assert backtests.named(first.word, 2) is None
        assert backtests.begin(2, make).word != first.word
        stand_in.go.set()
        await breath()
        second = backtests.begin(1, make)
        assert backtests.named(first.word, 1) is None
        assert backtests.named(second.word, 1) is second


@pytest.mark.parametrize("trouble", [Died("-9"), UserError("no"), Unreachable("no"), InternalError("no"), ValueError("no")], ids=repr)
async def test_what_goes_wrong_is_kept_for_who_asked_and_makes_room(trouble: Exception) -> None:
    """Whatever it is, the next one is served."""
    async with an_admission() as (backtests, stand_in):
        stand_in.trouble = trouble
        run, other = backtests.begin(1, make), backtests.begin(2, make)
        stand_in.go.set()
        await breath()
        assert run.stage is other.stage is Stage.FAILED
        assert run.over.is_set()
        assert isinstance(run.trouble, type(trouble) if not isinstance(trouble, ValueError) else InternalError)
        assert stand_in.open == 0


async def test_what_fails_before_it_is_a_job_is_told_too() -> None:
    """Prices that cannot be fetched end a run as the process does."""
    async with an_admission() as (backtests, stand_in):

        async def fails(run: Run) -> Job:
            raise Unreachable(run.word)

        run = backtests.begin(1, fails)
        await breath()
        assert run.stage is Stage.FAILED
        assert not stand_in.jobs


async def test_nothing_runs_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that does not end is given up, so that those in line have their turn."""
    monkeypatch.setattr(admission, "LONGEST_S", 0.01)
    async with an_admission() as (backtests, _):
        run = backtests.begin(1, make)
        await asyncio.wait_for(run.over.wait(), LIMIT_S)
        assert isinstance(run.trouble, TookTooLong)


async def test_settings_are_counted_once_each_and_by_person() -> None:
    """The same strategy again is no other setting; a preset, its yardstick and each switched trigger are."""
    async with an_admission(room=4) as (backtests, stand_in):
        stand_in.go.set()
        switched = {Cause.TREND: strategies.switched(CALM, Cause.TREND, on=False)}
        tried = []
        for job in (a_job(), a_job(), a_job(BOLD, own=CALM), a_job(switched=switched)):

            async def given(run: Run, job: Job = job) -> Job:
                del run
                return job

            run = backtests.begin(1, given)
            await breath()
            tried.append(run.tried)
        assert tried == [1, 1, 2, 3]
        other = backtests.begin(2, make)
        await breath()
        assert other.tried == 1


async def test_who_is_forgotten_has_asked_nothing() -> None:
    """The run is stopped and found no more, and others move up."""
    async with an_admission() as (backtests, stand_in):
        run, other = backtests.begin(1, make), backtests.begin(2, make)
        await breath()
        backtests.forget(1)
        await breath()
        assert run.stage is Stage.STOPPED
        assert backtests.named(run.word, 1) is None
        assert other.stage is Stage.COUNTING
        stand_in.go.set()
        await breath()
        again = backtests.begin(1, make)
        await breath()
        assert again.stage is Stage.DONE
        backtests.forget(3)


async def test_since_when_a_calendar_counts_is_no_other_setting() -> None:
    """Two periods of one strategy are one setting, whatever day its calendar was set on for each."""
    async with an_admission() as (backtests, stand_in):
        stand_in.go.set()
        rule = ScheduleRule(freq="weekly", time="09:00", zone="UTC", set_at=BEGIN)
        for place, one in enumerate((rule, replace(rule, set_at=BEGIN + timedelta(days=9)), replace(rule, freq="daily"))):

            async def given(run: Run, one: ScheduleRule = one) -> Job:
                del run
                return a_job(replace(CALM, schedule=one))

            run = backtests.begin(1, given)
            await breath()
            assert run.tried == (1, 1, 2)[place]


async def test_the_end_of_the_bot_ends_everything() -> None:
    """Runs, those in line and what follows them."""
    async with an_admission() as (backtests, stand_in):
        runs = [backtests.begin(person, make) for person in range(3)]
        backtests.keep(asyncio.sleep(1000))
        await breath()
        await backtests.close()
        assert {run.stage for run in runs} == {Stage.STOPPED}
        assert stand_in.open == 0

"""A stand-in for the process that plays a backtest: it waits until it is let go, and answers what it is told to."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from chatbot.backtest.question import Answer
from chatbot.model import Cause
from tests.handlers.views.backtest_examples import a_result, some_weights

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from chatbot.backtest.question import Job


class StandIn:
    """Makes workers for a queue of backtests; ``go`` lets all of them answer."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        #: jobs that were asked, and how many processes there are now and were started
        self.jobs: list[Job] = []
        self.open = self.made = 0
        #: of each job, whether it was to be answered on two cores
        self.in_two: list[bool] = []
        #: those that stand by have died
        self.killed = False
        #: raised in place of an answer
        self.trouble: Exception | None = None

    def __call__(self) -> Worker:
        """Return another worker, as the admission asks for one."""
        return Worker(self)


class Worker:
    """One process that is none."""

    def __init__(self, stand_in: StandIn) -> None:
        self._stand_in = stand_in

    async def __aenter__(self) -> Self:
        """Be there."""
        self._stand_in.open += 1
        self._stand_in.made += 1
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Be gone."""
        self._stand_in.open -= 1

    @property
    def is_there(self) -> bool:
        """Tell whether nobody has killed it."""
        return not self._stand_in.killed

    async def ask(self, job: Job, tell: Callable[[int, int], None], *, in_two: bool = False) -> Answer:
        """Tell of one part, wait, and answer."""
        self._stand_in.jobs.append(job)
        self._stand_in.in_two.append(in_two)
        tell(1, 3)
        await self._stand_in.go.wait()
        if self._stand_in.trouble is not None:
            raise self._stand_in.trouble
        return answered(job)


def answered(job: Job) -> Answer:
    """Return an answer to a job: every way came to something else."""
    recorded = job.recorded
    ways = {"strategy": a_result(1.1), "bands": a_result(1.2), "monthly": a_result(0.95), "hold": a_result(1.04)}
    return Answer(
        begin=recorded.begin,
        hours=(recorded.end - recorded.begin).days * 24 + 1,
        ways={"strategy": ways["strategy"]} if job.switched else ways,
        own=None if job.own is None else a_result(1.3),
        switched={trigger: a_result(0.9) for trigger in job.switched},
        best_change_is_skill=0.4321 if job.switched else None,
        on=frozenset(trigger for trigger in job.switched if job.strategy.setting(trigger).on),
        silent=frozenset(job.switched) & {Cause.FUNDING_HIGH},
        traded=(24,),
        missing={},
        weights={} if job.switched else some_weights(),
    )

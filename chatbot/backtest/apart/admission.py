"""Where backtests are asked for: one a person, at most one a core, the others in line; each can be stopped, and none outlives the bot."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

import structlog

from chatbot.backtest.apart.ahead import Ahead
from chatbot.backtest.apart.process import Apart
from chatbot.backtest.apart.queue import Queue
from chatbot.engine.errors import Refused
from chatbot.errors import BallastError, InternalError
from chatbot.store.past import tried

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from chatbot.backtest.apart.process import Worker
    from chatbot.backtest.question import Answer, Job
    from chatbot.model import Strategy
    from chatbot.store.database import Database

    Start = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]
    #: notes that a person was shown some settings, by their marks, and returns how many different ones they have been shown by now
    Count = Callable[[int, frozenset[str]], Awaitable[int]]

log = structlog.get_logger()
#: seconds after which a run is given up, so that nobody waits in line for ever
LONGEST_S = 900.0
_WORD_BYTES = 4
#: of a setting's mark: a person tries some hundred
_MARK_DIGITS = 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Stage(Enum):
    """How far a run is."""

    WAITING = auto()
    FETCHING = auto()
    COUNTING = auto()
    DONE = auto()
    STOPPED = auto()
    FAILED = auto()

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more will happen."""
        return self in (Stage.DONE, Stage.STOPPED, Stage.FAILED)


class TookTooLong(InternalError):
    """A run was given up after :data:`LONGEST_S`."""


@dataclass(slots=True, eq=False, kw_only=True)
class Run:
    """One backtest from the question to the answer; whoever shows it waits for :attr:`news`."""

    #: what its buttons carry: another word after a restart, so that an old button finds nothing
    word: str
    person_id: int
    #: what whoever shows it knows of it
    about: Any = None
    stage: Stage = Stage.WAITING
    #: parts of the present stage that are done, and how many there are; 0: nobody knows
    done: int = 0
    of: int = 0
    #: which instrument is being asked for, from when on; None: nothing is
    asked: tuple[str, datetime] | None = None
    answer: Answer | None = None
    #: why there is no answer
    trouble: BallastError | Refused | None = None
    #: different settings that this person has been shown by now, those of this answer included
    tried: int = 0
    #: set whenever something has changed
    news: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    _turn: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, done: int, of: int) -> None:
        """Note how far the present stage is."""
        self.done, self.of = done, of
        self.news.set()

    def hear(self, instrument: str, since: datetime) -> None:
        """Note what is being asked for."""
        self.asked = instrument, since
        self.news.set()

    def enter(self, stage: Stage) -> None:
        """Go on to another stage."""
        self.stage, self.done, self.of, self.asked = stage, 0, 0, None
        self.news.set()
        if stage.is_over:
            self.over.set()


class Busy(BallastError):
    """A person has a run under way already."""

    def __init__(self, run: Run) -> None:
        super().__init__("one at a time")
        self.run = run


class Admission:
    """Takes questions, and lets them be answered in turn. ``room`` runs at once, by default one a core.

    ``start`` lets a run go on beside everything else; whoever gives it closes this.
    """

    def __init__(self, start: Start, count: Count, *, room: int | None = None, worker: Callable[[], Worker] = Apart) -> None:
        self._start = start
        self._count = count
        self._queue = Queue(room or _cores())
        self._workers = Ahead(worker, start)
        #: the last run of each person
        self._runs: dict[int, Run] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._others: set[asyncio.Task[Any]] = set()

    def begin(self, person_id: int, make: Callable[[Run], Awaitable[Job]], about: object = None) -> Run:
        """Put a question in line; ``make`` puts its job together once it is its turn. Raises :class:`Busy`."""
        last = self._runs.get(person_id)
        if last is not None and not last.stage.is_over:
            raise Busy(last)
        run = Run(word=secrets.token_hex(_WORD_BYTES), person_id=person_id, about=about)
        self._runs[person_id] = run
        self._queue = self._queue.joined(run.word)
        self._call_up()
        self._tasks[run.word] = self._start(self._through(run, make))
        return run

    def expect(self) -> None:
        """Be ready for a question that somebody may ask soon."""
        self._workers.expect()

    def named(self, word: str, person_id: int) -> Run | None:
        """Return a person's last run, where it is the one that a button names."""
        run = self._runs.get(person_id)
        return run if run is not None and run.word == word else None

    @property
    def is_busy(self) -> bool:
        """Tell whether anything is under way, or still being told."""
        return bool(self._tasks or self._others)

    def place(self, run: Run) -> int:
        """Return how many are before it in line, 0 where it is its turn."""
        return self._queue.place(run.word) or 0

    def stop(self, run: Run) -> None:
        """Stop a run where it stands; one that is over stays as it is."""
        if (task := self._tasks.get(run.word)) is not None and not run.stage.is_over:
            run.enter(Stage.STOPPED)
            task.cancel()

    def keep(self, work: Coroutine[Any, Any, None]) -> None:
        """Let something go on beside the runs, until it is done or the bot ends."""
        task = self._start(work)
        self._others.add(task)
        task.add_done_callback(self._others.discard)

    async def close(self) -> None:
        """End everything that is under way; its process goes with it."""
        tasks = {*self._tasks.values(), *self._others}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._workers.close()

    async def _through(self, run: Run, make: Callable[[Run], Awaitable[Job]]) -> None:
        try:
            await run._turn.wait()  # noqa: SLF001 - a word from the admission to its run
            async with asyncio.timeout(LONGEST_S), self._workers.worker() as worker:
                run.enter(Stage.FETCHING)
                job = await make(run)
                run.enter(Stage.COUNTING)
                run.answer = await worker.ask(job, run.tell, in_two=self._queue.has_room)
            shown = (job.strategy, job.own, *job.switched.values())
            run.tried = await self._count(run.person_id, frozenset(_mark(one) for one in shown if one is not None))
            run.enter(Stage.DONE)
            self._workers.expect()  # a preset is mostly looked at beside another one
        except TimeoutError:
            self._fail(run, TookTooLong(f"a backtest took longer than {LONGEST_S:.0f} s"))
        except (BallastError, Refused) as trouble:
            self._fail(run, trouble)
        except Exception as error:  # told to the person under an id, and logged with it
            log.exception("backtest failed", run=run.word)
            self._fail(run, InternalError(repr(error)))
        finally:
            if not run.stage.is_over:
                run.enter(Stage.STOPPED)
            self._queue = self._queue.left(run.word)
            self._tasks.pop(run.word, None)
            self._call_up()

    def _fail(self, run: Run, trouble: BallastError | Refused) -> None:
        if isinstance(trouble, InternalError):
            log.warning("backtest without an answer", run=run.word, error=str(trouble)[:300])
        run.trouble = trouble
        run.enter(Stage.FAILED)

    def _call_up(self) -> None:
        """Let those go on whose turn it is, and tell the others their new place."""
        for run in self._runs.values():
            if self._queue.place(run.word) == 0:
                run._turn.set()  # noqa: SLF001 - as above
            elif not run.stage.is_over:
                run.news.set()

    def forget(self, person_id: int) -> None:
        """Stop what somebody has asked for, and forget it."""
        if (run := self._runs.pop(person_id, None)) is not None:
            self.stop(run)


def counted_in(db: Database) -> Count:
    """Return what counts the settings that people were shown in the database, whoever counted before."""

    async def count(person_id: int, marks: frozenset[str]) -> int:
        async with db.transaction() as tx:
            return await tried.note(tx, person_id, marks)

    return count


def _cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _mark(strategy: Strategy) -> str:
    """Return a word for a strategy as it trades, the same in every process: since when its calendar counts is no setting."""
    rule = strategy.schedule
    as_traded = strategy if rule is None else replace(strategy, schedule=replace(rule, set_at=_EPOCH))
    return hashlib.sha256(repr(as_traded).encode()).hexdigest()[:_MARK_DIGITS]


async def ended(run: Run, within_s: float) -> bool:
    """Wait until a run is over, but not longer than told; return whether it is."""
    with suppress(TimeoutError):
        await asyncio.wait_for(run.over.wait(), within_s)
    return run.stage.is_over

"""Work that fits where durable work does, without an engine: most tests want to say when it runs, and none of them waits for it."""

from __future__ import annotations

import json
from collections import deque
from typing import TYPE_CHECKING, Any

from chatbot.durable import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from datetime import datetime

    from chatbot.durable import Run, Transaction


class Inline:
    """Durable work in memory: what is enqueued runs when :meth:`run_pending` is called."""

    def __init__(self) -> None:
        self._workflows: dict[str, Callable[..., Coroutine[Any, Any, Any]]] = {}
        self._pending: deque[tuple[str, str, dict[str, Any]]] = deque()
        self._standings: dict[str, Standing] = {}

    def workflow(self, name: str) -> Callable[[Run], Run]:
        """Register a workflow."""

        def register(run: Run) -> Run:
            self._workflows[name] = run
            return run

        return register

    def step(self, name: str) -> Callable[[Run], Run]:
        """Return the function itself: nothing is kept, so nothing is remembered."""
        del name

        def register(run: Run) -> Run:
            return run

        return register

    async def start(self) -> None:
        """Do nothing."""

    async def stop(self) -> None:
        """Forget what waits, as a crash before the start would."""
        self._pending.clear()

    async def enqueue(self, tx: Transaction, workflow: str, key: str, args: Mapping[str, Any], *, partition: str = "") -> None:
        """Remember the work. A rolled-back transaction is not noticed: workflows check the journal anyway."""
        del tx, partition
        if key not in self._standings:
            self._standings[key] = Standing.ALIVE
            # Through JSON, so that a value which DBOS could not keep fails here too.
            self._pending.append((workflow, key, json.loads(json.dumps(dict(args)))))

    async def standing(self, key: str) -> Standing:
        """Tell what became of the work with this key."""
        return self._standings.get(key, Standing.MISSING)

    async def release(self, key: str) -> None:
        """Forget that the work waits."""
        self._standings[key] = Standing.FAILED
        self._pending = deque(work for work in self._pending if work[1] != key)

    async def tidy(self, before: datetime) -> int:
        """Keep everything: a test is short."""
        del before
        return 0

    async def run_pending(self) -> int:
        """Run everything that waits, in order; return how many workflows ran. An error is raised to the test."""
        count = 0
        while self._pending:
            workflow, key, args = self._pending.popleft()
            self._standings[key] = Standing.FAILED
            await self._workflows[workflow](**args)
            self._standings[key] = Standing.ENDED
            count += 1
        return count

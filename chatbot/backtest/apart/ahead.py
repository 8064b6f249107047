"""A process that is started ahead of its question, so that its libraries are loaded by then; it ends when nobody asks for a while."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from chatbot.backtest.apart.process import Worker

    Start = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]

#: seconds that one stands ready; it holds 46 MB of memory, 29 of them its own
IDLE_S = 300.0


class _Ready(NamedTuple):
    """One that stands ready, once its start is done."""

    worker: Worker
    starting: asyncio.Task[None]


class Ahead:
    """Makes workers, of which at most one stands ready.

    ``start`` lets its start and its end go on by themselves; whoever gives it closes this.
    """

    def __init__(self, make: Callable[[], Worker], start: Start, *, idle_s: float = IDLE_S) -> None:
        self._make = make
        self._start = start
        self._idle_s = idle_s
        self._ready: _Ready | None = None
        self._timer: asyncio.TimerHandle | None = None
        #: those that are being ended
        self._ending: set[asyncio.Task[None]] = set()

    def expect(self) -> None:
        """Have one ready for a question that may come soon; from now on it is waited for."""
        if self._ready is None:
            worker = self._make()
            self._ready = _Ready(worker, self._start(_begun(worker)))
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(self._idle_s, self._give_up)

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[Worker]:
        """Give the one that stands ready, or another one; it is ended afterwards."""
        if (ready := self._taken()) is not None:
            try:
                await ready.starting
                if ready.worker.is_there:
                    yield ready.worker
                    return
            finally:
                await ready.worker.__aexit__(None, None, None)
        async with self._make() as worker:
            yield worker

    async def close(self) -> None:
        """End the one that stands ready."""
        self._give_up()
        await asyncio.gather(*self._ending, return_exceptions=True)

    def _taken(self) -> _Ready | None:
        ready, self._ready = self._ready, None
        if self._timer is not None:
            self._timer.cancel()
        return ready

    def _give_up(self) -> None:
        if (ready := self._taken()) is not None:
            ending = self._start(_ended(ready))
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)


async def _begun(worker: Worker) -> None:
    await worker.__aenter__()


async def _ended(ready: _Ready) -> None:
    await ready.starting
    await ready.worker.__aexit__(None, None, None)

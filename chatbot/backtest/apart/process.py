"""A process of its own for one job: it computes beside the bot, knows none of its secrets, and is gone when nobody waits for it."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import struct
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

import structlog

from chatbot.engine.errors import Refused
from chatbot.errors import InternalError

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Callable
    from types import TracebackType

    from chatbot.backtest.question import Answer, Job

_ROOT = Path(__file__).resolve().parents[3]
#: what a Python needs to find its libraries on some systems; the bot's own settings and secrets are none of it
_NEEDED = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
#: one core: several jobs run side by side
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
#: larger answers are none of ours, bytes
_MOST = 64_000_000
log = structlog.get_logger()


class Died(InternalError):
    """The process ended before it had answered: killed from outside, out of memory, or broken."""


class Worker(Protocol):
    """Something that answers one job."""

    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...
    @property
    def is_there(self) -> bool:
        """Tell whether it still waits for its job."""
        ...

    async def ask(self, job: Job, tell: Callable[[int, int], None], *, in_two: bool = False) -> Answer:
        """Answer a job, on two cores where that is told; raises :class:`Died`, ``Refused``, ``InternalError``."""
        ...


class Apart:
    """Starts a process when it is entered, so that it loads what it needs while its job is still being put together; ends it when left."""

    def __init__(self) -> None:
        self._process: Process | None = None

    async def __aenter__(self) -> Self:
        """Start the process."""
        given = {name: os.environ[name] for name in _NEEDED if name in os.environ}
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # only what is named in PYTHONPATH is imported, wherever the bot was started
            "-m",
            "chatbot.backtest.apart.child",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**given, **_ONE_THREAD, "PYTHONPATH": str(_ROOT)},
            start_new_session=True,  # Ctrl-C is the bot's: it ends this process itself
        )
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End the process, whatever it is doing."""
        if self._process is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()  # whatever it has forked off ends with this pipe, should it have ended by itself
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)  # its session is of its own, so is its group
        await self._process.wait()

    @property
    def pid(self) -> int | None:
        """Return the number of the process; None before it was started."""
        return None if self._process is None else self._process.pid

    @property
    def is_there(self) -> bool:
        """Tell whether it was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    async def ask(self, job: Job, tell: Callable[[int, int], None], *, in_two: bool = False) -> Answer:
        """Send the job over and wait for what is found; ``tell`` hears of each part that is done."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise Died("it was never started")
        try:
            process.stdin.write(await asyncio.to_thread(pickle.dumps, (job, in_two), 5))
            await process.stdin.drain()
            while True:
                word, value = await _frame(process.stdout)
                if word == "part":
                    tell(*value)
                    continue
                return _answered(word, value)
        except (asyncio.IncompleteReadError, ConnectionError):
            process.stdin.close()  # a process that it forked off holds the other end: closing alone tells that one
            raise Died(f"it ended with {await process.wait()}") from None


async def _frame(pipe: asyncio.StreamReader) -> tuple[str, Any]:
    (size,) = struct.unpack(">I", await pipe.readexactly(4))
    if size > _MOST:
        raise Died(f"an answer of {size} bytes")
    word, value = pickle.loads(await pipe.readexactly(size))  # noqa: S301 - from the process that we started, over a pipe of its own
    return word, value


def _answered(word: str, value: Any) -> Answer:  # noqa: ANN401 - what a word carries
    if word == "refused":
        raise Refused(*value)
    if word == "broken":
        raise InternalError(f"a backtest failed: {value}")
    found: Answer = value
    return found

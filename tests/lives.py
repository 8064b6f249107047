"""Lives of a process that is killed and started again: each forks from its worker, so that imports are paid once."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
import traceback
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


class Death:
    """Kills the process with SIGKILL at the n-th time it passes a point, written ``point`` or ``point#n``, or, for ``*#n``, any point."""

    def __init__(self, where: str) -> None:
        self.name, _, times = where.partition("#")
        self.times = int(times or 1)
        self.passed: Counter[str] = Counter()

    def __call__(self, point: str) -> None:
        """Pass a point, or not."""
        self.passed[point] += 1
        count = self.passed.total() if self.name == "*" else self.passed[point]
        if self.name in (point, "*") and count == self.times:
            os.kill(os.getpid(), signal.SIGKILL)


def live(life: Callable[[], Coroutine[Any, Any, None]], killed_after_s: float | None = None) -> int:
    """Live once; return minus the signal that ended the life, 0 when it ended well by itself, 1 when it broke."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            asyncio.run(life())
            code = 0
        except BaseException:  # noqa: BLE001 - whatever it is, the next line ends the process
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    if killed_after_s is not None:
        time.sleep(killed_after_s)
        os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def die_at(points: str, life: Callable[[str], Coroutine[Any, Any, None]]) -> None:
    """Live up to each of the points, written with commas between, and die there; ends the program where one is never passed."""
    for point in filter(None, points.split(",")):
        if live(lambda point=point: life(point)) != -signal.SIGKILL:  # type: ignore[misc]
            sys.exit(f"{point} was never passed")


def live_to_the_end(life: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Live once; ends the program where the life does not end well by itself."""
    if live(life) != 0:
        sys.exit("a life was cut short")

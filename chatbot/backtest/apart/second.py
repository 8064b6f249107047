"""A second process beside the one that plays a past, where a core is free: it begins with all that is known, and hands back a value.

It is forked off, so nothing has to be sent to it, and what several walks share is worked out before.
"""

from __future__ import annotations

import os
import pickle
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
#: standard input, the pipe that only the bot holds
_BOT = 0
#: the first descriptor that is none of the standard ones, and more than are ever open
_FIRST, _MOST = 3, 256


def forked(work: Callable[[], T]) -> Callable[[], T]:
    """Begin some work in a process of its own; return what waits for its value.

    A process that ends without one, for want of memory or with an error, costs time only: the work is then done here, with its error.
    """
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        _hand_back(work, into)
    os.close(into)

    def found() -> T:
        with os.fdopen(out, "rb") as pipe:
            body = pipe.read()
        _, status = os.waitpid(pid, 0)
        if status:
            return work()
        value: T = pickle.loads(body)  # noqa: S301 - from the process that was forked off above, over a pipe of its own
        return value

    return found


def watch_the_bot() -> None:
    """End this process once the bot is gone, however it went: then its end of the pipe is closed, and nobody waits any more."""
    threading.Thread(target=_end_with_the_bot, daemon=True).start()


def _end_with_the_bot() -> None:
    with suppress(OSError):
        os.read(_BOT, 1)  # without a buffer of Python's: its lock would stay locked in a process that is forked off
    os._exit(0)


def _hand_back(work: Callable[[], T], into: int) -> NoReturn:
    """Do the work, write its value down, and end without anything that the first process would do at its end."""
    failed = 1
    try:
        # the pipe to the bot is the first one's: while somebody else held it, nobody would see that one die
        os.closerange(_FIRST, into)
        os.closerange(into + 1, _MOST)
        watch_the_bot()
        with os.fdopen(into, "wb") as pipe:
            pickle.dump(work(), pipe, protocol=5)
        failed = 0
    finally:
        os._exit(failed)

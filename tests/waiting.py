"""Waiting for what happens on its own: a task, a thread or a process brings it about, not the tap or the call before."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: seconds after which it will not come any more; only a test that fails waits so long, however slow the machine is
LIMIT_S = 60.0


async def until(so: Callable[[], object], otherwise: Callable[[], str] = lambda: "it never came") -> None:
    """Wait until something is so, asked for or awaited again and again; AssertionError with what ``otherwise`` says when it never is."""
    try:
        async with asyncio.timeout(LIMIT_S):
            while not (await answer if inspect.isawaitable(answer := so()) else answer):  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(otherwise()) from None

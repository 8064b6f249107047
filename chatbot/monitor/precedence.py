"""Who waits for an answer goes first: a check of very many makes room for them, and is never kept for long by it."""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: seconds of real time for which work is put off at most; as long it then goes on, whoever waits
_TURN_S = 0.1


class Precedence:
    """Counts the answers that are under way; made once by the program."""

    def __init__(self) -> None:
        self._answers = 0
        self._nobody = asyncio.Event()
        self._nobody.set()
        #: until when nothing is put off: those who wait have had their turn
        self._until = 0.0

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Let somebody's answer go before other work inside the block."""
        self._answers += 1
        self._nobody.clear()
        try:
            yield
        finally:
            self._answers -= 1
            if not self._answers:
                self._nobody.set()

    @property
    def is_due(self) -> bool:
        """Tell whether somebody waits for an answer and work should be put off."""
        return bool(self._answers) and time.monotonic() >= self._until

    async def give_way(self) -> None:
        """Put work off while somebody waits for an answer, half of the time at most; never inside a transaction, which they may wait for.

        Where nobody does, the others of the event loop have their turn all the same.
        """
        await asyncio.sleep(0)
        if not self.is_due:
            return
        try:
            async with asyncio.timeout(_TURN_S):
                await self._nobody.wait()
        except TimeoutError:
            self._until = time.monotonic() + _TURN_S

"""How the past is asked for: a few questions at once, none while the source refuses, and each again only after a pause.

Pauses are counted on the monotonic clock: a time of day that is set back makes none of them longer, one that is set forward none shorter.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, TypeVar

import structlog

from chatbot.errors import ExchangeError, RateLimited, Rejected

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from chatbot.clock import Clock

log = structlog.get_logger()
Answer = TypeVar("Answer")

#: seconds until a question that failed is asked again
PAUSE_S = 60.0
#: the longest pause for what the source does not have although it should exist
LONGEST_PAUSE_S = 3600.0
#: failures in a row after which nobody asks for a while: it is the source, not the coin
_ENOUGH = 4


class Throttle:
    """Lets a few fetches through at a time; closes for a minute when the source is down or asks us to slow down."""

    def __init__(self, clock: Clock, *, at_once: int = 4) -> None:
        self._clock = clock
        self._room = asyncio.Semaphore(at_once)
        self._failures = 0
        self._closed_until = -inf
        #: True after closing was logged, until the next answer
        self._told = False

    async def ask(self, fetch: Callable[[], Awaitable[Answer]]) -> Answer | None:
        """Return the answer of ``fetch``; None when it failed, or was not asked because of what others were told."""
        async with self._room:
            if self._clock.monotonic() < self._closed_until:
                return None
            try:
                answer = await fetch()
            except Rejected as error:  # it is the coin, not the source: the others are asked on
                log.warning("market_history_refused", error=str(error)[:200])
                return None
            except ExchangeError as error:
                self._note(error)
                return None
            self._failures, self._told = 0, False
            return answer

    def _note(self, error: ExchangeError) -> None:
        self._failures += 1
        if isinstance(error, RateLimited) or self._failures >= _ENOUGH:
            self._closed_until = self._clock.monotonic() + PAUSE_S
            if not self._told:
                log.warning("market_history_waits", error=str(error), failures=self._failures)
            self._told = True


@dataclass(slots=True)
class Turn:
    """When one series may be asked again for what is missing at its end."""

    #: monotonic reading before which nothing is asked
    _not_before: float = -inf
    #: answers in a row without anything new
    _empty: int = 0
    #: True when the last question failed: then the next bar changes nothing, only time does
    _failed: bool = False

    def may_ask(self, now: float, *, fresh: bool) -> bool:
        """Tell whether to ask at the monotonic reading ``now``; ``fresh``: there may be something that was not there at the last one."""
        return now >= self._not_before or (fresh and not self._failed)

    def failed(self, now: float) -> None:
        """Wait a minute."""
        self._failed, self._not_before = True, now + PAUSE_S

    def answered(self, now: float, *, complete: bool) -> None:
        """Go on when everything due was there; else ask again after a pause that doubles, up to an hour."""
        self._failed = False
        if complete:
            self._empty, self._not_before = 0, -inf
            return
        self._not_before = now + min(PAUSE_S * 2 ** min(self._empty, 10), LONGEST_PAUSE_S)
        self._empty += 1

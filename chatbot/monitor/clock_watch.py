"""The machine's clock against the exchange's, while the bot runs: the operators hear of a skew once, and again after it was well."""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING, Final

import structlog

from chatbot.alerts import write
from chatbot.engine.portfolio import INDEX
from chatbot.market.clock_skew import MOST_S, skew_s
from chatbot.store import accounts

if TYPE_CHECKING:
    from chatbot.clock import Clock
    from chatbot.exchanges.base import PriceSource
    from chatbot.market.quotes import QuoteBoard
    from chatbot.store.database import Database

log = structlog.get_logger()

#: seconds of the process between two looks, and the longest that one may take: the check of everybody waits for it
_PAUSE_S: Final = 300.0
_LOOK_S: Final = 5.0
#: the clock is well again from here on, in seconds; in between nothing changes, so that five seconds do not ring every few minutes
_WELL_S: Final = MOST_S / 2
#: the fact under which it is remembered since when the operators know; empty while the clock is well
_TOLD: Final = "clock_off"


class ClockWatch:
    """Compares the clocks every few minutes; what was told outlives a restart."""

    def __init__(self, db: Database, source: PriceSource, board: QuoteBoard, clock: Clock) -> None:
        self._db = db
        self._source = source
        self._board = board
        self._clock = clock
        #: process time of the next look
        self._due = -inf

    async def look(self) -> None:
        """Compare, where a look is due, and tell the operators where they do not know yet; no answer changes nothing."""
        if self._clock.monotonic() < self._due:
            return
        self._due = self._clock.monotonic() + _PAUSE_S
        quote = None if self._board.problem(INDEX, self._clock.now()) else self._board.get(INDEX)
        try:
            async with asyncio.timeout(_LOOK_S):
                off_s = await skew_s(self._source, quote, self._clock)
        except TimeoutError:
            return
        if off_s is not None and (abs(off_s) > MOST_S or abs(off_s) <= _WELL_S):
            await self._note(off_s)

    async def _note(self, off_s: float) -> None:
        now, is_off = self._clock.now(), abs(off_s) > MOST_S
        async with self._db.transaction() as tx:
            if bool(await accounts.meta(tx, _TOLD)) == is_off:
                return
            await accounts.set_meta(tx, _TOLD, now.isoformat() if is_off else "")
            if is_off:
                await write.tell_clock_off(tx, self._source.name, round(off_s), now)
        log.warning("clock off" if is_off else "clock well again", exchange=self._source.name, off_s=round(off_s, 1))

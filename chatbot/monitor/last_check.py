"""When the last check was, written down now and then: from it a later process knows which checks did not happen."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from chatbot.errors import contained
from chatbot.store import accounts
from chatbot.store.codec import to_moment
from chatbot.values import dataclass

if TYPE_CHECKING:
    from datetime import datetime

    from chatbot.store.database import Database, Tx

#: the time of a check is written down once in this time, and when the program stops: a calm check writes nothing
NOTED = timedelta(minutes=10)
#: a shorter stop, as for an upgrade, is not worth a message
_GAP = timedelta(minutes=10)
_LAST, _STOPPED = "last_check", "stopped_after_check"


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """The checks that did not happen between an earlier process and this one."""

    #: the last check that is known of
    since: datetime
    count: int
    #: False: the process was killed, so a few of these checks may have happened without being written down
    exact: bool


class LastCheck:
    """Keeps the time of the last check: this process's own in memory, and what the next one needs in the database."""

    def __init__(self, interval_s: float) -> None:
        self._interval = timedelta(seconds=interval_s)
        self._at: datetime | None = None
        #: what this process has committed last
        self.noted_at: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Take down that there is a check now; tell whether its time must be written into the database."""
        self._at = now
        return self._is_due(now)

    def _is_due(self, now: datetime) -> bool:
        return self.noted_at is None or now - self.noted_at >= NOTED

    def unwritten(self) -> dict[str, str]:
        """Return the time of this check as the fact to be written down with it; nothing where one is, of a few minutes ago."""
        return {_LAST: self._at.isoformat()} if self._at is not None and self._is_due(self._at) else {}

    def written(self) -> None:
        """Take note that what was unwritten is written down."""
        self.noted_at = self._at if self.unwritten() else self.noted_at

    async def note(self, tx: Tx, now: datetime) -> Missed | None:
        """Write the time of this check; for the first of a process, return what was missed before. It is ``written`` after the commit."""
        missed = await self._missed(tx, now) if self.noted_at is None else None
        await accounts.set_meta(tx, _LAST, now.isoformat())
        return missed

    async def stop(self, db: Database) -> None:
        """Write the time of the very last check: a process that is stopped in order leaves nothing to guess."""
        if self._at is None:
            return
        with contained("the time of the last check could not be written"):  # then the next start takes it for a kill
            async with db.transaction() as tx:
                for key in (_LAST, _STOPPED):
                    await accounts.set_meta(tx, key, self._at.isoformat())

    async def _missed(self, tx: Tx, now: datetime) -> Missed | None:
        """Read what an earlier process left; a killed one may have checked for up to :data:`NOTED` after what it wrote."""
        last = await accounts.meta(tx, _LAST)
        try:
            since = to_moment(last or "")
        except ValueError:  # never written, or damaged: then nobody knows what was missed
            return None
        exact = self._interval >= NOTED or await accounts.meta(tx, _STOPPED) == last
        gap = now - since
        if (gap if exact else gap - NOTED / 2) < max(_GAP, 3 * self._interval):
            return None
        return Missed(since=since, count=gap // self._interval, exact=exact)

"""What a check does beside its looks: it ends what has run out of time, sends what was held back, and deletes what is old."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chatbot.alerts import periodic_review, write
from chatbot.errors import contained
from chatbot.store import messages, plans, privacy
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection

    from chatbot.clock import Clock
    from chatbot.monitor.last_check import LastCheck
    from chatbot.monitor.unanswered import UnansweredPlans
    from chatbot.shares.owned import Shares
    from chatbot.store.database import Database, Tx

#: finished updates, delivered messages and old events are deleted after this time, and looked for once in that
_KEEP, _TIDY = timedelta(days=30), timedelta(hours=6)
#: how often it is looked whose review is due
_LOOK_BACK = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What a check has to do beside its looks."""

    #: a plan has run out of time, or a message that was held back may leave
    ends: bool
    #: something is to be done about a plan that waits for an answer
    acts: bool
    reviews: tuple[periodic_review.Due, ...] = ()


class Housekeeping:
    """Asks in each check what is due, in one transaction, and does it; most checks find nothing and leave the disk alone."""

    def __init__(self, db: Database, clock: Clock, shares: Shares, unanswered: UnansweredPlans, last_check: LastCheck) -> None:
        self._db = db
        self._clock = clock
        self._shares = shares
        self._unanswered = unanswered
        self._last_check = last_check
        self._tidied: datetime | None = None
        self._looked_back: datetime | None = None

    async def ask(self, now: datetime) -> Due:
        """Ask all of it in one transaction; what cannot be told is taken for due, and looked for on its own."""
        found = Due(ends=True, acts=True)
        with contained("what is due cannot be told"):
            async with self._db.read() as tx:
                expires, acts = await plans.any_due(tx, now)
                found = Due(ends=expires or await messages.any_to_release(tx, now), acts=acts)
                if self._looked_back is None or now - self._looked_back >= _LOOK_BACK:
                    self._looked_back = now
                    found = replace(found, reviews=await periodic_review.due(tx, now))
        return found

    async def keep(self, *, ends: bool) -> None:
        """End the plans that nobody answered in time, with their cards; tell what was missed; now and then delete what is old.

        Most checks find nothing of this to do and leave the disk alone. ``ends``: a plan has run out of time or a message may leave now.
        """
        now = self._clock.now()
        # what is for everybody is done by one process
        is_first = self._shares.has_first and self._last_check.is_due(now) and self._last_check.noted_at is None
        tidying = self._shares.has_first and (self._tidied is None or now - self._tidied >= _TIDY)
        if not (is_first or tidying or ends):
            return
        async with self._db.transaction() as tx:
            if is_first:
                missed = await self._last_check.note(tx, now)
                if missed is not None:
                    await write.tell_missed(tx, missed.since, now, missed.count, exact=missed.exact)
            if ends:
                for plan_id in await plans.expire_due(tx, now, self._shares.only):
                    await self._lapse(tx, plan_id, now)
            if ends and self._shares.has_first:
                await messages.release(tx, now)
            if tidying:
                tidying = await privacy.sweep(tx, now - _KEEP) < privacy.SWEPT_MAX  # else the next check goes on with it
        if is_first:
            self._last_check.written()
        self._tidied = now if tidying else self._tidied

    async def look_back(self, reviews: Collection[periodic_review.Due]) -> None:
        """Send the reviews whose hour has come."""
        due = [one for one in reviews if self._shares.has(one.chat_id)]
        if due:
            async with self._db.transaction() as tx:
                for one in due:
                    await periodic_review.post(tx, one, self._clock.now())

    async def _lapse(self, tx: Tx, plan_id: int, now: datetime) -> None:
        """Close the card of a plan that has expired; one that cannot be read or drawn keeps no other from it."""
        with contained("card of an expired plan not closed", plan=plan_id):
            async with tx.begin_nested():
                plan = await plans.plan(tx, plan_id)
                if plan is not None:
                    await write.redraw_card(tx, plan, now, "expired")
                    await self._unanswered.lapsed(tx, plan, now)

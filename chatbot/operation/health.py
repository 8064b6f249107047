"""How every part of the program stands, for the operator's /health, for ``/healthz`` and for the metrics: one look, one truth."""

from __future__ import annotations

import math
import shutil
import time
from typing import TYPE_CHECKING

from chatbot.backup import BACKED_UP_AT
from chatbot.errors import contained
from chatbot.model import PlanState, Process, ProcessKind
from chatbot.shares.owned import ALL
from chatbot.store import accounts, events, halt, messages, plans
from chatbot.store.codec import to_moment
from chatbot.store.rights.processes import living
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from chatbot.clock import Clock
    from chatbot.model import Role
    from chatbot.monitor.check import Monitor
    from chatbot.portfolio.markets import Markets
    from chatbot.shares.owned import Shares
    from chatbot.store.database import Database

#: a check is late after three of its intervals and half a minute, and so are prices
_INTERVALS, _GRACE_S = 3.0, 30.0
#: messages that might have left and have waited so long tell of a line that does not work, or of a crowd
_WAITS_S = 300.0
#: a copy of the database should not be older, and the disk not fuller
_BACKUP_S, _FREE_MIN = 8 * 86_400.0, 500 * 2**20
#: those that share the work: of each kind one has to be at work
_TOGETHER = (ProcessKind.WEB, ProcessKind.WORKER, ProcessKind.SENDER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What was found; ages are in seconds, and None says that there is nothing to be old."""

    #: what the process is there for that looked
    kind: ProcessKind
    #: since the last check, and whether that is too long
    check_age_s: float | None
    is_late: bool
    #: portfolios that the last check looked over
    portfolios: int
    #: since the last answer of each market that is asked, by its name
    prices: tuple[tuple[str, float | None], ...]
    #: what a price's age may be
    price_age_max_s: float
    #: that a question to the database took
    database_s: float
    trading_halted_since: datetime | None
    people: Mapping[Role, int]
    plans: Mapping[PlanState, int]
    #: of these, those of the people whom this process works for
    own_plans: Mapping[PlanState, int]
    #: since the oldest update of theirs came that is not finished
    inbox_age_s: float | None
    #: messages that wait, those held back by quiet hours too, and how long the oldest has that might have left
    waiting: int
    waits_s: float | None
    #: of the newest 5,000 messages, those that Telegram will never take
    refused: int
    #: since the last copy of the database; None: none was made
    backup_age_s: float | None
    #: bytes that are free where the database is; None: it is elsewhere
    free_bytes: int | None
    #: who works on the database or stands by, this process among them; none where it is a file
    processes: tuple[Process, ...] = ()

    @property
    def is_slow_to_tell(self) -> bool:
        """Tell whether messages do not leave as they should."""
        return self.waits_s is not None and self.waits_s > _WAITS_S

    @property
    def is_backup_old(self) -> bool:
        """Tell whether a copy of the database should be made."""
        return self.backup_age_s is None or self.backup_age_s > _BACKUP_S

    @property
    def is_disk_full(self) -> bool:
        """Tell whether there is little room left for the database."""
        return self.free_bytes is not None and self.free_bytes < _FREE_MIN

    def is_stale(self, age_s: float | None) -> bool:
        """Tell whether prices of this age are too old, those that never came among them."""
        return age_s is None or age_s > self.price_age_max_s

    @property
    def missing(self) -> tuple[ProcessKind, ...]:
        """Return which kinds nobody works as, where several processes share the work."""
        at_work = {one.kind for one in self.processes if not one.stands_by}
        return tuple(kind for kind in _TOGETHER if kind not in at_work) if at_work & {*_TOGETHER} else ()

    @property
    def unowned(self) -> frozenset[int]:
        """Return the shares of the people that no worker owns, where several processes share the work."""
        owned = frozenset[int]().union(*(one.shares for one in self.processes))
        return ALL - owned if any(one.kind in _TOGETHER for one in self.processes) else frozenset()

    @property
    def is_well(self) -> bool:
        """Tell whether nothing of it needs the operator."""
        stale = any(self.is_stale(age) for _, age in self.prices)
        troubles = (self.is_late, self.is_slow_to_tell, self.is_backup_old, self.is_disk_full, stale, self.trading_halted_since)
        return not any((*troubles, self.missing, self.unowned)) and not self.plans.get(PlanState.PARKED)


async def look(db: Database, clock: Clock, monitor: Monitor, markets: Markets, folder: Path, kind: ProcessKind, shares: Shares) -> Health:
    """Look at every part. Raises what the database raises when it does not answer."""
    begun, now = time.perf_counter(), clock.now()
    await db.ping()
    took = time.perf_counter() - begun
    last = monitor.last
    age = None if last is None else (now - last.at).total_seconds()
    longest = _INTERVALS * monitor.interval_s + _GRACE_S
    async with db.read() as tx:
        oldest, copied = await messages.waits_since(tx, now), await accounts.meta(tx, BACKED_UP_AT)
        came, is_open = await events.oldest_unfinished(tx, shares.only), await plans.count_open(tx)
        return Health(
            kind=kind,
            check_age_s=age,
            is_late=kind is not ProcessKind.SENDER and (age is None or age > longest),
            portfolios=last.portfolios if last else 0,
            prices=_prices(markets, has_portfolios=bool(last and last.portfolios)),
            price_age_max_s=longest,
            database_s=took,
            trading_halted_since=await halt.since(tx),
            people=await accounts.count_roles(tx),
            plans=is_open,
            own_plans=is_open if shares.is_all else await plans.count_open(tx, shares.owned),
            inbox_age_s=None if came is None else (now - came).total_seconds(),
            waiting=await messages.waiting(tx),
            waits_s=None if oldest is None else (now - oldest).total_seconds(),
            refused=await messages.count_refused(tx),
            backup_age_s=_since(copied, now),
            free_bytes=_free(folder) if db.is_sqlite else None,
            processes=() if db.is_sqlite else await living(tx),
        )


def _prices(markets: Markets, *, has_portfolios: bool) -> tuple[tuple[str, float | None], ...]:
    """Return how old the prices of each market are that anybody's portfolio needs; what nobody needs is not asked for."""
    asked = [(quoted.source, quoted.board.fetch_age_s) for quoted in markets]
    ages = [(f"{source.name} {source.quote_asset}", age) for source, age in asked]
    return tuple(
        (name, None if math.isinf(age) else age)
        for place, (name, age) in enumerate(ages)
        if (has_portfolios and place == 0) or not math.isinf(age)
    )


def _free(folder: Path) -> int | None:
    return shutil.disk_usage(folder).free if folder.is_dir() else None


def _since(stored: str | None, now: datetime) -> float | None:
    with contained("time of the last copy cannot be read"):
        return None if stored is None else (now - to_moment(stored)).total_seconds()
    return None

"""Who is watched: holdings as arrays, so that one check of everybody touches Python only where something may have happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chatbot.services import readings
from chatbot.store import portfolios

if TYPE_CHECKING:
    from chatbot.clock import Clock
    from chatbot.market.quotes import QuoteBoard
    from chatbot.model import Portfolio
    from chatbot.services.evaluation import Evaluation
    from chatbot.store.database import Database

_PAGE = 1000
#: an account is read again after this time even when nothing told us that it changed: funding, trades made elsewhere
_READ_AGAIN = timedelta(minutes=10)


@dataclass(slots=True)
class _Watched:
    portfolio: Portfolio
    instruments: tuple[str, ...]
    #: the last exact look; None: look again
    found: Evaluation | None = None
    seen_at: datetime | None = None
    #: True when every line is armed and no window is open, so that the screen may decide
    calm: bool = False


class Roster:
    """The active portfolios; an exact look is remembered until the account, the strategy or ten minutes have changed it."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._watched: dict[int, _Watched] = {}
        self._stale: set[int] | None = None

    def __len__(self) -> int:
        return len(self._watched)

    def forget(self, portfolio_id: int) -> None:
        """Read this portfolio again before the next check: its account or its settings changed."""
        if self._stale is not None:
            self._stale.add(portfolio_id)

    @property
    def instruments(self) -> tuple[str, ...]:
        """Return every instrument that anybody needs, for one fetch."""
        return tuple(sorted({name for watched in self._watched.values() for name in watched.instruments}))

    async def refresh(self) -> None:
        """Load who is new or changed; everybody at the first call."""
        stale, self._stale = self._stale, set()
        async with self._db.read() as tx:
            if stale is None:
                after = 0
                while page := await portfolios.active(tx, after_id=after, limit=_PAGE):
                    after = page[-1].id
                    for portfolio in page:
                        self._watch(portfolio)
                return
            for portfolio_id in stale:
                latest = await portfolios.get(tx, portfolio_id)
                if latest is None or latest.paused:
                    self._watched.pop(portfolio_id, None)
                else:
                    self._watch(latest)

    def _watch(self, portfolio: Portfolio) -> None:
        self._watched[portfolio.id] = _Watched(portfolio=portfolio, instruments=readings.instruments(portfolio.strategy))

    def note(self, found: Evaluation, now: datetime, *, calm: bool) -> None:
        """Remember an exact look; ``calm`` lets the screen decide until something changes."""
        watched = self._watched.get(found.portfolio.id)
        if watched is None:
            return
        watched.portfolio, watched.found, watched.seen_at, watched.calm = found.portfolio, found, now, calm
        watched.instruments = readings.instruments(found.portfolio.strategy, found.account)

    def suspects(self, board: QuoteBoard, now: datetime) -> tuple[Portfolio, ...]:
        """Return the portfolios that must be looked at exactly."""
        return tuple(watched.portfolio for watched in self._watched.values() if self._is_suspect(watched, board, now))

    def _is_suspect(self, watched: _Watched, board: QuoteBoard, now: datetime) -> bool:
        return True

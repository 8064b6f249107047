"""Portfolios that the check stumbles over: each is named, left alone for a growing time, and never stops the others (product 6)."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from chatbot.alerts import write as alerts
from chatbot.store import accounts
from chatbot.values import dataclass

if TYPE_CHECKING:
    from chatbot.model import Person, Portfolio
    from chatbot.store.database import Database, Tx

log = structlog.get_logger()

#: the first pause after a stumble; each further one is twice as long, up to the last
_FIRST, _LAST = timedelta(minutes=2), timedelta(hours=6)
#: what stands before a portfolio's id among the facts that the program remembers
KEY = "stumble:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stumble:
    """What keeps one portfolio from being checked."""

    #: names the log line that has the cause
    error_id: str
    #: the class of what went wrong; never its text, which may quote what a person has stored
    what: str
    since: datetime
    times: int = 1
    #: not looked at again before this
    until: datetime

    def to_text(self) -> str:
        """Return it as the doctor reads it."""
        return json.dumps(
            {"id": self.error_id, "what": self.what, "since": self.since.isoformat(), "times": self.times, "until": self.until.isoformat()}
        )


class Stumbles:
    """Who is left alone, and for how long. A start tries everybody again at once, and knows who had been told."""

    def __init__(self) -> None:
        self._known: dict[int, Stumble] = {}
        self._recalled = False

    async def recall(self, db: Database, now: datetime) -> None:
        """Take up, once, what an earlier process noted, so that an end of it is told and noted too; what is not noted is forgotten."""
        if self._recalled:
            return
        async with db.read() as tx:
            noted = await read(tx)
        self._known = {one: self._known.get(one) or replace(stumble, until=now) for one, stumble in noted.items() if stumble is not None}
        self._recalled = True

    async def gain(self, _: frozenset[int]) -> None:
        """Take up what others have noted meanwhile of people who are this process's from now on."""
        self._recalled = False

    def rests(self, portfolio_id: int, now: datetime) -> bool:
        """Tell whether a portfolio is left alone now."""
        stumble = self._known.get(portfolio_id)
        return stumble is not None and now < stumble.until

    def __contains__(self, portfolio_id: object) -> bool:
        return portfolio_id in self._known

    def note(self, portfolio_id: int, error: BaseException, now: datetime) -> Stumble:
        """Log what went wrong, and leave the portfolio alone for twice as long as the last time."""
        before = self._known.get(portfolio_id)
        times = before.times + 1 if before is not None else 1
        pause = min(_FIRST * 2 ** min(times - 1, 20), _LAST)
        stumble = (
            replace(before, times=times, until=now + pause, what=type(error).__name__)
            if before is not None
            else Stumble(error_id=secrets.token_hex(3), what=type(error).__name__, since=now, until=now + pause)
        )
        self._known[portfolio_id] = stumble
        log.error("portfolio stumbled over", portfolio=portfolio_id, id=stumble.error_id, times=times, exc_info=error)
        return stumble

    async def tell(self, db: Database, portfolio: Portfolio, error: BaseException, now: datetime) -> None:
        """Note a portfolio that cannot be checked, and tell its person once."""
        stumble = self.note(portfolio.id, error, now)
        async with db.transaction() as tx:
            await write(tx, portfolio.id, stumble)
            person = await _person(tx, portfolio)
            if person is not None and stumble.times == 1:
                await alerts.tell_stumbled(tx, portfolio, person, stumble.error_id, now)

    async def tell_over(self, db: Database, portfolio: Portfolio, now: datetime) -> None:
        """Forget the stumble of a portfolio that was checked, and tell whoever was told of it."""
        del self._known[portfolio.id]
        async with db.transaction() as tx:
            await write(tx, portfolio.id, None)
            person = await _person(tx, portfolio)
            if person is not None:
                await alerts.tell_checked_again(tx, portfolio, person, now)


async def _person(tx: Tx, portfolio: Portfolio) -> Person | None:
    """Return whose portfolio it is; None where that cannot be read either."""
    try:
        return await accounts.person(tx, portfolio.person_id)
    except ValueError:
        log.exception("person cannot be read", portfolio=portfolio.id)
        return None


async def write(tx: Tx, portfolio_id: int, stumble: Stumble | None) -> None:
    """Let the doctor see a stumble, or that it is over."""
    await accounts.set_meta(tx, f"{KEY}{portfolio_id}", stumble.to_text() if stumble is not None else "")


async def read(tx: Tx) -> dict[int, Stumble | None]:
    """Return what is noted, by portfolio; None for a note that cannot be read. What is over is left out."""
    noted = await accounts.metas(tx, KEY)
    return {int(rest): _stumble(text) for rest, text in noted.items() if text and rest.isdecimal()}


def _stumble(text: str) -> Stumble | None:
    try:
        found = json.loads(text)
        return Stumble(
            error_id=str(found["id"]),
            what=str(found["what"]),
            since=datetime.fromisoformat(found["since"]),
            times=int(found["times"]),
            until=datetime.fromisoformat(found["until"]),
        )
    except (ValueError, TypeError, LookupError, RecursionError):
        return None

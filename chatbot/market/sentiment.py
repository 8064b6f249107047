"""The Fear & Greed index: from the market itself where it has one, else over HTTP; a bad answer is no reading, never an error."""

from __future__ import annotations

import asyncio
import importlib
import json
from datetime import UTC, datetime, timedelta
from math import inf
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import structlog

from chatbot.errors import InternalError
from chatbot.exchanges.abilities import MoodSource
from chatbot.exchanges.base import FearGreed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

    from chatbot.clock import Clock
    from chatbot.exchanges.base import PriceSource

log = structlog.get_logger()
_DAY = timedelta(days=1)
#: what is kept, in days
KEEP_DAYS = 90
#: seconds between two questions: today's reading is there, or not yet; monotonic, whatever is done to the time of day
_HOURLY_S, _SOON_S = 3600.0, 600.0
#: days that are always asked for, so that a late reading still comes
_RECENT = 10
_TIMEOUT_S = 10.0
#: ninety days are 12 kB; more than this is not an index
_MOST_BYTES = 1_000_000
_LEAST, _MOST = 0, 100


class NoIndex(InternalError):
    """The index did not answer, or not with readings."""


class Sentiment:
    """The last daily readings; times are the market's own, each at 00:00 UTC of its day (domain 8.1)."""

    def __init__(self, source: PriceSource, clock: Clock, url: str = "", *, timeout_s: float = _TIMEOUT_S) -> None:
        self._source = source
        self._clock = clock
        self._own = source if isinstance(source, MoodSource) else None
        self._url = url
        self._timeout_s = timeout_s
        #: where the readings are from, as it is shown; empty: the index is switched off
        self.name = self._own.name if self._own else host_of(url)
        self._readings: dict[datetime, FearGreed] = {}
        self._next_at = -inf
        #: True after a failure was told, until the next answer
        self._told = False
        self._asking = asyncio.Lock()

    async def refresh(self, now: datetime) -> None:
        """Ask for new readings when there can be some at process time ``now``; a failure keeps what is there."""
        async with self._asking:
            market = self._source.market_time(now)
            if self._own is not None:
                self._keep(self._own.fear_greed_between(self._newest(market), market), market)
            elif self._url and self._clock.monotonic() >= self._next_at:
                await self._ask(market)

    async def _ask(self, market: datetime) -> None:
        try:
            found = await fetch_index(self._url, (market - self._newest(market)).days + _RECENT, timeout_s=self._timeout_s)
        except NoIndex as trouble:
            if not self._told:
                log.warning("fear_greed_unknown", source=self.name, reason=str(trouble))
            self._told = True
        else:
            self._told = False
            self._keep(found, market)
        latest = self.latest()
        has_today = latest is not None and market - latest.at < _DAY
        self._next_at = self._clock.monotonic() + (_HOURLY_S if has_today else _SOON_S)

    def _newest(self, market: datetime) -> datetime:
        """Return the time of the newest reading that the market has reached, or where history begins."""
        return max((at for at in self._readings if at <= market), default=market - KEEP_DAYS * _DAY)

    def _keep(self, found: tuple[FearGreed, ...], market: datetime) -> None:
        """Add readings; what is old is forgotten, and what a market that began again has not reached yet."""
        merged = {**self._readings, **{one.at: one for one in found}}
        self._readings = {at: merged[at] for at in sorted(merged) if market - KEEP_DAYS * _DAY <= at <= market}

    def record(self, readings: Iterable[FearGreed]) -> None:
        """Take a whole past at once, however long. An index is either recorded or refreshed."""
        self._readings = {one.at: one for one in sorted(readings, key=lambda one: one.at)}

    def readings(self, since: datetime, until: datetime) -> tuple[FearGreed, ...]:
        """Return the known readings in (since, until], oldest first; days without one are absent."""
        return tuple(one for at, one in self._readings.items() if since < at <= until)

    def latest(self) -> FearGreed | None:
        """Return the newest reading; None where none is known. Its age is the market's time minus ``at``."""
        return next(reversed(self._readings.values()), None)


def host_of(url: str) -> str:
    """Return the host of an address as people know it."""
    return (urlsplit(url).hostname or "").removeprefix("www.").removeprefix("api.")


async def fetch_index(url: str, days: int, *, timeout_s: float = _TIMEOUT_S) -> tuple[FearGreed, ...]:
    """Ask an index for its last ``days`` readings, in any order; raises :class:`NoIndex` when there is not one good reading."""
    # In a thread and not before it is needed: most markets have an index of their own, and a start should not wait for this.
    http = await asyncio.to_thread(importlib.import_module, "aiohttp")
    try:
        body = await _body(http, url, days, timeout_s)
        rows = json.loads(body)["data"]
    except TimeoutError:
        raise NoIndex(f"no answer within {timeout_s:g} s") from None
    except (http.ClientError, OSError) as trouble:
        raise NoIndex(f"it cannot be reached ({type(trouble).__name__})") from trouble
    except (ValueError, TypeError, LookupError, RecursionError) as trouble:
        raise NoIndex("the answer is not what an index says") from trouble
    found: dict[datetime, tuple[int, FearGreed]] = {}
    for seconds, value in filter(None, map(_row, rows if isinstance(rows, list) else [])):
        at = _day(seconds)
        if at not in found or found[at][0] < seconds:
            found[at] = (seconds, FearGreed(at=at, value=value))
    if not found:
        raise NoIndex("the answer has no reading between 0 and 100 with its time")
    return tuple(found[at][1] for at in sorted(found))


async def _body(http: ModuleType, url: str, days: int, timeout_s: float) -> bytes:
    """Return what the address answers; raises for anything but success and for answers without an end."""
    wait = http.ClientTimeout(total=timeout_s)
    async with http.ClientSession(timeout=wait) as session, session.get(url, params={"limit": days}) as response:
        if response.status != 200:
            raise NoIndex(f"it answers with HTTP status {response.status}")
        body = b""
        async for part in response.content.iter_any():
            body += part
            if len(body) > _MOST_BYTES:
                raise NoIndex("the answer does not end")
        return body


def _row(raw: Any) -> tuple[int, int] | None:  # noqa: ANN401 - whatever was sent
    """Return time in seconds and value of one row; None where either is missing or impossible."""
    try:
        seconds, value = int(str(raw["timestamp"])), int(str(raw["value"]))
        _day(seconds)
    except (ValueError, TypeError, LookupError, OverflowError, OSError):
        return None
    return (seconds, value) if _LEAST <= value <= _MOST else None


def _day(seconds: int) -> datetime:
    """Return 00:00 UTC of the day."""
    return datetime.fromtimestamp(seconds, UTC).replace(hour=0, minute=0, second=0, microsecond=0)

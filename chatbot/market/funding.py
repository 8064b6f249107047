"""What longs paid shorts: settlements of every contract that anybody needs, their intervals, and their blocks of eight hours."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.finite import finite
from chatbot.engine.triggers.funding import BLOCK_HOURS, Settlement, funding_blocks, market_rate
from chatbot.market.throttle import Throttle, Turn

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from chatbot.clock import Clock
    from chatbot.exchanges.base import Funding, PriceSource

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR, _MINUTE, _DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
#: what is kept, in days
KEEP_DAYS = 60
Block = tuple[datetime, Decimal | None]


@dataclass(slots=True)
class _Ledger:
    """The settlements of one contract, oldest first, by time; replaced as a whole, since threads read them."""

    paid: dict[datetime, Funding] = field(default_factory=dict)
    #: market time from which on they are known; None before the first answer
    since: datetime | None = None
    #: market time up to which they are known
    through: datetime = _EPOCH
    #: the last full hour when the end was asked for: a settlement falls on a full hour
    asked: datetime = _EPOCH
    turn: Turn = field(default_factory=Turn)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    #: the same as a row, with its times, so that a machine that steps through history finds its blocks; None until somebody asks
    row: tuple[dict[datetime, Funding], tuple[Funding, ...], tuple[datetime, ...]] | None = None

    def by_time(self) -> tuple[tuple[Funding, ...], tuple[datetime, ...]]:
        """Return the settlements, and when each was, oldest first."""
        paid, row = self.paid, self.row
        if row is None or row[0] is not paid:
            row = self.row = (paid, tuple(paid.values()), tuple(paid))
        return row[1:]

    @property
    def last(self) -> Funding | None:
        """Return the newest settlement."""
        return self.paid[max(self.paid)] if self.paid else None

    def due(self) -> datetime:
        """Return when the next settlement can be: an interval after the last one."""
        last = self.last
        return _EPOCH if last is None else on_minute(last.at) + last.interval_hours * _HOUR

    def take(self, settlements: Iterable[Funding]) -> None:
        """Add settlements whose rate is a number; exchanges are off by milliseconds, so their place is the full minute."""
        fresh = {on_minute(settlement.at): settlement for settlement in settlements if finite(settlement.rate) is not None}
        self.paid = dict(sorted({**self.paid, **fresh}.items()))

    def cut(self, since: datetime, now: datetime) -> None:
        """Forget what is old, and what a market that began again has not reached yet."""
        if any(not since <= at <= now for at in self.paid):
            self.paid = {at: one for at, one in self.paid.items() if since <= at <= now}
        if self.since is not None:
            self.since = min(max(self.since, since), now)
        self.through, self.asked = min(self.through, now), min(self.asked, _full_hour(now))


class FundingBook:
    """Funding settlements for everybody; times are the market's own."""

    def __init__(self, source: PriceSource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._throttle = Throttle(clock)
        self._ledgers: dict[str, _Ledger] = {}

    async def refresh(self, contracts: Collection[str], days: int) -> None:
        """Fetch what is missing of the last ``days`` (at most 60); a fetch that fails keeps what is there.

        A contract is not asked for again before its next settlement can exist, as far as its last interval tells.
        """
        async with asyncio.TaskGroup() as group:
            for contract in dict.fromkeys(contracts):
                ledger = self._ledgers.setdefault(contract, _Ledger())
                group.create_task(self._catch_up(contract, ledger, timedelta(days=min(days, KEEP_DAYS))))

    async def _catch_up(self, contract: str, ledger: _Ledger, span: timedelta) -> None:
        async with ledger.lock:
            now = self._source.market_time(self._clock.now())
            since = _full_hour(now - span)
            oldest = _full_hour(now - timedelta(days=KEEP_DAYS))
            ledger.cut(oldest, now)
            if ledger.since is None:
                await self._fetch(contract, ledger, since, now)
                return
            if since < ledger.since:
                await self._fetch(contract, ledger, since, ledger.since)
            if ledger.due() <= now and ledger.turn.may_ask(self._clock.monotonic(), fresh=_full_hour(now) > ledger.asked):
                await self._fetch(contract, ledger, max(ledger.through, oldest), now)

    async def _fetch(self, contract: str, ledger: _Ledger, since: datetime, until: datetime) -> None:
        """Ask for the settlements in (since, until]; the past is asked for once, the end until it is there."""
        if not ledger.turn.may_ask(self._clock.monotonic(), fresh=True):
            return
        found = await self._throttle.ask(lambda: self._source.funding(contract, since, until))
        now = self._clock.monotonic()
        if found is None:
            ledger.turn.failed(now)
            return
        ledger.take(found)
        at_the_end = ledger.since is None or since >= ledger.since
        ledger.since = since if ledger.since is None else min(ledger.since, since)
        if at_the_end:
            last = ledger.last
            # what is a day old was published long ago, if ever
            ledger.through = max(ledger.through, until - _DAY, on_minute(last.at) if last else _EPOCH)
            ledger.asked = _full_hour(until)
            ledger.turn.answered(now, complete=ledger.due() > until)

    def record(self, contract: str, settlements: Iterable[Funding]) -> None:
        """Take a whole past at once, however long. A book is either recorded or refreshed."""
        self._ledgers.setdefault(contract, _Ledger()).take(settlements)

    def settled(self, contract: str, since: datetime, until: datetime) -> tuple[Funding, ...]:
        """Return the known settlements in (since, until], oldest first."""
        ledger = self._ledgers.get(contract)
        if ledger is None:
            return ()
        paid, times = ledger.by_time()
        return paid[bisect_right(times, since) : bisect_right(times, until)]

    def interval_hours(self, contract: str) -> int | None:
        """Return the hours between settlements, read from the last one (domain 7.1); None where none is known."""
        ledger = self._ledgers.get(contract)
        last = ledger.last if ledger else None
        return last.interval_hours if last else None

    def blocks(self, contract: str, since: datetime, until: datetime) -> tuple[Block, ...]:
        """Return end and rate of every whole block in (since, until] (domain 7.2).

        None where the settlements do not cover the eight hours exactly.
        """
        paid = self.settled(contract, since, until)
        settlements = [Settlement(hour=_hour(one.at), rate=one.rate, interval_hours=Decimal(one.interval_hours)) for one in paid]
        start, end = -((_EPOCH - since) // _HOUR), (until - _EPOCH) // _HOUR
        if end < start:
            return ()
        first = -(-start // BLOCK_HOURS) + 1
        rates = funding_blocks(settlements, start, end)
        return tuple((_EPOCH + (first + place) * BLOCK_HOURS * _HOUR, rate) for place, rate in enumerate(rates))

    def market_blocks(self, contracts: Collection[str], since: datetime, until: datetime) -> tuple[Block, ...]:
        """Return the blocks of the market: the mean over ``contracts``, all alike, of the rates that are known (domain 7.2)."""
        rows = zip(*(self.blocks(contract, since, until) for contract in contracts), strict=True)
        return tuple((row[0][0], market_rate([(rate, None) for _, rate in row])) for row in rows)


def on_minute(moment: datetime) -> datetime:
    """Return the full minute that is nearest."""
    return _EPOCH + (moment - _EPOCH + _MINUTE / 2) // _MINUTE * _MINUTE


def _full_hour(moment: datetime) -> datetime:
    return _EPOCH + (moment - _EPOCH) // _HOUR * _HOUR


def _hour(moment: datetime) -> Decimal:
    """Return the hours since 1970; exact, since a minute is 1/60."""
    return Decimal((on_minute(moment) - _EPOCH) // _MINUTE) / 60

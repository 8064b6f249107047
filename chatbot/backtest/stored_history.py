"""A real market whose past is asked for once: what an exchange has said of a closed hour stands, so it is kept in the store.

A past is cut into stretches of one length, each about one page of an exchange. Only a stretch that is not known to its end, or as far as
anybody needs it, is asked for, and kept at once: whoever is refused in the middle goes on from there the next time.
"""

from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import structlog

from chatbot.exchanges.base import FearGreed, Funding
from chatbot.exchanges.candle_table import CandleTable
from chatbot.exchanges.sources import PLAYED
from chatbot.market.sentiment import NoIndex, fetch_index
from chatbot.store.past import stretches as history
from chatbot.store.past.stretches import Series, Stretch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

    from chatbot.clock import Clock
    from chatbot.exchanges.base import Candle, Market, PriceSource, Quote
    from chatbot.store.database import Database

    #: what asks an index for its last so many days; empty where it does not answer
    AskMood = Callable[[int], Awaitable[tuple[FearGreed, ...]]]
    #: what hears which instrument is asked for, from when on
    Heard = Callable[[str, datetime], None]

T = TypeVar("T")
log = structlog.get_logger()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
_SPANS = {"1h": timedelta(hours=1), "1d": timedelta(days=1)}
#: bars of a stretch: a page of most exchanges, and not a thousand small ones
_BARS = 960
#: bars that an exchange may publish late; what is missing before them was never traded
_LATE = 2
#: settlements of a stretch: at most one page, whatever their interval
_FUNDING = timedelta(days=30)
#: a settlement may be published so late
_FUNDING_LATE = timedelta(hours=12)
_DAY = timedelta(days=1)
_COLUMNS = 5
#: no stretch is longer, bytes
_MOST_BYTES = 1_000_000


def _unheard(_instrument: str, _since: datetime) -> None:
    """Tell nobody."""


def past_of(source: PriceSource, db: Database, clock: Clock, url: str, heard: Heard) -> PriceSource:
    """Return whom to ask for the past of a source: itself where it is played, which costs nothing; else what is kept of it.

    ``url`` is the index of Fear & Greed; empty: there is none.
    """
    if source.name in PLAYED:
        return source

    async def mood(days: int) -> tuple[FearGreed, ...]:
        try:
            return await fetch_index(url, days) if url else ()
        except NoIndex as trouble:
            log.warning("no past of fear and greed", reason=str(trouble))
            return ()

    return StoredHistory(source, db, clock, mood, heard)


class StoredHistory:
    """The past of a source; ``mood`` asks the index. Prices of now are the source's own affair."""

    def __init__(self, source: PriceSource, db: Database, clock: Clock, mood: AskMood, heard: Heard = _unheard) -> None:
        """``heard`` is told of every stretch before it is asked for."""
        self._source = source
        self._heard = heard
        self._db = db
        self._clock = clock
        self._mood = mood
        self._moods: tuple[FearGreed, ...] = ()
        #: by instrument, when its first day began: nobody asks for hours before it
        self._first: dict[str, datetime] = {}
        self.name = source.name
        self.quote_asset = source.quote_asset

    def market_time(self, now: datetime) -> datetime:
        """Return the market's time at ``now``."""
        return self._source.market_time(now)

    async def markets(self) -> Mapping[str, Market]:
        """Return the rules of every instrument."""
        return await self._source.markets()

    async def quotes(self, instruments: Collection[str]) -> Mapping[str, Quote]:
        """Return the latest quotes."""
        return await self._source.quotes(instruments)

    async def candles(self, instrument: str, interval: str, since: datetime, until: datetime) -> Sequence[Candle]:
        """Return the closed bars that opened in [since, until). Raises ``ExchangeError`` where one has to be asked for and is not given."""
        span = _SPANS[interval]
        if interval == "1h":
            since = max(since, self._first.get(instrument, since))
        closed = (self._now() - _EPOCH) // span
        low, high = -((_EPOCH - since) // span), min(-((_EPOCH - until) // span), closed)
        if low >= high:
            return CandleTable.of(())
        series, first, last = self._series(instrument, interval), low // _BARS, (high - 1) // _BARS
        async with self._db.read() as tx:
            known = await history.stretches(tx, series, first, last)
        found = []
        for number in range(first, last + 1):
            begin, end = number * _BARS, min((number + 1) * _BARS, closed)
            kept, table = _read(known.get(number), _bars_of)
            if kept is None or table is None or (kept.through - _EPOCH) // span < min(high, end):
                table = await self._more_bars(series, number, (kept, table), (begin, end))
            found.append(table)
        table = _cut(found, since, min(until, _EPOCH + closed * span))  # a clock that was set back has closed fewer than are kept
        if interval == "1d" and len(table):
            self._first[instrument] = _EPOCH + int(table.at_us[0]) * _US
        return table

    async def _more_bars(
        self, series: Series, number: int, known: tuple[Stretch | None, CandleTable | None], bars: tuple[int, int]
    ) -> CandleTable:
        """Ask for what is missing of a stretch up to the last closed bar, keep it, and return it whole."""
        span, (begin, end), (kept, before) = _SPANS[series.kind], bars, known
        since = _EPOCH + begin * span if kept is None else kept.through
        self._heard(series.instrument, since)
        fresh = CandleTable.of(await self._source.candles(series.instrument, series.kind, since, _EPOCH + end * span))
        table = fresh if before is None else _joined(before, fresh)
        newest = int(table.at_us[-1]) * _US // span + 1 if len(table) else begin
        through = _EPOCH + max(newest, min(end, (self._now() - _EPOCH) // span - _LATE)) * span
        await self._keep(series, number, Stretch(through=through, body=_body_of(table)))
        return table

    async def funding(self, instrument: str, since: datetime, until: datetime) -> tuple[Funding, ...]:
        """Return the settlements in (since, until]. Raises ``ExchangeError`` as :meth:`candles` does."""
        now = self._now()
        until = min(until, now)
        series, first, last = self._series(instrument, "funding"), (since - _EPOCH) // _FUNDING, (until - _EPOCH) // _FUNDING
        async with self._db.read() as tx:
            known = await history.stretches(tx, series, first, last)
        found: dict[datetime, Funding] = {}
        for number in range(first, last + 1):
            begin, end = _EPOCH + number * _FUNDING, min(_EPOCH + (number + 1) * _FUNDING, now)
            kept, paid = _read(known.get(number), _settlements)
            if kept is None or paid is None or kept.through < min(until, end):
                self._heard(instrument, begin)
                paid = tuple(await self._source.funding(instrument, begin, end))
                await self._keep(series, number, Stretch(through=min(end, now - _FUNDING_LATE), body=_paid(paid)))
            found |= {one.at: one for one in paid}
        return tuple(found[at] for at in sorted(found) if since < at <= until)

    async def read_mood(self, days: int) -> None:
        """Read the index back to so many days ago, so that :meth:`fear_greed_between` knows it; an index that does not answer has none."""
        now, series = self._now(), Series(market="", instrument="", kind="mood")
        async with self._db.read() as tx:
            _, readings = _read((await history.stretches(tx, series, 0, 0)).get(0), _readings)
        known = {one.at: one for one in readings or ()}
        oldest, newest = min(known, default=now), max(known, default=now)
        missing = (now - newest) // _DAY if known and oldest <= now - (days - 1) * _DAY else days
        if missing:
            asked = await self._mood(missing + 1)
            known |= {one.at: one for one in asked if one.at <= now}
            if asked:
                await self._keep(series, 0, Stretch(through=max(known), body=_moods(known)))
        self._moods = tuple(known[at] for at in sorted(known))

    def fear_greed_between(self, since: datetime, until: datetime) -> tuple[FearGreed, ...]:
        """Return the daily readings in (since, until] that were read."""
        return tuple(one for one in self._moods if since < one.at <= until)

    async def close(self) -> None:
        """Let go of nothing: the source is somebody else's."""

    def _now(self) -> datetime:
        return self.market_time(self._clock.now())

    def _series(self, instrument: str, kind: str) -> Series:
        return Series(market=f"{self.name} {self.quote_asset}", instrument=instrument, kind=kind)

    async def _keep(self, series: Series, number: int, stretch: Stretch) -> None:
        async with self._db.transaction() as tx:
            await history.keep(tx, series, number, stretch)


def _read(kept: Stretch | None, body: Callable[[bytes], T]) -> tuple[Stretch | None, T | None]:
    """Read what is kept; what is damaged is not known, and asked for again."""
    if kept is None:
        return None, None
    try:
        return kept, body(kept.body)
    except (zlib.error, ValueError, TypeError, ArithmeticError) as error:
        log.warning("a kept past cannot be read", error=str(error))
        return None, None


def _opened(body: bytes) -> bytes:
    """Return what was compressed; raises ``ValueError`` for what is longer than anything of ours."""
    reader = zlib.decompressobj()
    raw = reader.decompress(body, _MOST_BYTES)
    if reader.unconsumed_tail or not reader.eof:
        raise ValueError("not whole, or without an end")
    return raw


def _body_of(table: CandleTable) -> bytes:
    return zlib.compress(table.at_us.astype("<i8").tobytes() + table.rows.astype("<f8").tobytes(), level=1)


def _bars_of(body: bytes) -> CandleTable:
    raw = _opened(body)
    count = len(raw) // (8 * (1 + _COLUMNS))
    rows = np.frombuffer(raw, dtype="<f8", offset=8 * count).reshape(count, _COLUMNS)
    if not (np.isfinite(rows).all() and (rows[:, :-1] > 0).all()):
        raise ValueError("a price that is none")
    return CandleTable(np.frombuffer(raw, dtype="<i8", count=count).astype(np.int64), rows.astype(np.float64))


def _joined(before: CandleTable, fresh: CandleTable) -> CandleTable:
    """Return bars with fresh ones behind them; one that comes again is the newer."""
    older = before.at_us < (fresh.at_us[0] if len(fresh) else np.iinfo(np.int64).max)
    return CandleTable(np.concatenate([before.at_us[older], fresh.at_us]), np.concatenate([before.rows[older], fresh.rows]))


def _cut(found: Sequence[CandleTable], since: datetime, until: datetime) -> CandleTable:
    """Return the bars of some stretches that opened in [since, until)."""
    at, rows = np.concatenate([one.at_us for one in found]), np.concatenate([one.rows for one in found])
    low, high = np.searchsorted(at, ((since - _EPOCH) // _US, (until - _EPOCH) // _US))
    return CandleTable(at[low:high], rows[low:high])


def _paid(settlements: Collection[Funding]) -> bytes:
    rows = [[(one.at - _EPOCH) // _US, str(one.rate), one.interval_hours] for one in settlements]
    return zlib.compress(json.dumps(rows).encode())


def _settlements(body: bytes) -> tuple[Funding, ...]:
    rows = json.loads(_opened(body))
    return tuple(Funding(at=_EPOCH + at * _US, rate=Decimal(rate), interval_hours=hours) for at, rate, hours in rows)


def _moods(known: Mapping[datetime, FearGreed]) -> bytes:
    return zlib.compress(json.dumps([[(at - _EPOCH) // _US, known[at].value] for at in sorted(known)]).encode())


def _readings(body: bytes) -> tuple[FearGreed, ...]:
    return tuple(FearGreed(at=_EPOCH + at * _US, value=value) for at, value in json.loads(_opened(body)))

"""The one door to ccxt: public prices of real exchanges in our names, units and errors. No private endpoint is ever called here."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime
from decimal import Decimal
from math import inf
from typing import TYPE_CHECKING, Any

import structlog

from chatbot.clock import Clock, SystemClock
from chatbot.engine.finite import finite, positive
from chatbot.errors import ExchangeError, Rejected, Unreachable, Unreadable
from chatbot.exchanges.base import Candle, Depth, Funding, Market, Quote, is_perp
from chatbot.exchanges.candle_table import turned
from chatbot.exchanges.live.answers import STUMBLES
from chatbot.exchanges.live.connection import Connection
from chatbot.exchanges.live.listing import QUOTES, Listed, Listing
from chatbot.exchanges.markets.markettime import DAY_MS, HOUR_MS, MINUTE_MS, from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence

log = structlog.get_logger()

_FUNDING_PAGE = 100
#: what one dollar may cost in another where the price is told the other way round; anything else is no price
_TURNABLE = Decimal("0.01"), Decimal(100)
#: levels of an order book; every exchange here takes this number
_BOOK_LEVELS = 100
#: opening time, open, high, low, close, volume
_BAR_FIELDS = 6
#: refusals that may be about one instrument of many
_ABOUT_ONE = frozenset({"unknown_instrument", "bad_request", "halted"})
#: seconds for which an instrument that is refused although it is listed is not asked for again
_REFUSED_FOR_S = 300.0
_LAST_MS = to_ms(datetime(9999, 1, 1, tzinfo=UTC))


class CcxtSource:
    """Public market data of one exchange against one quote coin.

    ``options`` go into ccxt's constructor; ``prepare`` sees the ccxt object before its first use.
    """

    #: what a portfolio may be kept in, as far as the exchange lists what it needs
    quote_coins = QUOTES

    def __init__(
        self,
        exchange_name: str,
        options: Mapping[str, Any] | None = None,
        *,
        clock: Clock | None = None,
        prepare: Callable[[Any], object] | None = None,
        fresh_s: float = 2.0,
        beside: CcxtSource | None = None,
        quote: str = QUOTES[0],
    ) -> None:
        """``beside`` is a source of the same exchange whose line and list are used."""
        self.name, self.quote_asset = exchange_name, quote
        self._clock = clock or SystemClock()
        self.connection: Connection = beside.connection if beside is not None else Connection(exchange_name, options, prepare)
        self.listing: Listing = beside.listing if beside is not None else Listing(self.connection, self._clock)
        self._venue, self._ask = self.connection.venue, self.connection.ask
        #: instruments that the exchange refused although it lists them, and when they are asked for again
        self._refused: dict[str, float] = {}
        self._fetching = asyncio.Lock()
        self._fresh_s = fresh_s
        self._told: dict[str, Quote] = {}

    def quoted_in(self, coin: str) -> CcxtSource:
        """Return the markets against another quote coin, over the same line and from the same list."""
        return CcxtSource(self.name, clock=self._clock, fresh_s=self._fresh_s, beside=self, quote=coin)

    def market_time(self, now: datetime) -> datetime:
        """Return ``now``: a real market keeps our time."""
        return now

    async def markets(self) -> Mapping[str, Market]:
        """Return spot against the quote coin and linear perpetuals settled in it; an hour old at most, older if the list cannot be read."""
        await self.listing.refresh()
        return self._listed.rules

    @property
    def _listed(self) -> Listed:
        return self.listing.of(self.quote_asset)

    async def quotes(self, instruments: Collection[str]) -> Mapping[str, Quote]:
        """Return the latest quotes; raises only when nothing came back at all.

        What somebody else was told less than ``fresh_s`` ago is not asked again: a thousand accounts that value their positions
        at once cost one fetch.
        """
        await self.markets()
        async with self._fetching:
            since = self._clock.monotonic() - self._fresh_s
            due = [name for name in instruments if name in self._listed.symbols and self._may_ask(name, since)]
            if due:
                for name in due:
                    self._told.pop(name, None)
                self._told |= await self._fetch(due)
            return {name: self._told[name] for name in instruments if name in self._listed.symbols and name in self._told}

    async def _fetch(self, names: list[str]) -> dict[str, Quote]:
        """Fetch quotes: one call for spot, one or two for perpetuals, side by side; one half may fail."""
        spot, perps = [name for name in names if not is_perp(name)], [name for name in names if is_perp(name)]
        found: dict[str, Quote] = {}
        failures: list[ExchangeError] = []
        async with asyncio.TaskGroup() as group:
            for half, ask in ((spot, self._spot_quotes), (perps, self._perp_quotes)):
                if half:
                    group.create_task(_gather(self._without_the_unknown(half, ask), found, failures))
        if failures and not found:
            raise failures[0]
        if not found and any(name in self._listed.symbols for name in names):
            raise Unreachable(f"{self.name}: no price of {', '.join(names[:5])} came back")
        return found

    def _may_ask(self, name: str, since: float) -> bool:
        """Tell whether a quote is due: nobody was told one after ``since``, and the exchange did not refuse the instrument just now."""
        told = self._told.get(name)
        return (told is None or _seen(told) <= since) and self._clock.monotonic() >= self._refused.get(name, -inf)

    async def _without_the_unknown(self, names: list[str], ask: Callable[[list[str]], Awaitable[dict[str, Quote]]]) -> dict[str, Quote]:
        """Ask for all; where the exchange refuses one of them, read the rules again and ask for the rest, down to the one it refuses."""
        try:
            return await ask(names)
        except Rejected as refusal:
            if refusal.reason not in _ABOUT_ONE:
                raise
            await self.listing.read_soon()
            listed = [name for name in names if name in self._listed.symbols]
            dropped = [name for name in names if name not in self._listed.symbols] or (names if len(names) == 1 else [])
            if dropped:
                log.warning("instruments_dropped", exchange=self.name, instruments=dropped, error=str(refusal)[:200])
            if len(listed) < len(names):
                return await self._without_the_unknown(listed, ask) if listed else {}
            if dropped:
                self._refused[names[0]] = self._clock.monotonic() + _REFUSED_FOR_S
                return {}
            half = len(names) // 2
            return {**await self._without_the_unknown(names[:half], ask), **await self._without_the_unknown(names[half:], ask)}

    async def _ask_about(self, instrument: str, call: str, *args: object) -> Sequence[Any]:
        """Ask for the rows of one instrument; what the exchange no longer lists has none."""
        try:
            rows = await self._ask(call, self._listed.symbols[instrument], *args)
        except Rejected as refusal:
            if await self._is_listed_after(refusal, instrument):
                raise
            return []
        if not isinstance(rows, list):
            raise Unreadable(f"{self.name}: no list in the answer to {call}: {rows!r:.80}")
        return rows

    async def _is_listed_after(self, refusal: Rejected, instrument: str) -> bool:
        """Read the rules again where a refusal may be about this instrument; tell whether it is listed, as far as the refusal says."""
        if refusal.reason not in _ABOUT_ONE:
            return True
        await self.listing.read_soon()
        if instrument in self._listed.symbols:
            return True
        log.warning("instruments_dropped", exchange=self.name, instruments=[instrument], error=str(refusal)[:200])
        return False

    async def candles(self, instrument: str, interval: str, since: datetime, until: datetime) -> tuple[Candle, ...]:
        """Return the closed bars that opened in [since, until); hours that the exchange does not give are absent.

        A page may be short because hours are missing in it, or empty because the coin was not listed yet: the next one is asked for.
        """
        await self.markets()
        if instrument not in self._listed.symbols:
            return ()
        span = {"1m": MINUTE_MS, "1d": DAY_MS}.get(interval, HOUR_MS)
        first, end = to_ms(since), min(to_ms(until), to_ms(self._clock.now()) - span + 1)
        page = self._venue.page[is_perp(instrument)]
        unit = self._listed.units[instrument]
        bars: dict[int, Candle] = {}
        while first < end:
            extra = {"until": min(end, first + page * span), **self._venue.perp_candles} if is_perp(instrument) else {}
            rows = await self._ask_about(instrument, "fetch_ohlcv", interval, first, page, extra)
            read = [bar for row in rows if (bar := _candle(row, unit)) is not None]
            bars |= {at: bar for at, bar in read if first <= at < end}
            last = max((at for at, _ in read), default=0)
            first = last + span if last >= first else first + page * span
        told = (bars[at] for at in sorted(bars))
        return tuple(map(turned, told) if instrument in self._listed.turned else told)

    async def funding(self, instrument: str, since: datetime, until: datetime) -> tuple[Funding, ...]:
        """Return the settlements in (since, until].

        Times are put on the full minute, since exchanges are off by milliseconds; the interval is the time since the one before
        (domain 7.1).
        """
        await self.markets()
        symbol = self._listed.symbols.get(instrument)
        if symbol is None or not is_perp(instrument):
            return ()
        rates: dict[int, Decimal] = {}
        start, end = to_ms(since) - DAY_MS, to_ms(until)
        while start <= end:
            rows = await self._ask_about(instrument, "fetch_funding_rate_history", start, _FUNDING_PAGE)
            fresh = dict(paid for row in rows if (paid := _settlement(row)) is not None)
            last = max(fresh, default=0)
            rates |= fresh
            if last <= start or len(rows) < _FUNDING_PAGE:
                break
            start = last + 1
        return _settlements(rates, to_ms(since), end)

    async def depth(self, instrument: str) -> Depth | None:
        """Return the visible order book, sizes in base units."""
        await self.markets()
        symbol = self._listed.symbols.get(instrument)
        if symbol is None or instrument in self._listed.turned:
            return None
        unit = self._listed.units[instrument]
        try:
            told = await self._ask("fetch_order_book", symbol, _BOOK_LEVELS)
        except Rejected as refusal:
            if await self._is_listed_after(refusal, instrument):
                raise Unreachable(f"{self.name}: no order book of {instrument}: {refusal}") from refusal
            return None
        try:
            bids, asks = (tuple(level for row in told[side] if (level := _level(row, unit)) is not None) for side in ("bids", "asks"))
        except STUMBLES as error:
            raise Unreadable(f"{self.name}: unreadable order book of {instrument}: {error!r}") from error
        if not (bids or asks):
            raise Unreachable(f"{self.name}: the order book of {instrument} is empty")
        return Depth(bids=bids, asks=asks)

    async def server_time(self) -> datetime:
        """Return the exchange's own time."""
        at = _moment(await self._ask("fetch_time"))
        if at is None:
            raise Unreachable(f"{self.name}: no time in the answer")
        return at

    async def close(self) -> None:
        """Close the connection, which all sources of the exchange share; they may be used again afterwards."""
        await self.connection.close()
        self.listing.forget()

    def _table(self, answer: object, symbols: Iterable[str]) -> Mapping[str, Any]:
        """Return an answer by symbol; one that tells nothing of what was asked is none, and it may be that nothing of it is listed now."""
        if not isinstance(answer, dict) or not any(symbol in answer for symbol in symbols):
            self.listing.doubt()
            raise Unreachable(f"{self.name}: the answer tells of nothing that was asked for")
        return answer

    async def _spot_quotes(self, names: list[str]) -> dict[str, Quote]:
        """Return spot quotes out of one call."""
        symbols = [self._listed.symbols[name] for name in names]
        tickers = self._table(await self._ask("fetch_tickers", symbols), symbols)
        return self._kept(names, {name: self._quote(name, tickers.get(self._listed.symbols[name])) for name in names})

    async def _perp_quotes(self, names: list[str]) -> dict[str, Quote]:
        """Return perpetual quotes with mark and next funding rate; without a mark there is no price to value with."""
        symbols = [self._listed.symbols[name] for name in names]
        venue = self._venue
        touch = self._table(await self._ask(venue.perp_touch, symbols), symbols)
        marks = self._table(await self._ask(venue.perp_marks, symbols), symbols) if venue.perp_marks else touch
        rates = await self._rates(symbols) if venue.perp_rates else None
        quotes: dict[str, Quote | None] = {}
        for name, symbol in zip(names, symbols, strict=True):
            told = marks.get(symbol) or {}
            raw = told if venue.perp_marks else told.get("info") or {}
            mark = positive(raw.get("markPrice" if venue.perp_marks else venue.raw_mark))
            rate = (raw if rates is None else rates.get(symbol) or {}).get(venue.next_rate)
            quotes[name] = None if mark is None else self._quote(name, touch.get(symbol), mark=mark, rate=rate)
        return self._kept(names, quotes)

    async def _rates(self, symbols: list[str]) -> Mapping[str, Any]:
        """Return funding rates where they are told apart from the marks; without them a price is one all the same."""
        try:
            return self._table(await self._ask(self._venue.perp_rates or "", symbols), symbols)
        except ExchangeError as error:
            log.warning("rates_unknown", exchange=self.name, error=str(error)[:200])
            return {}

    def _quote(self, name: str, ticker: object, *, mark: Decimal | None = None, rate: object = None) -> Quote | None:
        """Return a quote; None where bid or ask are missing, or any field is no number."""
        if not isinstance(ticker, dict):
            return None
        given = {"bid": ticker.get("bid"), "ask": ticker.get("ask")}
        hints = {"volume": ticker.get("quoteVolume"), "funding_rate": rate, "last": ticker.get("last")}
        if hints["volume"] is None and mark is None:  # MEXC counts the trades of coins in coins alone
            hints["volume"] = _product(ticker.get("baseVolume"), hints["last"])
        numbers = {field: finite(raw) for field, raw in (given | {field: raw for field, raw in hints.items() if raw is not None}).items()}
        bid, ask = numbers.pop("bid"), numbers.pop("ask")
        if bid is None or ask is None or None in numbers.values():
            return None
        if name in self._listed.turned:
            if not (_TURNABLE[0] <= bid <= _TURNABLE[1] and _TURNABLE[0] <= ask <= _TURNABLE[1]):
                return None
            bid, ask, numbers = 1 / ask, 1 / bid, {"volume": numbers.get("volume")}
        return Quote(
            instrument=name,
            bid=bid,
            ask=ask,
            at=self._clock.now(),
            mark=mark,
            told_at=_moment(ticker.get("timestamp")),
            seen=self._clock.monotonic(),
            **numbers,
        )

    def _kept(self, names: list[str], quotes: Mapping[str, Quote | None]) -> dict[str, Quote]:
        """Return what can be used; name in the log what cannot. What has no price may be halted: the rules are read again soon."""
        dropped = [name for name in names if quotes[name] is None]
        empty = [name for name, quote in quotes.items() if quote is None or quote.bid <= 0 or quote.ask <= 0]
        if any(self._listed.rules[name].trading for name in empty):
            self.listing.doubt()
        if dropped:
            log.warning("instruments_dropped", exchange=self.name, instruments=dropped[:20], count=len(dropped))
        return {name: quote for name, quote in quotes.items() if quote is not None}


def _product(amount: object, price: object) -> Decimal | None:
    """Return what an amount is worth; None where one of the two is no number."""
    known, worth = finite(amount), finite(price)
    return None if known is None or worth is None else known * worth


async def _gather(answer: Any, found: dict[str, Quote], failures: list[ExchangeError]) -> None:  # noqa: ANN401 - a coroutine
    """Collect one half of the quotes, or why it failed."""
    try:
        found.update(await answer)
    except ExchangeError as error:
        failures.append(error)


def _seen(quote: Quote) -> float:
    """Return the monotonic reading of a quote of ours."""
    return quote.seen if quote.seen is not None else 0.0


def _moment(ms: object) -> datetime | None:
    """Return the time of UTC milliseconds; None where they are none."""
    number = finite(ms)
    return from_ms(int(number)) if number is not None and 0 < number < _LAST_MS else None


def _candle(row: Sequence[Any], unit: Decimal) -> tuple[int, Candle] | None:
    """Return one bar, volume in base units, by its opening time; None where a field is no number."""
    if not isinstance(row, list | tuple) or len(row) < _BAR_FIELDS:
        return None
    at, volume = _moment(row[0]), finite(row[5] or 0)
    first, high, low, last = (positive(price) for price in row[1:5])
    if at is None or volume is None or first is None or high is None or low is None or last is None or volume < 0:
        return None
    return to_ms(at), Candle(at=at, open=first, high=high, low=low, close=last, volume=volume * unit)


def _settlement(row: object) -> tuple[int, Decimal] | None:
    """Return minute and rate of one settlement; None where either is no number."""
    if not isinstance(row, dict):
        return None
    at, rate = _moment(row.get("timestamp")), finite(row.get("fundingRate"))
    return None if at is None or rate is None else (_on_minute(to_ms(at)), rate)


def _level(row: Sequence[Any], unit: Decimal) -> tuple[Decimal, Decimal] | None:
    """Return price and base units of one level of a book; None where either is no number."""
    price, size = positive(row[0]), finite(row[1])
    return None if price is None or size is None or size < 0 else (price, size * unit)


def _on_minute(ms: int) -> int:
    """Round to the full minute."""
    return (ms + MINUTE_MS // 2) // MINUTE_MS * MINUTE_MS


def _settlements(rates: Mapping[int, Decimal], since: int, until: int) -> tuple[Funding, ...]:
    """Return the settlements in (since, until] with the hours since the one before; the first known one takes those to the next."""
    times = sorted(rates)
    if not times:
        return ()
    gaps = [after - before for before, after in itertools.pairwise(times)]
    gaps = [gaps[0] if gaps else 8 * HOUR_MS, *gaps]
    return tuple(
        Funding(at=from_ms(at), rate=rates[at], interval_hours=max(1, round(gap / HOUR_MS)))
        for at, gap in zip(times, gaps, strict=True)
        if since < at <= until
    )

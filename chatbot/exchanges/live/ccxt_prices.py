"""The one door to ccxt: public prices of real exchanges in our names, units and errors. No private endpoint is ever called here."""

from __future__ import annotations

import asyncio
import gc
import itertools
from datetime import UTC, datetime
from decimal import Decimal
from math import inf
from typing import TYPE_CHECKING, Any

import structlog

from chatbot.clock import Clock, SystemClock
from chatbot.engine.finite import finite, positive
from chatbot.errors import ExchangeError, Rejected, Unreachable
from chatbot.exchanges.base import PERP, Candle, Depth, Funding, Market, Quote, is_perp
from chatbot.exchanges.live.answers import STUMBLES, guard, rows_expected
from chatbot.exchanges.live.ccxt_errors import translate
from chatbot.exchanges.live.ccxt_loader import check_name, error_classes, exchange_class
from chatbot.exchanges.live.venues import VENUES
from chatbot.exchanges.markets.markettime import DAY_MS, HOUR_MS, MINUTE_MS, from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence

log = structlog.get_logger()

#: seconds until the rules of markets are read again: listings and halts change slowly
_RULES_FOR_S = 3600.0
#: the same after they could not be read, and the least between two readings that an unknown instrument asks for
_RULES_AGAIN_S = 60.0
#: a table of rules with less than this share of the one before is not the whole table
_WHOLE = 0.5
_FUNDING_PAGE = 100
#: levels of an order book; every exchange here takes this number
_BOOK_LEVELS = 100
_ONE, _ZERO = Decimal(1), Decimal(0)
#: opening time, open, high, low, close, volume
_BAR_FIELDS = 6
#: refusals that may be about one instrument of many
_ABOUT_ONE = frozenset({"unknown_instrument", "bad_request", "halted"})
#: seconds for which an instrument that is refused although it is listed is not asked for again
_REFUSED_FOR_S = 300.0
_LAST_MS = to_ms(datetime(9999, 1, 1, tzinfo=UTC))


class CcxtSource:
    """Public market data of one exchange. ``options`` go into ccxt's constructor; ``prepare`` sees the ccxt object before its first use."""

    quote_asset = "USDT"

    def __init__(
        self,
        exchange_name: str,
        options: Mapping[str, Any] | None = None,
        *,
        clock: Clock | None = None,
        prepare: Callable[[Any], object] | None = None,
        fresh_s: float = 2.0,
    ) -> None:
        check_name(exchange_name)
        self.name = exchange_name
        self._venue = VENUES[exchange_name]
        self._given = dict(options or {})
        self._clock = clock or SystemClock()
        self._prepare = prepare
        self._ccxt: Any = None
        self._symbols: dict[str, str] = {}
        self._rules: dict[str, Market] = {}
        self._units: dict[str, Decimal] = {}
        #: monotonic reading at which the rules are due again; None: they were never read
        self._due_at: float | None = None
        #: when they may be read out of turn again
        self._again_at = -inf
        #: when a missing price may ask for that again
        self._doubt_at = -inf
        #: instruments that the exchange refused although it lists them, and when they are asked for again
        self._refused: dict[str, float] = {}
        self._opening = asyncio.Lock()
        self._loading = asyncio.Lock()
        self._fetching = asyncio.Lock()
        self._fresh_s = fresh_s
        self._told: dict[str, Quote] = {}

    def market_time(self, now: datetime) -> datetime:
        """Return ``now``: a real market keeps our time."""
        return now

    async def markets(self) -> Mapping[str, Market]:
        """Return spot against USDT and linear perpetuals settled in it; read again every hour, the old ones serve if that fails."""
        async with self._loading:
            if self._due_at is None or self._clock.monotonic() >= self._due_at:
                await self._read_rules()
        return self._rules

    async def _read_rules(self) -> None:
        """Read the rules; they are swapped in only when they are complete."""
        made = await self._open()
        now, before = self._clock.monotonic(), self._rules.keys()
        try:
            rows = await self._ask("fetch_markets")
            self._check_complete(rows)
            try:
                made.set_markets(rows)
                self._take_rules(made.markets)
            except STUMBLES as error:
                raise Unreachable(f"{self.name}: unreadable list of markets: {error!r}") from error
        except (Unreachable, Rejected) as error:
            if self._due_at is None:
                raise Unreachable(str(error)) from error
            log.warning("rules_kept", exchange=self.name, error=str(error)[:200])
            self._due_at = now + _RULES_AGAIN_S
        else:
            # what has gone from the list is looked for again soon: a list may be short by mistake
            self._due_at = now + (_RULES_FOR_S if before <= self._rules.keys() else _RULES_AGAIN_S)

    def _check_complete(self, rows: object) -> None:
        """Raise ``Unreachable`` for a list of markets that is not whole: empty, without spot or contracts, or half as long as before."""
        listed = rows if isinstance(rows, list) else []
        found = {perp: sum(1 for row in listed if isinstance(row, dict) and _kind(row, self.quote_asset) is perp) for perp in (False, True)}
        for perp, count in found.items():
            before = sum(1 for name in self._rules if is_perp(name) is perp)
            if count == 0 or count < before * _WHOLE:
                kind = "contracts" if perp else "spot markets"
                raise Unreachable(f"{self.name}: the list of markets is not whole: {count} {kind}, {before} before")

    async def quotes(self, instruments: Collection[str]) -> Mapping[str, Quote]:
        """Return the latest quotes; raises only when nothing came back at all.

        What somebody else was told less than ``fresh_s`` ago is not asked again: a thousand accounts that value their positions
        at once cost one fetch.
        """
        await self.markets()
        async with self._fetching:
            since = self._clock.monotonic() - self._fresh_s
            due = [name for name in instruments if name in self._symbols and self._may_ask(name, since)]
            if due:
                for name in due:
                    self._told.pop(name, None)
                self._told |= await self._fetch(due)
            return {name: self._told[name] for name in instruments if name in self._symbols and name in self._told}

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
        if not found and any(name in self._symbols for name in names):
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
            await self._read_rules_soon()
            listed = [name for name in names if name in self._symbols]
            dropped = [name for name in names if name not in self._symbols] or (names if len(names) == 1 else [])
            if dropped:
                log.warning("instruments_dropped", exchange=self.name, instruments=dropped, error=str(refusal)[:200])
            if len(listed) < len(names):
                return await self._without_the_unknown(listed, ask) if listed else {}
            if dropped:
                self._refused[names[0]] = self._clock.monotonic() + _REFUSED_FOR_S
                return {}
            half = len(names) // 2
            return {**await self._without_the_unknown(names[:half], ask), **await self._without_the_unknown(names[half:], ask)}

    async def _read_rules_soon(self) -> None:
        """Read the rules again at once, but not every time that somebody asks."""
        async with self._loading:
            if self._clock.monotonic() >= self._again_at:
                self._again_at = self._clock.monotonic() + _RULES_AGAIN_S
                await self._read_rules()

    def _doubt_rules(self) -> None:
        """Have the rules read again before the next quotes, unless that was asked for a short while ago."""
        now = self._clock.monotonic()
        if now >= self._doubt_at and self._due_at is not None:
            self._doubt_at, self._due_at = now + _REFUSED_FOR_S, now

    async def _ask_about(self, instrument: str, call: str, *args: object) -> Sequence[Any]:
        """Ask for the rows of one instrument; what the exchange no longer lists has none."""
        try:
            rows = await self._ask(call, self._symbols[instrument], *args)
        except Rejected as refusal:
            if refusal.reason not in _ABOUT_ONE:
                raise
            await self._read_rules_soon()
            if instrument in self._symbols:
                raise
            log.warning("instruments_dropped", exchange=self.name, instruments=[instrument], error=str(refusal)[:200])
            return []
        if not isinstance(rows, list):
            raise Unreachable(f"{self.name}: no list in the answer to {call}: {rows!r:.80}")
        return rows

    async def candles(self, instrument: str, interval: str, since: datetime, until: datetime) -> tuple[Candle, ...]:
        """Return the closed bars that opened in [since, until); hours that the exchange does not give are absent.

        A page may be short because hours are missing in it, or empty because the coin was not listed yet: the next one is asked for.
        """
        await self.markets()
        symbol = self._symbols.get(instrument)
        if symbol is None:
            return ()
        span = DAY_MS if interval == "1d" else HOUR_MS
        first, end = to_ms(since), min(to_ms(until), to_ms(self._clock.now()) - span + 1)
        page = self._venue.page[is_perp(instrument)]
        unit = self._units[instrument]
        bars: dict[int, Candle] = {}
        while first < end:
            extra = {"until": min(end, first + page * span), **self._venue.perp_candles} if is_perp(instrument) else {}
            rows = await self._ask_about(instrument, "fetch_ohlcv", interval, first, page, extra)
            read = [bar for row in rows if (bar := _candle(row, unit)) is not None]
            bars |= {at: bar for at, bar in read if first <= at < end}
            last = max((at for at, _ in read), default=0)
            first = last + span if last >= first else first + page * span
        return tuple(bars[at] for at in sorted(bars))

    async def funding(self, instrument: str, since: datetime, until: datetime) -> tuple[Funding, ...]:
        """Return the settlements in (since, until].

        Times are put on the full minute, since exchanges are off by milliseconds; the interval is the time since the one before
        (domain 7.1).
        """
        await self.markets()
        symbol = self._symbols.get(instrument)
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
        symbol = self._symbols.get(instrument)
        if symbol is None:
            return None
        told, unit = await self._ask("fetch_order_book", symbol, _BOOK_LEVELS), self._units[instrument]
        try:
            bids, asks = (tuple(level for row in told[side] if (level := _level(row, unit)) is not None) for side in ("bids", "asks"))
        except STUMBLES as error:
            raise Unreachable(f"{self.name}: unreadable order book of {instrument}: {error!r}") from error
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
        """Close the connections; the source may be used again afterwards."""
        if self._ccxt is not None:
            await self._ccxt.close()
            self._ccxt, self._due_at = None, None

    async def _open(self) -> Any:  # noqa: ANN401 - ccxt is untyped
        """Return the ccxt object, made when it is first needed.

        Loading an exchange takes 0.2 s and 30 MB: it comes after the start, in a thread beside whoever chats.
        """
        async with self._opening:
            if self._ccxt is None:
                loaded = await asyncio.to_thread(exchange_class, self.name)
                gc.freeze()  # what was imported lives for ever; the collector need not look through it again and again
                self._ccxt = self._made(loaded)
            return self._ccxt

    def _made(self, loaded: type[Any]) -> Any:  # noqa: ANN401 - ccxt is untyped
        given = {"enableRateLimit": True, "timeout": 10_000, **self._given}
        given["options"] = {**self._venue.options, **given.get("options", {})}
        made = loaded(given)
        made.has["fetchCurrencies"] = False  # on some exchanges a private call
        if self._prepare is not None:
            self._prepare(made)
        guard(made, error_classes().BadResponse)
        return made

    async def _ask(self, call: str, *args: object) -> Any:  # noqa: ANN401 - ccxt is untyped
        """Make one public call; every failure comes out as one of ours."""
        expected = rows_expected.set(call != "fetch_time")
        try:
            return await getattr(await self._open(), call)(*args)
        except error_classes().BaseError as error:
            raise translate(error, changes=False) from error
        except STUMBLES as error:
            raise Unreachable(f"{self.name}: unreadable answer to {call}: {error!r}") from error
        finally:
            rows_expected.reset(expected)

    def _table(self, answer: object, symbols: Iterable[str]) -> Mapping[str, Any]:
        """Return an answer by symbol; one that tells nothing of what was asked is none."""
        if not isinstance(answer, dict) or not any(symbol in answer for symbol in symbols):
            raise Unreachable(f"{self.name}: the answer tells of nothing that was asked for")
        return answer

    def _take_rules(self, loaded: Mapping[str, Mapping[str, Any]]) -> None:
        """Keep the markets that Ballast can trade; one whose rules cannot be read is left out by name."""
        symbols: dict[str, str] = {}
        rules: dict[str, Market] = {}
        units: dict[str, Decimal] = {}
        for symbol, raw in loaded.items():
            perp = _kind(raw, self.quote_asset)
            if perp is None:
                continue
            name = f"{raw['base']}{PERP if perp else ''}"
            unit = positive(raw.get("contractSize")) if perp and self._venue.counts_contracts else _ONE
            market = None if unit is None else _market(name, raw, unit)
            if market is None and name in self._rules:  # a row that cannot be read is no delisting
                market, unit = self._rules[name], self._units[name]
            if market is None or unit is None:
                log.warning("instrument_dropped", exchange=self.name, instrument=name)
                continue
            symbols[name], rules[name], units[name] = symbol, market, unit
        self._symbols, self._rules, self._units = symbols, rules, units

    async def _spot_quotes(self, names: list[str]) -> dict[str, Quote]:
        """Return spot quotes out of one call."""
        symbols = [self._symbols[name] for name in names]
        tickers = self._table(await self._ask("fetch_tickers", symbols), symbols)
        return self._kept(names, {name: self._quote(name, tickers.get(self._symbols[name])) for name in names})

    async def _perp_quotes(self, names: list[str]) -> dict[str, Quote]:
        """Return perpetual quotes with mark and next funding rate; without a mark there is no price to value with."""
        symbols = [self._symbols[name] for name in names]
        venue = self._venue
        touch = self._table(await self._ask(venue.perp_touch, symbols), symbols)
        marks = self._table(await self._ask(venue.perp_marks, symbols), symbols) if venue.perp_marks else touch
        quotes: dict[str, Quote | None] = {}
        for name, symbol in zip(names, symbols, strict=True):
            told = marks.get(symbol) or {}
            raw = told if venue.perp_marks else told.get("info") or {}
            mark = positive(raw.get("markPrice" if venue.perp_marks else venue.raw_mark))
            quotes[name] = None if mark is None else self._quote(name, touch.get(symbol), mark=mark, rate=raw.get(venue.next_rate))
        return self._kept(names, quotes)

    def _quote(self, name: str, ticker: object, *, mark: Decimal | None = None, rate: object = None) -> Quote | None:
        """Return a quote; None where bid or ask are missing, or any field is no number."""
        if not isinstance(ticker, dict):
            return None
        given = {"bid": ticker.get("bid"), "ask": ticker.get("ask")}
        hints = {"volume": ticker.get("quoteVolume"), "funding_rate": rate, "last": ticker.get("last")}
        numbers = {field: finite(raw) for field, raw in (given | {field: raw for field, raw in hints.items() if raw is not None}).items()}
        bid, ask = numbers.pop("bid"), numbers.pop("ask")
        if bid is None or ask is None or None in numbers.values():
            return None
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
        if any(self._rules[name].trading for name in empty):
            self._doubt_rules()
        if dropped:
            log.warning("instruments_dropped", exchange=self.name, instruments=dropped[:20], count=len(dropped))
        return {name: quote for name, quote in quotes.items() if quote is not None}


async def _gather(answer: Any, found: dict[str, Quote], failures: list[ExchangeError]) -> None:  # noqa: ANN401 - a coroutine
    """Collect one half of the quotes, or why it failed."""
    try:
        found.update(await answer)
    except ExchangeError as error:
        failures.append(error)


def _seen(quote: Quote) -> float:
    """Return the monotonic reading of a quote of ours."""
    return quote.seen if quote.seen is not None else 0.0


def _kind(raw: Mapping[str, Any], quote: str) -> bool | None:
    """Return True for a linear perpetual settled in ``quote``, False for spot against it, None for anything else."""
    if raw.get("quote") != quote:
        return None
    if raw.get("swap") and raw.get("linear") and raw.get("settle") == quote:
        return True
    return False if raw.get("spot") else None


def _moment(ms: object) -> datetime | None:
    """Return the time of UTC milliseconds; None where they are none."""
    number = finite(ms)
    return from_ms(int(number)) if number is not None and 0 < number < _LAST_MS else None


def _market(name: str, raw: Mapping[str, Any], unit: Decimal) -> Market | None:
    """Return the rules of one market; None where ccxt does not know its steps, or a rule is no number."""
    steps, limits = raw.get("precision") or {}, raw.get("limits") or {}
    tick, step = positive(steps.get("price")), positive(steps.get("amount"))
    told = {
        "min_notional": (limits.get("cost") or {}).get("min"),
        "min_qty": (limits.get("amount") or {}).get("min"),
        "max_leverage": (limits.get("leverage") or {}).get("max") or (20 if is_perp(name) else None),
        "maker_fee": raw.get("maker"),
        "taker_fee": raw.get("taker"),
    }
    read = {field: finite(value) for field, value in told.items() if value is not None}
    numbers = {field: number for field, number in read.items() if number is not None}
    if tick is None or step is None or len(numbers) < len(read):
        return None
    if not is_perp(name):
        numbers["max_leverage"] = _ONE
    return Market(
        instrument=name,
        tick=tick,
        lot=step * unit,
        min_notional=numbers.pop("min_notional", _ZERO),
        min_qty=numbers.pop("min_qty", _ZERO) * unit,
        trading=raw.get("active") is not False,
        listed=True,
        **numbers,
    )


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

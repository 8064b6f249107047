"""The one door to ccxt: public prices of real exchanges in our names, units and errors. No private endpoint is ever called here."""

from __future__ import annotations

import asyncio
import itertools
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.clock import Clock, SystemClock
from chatbot.errors import ExchangeError, Unreachable
from chatbot.exchanges.base import PERP, Candle, Depth, Funding, Market, Quote, is_perp
from chatbot.exchanges.live.ccxt_errors import translate
from chatbot.exchanges.live.ccxt_loader import error_classes, exchange_class
from chatbot.exchanges.live.venues import VENUES
from chatbot.exchanges.markets.markettime import DAY_MS, HOUR_MS, MINUTE_MS, from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

#: rules of markets are read again after this time: listings and halts change slowly
_RULES_FOR = timedelta(hours=1)
_FUNDING_PAGE = 100
#: levels of an order book; every exchange here takes this number
_BOOK_LEVELS = 100
_ONE = Decimal(1)
#: an answer that ccxt itself stumbles over
_STUMBLES = (KeyError, TypeError, ValueError, AttributeError, IndexError)


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
        self.name = exchange_name
        self._exchange_class = exchange_class(exchange_name)
        self._venue = VENUES[exchange_name]
        self._given = dict(options or {})
        self._clock = clock or SystemClock()
        self._prepare = prepare
        self._errors: type[Exception] = error_classes().BaseError
        self._ccxt: Any = None
        self._symbols: dict[str, str] = {}
        self._rules: dict[str, Market] = {}
        self._read_at: datetime | None = None
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
            now = self._clock.now()
            if self._read_at is None or now - self._read_at >= _RULES_FOR:
                try:
                    loaded = await self._ask("load_markets", self._read_at is not None)
                except Unreachable:
                    if self._read_at is None:
                        raise
                else:
                    self._take_rules(loaded)
                self._read_at = now
        return self._rules

    async def quotes(self, instruments: Collection[str]) -> Mapping[str, Quote]:
        """Return the latest quotes; raises only when nothing came back at all.

        What somebody else was told less than ``fresh_s`` ago is not asked again: a thousand accounts that value their positions
        at once cost one fetch.
        """
        await self.markets()
        known = [name for name in instruments if name in self._symbols]
        async with self._fetching:
            since = self._clock.now() - timedelta(seconds=self._fresh_s)
            due = [name for name in known if name not in self._told or self._told[name].at <= since]
            if due:
                for name in due:
                    self._told.pop(name, None)
                self._told |= await self._fetch(due)
            return {name: self._told[name] for name in known if name in self._told}

    async def _fetch(self, names: list[str]) -> dict[str, Quote]:
        """Fetch quotes: one call for spot, one or two for perpetuals, side by side; one half may fail."""
        spot = [name for name in names if not is_perp(name)]
        perps = [name for name in names if is_perp(name)]
        found: dict[str, Quote] = {}
        failures: list[ExchangeError] = []
        async with asyncio.TaskGroup() as group:
            if spot:
                group.create_task(_gather(self._spot_quotes(spot), found, failures))
            if perps:
                group.create_task(_gather(self._perp_quotes(perps), found, failures))
        if failures and not found:
            raise failures[0]
        return found

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
        unit = self._unit(symbol)
        bars: dict[int, Candle] = {}
        while first < end:
            extra = {"until": min(end, first + page * span), **self._venue.perp_candles} if is_perp(instrument) else {}
            rows = await self._ask("fetch_ohlcv", symbol, interval, first, page, extra)
            bars |= {int(row[0]): _candle(row, unit) for row in rows if first <= row[0] < end}
            last = max((int(row[0]) for row in rows), default=0)
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
            rows = await self._ask("fetch_funding_rate_history", symbol, start, _FUNDING_PAGE)
            fresh = {_on_minute(row["timestamp"]): _exact(row["fundingRate"]) for row in rows if row.get("fundingRate") is not None}
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
        told, unit = await self._ask("fetch_order_book", symbol, _BOOK_LEVELS), self._unit(symbol)
        try:
            sides = (tuple((_exact(row[0]), _exact(row[1]) * unit) for row in told[side]) for side in ("bids", "asks"))
            return Depth(bids=next(sides), asks=next(sides))
        except (*_STUMBLES, ArithmeticError) as error:
            raise Unreachable(f"{self.name}: unreadable order book of {instrument}: {error!r}") from error

    async def close(self) -> None:
        """Close the connections; the source may be used again afterwards."""
        if self._ccxt is not None:
            await self._ccxt.close()
            self._ccxt = None

    def _open(self) -> Any:  # noqa: ANN401 - ccxt is untyped
        """Return the ccxt object, made when it is first needed."""
        if self._ccxt is None:
            given = {"enableRateLimit": True, "timeout": 10_000, **self._given}
            given["options"] = {**self._venue.options, **given.get("options", {})}
            made = self._exchange_class(given)
            made.has["fetchCurrencies"] = False  # on some exchanges a private call
            if self._prepare is not None:
                self._prepare(made)
            self._ccxt = made
        return self._ccxt

    async def _ask(self, call: str, *args: object) -> Any:  # noqa: ANN401 - ccxt is untyped
        """Make one public call; every failure comes out as one of ours."""
        try:
            return await getattr(self._open(), call)(*args)
        except self._errors as error:
            raise translate(error, changes=False) from error
        except _STUMBLES as error:
            raise Unreachable(f"{self.name}: unreadable answer to {call}: {error!r}") from error

    def _take_rules(self, loaded: Mapping[str, Mapping[str, Any]]) -> None:
        """Keep the markets that Ballast can trade."""
        self._symbols, self._rules = {}, {}
        for symbol, raw in loaded.items():
            if raw.get("quote") != self.quote_asset:
                continue
            perp = bool(raw.get("swap") and raw.get("linear") and raw.get("settle") == self.quote_asset)
            if not (perp or raw.get("spot")):
                continue
            name = f"{raw['base']}{PERP if perp else ''}"
            market = _market(name, raw, _exact(raw["contractSize"]) if perp and self._venue.counts_contracts else _ONE)
            if market is not None:
                self._symbols[name], self._rules[name] = symbol, market

    def _unit(self, symbol: str) -> Decimal:
        """Return how many base units one unit of volume or amount is."""
        size = self._open().markets[symbol].get("contractSize") if self._venue.counts_contracts else None
        return _ONE if size is None else _exact(size)

    async def _spot_quotes(self, names: list[str]) -> dict[str, Quote]:
        """Return spot quotes out of one call."""
        tickers = await self._ask("fetch_tickers", [self._symbols[name] for name in names])
        at = self._clock.now()
        return {name: quote for name in names if (quote := _quote(name, tickers.get(self._symbols[name]), at)) is not None}

    async def _perp_quotes(self, names: list[str]) -> dict[str, Quote]:
        """Return perpetual quotes with mark and next funding rate; without a mark there is no price to value with."""
        symbols = [self._symbols[name] for name in names]
        venue = self._venue
        touch = await self._ask(venue.perp_touch, symbols)
        marks = await self._ask(venue.perp_marks, symbols) if venue.perp_marks else touch
        at = self._clock.now()
        quotes: dict[str, Quote] = {}
        for name, symbol in zip(names, symbols, strict=True):
            told = marks.get(symbol) or {}
            raw = told if venue.perp_marks else told.get("info", {})
            mark = raw.get("markPrice" if venue.perp_marks else venue.raw_mark)
            quote = None if mark is None else _quote(name, touch.get(symbol), at, mark=_exact(mark), rate=raw.get(venue.next_rate))
            if quote is not None:
                quotes[name] = quote
        return quotes


async def _gather(answer: Any, found: dict[str, Quote], failures: list[ExchangeError]) -> None:  # noqa: ANN401 - a coroutine
    """Collect one half of the quotes, or why it failed."""
    try:
        found.update(await answer)
    except ExchangeError as error:
        failures.append(error)


def _exact(number: object) -> Decimal:
    """Cross from ccxt's float to Decimal through its shortest text."""
    return Decimal(str(number))


def _market(name: str, raw: Mapping[str, Any], unit: Decimal) -> Market | None:
    """Return the rules of one market; None where ccxt does not know its steps."""
    tick, step = raw["precision"].get("price"), raw["precision"].get("amount")
    if not tick or not step:
        return None
    limits = raw.get("limits", {})
    least_cost = limits.get("cost", {}).get("min")
    least_qty = limits.get("amount", {}).get("min")
    most_leverage = limits.get("leverage", {}).get("max")
    fees = {field: _exact(raw[key]) for field, key in (("maker_fee", "maker"), ("taker_fee", "taker")) if raw.get(key) is not None}
    return Market(
        instrument=name,
        tick=_exact(tick),
        lot=_exact(step) * unit,
        min_notional=_exact(least_cost) if least_cost is not None else Decimal(0),
        min_qty=_exact(least_qty) * unit if least_qty is not None else Decimal(0),
        trading=raw.get("active") is not False,
        max_leverage=_ONE if not is_perp(name) else _exact(most_leverage or 20),
        **fees,
    )


def _quote(name: str, ticker: Mapping[str, Any] | None, at: datetime, *, mark: Decimal | None = None, rate: object = None) -> Quote | None:
    """Return a quote; None where bid or ask are missing."""
    if ticker is None or ticker.get("bid") is None or ticker.get("ask") is None:
        return None
    volume = ticker.get("quoteVolume")
    return Quote(
        instrument=name,
        bid=_exact(ticker["bid"]),
        ask=_exact(ticker["ask"]),
        at=at,
        mark=mark,
        volume=None if volume is None else _exact(volume),
        funding_rate=None if rate is None else _exact(rate),
    )


def _candle(row: list[float], unit: Decimal) -> Candle:
    """Return one bar; volume in base units."""
    first, high, low, last = (_exact(price) for price in row[1:5])
    return Candle(at=from_ms(int(row[0])), open=first, high=high, low=low, close=last, volume=_exact(row[5] or 0) * unit)


def _on_minute(ms: int) -> int:
    """Round to the full minute."""
    return (ms + MINUTE_MS // 2) // MINUTE_MS * MINUTE_MS


def _settlements(rates: Mapping[int, Decimal], since: int, until: int) -> tuple[Funding, ...]:
    """Return the settlements in (since, until] with the hours since the one before; the first known one takes those to the next."""
    times = sorted(rates)
    gaps = [after - before for before, after in itertools.pairwise(times)]
    gaps = [gaps[0] if gaps else 8 * HOUR_MS, *gaps]
    return tuple(
        Funding(at=from_ms(at), rate=rates[at], interval_hours=max(1, round(gap / HOUR_MS)))
        for at, gap in zip(times, gaps, strict=True)
        if since < at <= until
    )

"""The markets of each exchange against each quote coin: a portfolio is valued by, and traded on, those of its own and no others (domain 0).

The market that the program runs on is there from the start. One of an exchange on which only accounts with keys stand is opened with
the first of them, and shared by all.
"""

from __future__ import annotations

import asyncio
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from chatbot.engine.cash import DOLLARS
from chatbot.errors import ExchangeError, Unreachable
from chatbot.exchanges.abilities import QuotedInSeveral
from chatbot.exchanges.base import traded
from chatbot.market.betas import Betas
from chatbot.market.candles import CandleBook
from chatbot.market.funding import FundingBook
from chatbot.market.quotes import QuoteBoard
from chatbot.portfolio.lives import stored_notes
from chatbot.portfolio.lives.levels import Levels
from chatbot.portfolio.lives.stops import Stops

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from datetime import datetime
    from decimal import Decimal

    from chatbot.clock import Clock
    from chatbot.exchanges.base import PriceSource
    from chatbot.model import Portfolio
    from chatbot.model.life import Leap
    from chatbot.store.database import Database


#: so many other dollars tell together which one has left its peg
_SURE: Final = 2


class Quoted:
    """All that is known of the markets against one quote coin; an instrument is called by its coin alone, so two of these never mix."""

    def __init__(
        self, source: PriceSource, clock: Clock, levels: Levels, stops: Stops, *, max_spread: Decimal, world: str, usual: Quoted | None
    ) -> None:
        """``max_spread`` is a fraction of the middle; ``world`` is the exchange, empty for the market that the program runs on.

        ``usual`` are the markets against its usual quote coin, None where these are they.
        How much a coin swings, and how it moves with BTC, is the same against any dollar.
        """
        self.world = world
        self.is_usual = usual is None
        self.candles: CandleBook = CandleBook(source, clock) if usual is None else usual.candles
        if usual is not None:
            self.candles.ask_of(source, usual.source.quote_asset)
        self.betas: Betas = Betas(self.candles) if usual is None else usual.betas
        self.source: PriceSource = source
        self.board = QuoteBoard(source, clock, max_spread=max_spread)
        self.funding = FundingBook(source, clock)
        self.levels = levels
        self.stops = stops
        self._clock = clock
        #: other dollars that are traded against the quote coin: what tells whether it is one itself
        self.dollars: tuple[str, ...] = ()
        #: what was traded at the last check; None before the first
        self._traded: frozenset[str] | None = None

    async def notice(self, instruments: Collection[str]) -> frozenset[str]:
        """Keep the prices of what is traded of these; return what was traded at the last check and is not now, or the other way round."""
        try:
            markets = await self.source.markets()
        except ExchangeError:
            return frozenset()
        now = traded(markets)
        self.dollars = tuple(sorted((now & DOLLARS) - {self.source.quote_asset}))
        self.stops.note(self.board.usable(now.intersection(instruments), self._clock.now())[0])
        before, self._traded = self._traded, now
        return frozenset() if before is None else (before ^ now).intersection(instruments)

    async def price(self, instrument: str) -> Decimal | None:
        """Return the price of an instrument now, quote; None where it has no usable one."""
        if self.board.problem(instrument, self._clock.now()) is not None:
            await self.board.refresh((instrument,))
        quote = None if self.board.problem(instrument, self._clock.now()) else self.board.get(instrument)
        return None if quote is None else quote.price

    def dollar_price(self) -> Decimal | None:
        """Return what the quote coin costs in dollars, by the middle one of the others; None where too few are traded against it.

        One other dollar tells only that one of the two has left its peg: it counts alone where it is the market's usual money, so
        against every quote coin but that one (domain 9.5).
        """
        quotes, _ = self.board.usable(self.dollars, self._clock.now())
        prices = sorted(quote.price for quote in quotes.values())
        if len(prices) < (_SURE if self.is_usual else 1):
            return None
        return 1 / ((prices[(len(prices) - 1) // 2] + prices[len(prices) // 2]) / 2)


#: opens the prices of an exchange by name
OpenPrices: TypeAlias = "Callable[[str], PriceSource]"


class Markets:
    """The door to :class:`Quoted`: asked for once per portfolio; behind it everybody asks by coin."""

    def __init__(self, db: Database, clock: Clock, *, max_spread: Decimal, open_prices: OpenPrices | None = None) -> None:
        self._db = db
        self._clock = clock
        self._max_spread = max_spread
        self._open_prices = open_prices
        #: by exchange and quote coin, those that the program runs on first
        self._every: dict[tuple[str, str], Quoted] = {}
        #: by exchange, those against its usual coin
        self._worlds: dict[str, Quoted] = {}
        self._opening = asyncio.Lock()

    @classmethod
    async def load(
        cls, db: Database, source: PriceSource, clock: Clock, *, max_spread: Decimal, live: bool, open_prices: OpenPrices | None = None
    ) -> Markets:
        """Return the markets of a source against every coin that it quotes in, with what an earlier process wrote down of them."""
        markets = cls(db, clock, max_spread=max_spread, open_prices=open_prices)
        await markets._add("", source, live=live)
        return markets

    async def open(self, exchange: str) -> Quoted:
        """Return the markets of an exchange on which accounts with keys stand; nothing is asked of it before a price is needed."""
        async with self._opening:
            if exchange == self.name:
                return self.usual
            if exchange not in self._worlds and self._open_prices is not None:
                await self._add(exchange, self._open_prices(exchange), live=True)
            return self._worlds[exchange]

    async def _add(self, world: str, source: PriceSource, *, live: bool) -> None:
        usual = None
        for one in _sources(source):
            of = " ".join(filter(None, (world, "" if one is source else one.quote_asset)))
            levels, stops = await Levels.load(self._db, of), await Stops.load(self._db, of)
            if live:  # elsewhere levels carry the time of a played market
                stops.seed(levels.last())
            quoted = Quoted(one, self._clock, levels, stops, max_spread=self._max_spread, world=world, usual=usual)
            self._every[world, one.quote_asset] = quoted
            usual = usual or quoted
        if usual is not None:
            self._worlds[world] = usual

    def __iter__(self) -> Iterator[Quoted]:
        return iter(tuple(self._every.values()))

    async def keep(self, now: datetime, *, at_once: bool = False, also: Mapping[str, str] = MappingProxyType({})) -> None:
        """Write down the levels and stops that changed, and now and then the last prices, ``at_once`` those too; all in one transaction.

        ``also`` are other facts of the program that are to be written now, by name: each commit waits for the disk.
        """
        levels = [(quoted.levels, quoted.levels.unwritten()) for quoted in self]
        stops = [(quoted.stops, quoted.stops.unwritten(now, at_once=at_once)) for quoted in self]
        await stored_notes.write(self._db, {key: noted for _, facts in (*levels, *stops) for key, noted in facts.items()}, also)
        for one, facts in levels:
            if facts:
                one.written()
        for two, facts in stops:
            if facts:
                two.written(now)

    @property
    def usual(self) -> Quoted:
        """Return those that the program runs on, against their own quote coin."""
        return self._worlds[""]

    @property
    def name(self) -> str:
        """Return the name of the market that the program runs on."""
        return self.usual.source.name

    @property
    def coins(self) -> tuple[str, ...]:
        """Return the quote coins that a portfolio may be kept in here, the usual one first."""
        return tuple(quote for world, quote in self._every if not world)

    def world_of(self, portfolio: Portfolio) -> str:
        """Return whose prices a portfolio is valued by: its own exchange's where it stands on an account there; empty: those here."""
        return portfolio.exchange if portfolio.key_id is not None and portfolio.exchange in self._worlds else ""

    def has(self, portfolio: Portfolio) -> bool:
        """Tell whether a portfolio belongs to markets that are open: it does nothing in others."""
        return portfolio.exchange == self.name or bool(self.world_of(portfolio))

    def first(self, world: str) -> Quoted:
        """Return the markets of an exchange against its usual coin; raises ``KeyError`` where they are not open."""
        return self._worlds[world]

    def market_time(self, portfolio: Portfolio, now: datetime) -> datetime:
        """Return the time of a portfolio's market at ``now``: the same where it is real."""
        quoted = self._every.get((self.world_of(portfolio), portfolio.quote), self.usual)
        return quoted.source.market_time(now)

    def leap(self, portfolio: Portfolio, mark: str) -> Leap | None:
        """Return the leap of a price that a button names; None where there is none any more."""
        quoted = self._every.get((self.world_of(portfolio), portfolio.quote))
        return None if quoted is None else quoted.levels.marked(mark)

    async def not_traded(self, quote: str, instruments: Iterable[str]) -> tuple[str, ...]:
        """Return what of these is not traded here against a quote coin, by name. Raises ``Unreachable`` where that cannot be told."""
        quoted = self._every.get(("", quote))
        there = traded(await quoted.source.markets()) if quoted is not None else frozenset()
        return tuple(sorted(set(instruments) - {quote} - there))

    def of(self, portfolio: Portfolio) -> Quoted:
        """Return the markets of a portfolio. Raises ``Unreachable`` where there are none against its quote coin."""
        return self.against(portfolio.quote, self.world_of(portfolio))

    def against(self, quote: str, world: str = "") -> Quoted:
        """Return the markets of an exchange, by default those here, against a quote coin. Raises ``Unreachable`` where there are none."""
        try:
            return self._every[world, quote]
        except KeyError:
            raise Unreachable(f"{world or self.name} has no markets against {quote}") from None


def _sources(source: PriceSource) -> tuple[PriceSource, ...]:
    """Return a source against every coin that it quotes in, its own first."""
    if not isinstance(source, QuotedInSeveral):
        return (source,)
    usual = source.quote_asset
    return (source, *(source.quoted_in(coin) for coin in source.quote_coins if coin != usual))

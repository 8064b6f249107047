"""The markets against each quote coin: a portfolio is valued by, and traded on, those of its own quote coin and no others (domain 0)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatbot.engine.cash import DOLLARS
from chatbot.errors import ExchangeError, Unreachable
from chatbot.exchanges.base import QuotedInSeveral, traded
from chatbot.market.funding import FundingBook
from chatbot.market.quotes import QuoteBoard
from chatbot.portfolio.lives.levels import Levels
from chatbot.portfolio.lives.stops import Stops

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
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

    def __init__(self, source: PriceSource, clock: Clock, levels: Levels, stops: Stops, *, max_spread: Decimal) -> None:
        """``max_spread`` is a fraction of the middle."""
        self.source = source
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

    def dollar_price(self, *, alone: bool) -> Decimal | None:
        """Return what the quote coin costs in dollars, by the middle one of the others; None where too few are traded against it.

        One other dollar tells only that one of the two has left its peg: it counts ``alone`` where it is the market's usual money.
        """
        quotes, _ = self.board.usable(self.dollars, self._clock.now())
        prices = sorted(quote.price for quote in quotes.values())
        if len(prices) < (1 if alone else _SURE):
            return None
        return 1 / ((prices[(len(prices) - 1) // 2] + prices[len(prices) // 2]) / 2)

    async def keep(self, db: Database, now: datetime) -> None:
        """Write down the levels and stops that changed."""
        await self.levels.keep(db)
        await self.stops.keep(db, now)


class Markets:
    """The door to :class:`Quoted`: asked for once per portfolio; behind it everybody asks by coin."""

    def __init__(self, every: Sequence[Quoted]) -> None:
        """``every`` one of the source, that of its usual quote coin first."""
        self._by_quote = {one.source.quote_asset: one for one in every}
        #: those of the source's own quote coin, which triggers and betas read whatever a portfolio is kept in
        self.usual = every[0]

    @classmethod
    async def load(cls, db: Database, source: PriceSource, clock: Clock, *, max_spread: Decimal, live: bool) -> Markets:
        """Return the markets of a source against every coin that it quotes in, with what an earlier process wrote down of them."""
        every = []
        for one in _sources(source):
            of = "" if one is source else one.quote_asset
            levels, stops = await Levels.load(db, of), await Stops.load(db, of)
            if live:  # elsewhere levels carry the time of a played market
                stops.seed(levels.last())
            every.append(Quoted(one, clock, levels, stops, max_spread=max_spread))
        return cls(every)

    def __iter__(self) -> Iterator[Quoted]:
        return iter(self._by_quote.values())

    @property
    def coins(self) -> tuple[str, ...]:
        """Return the quote coins that a portfolio may be kept in here, the usual one first."""
        return tuple(self._by_quote)

    def dollar_price(self, quote: str) -> Decimal | None:
        """Return what a quote coin costs in dollars; None where this market does not show it (domain 9.5)."""
        quoted = self._by_quote.get(quote)
        return None if quoted is None else quoted.dollar_price(alone=quoted is not self.usual)

    def leap(self, portfolio: Portfolio, mark: str) -> Leap | None:
        """Return the leap of a price that a button names; None where there is none any more."""
        quoted = self._by_quote.get(portfolio.quote)
        return None if quoted is None else quoted.levels.marked(mark)

    async def not_traded(self, quote: str, instruments: Iterable[str]) -> tuple[str, ...]:
        """Return what of these is not traded against a quote coin, by name. Raises ``Unreachable`` where that cannot be told."""
        quoted = self._by_quote.get(quote)
        there = traded(await quoted.source.markets()) if quoted is not None else frozenset()
        return tuple(sorted(set(instruments) - {quote} - there))

    def of(self, portfolio: Portfolio) -> Quoted:
        """Return the markets of a portfolio. Raises ``Unreachable`` where there are none against its quote coin."""
        return self.against(portfolio.quote)

    def against(self, quote: str) -> Quoted:
        """Return the markets against a quote coin. Raises ``Unreachable`` where there are none."""
        try:
            return self._by_quote[quote]
        except KeyError:
            raise Unreachable(f"{self.usual.source.name} has no markets against {quote}") from None


def _sources(source: PriceSource) -> tuple[PriceSource, ...]:
    """Return a source against every coin that it quotes in, its own first."""
    if not isinstance(source, QuotedInSeveral):
        return (source,)
    usual = source.quote_asset
    return (source, *(source.quoted_in(coin) for coin in source.quote_coins if coin != usual))

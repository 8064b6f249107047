"""Instruments that their exchange does not trade, by its own list, with the last price that each had: what counts until a person says more.

A price that is only missing is no reason to believe an old one (domain 0). What was seen outlives a restart, so that a coin that went in
a night without the bot still has a last price in the morning.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal  # noqa: TC003 - read at run time by the JSON codec
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import structlog

from chatbot.engine.cash import CASH_COINS
from chatbot.exchanges.base import Quote, is_perp
from chatbot.model.life import Stop, StopKind
from chatbot.portfolio.lives import stored_notes
from chatbot.store.codec import Instant, Price  # noqa: TC001 - fields are read back by them
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chatbot.exchanges.base import Market
    from chatbot.store.database import Database

log = structlog.get_logger()

#: an instrument is gone once the list has been without it for so long: a list that has lost one is read again in that time
GONE_AFTER: Final = timedelta(seconds=60)
#: prices that nobody's stop depends on are written down at most so often
_WRITE_EVERY: Final = timedelta(hours=1)
_KEY: Final = "stops"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What is written down of one instrument; times are the process's."""

    price: Price | None = None
    priced_at: Instant | None = None
    #: None while it is traded
    kind: StopKind | None = None
    since: Instant | None = None


class Stops:
    """What is not traded, and the last price of everything, in memory; :meth:`unwritten` says what is to be written down."""

    def __init__(self, kept: Mapping[str, _Kept] | None = None, *, key: str = _KEY) -> None:
        kept = kept or {}
        #: the fact under which it is written down
        self._key = key
        #: the last quote of whatever is traded, and what an earlier process knew
        self._quotes: dict[str, Quote] = {}
        self._prices = {name: (one.price, one.priced_at) for name, one in kept.items()}
        self._stops = {name: self._made(name, one.kind, one.since) for name, one in kept.items() if one.kind and one.since}
        #: when an instrument was first seen to be missing in the list
        self._absent: dict[str, datetime] = {}
        self._changed = False
        self._written: datetime | None = None

    @classmethod
    async def load(cls, db: Database, quote: str = "") -> Stops:
        """Return what an earlier process wrote down; what cannot be read starts over. ``quote`` is empty for the usual quote coin."""
        key = stored_notes.fact(_KEY, quote)
        return cls(await stored_notes.read(db, key, _Kept), key=key)

    def unwritten(self, now: datetime, *, at_once: bool = False) -> dict[str, Mapping[str, object]]:
        """Return stops that changed since :meth:`written`, and now and then the last prices, by the name of their fact; else nothing.

        With ``at_once`` the last prices in any case.
        """
        due = at_once or self._written is None or now - self._written >= _WRITE_EVERY
        return {self._key: self._kept()} if self._changed or (due and self._quotes) else {}

    def written(self, now: datetime) -> None:
        """Take note that what was unwritten is written down."""
        self._changed, self._written = False, now

    def _kept(self) -> dict[str, _Kept]:
        kept: dict[str, _Kept] = {}
        for name in sorted({*self._prices, *self._quotes, *self._stops}):
            (price, at), stop = self._last(name), self._stops.get(name)
            kept[name] = _Kept(price=price, priced_at=at, kind=stop.kind if stop else None, since=stop.since if stop else None)
        return kept

    def seed(self, prices: Mapping[str, tuple[Decimal, datetime]]) -> None:
        """Take prices, quote, with their times, for what is known no better: an earlier version kept no last ones."""
        self._prices = {**prices, **self._prices}

    def note(self, quotes: Mapping[str, Quote]) -> None:
        """Remember trusted quotes of what is traded."""
        self._quotes.update(quotes)

    def see(self, instruments: Iterable[str], markets: Mapping[str, Market], now: datetime) -> dict[str, Stop]:
        """Hold instruments against the exchange's list, and return those that it calls halted or does not name any more."""
        found: dict[str, Stop] = {}
        for name in instruments:
            market = markets.get(name)
            if market is not None and market.trading:
                if name in self._stops or name in self._absent:
                    self._resume(name)
            elif (kind := self._kind(name, market, now)) is not None:
                found[name] = self._stop(name, kind, now)
        return found

    def _kind(self, name: str, market: Market | None, now: datetime) -> StopKind | None:
        """Return what the list says of an instrument that is not traded; None while it is only missing, which may be a bad answer."""
        if market is not None and market.listed:
            self._absent.pop(name, None)
            return StopKind.HALTED
        known = self._stops.get(name)
        if known is not None and known.kind is StopKind.GONE:
            return StopKind.GONE
        if name in CASH_COINS and name not in self._prices and name not in self._quotes:
            return None  # it never had a market here
        since = self._absent.setdefault(name, now)
        if now - since >= GONE_AFTER:
            return StopKind.GONE
        return None if known is None else known.kind

    def _stop(self, name: str, kind: StopKind, now: datetime) -> Stop:
        known = self._stops.get(name)
        if known is not None and known.kind is kind:
            return known
        stop = self._stops[name] = self._made(name, kind, self._absent.pop(name, now))
        self._changed = True
        log.warning("instrument stopped", instrument=name, kind=kind, price=str(stop.price))
        return stop

    def _made(self, name: str, kind: StopKind, since: datetime) -> Stop:
        price, at = self._last(name)
        return Stop(instrument=name, kind=kind, since=since, price=price, priced_at=at)

    def _resume(self, name: str) -> None:
        self._absent.pop(name, None)
        if self._stops.pop(name, None) is not None:
            self._changed = True
            log.info("instrument traded again", instrument=name)

    def _last(self, name: str) -> tuple[Decimal | None, datetime | None]:
        quote = self._quotes.get(name)
        return (quote.price, quote.at) if quote is not None else self._prices.get(name, (None, None))

    def value(self, name: str, quote: Quote) -> Stop:
        """Take the price that a market had when it was first seen halted: it is the last one there is."""
        stop = self._stops[name] = replace(self._stops[name], price=quote.price, priced_at=quote.at)
        self._changed = True
        return stop

    @property
    def prices(self) -> Mapping[str, Decimal]:
        """Return the last price of everything that is not traded, quote; what has none is not named."""
        return MappingProxyType({name: stop.price for name, stop in self._stops.items() if stop.price is not None})

    def price(self, instrument: str) -> Decimal | None:
        """Return the last price of an instrument, quote, of whatever age; None where nobody knows."""
        stop = self._stops.get(instrument)
        return stop.price if stop is not None else self._last(instrument)[0]


def last_quote(stop: Stop) -> Quote | None:
    """Return what a stopped instrument counts at, as a quote with its age; None where nobody knows."""
    if stop.price is None or stop.priced_at is None:
        return None
    mark = stop.price if is_perp(stop.instrument) else None
    return Quote(instrument=stop.instrument, bid=stop.price, ask=stop.price, at=stop.priced_at, mark=mark)

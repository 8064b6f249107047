"""One order book: a few levels around a price, which takers eat up until it is filled again."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal

from chatbot.exchanges.base import Market, Side

ZERO = Decimal(0)
#: half the spread, as a fraction of the mid, where only a mid is known
_HALF_SPREAD = Decimal("0.0001")


def on_step(value: Decimal, step: Decimal, rounding: str = ROUND_DOWN) -> Decimal:
    """Return the multiple of ``step`` next to a value."""
    return (value / step).to_integral_value(rounding) * step


@dataclass(slots=True)
class Level:
    """One price of a book, and how much stands there, base units."""

    price: Decimal
    size: Decimal


@dataclass(slots=True)
class Book:
    """Bids and asks, best first."""

    bids: list[Level] = field(default_factory=list)
    asks: list[Level] = field(default_factory=list)

    def facing(self, side: Side) -> list[Level]:
        """Return the levels that an order of this side would take."""
        return self.asks if side is Side.BUY else self.bids

    def within(self, side: Side, limit: Decimal | None) -> list[Level]:
        """Return the levels that an order finds up to its limit; all of them without one."""
        return [level for level in self.facing(side) if level.size > 0 and _reaches(side, limit, level.price)]

    def take(self, side: Side, qty: Decimal, limit: Decimal | None) -> list[tuple[Decimal, Decimal]]:
        """Take up to ``qty`` and return the fills as (price, qty): what is taken is gone."""
        fills: list[tuple[Decimal, Decimal]] = []
        for level in self.within(side, limit):
            part = min(qty, level.size)
            if part > 0:
                level.size -= part
                qty -= part
                fills.append((level.price, part))
        return fills

    def cost_of(self, qty: Decimal) -> Decimal:
        """Return what buying ``qty`` at once would cost, quote; what the book does not hold is priced at its last level."""
        cost, price = ZERO, ZERO
        for level in self.within(Side.BUY, None):
            part, price = min(qty, level.size), level.price
            cost, qty = cost + part * price, qty - part
        return cost + qty * price

    def bought_for(self, cost: Decimal) -> Decimal:
        """Return how much ``cost`` would buy at once, base units."""
        qty = ZERO
        for level in self.within(Side.BUY, None):
            part = min(level.size, cost / level.price)
            cost, qty = cost - part * level.price, qty + part
        return qty


def _reaches(side: Side, limit: Decimal | None, price: Decimal) -> bool:
    if limit is None:
        return True
    return price <= limit if side is Side.BUY else price >= limit


def book_around(market: Market, bid: Decimal, ask: Decimal, levels: int, level_quote: Decimal) -> Book:
    """Return a full book whose best prices are ``bid`` and ``ask``, a step or a hundredth of a percent between two levels."""
    step = max(market.tick, on_step(ask * _HALF_SPREAD, market.tick))
    lowest = market.tick
    bids = [max(lowest, bid - step * depth) for depth in range(levels)]
    asks = [ask + step * depth for depth in range(levels)]
    return Book(*([Level(price, _sized(market, price, level_quote)) for price in side] for side in (bids, asks)))


def _sized(market: Market, price: Decimal, level_quote: Decimal) -> Decimal:
    return max(market.lot, on_step(level_quote / price, market.lot))


def spread_around(market: Market, mid: Decimal) -> tuple[Decimal, Decimal]:
    """Return best bid and ask around a mid, on the price steps, at least a step apart."""
    bid = on_step(mid * (1 - _HALF_SPREAD), market.tick, ROUND_FLOOR)
    ask = on_step(mid * (1 + _HALF_SPREAD), market.tick, ROUND_CEILING)
    bid = max(market.tick, bid)
    return bid, max(ask, bid + market.tick)

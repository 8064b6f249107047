"""The way a price went: one point per market minute, so that fills do not depend on when somebody looks."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

import numpy as np

from chatbot.exchanges.base import PARTICIPATION
from chatbot.values import dataclass

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SLACK = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """The touch at one moment: prices on the tick, and how much one account can take in that minute."""

    bid: Decimal
    ask: Decimal
    #: valuation price: mid, or the mark of a perpetual
    mark: Decimal
    #: base units on offer; None where the venue does not tell volumes
    depth: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """Prices of one instrument at the minutes of a stretch of market time; minutes without trading are absent."""

    tick: Decimal
    #: half the spread as a fraction of the mid
    half_spread: float
    #: UTC milliseconds, ascending
    at: NDArray[np.int64]
    mid: NDArray[np.float64]
    #: base units traded in that minute
    volume: NDArray[np.float64]

    def bids(self) -> NDArray[np.float64]:
        """Return the bids, rounded down to the tick."""
        tick = float(self.tick)
        return np.floor(self.mid * (1 - self.half_spread) / tick + _SLACK) * tick

    def asks(self) -> NDArray[np.float64]:
        """Return the asks, rounded up to the tick."""
        tick = float(self.tick)
        return np.ceil(self.mid * (1 + self.half_spread) / tick - _SLACK) * tick

    def book(self, index: int) -> Book:
        """Return the exact touch at one point."""
        return touch(float(self.mid[index]), float(self.volume[index]), self.half_spread, self.tick)


def touch(mid: float, volume: float, half_spread: float, tick: Decimal) -> Book:
    """Return the touch around ``mid``: a price below one tick comes out unrounded, since odd data must stay visible."""
    step = float(tick)
    bid = Decimal(math.floor(mid * (1 - half_spread) / step + _SLACK)) * tick
    ask = Decimal(math.ceil(mid * (1 + half_spread) / step - _SLACK)) * tick
    price = plain(mid)
    if bid <= 0:
        bid = ask = price
    return Book(bid=bid, ask=ask, mark=price, depth=plain(volume) * PARTICIPATION)


def minutes(since_ms: int, until_ms: int) -> NDArray[np.int64]:
    """Return the full minutes in (since, until] as UTC milliseconds."""
    first = since_ms // 60_000 + 1
    return np.arange(first, until_ms // 60_000 + 1, dtype=np.int64) * 60_000


def plain(number: float, digits: int = 8) -> Decimal:
    """Cross from float to Decimal: ``digits`` places, no binary tail."""
    return Decimal(f"{number:.{digits}f}")


def down(value: Decimal, step: Decimal) -> Decimal:
    """Round down to a multiple of ``step``."""
    return (value / step).to_integral_value(rounding=ROUND_FLOOR) * step


def up(value: Decimal, step: Decimal) -> Decimal:
    """Round up to a multiple of ``step``."""
    return (value / step).to_integral_value(rounding=ROUND_CEILING) * step

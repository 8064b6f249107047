"""The volatility of all coins of a portfolio together (domain 5.4); the latch on it is that of one coin, domain 5.3.

Coins spike together: coin by coin one event of the market is a dozen plans, together it is one.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import exact, total
from chatbot.engine.triggers.volatility import check_sampling, realised_vol, squared_returns
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

#: a basket that lacks a larger part of its value is another one
_MAY_LACK = Fraction(1, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class BasketVol:
    """A realised volatility, how many returns it rests on, and the coins that are not in it."""

    #: per year; None = unknown
    sigma: float | None
    n: int
    #: coins of which too few returns are known, sorted
    left_out: tuple[str, ...]
    #: what the rest was worth at each close, quote; None = unknown
    worths: tuple[float | None, ...] = ()

    @property
    def ends(self) -> tuple[float | None, float | None]:
        """Return what it was worth at the first close and at the last."""
        return (self.worths[0], self.worths[-1]) if self.worths else (None, None)


def basket_vol(
    quantities: Mapping[str, Decimal], closes: Mapping[str, Sequence[float | None]], interval_hours: float, coverage: float = 0.9
) -> BasketVol:
    """Return the realised volatility of these quantities' worth (domain 5.4), as :func:`realised_vol` does of one price.

    An hour counts only if every coin has both closes. A coin that lacks more of its own returns than ``coverage`` lets it leaves the
    basket; with more than a tenth of the value gone, by last closes, nothing is known. Shorter series are younger: all end together.
    Raises ``Refused``: negative_quantity, bad_interval, bad_price, bad_parameter.
    """
    check_sampling(interval_hours, coverage)
    if any(qty < 0 for qty in quantities.values()):
        raise Refused("negative_quantity")
    known = {coin: closes.get(coin, ()) for coin, qty in quantities.items() if qty}
    length = max(map(len, known.values()), default=0)
    series = {coin: _aligned(prices, length) for coin, prices in known.items()}
    left_out = tuple(sorted(coin for coin, prices in series.items() if _is_patchy(prices, coverage)))
    worth = {coin: _last_worth(quantities[coin], prices) for coin, prices in series.items()}
    gone = [worth[coin] for coin in left_out]
    if not series or None in gone or total(filter(None, gone)) > _MAY_LACK * total(filter(None, worth.values())):
        return BasketVol(sigma=None, n=0, left_out=left_out)
    inside = [(float(quantities[coin]), prices) for coin, prices in series.items() if coin not in left_out]
    worths = tuple(_worth(inside, hour) for hour in range(length))
    found = realised_vol(worths, interval_hours, coverage)
    return BasketVol(sigma=found.sigma, n=found.n, left_out=left_out, worths=worths)


def _aligned(prices: Sequence[float | None], length: int) -> tuple[float | None, ...]:
    return (*[None] * (length - len(prices)), *prices)


def _is_patchy(prices: Sequence[float | None], coverage: float) -> bool:
    """Tell whether too few returns of a coin are known: of a series without any, all are lacking."""
    squares = squared_returns(prices)
    return not any(prices) or sum(square is not None for square in squares) < Fraction(str(coverage)) * len(squares)


def _last_worth(qty: Decimal, prices: Sequence[float | None]) -> Fraction | None:
    last = next((price for price in reversed(prices) if price is not None), None)
    return None if last is None else exact(qty) * Fraction(str(last))


def _worth(inside: Sequence[tuple[float, Sequence[float | None]]], hour: int) -> float | None:
    worth = 0.0
    for qty, prices in inside:
        price = prices[hour]
        if price is None:
            return None
        worth += qty * price
    return worth

"""What a plan with real money may trade at once: a budget and a largest order, reductions of futures first; pure.

The rest of a plan goes the same part of its way, x(μ) = w + μ(x - w) with the largest μ <= 1 that meets both (domain 9.10).
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum, auto
from typing import TYPE_CHECKING

from chatbot.engine.exact import in_steps
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

_ZERO, _ONE = Decimal(0), Decimal(1)


class Does(Enum):
    """What one trade does to the money of its portfolio."""

    #: makes a futures position smaller
    REDUCES = auto()
    #: makes one larger
    INCREASES = auto()
    #: coins for money
    SELLS = auto()
    #: money for coins
    BUYS = auto()
    #: moves money between the wallets, and trades nothing
    MOVES = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One leg of a plan, as far as limits ask."""

    does: Does
    #: base units; quote for money that is moved
    qty: Decimal
    #: quote; 1 for money that is moved
    price: Decimal
    lot: Decimal
    #: the least that the exchange takes, base units and quote
    min_qty: Decimal = _ZERO
    min_notional: Decimal = _ZERO

    def value_of(self, qty: Decimal) -> Decimal:
        """Return what ``qty`` of it is worth, quote."""
        return qty * self.price


def within(trades: Sequence[Trade], *, budget: Decimal, largest: Decimal) -> tuple[Decimal, ...]:
    """Return how much of each trade is done now: together at most ``budget``, each at most ``largest``, quote.

    Futures are reduced first, as far as the budget goes; what it leaves is shared by all others in the same part. What would be under
    the exchange's minimum is 0, and the buys never need more than they did beside what is then sold less.
    """
    reducing = [trade for trade in trades if trade.does is Does.REDUCES]
    others = [trade for trade in trades if trade.does not in (Does.REDUCES, Does.MOVES)]
    first = _part(reducing, budget, largest)
    sizes = {at: _cut(trade, first) for at, trade in enumerate(trades) if trade.does is Does.REDUCES}
    spent = sum((trades[at].value_of(qty) for at, qty in sizes.items()), _ZERO)
    part = _part(others, max(_ZERO, budget - spent), largest)
    sizes |= {at: _cut(trade, part) for at, trade in enumerate(trades) if trade.does is not Does.REDUCES}
    return tuple(_funded(trades, sizes, part)[at] for at in range(len(trades)))


def _part(trades: Sequence[Trade], budget: Decimal, largest: Decimal) -> Decimal:
    """Return μ: how far all of these go so that none is over ``largest`` and their sum is not over ``budget``."""
    values = [trade.value_of(trade.qty) for trade in trades if trade.qty > 0]
    if not values or (sum(values) <= budget and max(values) <= largest):
        return _ONE
    return max(_ZERO, min(budget / sum(values), largest / max(values)))


def _cut(trade: Trade, part: Decimal) -> Decimal:
    """Return a trade that goes ``part`` of its way, in whole lots; a whole one is left as it is, even one of odd size."""
    if part == 1:
        return trade.qty
    qty = in_steps(trade.qty * part, trade.lot)
    exempt = trade.does in (Does.REDUCES, Does.MOVES)
    too_small = qty < trade.min_qty or (not exempt and trade.value_of(qty) < trade.min_notional)
    return _ZERO if too_small else qty


def _funded(trades: Sequence[Trade], sizes: dict[int, Decimal], part: Decimal) -> dict[int, Decimal]:
    """Cut the buys once more where a sale that was to pay for them fell under its minimum: they lose what it would have brought."""
    selling = [at for at, trade in enumerate(trades) if trade.does is Does.SELLS]
    buying = [at for at, trade in enumerate(trades) if trade.does is Does.BUYS]
    missing = sum((trades[at].value_of(trades[at].qty * part - sizes[at]) for at in selling if not sizes[at]), _ZERO)
    wanted = sum((trades[at].value_of(sizes[at]) for at in buying), _ZERO)
    if missing <= 0 or wanted <= 0:
        return sizes
    share = max(_ZERO, _ONE - missing / wanted)
    return sizes | {at: _cut_again(trades[at], sizes[at], share) for at in buying}


def _cut_again(trade: Trade, qty: Decimal, share: Decimal) -> Decimal:
    cut = in_steps(qty * share, trade.lot)
    return _ZERO if cut < trade.min_qty or trade.value_of(cut) < trade.min_notional else cut

"""What trading cost: turnover, fees, and fills against the prices that were decided on (domain 12.3)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from chatbot.engine.errors import Refused
from chatbot.engine.exact import ZERO, exact, to_decimal
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable
    from fractions import Fraction

_BPS: Final = 10_000
_YEAR_DAYS: Final = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One order that was filled, in part or whole."""

    #: base units; above 0 bought, below 0 sold
    qty: Decimal
    #: mid when its block was planned, and the price that it was filled at, quote
    decision: Decimal
    price: Decimal
    #: quote
    fee: Decimal = Decimal(0)
    is_futures: bool = False
    #: slippage against mid that was planned, basis points of its value; None: unknown
    planned_bps: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TradedBlock:
    """The orders of one block, and what the portfolio was worth before it."""

    #: quote
    value: Decimal
    trades: tuple[Trade, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turnover:
    """How often a portfolio was turned over in a year: a fraction of its value, or 1 for once."""

    spot: Decimal
    futures: Decimal


def turnover(blocks: Iterable[TradedBlock], days: Decimal) -> Turnover:
    """Return the sum of min(buys, sells) / V of spot, and of |traded| / V of futures, a year.

    Raises ``Refused``: bad_interval for no time, non_positive_value for a block of a portfolio that is worth nothing.
    """
    spot = futures = ZERO
    for block in blocks:
        if block.value <= 0:
            raise Refused("non_positive_value", "block")
        V = exact(block.value)
        moved = [(exact(trade.qty) * exact(trade.price), trade.is_futures) for trade in block.trades]
        bought = sum((value for value, future in moved if not future and value > 0), ZERO)
        sold = -sum((value for value, future in moved if not future and value < 0), ZERO)
        spot += min(bought, sold) / V
        futures += sum((abs(value) for value, future in moved if future), ZERO) / V
    a_year = _of_a_year(days)
    return Turnover(spot=to_decimal(spot * a_year), futures=to_decimal(futures * a_year))


def slippage(trade: Trade) -> Decimal:
    """Return what a fill cost against its decision price, quote: side (fill - decision) |qty|; below 0 it was the better price."""
    return to_decimal(exact(trade.qty) * (exact(trade.price) - exact(trade.decision)))


@dataclass(frozen=True, slots=True, kw_only=True)
class SlippageTold:
    """Slippage planned and paid, basis points of what was traded, over the trades of which both are known."""

    planned_bps: Decimal
    paid_bps: Decimal
    trades: int


def planned_and_paid(trades: Iterable[Trade]) -> SlippageTold | None:
    """Return both, weighted by value at the decision price; None: nobody planned any."""
    known = [trade for trade in trades if trade.planned_bps is not None and trade.qty and trade.decision > 0]
    if not known:
        return None
    values = [abs(exact(trade.qty)) * exact(trade.decision) for trade in known]
    whole = sum(values, ZERO)
    planned = sum((value * exact(trade.planned_bps or Decimal(0)) for value, trade in zip(values, known, strict=True)), ZERO)
    paid = sum((exact(slippage(trade)) for trade in known), ZERO)
    return SlippageTold(planned_bps=to_decimal(planned / whole), paid_bps=to_decimal(paid / whole * _BPS), trades=len(known))


def cost_drag(trades: Iterable[Trade], *, funding: Decimal, mean_value: Decimal, days: Decimal) -> Decimal:
    """Return (fees + slippage - funding received) / mean V, a year; ``funding`` above 0 was received.

    Raises ``Refused``: non_positive_value, bad_interval.
    """
    if mean_value <= 0:
        raise Refused("non_positive_value", "mean_value")
    paid = sum((exact(trade.fee) + exact(slippage(trade)) for trade in trades), ZERO) - exact(funding)
    return to_decimal(paid / exact(mean_value) * _of_a_year(days))


def _of_a_year(days: Decimal) -> Fraction:
    if days <= 0:
        raise Refused("bad_interval", "days")
    return _YEAR_DAYS / exact(days)

"""Spot legs of a block: sells first, then buys for the money that is there (domain 9.5).

Legend: P price, delta = t V' - v; sells are budgeted at min(P, limit) (1 - fee), buys at max(P, limit) (1 + fee).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.engine.exact import ZERO, exact, floor_to, to_decimal, total
from chatbot.engine.planner.block import SPOT_BUY, SPOT_SELL, Order

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from fractions import Fraction

    from chatbot.engine.planner.lines import Line, Terms


def wanted(line: Line, terms: Terms) -> Fraction:
    """Return delta when it is worth an order and the block may touch the coin, else 0; a full exit needs only the exchange's minimum."""
    if not line.in_scope:
        return ZERO
    delta = line.target * terms.V2 - line.value
    least = line.min_notional if line.target == 0 else line.least
    return delta if abs(delta) >= least else ZERO


def spot_sells(lines: Iterable[Line], terms: Terms, flags: set[str]) -> list[Order]:
    """Write the sells; a full exit sells everything held down to the lot."""
    orders = []
    for line in lines:
        delta = wanted(line, terms)
        if delta >= 0:
            continue
        if not line.tradable:
            flags.add(f"halted:{line.instrument}")
            continue
        qty = line.held if line.target == 0 else -delta / line.price
        orders += _write(line, "sell", qty, terms, flags)
    return orders


def proceeds(orders: Iterable[Order], lines: Mapping[str, Line], terms: Terms) -> Fraction:
    """Return the money that sells bring at the worse of price and limit, after fees."""
    worst = (exact(o.qty) * min(lines[o.instrument].price, exact(o.limit)) for o in orders)
    return total(worst) * (1 - terms.fee_spot)


def cost(orders: Iterable[Order], lines: Mapping[str, Line], terms: Terms) -> Fraction:
    """Return the money that buys need at the worse of price and limit, with fees."""
    worst = (exact(o.qty) * max(lines[o.instrument].price, exact(o.limit)) for o in orders)
    return total(worst) * (1 + terms.fee_spot)


def buys_wanted(lines: Iterable[Line], terms: Terms, flags: set[str]) -> list[tuple[Line, Fraction]]:
    """Return what is to be bought for how much; a buy that its own lots make impossible takes no money from the others."""
    buys = []
    for line in lines:
        delta = wanted(line, terms)
        if delta <= 0:
            continue
        if not line.tradable:
            flags.add(f"halted:{line.instrument}")
        elif _write(line, "buy", delta / line.price, terms, flags):
            buys.append((line, delta))
    return buys


def need(buys: Iterable[tuple[Line, Fraction]], terms: Terms) -> Fraction:
    """Return the money that buys need at their limits, with fees."""
    return total(delta * _cost_per_quote(line, terms) for line, delta in buys)


def spot_buys(buys: list[tuple[Line, Fraction]], cash: Fraction, terms: Terms, flags: set[str]) -> list[Order]:
    """Write the buys; when ``cash`` does not reach, all shrink by one factor and the thresholds are applied again."""
    asked = need(buys, terms)
    if buys and asked > cash:
        flags.add("cash_limited")
        share = max(ZERO, cash) / asked
        buys = [(line, delta * share) for line, delta in buys if delta * share >= line.least]
    orders: list[Order] = []
    for line, delta in buys:
        orders += _write(line, "buy", delta / line.price, terms, flags)
    return orders


def _cost_per_quote(line: Line, terms: Terms) -> Fraction:
    """Return what one quote of a buy costs at its limit, with the fee."""
    return max(line.price, exact(terms.limit(line, "buy"))) / line.price * (1 + terms.fee_spot)


def _write(line: Line, side: str, qty: Fraction, terms: Terms, flags: set[str]) -> list[Order]:
    """Write one order, or flag that what is left after rounding is too small for the exchange."""
    lots = floor_to(qty, line.lot)
    limit = terms.limit(line, side)
    if lots == 0 or lots * min(line.price, exact(limit)) < line.min_notional:
        flags.add(f"below_minimum:{line.instrument}")
        return []
    order = Order(
        leg=SPOT_SELL if side == "sell" else SPOT_BUY,
        instrument=line.instrument,
        side=side,
        qty=to_decimal(lots),
        limit=limit,
        reduce_only=False,
        notional=to_decimal(lots * line.price),
    )
    return [order]

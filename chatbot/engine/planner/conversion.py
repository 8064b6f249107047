"""Other dollars turned into the quote coin where a block's buys need more of it than there is (domain 9.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.engine.exact import ZERO, ceil_to, exact, floor_to, to_decimal, total
from chatbot.engine.planner.block import SPOT_SELL, Order
from chatbot.engine.planner.lines import Line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet
    from fractions import Fraction

    from chatbot.engine.planner.block import Rules
    from chatbot.engine.planner.lines import Terms
    from chatbot.engine.portfolio import Snapshot


def dollar_lines(snapshot: Snapshot, rules: Mapping[str, Rules], convertible: AbstractSet[str]) -> list[Line]:
    """Return the dollars that may be converted, the largest first; one without rules cannot be."""
    lines = [
        Line(instrument=coin.asset, held=exact(coin.qty), price=exact(coin.price), target=ZERO, rules=rules[coin.asset])
        for coin in snapshot.cash
        if coin.asset in convertible and coin.asset in rules
    ]
    return sorted(lines, key=lambda line: (-line.value, line.instrument))


def reach(dollars: Iterable[Line], terms: Terms) -> Fraction:
    """Return how much of the quote coin they come to at the worse of price and limit, after fees."""
    return total(_most(line) * _net(line, terms) for line in dollars if _least(line, terms) <= _most(line))


def convert(dollars: Iterable[Line], need: Fraction, terms: Terms) -> list[Order]:
    """Write the sells that bring at least ``need`` of the quote coin, as far as it reaches; in whole lots, and not below the minimum."""
    orders: list[Order] = []
    for line in dollars:
        if need <= 0:
            break
        net = _net(line, terms)
        qty = min(_most(line), max(ceil_to(need / net, line.lot), _least(line, terms)))
        if qty < _least(line, terms):
            continue
        orders.append(
            Order(
                leg=SPOT_SELL,
                instrument=line.instrument,
                side="sell",
                qty=to_decimal(qty),
                limit=terms.limit(line, "sell"),
                reduce_only=False,
                notional=to_decimal(qty * line.price),
            )
        )
        need -= qty * net
    return orders


def _most(line: Line) -> Fraction:
    return floor_to(line.held, line.lot)


def _worst(line: Line, terms: Terms) -> Fraction:
    return min(line.price, exact(terms.limit(line, "sell")))


def _net(line: Line, terms: Terms) -> Fraction:
    """Return what one of it brings."""
    return _worst(line, terms) * (1 - terms.fee_spot)


def _least(line: Line, terms: Terms) -> Fraction:
    """Return the smallest quantity that the exchange takes."""
    return max(line.lot, ceil_to(line.min_notional / _worst(line, terms), line.lot))

"""New money, buys only: it goes where it is missing most, and nothing is sold (domain 9.14).

Legend: v value of a line before the money came, t its target weight, D the money, x = max(v, level t), f exposure target, N notional.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import ONE, ZERO, exact, total
from chatbot.engine.portfolio import FUTURES
from chatbot.engine.presets import check_weights
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal
    from fractions import Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Invested:
    """Where new money goes."""

    #: value of a whole portfolio whose lowest lines these would be: every line below its target stands at ``level`` times its weight
    level: Fraction
    #: quote by line, without fees; none is below 0
    buys: Mapping[str, Fraction]
    #: value by line afterwards
    after: Mapping[str, Fraction]


def invest(
    values: Mapping[str, Decimal], targets: Mapping[str, Decimal], amount: Decimal, fees: Mapping[str, Decimal] | None = None
) -> Invested:
    """Return what ``amount`` (quote) buys of each line, fees (fractions of what is bought) out of it; all of it is spent.

    ``values`` are those before the money came; only a sleeve may be below 0. Raises ``Refused``: bad_parameter (nothing to invest, or a
    fee outside [0, 1)), negative_target, targets_sum, missing_target, negative_quantity.
    """
    check_weights(targets)
    rates = {line: exact((fees or {}).get(line, 0)) for line in targets}
    if amount <= 0 or any(not 0 <= rate < 1 for rate in rates.values()):
        raise Refused("bad_parameter", "amount" if amount <= 0 else "fee")
    for line, value in values.items():
        if value and line not in targets:
            raise Refused("missing_target", line)
        if value < 0 and line != FUTURES:
            raise Refused("negative_quantity", line)
    held = {line: exact(values.get(line, 0)) for line in targets}
    level = fill(held, {line: exact(t) for line, t in targets.items()}, exact(amount), rates)
    after = {line: max(value, level * exact(targets[line])) for line, value in held.items()}
    return Invested(level=level, buys={line: after[line] - value for line, value in held.items()}, after=after)


def fill(
    held: Mapping[str, Fraction], weights: Mapping[str, Fraction], amount: Fraction, rates: Mapping[str, Fraction] | None = None
) -> Fraction:
    """Return the level at which sum (max(v, level t) - v) (1 + fee) is ``amount``: the lines furthest below it are raised together.

    Some weight must be above 0. The left side grows in pieces that are straight between the points v / t, as in domain 3.3.
    """
    lines = [(held[line], t, ONE + (rates or {}).get(line, ZERO)) for line, t in weights.items() if t]

    def spent(level: Fraction) -> Fraction:
        return total((max(v, level * t) - v) * cost for v, t, cost in lines)

    points = sorted({v / t for v, t, _ in lines})
    low = points[0]
    for high in points[1:]:
        if spent(high) >= amount:
            break
        low = high
    slope = total(t * cost for v, t, cost in lines if v / t <= low)
    return low + (amount - spent(low)) / slope


def raised(notional: Decimal, weight: Decimal, level: Fraction) -> Fraction:
    """Return the notional of a contract at a level: up on the side of its target, never down; one on the other side is left alone."""
    N, f = exact(notional), exact(weight)
    if not f or N * f < 0:
        return N
    goal = level * f
    return goal if abs(goal) > abs(N) and goal * f > 0 else N

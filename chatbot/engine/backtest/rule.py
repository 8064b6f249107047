"""One rule of rebalancing over recorded prices: bands, a calendar, both, or neither (domain 3.1, 3.3, 12.2).

Between two rebalances quantities do not change, so the next one is found by a search over blocks of prices instead of a step for each.
It has no lots, no minimums and no futures: those are the full engine's. Floats throughout: nobody's money is decided here.

Legend: P prices (A, T), q quantities (A,), v values, V their sum, w weights, t targets, b half-widths, theta the destination.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from chatbot.engine.destination import InnerBand, project
from chatbot.engine.errors import Refused
from chatbot.engine.exact import ZERO

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: prices that are searched at once, at first and at most: mostly the next breach is far, and a block must fit the cache
_FIRST, _MOST = 256, 4096
#: a weight on an edge is on it for the floats that it came from
_BLUR = 1e-12
#: what is traded at an edge that was only touched, as a fraction of V, is nothing
_NOTHING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is held, and when it is traded back."""

    #: by asset, in the order of the prices; they add up to 1
    targets: tuple[float, ...]
    #: half-width of each band as a weight; None: there are no bands
    half_widths: tuple[float, ...] | None = None
    #: 1 trades to the target, 0 to the nearest edge of the band (domain 3.3)
    theta: float = 1.0
    #: of the notional traded
    fee: float = 0.0
    #: numbers of the prices at which it is traded in any case
    at: Sequence[int] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What became of a rule."""

    #: worth at every price, after the trades there; what it began with is 1
    values: Floats
    #: numbers of the prices at which something was traded
    traded: tuple[int, ...] = ()
    #: what each of these traded on both sides together, as a fraction of V before it
    turnovers: tuple[float, ...] = ()
    #: what all of them cost
    fees: float = 0.0
    #: what is held at the end
    quantities: tuple[float, ...] = field(default_factory=tuple)


def replay(prices: Floats, rule: Rule) -> Run:
    """Begin at target with a worth of 1 at the first price, without a fee, and follow the rule to the last.

    ``prices`` are (A, T), all positive. Raises ``Refused``: bad_price, targets_sum, negative_target, bad_parameter.
    """
    _check(prices, rule)
    length, targets = prices.shape[1], np.array(rule.targets)
    lower, upper = _edges(targets, rule.half_widths)
    inner = None if rule.half_widths is None else (1 - rule.theta) * np.array(rule.half_widths)
    forced = sorted(at for at in set(rule.at) if 0 < at < length)
    q, values, fees, begun = targets / prices[:, 0], np.empty(length), 0.0, 0
    traded: list[int] = []
    turnovers: list[float] = []
    now, turn = 1, 0
    while True:
        soonest = forced[turn] if turn < len(forced) else length
        found = soonest if rule.half_widths is None else _next_breach(prices, q, lower, upper, now, soonest)
        values[begun:found] = q @ prices[:, begun:found]
        if found >= length:
            return Run(values=values, traded=tuple(traded), turnovers=tuple(turnovers), fees=fees, quantities=tuple(q.tolist()))
        v = q * prices[:, found]
        wanted = targets if inner is None or rule.theta == 1 or found == soonest else _destination(v / v.sum(), targets, inner)
        after = value_after_fees(v, wanted, rule.fee)
        moved = float(np.abs(wanted * after - v).sum())
        if moved > _NOTHING * v.sum():
            traded.append(found)
            turnovers.append(moved / float(v.sum()))
            fees += float(v.sum()) - after
            q = wanted * after / prices[:, found]
        begun, now, turn = found, found + 1, turn + (found == soonest)


def value_after_fees(v: Floats, wanted: Floats, fee: float) -> float:
    """Return V' = V - fee sum |x V' - v|: what is left once everything stands at its weight x of what is left (domain 9.4)."""
    V = after = float(v.sum())
    while fee:
        closer = V - fee * float(np.abs(wanted * after - v).sum())
        if abs(closer - after) <= 1e-15 * V:
            return closer
        after = closer
    return after


def _edges(targets: Floats, half_widths: tuple[float, ...] | None) -> tuple[Floats, Floats]:
    half = np.inf if half_widths is None else np.array(half_widths)
    return (targets - half - _BLUR)[:, np.newaxis], (targets + half - _BLUR)[:, np.newaxis]


def _next_breach(prices: Floats, q: Floats, lower: Floats, upper: Floats, start: int, stop: int) -> int:
    """Return the first price from ``start`` on at which a weight is at its upper edge or beyond, or below its lower; else ``stop``."""
    block = _FIRST
    while start < stop:
        end = min(start + block, stop)
        weights = prices[:, start:end] * q[:, np.newaxis]
        weights /= weights.sum(axis=0)
        outside: NDArray[np.bool_] = np.logical_or.reduce((weights >= upper) | (weights < lower))
        first = int(outside.argmax())
        if outside[first]:
            return start + first
        start, block = end, min(2 * block, _MOST)
    return stop


def _destination(w: Floats, targets: Floats, inner: Floats) -> Floats:
    """Return the point of the inner bands with least turnover (domain 3.3), decided by what decides it for everybody."""
    lines = [
        InnerBand(
            w=Fraction(weight), t=Fraction(t), lower=max(ZERO, Fraction(t) - Fraction(half)), upper=Fraction(t) + Fraction(half), cost=ZERO
        )
        for weight, t, half in zip(w.tolist(), targets.tolist(), inner.tolist(), strict=True)
    ]
    return np.array([float(x) for x in project(lines)])


def _check(prices: Floats, rule: Rule) -> None:
    if not (np.isfinite(prices).all() and (prices > 0).all()) or prices.shape[1] == 0:
        raise Refused("bad_price")
    if any(t < 0 for t in rule.targets):
        raise Refused("negative_target")
    if len(rule.targets) != len(prices) or abs(sum(rule.targets) - 1) > _NOTHING:
        raise Refused("targets_sum")
    widths = rule.half_widths or ()
    if not (0 <= rule.theta <= 1 and 0 <= rule.fee < 1) or any(b <= 0 for b in widths) or len(widths) not in (0, len(rule.targets)):
        raise Refused("bad_parameter")

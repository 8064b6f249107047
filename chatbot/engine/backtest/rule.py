"""One rule of rebalancing over recorded prices: bands, a calendar, both, or neither (domain 3.1, 3.3, 12.2).

Between two rebalances quantities do not change, so the next one is found by a search instead of a step for each price: first among the
highest and lowest prices of every stretch, which no weight can pass, then in the first stretch where one may be outside.
It has no lots, no minimums and no futures: those are the full engine's. Floats throughout: nobody's money is decided here.

Legend: P prices (A, T), q quantities (A,), v values, V their sum, w weights, t targets, b half-widths, theta the destination.
"""

from __future__ import annotations

from dataclasses import field
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from chatbot.engine.errors import Refused
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: prices that share a highest and a lowest one, how many of these are looked at together, and how many prices where one may be outside
_CHUNK, _FAR, _NEAR = 48, 64, 512
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
    #: numbers of the prices at which it is traded in any case, as far back as theta says (domain 4)
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
    return next(replay_all(prices, [rule]))


def replay_all(prices: Floats, rules: Iterable[Rule]) -> Iterator[Run]:
    """Follow each of several rules over the same prices, which are looked through once for all; raises as :func:`replay`."""
    chart = None
    for rule in rules:
        chart = chart or _chart(prices)
        _check(rule, len(prices))
        yield _followed(chart, rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chart:
    """Prices (A, T), and the highest of every stretch of them above the lowest (2 A, stretches)."""

    prices: Floats
    extremes: Floats


def _chart(prices: Floats) -> _Chart:
    if prices.shape[1] == 0:
        raise Refused("bad_price")
    starts = np.arange(0, prices.shape[1], _CHUNK)
    highs, lows = np.maximum.reduceat(prices, starts, axis=1), np.minimum.reduceat(prices, starts, axis=1)
    if not (lows.min() > 0 and highs.max() < inf):  # a price that is no number is the highest and the lowest of its stretch
        raise Refused("bad_price")
    return _Chart(prices=prices, extremes=np.concatenate([highs, lows]))


def _followed(chart: _Chart, rule: Rule) -> Run:
    prices, length, targets = chart.prices, chart.prices.shape[1], np.array(rule.targets)
    edges = None if rule.half_widths is None else _edges(targets, np.array(rule.half_widths))
    inner = None if rule.half_widths is None or rule.theta == 1 else [(1 - rule.theta) * half for half in rule.half_widths]
    forced = sorted(at for at in set(rule.at) if 0 < at < length)
    q, values, fees, begun = targets / prices[:, 0], np.empty(length), 0.0, 0
    traded: list[int] = []
    turnovers: list[float] = []
    now, turn = 1, 0
    while True:
        soonest = forced[turn] if turn < len(forced) else length
        found = soonest if edges is None else _next_breach(chart, edges * q, now, soonest)
        values[begun:found] = q @ prices[:, begun:found]
        if found >= length:
            return Run(values=values, traded=tuple(traded), turnovers=tuple(turnovers), fees=fees, quantities=tuple(q.tolist()))
        here = prices[:, found]
        v: list[float] = (q * here).tolist()
        V = sum(v)
        wanted = rule.targets if inner is None else _destination([one / V for one in v], rule.targets, inner)
        after = value_after_fees(v, wanted, rule.fee)
        moved = sum(abs(x * after - one) for x, one in zip(wanted, v, strict=True))
        if moved > _NOTHING * V:
            traded.append(found)
            turnovers.append(moved / V)
            fees += V - after
            q = np.array(wanted) * after / here
        begun, now, turn = found, found + 1, turn + (found == soonest)


def value_after_fees(v: Sequence[float], wanted: Sequence[float], fee: float) -> float:
    """Return V' = V - fee sum |x V' - v|: what is left once everything stands at its weight x of what is left (domain 9.4)."""
    lines = list(zip(wanted, v, strict=True))
    V = after = sum(v)
    sides: list[bool] | None = None
    while fee and sides != (now := [x * after >= here for x, here in lines]):
        # as long as what is bought and what is sold stays so it is one linear equation; a lower V' can only make more of it sales
        bought, wished, sides = 0.0, 0.0, now
        for (x, here), is_bought in zip(lines, now, strict=True):
            bought += here if is_bought else -here
            wished += x if is_bought else -x
        after = (V + fee * bought) / (1 + fee * wished)
    return after


def _edges(targets: Floats, half: Floats) -> Floats:
    """Return what says, times quantities and then prices, how far each line is at its upper edge or beyond, and below its lower one.

    w - (t + b) at or above 0, times V: products, so that nothing is divided. A lower edge at 0 or below is not left.
    """
    upper, lower, own = targets + half - _BLUR, targets - half - _BLUR, np.eye(len(targets))
    edges: Floats = np.concatenate([own - upper[:, np.newaxis], (lower[:, np.newaxis] - own)[lower > 0]])
    return edges


def _next_breach(chart: _Chart, sides: Floats, start: int, stop: int) -> int:
    """Return the first price from ``start`` on at which a weight is at its upper edge or beyond, or below its lower; else ``stop``."""
    most = np.concatenate([np.maximum(sides, 0), np.minimum(sides, 0)], axis=1)
    while start < stop:
        chunk = start // _CHUNK
        maybe = np.maximum.reduce(most @ chart.extremes[:, chunk : chunk + _FAR]) >= 0
        first = int(maybe.argmax())
        if not maybe[first]:
            start = (chunk + _FAR) * _CHUNK
            continue
        start = max(start, (chunk + first) * _CHUNK)
        beyond = np.maximum.reduce(sides @ chart.prices[:, start : start + _NEAR]) >= 0
        near = int(beyond.argmax())
        if beyond[near]:
            return min(start + near, stop)
        start += _NEAR
    return stop


def _destination(w: Sequence[float], targets: Sequence[float], inner: Sequence[float]) -> list[float]:
    """Return the point of the inner bands with least turnover, nearest to target among equals (domain 3.3).

    Nothing is decided here about anybody's money, so it is worked out in floats; a test holds it against ``engine/destination.py``.
    """
    # distances from target; no weight is below 0
    edges = [(max(-half, -t), half) for half, t in zip(inner, targets, strict=True)]
    clipped = [min(max(here - t, low), high) for here, t, (low, high) in zip(w, targets, edges, strict=True)]
    too_much = sum(clipped) > 0
    room = [(low, now) if too_much else (now, high) for now, (low, high) in zip(clipped, edges, strict=True)]
    level = _level(room)
    return [t + min(max(level, low), high) for t, (low, high) in zip(targets, room, strict=True)]


def _level(room: list[tuple[float, float]]) -> float:
    """Return the level at which distances that follow it within their room add up to nothing; between two ends of rooms it is a line."""
    before, below = -inf, -inf
    for point in sorted({end for ends in room for end in ends}):
        above = sum(min(max(point, low), high) for low, high in room)
        if above >= 0:
            return point if below in (-inf, above) else before - below * (point - before) / (above - below)
        before, below = point, above
    return before


def _check(rule: Rule, lines: int) -> None:
    if any(t < 0 for t in rule.targets):
        raise Refused("negative_target")
    if len(rule.targets) != lines or abs(sum(rule.targets) - 1) > _NOTHING:
        raise Refused("targets_sum")
    widths = rule.half_widths or ()
    if not (0 <= rule.theta <= 1 and 0 <= rule.fee < 1) or any(b <= 0 for b in widths) or len(widths) not in (0, len(rule.targets)):
        raise Refused("bad_parameter")

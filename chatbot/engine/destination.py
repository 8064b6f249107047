"""Where to trade to once a band is left: target, midpoint or nearest edge (domain 3.3).

Legend: w weights, t targets, b half-widths, I = [t - (1 - theta) b, t + (1 - theta) b] cut at 0, x destination, c unit costs.
What lies outside I is clipped to it, whatever that costs; the gap that this leaves is absorbed by the cheapest lines first, down to
the edges of their I, and among lines of equal cost by those farthest from target (domain 9.10 b: greedy is exact).
Rationals throughout: the point of water-filling lies on quotients, and its weights must add up to exactly 1.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from chatbot.engine.band_width import MODES, Band, half_width, outside
from chatbot.engine.errors import Refused
from chatbot.engine.exact import ONE, ZERO, exact, floor_to, to_decimal, total, wide
from chatbot.engine.presets import check_weights
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal


#: quotients are cut here
_STEP = Fraction(1, 10**30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """The weights to trade to."""

    #: a line was outside its band, or the move was forced
    triggered: bool
    weights: Mapping[str, Decimal]
    #: half the sum of |x - w|, fraction of V
    one_way_turnover: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class InnerBand:
    """What one line may come to: its weight w, target t, the edges of its inner band, and what trading it costs, per unit."""

    w: Fraction
    t: Fraction
    lower: Fraction
    upper: Fraction
    cost: Fraction = ZERO


def destination(
    weights: Mapping[str, Decimal],
    targets: Mapping[str, Decimal],
    bands: Mapping[str, Band],
    theta: Decimal,
    *,
    force: bool = False,
    mode: str = "article",
    costs: Mapping[str, Decimal] | None = None,
    budget: Decimal | None = None,
) -> Destination:
    """Return the point of the inner bands with least turnover, nearest to target among equals (domain 3.3).

    Without a breach and without ``force`` the weights stay. A line without a band never triggers; it moves to its target.
    ``costs`` by line (fraction of what is traded, a line without one is free) ask for least cost instead of least turnover;
    ``budget`` bounds the one-way turnover: the way is then gone only so far (domain 9.10).
    Raises ``Refused``: negative_target, targets_sum, missing_target, bad_band, bad_parameter.
    """
    check_weights(targets)
    if not 0 <= theta <= 1 or mode not in MODES:
        raise Refused("bad_parameter", "theta")
    if min([*(costs or {}).values(), budget or 0]) < 0:
        raise Refused("bad_parameter", "costs")
    for line, w in weights.items():
        if w and line not in targets:
            raise Refused("missing_target", line)
    widths = {line: half_width(bands[line], t) for line, t in targets.items() if line in bands}
    if not force and not _breached(weights, targets, widths, mode):
        return Destination(triggered=False, weights=dict(weights), one_way_turnover=to_decimal(ZERO))
    lines = {
        line: _inner_band(
            exact(weights.get(line, 0)),
            exact(t),
            exact(widths.get(line, 0)) * (1 - exact(theta)),
            exact((costs or {}).get(line, 0)),
        )
        for line, t in targets.items()
    }
    x = _within(budget, lines, dict(zip(lines, project(list(lines.values())), strict=True)))
    return Destination(triggered=True, weights=_written(x), one_way_turnover=to_decimal(_turnover(lines, x)))


def _turnover(lines: Mapping[str, InnerBand], x: Mapping[str, Fraction]) -> Fraction:
    return total(abs(x[line] - band.w) for line, band in lines.items()) / 2


def _within(budget: Decimal | None, lines: Mapping[str, InnerBand], x: dict[str, Fraction]) -> dict[str, Fraction]:
    """Go the way from w to x as far as the turnover budget reaches: w + mu (x - w) with the largest mu up to 1."""
    moved = _turnover(lines, x)
    if budget is None or moved <= exact(budget):
        return x
    mu = exact(budget) / moved
    return {line: band.w + mu * (x[line] - band.w) for line, band in lines.items()}


def _written(x: Mapping[str, Fraction]) -> dict[str, Decimal]:
    """Write weights as decimals that still add up to exactly 1: a quotient is cut, and the largest line takes what is left."""
    cut = {line: floor_to(p, _STEP) for line, p in x.items()}
    largest = max(cut, key=lambda line: (cut[line], line))
    cut[largest] += ONE - total(cut.values())
    return {line: to_decimal(p) for line, p in cut.items()}


def _breached(weights: Mapping[str, Decimal], targets: Mapping[str, Decimal], widths: Mapping[str, Decimal], mode: str) -> bool:
    with wide():
        one = to_decimal(ONE)
        return any(outside(w, targets[line], widths[line], one, mode) for line, w in weights.items() if line in widths)


def _inner_band(w: Fraction, t: Fraction, half: Fraction, cost: Fraction) -> InnerBand:
    return InnerBand(w=w, t=t, lower=max(ZERO, t - half), upper=t + half, cost=cost)


def project(lines: Sequence[InnerBand]) -> list[Fraction]:
    """Clip every weight into its inner band, then close the gap by lowering (raising) the cheapest lines.

    Among equals those go that stand farthest above (below) target.
    """
    x = [min(max(line.w, line.lower), line.upper) for line in lines]
    gap = total(x) - 1
    for cost in sorted({line.cost for line in lines}):
        group = [i for i, line in enumerate(lines) if line.cost == cost]
        absorbed = _absorb([x[i] for i in group], [lines[i] for i in group], gap)
        gap -= total(x[i] for i in group) - total(absorbed)
        for i, moved in zip(group, absorbed, strict=True):
            x[i] = moved
    if gap:
        raise Refused("bad_parameter", "bands")
    return x


def _absorb(x: Sequence[Fraction], lines: Sequence[InnerBand], gap: Fraction) -> list[Fraction]:
    """Bring the sum of ``x`` down by ``gap`` (up if it is below 0), or as far as the inner bands allow."""
    if gap > 0:
        goal = max(total(x) - gap, total(line.lower for line in lines))
        return _lower(x, [(line.t, line.lower) for line in lines], goal)
    if gap < 0:
        # the mirror image: everything negated
        goal = min(total(x) - gap, total(line.upper for line in lines))
        raised = _lower([-p for p in x], [(-line.t, -line.upper) for line in lines], -goal)
        return [-p for p in raised]
    return list(x)


def _lower(x: Sequence[Fraction], floors: Sequence[tuple[Fraction, Fraction]], goal: Fraction) -> list[Fraction]:
    """Bring the sum of ``x`` down to ``goal``: x <- max(min(x, t + level), floor) with one level for all (floors: (t, floor))."""

    def at(level: Fraction) -> list[Fraction]:
        return [max(min(p, t + level), floor) for p, (t, floor) in zip(x, floors, strict=True)]

    breaks = sorted({p - t for p, (t, _) in zip(x, floors, strict=True)} | {floor - t for t, floor in floors})
    below = breaks[0]
    for above in breaks:
        s_above = total(at(above))
        if s_above >= goal:
            s_below = total(at(below))
            if s_above == s_below:
                return at(above)
            # linear between two breakpoints
            return at(below + (above - below) * (goal - s_below) / (s_above - s_below))
        below = above
    raise Refused("bad_parameter", "bands")

"""Swings of a price series: zigzag pivots, Fibonacci projections, Elliott impulses (domain 6.1).

A fall is read as the rise of the negated prices (domain 6.2): what is compared by differences needs no change, and whatever is a
percentage of a price is one of its size, so that P (1 - x) of a high becomes P (1 + x) of a low.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import islice
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import wide
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LOW, HIGH = "L", "H"
FIB_RATIOS = (Decimal("1.0"), Decimal("1.272"), Decimal("1.618"), Decimal("2.618"))
#: how far short of a projection counts as reaching it, share of the projection
_SHORT_OF = Decimal("0.005")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pivot:
    """A swing high or low, and the bar at which it became known."""

    bar: int
    price: Decimal
    #: H or L
    kind: str
    confirmed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Extreme:
    """A running extreme that nothing has confirmed yet."""

    bar: int
    price: Decimal
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Zigzag:
    """Confirmed pivots and the extreme that runs after them."""

    pivots: tuple[Pivot, ...]
    #: None before the first pivot
    running: Extreme | None


def check_series(closes: Sequence[Decimal], pct: Decimal) -> None:
    """Refuse a threshold outside (0, 1) (``bad_parameter``) and prices that are not above 0 (``bad_price``)."""
    if not 0 < pct < 1:
        raise Refused("bad_parameter", "pct")
    if closes and min(closes) <= 0:
        raise Refused("bad_price")


def mirrored(closes: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """Negate prices, so that a fall can be read as a rise; ``zigzag`` and the projections take them as they are."""
    return tuple(-close for close in closes)


def zigzag(closes: Sequence[Decimal], pct: Decimal) -> Zigzag:
    """Find the pivots of prices that have passed ``check_series``, or of all of them negated (domain 6.1).

    A high counts once a close is ``pct`` below it, a low mirrored. Until the first pivot both extremes run; ties keep the first bar.
    """
    pivots: list[Pivot] = []
    if not closes:
        return Zigzag(pivots=(), running=None)
    with wide():
        (high, falls), (low, rises) = (_follow(closes, kind, 0, pct) for kind in (HIGH, LOW))
        bar, turn, kind = (high, falls, HIGH) if falls <= rises else (low, rises, LOW)
        while turn < len(closes):
            pivots.append(Pivot(bar=bar, price=closes[bar], kind=kind, confirmed=turn))
            kind = LOW if kind == HIGH else HIGH
            bar, turn = _follow(closes, kind, turn, pct)
    return Zigzag(pivots=tuple(pivots), running=Extreme(bar=bar, price=closes[bar], kind=kind) if pivots else None)


def _follow(closes: Sequence[Decimal], kind: str, start: int, pct: Decimal) -> tuple[int, int]:
    """Follow the extreme that begins at a bar; return its bar, and the one that confirms it: their number where none does."""
    beyond, back, share = (gt, le, 1 - pct) if kind == HIGH else (lt, ge, 1 + pct)
    bar, price = start, closes[start]
    # of a negated price the share is the other way round: P (1 - x) of a high is -P (1 + x) of the low that it was
    limit = price * (share if price > 0 else 2 - share)
    for at, close in enumerate(islice(closes, start + 1, None), start + 1):
        if beyond(close, price):
            bar, price = at, close
            limit = price * (share if price > 0 else 2 - share)
        elif back(close, limit):
            return bar, at
    return bar, len(closes)


def fib_targets(A: Decimal, B: Decimal, C: Decimal) -> dict[Decimal, Decimal]:
    """Project the impulse A -> B from the retracement C: C + r (B - A) by ratio. Raises ``Refused``: bad_parameter."""
    if not A < C < B:
        raise Refused("bad_parameter")
    with wide():
        return {r: C + r * (B - A) for r in FIB_RATIOS}


def fib_level(A: Decimal, B: Decimal, C: Decimal, price: Decimal) -> Decimal | None:
    """Return the highest ratio whose projection ``price`` has reached, half a per cent short counts; None when none."""
    with wide():
        reached = [r for r, goal in fib_targets(A, B, C).items() if price >= goal - abs(goal) * _SHORT_OF]
    return reached[-1] if reached else None


def last_triples(pivots: Sequence[Pivot], count: int = 2) -> list[tuple[Pivot, Pivot, Pivot]]:
    """Return those of the last ``count`` low-high-low triples that are an impulse and its retracement (A < C < B).

    No older one takes the place of one that is none: an impulse of before the last two swings is no news.
    """
    threes = [three for three in zip(pivots, pivots[1:], pivots[2:], strict=False) if three[0].kind == LOW]
    return [(A, B, C) for A, B, C in threes[-count:] if A.price < C.price < B.price]


@dataclass(frozen=True, slots=True, kw_only=True)
class Impulse:
    """Whether the last pivots form an Elliott impulse."""

    #: wave5 (running), complete or None
    status: str | None = None
    #: wave2, wave3, wave4: which rules hold; None when the shape is no impulse at all
    rules: Mapping[str, bool] | None = None
    #: price that wave 5 cannot exceed; None where there is no such limit
    cap: Decimal | None = None


def elliott(pivots: Sequence[Pivot], price: Decimal) -> Impulse:
    """Test the last pivots for five waves up (domain 6.1): five pivots and a price above P3, or six with P5 confirmed."""
    if len(pivots) >= 6 and pivots[-1].kind == HIGH:
        *points, P5 = (p.price for p in pivots[-6:])
        status = "complete"
    elif len(pivots) >= 5 and pivots[-1].kind == LOW:
        points, P5 = [p.price for p in pivots[-5:]], price
        status = "wave5"
    else:
        return Impulse()
    P0, P1, P2, P3, P4 = points
    if not (P3 > P1 and P5 > P3):
        return Impulse()
    with wide():
        wave1, wave3, wave5 = P1 - P0, P3 - P2, P5 - P4
        rules = {"wave2": P2 > P0, "wave3": wave3 >= wave1 or wave3 >= wave5, "wave4": P4 > P1}
        return Impulse(status=status if all(rules.values()) else None, rules=rules, cap=P4 + wave3 if wave3 < wave1 else None)

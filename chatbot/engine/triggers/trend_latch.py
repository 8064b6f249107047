"""When a trend's score trims the futures, and when the trim ends: a swing high acts once (domain 6.2).

The score alone flickers: it falls away for a day and is back, over and over, while it speaks of one and the same high. So the trim hangs on
the high: what a high has given once it gives again only if it is more.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - read at run time by the JSON codec
from dataclasses import field, replace
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from chatbot.engine.errors import Refused
from chatbot.values import dataclass

#: closed bars after the last firing at which a trim ends in any case
HOLD = 20
_ZERO = Decimal(0)


class Step(StrEnum):
    """What a bar changes."""

    #: futures are trimmed that were not
    BEGIN = "begin"
    #: they are trimmed by more
    CUT = "cut"
    #: a newer high holds on to a part of the trim
    EASE = "ease"
    #: nothing is trimmed any more
    RELEASE = "release"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one closed bar says."""

    #: share of the futures that its score would trim; None = unknown bar
    trim: Decimal | None
    #: time of the last confirmed swing high, in any unit that grows; None where there is none
    pivot: int | None = None
    #: price and strength have passed those of the high that gave the trim
    resumed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Latch:
    """The trim of one asset's futures."""

    #: share of them that is trimmed now
    trim: Decimal = _ZERO
    #: closed bars since the last firing; 0 at the bar that fired
    bars: int = 0
    #: the most that each high ever gave, by its time
    fired: Mapping[int, Decimal] = field(default_factory=dict)


L = TypeVar("L", bound=Latch)


def advance(latch: L, seen: Reading, hold: int = HOLD) -> tuple[L, Step | None]:
    """Take the newest closed bar; an unknown one counts as a bar and changes nothing. Raises ``Refused``: bad_parameter."""
    if hold < 1 or (seen.trim is not None and not 0 <= seen.trim <= 1):
        raise Refused("bad_parameter", "trim")
    older = replace(latch, bars=latch.bars + 1) if latch.trim else latch
    if seen.trim is None:
        return older, None
    if seen.trim > latch.trim and seen.pivot is not None and (_is_later(latch, seen.pivot) or seen.trim > _most(latch, seen.pivot)):
        return _fire(latch, seen.pivot, seen.trim), Step.CUT if latch.trim else Step.BEGIN
    if not latch.trim or not (seen.resumed or older.bars >= hold):
        return older, None
    if seen.trim and seen.pivot is not None and _is_later(latch, seen.pivot):
        return _fire(latch, seen.pivot, seen.trim), Step.EASE if seen.trim < latch.trim else None
    return replace(latch, trim=_ZERO, bars=0), Step.RELEASE


def _fire(latch: L, pivot: int, trim: Decimal) -> L:
    """Note what a high gives: it has never fired, or never as much."""
    return replace(latch, trim=trim, bars=0, fired={**latch.fired, pivot: trim})


def _is_later(latch: Latch, pivot: int) -> bool:
    """Tell whether a high came after all that have fired: only such a one starts over."""
    return all(pivot > fired for fired in latch.fired)


def _most(latch: Latch, pivot: int) -> Decimal:
    """Return the most that a high ever gave; one that never fired and is no later one has to exceed whatever others gave."""
    return latch.fired[pivot] if pivot in latch.fired else max(latch.fired.values(), default=_ZERO)

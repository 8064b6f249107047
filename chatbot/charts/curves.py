"""What the picture of a review shows, as plain numbers; knows no matplotlib, so views may import it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One line of value over time."""

    name: str
    #: worth at each moment, beginning with 1; at least two
    values: tuple[float, ...]
    #: what it came to, written: +12.3 %
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Equity:
    """Lines over the same moments, the portfolio's own first, and when it traded."""

    #: the moments as shares of the whole time, from 0 to 1
    at: tuple[float, ...]
    curves: tuple[Curve, ...]
    #: when plans were carried out, as shares of the whole time
    traded: tuple[float, ...] = ()
    #: first and last day, written
    ends: tuple[str, str] = ("", "")
    #: over the falls, and the deepest, written
    fall: str = ""
    deepest: str = ""
    #: what the ticks are
    tick: str = ""

"""What pictures of the past show, as plain numbers; knows no matplotlib, so views may import it."""

from __future__ import annotations

from chatbot.values import dataclass


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
    """Lines over the same moments, the portfolio's own first, then holding, and when it traded."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """What one line was of the whole over time."""

    #: its code, which gives it its colour
    line: str
    #: weight at each moment, 0 or above
    weights: tuple[float, ...]
    #: the last, written
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """Weights over the same moments, the lowest layer first; they add up to about 1 everywhere."""

    at: tuple[float, ...]
    layers: tuple[Layer, ...]
    #: first and last day, written
    ends: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthCell:
    """What a month, or a year, returned."""

    #: a fraction
    value: float
    #: written, in per cent without the sign of it
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Months:
    """Returns by month: a row for each of the twelve and one for the whole, a column for each year."""

    #: thirteen names, the last that of the whole year
    rows: tuple[str, ...]
    #: years, written, the latest last; each with thirteen cells, None where there is nothing
    years: tuple[tuple[str, tuple[MonthCell | None, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GainBar:
    """What one trigger brought."""

    name: str
    #: in any unit, the same for all
    value: float
    #: written
    said: str
    #: small below the name: how many plans
    fact: str = ""

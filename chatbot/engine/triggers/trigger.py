"""What a trigger of the market is: a reading, a limit, parameters with ranges, and ``advance(state, reading)`` (domain 5 to 8).

Every trigger is a pure state machine over market history, so it is run once for everybody who uses the same parameters. What a
portfolio does with it, from which weight it cuts for instance, is not its concern. Each stands at the end of its own file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any

from chatbot.values import dataclass

Params = Mapping[str, Decimal]


class Unit(StrEnum):
    """What a reading or a parameter is counted in."""

    #: of a usual level
    TIMES = "times"
    SHARE = "share"
    #: per eight hours
    RATE = "rate"
    #: 0 to 100
    INDEX = "index"
    #: 0 to 1
    SCORE = "score"
    DAYS = "days"
    #: of eight hours
    BLOCKS = "blocks"
    #: 1 on, 0 off
    SWITCH = "switch"


class Subject(StrEnum):
    """What there is one machine for."""

    ASSET = "asset"
    CONTRACT = "contract"
    MARKET = "market"


class Reads(StrEnum):
    """What a machine is fed with."""

    #: a coin's realised volatility of seven days and its baseline, once a day: :class:`VolReading`
    VOLATILITY = "volatility"
    #: the closed daily bars of a coin or contract, once a day: :class:`Bars`
    BARS = "bars"
    #: the market's funding rate of each block of eight hours; None = unknown
    FUNDING = "funding"
    #: the Fear & Greed index, whenever it is published; None = unknown
    MOOD = "mood"


@dataclass(frozen=True, slots=True, kw_only=True)
class VolReading:
    """A day's realised volatility and its baseline, per year; None = unknown."""

    sigma: Decimal | None
    base: Decimal | None
    #: the price is below where it stood seven days before; not where either is unknown
    fallen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bars:
    """Closed daily bars up to the newest, oldest first; none where the newest is unknown. A reading is only equal to itself."""

    closes: Sequence[Decimal]
    volumes: Sequence[Decimal]
    #: the day of each, counted since 1970: bars that are missing leave a gap in the days
    times: Sequence[int]


class SetBy(StrEnum):
    """Who sets a parameter."""

    #: the person: a knob
    PERSON = "person"
    #: the specification
    RULE = "rule"
    #: the strategy: it is the net futures exposure that it wants
    NET = "net"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a trigger with the range in which it makes sense."""

    name: str
    default: Decimal
    least: Decimal
    most: Decimal
    unit: Unit
    set_by: SetBy = SetBy.PERSON

    def takes(self, value: Decimal) -> bool:
        """Tell whether a value makes sense."""
        return value in (0, 1) if self.unit is Unit.SWITCH else self.least <= value <= self.most


def knob(name: str, default: str, least: str, most: str, unit: Unit) -> Parameter:
    """Return a parameter that a person may turn."""
    return Parameter(name=name, default=Decimal(default), least=Decimal(least), most=Decimal(most), unit=unit)


def switch(name: str) -> Parameter:
    """Return an option that a person may turn on."""
    return Parameter(name=name, default=Decimal(0), least=Decimal(0), most=Decimal(1), unit=Unit.SWITCH)


def given(name: str, default: str, unit: Unit, set_by: SetBy) -> Parameter:
    """Return a parameter that is no person's to choose."""
    return Parameter(name=name, default=Decimal(default), least=Decimal(0), most=Decimal(3), unit=unit, set_by=set_by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a state means, whatever the kind of its trigger."""

    active: bool
    #: factor k, trim, factor on the net long, level f*, coverage; None while it is not active
    size: Decimal | None
    #: readings in a row towards the next change, and how many it takes
    count: int
    needed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A name, a reading, a limit, and ``advance(state, reading)``."""

    name: str
    per: Subject
    reads: Reads
    #: True where it starts below its limit
    below: bool
    parameters: tuple[Parameter, ...]
    #: names of the parameters that start and end it
    enter: str
    leave: str
    #: False where its end has nothing to do with the reading against ``leave``
    ends_at_limit: bool = True
    state: type[Any]
    start: Callable[[Params], Any]
    advance: Callable[[Any, Any, Params], Any]
    #: the reading in the trigger's unit; None = unknown
    show: Callable[[Any, Any, Params], Decimal | None]
    standing: Callable[[Any, Params], Standing]
    #: what hourly closes since the last reading say, beside the baseline of that reading; None: nobody looks at the hours between
    watch: Callable[[Sequence[float | None], Decimal | None, Params], Decimal | None] | None = None

    @property
    def unit(self) -> Unit:
        """Return what its reading is counted in, which is what its limit is."""
        return self.parameter(self.enter).unit

    def parameter(self, name: str) -> Parameter:
        """Return one parameter."""
        return next(parameter for parameter in self.parameters if parameter.name == name)

    def params(self, chosen: Params) -> dict[str, Decimal]:
        """Return every parameter: the chosen ones, and the defaults of the rest."""
        return {p.name: chosen.get(p.name, p.default) for p in self.parameters}

    def problems(self, chosen: Params) -> tuple[str, ...]:
        """Return the names of chosen parameters that are unknown, out of range, or leave no room between start and end."""
        known = {p.name: p for p in self.parameters}
        wrong = [name for name, value in chosen.items() if name not in known or not known[name].takes(value)]
        full = self.params(chosen)
        gap = full[self.leave] - full[self.enter]
        # below its limit or above: the limit that ends it must not lie beyond the one that starts it, or it would flicker
        flickers = gap < 0 if self.below else gap > 0
        return (*wrong, self.leave) if flickers and self.leave not in wrong else tuple(wrong)


def as_read(_: object, seen: Decimal | None, __: Params) -> Decimal | None:
    """Show a reading that is a number of its own."""
    return seen

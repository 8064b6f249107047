"""What a person may turn on a trigger: each knob with its word, its sentence, how far a tap turns it, and its unit."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from chatbot.engine.triggers.registry import TRIGGERS
from chatbot.engine.triggers.trigger import Unit
from chatbot.i18n import N_
from chatbot.model import Cause
from handlers.views.trigger import words as seen

if TYPE_CHECKING:
    from chatbot.engine.triggers.trigger import Parameter
    from chatbot.i18n import Words
    from chatbot.model import Strategy

D = Decimal


@dataclass(frozen=True, slots=True)
class Knob:
    """One knob of one trigger."""

    #: the engine's parameter
    name: str
    #: what it is called and typed as
    word: str
    #: what it does, around its {value}
    says: str
    #: how far one tap turns it
    step: Decimal


#: the first knob of each is the one that a bare number means
KNOBS: Final = {
    Cause.VOLATILITY: (
        Knob("enter", N_("limit"), N_("starts at {value} the usual level"), D("0.1")),
        Knob("exit", N_("end"), N_("ends at {value} or less, two days in a row"), D("0.1")),
        Knob("days", N_("days"), N_("ends after {value} in any case"), D(5)),
    ),
    Cause.TREND: (Knob("zigzag", N_("swing"), N_("a turn counts from a swing of {value}"), D("0.01")),),
    Cause.FUNDING_LOW: (
        Knob("enter", N_("limit"), N_("counts below {value} per 8 h"), D("0.00005")),
        Knob("exit", N_("end"), N_("ends at {value} or above"), D("0.00005")),
        Knob("step", N_("step"), N_("adds {value} of the portfolio's value each time"), D("0.005")),
        Knob("most", N_("most"), N_("never goes above {value} net"), D("0.01")),
        Knob("blocks", N_("blocks"), N_("needs {value} in a row"), D(1)),
    ),
    Cause.FUNDING_HIGH: (
        Knob("enter", N_("limit"), N_("counts above {value} per 8 h"), D("0.0001")),
        Knob("exit", N_("end"), N_("ends at {value} or below"), D("0.0001")),
        Knob("factor", N_("keep"), N_("keeps {value} of the net long"), D("0.1")),
        Knob("blocks", N_("blocks"), N_("needs {value} in a row"), D(1)),
    ),
    Cause.FEAR_GREED: (
        Knob("enter", N_("limit"), N_("starts below {value}"), D(5)),
        Knob("exit", N_("end"), N_("ends at {value} or above"), D(5)),
        Knob("confirm", N_("days"), N_("needs {value} in a row to end"), D(1)),
        Knob("coverage", N_("coverage"), N_("hedges {value} of the spot (portfolio and beta only)"), D("0.1")),
    ),
}
#: of Fear & Greed (domain 8.3), as they are typed
MODES: Final = {"book": N_("book"), "portfolio": N_("portfolio"), "beta": N_("beta")}
#: units that are typed and shown in per cent
PER_CENT: Final = frozenset({Unit.SHARE, Unit.RATE})
#: units without parts
WHOLE: Final = frozenset({Unit.DAYS, Unit.BLOCKS, Unit.INDEX})


def parameter(trigger: Cause, knob: Knob) -> Parameter:
    """Return the engine's parameter behind a knob: its range and its unit."""
    return TRIGGERS[trigger].parameter(knob.name)


def value_of(strategy: Strategy, trigger: Cause, knob: Knob) -> Decimal:
    """Return how a knob is set, which is its default where the person has not turned it."""
    return TRIGGERS[trigger].params(strategy.setting(trigger).params)[knob.name]


def mode_of(strategy: Strategy) -> str:
    """Return what Fear & Greed does."""
    return strategy.setting(Cause.FEAR_GREED).mode or "book"


def written(words: Words, trigger: Cause, knob: Knob, value: Decimal) -> str:
    """Write a knob's value in its unit, as precisely as it is set."""
    unit = parameter(trigger, knob).unit
    if unit is Unit.RATE:
        return seen.number(words, trigger, value, round(value, 5))
    if unit is Unit.SHARE:
        return words.percent(value, 0 if value * 100 == int(value * 100) else 1)
    if unit is Unit.TIMES:
        return seen.number(words, trigger, value, round(value, 1))
    return words.number(value)


def counted(words: Words, trigger: Cause, knob: Knob, value: Decimal) -> str:
    """Write a knob's value for its sentence: days and blocks with their noun."""
    unit = parameter(trigger, knob).unit
    if unit is Unit.DAYS:
        return words.n("{count} day", "{count} days", int(value))
    if unit is Unit.BLOCKS:
        return words.n("{count} block of 8 h", "{count} blocks of 8 h", int(value))
    return written(words, trigger, knob, value)


def turned(strategy: Strategy, trigger: Cause, knob: Knob, *, up: bool) -> Decimal | None:
    """Return what a tap turns a knob to; None at the end of its range."""
    value = value_of(strategy, trigger, knob) + (knob.step if up else -knob.step)
    return value if parameter(trigger, knob).least <= value <= parameter(trigger, knob).most else None

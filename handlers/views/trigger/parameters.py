"""What a person may turn on a trigger: how each knob is set, how that is written, and how far it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatbot.engine.triggers.registry import TRIGGERS
from chatbot.engine.triggers.trigger import Unit
from handlers.views.trigger import signals

if TYPE_CHECKING:
    from decimal import Decimal

    from chatbot.engine.triggers.trigger import Parameter
    from chatbot.i18n import Words
    from chatbot.model import Cause, Strategy
    from handlers.views.trigger.words import Knob

#: units that are typed and shown in per cent
PER_CENT: Final = frozenset({Unit.SHARE, Unit.RATE})
#: decimals of a knob, finer than any is shown: more than that no button could carry
PLACES: Final = 6
#: units without parts
WHOLE: Final = frozenset({Unit.DAYS, Unit.BLOCKS, Unit.INDEX})


def parameter(trigger: Cause, knob: Knob) -> Parameter:
    """Return the engine's parameter behind a knob: its range and its unit."""
    return TRIGGERS[trigger].parameter(knob.name)


def value_of(strategy: Strategy, trigger: Cause, knob: Knob) -> Decimal:
    """Return how a knob is set, which is its default where the person has not turned it."""
    return TRIGGERS[trigger].params(strategy.setting(trigger).params)[knob.name]


def written(words: Words, trigger: Cause, knob: Knob, value: Decimal) -> str:
    """Write a knob's value in its unit, as precisely as it is set."""
    unit = parameter(trigger, knob).unit
    if unit is Unit.SWITCH:
        return words.t("on") if value else words.t("off")
    if unit is Unit.RATE:
        return signals.in_unit(words, unit, value, round(value, 5))
    if unit is Unit.SHARE:
        return words.percent(value, 0 if value * 100 == int(value * 100) else 1)
    if unit is Unit.TIMES:
        return signals.in_unit(words, unit, value, round(value, 1))
    return words.number(value)


def counted(words: Words, trigger: Cause, knob: Knob, value: Decimal) -> str:
    """Write a knob's value for its sentence: days and blocks with their noun."""
    unit = parameter(trigger, knob).unit
    if unit is Unit.DAYS:
        return words.n("{count} day", "{count} days", int(value))
    if unit is Unit.BLOCKS:
        return words.n("{count} block of 8 h", "{count} blocks of 8 h", int(value))
    return written(words, trigger, knob, value)


def is_switch(trigger: Cause, knob: Knob) -> bool:
    """Tell whether a knob is an option that is on or off."""
    return parameter(trigger, knob).unit is Unit.SWITCH


def turned(strategy: Strategy, trigger: Cause, knob: Knob, *, up: bool) -> Decimal | None:
    """Return what a tap turns a knob to; None at the end of its range."""
    value = value_of(strategy, trigger, knob) + (knob.step if up else -knob.step)
    return value if parameter(trigger, knob).least <= value <= parameter(trigger, knob).most else None

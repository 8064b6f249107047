"""Triggers that come close together share one block (domain 9.9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

#: triggers that do not wait for company: extreme fear, margin emergencies and a person's "now"
IMMEDIATE = ("fear", "margin", "manual", "now")


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The triggers of one block."""

    #: when the block is executed, in the unit of the events
    executes: float
    #: trigger names by time, then name
    names: tuple[str, ...]


def is_immediate(name: str) -> bool:
    """Tell whether this trigger closes its window at once."""
    return name.startswith(IMMEDIATE)


def batch_triggers(events: Iterable[tuple[str, float]], window: float) -> tuple[Batch, ...]:
    """Group (name, time) events: the first opens a window, those within it (inclusive) join, execution is at its end.

    Raises ``Refused``: bad_parameter for a negative window.
    """
    if window < 0:
        raise Refused("bad_parameter", "window")
    batches: list[Batch] = []
    names: list[str] = []
    closes: float | None = None
    for name, t in sorted(events, key=lambda event: (event[1], event[0])):
        if closes is not None and t > closes:
            batches.append(Batch(executes=closes, names=tuple(names)))
            names, closes = [], None
        names.append(name)
        closes = t + window if closes is None else closes
        if is_immediate(name):
            closes = t
    if closes is not None:
        batches.append(Batch(executes=closes, names=tuple(names)))
    return tuple(batches)

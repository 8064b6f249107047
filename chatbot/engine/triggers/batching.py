"""Triggers that come close together share one block (domain 9.9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

#: triggers that do not wait for company: extreme fear, margin emergencies and a person's "now"
NOW = "now"
IMMEDIATE = ("fear", "margin", "manual", NOW)


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


def closes_at(opened: float, window: float, urgent: Iterable[float]) -> float:
    """Return when a window that was opened at ``opened`` closes: at its end, or at the first of the ``urgent`` times."""
    return min([opened + window, *urgent])


def batch_triggers(events: Iterable[tuple[str, float]], window: float) -> tuple[Batch, ...]:
    """Group (name, time) events: the first opens a window, those within it (inclusive) join, execution is when it closes.

    A block names each trigger once. Raises ``Refused``: bad_parameter for a negative window.
    """
    if window < 0:
        raise Refused("bad_parameter", "window")
    waiting = sorted(events, key=lambda event: (event[1], event[0]))
    batches: list[Batch] = []
    while waiting:
        closes = closes_at(waiting[0][1], window, (t for name, t in waiting if is_immediate(name)))
        names = dict.fromkeys(name for name, t in waiting if t <= closes)
        batches.append(Batch(executes=closes, names=tuple(names)))
        waiting = [event for event in waiting if event[1] > closes]
    return tuple(batches)

"""Coins and contracts that are held and not traded: who was told of which, and what there is to tell now."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.model.life import Stop
    from chatbot.portfolio.evaluation import Evaluation


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """What a check has to say of them."""

    #: what has stopped since its person was told last
    begun: tuple[Stop, ...] = ()
    #: instruments that are held and traded again
    over: tuple[str, ...] = ()
    #: what is remembered from now on: by instrument the mark of the stop that was told
    told: Mapping[str, str] = field(default_factory=dict)


def steps(evaluation: Evaluation, told: Mapping[str, str]) -> Steps:
    """Compare what is held and not traded now with what was told; each stop is told once, and so is its end."""
    if evaluation.account is None:
        return Steps(told=told)
    stopped, held = evaluation.held_stops, evaluation.managed
    begun = tuple(stop for stop in stopped if told.get(stop.instrument) != stop.mark)
    resumed = [name for name in sorted(told) if name in held and name not in evaluation.stops]
    # the end of one is told once there is a price again: without it, it may only be that the list was misread
    over = tuple(name for name in resumed if name in evaluation.quotes)
    unsure = {name: told[name] for name in resumed if name not in over}
    return Steps(begun=begun, over=over, told={**unsure, **{stop.instrument: stop.mark for stop in stopped}})

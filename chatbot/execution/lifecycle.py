"""Plan and leg states, the table of legal moves between them, and what to do next with an order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, overload

from chatbot.errors import InternalError
from chatbot.model import LegState, PlanState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class PlanEvent(StrEnum):
    """What can happen to a plan."""

    CONFIRM = "confirm"
    SKIP = "skip"
    EXPIRE = "expire"
    SUPERSEDE = "supersede"
    #: the first leg is about to be touched
    BEGIN = "begin"
    FINISH = "finish"
    #: stop and wait for a person
    PARK = "park"
    #: a person, or an answer that came after all, lets it go on
    RESUME = "resume"


class LegEvent(StrEnum):
    """What can happen to a leg."""

    #: an intention is written down: the first one, or one for the remainder
    SUBMIT = "submit"
    #: the exchange has the order
    ACCEPT = "accept"
    #: nothing is left to do
    FILL = "fill"
    #: it ends with less than planned
    END = "end"
    #: the exchange refused it, with nothing filled
    REFUSE = "refuse"
    #: sent, and no answer came
    LOSE = "lose"
    #: left out
    DROP = "drop"
    #: taken back in by the person, before Confirm
    RESTORE = "restore"
    #: a new quantity, before anything was sent
    RESIZE = "resize"


class IllegalMove(InternalError):
    """A state was asked to do what the table does not allow: a mistake in the program, never in the market."""

    def __init__(self, state: str, event: str) -> None:
        super().__init__(f"{event} is no move from {state}")
        self.state = state
        self.event = event


_P, _L = PlanState, LegState

PLAN_MOVES: Mapping[tuple[PlanState, PlanEvent], PlanState] = {
    (_P.PROPOSED, PlanEvent.CONFIRM): _P.CONFIRMED,
    (_P.PROPOSED, PlanEvent.SKIP): _P.SKIPPED,
    (_P.PROPOSED, PlanEvent.EXPIRE): _P.EXPIRED,
    (_P.PROPOSED, PlanEvent.SUPERSEDE): _P.SUPERSEDED,
    (_P.CONFIRMED, PlanEvent.BEGIN): _P.RUNNING,
    (_P.CONFIRMED, PlanEvent.PARK): _P.PARKED,
    (_P.RUNNING, PlanEvent.FINISH): _P.DONE,
    (_P.RUNNING, PlanEvent.PARK): _P.PARKED,
    (_P.PARKED, PlanEvent.RESUME): _P.RUNNING,
    (_P.PARKED, PlanEvent.FINISH): _P.DONE,
}

LEG_MOVES: Mapping[tuple[LegState, LegEvent], LegState] = {
    (_L.PLANNED, LegEvent.SUBMIT): _L.SUBMITTING,
    (_L.PLANNED, LegEvent.DROP): _L.DROPPED,
    (_L.PLANNED, LegEvent.RESIZE): _L.PLANNED,
    (_L.PLANNED, LegEvent.END): _L.PARTIAL,
    (_L.DROPPED, LegEvent.RESTORE): _L.PLANNED,
    (_L.SUBMITTING, LegEvent.SUBMIT): _L.SUBMITTING,
    (_L.SUBMITTING, LegEvent.ACCEPT): _L.OPEN,
    (_L.SUBMITTING, LegEvent.FILL): _L.FILLED,
    (_L.SUBMITTING, LegEvent.END): _L.PARTIAL,
    (_L.SUBMITTING, LegEvent.REFUSE): _L.REJECTED,
    (_L.SUBMITTING, LegEvent.LOSE): _L.UNKNOWN,
    (_L.OPEN, LegEvent.SUBMIT): _L.SUBMITTING,
    (_L.OPEN, LegEvent.ACCEPT): _L.OPEN,
    (_L.OPEN, LegEvent.FILL): _L.FILLED,
    (_L.OPEN, LegEvent.END): _L.PARTIAL,
    (_L.OPEN, LegEvent.REFUSE): _L.REJECTED,
    (_L.UNKNOWN, LegEvent.SUBMIT): _L.SUBMITTING,
    (_L.UNKNOWN, LegEvent.ACCEPT): _L.OPEN,
    (_L.UNKNOWN, LegEvent.FILL): _L.FILLED,
    (_L.UNKNOWN, LegEvent.END): _L.PARTIAL,
    (_L.UNKNOWN, LegEvent.REFUSE): _L.REJECTED,
    (_L.UNKNOWN, LegEvent.LOSE): _L.UNKNOWN,
}

#: a leg in one of these needs nothing more
LEG_ENDS = frozenset({_L.FILLED, _L.PARTIAL, _L.REJECTED, _L.DROPPED})


@overload
def advance(state: PlanState, event: PlanEvent) -> PlanState: ...
@overload
def advance(state: LegState, event: LegEvent) -> LegState: ...
def advance(state: PlanState | LegState, event: PlanEvent | LegEvent) -> PlanState | LegState:
    """Return the state after ``event``; raises :class:`IllegalMove` when the table has no such move."""
    table: Mapping[tuple[str, str], PlanState | LegState] = PLAN_MOVES if isinstance(state, PlanState) else LEG_MOVES  # type: ignore[assignment]
    try:
        return table[state, event]
    except KeyError:
        raise IllegalMove(state, event) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What was tried for one leg so far."""

    #: resting quotes that were sent, those refused for taking liquidity included
    quotes: int = 0
    #: the marketable order was sent
    crossed: bool = False
    #: when the order that works now was sent; None when none works
    working_since: datetime | None = None
    #: when the first order was sent, and the last; None before it
    first_at: datetime | None = None
    last_at: datetime | None = None
    #: something of the leg is filled; and so many orders since then have filled nothing
    filled: bool = False
    idle: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Leave the order alone for so many seconds at most."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Requote:
    """Quote what is left at the current price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cross:
    """Take what is left at once, inside the bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """Stop, and report what is left."""


NextStep = Wait | Requote | Cross | GiveUp


def next_step(tried: Tried, now: datetime, *, requote_after_s: float, requotes: int) -> NextStep:
    """Decide what follows for a leg that is not filled: rest, quote again, cross once, stop (domain 9.6).

    A quote rests for ``requote_after_s`` seconds of the clock; after the first one come ``requotes`` more.
    """
    if tried.working_since is not None:
        left = requote_after_s - (now - tried.working_since).total_seconds()
        if left > 0:
            return Wait(seconds=left)
    if tried.crossed:
        return GiveUp()
    return Requote() if tried.quotes <= requotes else Cross()


def next_urgent_step(tried: Tried, now: datetime, *, pause_s: float, tries: int, limit_s: float) -> NextStep:
    """Decide what follows for a leg that cannot wait: take at once, again after ``pause_s`` seconds of the clock, stop (domain 9.6).

    It stops after so many ``tries`` in vain, once something was filled after four times as many, because a book refills; and after
    ``limit_s`` seconds.
    """
    if tried.last_at is None or tried.first_at is None:
        return Cross()
    if tried.working_since is None:
        too_often = tried.idle >= (4 * tries if tried.filled else tries)
        if too_often or (now - tried.first_at).total_seconds() >= limit_s:
            return GiveUp()
    left = pause_s - (now - tried.last_at).total_seconds()
    return Wait(seconds=left) if left > 0 else Cross()

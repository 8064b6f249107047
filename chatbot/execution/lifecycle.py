"""Plan and leg states, the table of legal moves between them, and what to do next with an order."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, overload

from chatbot.errors import InternalError
from chatbot.model import LegState, PlanState
from chatbot.values import dataclass

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
class Patience:
    """How a leg is worked: so many quotes that rest, then orders that take, until it is done or its time is over (domain 9.6).

    All times in seconds of the clock.
    """

    #: quotes that rest before the first order that takes; 0: none
    quotes: int
    #: how long each of them rests
    rest_s: float
    #: pause between two orders that take
    pause_s: float
    #: how many of them in a row may take nothing before it stops
    tries: int
    #: how long it may be worked in all
    limit_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What was tried for one leg so far."""

    #: resting quotes that were sent since one was filled whole, those refused for taking liquidity included
    quotes: int = 0
    #: orders that take
    takes: int = 0
    #: when the order that works now was sent; None when none works
    working_since: datetime | None = None
    #: since when it has been worked, and when the last order was sent; None before it
    first_at: datetime | None = None
    last_at: datetime | None = None
    #: something of the leg is filled; and so many orders that take have filled nothing since then
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
#: once something was filled so many times as often in vain: a book refills
_REFILLS = 4


def next_step(tried: Tried, now: datetime, patience: Patience) -> NextStep:
    """Decide what follows for a leg that is not filled: rest, quote again, take, take again after a pause, stop (domain 9.6)."""
    if not tried.takes:
        left = 0.0 if tried.working_since is None else patience.rest_s - (now - tried.working_since).total_seconds()
        if left > 0:
            return Wait(seconds=left)
        if tried.working_since is None and _passed(tried.first_at, now) >= patience.limit_s:
            return GiveUp()
        return Requote() if tried.quotes < patience.quotes else Cross()
    if tried.working_since is None:
        in_vain = tried.idle >= patience.tries * (_REFILLS if tried.filled else 1)
        if in_vain or _passed(tried.first_at, now) >= patience.limit_s:
            return GiveUp()
    left = patience.pause_s - _passed(tried.last_at, now)
    return Wait(seconds=left) if left > 0 else Cross()


def _passed(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else (now - since).total_seconds()

"""What may come of asking for a plan, or of answering one: each outcome says in its own words what happened and what did not."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from chatbot.model import LegState
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime
    from decimal import Decimal

    from chatbot.model import Breach, DecidedBy, LeftOut, Leg, NotAlone, Plan, Portfolio, PortfolioFigures, Problem
    from chatbot.model.hedge import HedgeSize
    from chatbot.store.database import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """A plan now waits for an answer."""

    plan: Plan
    #: the plan that this one replaced; None where there was none
    instead_of: Plan | None = None
    #: the answer to a Confirm: other holdings than on the card are why there is a new plan
    holdings_moved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingToDo:
    """Everything is inside what an order could improve."""

    portfolio: Portfolio
    figures: PortfolioFigures
    #: what is not inside it, and why nothing can be done about that
    left_out: tuple[LeftOut, ...] = ()
    #: what is furthest off its target of all that would be traded if small differences were too
    small: SmallDifference | None = None
    #: the plan that has left everything inside its band as it is now, where that is not small; None: there is none
    since: Plan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallDifference:
    """A difference that is inside its band and too small to be traded unless its person wants it (domain 9.13)."""

    instrument: str
    #: fraction of V
    weight: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotEvaluate:
    """No plan, because something is unknown."""

    portfolio: Portfolio
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """Another plan is being carried out."""

    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """The plan is on its way to the exchange."""

    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenInPart:
    """A plan that is traded by hand: its exchange shows less of it than the card has, or nothing."""

    plan: Plan
    #: the legs with what was traded of each; one of which nothing was is dropped
    legs: tuple[Leg, ...]

    @property
    def is_nothing(self) -> bool:
        """Tell whether nothing was traded yet."""
        return all(leg.state is LegState.DROPPED or leg.is_transfer for leg in self.legs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """The plan had ended before the tap: nothing was sent."""

    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class TooExpensive:
    """Nothing was sent: legs of the plan cost so much that the person is asked first (domain 11.1)."""

    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Nothing was sent: prices or holdings have left what the plan was made for, and nobody is there to be shown a new one."""

    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """Nothing was sent: the portfolio is paused; the plan may be confirmed after /resume, while it lasts."""

    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """No plan: the portfolio is closed, and nothing is ever done for it."""

    portfolio: Portfolio


@dataclass(frozen=True, slots=True, kw_only=True)
class Halted:
    """Nothing was sent: the operator has stopped all trading; the plan may be confirmed when it goes on, while it lasts."""

    plan: Plan
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Steady:
    """A plan that a halt has stopped may go on as it is: prices and settings are still those that its person confirmed."""

    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftBehind:
    """A plan that a halt has stopped may not go on: prices or settings have left what its person confirmed."""

    plan: Plan
    #: the portfolio as it is now
    figures: PortfolioFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class Forbidden:
    """Nothing was sent: the bot may not do this alone any more."""

    plan: Plan
    why: NotAlone


@dataclass(frozen=True, slots=True, kw_only=True)
class OverLimits:
    """Nothing was sent: the plan goes beyond what its person agreed to for real money, or the operator does not allow it."""

    plan: Plan
    breach: Breach


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoConfirm:
    """A Confirm that nobody presses: the bot answers a plan in its person's name."""

    #: who is noted to have confirmed it
    by: DecidedBy
    #: asked in the transaction that decides: why it may not be done after all
    forbids: Callable[[Tx, Plan], Awaitable[NotAlone]]
    #: what is told, in the same transaction
    tells: Callable[[Tx, Plan], Awaitable[None]]
    #: only these legs are carried out; None: all
    only: frozenset[int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotYours:
    """The plan belongs to somebody else, or does not exist; which of the two is not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoHedge:
    """The hedge that was asked for cannot be had, or not without asking once more: its ``problem`` says why."""

    portfolio: Portfolio
    size: HedgeSize


#: a plan that is not stored, or why there is none
Draft: TypeAlias = "Plan | NothingToDo | CannotEvaluate | NoHedge"
Proposal = Proposed | NothingToDo | CannotEvaluate | Busy | NoHedge | Closed
ConfirmOutcome = Confirmed | SeenInPart | Late | NotYours | TooExpensive | Moved | Paused | Halted | Forbidden | OverLimits | Proposal
GoOnOutcome = Steady | LeftBehind | Halted | CannotEvaluate | Late | NotYours

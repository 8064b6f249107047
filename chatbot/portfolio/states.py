"""What is remembered of a portfolio between two looks, as one typed value; how it is written down is in ``stored/states.py``."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime  # noqa: TC003 - read at run time by the JSON codec
from decimal import Decimal  # noqa: TC003 - read at run time by the JSON codec
from typing import TYPE_CHECKING

from chatbot.engine.bands import BandState
from chatbot.model import OpenHedge, OpenTilt, Outcome
from chatbot.portfolio.layers import Memory
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.model.life import LeapAnswer

#: what stands before the kind of a hedge in its key
HEDGE = "hedge:"
#: a line of which nothing is stored
ARMED = BandState()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleMark:
    """How far a portfolio has come on its calendar."""

    #: occurrences up to here are settled; None before the first
    settled: datetime | None = None
    #: local date of the last run, the key under which a run happens once; empty before the first
    date: str = ""
    #: the last occurrence that was settled, and what became of it
    at: datetime | None = None
    outcome: Outcome = Outcome.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """Since when a portfolio cannot be evaluated, and when its person was told last."""

    since: datetime
    told: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Peg:
    """What is remembered of a dollar that has left its peg."""

    state: BandState = ARMED
    #: when it rang last; None: never
    told: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Danger:
    """Margin in danger, as its person was told of it last."""

    #: how far the nearest liquidation was then, a fraction of the mark; None: unknown
    distance: Decimal | None = None
    #: None: by a version that did not write it down
    told: datetime | None = None
    #: a plan was asked for; not while another one is under way
    asked: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """Where a line was to stand at the last evaluation that judged its weight (domain 3.2); fractions of V."""

    #: by the strategy itself
    own: Decimal
    #: with every trigger and hedge
    effective: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PanicMark:
    """The last /panic. Until its person has confirmed a plan again, the bot does nothing alone."""

    #: when it was pressed
    at: datetime
    #: its futures are still to be closed: the plan that does it is not made yet
    pending: bool = True
    #: its person has confirmed a plan since
    over: bool = False
    #: how often that was taken up again after its work had been lost, or had to wait
    tries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioStates:
    """Everything that is remembered of one portfolio."""

    #: hysteresis of the lines and the net exposure (domain 3.2); one that is not named is armed
    lines: Mapping[str, BandState] = field(default_factory=dict)
    #: by line, the net exposure among them; empty before the first evaluation
    aims: Mapping[str, Aim] = field(default_factory=dict)
    #: the margin emergency that has rung and is not over
    danger: Danger | None = None
    #: when drift rang last; None: never
    rang_at: datetime | None = None
    #: None while the portfolio can be evaluated
    outage: Outage | None = None
    schedule: ScheduleMark = field(default_factory=ScheduleMark)
    memory: Memory = field(default_factory=Memory)
    #: at most one of each kind
    hedges: tuple[OpenHedge, ...] = ()
    #: at most one of each coin, sorted by coin
    tilts: tuple[OpenTilt, ...] = ()
    #: by coin: what the person said of its last leap
    leaps: Mapping[str, LeapAnswer] = field(default_factory=dict)
    #: by coin: the dollars that have left their peg
    pegs: Mapping[str, Peg] = field(default_factory=dict)
    #: by instrument: the mark of the stop that its person was told of
    stops: Mapping[str, str] = field(default_factory=dict)
    #: by line: the quantity of each of its coins that the last plan was about to reach (domain 2.3)
    mix: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)
    #: by contract of a hedge: the position there was when it was looked at last, base units; none since a plan has traded it
    shorts: Mapping[str, Decimal] = field(default_factory=dict)
    #: None: there never was one
    panic: PanicMark | None = None

    @property
    def margin_fired(self) -> bool:
        """Tell whether a margin emergency has rung and is not over."""
        return self.danger is not None

    def line(self, name: str) -> BandState:
        """Return the hysteresis of a line."""
        return self.lines.get(name, ARMED)

    @property
    def asks(self) -> bool:
        """Tell whether the bot does nothing alone, because nothing was confirmed since the last panic."""
        return self.panic is not None and not self.panic.over

    def hedge(self, kind: str) -> OpenHedge | None:
        """Return the hedge of a kind, if there is one."""
        return next((hedge for hedge in self.hedges if hedge.kind == kind), None)


#: a portfolio of which nothing is stored yet
NOTHING = PortfolioStates()


def hedge_key(kind: str) -> str:
    """Return the word under which /why knows a hedge."""
    return HEDGE + kind

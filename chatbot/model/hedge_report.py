"""What the chat shows about hedges: those that are open, those that could be, and what a move of the market would do."""

from __future__ import annotations

from decimal import Decimal

from chatbot.model.figures import Problem  # noqa: TC001 - read at run time by the JSON codec
from chatbot.model.hedge import FALL, HedgeSize, OpenHedge
from chatbot.model.strategy import Portfolio  # noqa: TC001 - read at run time by the JSON codec
from chatbot.values import dataclass

#: a tenth of a point: less is what fees and lots leave behind
_OVER = Decimal("0.001")


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeReading:
    """A hedge that is open, or over and still to be taken off, at the present price."""

    hedge: OpenHedge
    #: None where there is no sound price
    mark: Decimal | None = None
    #: what the short has won (above 0) or lost, funding apart, quote
    result: Decimal | None = None
    #: from the mark to the liquidation of the contract's position; None: it cannot be liquidated
    distance: Decimal | None = None
    #: what the portfolio would win (above 0) or lose in the fall without it; None where it cannot be closed now
    closed: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeReport:
    """Everything that /hedge shows."""

    portfolio: Portfolio
    problems: tuple[Problem, ...] = ()
    open: tuple[HedgeReading, ...] = ()
    #: the fall of BTC that everything is told for, a fraction, and what the portfolio would win (above 0) or lose in it as it is now
    drop: Decimal = FALL
    now: Decimal = Decimal(0)
    #: None exactly when there are problems
    rotation: HedgeSize | None = None
    #: literal, by beta, least variance, for the same part of the same fall
    covers: tuple[HedgeSize, ...] = ()
    #: why the market counts as bearish: fear_greed, below_mean; empty: it does not
    bearish: str = ""
    #: neither the Fear & Greed index nor BTC's mean of 50 days is known
    mood_unknown: bool = False
    #: weight of all ALT coins and their target now, fractions of V
    alt: Decimal | None = None
    alt_target: Decimal | None = None
    #: the Fear & Greed index; None where unknown
    mood: Decimal | None = None

    @property
    def suggests_rotation(self) -> bool:
        """Tell whether domain 10.1 asks for a rotation now: ALT above its target in a market that is bearish."""
        over = self.alt - self.alt_target if self.alt is not None and self.alt_target is not None else None
        return bool(self.bearish) and over is not None and over >= _OVER


@dataclass(frozen=True, slots=True, kw_only=True)
class ShockRow:
    """What one move of BTC would do to the portfolio, quote."""

    #: fraction, below 0 for a fall
    shock: Decimal
    without: Decimal
    hedged: Decimal
    #: the part of the loss that the hedge takes away; None where there is no loss
    covered: Decimal | None = None
    #: the short loses its whole margin in this move
    liquidated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShockReport:
    """The honest table of one hedge (domain 10.4)."""

    portfolio: Portfolio
    problems: tuple[Problem, ...] = ()
    #: None exactly when there are problems
    size: HedgeSize | None = None
    rows: tuple[ShockRow, ...] = ()
    #: betas are taken a quarter larger, because they rise in crashes
    stressed: bool = False

"""A hedge: what somebody asks for, what it would be, and one that is open until it has done its work."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime  # noqa: TC003 - read at run time by the JSON codec
from decimal import Decimal
from enum import StrEnum

from chatbot.values import dataclass

#: kinds of hedges; at most one of each is open (domain 10.3)
ROTATION, COVER, MIN_VARIANCE = "rotation", "cover", "minvar"
HEDGE_KINDS = (ROTATION, COVER, MIN_VARIANCE)
#: sizes of a cover (domain 10.2): coverage times V times fall, or coverage times the spot side's beta
LITERAL, BY_BETA = "literal", "beta"
#: the fall of BTC that figures are told for where nobody names another (domain 10.2), a fraction
FALL = Decimal("0.2")


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeWish:
    """What somebody asks for: enough to size the hedge again at other prices."""

    kind: str
    #: of a cover: literal or beta; empty elsewhere
    size: str = ""
    #: of a cover: which part of the loss, and in which fall; fractions
    coverage: Decimal | None = None
    drop: Decimal | None = None
    #: of the least variance: notional as a fraction of V, worked out from the past when it was asked for
    ratio: Decimal | None = None
    #: the person has read that its liquidation is nearer than the rule wants, and wants it all the same
    accepted: bool = False
    #: why: manual, fear_greed, below_mean
    reason: str = "manual"


def covered(without: Decimal, hedged: Decimal) -> Decimal | None:
    """Return the part of a loss that a hedge takes away; None without a loss."""
    return (hedged - without) / -without if without < 0 else None


class HedgeProblem(StrEnum):
    """Why a hedge cannot be had."""

    NONE = ""
    NO_CONTRACT = "no_contract"
    #: a rotation without ALT coins
    NO_ALT = "no_alt"
    TOO_SMALL = "too_small"
    #: the leverage limits leave none
    NO_ROOM = "no_room"
    #: too few daily prices for the least variance
    NO_HISTORY = "no_history"
    #: the portfolio does not fall with BTC
    NOT_SHORT = "not_short"
    OPEN_ALREADY = "open_already"
    #: the last one is over, and its short is still there
    STILL_SHORT = "still_short"
    #: its liquidation is nearer than the rule wants: it can be had after one more question
    TOO_CLOSE = "too_close"


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Which leverage limit leaves too little room for a short, and what would make room (domain 2.4); amounts in quote."""

    #: the limit is on coins and futures together; else on the futures alone, as a multiple of the money behind them
    gross: bool
    #: the limit as a multiple, what it comes to, and what of that is used
    times: Decimal
    most: Decimal
    used: Decimal
    #: coins to sell for stablecoins until the short that was asked for fits, and that as a fraction of V; None: not even all of them
    sell: Decimal | None = None
    sell_weight: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeSize:
    """What one hedge would be at the present prices; amounts in quote, changes as fractions of V."""

    wish: HedgeWish
    contract: str
    mark: Decimal = Decimal(0)
    #: signed base units, below 0; 0 where there is none
    qty: Decimal = Decimal(0)
    #: what was asked for; more than :attr:`notional` where the leverage limits came first, or by less than a lot
    asked: Decimal = Decimal(0)
    capped: bool = False
    #: to sell, by coin
    sells: dict[str, Decimal] = field(default_factory=dict)
    #: what the sales bring after fees, and what comes from the stablecoins: the short's collateral
    proceeds: Decimal = Decimal(0)
    top_up: Decimal = Decimal(0)
    #: fall that the figures below are for
    drop: Decimal = Decimal(0)
    #: what the portfolio would win (above 0) or lose in it as it is, and with this hedge
    without: Decimal = Decimal(0)
    hedged: Decimal = Decimal(0)
    net_change: Decimal = Decimal(0)
    beta_change: Decimal = Decimal(0)
    #: from the mark to the liquidation of the contract's position; None: it cannot be liquidated
    distance: Decimal | None = None
    #: of the least variance: the share of the variance that it removes
    effectiveness: Decimal | None = None
    problem: HedgeProblem = HedgeProblem.NONE
    #: of too_small: the smallest that the exchange takes
    minimum: Decimal | None = None
    #: where the leverage limits came first
    room: Room | None = None

    @property
    def notional(self) -> Decimal:
        """Value of the short."""
        return -self.qty * self.mark

    @property
    def covered(self) -> Decimal | None:
        """Part of the loss that the hedge takes away; None without a loss."""
        return covered(self.without, self.hedged)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenHedge:
    """A short of fixed quantity, what it was opened for, and what the daily check has seen since (domain 10.3)."""

    kind: str
    contract: str
    #: signed base units, below 0
    qty: Decimal
    #: market time
    opened_at: datetime
    #: reference price P0 of the contract
    price: Decimal
    #: capital weight that went to the futures account as its collateral, by asset or STABLE
    moved: dict[str, Decimal] = field(default_factory=dict)
    #: of a cover: how it was sized, and which part of the loss in which fall; fractions
    size: str = ""
    coverage: Decimal | None = None
    #: fall that it was sized for, a fraction; None for a rotation
    drop: Decimal | None = None
    #: of the least variance: notional as a fraction of V
    ratio: Decimal | None = None
    #: opened with a liquidation nearer than the rule wants
    accepted: bool = False
    #: why it was opened: manual, fear_greed, below_mean
    reason: str = "manual"
    #: the plan that opened it
    plan_id: int = 0
    #: that plan has ended, and ``qty`` is what was filled of it
    settled: bool = False
    #: lowest price since; whether volatility has peaked; calm days in a row; days open
    low: Decimal
    peaked: bool = False
    calm: int = 0
    age_days: int = 0
    #: market time of the last daily check; None before the first
    checked_at: datetime | None = None
    #: what the short has earned (above 0) or paid in funding, quote, and market time up to which that is counted
    funding: Decimal = Decimal(0)
    funded_to: datetime | None = None
    #: the person has been told that the short pays a lot
    warned: bool = False
    #: why it is over: stopped, correction_over, vol_subsided, expired, manual; empty while it is open
    closed: str = ""
    #: the last plan whose fills have been taken off what is left of a hedge that is over
    counted_plan: int = 0

    @property
    def fall(self) -> Decimal:
        """The fall of BTC that a card tells figures for: what it was sized for, and of one to be closed what all are told for."""
        return FALL if self.closed or self.drop is None else self.drop

    @property
    def wish(self) -> HedgeWish:
        """What it was asked for as."""
        return HedgeWish(
            kind=self.kind,
            size=self.size,
            coverage=self.coverage,
            drop=self.drop if self.kind == COVER else None,
            ratio=self.ratio,
            accepted=self.accepted,
            reason=self.reason,
        )

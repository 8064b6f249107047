"""What the chat shows of a portfolio."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime  # noqa: TC003 - read at run time by the JSON codec
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.model.figures import Check, PortfolioFigures, Problem  # noqa: TC001 - read at run time by the JSON codec
from chatbot.model.hedge import OpenHedge  # noqa: TC001 - read at run time by the JSON codec
from chatbot.model.plan import Plan  # noqa: TC001 - read at run time by the JSON codec
from chatbot.model.signal import Signal  # noqa: TC001 - read at run time by the JSON codec
from chatbot.model.strategy import Portfolio  # noqa: TC001 - read at run time by the JSON codec
from chatbot.values import dataclass

if TYPE_CHECKING:
    from chatbot.errors import Damaged


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetExposure:
    """One coin's part in the net exposure (domain 1.4); amounts in quote."""

    asset: str
    spot: Decimal
    #: signed notional of all contracts on the coin
    futures: Decimal

    @property
    def net(self) -> Decimal:
        """Spot plus signed futures."""
        return self.spot + self.futures


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioRow:
    """One of a person's portfolios where they are listed."""

    portfolio: Portfolio
    #: the plan that waits for an answer or is being carried out; None: there is none
    plan: Plan | None = None
    #: quote; None where it is unknown, or nobody asked
    value: Decimal | None = None
    #: nothing was confirmed since its last panic
    after_panic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractReading:
    """One open perpetual position as /exposure shows it."""

    contract: str
    #: signed notional, quote
    notional: Decimal
    #: distance to liquidation as a fraction of the mark; None when it cannot be liquidated
    liquidation: Decimal | None = None
    #: what the position earns (above 0) or pays in a day at the present rate, quote; None where rate or interval are unknown
    funding_day: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureReport:
    """Everything that /exposure shows."""

    portfolio: Portfolio
    #: None exactly when there are problems
    figures: PortfolioFigures | None = None
    problems: tuple[Problem, ...] = ()
    #: largest first
    assets: tuple[AssetExposure, ...] = ()
    contracts: tuple[ContractReading, ...] = ()
    #: what the open hedges are short, quote
    hedged: Decimal = Decimal(0)
    #: coins that are held and whose beta is assumed: there is too little history to estimate it
    assumed: tuple[str, ...] = ()
    #: age of the oldest price used; None when there is none
    price_age_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedTarget:
    """A target that a trigger or a hedge has moved: weights of V."""

    #: the strategy's own
    own: Decimal
    #: what counts now
    now: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """What a portfolio made of its money, with deposits and withdrawals apart (domain 9.15); None is unknown."""

    #: time-weighted, fractions: since the start of the person's day, of the last 30 days, since the first value
    today: Decimal | None = None
    month: Decimal | None = None
    #: there was a value 30 days ago
    is_a_month_old: bool = False
    total: Decimal | None = None
    #: quote, since the first value
    profit: Decimal | None = None
    #: when the first value was taken; None: there is none
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """Everything that /status shows."""

    portfolio: Portfolio
    check: Check
    #: what is managed of each coin, base units
    amounts: dict[str, Decimal] = field(default_factory=dict)
    #: open perpetual positions by contract: signed quantity
    positions: dict[str, Decimal] = field(default_factory=dict)
    #: age of the oldest price used; None when there is none
    price_age_s: float | None = None
    next_check_s: float | None = None
    #: the market's own time where it differs from the clock (replay, simulated)
    market_time: datetime | None = None
    performance: Performance = field(default_factory=Performance)
    #: funding rate of the BTC perpetual per 8 h; None where unknown
    funding_8h: Decimal | None = None
    #: seconds since that rate was read; None where unknown
    funding_age_s: float | None = None
    #: what an auto portfolio has traded today, quote; None elsewhere
    turnover: Decimal | None = None
    #: the plan that waits for an answer or is running; None where there is none
    open_plan: Plan | None = None
    #: when the calendar asks next; None without a schedule
    next_run: datetime | None = None
    #: where every trigger of the market stands, those that are switched off too
    signals: tuple[Signal, ...] = ()
    #: low funding asks for more exposure, and something that asks for less holds it back (domain 7.3)
    suppressed: bool = False
    #: by coin and contract: only targets that are moved
    moved: dict[str, MovedTarget] = field(default_factory=dict)
    hedges: tuple[OpenHedge, ...] = ()
    #: where the Fear & Greed index is read; empty where that is unknown
    mood_source: str = ""
    #: the operator has stopped all trading since then; None: it goes on
    halted_since: datetime | None = None
    #: what is stored of it and cannot be read
    damaged: tuple[Damaged, ...] = ()

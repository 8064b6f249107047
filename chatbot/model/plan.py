"""A numbered proposal, its legs, and where each of them stands."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime  # noqa: TC003 - read at run time by the JSON codec
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from chatbot.model.answering import AnswerPolicy  # noqa: TC001 - read at run time by the JSON codec
from chatbot.model.figures import PortfolioFigures  # noqa: TC001 - read at run time by the JSON codec
from chatbot.model.hedge import OpenHedge  # noqa: TC001 - read at run time by the JSON codec
from chatbot.model.people import Mode
from chatbot.model.stored_word import StoredWord
from chatbot.model.trigger_info import TAKES_AT_ONCE, Cause, Phase
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable


class PlanState(StrEnum):
    """Where a plan stands."""

    #: shown, waiting for an answer
    PROPOSED = "proposed"
    #: the person pressed Confirm; the workflow is enqueued
    CONFIRMED = "confirmed"
    #: the first leg has been touched
    RUNNING = "running"
    #: every leg reached its end
    DONE = "done"
    #: stopped half-way and waiting for a person (unknown outcome, too many attempts)
    PARKED = "parked"
    EXPIRED = "expired"
    SKIPPED = "skipped"
    #: a newer plan took its place
    SUPERSEDED = "superseded"


#: the note of a leg that ended because its person stopped the plan
STOPPED = "stopped"
#: somebody is carrying it out
UNDER_WAY = (PlanState.CONFIRMED, PlanState.RUNNING)


class DecidedBy(StoredWord):
    """Who confirmed a plan, or ended it unanswered."""

    PERSON = ""
    #: the bot, inside the limits of its portfolio
    AUTO = "auto"
    #: the bot, because nobody answered
    UNANSWERED = "unanswered"
    #: nobody: its portfolio was closed
    CLOSING = "closing"
    #: /panic ended it unanswered
    PANIC = "panic"
    #: its person, who wants it again after some quiet
    SNOOZE = "snooze"


class LegKind(StrEnum):
    """What a leg does, in the order of domain 9.8."""

    SPOT_SELL = "spot_sell"
    TO_SPOT = "to_spot"
    SPOT_BUY = "spot_buy"
    TO_FUTURES = "to_futures"
    FUTURES_REDUCE = "futures_reduce"
    FUTURES_INCREASE = "futures_increase"


class LegState(StrEnum):
    """Where one leg stands."""

    PLANNED = "planned"
    #: an intention was written down and may be on the wire
    SUBMITTING = "submitting"
    #: the exchange has the order
    OPEN = "open"
    FILLED = "filled"
    #: ended with less than planned (the filled part may be 0)
    PARTIAL = "partial"
    REJECTED = "rejected"
    #: sent, and nobody knows yet whether it exists
    UNKNOWN = "unknown"
    #: left out by the person, or no longer needed after earlier legs
    DROPPED = "dropped"


class OrderState(StrEnum):
    """Where one order, that is one attempt of a leg, stands."""

    #: written down, may be on the wire
    SUBMITTING = "submitting"
    #: the exchange has it
    OPEN = "open"
    FILLED = "filled"
    #: ended without filling completely
    CANCELED = "canceled"
    #: the exchange refused it: it does not exist and will not
    REJECTED = "rejected"
    #: sent, and nobody knows whether it exists
    UNKNOWN = "unknown"


#: what became of an order in one of these states is not known yet: it may still trade
UNSETTLED = (OrderState.SUBMITTING, OrderState.OPEN, OrderState.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a plan was made: what made the bot act, and the numbers that fired."""

    trigger: Cause
    #: the line, or the subject of a signal
    line: str = ""
    weight: Decimal | None = None
    target: Decimal | None = None
    band: Decimal | None = None
    #: of a signal, hedge, tilt or the margin; none elsewhere
    event: Phase = Phase.NONE
    #: of a signal: its reading, the limit that it crossed, and how much it does
    reading: Decimal | None = None
    limit: Decimal | None = None
    size: Decimal | None = None
    #: of a signal: the market time that its reading is of, and how old it was when the plan was made; None where nobody wrote it down
    read_at: datetime | None = None
    age_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldTarget:
    """A target that is not the strategy's own, and what keeps it there; weights of V."""

    #: a coin, a line, or the net exposure
    line: str
    own: Decimal
    now: Decimal
    #: signals, hedges and tilts as they stand
    by: tuple[Reason, ...]


class LeftOutWhy(StoredWord):
    """Why a plan does not contain all that was wanted: the flags of domain 9.12, and the person's limit for one plan."""

    BELOW_MINIMUM = "below_minimum"
    #: the exchange would take the order, but it is not worth its fees (domain 9.5)
    SMALL = "small"
    HALTED = "halted"
    CASH_LIMITED = "cash_limited"
    WITHDRAW_LIMITED = "withdraw_limited"
    COLLATERAL_LIMITED = "collateral_limited"
    CAP_SCALED = "cap_scaled"
    #: a plan that lowers risk buys nothing
    RISK_OFF = "risk_off"
    TURNOVER = "turnover"
    #: nobody knows what it is worth
    NO_PRICE = "no_price"
    #: of money that is invested: the share of cash, which is under its target too (domain 9.14)
    STAYS_CASH = "stays_cash"
    #: with real money: a first plan trades a tenth; what would go over the agreed limits
    FIRST_LIVE = "first_live"
    LIVE_LIMITS = "live_limits"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A leg that the plan could not contain, and why."""

    why: LeftOutWhy
    instrument: str = ""
    #: value left undone, quote; None where the flag has none
    amount: Decimal | None = None
    #: the exchange's minimum, or the smallest order that is worth its fees, where that was the reason
    minimum: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One step of a plan and what became of it."""

    index: int
    kind: LegKind
    #: BTC, BTC-PERP; the quote stablecoin for transfers
    instrument: str
    #: base units; quote amount for transfers
    qty: Decimal
    #: limit price; None for transfers
    limit: Decimal | None = None
    reduce_only: bool = False
    #: futures legs: True when the order sells
    sells: bool = False
    #: price the plan was valued at
    price: Decimal = Decimal(1)
    state: LegState = LegState.PLANNED
    filled: Decimal = Decimal(0)
    #: volume-weighted fill price over all attempts; None before the first fill
    average: Decimal | None = None
    #: fees in quote
    fee: Decimal = Decimal(0)
    #: attempts so far (orders sent)
    attempts: int = 0
    #: machine word for what went wrong, or empty
    note: str = ""
    #: planned slippage against mid, basis points of its value; None where it is unknown, and for transfers
    slippage_bps: Decimal | None = None

    @property
    def notional(self) -> Decimal:
        """Planned value in quote."""
        return self.qty * self.price

    @property
    def lower_price(self) -> Decimal:
        """The lower of its price and its limit, against which an exchange's minimum is held, and by which a sale counts (domain 9.5)."""
        return min(self.price, self.limit or self.price)

    def needs(self, fee: Decimal) -> Decimal:
        """Return what a buy needs with its ``fee``, a fraction of notional, at the higher of price and limit; quote (domain 9.5)."""
        return self.qty * max(self.price, self.limit or self.price) * (1 + fee)

    @property
    def traded(self) -> Decimal:
        """Value of what was filled, quote, at the price that it was filled at."""
        return self.filled * (self.average or self.price)

    @property
    def is_transfer(self) -> bool:
        """Tell whether this leg only moves money between wallets."""
        return self.kind in (LegKind.TO_SPOT, LegKind.TO_FUTURES)

    @property
    def side(self) -> str:
        """Return "buy" or "sell"; for futures it is kept in ``sells``."""
        return "sell" if self.kind == LegKind.SPOT_SELL or self.sells else "buy"


@dataclass(frozen=True, slots=True, kw_only=True)
class FuturesCost:
    """What holding a futures position costs that a plan makes larger, at the funding rate of that moment (domain 11.2)."""

    contract: str
    #: what the leg earns (above 0) or pays in 30 days, quote
    carry: Decimal
    #: held longer than this the same trade in spot would have been cheaper; None: never
    days: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One numbered proposal and its history; stored before it is shown."""

    id: int
    #: counts within the portfolio; what the person sees
    number: int
    portfolio_id: int
    mode: Mode
    #: it was made for an account at an exchange that is only looked at
    watched: bool = False
    state: PlanState
    reasons: tuple[Reason, ...]
    #: targets that are not the strategy's own, for what was told before and is no reason of this plan
    standing: tuple[HeldTarget, ...] = ()
    before: PortfolioFigures
    #: what the plan leads to if every leg fills at its price
    after: PortfolioFigures
    legs: tuple[Leg, ...]
    left_out: tuple[LeftOut, ...] = ()
    #: estimated fees, quote
    fees: Decimal = Decimal(0)
    #: estimated slippage against mid, basis points of the traded value, all legs kept; None where one leg's is unknown
    slippage_bps: Decimal | None = None
    #: how far prices usually move while its orders rest, basis points; None: none of them rests, or nobody knows
    waiting_bps: Decimal | None = None
    #: what its new futures positions cost to hold
    holding: tuple[FuturesCost, ...] = ()
    #: prices the plan was made with, by instrument
    prices: dict[str, Decimal] = field(default_factory=dict)
    #: the settings that it was made for (``portfolio.revision``); empty in plans of older versions
    revision: str = ""
    #: effective targets of the planner: {"spot": {...}, "stable": "...", "collateral": "...", "futures": {...}}
    targets: dict[str, Any] = field(default_factory=dict)
    #: the hedge that it opens, or that it closes where the hedge is closed already; None: it is about no hedge
    hedge: OpenHedge | None = None
    #: the first plan of its person, or their first that is about a hedge: its card says what that is
    is_first: bool = False
    created_at: datetime
    expires_at: datetime
    decided_at: datetime | None = None
    finished_at: datetime | None = None
    #: what the portfolio really looked like after execution; None until then
    result: PortfolioFigures | None = None
    #: where its card is shown; None before it was sent
    chat_id: int | None = None
    message_id: int | None = None
    #: the plan that took its place; None where none did
    superseded_by: int | None = None
    #: how a plan that the bot made is answered; None where a person asked for it
    stand: AnswerPolicy | None = None
    #: when the bot does something about it while nobody answers; None: nothing any more
    acts_at: datetime | None = None
    decided_by: DecidedBy = DecidedBy.PERSON

    @property
    def is_by_hand(self) -> bool:
        """Tell whether its person trades it by hand, and says what was done, or has the bot look."""
        return self.mode == Mode.MANUAL or self.watched

    @property
    def is_panic(self) -> bool:
        """Tell whether /panic made it: it trades what is there, whatever targets, limits and pauses say."""
        return any(reason.trigger in (Cause.PANIC, Cause.SELL_OUT) for reason in self.reasons)

    @property
    def has_deadline(self) -> bool:
        """Tell whether its card says until when it waits; a list that is worked through by hand waits for the next one."""
        return not (self.is_panic or self.is_by_hand)

    @property
    def is_urgent(self) -> bool:
        """Tell whether one of its causes has all its orders take at once."""
        return takes_at_once(self.reasons, by_hand=self.is_by_hand)

    @property
    def was_put_off(self) -> bool:
        """Tell whether its person wanted quiet first: what is left of it comes back afterwards."""
        return self.state is PlanState.SKIPPED and self.decided_by is DecidedBy.SNOOZE

    @property
    def was_stopped(self) -> bool:
        """Tell whether its person stopped it on its way, and a leg ended by that."""
        return any(leg.note == STOPPED for leg in self.legs)

    @property
    def hedge_contracts(self) -> tuple[str, ...]:
        """Return the contract that the plan's hedge is in, if it is about one."""
        return (self.hedge.contract,) if self.hedge else ()

    @property
    def trades_futures(self) -> bool:
        """Tell whether a leg that is left trades futures, or brings or fetches their money."""
        spot = (LegKind.SPOT_SELL, LegKind.SPOT_BUY)
        return any(leg.kind not in spot and leg.state != LegState.DROPPED for leg in self.legs)

    @property
    def short_legs(self) -> tuple[Leg, ...]:
        """Return the kept legs that sell the hedge's contract."""
        return tuple(leg for leg in self.legs if leg.instrument in self.hedge_contracts and leg.sells and leg.state != LegState.DROPPED)

    @property
    def opens_hedge(self) -> bool:
        """Tell whether the plan opens a hedge; with its short left out it does not."""
        return self.hedge is not None and not self.hedge.closed and bool(self.short_legs)


def takes_at_once(reasons: Iterable[Reason], *, by_hand: bool) -> bool:
    """Tell whether a plan of these reasons cannot wait for a better price (domain 9.6); who trades by hand decides that."""
    return not by_hand and any(reason.event in TAKES_AT_ONCE.get(reason.trigger, ()) for reason in reasons)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanHalt:
    """What the operator's stop of all trading means for one plan."""

    #: trading is halted for everybody since then; None: it is not
    since: datetime | None = None
    #: a halt, which may be over, has parked the plan, and its person has not answered about it
    stopped: bool = False
    #: an order of the plan may still work at the exchange
    unsettled: bool = False
    #: the machine word for why the plan stopped half-way last; empty: it never did
    why: str = ""

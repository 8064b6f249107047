"""The frozen values that travel between chat, services, store and execution."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - read at run time by the JSON codec
from decimal import Decimal
from enum import StrEnum
from typing import Any

CORE, ALT, STABLE, FUTURES = "CORE", "ALT", "STABLE", "FUTURES"
#: key of the net exposure among lines and states; small letters, so that no coin is called so
NET = "net"


class Mode(StrEnum):
    """How real a portfolio is; every message about money starts with its mark."""

    DEMO = "demo"
    PAPER = "paper"
    MANUAL = "manual"
    LIVE = "live"


class Answer(StrEnum):
    """What a trigger does: ask with a plan card, only tell, or act inside limits."""

    ASK = "ask"
    NOTIFY = "notify"
    AUTO = "auto"


class Role(StrEnum):
    """What a person may do with this bot."""

    OPERATOR = "operator"
    MEMBER = "member"
    PENDING = "pending"
    BLOCKED = "blocked"


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


class Urgency(StrEnum):
    """Whether a message may wait for the morning."""

    ROUTINE = "routine"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone who talks to the bot."""

    #: Telegram user id
    id: int
    chat_id: int
    name: str = ""
    role: Role = Role.PENDING
    #: catalogue language: en, es, ru
    language: str = "en"
    #: IANA time zone
    zone: str = "UTC"
    #: display currency
    currency: str = "USD"
    #: the portfolio that commands speak of; None before the first
    portfolio_id: int | None = None
    #: the person blocked the bot: nothing is sent until they write again
    unreachable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BandRule:
    """Half-width of one line's band: points of V, a share of the target, or the smaller of both (domain 3.1)."""

    #: percentage points, e.g. 5
    abs_pp: Decimal | None = None
    #: fraction of the target, e.g. 0.25
    rel: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRule:
    """When the calendar asks for a rebalance, whatever the bands say (domain 4)."""

    #: daily, weekly, monthly or quarterly
    freq: str
    #: HH:MM, wall clock
    time: str
    #: IANA zone, the person's
    zone: str
    #: only what comes due after this moment counts
    set_at: datetime
    #: 0 = Monday to 6; matters when weekly
    weekday: int = 0
    #: 1 to 31, the last day of a shorter month; matters when monthly or quarterly
    day: int = 1
    #: act only when a line is outside its band
    only_outside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """What the portfolio should look like (domain 2 and 3)."""

    #: conservative, balanced, aggressive or custom
    preset: str
    #: target weight by line; bucket names or assets, STABLE and FUTURES always present; sums to exactly 1
    weights: dict[str, Decimal]
    #: assets of each bucket line; an asset line stands for itself
    members: dict[str, tuple[str, ...]]
    #: target net futures notional / V (f* of domain 2.1)
    futures_net: Decimal
    #: share of the futures base by contract; sums to 1
    futures_split: dict[str, Decimal]
    #: band by line; FUTURES has none
    bands: dict[str, BandRule]
    #: half-width of the net exposure's own band, points
    futures_band_pp: Decimal
    #: 1 target, 0.5 midpoint, 0 nearest edge
    theta: Decimal = Decimal(1)
    #: article, inclusive or strict
    band_mode: str = "article"
    gross_cap: Decimal = Decimal("1.25")
    sleeve_cap: Decimal = Decimal(3)
    #: Confirm asks again when a price has moved by more than this many per cent since the card
    move_limit_pct: Decimal = Decimal(1)
    #: None: only the bands ask for a rebalance
    schedule: ScheduleRule | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """One portfolio of one person."""

    id: int
    person_id: int
    name: str
    mode: Mode
    #: name of the exchange or price source behind it
    exchange: str
    strategy: Strategy
    answer: Answer = Answer.ASK
    paused: bool = False
    #: no alerts before this time
    snoozed_until: datetime | None = None
    #: when the first trigger opened the present batching window (domain 9.9); None when none is open
    window_opened_at: datetime | None = None
    #: number of the last plan
    last_plan_number: int = 0
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LineReading:
    """One line of the table in /status, the alert and the card."""

    line: str
    weight: Decimal
    target: Decimal
    #: half-width as a fraction of V; None for the FUTURES line, which does not fire
    band: Decimal | None
    #: "over", "under" or None
    breach: str | None = None

    @property
    def drift(self) -> Decimal:
        """Weight minus target."""
        return self.weight - self.target


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a portfolio looks like at one moment: the figures of domain 1."""

    value: Decimal
    lines: tuple[LineReading, ...]
    #: net directional total X, gross exposure G, futures net f: fractions of V
    net: Decimal
    gross: Decimal
    futures_net: Decimal
    beta: Decimal
    #: sleeve leverage; None = undefined (no equity under an open book)
    leverage: Decimal | None
    #: value by asset, stablecoins and "FUTURES" (equity) included
    values: dict[str, Decimal] = field(default_factory=dict)
    #: distance to the nearest liquidation as a fraction of its mark; None when nothing can be liquidated
    liquidation: Decimal | None = None
    #: signed futures notional by contract
    book: dict[str, Decimal] = field(default_factory=dict)
    #: the net exposure f against f* and its own band (domain 3.1); None where futures are neither wanted nor held
    exposure: LineReading | None = None

    @property
    def limits(self) -> tuple[LineReading, ...]:
        """Everything that may leave a band: the lines, then the net exposure."""
        return self.lines if self.exposure is None else (*self.lines, self.exposure)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a plan was made: a trigger name and the numbers that fired."""

    #: drift, exposure, schedule, manual, moved, ...
    trigger: str
    line: str = ""
    weight: Decimal | None = None
    target: Decimal | None = None
    band: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A leg that the plan could not contain, and why: a flag of domain 9.12."""

    #: below_minimum, halted, cash_limited, withdraw_limited, collateral_limited, cap_scaled
    why: str
    instrument: str = ""
    #: value left undone, quote; None where the flag has none
    amount: Decimal | None = None
    #: the exchange's minimum where that was the reason
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

    @property
    def notional(self) -> Decimal:
        """Planned value in quote."""
        return self.qty * self.price

    @property
    def is_transfer(self) -> bool:
        """Tell whether this leg only moves money between wallets."""
        return self.kind in (LegKind.TO_SPOT, LegKind.TO_FUTURES)

    @property
    def side(self) -> str:
        """Return "buy" or "sell"; for futures it is kept in ``sells``."""
        return "sell" if self.kind == LegKind.SPOT_SELL or self.sells else "buy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One numbered proposal and its history; stored before it is shown."""

    id: int
    #: counts within the portfolio; what the person sees
    number: int
    portfolio_id: int
    mode: Mode
    state: PlanState
    reasons: tuple[Reason, ...]
    before: Shape
    #: what the plan leads to if every leg fills at its price
    after: Shape
    legs: tuple[Leg, ...]
    left_out: tuple[LeftOut, ...] = ()
    #: estimated fees, quote
    fees: Decimal = Decimal(0)
    #: estimated slippage against mid, basis points of the traded value
    slippage_bps: Decimal = Decimal(0)
    #: prices the plan was made with, by instrument
    prices: dict[str, Decimal] = field(default_factory=dict)
    #: effective targets of the planner: {"spot": {...}, "stable": "...", "collateral": "...", "futures": {...}}
    targets: dict[str, Any] = field(default_factory=dict)
    created_at: datetime
    expires_at: datetime
    decided_at: datetime | None = None
    finished_at: datetime | None = None
    #: what the portfolio really looked like after execution; None until then
    result: Shape | None = None
    #: where its card is shown; None before it was sent
    chat_id: int | None = None
    message_id: int | None = None
    #: the plan that took its place; None where none did
    superseded_by: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message on its way to a chat: values, not text, so that it is rendered in the person's language when it is sent."""

    id: int
    chat_id: int
    #: names the view in handlers/delivery.py: drift_alert, plan_card, plan_progress, plan_result, access_request, ...
    kind: str
    #: JSON values for the view
    facts: dict[str, Any]
    #: the same key is never written twice
    key: str
    urgency: Urgency = Urgency.ROUTINE
    #: True: no sound
    silent: bool = False
    attempts: int = 0
    #: set to True when Telegram refused the markup: send as plain text
    plain: bool = False


class Verdict(StrEnum):
    """What Telegram said to a message."""

    SENT = "sent"
    #: try again later
    RETRY = "retry"
    #: the markup was refused: send again as plain text
    PLAIN = "plain"
    #: the person blocked the bot or is gone: mark and stop
    UNREACHABLE = "unreachable"
    #: Telegram will never take it: keep the row for the operator
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The outcome of one attempt to deliver."""

    verdict: Verdict
    #: seconds that Telegram asked us to wait; None where it did not say
    retry_after_s: float | None = None
    #: the message that now shows it; None where there is none
    message_id: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a portfolio can not be evaluated: unknown is a state, never 0."""

    #: missing_price, zero_price, stale_price, outlying_price, empty_balance, unreachable, bad_value
    code: str
    instrument: str = ""
    #: age of a stale price in seconds; None elsewhere
    age_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What the last check of a portfolio saw; /why and /status read it."""

    at: datetime
    #: None when the portfolio could not be evaluated
    shape: Shape | None = None
    problems: tuple[Problem, ...] = ()
    #: lines that raised an alert in this check
    fired: tuple[str, ...] = ()
    #: machine word for why nothing was done: inside, fired_before, paused, snoozed, window_open, plan_open, no_data,
    #: no_orders, schedule_told
    held_back: str = ""


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
class ContractReading:
    """One open perpetual position as /exposure shows it."""

    contract: str
    #: signed notional, quote
    notional: Decimal
    #: distance to liquidation as a fraction of the mark; None when it can not be liquidated
    liquidation: Decimal | None = None
    #: what the position earns (above 0) or pays in a day at the present rate, quote; None where rate or interval are unknown
    funding_day: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureReport:
    """Everything that /exposure shows."""

    portfolio: Portfolio
    #: None exactly when there are problems
    shape: Shape | None = None
    problems: tuple[Problem, ...] = ()
    #: largest first
    assets: tuple[AssetExposure, ...] = ()
    contracts: tuple[ContractReading, ...] = ()
    #: age of the oldest price used; None when there is none
    price_age_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """Everything that /status shows."""

    portfolio: Portfolio
    check: Check
    #: open perpetual positions by contract: signed quantity
    positions: dict[str, Decimal] = field(default_factory=dict)
    #: age of the oldest price used; None when there is none
    price_age_s: float | None = None
    next_check_s: float | None = None
    #: the market's own time where it differs from the clock (replay, simulated)
    market_time: datetime | None = None
    #: change since the start of the person's day as a fraction; None before the first full reading
    today: Decimal | None = None
    #: funding rate of the BTC perpetual per 8 h; None where unknown
    funding_8h: Decimal | None = None
    #: the plan that waits for an answer or is running; None where there is none
    open_plan: Plan | None = None
    #: when the calendar asks next; None without a schedule
    next_run: datetime | None = None

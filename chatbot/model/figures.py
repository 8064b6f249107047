"""What a portfolio looks like at one moment, and why it cannot be told."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime  # noqa: TC003 - read at run time by the JSON codec
from decimal import Decimal

from chatbot.model.life import Leap, Stop  # noqa: TC001 - read at run time by the JSON codec
from chatbot.model.stored_word import StoredWord
from chatbot.values import dataclass


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
    #: the strategy's own target where a trigger or hedge has moved it; None where it has not
    base: Decimal | None = None

    @property
    def drift(self) -> Decimal:
        """Weight minus target."""
        return self.weight - self.target


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptOut:
    """What a person keeps out of one coin."""

    qty: Decimal
    #: quote; None: unknown
    value: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioFigures:
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
    #: on the card of a hedge: what would be won (above 0) or lost if BTC fell by what the card says (domain 10.4), quote; None elsewhere
    in_fall: Decimal | None = None
    #: signed futures notional by contract
    book: dict[str, Decimal] = field(default_factory=dict)
    #: the net exposure f against f* and its own band (domain 3.1); None where futures are neither wanted nor held
    exposure: LineReading | None = None
    #: by coin, what is kept out: part of no other figure here
    kept: dict[str, KeptOut] = field(default_factory=dict)
    #: the beta that it would have with what is kept out; None where nothing is, or a price is unknown
    beta_with_kept: Decimal | None = None
    #: price by dollar that is held and off its peg: it counts at that price, and plans do not spend it
    off_peg: dict[str, Decimal] = field(default_factory=dict)
    #: what the quote coin costs in dollars; None: its market does not show it. Here it counts as one all the same (domain 0)
    quote_price: Decimal | None = None
    #: what is held and its exchange does not trade, counted at its last price; by name
    stopped: tuple[Stop, ...] = ()
    #: by line of which nothing can be bought any more: its own target, which waits as cash
    waiting: dict[str, Decimal] = field(default_factory=dict)
    #: coins that are held and that no line of the targets takes in, sorted: no plan is made before their person says what becomes of them
    untargeted: tuple[str, ...] = ()
    #: of a real account, by place and coin, what is there and in no other figure here: "earn", "futures", "no_market", "dust"; and under
    #: "orders" what open orders hold, whoever's they are, which is a part of it
    beside: dict[str, dict[str, Decimal]] = field(default_factory=dict)

    @property
    def limits(self) -> tuple[LineReading, ...]:
        """Everything that may leave a band: the lines, then the net exposure."""
        return self.lines if self.exposure is None else (*self.lines, self.exposure)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What a portfolio held when a day of its person began, and at which prices: what reviews and reports are worked out from."""

    #: managed quantities by coin, cash included; signed by contract
    held: dict[str, Decimal] = field(default_factory=dict)
    #: the futures wallet less what the positions have cost: with their marks it is the sleeve's equity, quote
    futures_cash: Decimal = Decimal(0)
    #: price by instrument of everything held or wanted, quote
    prices: dict[str, Decimal] = field(default_factory=dict)
    #: effective target weights, by coin and contract
    targets: dict[str, Decimal] = field(default_factory=dict)
    #: the strategy's own half-widths, by line; a line without a band is left out
    bands: dict[str, Decimal] = field(default_factory=dict)
    #: how far the line that is furthest off was, in half-widths of its band; None: there is no band
    drift: Decimal | None = None
    #: funding received less paid since the account was opened, or first looked at, quote; None: the exchange does not tell
    funding: Decimal | None = None
    #: the time of its market, which runs faster than a person's where it is played; None: an older version did not keep it
    market_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """Where other ways of looking after a portfolio begin, and what reached them later; times are those of its market."""

    at: datetime
    #: what was held then, signed by contract, and the money beside it: the futures account less what its positions cost, quote
    quantities: dict[str, Decimal]
    cash: Decimal
    #: what the index that begins with 1 stood for, quote
    worth: Decimal
    #: what came and went later, by coin: above 0 it came
    came: tuple[tuple[datetime, dict[str, Decimal]], ...] = ()
    #: the moments at which values are asked for, the first at or before ``at``
    moments: tuple[datetime, ...] = ()
    #: for each of these, the prices that it is valued at, by instrument; one that is not known is that of the last full hour
    prices: tuple[dict[str, Decimal], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a portfolio cannot be evaluated: unknown is a state, never 0."""

    #: missing_price, zero_price, bad_price, stale_price, outlying_price, wide_spread, no_last_price, leap, empty, empty_balance,
    #: unreachable, unreadable, bad_value; of a real account also what ``KeyRefused`` tells
    code: str
    instrument: str = ""
    #: age of a stale price in seconds; None elsewhere
    age_s: float | None = None
    #: what the person is asked about; None elsewhere
    leap: Leap | None = None


class HeldBack(StoredWord):
    """Why a check did nothing."""

    #: it did something
    NONE = ""
    #: every line is inside its band, or its crossing was told before
    INSIDE = "inside"
    FIRED_BEFORE = "fired_before"
    PAUSED = "paused"
    SNOOZED = "snoozed"
    #: the plan waits for company, or for the end of its person's quiet hours
    WINDOW_OPEN = "window_open"
    QUIET_HOURS = "quiet_hours"
    #: the plan, which the bot would carry out alone, waits until trading is halted no longer
    HALTED = "halted"
    PLAN_OPEN = "plan_open"
    #: no order would be worth its fees
    NO_ORDERS = "no_orders"
    #: the person only wanted to know that it is time
    SCHEDULE_TOLD = "schedule_told"
    #: the portfolio could not be evaluated
    NO_DATA = "no_data"
    #: only said, never stored: the last check made a plan
    PLANNED = "planned"


class Outcome(StoredWord):
    """What became of a plan that was due."""

    #: there was none to make, or nothing could be done
    NONE = ""
    PLANNED = "planned"
    #: the person only wants to know
    TOLD = "told"
    #: no order is worth its fees
    NOTHING = "nothing"
    #: every line is inside its band
    INSIDE = "inside"
    #: nobody makes up for it any more
    SKIPPED = "skipped"
    #: not yet: the window is open; its person's quiet hours last; trading is halted
    WAITING = "waiting"
    ASLEEP = "asleep"
    HALTED = "halted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What the last check of a portfolio saw; /why and /status read it."""

    at: datetime
    #: None when the portfolio could not be evaluated
    figures: PortfolioFigures | None = None
    problems: tuple[Problem, ...] = ()
    #: how many prices the figures are made of; 0 where that was not written down
    prices: int = 0
    #: lines that raised an alert in this check
    fired: tuple[str, ...] = ()
    held_back: HeldBack = HeldBack.NONE

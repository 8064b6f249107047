"""The words that the test exchange and every dialect share: calls, refusals, and how long an order lives."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal


class Call(StrEnum):
    """What a request is for, whatever its path is at a venue; faults and the log name it so."""

    TIME = "time"
    RULES = "rules"
    TICKERS = "tickers"
    TOUCH = "touch"
    DEPTH = "depth"
    CANDLES = "candles"
    MARKS = "marks"
    RATES = "rates"
    KEY = "key"
    #: everything about the account that is not named below: fees, coins, earn, position mode
    ACCOUNT = "account"
    BALANCES = "balances"
    FUTURES = "futures"
    POSITIONS = "positions"
    PLACE = "place"
    FIND = "find"
    OPEN = "open"
    HISTORY = "history"
    CANCEL = "cancel"
    FILLS = "fills"
    INCOME = "income"
    #: deposits and withdrawals
    PASSED = "passed"
    TRANSFER = "transfer"
    TRANSFERS = "transfers"
    LEVERAGE = "leverage"
    MODE = "mode"


class Reason(StrEnum):
    """Why a request is refused; each dialect has its own code and text for it."""

    NO_MONEY = "no_money"
    NO_MARGIN = "no_margin"
    NOT_FOUND = "not_found"
    NOT_OPEN = "not_open"
    WOULD_TAKE = "would_take"
    SMALL = "small"
    LOT = "lot"
    TICK = "tick"
    DUPLICATE = "duplicate"
    REDUCE_ONLY = "reduce_only"
    POSITION_SIDE = "position_side"
    HALTED = "halted"
    UNKNOWN_SYMBOL = "unknown_symbol"
    MISSING = "missing"
    UNREAD = "unread"
    BAD_VALUE = "bad_value"
    UNCHANGED_MODE = "unchanged_mode"
    UNCHANGED_MARGIN = "unchanged_margin"
    UNCHANGED_LEVERAGE = "unchanged_leverage"
    IN_USE = "in_use"
    MARGIN_IN_USE = "margin_in_use"
    TOO_MUCH_LEVERAGE = "too_much_leverage"
    LATE = "late"
    EARLY = "early"
    SIGNATURE = "signature"
    KEY = "key"
    #: the key is not good from this address
    ADDRESS = "address"
    RIGHT = "right"
    RATE = "rate"
    BANNED = "banned"
    BUSY = "busy"
    UNKNOWN_OUTCOME = "unknown_outcome"
    MAINTENANCE = "maintenance"
    #: more history was asked for than one call gives
    WINDOW = "window"
    NO_SUCH_PATH = "no_such_path"


class Refusal(Exception):
    """A request was refused; the dialect makes its answer of it. ``wait_s`` is when to come back, where that is told."""

    def __init__(self, reason: Reason, detail: str = "", wait_s: int | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.wait_s = wait_s


class Force(StrEnum):
    """How long an order lives."""

    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    POST_ONLY = "post_only"


class State(StrEnum):
    """Where an order stands."""

    NEW = "new"
    PARTIAL = "partial"
    FILLED = "filled"
    CANCELED = "canceled"
    #: ended by the exchange: what an immediate order could not take
    EXPIRED = "expired"
    #: refused by the exchange after it was taken
    REJECTED = "rejected"


#: ways to hold a contract: one, or two in hedge mode
BOTH, LONG, SHORT = "BOTH", "LONG", "SHORT"


def plain(value: Decimal) -> str:
    """Write an amount, a step or a price without zeros that say nothing, and without an exponent."""
    return format(value.normalize(), "f")

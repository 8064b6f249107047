"""How a portfolio answers when nobody is asked, or nobody answers; and what a person has agreed to for real money."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from chatbot.model.stored_word import StoredWord
from chatbot.values import dataclass

#: an unanswered plan is reduced within a day
LONGEST_MIN = 1440
#: what the first plan with real money may trade, as a fraction of V
FIRST_SHARE: Final = Decimal("0.1")


class Unanswered(StrEnum):
    """What becomes of a plan that the bot proposed and nobody answers."""

    EXPIRE = "expire"
    #: ring once more at half of its time
    REMIND = "remind"
    #: carry out only the legs that reduce risk
    REDUCE = "reduce"


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoLimits:
    """What a portfolio may do without asking; everything above asks."""

    #: largest value of one order, quote
    trade: Decimal
    #: largest value traded in a day of the person, quote; None where it is a share
    turnover: Decimal | None = None
    #: the same as a fraction of V; None where it is an amount
    share: Decimal | None = None

    def turnover_in(self, value: Decimal) -> Decimal:
        """Return the largest turnover of a day, quote, of a portfolio worth ``value``."""
        return self.turnover if self.turnover is not None else (self.share or 0) * value


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """How a portfolio answers by itself."""

    #: kept while auto is off, so that it comes back with the same limits
    limits: AutoLimits | None = None
    unanswered: Unanswered = Unanswered.EXPIRE
    #: minutes until the legs that reduce risk are carried out
    after_min: int = 30

    @property
    def after(self) -> timedelta:
        """Return the time until the legs that reduce risk are carried out, within its bounds whatever is stored."""
        return timedelta(minutes=min(max(self.after_min, 1), LONGEST_MIN))


class NotAlone(StoredWord):
    """Why the bot does not act on a plan by itself, although it was told to."""

    #: it does
    NONE = ""
    #: an order, or what is traded in a day, is over its limit
    TRADE = "trade"
    TURNOVER = "turnover"
    #: the plan rests on a trend, opens a hedge or a tilt
    TREND = "trend"
    HEDGE = "hedge"
    TILT = "tilt"
    #: an order costs much for its size, or nobody knows what it costs
    #: the stored word is older than the name
    EXPENSIVE = "dear"
    UNKNOWN = "unknown"
    #: it is the first one after a panic
    PANIC = "panic"
    #: prices have moved before it could act
    MOVED = "moved"
    #: meanwhile its person has changed it, asked for silence, or wants to be asked; or no leg is left that it may touch
    EDITED = "edited"
    SILENT = "silent"
    OFF = "off"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPolicy:
    """How a plan that nobody asked for is to be answered; fixed when it is proposed."""

    #: the bot answers it itself, inside the limits
    auto: bool = False
    #: of a plan that the bot was told to act on and asks about
    why: NotAlone = NotAlone.NONE
    #: the value that is over its limit, and that limit, quote; None where the reason has none
    amount: Decimal | None = None
    limit: Decimal | None = None
    #: of an auto portfolio: its limits, and what was traded of the day's before this plan
    limits: AutoLimits | None = None
    used: Decimal | None = None
    #: when it rings once more; None: not
    remind_at: datetime | None = None
    #: when only the legs that reduce risk are carried out; None: not
    reduce_at: datetime | None = None
    #: stays open for hours and keeps nothing else from being told meanwhile
    patient: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveLimits:
    """What nothing but /panic may go beyond, confirmed or not."""

    #: largest value of one order, quote
    order: Decimal
    #: largest value traded in a day of the person, as a fraction of V
    turnover: Decimal = Decimal("0.25")
    #: what may be lost in a day of the person, deposits apart, as a fraction of V; then the portfolio is paused
    loss: Decimal = Decimal("0.05")


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTerms:
    """The typed consent to trade with real money."""

    #: when it was typed
    since: datetime
    limits: LiveLimits
    #: a plan that was confirmed by hand has traded: from then on plans are not held to a tenth, and auto may be agreed to
    is_tried: bool = False
    #: when acting alone was agreed to, by a sentence of its own; None: never
    auto_since: datetime | None = None
    #: the day of the person on which it was paused for its loss; None: never
    stopped_on: date | None = None
    #: the account that it was given for (``Portfolio.stands_on``): it holds for no other
    rests_on: str = ""

    @property
    def acts_alone(self) -> bool:
        """Tell whether plans may be carried out that nobody has confirmed."""
        return self.is_tried and self.auto_since is not None

    @property
    def first_share(self) -> Decimal | None:
        """Return what a plan may trade as a fraction of V while none has traded yet; None afterwards."""
        return None if self.is_tried else FIRST_SHARE


class AloneEnded(StoredWord):
    """Why a portfolio with real money asks again, although it was allowed to act by itself."""

    #: its person paused it, or pressed /panic
    PAUSED = "paused"
    #: the operator halted trading
    HALTED = "halted"
    #: the exchange says that something is wrong with its key
    KEY = "key"
    #: the database is a copy of an earlier day: what was taken back since is not in it
    RESTORED = "restored"


class LiveStop(StoredWord):
    """Why nothing is sent with real money."""

    #: the operator does not allow it
    OFF = "live_off"
    #: the portfolio is only watched now
    WATCHED = "live_watched"
    #: the key is gone, has ended, lost a right that the plan needs, or gained one that is refused
    KEY = "live_key"
    #: another portfolio stands on the same account by another key
    SHARED = "live_shared"
    #: the first plan would trade more than a tenth
    FIRST = "live_first"
    #: an order, or what is traded in a day, is over its limit
    ORDER = "live_order"
    TURNOVER = "live_turnover"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A plan that goes beyond what was agreed to, and by which of its figures; quote."""

    why: LiveStop
    amount: Decimal = Decimal(0)
    limit: Decimal = Decimal(0)

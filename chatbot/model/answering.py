"""How a portfolio answers when nobody is asked, or nobody answers: limits of what it may do alone, and what an unanswered plan becomes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal  # noqa: TC003 - read at run time by the JSON codec
from enum import StrEnum

from chatbot.model.word import StoredWord

#: an unanswered plan is reduced within a day
LONGEST_MIN = 1440


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

"""What a trigger sees in the market, and how a portfolio wants to be moved by it."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime  # noqa: TC003 - read at run time by the JSON codec
from decimal import Decimal  # noqa: TC003 - read at run time by the JSON codec

from chatbot.model.trigger_info import Cause  # noqa: TC001 - read at run time by the JSON codec
from chatbot.values import dataclass

#: subject of a signal about all coins of a portfolio together; small letters, so that no coin is called so
BASKET = "basket"


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerSetting:
    """How one portfolio uses one trigger."""

    on: bool = False
    #: parameters that differ from their default, by name; ranges stand in the engine's registry
    params: dict[str, Decimal] = field(default_factory=dict)
    #: what it does where there is a choice; empty: the usual
    mode: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """Where one trigger stands about one subject after its last reading."""

    trigger: Cause
    #: BTC, BTC-PERP, BASKET, or empty for the whole market
    subject: str = ""
    #: market time of the last reading; None before the first
    at: datetime | None = None
    #: in the trigger's own unit: times its baseline, score, rate per 8 h, index; None = unknown
    reading: Decimal | None = None
    #: seconds of the market's clock since the time that the reading is of; None before the first
    age_s: float | None = None
    #: the limit that starts it, and the one that ends it
    enter: Decimal
    leave: Decimal
    #: True where it starts below its limit, False where above
    below: bool = False
    active: bool = False
    #: market time at which it became active; None while it is not
    since: datetime | None = None
    #: how much it does: factor k, trim, level f*; None while it is not active
    size: Decimal | None = None
    #: readings in a row that count towards the next change, and how many it takes
    count: int = 0
    needed: int = 1
    #: times its usual it has moved in the hours since that reading, where that reaches the limit; None elsewhere
    moved: Decimal | None = None

    @property
    def key(self) -> str:
        """Return trigger and subject as one word."""
        return self.key_of(self.trigger, self.subject)

    @staticmethod
    def key_of(trigger: Cause, subject: str) -> str:
        """Return the word of a trigger about a subject, empty for the whole market."""
        return f"{trigger}:{subject}" if subject else trigger

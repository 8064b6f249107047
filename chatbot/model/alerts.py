"""What a person wants to hear, how loudly, and when not."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum

from chatbot.values import dataclass


class AlertKind(StrEnum):
    """What an alert is about."""

    DRIFT = "drift"
    VOLATILITY = "volatility"
    TREND = "trend"
    FUNDING = "funding"
    SENTIMENT = "sentiment"
    SCHEDULE = "schedule"
    HEDGE = "hedge"
    #: a position comes close to its liquidation
    LIQUIDATION = "liquidation"
    #: a leg of a plan fell short, or the plan stopped half-way
    FAILED_LEG = "failed_leg"
    #: the exchange does not answer, or its data cannot be used
    UNREACHABLE = "unreachable"
    #: a stablecoin that is held has left its dollar
    DEPEG = "depeg"
    #: a coin that is held was halted or delisted
    COIN = "coin"
    #: checks that did not happen
    MISSED = "missed"


class Ring(StrEnum):
    """How an alert comes."""

    ON = "on"
    SILENT = "silent"
    OFF = "off"


class Rhythm(StrEnum):
    """How often a review comes by itself."""

    OFF = "off"
    WEEK = "week"
    MONTH = "month"


#: nobody can switch these off, and quiet hours hold none of them back: liquidation distance, failed legs and errors
ALWAYS = frozenset({AlertKind.LIQUIDATION, AlertKind.FAILED_LEG, AlertKind.UNREACHABLE, AlertKind.MISSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSettings:
    """What a person has chosen in /alerts."""

    #: a kind that is not named is on
    rings: dict[AlertKind, Ring] = field(default_factory=dict)
    #: quiet hours as HH:MM on the person's clock; both empty: none
    quiet_from: str = ""
    quiet_to: str = ""
    #: hours after which something that lasts rings again; 0: it does not
    reminder_h: int = 0
    #: how often a review comes by itself, on Mondays or on the first, and when, HH:MM on the person's clock
    review: Rhythm = Rhythm.OFF
    review_at: str = "09:00"

    def ring(self, kind: AlertKind) -> Ring:
        """Return how an alert of this kind comes."""
        return Ring.ON if kind in ALWAYS else self.rings.get(kind, Ring.ON)

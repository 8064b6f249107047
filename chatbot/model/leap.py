"""A price that is many times what it was a day ago: renamed, redenominated, worthless, or true. Only a person knows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - read at run time by the JSON codec
from decimal import Decimal  # noqa: TC003 - read at run time by the JSON codec

from chatbot.model.word import StoredWord


class LeapWhy(StoredWord):
    """What a person says of a leap; short, because it travels in a button."""

    #: the price is what it is; plans go on at the new level
    TRUE = "true"
    RENAMED = "name"
    #: one new coin for many old ones, or many for one
    REDENOMINATED = "split"
    WRITTEN_OFF = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leap:
    """One coin's leap, as everybody who holds it is asked about it."""

    asset: str
    #: a price of the day before it, and the one that was seen then, quote
    before: Decimal
    after: Decimal
    #: market time at which it was seen
    at: datetime

    @property
    def mark(self) -> str:
        """Return the word by which a button names it: names of coins come from outside, and may be long."""
        return hashlib.sha256(f"{self.asset} {self.at.isoformat()}".encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeapAnswer:
    """What the person of one portfolio said of a coin's last leap."""

    why: LeapWhy
    #: market time of the answer, and the price that the question showed
    at: datetime
    price: Decimal

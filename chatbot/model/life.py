"""What becomes of coins: a price many times yesterday's, a market that its exchange has halted, one that it lists no longer."""

from __future__ import annotations

import hashlib
from datetime import datetime  # noqa: TC003 - read at run time by the JSON codec
from decimal import Decimal  # noqa: TC003 - read at run time by the JSON codec

from chatbot.model.stored_word import StoredWord
from chatbot.values import dataclass


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
        """Return the word by which a button names it."""
        return _marked(self.asset, self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeapAnswer:
    """What the person of one portfolio said of a coin's last leap."""

    why: LeapWhy
    #: market time of the answer, and the price that the question showed
    at: datetime
    price: Decimal


class StopKind(StoredWord):
    """What the exchange's own list says of an instrument that takes no orders."""

    #: it is listed, and not traded
    HALTED = "halted"
    #: it was listed before, and is not any more
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """An instrument that its exchange does not trade: it counts at its last price, and nothing stands in for it (domain 0)."""

    instrument: str
    kind: StopKind
    #: when the list was first seen to say so
    since: datetime
    #: the last price before, quote, and when it was seen; None: nobody knows
    price: Decimal | None = None
    priced_at: datetime | None = None

    @property
    def mark(self) -> str:
        """Return the word by which a button names it; the next halt of the same coin has another."""
        return _marked(self.instrument, self.since)


def _marked(name: str, at: datetime) -> str:
    """Return a word for something that happened to an instrument: names of coins come from outside, and may be long."""
    return hashlib.sha256(f"{name} {at.isoformat()}".encode()).hexdigest()[:12]


class WayOut(StoredWord):
    """What a person does about a coin that has no market any more; short, because it travels in a button."""

    #: it is held on, and is no part of the portfolio
    LEAVE_OUT = "k"
    #: it is worth nothing any more
    WRITE_OFF = "w"
    #: it goes on under another name, one for one
    RENAME = "n"
    #: one new coin stands for several old ones, or several for one
    SPLIT = "s"
    #: a contract that is listed no longer was closed at its last price, as exchanges do
    SETTLE = "t"

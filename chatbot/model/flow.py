"""Money and coins that came into a portfolio from outside, or left it: no profit and no loss (domain 9.15)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - a field's type
from decimal import Decimal  # noqa: TC003 - a field's type
from typing import Any

from chatbot.model.word import StoredWord


class FlowKind(StoredWord):
    """Why the amounts of a portfolio changed without an order of the bot."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    #: amounts that a person has typed anew, and what they say of the difference is not known yet
    CORRECTION = "correction"
    #: what was corrected had been traded elsewhere: nothing came in
    TRADE = "trade"
    #: a quantity was kept out of the portfolio, or given back to it
    RESERVE = "reserve"
    #: a coin is worth nothing any more: its amount went as a loss
    WRITTEN_OFF = "written_off"
    #: a coin goes on under another name, or as another number of coins
    RENAMED = "renamed"
    #: a contract that is listed no longer was closed at its last price
    SETTLED = "settled"
    #: a plan was traded by hand: nothing came in
    PLAN = "plan"
    #: what one of the others did was taken back
    UNDONE = "undone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One change of a portfolio from outside."""

    id: int = 0
    portfolio_id: int
    at: datetime
    kind: FlowKind
    #: what the portfolio was worth just before, quote; None = unknown
    value: Decimal | None
    #: what came in, quote at the prices of the moment; below 0 it went out; None = unknown
    amount: Decimal | None
    #: what is needed to tell it, and to take it back: plain JSON values
    facts: dict[str, Any] = field(default_factory=dict)

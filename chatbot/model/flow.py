"""Money and coins that came into a portfolio from outside, or left it: no profit and no loss (domain 9.15).

And the lines of an exchange's own history, which tell them from what is a profit or a loss.
"""

from __future__ import annotations

from dataclasses import field
from datetime import datetime  # noqa: TC003 - a field's type
from decimal import Decimal
from typing import Any

from chatbot.model.stored_word import StoredWord
from chatbot.values import dataclass


class FlowKind(StoredWord):
    """Why the amounts of a portfolio changed without an order of the bot."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    #: amounts that a person has corrected, and what they say of the difference is not known yet
    CORRECTION = "correction"
    #: what was corrected had been traded elsewhere: nothing came in
    TRADE = "trade"
    #: a quantity was kept out of the portfolio, or given back to it
    RESERVE = "reserve"
    #: a coin is worth nothing any more: its amount went as a loss
    WRITTEN_OFF = "written_off"
    #: a coin goes on under another name, or as another number of coins
    RENAMED = "renamed"
    #: a contract that is listed no longer was closed at its last price, or its exchange closed a position by itself
    SETTLED = "settled"
    #: interest, a rebate, an airdrop: earned, so that nothing came in from outside
    PAID = "paid"
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


class EntryKind(StoredWord):
    """Why an account changed, by its exchange."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    #: from or to a wallet, or an account, that is no part of the portfolio
    MOVED = "moved"
    #: an order of ours or of the account's owner, with its fee
    TRADE = "trade"
    FUNDING = "funding"
    #: interest, rebates, airdrops, and what else the exchange gives and takes
    PAID = "paid"
    LIQUIDATION = "liquidation"
    #: a part of a position was taken because somebody else was liquidated
    DELEVERAGED = "deleveraged"
    #: a contract that is listed no longer was closed
    SETTLED = "settled"
    #: a position was closed, in part or whole, and the exchange does not tell by whom: by an order of its owner, or by itself
    CLOSED = "closed"


#: these are no profit and no loss
FLOWS = frozenset({EntryKind.DEPOSIT, EntryKind.WITHDRAWAL, EntryKind.MOVED})
#: nobody ordered these
FORCED = frozenset({EntryKind.LIQUIDATION, EntryKind.DELEVERAGED, EntryKind.SETTLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of an account's history."""

    #: the exchange's own, and the same whenever it is asked
    id: str
    at: datetime
    kind: EntryKind
    #: the coin of which there is more or less, both wallets together; empty where only a position changed
    coin: str = ""
    #: signed; 0: it was called off
    amount: Decimal = Decimal(0)
    #: what was traded, and how much of it, base units, signed; empty where nothing was
    instrument: str = ""
    qty: Decimal = Decimal(0)
    price: Decimal = Decimal(0)

"""How unkind the test exchange is: everything that a real one may do to its clients, as named settings."""

from __future__ import annotations

from decimal import Decimal

from chatbot.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Harshness:
    """Harsh is the default; a test that needs a kinder exchange says in what."""

    #: seconds until an order, a fill or a transfer can be looked up
    lookup_lag_s: float = 1.5
    #: seconds until what an order or a transfer has changed is seen in balances and positions; what open orders hold is seen at once
    balance_lag_s: float = 0.0
    #: seconds that a request whose answer was lost travels on before it is judged
    late_s: float = 4.0
    #: a client id is free again once its order is closed; else it is used up for ever
    reuse_ids: bool = True
    #: share of what is left of a resting order that is filled when the price touches it
    fill_share: Decimal = Decimal("0.4")
    #: the price has come to every order that shall rest before the order is there: it would take
    meets_quotes: bool = False
    #: what stands on one level of the book, quote
    level_quote: Decimal = Decimal(20_000)
    #: levels on each side
    levels: int = 10
    #: seconds until a book is full again and resting orders are looked at
    refill_s: float = 1.0
    #: an amount between two steps is rounded down in silence; else it is refused
    round_amounts: bool = True
    #: a field that the exchange does not know is ignored in silence; else the request is refused
    ignore_unknown: bool = True
    #: seconds after which an order that ended without a fill is forgotten: it can be looked up no longer
    forgets_unfilled_s: float = 3 * 86_400
    #: how far the exchange's clock is behind the true time, seconds
    behind_s: float = 0.4
    #: part of the real request limits that is granted to one address
    limit_share: float = 1.0
    #: requests over the limit until the address is banned
    ban_after: int = 5
    #: seconds of a ban
    ban_s: int = 120


#: nothing lags, everything is filled, all is found: for tests whose subject is something else
KIND = Harshness(lookup_lag_s=0, late_s=0, fill_share=Decimal(1), level_quote=Decimal(10_000_000), refill_s=0, behind_s=0)

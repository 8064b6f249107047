"""A hedge that is open: a target of its own beside the strategy's, until it has done its work."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - read at run time by the JSON codec
from decimal import Decimal

#: kinds of hedges; at most one of each is open (domain 10.3)
ROTATION, COVER, MIN_VARIANCE = "rotation", "cover", "minvar"
HEDGE_KINDS = (ROTATION, COVER, MIN_VARIANCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenHedge:
    """A short of fixed quantity, what it was opened for, and what the daily check has seen since (domain 10.3)."""

    kind: str
    contract: str
    #: signed base units, below 0
    qty: Decimal
    #: market time
    opened_at: datetime
    #: reference price P0 of the contract
    price: Decimal
    #: capital weight that went to the futures account as its collateral, by asset or STABLE
    moved: dict[str, Decimal] = field(default_factory=dict)
    #: fall that it was sized for, a fraction; None for a rotation
    drop: Decimal | None = None
    #: why it was opened: manual, fear_greed, below_mean
    reason: str = "manual"
    #: the plan that opened it
    plan_id: int = 0
    #: lowest price since; whether volatility has peaked; calm days in a row; days open
    low: Decimal
    peaked: bool = False
    calm: int = 0
    age_days: int = 0
    #: market time of the last daily check; None before the first
    checked_at: datetime | None = None
    #: what the short has earned (above 0) or paid in funding, quote
    funding: Decimal = Decimal(0)
    #: why it is over: stopped, correction_over, vol_subsided, expired, manual; empty while it is open
    closed: str = ""

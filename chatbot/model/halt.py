"""The operator's stop of all trading, as one plan feels it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - a field's type


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanHalt:
    """What a halt means for one plan."""

    #: trading is halted for everybody since then; None: it is not
    since: datetime | None = None
    #: a halt, which may be over, has parked the plan, and its person has not answered about it
    stopped: bool = False
    #: an order of the plan may still work at the exchange
    unsettled: bool = False

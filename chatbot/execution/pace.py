"""How patiently plans are carried out: every waiting time and bound of execution in one value."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from chatbot.engine.planner.prices import CROSSED_BPS
from chatbot.execution.lifecycle import Patience
from chatbot.values import dataclass

#: shortest pause of the clock, so that a sped-up market does not spin
_SHORTEST_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Waiting times in seconds of the market, bounds in basis points."""

    #: pause between two looks at a working order
    poll_s: float = 1.0
    #: longest sleep without looking whether the plan was stopped or trading halted; in seconds of the clock, never sped up
    look_s: float = 1.0
    #: a resting order is quoted again after so long, so often before the leg takes (domain 9.6)
    requote_s: float = 20.0
    requotes: int = 3
    #: a resting quote's distance from mid, bp
    offset_bps: Decimal = Decimal(5)
    #: how far from mid an order that takes may go, bp
    bound_bps: Decimal = CROSSED_BPS
    #: a leg takes again after so long, so often in vain before it stops (domain 9.6)
    take_s: float = 5.0
    takes: int = 3
    #: time that a leg has, of a plan that can wait and of one that cannot
    patient_limit_s: float = 1800.0
    urgent_limit_s: float = 600.0
    #: the market runs so many times faster than the clock (simulated and replayed markets)
    speed: float = 1.0
    #: added to the exchange's late window: clock skew, and look-ups that lag a little. It costs time only where an answer was lost and
    #: the order with it
    margin_s: float = 15.0
    #: an order that may have been taken is looked for so long after it was sent before a person is asked: no exchange puts a bound to
    #: the lag of its look-ups
    lag_s: float = 600.0
    #: look-ups that must all find nothing before an order counts as never sent
    looks: int = 3
    #: and then everything is asked once more after so long before it is sent again: balances and lists may lag behind an order together
    again_s: float = 20.0
    #: what the account must show of a plan's fills is waited for so long before money is counted that they have brought
    shows_s: float = 15.0
    #: and before a plan ends, because the next one is made from what the account shows: from then on it is believed
    ends_s: float = 300.0
    #: pauses before each new try when the exchange cannot be reached; after the last one the plan is parked
    retries_s: tuple[float, ...] = (1, 2, 4, 8, 15, 30, 60)
    #: moves after which a plan is parked: no plan needs so many, so something is wrong
    moves_max: int = 2000

    @property
    def poll_pause_s(self) -> float:
        """Pause between two looks, in seconds of the clock; never below 20 ms."""
        return max(_SHORTEST_S, self.poll_s / self.speed)

    @property
    def rests_s(self) -> float:
        """How long a leg rests at most before it takes, in seconds of the market."""
        return self.requote_s * (self.requotes + 1)

    @property
    def minute(self) -> timedelta:
        """A minute of the market: what a leg may take of the market's volume is counted over it (domain 9.6)."""
        return timedelta(minutes=1) / self.speed

    def patience(self, *, urgent: bool, waiting_pays: bool = True) -> Patience:
        """Return how a leg is worked; ``waiting_pays``: a resting order costs less than one that takes (domain 9.6)."""
        rests = waiting_pays and not urgent
        return Patience(
            quotes=self.requotes + 1 if rests else 0,
            rest_s=self.requote_s / self.speed,
            pause_s=max(_SHORTEST_S, self.take_s / self.speed),
            tries=self.takes,
            limit_s=max(1.0, (self.urgent_limit_s if urgent else self.patient_limit_s) / self.speed),
        )

    def retry_pause_s(self, failures: int) -> float | None:
        """Return the pause after the ``failures``-th failure in a row; None when it is time to stop."""
        return self.retries_s[failures - 1] if failures <= len(self.retries_s) else None

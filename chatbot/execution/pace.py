"""How patiently plans are carried out: every waiting time and bound of execution in one value."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Waiting times in seconds of the market, bounds in basis points."""

    #: pause between two looks at a working order
    poll_s: float = 1.0
    #: longest sleep without looking whether the plan was stopped or trading halted; in seconds of the clock, never sped up
    look_s: float = 1.0
    #: a resting order is quoted again after so long (domain 9.6)
    requote_s: float = 60.0
    #: how often it is quoted again before crossing
    requotes: int = 5
    #: a resting quote's distance from mid, bp
    offset_bps: Decimal = Decimal(5)
    #: how far from mid the last, marketable order may go, bp
    bound_bps: Decimal = Decimal(30)
    #: a leg that cannot wait takes again after so long, so often in vain before it stops, and for so long at most (domain 9.6)
    urgent_s: float = 5.0
    urgent_tries: int = 3
    urgent_limit_s: float = 600.0
    #: the market runs so many times faster than the clock (simulated and replayed markets)
    speed: float = 1.0
    #: added to the exchange's late window: clock skew and lagging look-ups
    margin_s: float = 2.0
    #: look-ups that must all find nothing before an order counts as never sent
    looks: int = 3
    #: pauses before each new try when the exchange cannot be reached; after the last one the plan is parked
    retries_s: tuple[float, ...] = (1, 2, 4, 8, 15, 30, 60)
    #: moves after which a plan is parked: no plan needs so many, so something is wrong
    moves_max: int = 2000

    @property
    def poll_pause_s(self) -> float:
        """Pause between two looks, in seconds of the clock; never below 20 ms, so that a sped-up market does not spin."""
        return max(0.02, self.poll_s / self.speed)

    @property
    def requote_after_s(self) -> float:
        """Life of a resting quote, in seconds of the clock."""
        return self.requote_s / self.speed

    @property
    def urgent_pause_s(self) -> float:
        """Pause between two tries of a leg that cannot wait, in seconds of the clock; never below 20 ms."""
        return max(0.02, self.urgent_s / self.speed)

    @property
    def urgent_time_s(self) -> float:
        """Time that such a leg has, in seconds of the clock."""
        return max(1.0, self.urgent_limit_s / self.speed)

    def retry_pause_s(self, failures: int) -> float | None:
        """Return the pause after the ``failures``-th failure in a row; None when it is time to stop."""
        return self.retries_s[failures - 1] if failures <= len(self.retries_s) else None

"""What can go wrong at an exchange, on request: tests and stories turn these on and off while the bot runs."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Faults:
    """Switches of a paper exchange. Counters go down by one each time they strike."""

    #: every call fails before anything is sent
    unreachable: bool = False
    #: so many placements are accepted, but their answer is lost
    lose_answers: int = 0
    #: so many placements never arrive, and no answer comes
    drop_requests: int = 0
    #: so many placements get no answer and arrive ``late_s`` seconds (process time) later
    late_requests: int = 0
    late_s: float = 5.0
    #: reason with which the next placement is refused; None refuses none
    reject_next: str | None = None
    #: so many transfers are done, but their answer is lost
    lose_transfers: int = 0
    #: so many cancellations are done, but their answer is lost
    lose_cancels: int = 0
    #: a new order cannot be found for so many seconds (process time)
    lookup_lag_s: float = 0.0
    #: a client id may be used again once its order is finished, as some exchanges allow
    reusable_ids: bool = False
    #: instruments that take no orders and give no quotes
    halted: set[str] = field(default_factory=set)
    #: instruments in which one order of each side fills to its half, and nothing after that
    stuck: set[str] = field(default_factory=set)

    def strikes(self, counter: str) -> bool:
        """Tell whether a counted fault strikes now, and count it."""
        left: int = getattr(self, counter)
        if left > 0:
            setattr(self, counter, left - 1)
        return left > 0

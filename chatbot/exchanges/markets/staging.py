"""What a market that can be staged offers: episodes that a person calls, and a move of its clock so that they need not wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from chatbot.values import dataclass

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Staging:
    """How one episode begins; write it down before it is played, and a restart finds the same market."""

    name: str
    #: market time of its beginning
    at: datetime
    #: process time at which the market stood at its start, once the episode is played
    origin: datetime
    #: market time that the clock is moved forward to; None: it is not moved
    moved_to: datetime | None = None


@runtime_checkable
class Stageable(Protocol):
    """A market in which a person can make something happen."""

    @property
    def scenes(self) -> tuple[str, ...]:
        """Return the names of what may happen."""
        ...

    @property
    def episodes(self) -> tuple[tuple[str, datetime], ...]:
        """Return what was called so far, with its market times."""
        ...

    def prepare(self, name: str) -> Staging:
        """Return how an episode would begin now; ``KeyError`` for an unknown name."""
        ...

    def play(self, staging: Staging) -> bool:
        """Let it happen; False, and nothing happens, when it comes too late for its beginning."""
        ...

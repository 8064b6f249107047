"""What the picture of shocks shows, as plain numbers; knows no matplotlib, so views may import it."""

from __future__ import annotations

from chatbot.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ShockBar:
    """One move of BTC and what it brings, in any unit that is the same for all."""

    #: the move, written: −20%
    name: str
    without: float
    hedged: float
    #: both, written
    said: tuple[str, str]
    #: the hedge is liquidated in this move
    liquidated: bool = False

"""What moves a portfolio's targets away from its strategy, and where they stand with it (domain 9.2)."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime  # noqa: TC003 - read at run time by the JSON codec
from decimal import Decimal  # noqa: TC003 - read at run time by the JSON codec
from typing import TYPE_CHECKING

from chatbot.model import Reason  # noqa: TC001 - read at run time by the JSON codec
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.engine.targets import Targets
    from chatbot.model import OpenHedge, OpenTilt, Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """From where the volatility cut of one asset starts; frozen at the onset of its spike, so that looking again does not cut again."""

    #: market time at which the spike began
    since: datetime
    #: weight w0 at the onset; None where the portfolio came later: the cut starts from the target
    weight: Decimal | None
    #: share of its line at the onset
    share: Decimal | None
    #: the spike is over, and the asset has not been bought back yet
    over: bool = False


_MOVED = ":moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What one portfolio remembers of the triggers."""

    #: by signal key: what was told last; a signal that is not named is quiet. By :func:`watch_key`: after which reading a move was told
    told: dict[str, str] = field(default_factory=dict)
    anchors: dict[str, Anchor] = field(default_factory=dict)
    #: reasons that wait for the end of the batching window
    pending: tuple[Reason, ...] = ()


def watch_key(signal: Signal) -> str:
    """Return under which name it is remembered that a coin's move between two readings was told."""
    return f"{signal.key}{_MOVED}"


def is_watch(key: str) -> bool:
    """Tell whether it is a name of :func:`watch_key`."""
    return key.endswith(_MOVED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """What moves a portfolio's targets away from its strategy."""

    signals: tuple[Signal, ...] = ()
    #: where active volatility cuts start from, by asset
    anchors: Mapping[str, Anchor] = field(default_factory=dict)
    #: by line: the intended quantities of its coins, as long as they are not reached (domain 2.3)
    mix: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)
    hedges: tuple[OpenHedge, ...] = ()
    tilts: tuple[OpenTilt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """Effective targets of a portfolio: by asset and contract, and summed up by line."""

    targets: Targets
    lines: Mapping[str, Decimal]
    futures_net: Decimal
    #: what the fold did, as in ``engine.triggers.fold.Folded``: vol:<asset>, funding_low:suppressed, ...
    log: tuple[str, ...] = ()

    @property
    def holds_back(self) -> bool:
        """Tell whether something asks for more risk and is left out because something else asks for less (domain 9.2, step 2)."""
        return "funding_low:suppressed" in self.log

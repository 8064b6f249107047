"""What makes the bot act, by name; and of each trigger of the market what its readings mean for plans and alerts.

How one reads and steps, and what else a new one needs, stands in ``engine/triggers/registry.py``.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from chatbot.model.alerts import AlertKind
from chatbot.model.answering import NotAlone
from chatbot.model.stored_word import StoredWord
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping


class Cause(StoredWord):
    """Why a plan is made, and what an alert is about."""

    #: a line, or the net exposure, has left its band
    DRIFT = "drift"
    EXPOSURE = "exposure"
    SCHEDULE = "schedule"
    HEDGE = "hedge"
    MARGIN = "margin"
    TILT = "tilt"
    #: the person has set other targets
    TARGETS = "targets"
    #: the person asked for a plan, for one that trades small differences too, for the first one, or for another try at what the last
    #: one left undone
    MANUAL = "manual"
    EVERYTHING = "everything"
    START = "start"
    #: money is to be invested, and nothing sold
    NEW_MONEY = "new_money"
    AGAIN = "again"
    #: prices or holdings have moved since the last card
    MOVED = "moved"
    #: targets, bands, triggers, mode or limits have changed since the last card
    CHANGED = "changed"
    #: planned again from what was really filled
    REPLANNED = "replanned"
    #: /panic: every futures position is closed; and its second step: every coin is sold
    PANIC = "panic"
    SELL_OUT = "sell_out"
    #: the index future also makes up for what other legs could not do
    BETA = "beta"
    #: the triggers of the market (domain 5 to 8)
    VOLATILITY = "volatility"
    TREND = "trend"
    FUNDING_LOW = "funding_low"
    FUNDING_HIGH = "funding_high"
    FEAR_GREED = "fear_greed"


#: these say that a plan was made again, or what joined it, and not why it was made
NO_REASON = frozenset({Cause.MOVED, Cause.CHANGED, Cause.AGAIN, Cause.REPLANNED, Cause.BETA})


class Phase(StoredWord):
    """Whether something that lasts has begun, changed or ended."""

    NONE = ""
    BEGIN = "begin"
    CHANGE = "change"
    #: it goes on, and does less than before
    EASE = "ease"
    #: it has not begun, and might at its next reading
    WATCH = "watch"
    END = "end"


class Effect(StrEnum):
    """What an active trigger does to the targets (domain 9.2); its size says how much."""

    #: the coin's weight and its long futures are cut to so much of what they were; an anchor is kept by coin, so one trigger may do it
    CUT_COIN = "cut_coin"
    #: the net futures go up to it: the only effect that adds risk
    RAISE_NET = "raise_net"
    #: so much of the net long futures is kept
    CUT_NET = "cut_net"
    #: so much of the contract's long futures is taken off
    TRIM_LONGS = "trim_longs"
    #: futures go to longs = shorts, or hedge so much of the spot side too, as its mode says
    NEUTRALISE = "neutralise"

    @property
    def adds_risk(self) -> bool:
        """Tell whether it waits while anything else takes risk away."""
        return self is Effect.RAISE_NET

    @property
    def needs_futures(self) -> bool:
        """Tell whether it has nothing to move in a strategy without futures."""
        return self in (Effect.RAISE_NET, Effect.CUT_NET, Effect.TRIM_LONGS)


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerInfo:
    """What a trigger of the market means for plans and alerts; how it reads and steps stands in the engine's registry."""

    effect: Effect
    #: which switch of /alerts it belongs to
    alert: AlertKind
    #: a reading of which nothing need be thought; its gauge goes from here to the limit
    calm: Decimal
    #: when it begins, its plan waits neither for company nor for the answer to an older one (domain 9.9)
    is_urgent: bool = False
    #: why a portfolio on auto asks before it acts on it; None: it does not ask
    always_asks: NotAlone | None = None
    #: on in every preset; the others are on where the preset has chosen them for its futures (domain 2.2)
    in_every_preset: bool = False
    #: what it may do while it is active, the usual first; empty: there is no choice
    modes: tuple[str, ...] = ()


INFO: Mapping[Cause, TriggerInfo] = MappingProxyType(
    {
        Cause.VOLATILITY: TriggerInfo(
            effect=Effect.CUT_COIN,
            alert=AlertKind.VOLATILITY,
            calm=Decimal(1),  # the usual level
            in_every_preset=True,
        ),
        Cause.TREND: TriggerInfo(
            effect=Effect.TRIM_LONGS,
            alert=AlertKind.TREND,
            calm=Decimal(0),
            always_asks=NotAlone.TREND,  # domain 6.3: no sign of edge, so propose and ask
            in_every_preset=True,
        ),
        Cause.FUNDING_LOW: TriggerInfo(
            effect=Effect.RAISE_NET,
            alert=AlertKind.FUNDING,
            calm=Decimal("0.0001"),  # the usual rate
        ),
        Cause.FUNDING_HIGH: TriggerInfo(
            effect=Effect.CUT_NET,
            alert=AlertKind.FUNDING,
            calm=Decimal(0),
        ),
        Cause.FEAR_GREED: TriggerInfo(
            effect=Effect.NEUTRALISE,
            alert=AlertKind.SENTIMENT,
            calm=Decimal(75),  # the middle of greed
            is_urgent=True,
            modes=("book", "portfolio", "beta"),  # domain 8.3
        ),
    }
)

#: causes whose plans take at once what the market offers, and at which of their events (domain 9.6): waiting for a better price would keep
#: the risk that they are there to lower. Everything else rests first: what drifts, what a person or the calendar asks for, releases, hedges
TAKES_AT_ONCE: Mapping[Cause, frozenset[Phase]] = MappingProxyType(
    {cause: frozenset({Phase.BEGIN, Phase.CHANGE}) for cause, info in INFO.items() if not info.effect.adds_risk}
    | {cause: frozenset(Phase) for cause in (Cause.MARGIN, Cause.PANIC, Cause.SELL_OUT)}
)

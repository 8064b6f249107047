"""What a portfolio remembers of the triggers: what its person was told, and from which weights its cuts start.

The machines themselves stand in :mod:`chatbot.triggers.signals`, once for everybody. Legend: t target weight, w0 weight at onset.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime  # noqa: TC003 - read at run time by the JSON codec
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.model import FEAR_GREED, FUNDING_LOW, HEDGE_KINDS, VOLATILITY, OpenHedge, Reason, Signal
from chatbot.portfolio import targets as targeting
from chatbot.portfolio import valuation as readings
from chatbot.portfolio.targets import Layers
from chatbot.store.codec import from_plain, to_plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chatbot.engine.portfolio import Snapshot
    from chatbot.model import Strategy
    from chatbot.portfolio.targets import Effective

#: key of the memory among the trigger states of a portfolio, and what stands before a hedge's kind
STATE, HEDGE = "triggers", "hedge:"
BEGIN, CHANGE, END = "begin", "change", "end"
SUPPRESSED = "suppressed"
#: an asset that was cut keeps its share of its line until it is back within this part of its target
_BACK = Decimal("0.95")


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """From where the cut of one asset starts; frozen at the onset of its spike, so that looking again does not cut again."""

    #: market time at which the spike began
    since: datetime
    #: w0; None where the portfolio came later: the cut starts from the target
    weight: Decimal | None
    #: share of its line at the onset
    share: Decimal | None
    #: the spike is over, and the asset has not been bought back yet
    over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What one portfolio remembers of the triggers."""

    #: by signal key: what was told last; a signal that is not named is quiet
    told: dict[str, str] = field(default_factory=dict)
    anchors: dict[str, Anchor] = field(default_factory=dict)
    #: reasons that wait for the end of the batching window
    pending: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A signal that stands differently from what the person was told."""

    signal: Signal
    #: begin, change or end
    event: str
    #: low funding asks for more risk while something else asks for less
    suppressed: bool = False


def memory_of(states: Mapping[str, Mapping[str, Any]]) -> Memory:
    """Read what a portfolio remembers; nothing stored means that nothing has been told."""
    stored = states.get(STATE)
    return from_plain(Memory, stored) if stored else Memory()


def memory_to_json(memory: Memory) -> dict[str, Any]:
    """Return a memory as plain JSON."""
    return to_plain(memory)


def hedges_of(states: Mapping[str, Mapping[str, Any]]) -> tuple[OpenHedge, ...]:
    """Read the hedges of a portfolio, at most one of each kind."""
    return tuple(from_plain(OpenHedge, stored) for kind in HEDGE_KINDS if (stored := states.get(HEDGE + kind)))


def layers_of(
    states: Mapping[str, Mapping[str, Any]], signals: tuple[Signal, ...], snap: Snapshot, strategy: Strategy, joined: datetime
) -> tuple[Layers, Memory]:
    """Return what moves the targets now, and the memory with every new spike anchored; ``joined`` is when the portfolio was opened."""
    memory = latch(memory_of(states), signals, snap, strategy, joined)
    return Layers(signals=signals, anchors=memory.anchors, hedges=hedges_of(states)), memory


def latch(memory: Memory, signals: Iterable[Signal], snap: Snapshot, strategy: Strategy, joined: datetime) -> Memory:
    """Let go of spikes whose asset is back where it was, then anchor those that have begun."""
    whole = sum(readings.line_values(snap, strategy).values(), Decimal(0))
    held = {holding.asset: holding.qty * holding.price for holding in snap.spot}
    spikes = {signal.subject: signal for signal in signals if signal.trigger == VOLATILITY}
    begun = {asset: s.since for asset, s in spikes.items() if s.active and s.since is not None and strategy.setting(VOLATILITY).on}
    kept: dict[str, Anchor] = {}
    for asset, known in memory.anchors.items():
        if asset in begun:
            kept[asset] = known
        elif not _is_back(asset, known, held, whole, strategy):
            kept[asset] = replace(known, over=True)
    anchors = dict(kept)
    for asset, since in begun.items():
        was = kept.get(asset)
        # a line that a coin had for itself may have become a bucket since
        share = was.share if was is not None and was.share is not None else targeting.share(asset, snap, strategy, kept)
        if was is not None and not was.over and was.since == since:
            anchors[asset] = replace(was, share=share)
        else:
            weight = held.get(asset, Decimal(0)) / whole if since > joined else None
            anchors[asset] = Anchor(since=since, weight=weight, share=share)
    return replace(memory, anchors=anchors) if anchors != memory.anchors else memory


def _is_back(asset: str, anchor: Anchor, held: Mapping[str, Decimal], whole: Decimal, strategy: Strategy) -> bool:
    line = strategy.weights.get(readings.bucket_of(asset, strategy), Decimal(0))
    target = line * (anchor.share if anchor.share is not None else Decimal(1))
    return held.get(asset, Decimal(0)) >= _BACK * target * whole


def steps(memory: Memory, signals: Iterable[Signal], strategy: Strategy, found: Effective) -> tuple[Step, ...]:
    """Return every signal that stands differently from what was told; a trigger that is off counts as quiet."""
    suppressed = "funding_low:suppressed" in found.log
    result = []
    for signal in signals:
        held_down = signal.trigger == FUNDING_LOW and suppressed
        before, after = memory.told.get(signal.key, ""), signature(signal, strategy, suppressed=held_down)
        if before != after:
            event = END if not after else CHANGE if before else BEGIN
            # what was held down all along has moved nothing, and its end moves nothing either
            silent = held_down if after else before.startswith(SUPPRESSED)
            result.append(Step(signal=signal, event=event, suppressed=silent))
    return tuple(result)


def signature(signal: Signal, strategy: Strategy, *, suppressed: bool) -> str:
    """Return how a signal stands in a word that changes when there is something to tell; empty while it does nothing."""
    if not signal.active or not strategy.setting(signal.trigger).on:
        return ""
    size = "" if signal.size is None else f"{signal.size.normalize():f}"
    return f"{SUPPRESSED} {size}" if suppressed else size or BEGIN


def told(memory: Memory, taken: Iterable[Step], strategy: Strategy) -> Memory:
    """Return the memory after these steps were told."""
    after = dict(memory.told)
    for step in taken:
        word = signature(step.signal, strategy, suppressed=step.suppressed)
        after.pop(step.signal.key, None)
        if word:
            after[step.signal.key] = word
    return replace(memory, told=after)


def asks(step: Step) -> bool:
    """Tell whether a step moves targets that a plan must follow: the end of a spike is left to the bands (domain 5.3)."""
    return not step.suppressed and not (step.signal.trigger == VOLATILITY and step.event == END)


def is_urgent(step: Step) -> bool:
    """Tell whether a step does not wait for company: extreme fear (domain 8.1, 9.9)."""
    return step.signal.trigger == FEAR_GREED and step.event == BEGIN


def reason_for(step: Step) -> Reason:
    """Return why a plan is made for a step."""
    signal = step.signal
    return Reason(
        trigger=signal.trigger,
        line=signal.subject,
        event=step.event,
        reading=signal.reading,
        limit=signal.leave if step.event == END else signal.enter,
        size=signal.size,
    )


def joined_reasons(pending: Iterable[Reason], fresh: Iterable[Reason]) -> tuple[Reason, ...]:
    """Return the reasons of a window, the latest of each signal."""
    latest = {(reason.trigger, reason.line): reason for reason in (*pending, *fresh)}
    return tuple(latest.values())
